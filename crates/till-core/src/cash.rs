//! Cash: what a customer hands over, what goes back, and every movement of money in the drawer.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Fen, SaleId, ShiftId, TOTAL_MAX, UserId};

/// Notes that customers pay with, small to large.
const NOTES: [Fen; 5] = [
    Fen::new(500),
    Fen::new(1_000),
    Fen::new(2_000),
    Fen::new(5_000),
    Fen::new(10_000),
];

/// Money handed over for an amount that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tender {
    due: Fen,
    tendered: Fen,
    change: Fen,
}

/// What can't be taken as a payment in cash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TenderError {
    /// Less than is due.
    #[error("less than is due")]
    TooLittle,
    /// More than anybody hands over.
    #[error("the amount is out of range")]
    OutOfRange,
}

impl Tender {
    /// Money handed over for what is due.
    pub fn new(due: Fen, tendered: Fen) -> Result<Self, TenderError> {
        if tendered > TOTAL_MAX || due < Fen::ZERO {
            return Err(TenderError::OutOfRange);
        }
        let change = tendered.minus(due).map_err(|_| TenderError::OutOfRange)?;
        if change < Fen::ZERO {
            return Err(TenderError::TooLittle);
        }
        Ok(Self {
            due,
            tendered,
            change,
        })
    }

    /// What was due, and stays in the drawer.
    #[must_use]
    pub fn due(self) -> Fen {
        self.due
    }

    /// What was handed over.
    #[must_use]
    pub fn tendered(self) -> Fen {
        self.tendered
    }

    /// What goes back.
    #[must_use]
    pub fn change(self) -> Fen {
        self.change
    }
}

/// Amounts that a customer is likely to hand over: exactly what is due, then what comes next in notes of 5, 10, 20, 50 and
/// 100 yuan; each once, small to large.
#[must_use]
pub fn quick_amounts(due: Fen) -> Vec<Fen> {
    let mut amounts = vec![due];
    for note in NOTES {
        let notes = due.get().div_euclid(note.get()) + i64::from(due.get().rem_euclid(note.get()) > 0);
        let Some(fen) = note.get().checked_mul(notes) else {
            continue;
        };
        let amount = Fen::new(fen);
        if amount > due && !amounts.contains(&amount) {
            amounts.push(amount);
        }
    }
    amounts.sort_unstable();
    amounts
}

/// What moves money into or out of the drawer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoveKind {
    /// A customer paid, the change already taken off.
    Sale,
    /// A part of a sale that was taken and given back, for the rest was never paid.
    GivenBack,
    /// A sale that had been paid was refunded.
    Refund,
    /// Put in by somebody, for a reason.
    PaidIn,
    /// Taken out by somebody, for a reason.
    PaidOut,
}

impl MoveKind {
    /// Whether it puts money into the drawer.
    #[must_use]
    pub fn comes_in(self) -> bool {
        match self {
            Self::Sale | Self::PaidIn => true,
            Self::GivenBack | Self::Refund | Self::PaidOut => false,
        }
    }
}

/// One movement of money in the drawer. Written down once and never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashMove {
    /// When.
    pub at: Timestamp,
    /// What moved it.
    pub kind: MoveKind,
    /// How much; never 0.
    pub amount: Fen,
    /// What the customer handed over; only of a sale.
    pub tendered: Option<Fen>,
    /// For which sale.
    pub sale: Option<SaleId>,
    /// In which shift; `None`: none was open.
    pub shift: Option<ShiftId>,
    /// Who was at the till; `None`: a till without users.
    pub by: Option<UserId>,
    /// Why, in a person's words; empty where the kind says it all.
    pub reason: String,
}

impl CashMove {
    /// What a customer got back out of what was handed over.
    #[must_use]
    pub fn change(&self) -> Option<Fen> {
        self.tendered?.minus(self.amount).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn yuan(text: &str) -> Fen {
        Fen::parse_yuan(text).unwrap()
    }

    #[test]
    fn change_is_what_was_handed_over_less_what_is_due() {
        let tender = Tender::new(yuan("29.80"), yuan("50")).unwrap();
        assert_eq!(tender.change(), yuan("20.20"), "to the fen");
        assert_eq!(
            Tender::new(yuan("29.80"), yuan("29.80")).map(Tender::change),
            Ok(Fen::ZERO),
            "exactly is enough"
        );
        assert_eq!(
            Tender::new(yuan("29.80"), yuan("29.79")),
            Err(TenderError::TooLittle),
            "a fen less is not"
        );
        assert_eq!(
            Tender::new(yuan("1"), Fen::new(i64::MAX)),
            Err(TenderError::OutOfRange),
            "a slip of the keypad is not taken for money"
        );
    }

    #[test]
    fn quick_amounts_are_what_customers_hand_over() {
        let amounts = |due: &str| -> Vec<String> {
            let amounts = quick_amounts(yuan(due));
            amounts.into_iter().map(|amount| amount.to_string()).collect()
        };
        assert_eq!(
            amounts("29.80"),
            ["29.80", "30.00", "40.00", "50.00", "100.00"],
            "notes up to 100"
        );
        assert_eq!(
            amounts("3"),
            ["3.00", "5.00", "10.00", "20.00", "50.00", "100.00"],
            "each note once"
        );
        assert_eq!(
            amounts("100"),
            ["100.00"],
            "nobody hands over more than the note that fits"
        );
        assert_eq!(
            amounts("130.50"),
            ["130.50", "135.00", "140.00", "150.00", "200.00"],
            "over a hundred"
        );
    }

    proptest! {
        #[test]
        fn every_quick_amount_pays(due in 1i64..100_000_000) {
            let due = Fen::new(due);
            let amounts = quick_amounts(due);
            prop_assert_eq!(amounts[0], due, "exactly comes first");
            prop_assert!(amounts.len() <= 6, "they fit on the screen");
            prop_assert!(amounts.windows(2).all(|pair| pair[0] < pair[1]), "small to large, each once");
            for amount in amounts {
                let tender = Tender::new(due, amount).unwrap();
                prop_assert_eq!(tender.due().plus(tender.change()), Ok(amount), "nothing is lost between due and change");
                prop_assert!(tender.change() < Fen::new(10_000), "nobody hands over a note too many");
            }
        }
    }
}
