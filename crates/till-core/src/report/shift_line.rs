//! A shift in a report.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{DrawerCount, Fen, MoneyError, ShiftId};

/// A shift that was closed, or goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftLine {
    /// Its number.
    pub id: ShiftId,
    /// When it began.
    pub opened_at: Timestamp,
    /// When it ended; `None`: it goes on.
    pub closed_at: Option<Timestamp>,
    /// Who counted; empty on a till without users, or while it goes on.
    pub by: String,
    /// In the drawer at the start.
    pub float: Fen,
    /// What should be in the drawer.
    pub expected: Fen,
    /// What was counted; `None`: it goes on.
    pub counted: Option<Fen>,
    /// What stayed for the next shift.
    pub left: Option<Fen>,
    /// What was said about it.
    pub note: String,
    /// Who began it; empty on a till without users, and in Zs from before it was written down, as all that follows.
    #[serde(default)]
    pub opened_by: String,
    /// What the shift before had left; `None`: it was the first.
    #[serde(default)]
    pub left_before: Option<Fen>,
    /// The notes and coins that were counted.
    #[serde(default)]
    pub count: DrawerCount,
    /// Who approved a difference over the limit; `None`: nobody had to.
    #[serde(default)]
    pub approved_by: Option<String>,
}

impl ShiftLine {
    /// What was taken out of the drawer after the count; `None`: it goes on.
    pub fn taken_away(&self) -> Result<Option<Fen>, MoneyError> {
        match (self.counted, self.left) {
            (Some(counted), Some(left)) => counted.minus(left).map(Some),
            (Some(_) | None, _) => Ok(None),
        }
    }

    /// What was there at the start and had not been left there: too much, or below zero too little.
    pub fn float_difference(&self) -> Result<Option<Fen>, MoneyError> {
        self.left_before.map(|left| self.float.minus(left)).transpose()
    }
}
