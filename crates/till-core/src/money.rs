//! Money: whole fen, checked arithmetic, exact text both ways.

use core::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An amount in fen (1/100 yuan). Never a float, never unchecked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fen(i64);

/// An amount that does not fit, or a text that is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// The sum or product is larger than any till can hold.
    #[error("the amount is out of range")]
    OutOfRange,
    /// The text is not yuan with at most two decimals.
    #[error("not an amount in yuan with at most two decimals")]
    NotMoney,
}

impl Fen {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// That many fen.
    #[must_use]
    pub const fn new(fen: i64) -> Self {
        Self(fen)
    }

    /// The number of fen.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Sum, if it fits.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.0
            .checked_add(other.0)
            .map(Self)
            .ok_or(MoneyError::OutOfRange)
    }

    /// Difference, if it fits.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.0
            .checked_sub(other.0)
            .map(Self)
            .ok_or(MoneyError::OutOfRange)
    }

    /// Price times pieces, if it fits.
    pub fn times(self, pieces: u32) -> Result<Self, MoneyError> {
        self.0
            .checked_mul(i64::from(pieces))
            .map(Self)
            .ok_or(MoneyError::OutOfRange)
    }

    /// Shared out: what each of so many gets, and how many of them get a fen more. By nobody is as by one.
    #[must_use]
    pub fn shared_by(self, pieces: u32) -> (Self, u32) {
        let many = i64::from(pieces.max(1));
        let over = self.0.rem_euclid(many);
        // A remainder is less than what it was divided by.
        (
            Self(self.0.div_euclid(many)),
            u32::try_from(over).unwrap_or_default(),
        )
    }

    /// Sum of many, if it fits.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// Reads yuan as a person writes it: `12`, `12.5`, `12.50`, `0.01`; no sign, no blanks, at most two decimals.
    pub fn parse_yuan(text: &str) -> Result<Self, MoneyError> {
        let (yuan, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(yuan) || !digits(decimals) || decimals.len() > 2 {
            return Err(MoneyError::NotMoney);
        }
        let whole: i64 = yuan.parse().map_err(|_| MoneyError::OutOfRange)?;
        let hundredths: i64 = decimals.parse().map_err(|_| MoneyError::NotMoney)?;
        let hundredths = if decimals.len() == 1 {
            hundredths * 10
        } else {
            hundredths
        };
        whole
            .checked_mul(100)
            .and_then(|fen| fen.checked_add(hundredths))
            .map(Self)
            .ok_or(MoneyError::OutOfRange)
    }
}

/// Yuan with two decimals and no sign of currency: `29.80`.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let fen = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", fen / 100, fen % 100)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_that_floats_get_wrong_are_exact() {
        for (text, fen) in [
            ("19.99", 1999),
            ("0.29", 29),
            ("1.15", 115),
            ("0.01", 1),
            ("12.5", 1250),
            ("7", 700),
        ] {
            assert_eq!(
                Fen::parse_yuan(text),
                Ok(Fen::new(fen)),
                "{text} yuan is {fen} fen to the fen"
            );
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "", ".", "1.", ".5", "1.234", "-1", "+1", " 1", "1 ", "1e3", "1,5", "１", "0x10",
        ] {
            assert_eq!(
                Fen::parse_yuan(text),
                Err(MoneyError::NotMoney),
                "{text:?} is not yuan"
            );
        }
        assert_eq!(
            Fen::parse_yuan("99999999999999999999"),
            Err(MoneyError::OutOfRange),
            "more digits than fit must not wrap round"
        );
    }

    #[test]
    fn arithmetic_does_not_wrap() {
        let most = Fen::new(i64::MAX);
        assert_eq!(
            most.plus(Fen::new(1)),
            Err(MoneyError::OutOfRange),
            "a sum past the end is an error"
        );
        assert_eq!(most.times(2), Err(MoneyError::OutOfRange), "so is a product");
        assert_eq!(
            Fen::new(i64::MIN).minus(Fen::new(1)),
            Err(MoneyError::OutOfRange),
            "and a difference"
        );
    }

    proptest! {
        #[test]
        fn text_and_fen_are_the_same_amount(fen in 0..i64::MAX) {
            let amount = Fen::new(fen);
            prop_assert_eq!(Fen::parse_yuan(&amount.to_string()), Ok(amount), "what is shown reads back as itself");
        }
    }
}
