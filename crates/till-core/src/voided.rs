//! What was taken out of a cart before it was paid: lines as a whole, and pieces of lines that stayed.

use serde::{Deserialize, Serialize};

use crate::{Fen, Line, MoneyError, Tally};

/// Something that was rung up and taken out again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voided {
    /// Its name.
    pub name: String,
    /// Pieces that were taken out.
    pub pieces: u32,
    /// What was asked for them.
    pub amount: Fen,
    /// Whether anything of the line stayed.
    pub what: VoidedPart,
}

/// How much of a line was taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoidedPart {
    /// All that was left of it.
    Line,
    /// Some pieces: a quantity was corrected.
    Pieces,
}

/// What was taken out of carts in the time of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VoidedSums {
    /// Lines as a whole, those of carts that were cleared included.
    pub lines: Tally,
    /// Quantities that were corrected downwards.
    pub pieces: Tally,
}

impl Voided {
    /// What is taken out of a line of which so many pieces stay.
    pub fn of(line: &Line, stay: u32) -> Result<Option<Self>, MoneyError> {
        let pieces = line.pieces.saturating_sub(stay);
        if pieces == 0 {
            return Ok(None);
        }
        Ok(Some(Self {
            name: line.name.clone(),
            pieces,
            amount: line.price.times(pieces)?,
            what: if stay == 0 {
                VoidedPart::Line
            } else {
                VoidedPart::Pieces
            },
        }))
    }

    /// What the journal says of it, who did it left out. It begins with the amount, by which it is added up.
    #[must_use]
    pub fn told(&self) -> String {
        format!("{}: {} × {}", self.amount, self.pieces, self.name)
    }
}

impl VoidedPart {
    /// The journal's word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Line => "line_voided",
            Self::Pieces => "pieces_voided",
        }
    }
}
