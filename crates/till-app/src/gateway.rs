//! The way to WeChat that the configuration names.

use std::fs;
use std::path::Path;

use wechat_pay::client::{GATEWAY, HttpConfig, HttpConfigError};
use wechat_pay::{Client, HttpTransport};

use crate::config::{Config, ConfigProblem, gateway_examples as examples};

/// A client of the configured gateway; WeChat's own comes with its backup host. Connects to nothing yet.
///
/// # Errors
/// The configuration names no gateway, or a certificate that can't be shown there.
pub fn connect(config: &Config) -> Result<Client<HttpTransport>, ConfigProblem> {
    let transport = HttpTransport::new(&http_config(config)?).map_err(|error| {
        let (key, example) = match error {
            HttpConfigError::ClientIdentity => ("[wechat] client_key", examples::CLIENT_KEY),
            HttpConfigError::Address(_)
            | HttpConfigError::PlainHttp(_)
            | HttpConfigError::ExtraCa
            | HttpConfigError::Tls(_) => ("[wechat] base_url", examples::BASE_URL),
        };
        ConfigProblem::at(key, error.to_string(), example)
    })?;
    Ok(Client::new(config.merchant.clone(), transport))
}

/// How to reach the configured gateway, the client certificate for refunds read from its files.
///
/// # Errors
/// There is no such certificate.
pub fn http_config(config: &Config) -> Result<HttpConfig, ConfigProblem> {
    let gateway = &config.gateway;
    let mut http = if gateway.base_url == GATEWAY {
        HttpConfig::wechat()
    } else {
        HttpConfig::new(&gateway.base_url)
    };
    if let Some((cert, key)) = &gateway.client {
        let read = |name: &str, file: &Path, label: &str, what: &str, example: &str| {
            let wrong = |said: String| {
                ConfigProblem::at(
                    &format!("[wechat] {name}"),
                    format!("{} {said}", file.display()),
                    example,
                )
            };
            let pem = fs::read(file).map_err(|error| wrong(format!("can't be read ({error})")))?;
            match memchr::memmem::find(&pem, label.as_bytes()) {
                Some(_) => Ok(pem),
                None => Err(wrong(format!("holds no {what} (PEM)"))),
            }
        };
        let mut pem = read(
            "client_cert",
            cert,
            "-----BEGIN CERTIFICATE-----",
            "certificate",
            examples::CLIENT_CERT,
        )?;
        pem.push(b'\n');
        pem.extend(read(
            "client_key",
            key,
            "PRIVATE KEY-----",
            "private key",
            examples::CLIENT_KEY,
        )?);
        http.client_identity_pem = Some(pem);
    }
    Ok(http)
}
