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
    let roots = match ca {
        Some(file) => authorities(file)?,
        None => roots(rustls_native_certs::load_native_certs().certs, "the system")?,
    };
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(RustlsConnector::from(config))
}

/// The authorities in a PEM file, at least one.
pub(crate) fn authorities(file: &Path) -> io::Result<RootCertStore> {
    let read = || CertificateDer::pem_file_iter(file)?.collect::<Result<Vec<_>, _>>();
    let found = read().map_err(|error| wrong(format!("{} can't be read: {error}", file.display())))?;
    roots(found, &file.display().to_string())
}

fn roots(found: Vec<CertificateDer<'static>>, place: &str) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found);
    match roots.is_empty() {
        true => Err(wrong(format!("{place} has no certificate to trust"))),
        false => Ok(roots),
    }
}

fn wrong(said: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, said)
}
