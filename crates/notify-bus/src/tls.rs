//! TLS to the broker: whom to trust.

use std::io;
use std::path::Path;
use std::sync::Arc;

use lapin::tcp::RustlsConnector;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// Trusts the authorities in this PEM file, or the system's. Read anew for each connection, so that a changed file counts.
///
/// The crypto provider is named here: with two of them linked into the program rustls would not choose by itself, and
/// lapin would choose for the whole process.
pub(crate) fn connector(ca: Option<&Path>) -> io::Result<RustlsConnector> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(file) => {
            let read = || CertificateDer::pem_file_iter(file)?.collect::<Result<Vec<_>, _>>();
            let certificates = read().map_err(|error| {
                let said = format!("{} can't be read: {error}", file.display());
                io::Error::new(io::ErrorKind::InvalidInput, said)
            })?;
            roots.add_parsable_certificates(certificates);
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        let where_to = ca.map_or_else(|| "the system".to_owned(), |file| file.display().to_string());
        let said = format!("{where_to} has no certificate to trust");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, said));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(RustlsConnector::from(config))
}
