//! `[till]`: the shop and this till.

use jiff::tz::TimeZone;
use serde::Deserialize;
use till_core::TillId;

use super::ConfigProblem;

/// The shop and this till, as the screens show them.
#[derive(Debug, Clone, PartialEq, Eq)]
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TillText {
    id: String,
    shop_name: String,
    #[serde(default = "zh_cn")]
    locale: String,
    #[serde(default = "shanghai")]
    time_zone: String,
}

fn zh_cn() -> String {
    "zh-CN".to_owned()
}

fn shanghai() -> String {
    "Asia/Shanghai".to_owned()
}

impl TillText {
    pub(super) fn read(self) -> Result<Shop, ConfigProblem> {
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
