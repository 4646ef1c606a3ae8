//! Money as WeChat counts it: whole fen, never a float.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount in fen (1/100 yuan), never negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fen(u64);

/// The largest amount the simulator takes in one order: a million yuan.
///
/// WeChat's own ceiling depends on the merchant and isn't published; the bound keeps all sums far from overflow.
const MOST: u64 = 100_000_000;

impl Fen {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// That many fen.
    pub const fn new(fen: u64) -> Self {
        Self(fen)
    }

    /// The number of fen.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Reads a request's amount: plain digits without sign, leading zero or decimals, at least 1.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
        let fen = if digits { text.parse().ok()? } else { return None };
        (fen <= MOST).then_some(Self(fen))
    }

    /// The sum, or nothing when it doesn't fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or nothing when it would be negative.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The difference, zero when it would be negative.
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The sum of many, the largest amount when it doesn't fit.
    pub fn total(amounts: impl IntoIterator<Item = Self>) -> Self {
        Self(amounts.into_iter().fold(0, |sum, fen| sum.saturating_add(fen.0)))
    }

    /// This amount times `part / whole`, rounded down. Zero when `whole` is zero.
    pub fn share(self, part: Self, whole: Self) -> Self {
        let share = u128::from(self.0) * u128::from(part.0) / u128::from(whole.0.max(1));
        Self(u64::try_from(share).unwrap_or(u64::MAX))
    }

    /// WeChat's fee of 0.60 % on this amount, rounded half up to the fen.
    pub fn fee(self) -> Self {
        Self(self.0.saturating_mul(60).saturating_add(5_000) / 10_000)
    }

    /// The amount in yuan with two decimals, as bills print it.
    pub fn yuan(self) -> String {
        format!("{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl fmt::Display for Fen {
    /// Plain fen, as the API's fields carry it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly_or_not_at_all() {
        assert_eq!(Fen::parse("1"), Some(Fen(1)), "one fen is the smallest order");
        for bad in [
            "",
            "0",
            "-1",
            "+1",
            "1.0",
            "01",
            " 1",
            "１",
            "1e2",
            "100000001",
            "99999999999999999999",
        ] {
            assert_eq!(Fen::parse(bad), None, "{bad:?} isn't an amount WeChat takes");
        }
    }

    #[test]
    fn yuan_and_fee_are_exact() {
        assert_eq!(Fen(5).yuan(), "0.05", "fen below ten keep their zero");
        assert_eq!(
            Fen(123_456).yuan(),
            "1234.56",
            "the point stands before the last two digits"
        );
        assert_eq!(Fen(83).fee(), Fen(0), "0.498 fen rounds down");
        assert_eq!(Fen(84).fee(), Fen(1), "0.504 fen rounds up");
        assert_eq!(Fen(10_000).fee(), Fen(60), "0.60 % of 100 yuan is 60 fen");
    }
}
