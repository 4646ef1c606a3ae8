//! TLS with client certificates, as `/secapi/…` wants them.

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use tokio_rustls::rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

/// The server's certificate, and who signs the clients' ones.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    asks_for_certificates: bool,
}

/// What is wrong with the certificates.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A PEM text doesn't hold what it should.
    #[error("the {what} can't be read: {source}")]
    Pem {
        /// Which of the three.
        what: &'static str,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// Key and certificate don't fit, or a certificate is unusable.
    #[error("the certificate can't be used: {0}")]
    Unusable(#[from] rustls::Error),
    /// The clients' authority is unusable.
    #[error("the clients' authority can't be used: {0}")]
    Authority(#[from] VerifierBuilderError),
}

impl Tls {
    /// From PEM texts: the server's chain and key, and the authority of client certificates if they are asked for.
    ///
    /// # Errors
    /// One of them can't be read or doesn't fit.
    pub fn from_pem(chain: &[u8], key: &[u8], client_ca: Option<&[u8]>) -> Result<Self, TlsError> {
        let chain = certificates(chain, "server's certificate")?;
        let pem_error = |source| TlsError::Pem {
            what: "server's key",
            source,
        };
        let key = PrivateKeyDer::from_pem_slice(key).map_err(pem_error)?;
        let provider = Arc::new(ring::default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
        let builder = match client_ca {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(pem, "clients' authority")? {
                    roots.add(certificate)?;
                }
                // Optional in the handshake: only some paths want it, and those say so in HTTP.
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.allow_unauthenticated().build()?)
            }
        };
        let mut config = builder.with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            asks_for_certificates: client_ca.is_some(),
        })
    }

    /// Whether clients are asked for certificates.
    pub fn asks_for_certificates(&self) -> bool {
        self.asks_for_certificates
    }

    /// Shakes hands; tells whether the client showed a certificate (a wrong one fails the handshake).
    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<(TlsStream<TcpStream>, bool)> {
        let stream = self.acceptor.accept(stream).await?;
        let has_certificate = stream.get_ref().1.peer_certificates().is_some();
        Ok((stream, has_certificate))
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("asks_for_certificates", &self.asks_for_certificates)
            .finish_non_exhaustive()
    }
}

fn certificates(pem: &[u8], what: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let error = |source| TlsError::Pem { what, source };
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(error)?;
    if found.is_empty() {
        Err(error(pem::Error::NoItemsFound))
    } else {
        Ok(found)
    }
}
