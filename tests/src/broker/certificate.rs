//! A certificate for this machine's own address and the authority that signed it, made for one broker.

use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// PEM texts.
#[derive(Debug)]
pub(super) struct Certificate {
    authority: String,
    certificate: String,
    key: String,
}

impl Certificate {
    pub(super) fn make() -> anyhow::Result<Self> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "the broker's authority");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, "the broker");
        let certificate = params.signed_by(&key, &authority)?;
        Ok(Self {
            authority: authority.pem(),
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }

    /// As `authority.pem`, `certificate.pem` and `key.pem`.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        fs::write(folder.join("authority.pem"), &self.authority)?;
        fs::write(folder.join("certificate.pem"), &self.certificate)?;
        fs::write(folder.join("key.pem"), &self.key)?;
        Ok(())
    }
}
