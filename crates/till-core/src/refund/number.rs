//! Refund numbers: `{out_trade_no}-R{nth}`, at most 64 characters of `[0-9A-Za-z_|*@-]`.

use core::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::OutTradeNo;

/// The merchant's number of a refund. WeChat takes the same number as the same refund, however often it comes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OutRefundNo(Arc<str>);

/// A text that is no refund number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a refund number has 1 to 64 letters, digits, and _ - | * @")]
pub struct RefundNoError;

impl OutRefundNo {
    /// The number of an order's nth refund, from 1 on. Nothing random is in it: a till that was set back to an older copy of
    /// its ledger gives the same wish the same number, so that WeChat does not carry it out a second time.
    #[must_use]
    pub fn compose(order: &OutTradeNo, nth: u32) -> Self {
        // 32 for the order's number, 2, and 10 at most for any u32.
        Self(format!("{order}-R{nth}").into())
    }

    /// Reads a number, ours or not.
    pub fn parse(text: &str) -> Result<Self, RefundNoError> {
        let good = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-|*@".contains(&byte));
        if good {
            Ok(Self(text.into()))
        } else {
            Err(RefundNoError)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OutRefundNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for OutRefundNo {
    type Error = RefundNoError;

    fn try_from(text: String) -> Result<Self, RefundNoError> {
        Self::parse(&text)
    }
}

impl From<OutRefundNo> for String {
    fn from(number: OutRefundNo) -> Self {
        number.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_number_is_one_that_wechat_takes() {
        let order = OutTradeNo::parse("ABCDEFGH-261123-9999999-2ZZ9ABCD").unwrap();
        let number = OutRefundNo::compose(&order, u32::MAX);
        assert_eq!(
            OutRefundNo::parse(number.as_str()),
            Ok(number.clone()),
            "what we compose, WeChat would take"
        );
        assert_eq!(
            OutRefundNo::compose(&order, 7),
            OutRefundNo::compose(&order, 7),
            "the same refund of the same order has the same number for ever"
        );
        assert_eq!(
            OutRefundNo::parse("a b"),
            Err(RefundNoError),
            "a blank is not among its characters"
        );
    }
}
