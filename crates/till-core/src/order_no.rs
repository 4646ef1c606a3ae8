//! Order numbers: `{till_id}-{yyMMdd}-{sequence}-{random}`, at most 32 characters of `[0-9A-Za-z_-]`.

use core::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The number of an order at WeChat. The part before the first `-` is the till's id and routes its notify.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OutTradeNo(Arc<str>);

/// A till's id: 1 to 8 letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TillId(String);

/// A text that is no such number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OrderNoError {
    /// WeChat takes 6 to 32 characters.
    #[error("an order number has 6 to 32 characters")]
    Length,
    /// Only `[0-9A-Za-z_-]`.
    #[error("an order number holds only letters, digits, - and _")]
    Character,
    /// A till's id is 1 to 8 letters and digits.
    #[error("a till's id is 1 to 8 letters and digits")]
    TillId,
}

impl TillId {
    /// Reads a till's id.
    pub fn parse(text: &str) -> Result<Self, OrderNoError> {
        let good = (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(OrderNoError::TillId)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl OutTradeNo {
    /// Composes a number. `random` makes two tills with one id, or a till whose database was lost, differ.
    #[must_use]
    pub fn compose(till: &TillId, day: Date, sequence: u64, random: [u8; 4]) -> Self {
        const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
        let random: String = random
            .iter()
            .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
            .collect();
        let (year, month, date) = (day.year().rem_euclid(100), day.month(), day.day());
        // Seven digits of sequence a till: 8 + 1 + 6 + 1 + 7 + 1 + 4 is within 32.
        let sequence = sequence % 10_000_000;
        let text = format!(
            "{}-{year:02}{month:02}{date:02}-{sequence:06}-{random}",
            till.as_str()
        );
        Self(text.into())
    }

    /// Reads a number, ours or not.
    pub fn parse(text: &str) -> Result<Self, OrderNoError> {
        if !(6..=32).contains(&text.len()) {
            return Err(OrderNoError::Length);
        }
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        {
            return Err(OrderNoError::Character);
        }
        Ok(Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part that names the till.
    #[must_use]
    pub fn till(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }
}

impl fmt::Display for OutTradeNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for TillId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for OutTradeNo {
    type Error = OrderNoError;

    fn try_from(text: String) -> Result<Self, OrderNoError> {
        Self::parse(&text)
    }
}

impl From<OutTradeNo> for String {
    fn from(number: OutTradeNo) -> Self {
        number.as_str().to_owned()
    }
}

impl TryFrom<String> for TillId {
    type Error = OrderNoError;

    fn try_from(text: String) -> Result<Self, OrderNoError> {
        Self::parse(&text)
    }
}

impl From<TillId> for String {
    fn from(id: TillId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_names_its_till_and_stays_within_wechats_limits() {
        let till = TillId::parse("ABCDEFGH").unwrap();
        let day = jiff::civil::date(2026, 11, 23);
        let number = OutTradeNo::compose(&till, day, 9_999_999, [0, 31, 255, 7]);
        assert_eq!(
            number.as_str(),
            "ABCDEFGH-261123-9999999-2ZZ9",
            "till, day, sequence and random in that order"
        );
        assert_eq!(
            OutTradeNo::parse(number.as_str()),
            Ok(number.clone()),
            "what we compose, WeChat would take"
        );
        assert_eq!(
            number.till(),
            "ABCDEFGH",
            "the part before the first dash routes the notify"
        );
    }

    #[test]
    fn a_till_id_can_not_hold_a_dash() {
        assert_eq!(
            TillId::parse("T-1"),
            Err(OrderNoError::TillId),
            "a dash would route its notifies elsewhere"
        );
        assert_eq!(
            TillId::parse(""),
            Err(OrderNoError::TillId),
            "neither can it be empty"
        );
    }
}
