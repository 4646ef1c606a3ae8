//! A shift: what should be in the drawer, what was counted, and the difference in words.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{CashMove, Fen, MoneyError, MoveKind, TOTAL_MAX, UserId};

/// Number of a shift of this till: 1, 2, 3 … without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShiftId(pub i64);

/// Notes and coins of the yuan, large to small.
pub const DENOMINATIONS: [Fen; 12] = [
    Fen::new(10_000),
    Fen::new(5_000),
    Fen::new(2_000),
    Fen::new(1_000),
    Fen::new(500),
    Fen::new(100),
    Fen::new(50),
    Fen::new(20),
    Fen::new(10),
    Fen::new(5),
    Fen::new(2),
    Fen::new(1),
];

/// More pieces of one kind than any drawer holds.
const PIECES_MAX: u32 = 100_000;

/// What was counted: pieces by denomination, large to small, none of them 0.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DrawerCount(Vec<(Fen, u32)>);

/// What is no count of a drawer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CountError {
    /// There is no such note or coin.
    #[error("there is no note or coin of {0} yuan")]
    NoSuchPiece(Fen),
    /// A note or coin was counted twice, or more often than a drawer holds.
    #[error("more pieces than a drawer holds")]
    TooMany,
}

/// A time at the till between two counts of the drawer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// Its number.
    pub id: ShiftId,
    /// When it began.
    pub opened_at: Timestamp,
    /// Who began it; `None`: a till without users.
    pub opened_by: Option<UserId>,
    /// What was in the drawer then.
    pub float: Fen,
    /// How it ended; `None`: it goes on.
    pub end: Option<ShiftEnd>,
}

/// The end of a shift. Written down once and never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShiftEnd {
    /// When.
    pub at: Timestamp,
    /// Who counted.
    pub by: Option<UserId>,
    /// What should have been in the drawer.
    pub expected: Fen,
    /// What was.
    pub count: DrawerCount,
    /// What stays in the drawer for the next shift; the rest was taken away.
    pub left: Fen,
    /// Who approved a difference over the limit; `None`: nobody had to.
    pub approved_by: Option<String>,
    /// What there is to say about it.
    pub note: String,
}

/// What moved during a shift, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShiftSums {
    /// In the drawer at the start.
    pub float: Fen,
    /// Paid by customers, the change taken off.
    pub sales: Fen,
    /// How many such payments.
    pub sales_count: u32,
    /// Taken for sales that were never paid in full, and given back.
    pub given_back: Fen,
    /// Refunded.
    pub refunds: Fen,
    /// Put in by name and reason.
    pub paid_in: Fen,
    /// Taken out by name and reason.
    pub paid_out: Fen,
}

/// What was counted against what should be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrawerDifference {
    /// To the fen.
    Agrees,
    /// So much too much.
    Over(Fen),
    /// So much missing.
    Short(Fen),
}

impl DrawerCount {
    /// Reads a count. Pieces that are not named count as none.
    pub fn parse(pieces: impl IntoIterator<Item = (Fen, u32)>) -> Result<Self, CountError> {
        let mut counted: Vec<(Fen, u32)> = Vec::new();
        for (piece, number) in pieces {
            if !DENOMINATIONS.contains(&piece) {
                return Err(CountError::NoSuchPiece(piece));
            }
            if number > PIECES_MAX || counted.iter().any(|(known, _)| *known == piece) {
                return Err(CountError::TooMany);
            }
            if number > 0 {
                counted.push((piece, number));
            }
        }
        counted.sort_unstable_by_key(|one| std::cmp::Reverse(one.0));
        Ok(Self(counted))
    }

    /// The pieces, large to small.
    #[must_use]
    pub fn pieces(&self) -> &[(Fen, u32)] {
        &self.0
    }

    /// What they come to.
    pub fn total(&self) -> Result<Fen, MoneyError> {
        let sums = self.0.iter().map(|(piece, number)| piece.times(*number));
        Fen::sum(sums.collect::<Result<Vec<_>, _>>()?)
    }
}

impl ShiftSums {
    /// Adds up a shift.
    pub fn of<'a>(float: Fen, moves: impl IntoIterator<Item = &'a CashMove>) -> Result<Self, MoneyError> {
        let mut sums = Self {
            float,
            ..Self::default()
        };
        for it in moves {
            let sum = match it.kind {
                MoveKind::Sale => {
                    sums.sales_count = sums.sales_count.checked_add(1).ok_or(MoneyError::OutOfRange)?;
                    &mut sums.sales
                }
                MoveKind::GivenBack => &mut sums.given_back,
                MoveKind::Refund => &mut sums.refunds,
                MoveKind::PaidIn => &mut sums.paid_in,
                MoveKind::PaidOut => &mut sums.paid_out,
            };
            *sum = sum.plus(it.amount)?;
        }
        Ok(sums)
    }

    /// What should be in the drawer: float + sales − given back − refunds + in − out.
    pub fn expected(&self) -> Result<Fen, MoneyError> {
        self.float
            .plus(self.sales)?
            .minus(self.given_back)?
            .minus(self.refunds)?
            .plus(self.paid_in)?
            .minus(self.paid_out)
    }
}

impl DrawerDifference {
    /// Holds what was counted against what should be there.
    pub fn between(expected: Fen, counted: Fen) -> Result<Self, MoneyError> {
        let over = counted.minus(expected)?;
        Ok(match over.get() {
            0 => Self::Agrees,
            1.. => Self::Over(over),
            _ => Self::Short(expected.minus(counted)?),
        })
    }

    /// How much, whichever way.
    #[must_use]
    pub fn size(self) -> Fen {
        match self {
            Self::Agrees => Fen::ZERO,
            Self::Over(fen) | Self::Short(fen) => fen,
        }
    }
}

impl ShiftEnd {
    /// The difference that was found.
    pub fn difference(&self) -> Result<DrawerDifference, MoneyError> {
        DrawerDifference::between(self.expected, self.count.total()?)
    }

    /// What was taken out of the drawer after the count.
    pub fn taken_away(&self) -> Result<Fen, MoneyError> {
        self.count.total()?.minus(self.left)
    }
}

/// An amount that a drawer may hold at the start.
#[must_use]
pub fn is_float(amount: Fen) -> bool {
    (Fen::ZERO..=TOTAL_MAX).contains(&amount)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moved(kind: MoveKind, fen: i64) -> CashMove {
        CashMove {
            at: Timestamp::UNIX_EPOCH,
            kind,
            amount: Fen::new(fen),
            tendered: None,
            sale: None,
            shift: None,
            by: None,
            reason: String::new(),
        }
    }

    #[test]
    fn what_should_be_there_follows_from_what_moved() {
        let moves = [
            moved(MoveKind::Sale, 2_980),
            moved(MoveKind::Sale, 1_999),
            moved(MoveKind::GivenBack, 1_000),
            moved(MoveKind::Refund, 1_999),
            moved(MoveKind::PaidIn, 10_000),
            moved(MoveKind::PaidOut, 3_050),
        ];
        let sums = ShiftSums::of(Fen::new(20_000), &moves).unwrap();
        assert_eq!(
            sums.expected(),
            Ok(Fen::new(20_000 + 4_979 - 1_000 - 1_999 + 10_000 - 3_050)),
            "float + sales − given back − refunds + in − out"
        );
        assert_eq!(sums.sales_count, 2, "two customers paid in cash");
    }

    #[test]
    fn a_difference_has_a_direction_and_a_size() {
        let between =
            |expected, counted| DrawerDifference::between(Fen::new(expected), Fen::new(counted)).unwrap();
        assert_eq!(between(500, 500), DrawerDifference::Agrees, "to the fen");
        assert_eq!(
            between(500, 501),
            DrawerDifference::Over(Fen::new(1)),
            "a fen too much"
        );
        assert_eq!(
            between(500, 480),
            DrawerDifference::Short(Fen::new(20)),
            "twenty missing"
        );
        assert_eq!(
            between(-300, 0),
            DrawerDifference::Over(Fen::new(300)),
            "more was taken out than the ledger knows of coming in"
        );
    }

    #[test]
    fn a_count_knows_its_notes() {
        let count = DrawerCount::parse([(Fen::new(50), 3), (Fen::new(10_000), 2), (Fen::new(1), 0)]).unwrap();
        assert_eq!(count.total(), Ok(Fen::new(20_150)), "2 × 100 + 3 × 0.5");
        assert_eq!(
            count.pieces(),
            [(Fen::new(10_000), 2), (Fen::new(50), 3)],
            "large to small, nothing that is not there"
        );
        assert_eq!(
            DrawerCount::parse([(Fen::new(300), 1)]),
            Err(CountError::NoSuchPiece(Fen::new(300))),
            "there is no three-yuan note"
        );
        assert_eq!(
            DrawerCount::parse([(Fen::new(100), 1), (Fen::new(100), 1)]),
            Err(CountError::TooMany),
            "no pile is counted twice"
        );
    }

    proptest! {
        #[test]
        fn moves_add_up_in_any_order(mut fens in prop::collection::vec((0u8..5, 1i64..1_000_000), 0..40), float in 0i64..1_000_000) {
            let kind = |n: u8| match n {
                0 => MoveKind::Sale,
                1 => MoveKind::GivenBack,
                2 => MoveKind::Refund,
                3 => MoveKind::PaidIn,
                _ => MoveKind::PaidOut,
            };
            let sums = |fens: &[(u8, i64)]| {
                let moves: Vec<_> = fens.iter().map(|(n, fen)| moved(kind(*n), *fen)).collect();
                ShiftSums::of(Fen::new(float), &moves).unwrap()
            };
            let forward = sums(&fens);
            let by_hand: i64 = fens.iter().map(|(n, fen)| if kind(*n).comes_in() { *fen } else { -*fen }).sum();
            prop_assert_eq!(forward.expected(), Ok(Fen::new(float + by_hand)), "each move counts once, in its direction");
            fens.reverse();
            prop_assert_eq!(sums(&fens), forward, "whatever came first");
        }
    }
}
