//! Less than the list price: what a cashier may ask for a line instead, and how far they may go alone.

use serde::{Deserialize, Serialize};

use crate::Fen;

/// Less is asked for a piece than it costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reduction {
    /// What a piece costs otherwise; more than is asked for it.
    pub list: Fen,
    /// In which way less came to be asked.
    pub how: Lowered,
    /// Who approved it; `None`: it is within the limit of the house. It holds for the pieces that were looked at.
    pub approved_by: Option<String>,
}

/// In which way less came to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lowered {
    /// The cashier named another price for a piece.
    NewPrice,
    /// The cashier took an amount off the line.
    AmountOff,
}

/// What a cashier wants asked for a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceWish {
    /// The list price again.
    List,
    /// So much a piece.
    Each(Fen),
    /// So much less for the whole line. What its pieces can't share evenly makes two lines of it, a fen a piece apart, so
    /// that each piece has a price of its own and gives back just that.
    Off(Fen),
}

/// So far a cashier may lower a price alone; past it a manager has to approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscountLimit {
    /// So many hundredths of the list price; 0 to 100.
    Percent(u32),
    /// So much off a piece.
    OffEach(Fen),
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repriced {
    /// Its name.
    pub name: String,
    /// Pieces of it.
    pub pieces: u32,
    /// What a piece costs.
    pub list: Fen,
    /// What was asked for all of them before.
    pub before: Fen,
    /// What is asked for all of them now.
    pub after: Fen,
    /// In which way; `None`: the list price is asked again.
    pub how: Option<Lowered>,
    /// It went past the limit of the house.
    pub over_limit: bool,
}

impl DiscountLimit {
    /// Whether a cashier may ask this for a piece alone.
    #[must_use]
    pub fn allows(self, list: Fen, price: Fen) -> bool {
        let off = i128::from(list.get()) - i128::from(price.get());
        match self {
            Self::Percent(percent) => off * 100 <= i128::from(list.get()) * i128::from(percent),
            Self::OffEach(limit) => off <= i128::from(limit.get()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_held_to_the_fen() {
        let ten = DiscountLimit::Percent(10);
        assert!(
            ten.allows(Fen::new(1999), Fen::new(1800)),
            "1.99 off 19.99 is less than a tenth"
        );
        assert!(
            !ten.allows(Fen::new(1999), Fen::new(1799)),
            "2.00 off is more than one"
        );
        assert!(
            ten.allows(Fen::new(5), Fen::new(5)),
            "nothing off is within every limit"
        );
        assert!(
            !ten.allows(Fen::new(5), Fen::new(4)),
            "one fen of five is a fifth"
        );
        let two_yuan = DiscountLimit::OffEach(Fen::new(200));
        assert!(
            two_yuan.allows(Fen::new(300), Fen::new(100)),
            "two yuan off a piece"
        );
        assert!(
            !two_yuan.allows(Fen::new(300), Fen::new(99)),
            "a fen more is too much"
        );
        assert!(
            !DiscountLimit::Percent(0).allows(Fen::new(i64::MAX), Fen::new(i64::MAX - 1)),
            "a shop may leave nothing to its cashiers, and no sum is too large to tell"
        );
    }
}
