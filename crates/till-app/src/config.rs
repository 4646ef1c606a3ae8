//! The till's configuration: TOML read into parsed types, each mistake one clear sentence.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde::Deserialize;
use thiserror::Error;
use till_core::{TillId, Timing};
use wechat_pay::{ApiKey, Merchant, SignType};

use crate::key_store::{self, KeyPlace};

/// Everything the till has to be told, parsed.
#[derive(Debug, Clone)]
pub struct Config {
    /// The shop and this till.
    pub shop: Shop,
    /// How WeChat knows the shop.
    pub merchant: Merchant,
    /// Where WeChat is asked.
    pub gateway: Gateway,
    /// The machine's times.
    pub timing: Timing,
    /// At most so many questions under way at once.
    pub at_once: usize,
    /// Where the API key was found.
    pub key_place: KeyPlace,
}

/// The shop and this till, as the screens show them.
#[derive(Debug, Clone)]
pub struct Shop {
    /// Name of the shop.
    pub name: String,
    /// This till's id.
    pub till: TillId,
    /// Language when nobody has chosen one yet.
    pub locale: Locale,
    /// Zone of the screen and of the business day.
    pub zone: TimeZone,
}

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

/// The two languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Locale {
    /// Chinese as written in mainland China.
    #[serde(rename = "zh-CN")]
    ZhCn,
    /// English.
    #[serde(rename = "en")]
    En,
}

/// Why the configuration can't be used: which key, what is wrong with it, and a line that would be right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{key}: {what}; for example: {example}")]
pub struct ConfigProblem {
    /// The key, or the file where no key is to blame.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// A right one.
    pub example: String,
    /// The file is not there at all.
    pub missing: bool,
}

impl ConfigProblem {
    fn at(key: &str, what: impl Into<String>, example: &str) -> Self {
        Self {
            key: key.to_owned(),
            what: what.into(),
            example: example.to_owned(),
            missing: false,
        }
    }
}

const KEY_EXAMPLE: &str = "api_key = \"(32 characters from 账户中心 → API安全)\"";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    till: TillText,
    wechat: WechatText,
    #[serde(default)]
    payment: PaymentText,
    /// Read by the notify subscription; kept here so that one file serves both.
    #[serde(default, rename = "notify")]
    _notify: Option<toml::Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TillText {
    id: String,
    shop_name: String,
    #[serde(default = "zh_cn")]
    locale: String,
    #[serde(default = "shanghai")]
    time_zone: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WechatText {
    appid: String,
    mch_id: String,
    api_key: Option<String>,
    #[serde(default = "hmac")]
    sign_type: String,
    #[serde(default = "production")]
    base_url: String,
    notify_url: String,
    #[serde(default = "loopback")]
    spbill_create_ip: String,
    client_cert: Option<PathBuf>,
    client_key: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PaymentText {
    poll_seconds: u32,
    timeout_minutes: u32,
    at_once: u32,
}

impl Default for PaymentText {
    fn default() -> Self {
        Self {
            poll_seconds: 3,
            timeout_minutes: 30,
            at_once: 16,
        }
    }
}

fn zh_cn() -> String {
    "zh-CN".to_owned()
}
fn shanghai() -> String {
    "Asia/Shanghai".to_owned()
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

impl Config {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<Self, ConfigProblem> {
        let shown = path.display().to_string();
        let example = "SCANTILL_CONFIG=/etc/scantill/till.toml";
        let text = fs::read_to_string(path).map_err(|error| ConfigProblem {
            key: shown.clone(),
            what: match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
                _ => format!("the file can't be read ({error})"),
            },
            example: example.to_owned(),
            missing: error.kind() == std::io::ErrorKind::NotFound,
        })?;
        Self::parse_with(&text, |mch_id| key_store::find(mch_id, path)).map(|mut config| {
            if config.key_place == KeyPlace::Config && !key_store::is_private(path) {
                tracing::warn!("others on this machine can read the configuration, and the key in it");
                config.key_place = KeyPlace::OpenConfig;
            }
            config
        })
    }

    /// The merchant number of a configuration, whatever else is in it.
    pub fn merchant_number(path: &Path) -> Result<String, ConfigProblem> {
        let wrong = |what: String| ConfigProblem::at("[wechat] mch_id", what, "mch_id = \"1900000109\"");
        let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let table: toml::Table =
            toml::from_str(&text).map_err(|_| wrong("the file is not TOML".to_owned()))?;
        let number = table
            .get("wechat")
            .and_then(|wechat| wechat.get("mch_id"))
            .and_then(toml::Value::as_str);
        number
            .map(str::to_owned)
            .ok_or_else(|| wrong("it is missing".to_owned()))
    }

    /// Reads the text of a configuration that holds its key.
    pub fn parse(text: &str) -> Result<Self, ConfigProblem> {
        Self::parse_with(text, |_| None)
    }

    fn parse_with(
        text: &str,
        find_key: impl FnOnce(&str) -> Option<(String, KeyPlace)>,
    ) -> Result<Self, ConfigProblem> {
        let file: FileText = toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .map_or(1, |span| text[..span.start].lines().count().max(1));
            // Only the first line: the rest quotes the file, which holds the key.
            let what = error.message().lines().next().unwrap_or("not TOML").to_owned();
            ConfigProblem::at(&format!("line {line}"), what, "[till]\\nid = \"T01\"")
        })?;
        let shop = file.till.read()?;
        let (merchant, gateway, key_place) = file.wechat.read(find_key)?;
        let (timing, at_once) = file.payment.read()?;
        Ok(Self {
            shop,
            merchant,
            gateway,
            timing,
            at_once,
            key_place,
        })
    }
}

impl TillText {
    fn read(self) -> Result<Shop, ConfigProblem> {
        let till = TillId::parse(&self.id)
            .map_err(|error| ConfigProblem::at("[till] id", error.to_string(), "id = \"T01\""))?;
        if self.shop_name.trim().is_empty() || self.shop_name.len() > 60 {
            return Err(ConfigProblem::at(
                "[till] shop_name",
                "a shop has a name of at most 60 bytes (20 Chinese characters)",
                "shop_name = \"小满便利店\"",
            ));
        }
        let locale = match self.locale.as_str() {
            "zh-CN" => Locale::ZhCn,
            "en" => Locale::En,
            other => {
                let what = format!("\"{other}\" is not a language of this till");
                return Err(ConfigProblem::at("[till] locale", what, "locale = \"zh-CN\""));
            }
        };
        let zone = TimeZone::get(&self.time_zone).map_err(|_| {
            let what = format!("\"{}\" is not a time zone", self.time_zone);
            ConfigProblem::at("[till] time_zone", what, "time_zone = \"Asia/Shanghai\"")
        })?;
        Ok(Shop {
            name: self.shop_name.trim().to_owned(),
            till,
            locale,
            zone,
        })
    }
}

impl WechatText {
    fn read(
        self,
        find_key: impl FnOnce(&str) -> Option<(String, KeyPlace)>,
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
            None => find_key(&self.mch_id),
        };
        let Some((key, key_place)) = found else {
            let what = "there is no key, neither here nor in the keyring nor in the key file; scantill --keep-key keeps one";
            return Err(ConfigProblem::at("[wechat] api_key", what, KEY_EXAMPLE));
        };
        let api_key = ApiKey::parse(&key).map_err(|_| {
            let count = key.chars().count();
            let what = format!("the API V2 key has 32 letters or digits, this one has {count} characters");
            ConfigProblem::at("[wechat] api_key", what, KEY_EXAMPLE)
        })?;
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
        check_url(
            "[wechat] base_url",
            &self.base_url,
            "base_url = \"https://api.mch.weixin.qq.com\"",
        )?;
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
                    "client_key = \"apiclient_key.pem\"",
                ));
            }
        };
        let merchant = Merchant {
            appid: self.appid,
            mch_id: self.mch_id,
            api_key,
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

impl PaymentText {
    fn read(self) -> Result<(Timing, usize), ConfigProblem> {
        if !(1..=60).contains(&self.poll_seconds) {
            return Err(ConfigProblem::at(
                "[payment] poll_seconds",
                "1 to 60 seconds",
                "poll_seconds = 3",
            ));
        }
        // The QR code itself lives two hours; the order must be five minutes old to be closed.
        if !(6..=110).contains(&self.timeout_minutes) {
            return Err(ConfigProblem::at(
                "[payment] timeout_minutes",
                "6 to 110 minutes",
                "timeout_minutes = 30",
            ));
        }
        if !(1..=256).contains(&self.at_once) {
            return Err(ConfigProblem::at(
                "[payment] at_once",
                "1 to 256 questions",
                "at_once = 16",
            ));
        }
        let timing = Timing {
            poll: SignedDuration::from_secs(i64::from(self.poll_seconds)),
            timeout: SignedDuration::from_mins(i64::from(self.timeout_minutes)),
            ..Timing::default()
        };
        Ok((timing, usize::try_from(self.at_once).unwrap_or(16)))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[till]
id = "T01"
shop_name = "小满便利店"
[wechat]
appid = "wxd930ea5d5a258f4f"
mch_id = "10000100"
api_key = "192006250b4c09247ec02edce69f6a2d"
notify_url = "https://pay.example.com/weixin/pay/notify/url"
"#;

    #[test]
    fn a_short_configuration_is_enough_and_strict_by_default() {
        let config = Config::parse(GOOD).unwrap();
        assert_eq!(
            config.timing,
            Timing::default(),
            "3 seconds, 30 minutes, unless told otherwise"
        );
        assert_eq!(
            config.merchant.sign_type,
            SignType::HmacSha256,
            "MD5 only when asked for"
        );
        assert_eq!(
            config.gateway.base_url, "https://api.mch.weixin.qq.com",
            "the real gateway"
        );
    }

    #[test]
    fn each_mistake_names_its_key_and_shows_a_right_line() {
        let cases = [
            ("id = \"T01\"", "id = \"T-01\"", "[till] id"),
            ("小满便利店", "  ", "[till] shop_name"),
            (
                "192006250b4c09247ec02edce69f6a2d",
                "192006250b4c09247ec02edce69f6a2",
                "[wechat] api_key",
            ),
            ("10000100", "1000 0100", "[wechat] mch_id"),
            ("wxd930ea5d5a258f4f", "", "[wechat] appid"),
            (
                "https://pay.example.com/weixin/pay/notify/url",
                "http://pay.example.com/x",
                "[wechat] notify_url",
            ),
            ("notify/url\"", "notify/url?a=1\"", "[wechat] notify_url"),
            (
                "notify/url\"",
                "notify/url\"\nsign_type = \"SHA1\"",
                "[wechat] sign_type",
            ),
            (
                "notify/url\"",
                "notify/url\"\nbase_url = \"api.mch\"",
                "[wechat] base_url",
            ),
            (
                "notify/url\"",
                "notify/url\"\nclient_cert = \"a.pem\"",
                "[wechat] client_key",
            ),
            (
                "notify/url\"",
                "notify/url\"\n[payment]\npoll_seconds = 0",
                "[payment] poll_seconds",
            ),
            (
                "notify/url\"",
                "notify/url\"\n[payment]\ntimeout_minutes = 500",
                "[payment] timeout_minutes",
            ),
            ("[till]", "[till]\nlocale = \"fr\"", "[till] locale"),
            (
                "[till]",
                "[till]\ntime_zone = \"Mars/Olympus\"",
                "[till] time_zone",
            ),
        ];
        for (right, wrong, key) in cases {
            let problem = Config::parse(&GOOD.replacen(right, wrong, 1)).unwrap_err();
            assert_eq!(problem.key, key, "the sentence must name the key: {problem}");
            assert!(!problem.example.is_empty(), "and show a right line: {problem}");
        }
    }

    #[test]
    fn a_problem_never_quotes_the_key() {
        let torn = GOOD.replacen("\nnotify_url", "\nnotify_url = [", 1);
        let problem = Config::parse(&torn).unwrap_err();
        assert!(
            !problem.to_string().contains("192006250b"),
            "the API key must not be in a message: {problem}"
        );
    }

    #[test]
    fn a_key_that_is_nowhere_is_said_to_be_so() {
        let without = GOOD.replacen("api_key", "# api_key", 1);
        let problem = Config::parse(&without).unwrap_err();
        assert!(
            problem.what.contains("--keep-key"),
            "the sentence says how to give one: {problem}"
        );
    }

    #[test]
    fn an_absent_file_is_told_apart_from_a_wrong_one() {
        let problem = Config::load(Path::new("/nonexistent/till.toml")).unwrap_err();
        assert!(problem.missing, "a first start is not a mistake: {problem}");
    }
}
