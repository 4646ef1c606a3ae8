//! The way to WeChat that the configuration names.

use std::fs;

use anyhow::Context;
use wechat_pay::client::{GATEWAY, HttpConfig};
use wechat_pay::{Client, HttpTransport};

use crate::config::Config;

/// A client of the configured gateway; WeChat's own comes with its backup host.
pub fn connect(config: &Config) -> anyhow::Result<Client<HttpTransport>> {
    let transport = HttpTransport::new(&http_config(config)?).context("making the HTTP client")?;
    Ok(Client::new(config.merchant.clone(), transport))
}

/// How to reach the configured gateway, the client certificate for refunds read from its files.
pub fn http_config(config: &Config) -> anyhow::Result<HttpConfig> {
    let gateway = &config.gateway;
    let mut http = if gateway.base_url == GATEWAY {
        HttpConfig::wechat()
    } else {
        HttpConfig::new(&gateway.base_url)
    };
    if let Some((cert, key)) = &gateway.client {
        let mut pem = fs::read(cert).with_context(|| format!("reading {}", cert.display()))?;
        pem.push(b'\n');
        pem.extend(fs::read(key).with_context(|| format!("reading {}", key.display()))?);
        http.client_identity_pem = Some(pem);
    }
    Ok(http)
}
