//! `[wechat]`: how WeChat knows the shop, and where it is asked.

use std::net::IpAddr;
use std::path::PathBuf;

use serde::Deserialize;
use wechat_pay::{ApiKey, Merchant, SignType};

use super::ConfigProblem;
use crate::key_store::{KeyAge, KeyPlace};

/// Where WeChat is asked and what it is told besides the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// `https://api.mch.weixin.qq.com`, or the simulator.
    pub base_url: String,
    /// Where WeChat posts its notify.
    pub notify_url: String,
    /// Address of the calling machine, as `spbill_create_ip` wants it.
    pub spbill_create_ip: IpAddr,
    /// PEM files of the client certificate and its key.
    pub client: Option<(PathBuf, PathBuf)>,
}

impl Gateway {
    /// WeChat takes a refund only from a client that shows the merchant's certificate; the simulator on this machine, where
    /// there is no TLS to show it in, takes it without.
    #[must_use]
    pub fn can_refund(&self) -> bool {
        self.client.is_some() || self.simulator().is_some()
    }

    /// Where the simulator listens, when it takes WeChat's place: no real money moves, and every screen has to say so.
    #[must_use]
    pub fn simulator(&self) -> Option<&str> {
        // WeChat is asked by https alone, and plain http is for this machine only: see `check_url`.
        self.base_url.starts_with("http://").then_some(&self.base_url)
    }
}

/// Lines that would be right.
pub(crate) mod examples {
    pub(crate) const KEY: &str = "api_key = \"(32 characters from 账户中心 → API安全)\"";
    pub(crate) const PREVIOUS_KEY: &str = "previous_api_key = \"(the 32 characters before the change)\"";
    pub(crate) const BASE_URL: &str = "base_url = \"https://api.mch.weixin.qq.com\"";
    pub(crate) const CLIENT_CERT: &str = "client_cert = \"apiclient_cert.pem\"";
    pub(crate) const CLIENT_KEY: &str = "client_key = \"apiclient_key.pem\"";
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WechatText {
    appid: String,
    mch_id: String,
    api_key: Option<String>,
    previous_api_key: Option<String>,
    #[serde(default = "hmac")]
    sign_type: String,
    #[serde(default = "production")]
    base_url: String,
    notify_url: String,
    #[serde(default = "loopback")]
    spbill_create_ip: String,
    pub(super) client_cert: Option<PathBuf>,
    pub(super) client_key: Option<PathBuf>,
}

fn hmac() -> String {
    "HMAC-SHA256".to_owned()
}

fn production() -> String {
    "https://api.mch.weixin.qq.com".to_owned()
}

fn loopback() -> String {
    "127.0.0.1".to_owned()
}

impl WechatText {
    pub(super) fn read(
        self,
        find_key: impl Fn(KeyAge, &str) -> Option<(String, KeyPlace)>,
    ) -> Result<(Merchant, Gateway, KeyPlace), ConfigProblem> {
        let word = |text: &str| {
            !text.is_empty() && text.len() <= 32 && text.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        if !word(&self.appid) {
            let what = "an appid has 1 to 32 letters and digits";
            return Err(ConfigProblem::at(
                "[wechat] appid",
                what,
                "appid = \"wxd930ea5d5a258f4f\"",
            ));
        }
        if !word(&self.mch_id) {
            let what = "a merchant number has 1 to 32 letters and digits";
            return Err(ConfigProblem::at(
                "[wechat] mch_id",
                what,
                "mch_id = \"1900000109\"",
            ));
        }
        let found = match self.api_key {
            Some(key) => Some((key, KeyPlace::Config)),
            None => find_key(KeyAge::Current, &self.mch_id),
        };
        let Some((key, key_place)) = found else {
            let what = "there is no key, neither here nor in the keyring nor in the key file; scantill --keep-key keeps one";
            return Err(ConfigProblem::at("[wechat] api_key", what, examples::KEY));
        };
        let api_key = read_key("[wechat] api_key", &key, examples::KEY)?;
        let previous = self
            .previous_api_key
            .or_else(|| Some(find_key(KeyAge::Previous, &self.mch_id)?.0));
        let previous_key = previous
            .map(|key| read_key("[wechat] previous_api_key", &key, examples::PREVIOUS_KEY))
            .transpose()?;
        let sign_type = match self.sign_type.as_str() {
            "HMAC-SHA256" => SignType::HmacSha256,
            "MD5" => SignType::Md5,
            other => {
                let what = format!("\"{other}\" is not a kind of signature");
                return Err(ConfigProblem::at(
                    "[wechat] sign_type",
                    what,
                    "sign_type = \"HMAC-SHA256\"",
                ));
            }
        };
        check_url("[wechat] base_url", &self.base_url, examples::BASE_URL)?;
        let example = "notify_url = \"https://pay.example.com/weixin/pay/notify/url\"";
        check_url("[wechat] notify_url", &self.notify_url, example)?;
        if self.notify_url.contains(['?', '#']) || self.notify_url.len() > 256 {
            let what = "WeChat takes at most 256 characters and no query";
            return Err(ConfigProblem::at("[wechat] notify_url", what, example));
        }
        let spbill_create_ip = self.spbill_create_ip.parse().map_err(|_| {
            let what = format!("\"{}\" is not an IP address", self.spbill_create_ip);
            ConfigProblem::at(
                "[wechat] spbill_create_ip",
                what,
                "spbill_create_ip = \"203.0.113.7\"",
            )
        })?;
        let client = match (self.client_cert, self.client_key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                let what = "the client certificate and its key go together";
                return Err(ConfigProblem::at(
                    "[wechat] client_key",
                    what,
                    examples::CLIENT_KEY,
                ));
            }
        };
        let merchant = Merchant {
            appid: self.appid,
            mch_id: self.mch_id,
            api_key,
            previous_key,
            sign_type,
        };
        let gateway = Gateway {
            base_url: self.base_url.trim_end_matches('/').to_owned(),
            notify_url: self.notify_url,
            spbill_create_ip,
            client,
        };
        Ok((merchant, gateway, key_place))
    }
}

fn read_key(name: &str, key: &str, example: &str) -> Result<ApiKey, ConfigProblem> {
    ApiKey::parse(key).map_err(|error| ConfigProblem::at(name, error.to_string(), example))
}

/// https, or http to this machine: a key must not travel in clear.
fn check_url(key: &str, url: &str, example: &str) -> Result<(), ConfigProblem> {
    let rest = url.strip_prefix("https://");
    let local = url.strip_prefix("http://").filter(|rest| {
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        host == "127.0.0.1" || host == "localhost"
    });
    match rest.or(local) {
        Some(rest) if !rest.is_empty() && !rest.contains([' ', '@']) => Ok(()),
        _ => Err(ConfigProblem::at(
            key,
            "a whole address that begins with https://",
            example,
        )),
    }
}
