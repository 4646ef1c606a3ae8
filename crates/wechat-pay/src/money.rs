//! Money as integers: fen in messages, yuan with decimals in the bill. Never a float.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount in fen (1/100 yuan). Arithmetic is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fen(i64);

/// An amount in millionths of a yuan: the bill gives fees with five decimals, and negative ones for refunds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroYuan(i64);

/// The text isn't an amount of the kind asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not digits (with a point for yuan) only.
    #[error("not an amount of money")]
    NotANumber,
    /// Too large to count, too small, or with more decimals than the unit has.
    #[error("the amount is out of range")]
    OutOfRange,
}

impl Fen {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// This many fen.
    pub const fn new(fen: i64) -> Self {
        Self(fen)
    }

    /// How many fen.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The sum, unless it is too large.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, unless it is too large.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// As yuan with two decimals, as the bill has it.
    pub fn to_yuan(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let fen = self.0.unsigned_abs();
        format!("{sign}{}.{:02}", fen / 100, fen % 100)
    }
}

impl fmt::Display for Fen {
    /// Plain digits, as a message has them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl MicroYuan {
    /// This many millionths of a yuan.
    pub const fn new(micro_yuan: i64) -> Self {
        Self(micro_yuan)
    }

    /// How many millionths of a yuan.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The sum, unless it is too large.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }
}

/// An amount of a message: digits only, no sign, no leading zero, at least 0.
///
/// # Errors
/// Anything else.
pub fn parse_fen(text: &str) -> Result<Fen, MoneyError> {
    if text.is_empty()
        || !text.bytes().all(|byte| byte.is_ascii_digit())
        || (text.len() > 1 && text.starts_with('0'))
    {
        return Err(MoneyError::NotANumber);
    }
    text.parse().map(Fen).map_err(|_| MoneyError::OutOfRange)
}

/// As [`parse_fen`], at least 1: what was paid or is to be paid.
///
/// # Errors
/// Anything else.
pub fn parse_fen_positive(text: &str) -> Result<Fen, MoneyError> {
    parse_fen(text).and_then(|fen| {
        if fen.get() >= 1 {
            Ok(fen)
        } else {
            Err(MoneyError::OutOfRange)
        }
    })
}

/// An amount of the bill, in yuan: `12`, `0.1`, `12.34`, `-0.50`; further decimals must be zero.
///
/// # Errors
/// Anything that isn't a whole number of fen.
pub fn parse_yuan(text: &str) -> Result<Fen, MoneyError> {
    parse_decimal(text, 2).map(Fen)
}

/// A fee of the bill, in yuan with up to six decimals: `0.01000`.
///
/// # Errors
/// Anything that isn't a whole number of millionths.
pub fn parse_micro_yuan(text: &str) -> Result<MicroYuan, MoneyError> {
    parse_decimal(text, 6).map(MicroYuan)
}

/// `text` times ten to the power of `decimals`, exactly.
fn parse_decimal(text: &str, decimals: usize) -> Result<i64, MoneyError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return Err(MoneyError::NotANumber),
        None => (digits, ""),
    };
    if whole.is_empty()
        || !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|byte| byte.is_ascii_digit())
    {
        return Err(MoneyError::NotANumber);
    }
    if fraction.bytes().skip(decimals).any(|byte| byte != b'0') {
        return Err(MoneyError::OutOfRange);
    }
    let kept = fraction.bytes().chain(std::iter::repeat(b'0')).take(decimals);
    let mut value: i64 = 0;
    for byte in whole.bytes().chain(kept) {
        let digit = i64::from(byte - b'0');
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(digit))
            .ok_or(MoneyError::OutOfRange)?;
    }
    Ok(if negative { -value } else { value })
}
