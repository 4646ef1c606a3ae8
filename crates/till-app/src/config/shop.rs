//! `[till]`: the shop and this till.

use jiff::tz::TimeZone;
use serde::Deserialize;
use till_core::{Calendar, TillId};

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
    /// What the shop is registered under (统一社会信用代码); empty where nothing is named.
    pub legal_id: String,
    /// Zone of the screen, and when a business day begins.
    pub calendar: Calendar,
}

/// Longest number of registration; China's have 18 characters.
const LEGAL_ID_MAX: usize = 40;

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
    #[serde(default)]
    legal_id: String,
    #[serde(default = "shanghai")]
    time_zone: String,
    #[serde(default)]
    day_starts_at: i8,
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
        let calendar = Calendar::new(zone, self.day_starts_at).ok_or_else(|| {
            let what = format!("a day begins at an hour from 0 to {}", Calendar::STARTS_AT_MAX);
            ConfigProblem::at("[till] day_starts_at", what, "day_starts_at = 4")
        })?;
        let legal_id = self.legal_id.trim();
        if legal_id.chars().count() > LEGAL_ID_MAX || legal_id.chars().any(char::is_control) {
            return Err(ConfigProblem::at(
                "[till] legal_id",
                format!("what a shop is registered under has at most {LEGAL_ID_MAX} characters"),
                "legal_id = \"91310000MA1FL0XXXX\"",
            ));
        }
        Ok(Shop {
            name: self.shop_name.trim().to_owned(),
            till,
            locale,
            legal_id: legal_id.to_owned(),
            calendar,
        })
    }
}
