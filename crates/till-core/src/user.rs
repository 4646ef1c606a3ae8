//! Who works at the till: names, roles, PINs, and how long wrong PINs keep the door shut.

use core::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Number of a person in this till's ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub i64);

/// What a person may do alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sells.
    Cashier,
    /// Sells, and approves what a cashier may not do alone.
    Manager,
}

/// A person's name: 1 to 20 characters, no blanks around it, none that can't be seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(String);

/// Somebody who works at the till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Number in the ledger.
    pub id: UserId,
    /// As the screens show it.
    pub name: UserName,
    /// What they may do alone.
    pub role: Role,
}

/// A PIN as it was typed: 4 to 8 digits. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(String);

/// Wrong PINs in a row, and when the last one came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WrongPins {
    /// How many.
    pub count: u32,
    /// When the last one came.
    pub last: Option<Timestamp>,
}

/// What is no name and no PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UserError {
    /// 1 to 20 characters that can be seen.
    #[error("a name has 1 to 20 characters")]
    Name,
    /// 4 to 8 digits.
    #[error("a PIN has 4 to 8 digits")]
    Pin,
}

impl UserName {
    /// Reads a name; blanks around it are left out.
    pub fn parse(text: &str) -> Result<Self, UserError> {
        let text = text.trim();
        let good = (1..=20).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(UserError::Name)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Pin {
    /// Reads a PIN.
    pub fn parse(text: &str) -> Result<Self, UserError> {
        let good = (4..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(UserError::Pin)
        }
    }

    /// The digits, for the one who hashes them.
    #[must_use]
    pub fn digits(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(…)")
    }
}

impl WrongPins {
    /// So many may be wrong in a row before the door stays shut for a while.
    pub const FREE: u32 = 3;
    /// How long it stays shut at first; doubled with each further wrong PIN.
    const SHUT: SignedDuration = SignedDuration::from_secs(30);
    /// It never stays shut for longer: a shop has to open in the morning.
    pub const SHUT_MAX: SignedDuration = SignedDuration::from_mins(15);

    /// Until when no PIN is looked at; `None`: one may be tried now.
    #[must_use]
    pub fn shut_until(&self, now: Timestamp) -> Option<Timestamp> {
        let doublings = self.count.checked_sub(Self::FREE)?.min(16);
        let shut = Self::SHUT
            .checked_mul(1 << doublings)
            .unwrap_or(Self::SHUT_MAX)
            .min(Self::SHUT_MAX);
        let last = self.last?;
        let until = last.saturating_add(shut).unwrap_or(Timestamp::MAX);
        // A clock that was turned back must not keep a manager out for days.
        (last <= now && now < until).then_some(until)
    }

    /// One more.
    #[must_use]
    pub fn and_another(self, now: Timestamp) -> Self {
        Self {
            count: self.count.saturating_add(1),
            last: Some(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_four_to_eight_digits_and_is_never_printed() {
        for good in ["0000", "1234", "12345678"] {
            assert!(Pin::parse(good).is_ok(), "{good} is a PIN");
        }
        for bad in ["", "123", "123456789", "12a4", "１２３４", "12 4", "-123"] {
            assert_eq!(Pin::parse(bad), Err(UserError::Pin), "{bad:?} is none");
        }
        let pin = Pin::parse("4711").unwrap();
        assert!(
            !format!("{pin:?}").contains("4711"),
            "a PIN must not get into a log"
        );
    }

    #[test]
    fn a_name_can_be_seen_and_fits_the_status_bar() {
        assert_eq!(
            UserName::parse(" 王敏 ").map(|name| name.to_string()),
            Ok("王敏".to_owned()),
            "blanks around a name are no part of it"
        );
        for bad in ["", "   ", "a\nb", &"长".repeat(21)] {
            assert_eq!(UserName::parse(bad), Err(UserError::Name), "{bad:?} is no name");
        }
    }

    #[test]
    fn wrong_pins_shut_the_door_for_longer_and_longer_and_never_for_good() {
        let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let mut wrong = WrongPins::default();
        let mut waits = Vec::new();
        let mut now = start;
        for _ in 0..10 {
            wrong = wrong.and_another(now);
            let until = wrong.shut_until(now);
            waits.push(until.map_or(0, |until| until.duration_since(now).as_secs()));
            now = until.unwrap_or(now);
            assert_eq!(
                wrong.shut_until(now),
                None,
                "once the time is over one may try again"
            );
        }
        assert_eq!(
            waits,
            [0, 0, 30, 60, 120, 240, 480, 900, 900, 900],
            "two slips are free, then half a minute doubled up to a quarter of an hour"
        );
        let yesterday = now - SignedDuration::from_hours(24);
        assert_eq!(
            wrong.shut_until(yesterday),
            None,
            "a clock turned back does not lock anybody out for a day"
        );
    }
}
