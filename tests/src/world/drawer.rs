//! The drawer of a simulated counter: floats, notes that come and go, counts that are now and then wrong or blind. What is in
//! it is kept here in plain numbers, note by note as people hand them over, and each Z is held against that.

use anyhow::{Context, ensure};
use jiff::Timestamp;
use till_core::{Fen, MoveKind, Report, ShiftId, ShiftLine, Takings, Tally};

use super::World;

/// What went in or out, in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hand {
    /// A customer handed over so much and got the change.
    Paid { tendered: i64, change: i64 },
    /// Given back to a customer whose sale was never paid in full.
    GivenBack(i64),
    /// Refunded to a customer who had paid.
    Refunded(i64),
    /// Put in by name.
    In(i64),
    /// Taken out by name.
    Out(i64),
}

/// One of these, when and by whom; and in which shift, counted from 0.
#[derive(Debug, Clone)]
struct Moved {
    hand: Hand,
    at: Timestamp,
    shift: Option<usize>,
    by: &'static str,
    reason: &'static str,
}

/// A shift as the people in it would tell of it.
#[derive(Debug, Clone)]
pub(super) struct Shift {
    pub(super) opened_at: Timestamp,
    pub(super) opened_by: &'static str,
    pub(super) float: i64,
    pub(super) end: Option<ShiftEnd>,
}

/// How it ended.
#[derive(Debug, Clone)]
pub(super) struct ShiftEnd {
    pub(super) at: Timestamp,
    pub(super) by: &'static str,
    pub(super) expected: i64,
    pub(super) counted: i64,
    pub(super) left: i64,
    pub(super) approved_by: Option<&'static str>,
}

/// All of them, oldest first.
#[derive(Debug, Default)]
pub(super) struct CashBook {
    moves: Vec<Moved>,
    pub(super) shifts: Vec<Shift>,
    /// So many movements are told by Zs.
    moves_in_zs: usize,
    /// So many closed shifts are.
    shifts_in_zs: usize,
}

impl Hand {
    /// What the drawer has more by it.
    fn more(self) -> i64 {
        match self {
            Self::Paid { tendered, change } => tendered - change,
            Self::In(fen) => fen,
            Self::GivenBack(fen) | Self::Refunded(fen) | Self::Out(fen) => -fen,
        }
    }
}

impl CashBook {
    /// The shift that goes on, counted from 0.
    pub(super) fn open(&self) -> Option<usize> {
        let last = self.shifts.len().checked_sub(1)?;
        self.shifts[last].end.is_none().then_some(last)
    }

    /// What the last count left in the drawer.
    pub(super) fn left(&self) -> Option<i64> {
        Some(self.shifts.last()?.end.as_ref()?.left)
    }

    /// What should be in the drawer in a shift: float + cash taken − change − given back − refunded + in − out.
    pub(super) fn should_hold(&self, shift: usize) -> i64 {
        let moved = self.moves.iter().filter(|it| it.shift == Some(shift));
        self.shifts[shift].float + moved.map(|it| it.hand.more()).sum::<i64>()
    }

    /// A Z was made: holds its drawer against what moved since the one before. `refunds` are those of its takings.
    fn told_by(&mut self, drawer: &till_core::Drawer, takings: &Takings) -> anyhow::Result<()> {
        let since = &self.moves[self.moves_in_zs..];
        let of = |which: fn(Hand) -> Option<i64>| -> Tally {
            let fens: Vec<i64> = since.iter().filter_map(|it| which(it.hand)).collect();
            Tally {
                count: i64::try_from(fens.len()).unwrap_or(i64::MAX),
                sum: Fen::new(fens.iter().sum()),
            }
        };
        let own = [
            of(|it| matches!(it, Hand::Paid { .. }).then(|| it.more())),
            of(|it| matches!(it, Hand::GivenBack(_)).then(|| -it.more())),
            of(|it| matches!(it, Hand::In(_)).then(|| it.more())),
            of(|it| matches!(it, Hand::Out(_)).then(|| -it.more())),
            of(|it| matches!(it, Hand::Refunded(_)).then(|| -it.more())),
        ];
        let told = [
            drawer.taken,
            drawer.given_back,
            drawer.paid_in,
            drawer.paid_out,
            takings.cash_refunds,
        ];
        ensure!(
            told == own,
            "taken, given back, put in, taken out, refunded: the Z has {told:?}, the drawer saw {own:?}"
        );
        let named = since.iter().filter_map(|it| {
            let kind = match it.hand {
                Hand::In(_) => MoveKind::PaidIn,
                Hand::Out(_) => MoveKind::PaidOut,
                Hand::Paid { .. } | Hand::GivenBack(_) | Hand::Refunded(_) => return None,
            };
            Some((it.at, kind, Fen::new(it.hand.more().abs()), it.reason, it.by))
        });
        let told = drawer.moves.iter();
        let told = told.map(|it| (it.at, it.kind, it.amount, it.reason.as_str(), it.by.as_str()));
        let (named, told): (Vec<_>, Vec<_>) = (named.collect(), told.collect());
        ensure!(named == told, "by name moved {named:?}, the Z has {told:?}");
        let lines: Vec<ShiftLine> = (self.shifts_in_zs..self.shifts.len())
            .map(|shift| self.line(shift))
            .collect();
        // What was said and the notes that were counted are looked at when the shift is closed.
        let told: Vec<ShiftLine> = drawer.shifts.iter().cloned().map(bare).collect();
        ensure!(
            told == lines,
            "the Z tells of shifts {told:?}, and they were {lines:?}"
        );
        let difference: i64 = lines
            .iter()
            .filter_map(|it| Some(it.counted?.get() - it.expected.get()))
            .sum();
        ensure!(
            drawer.difference()? == Fen::new(difference),
            "over and short come to {difference} fen, the Z says {:?}",
            drawer.difference()
        );
        self.moves_in_zs = self.moves.len();
        self.shifts_in_zs = self.open().unwrap_or(self.shifts.len());
        Ok(())
    }

    /// A shift as a report has to show it.
    fn line(&self, shift: usize) -> ShiftLine {
        let it = &self.shifts[shift];
        let before = shift
            .checked_sub(1)
            .and_then(|before| self.shifts[before].end.as_ref());
        let end = it.end.as_ref();
        ShiftLine {
            id: number(shift),
            opened_at: it.opened_at,
            closed_at: end.map(|end| end.at),
            by: end.map_or("", |end| end.by).to_owned(),
            float: Fen::new(it.float),
            expected: Fen::new(end.map_or_else(|| self.should_hold(shift), |end| end.expected)),
            counted: end.map(|end| Fen::new(end.counted)),
            left: end.map(|end| Fen::new(end.left)),
            note: String::new(),
            opened_by: it.opened_by.to_owned(),
            left_before: before.map(|end| Fen::new(end.left)),
            count: till_core::DrawerCount::default(),
            approved_by: end.and_then(|end| end.approved_by).map(str::to_owned),
        }
    }
}

fn bare(line: ShiftLine) -> ShiftLine {
    ShiftLine {
        note: String::new(),
        count: till_core::DrawerCount::default(),
        ..line
    }
}

/// The number of a shift in the ledger.
pub(super) fn number(shift: usize) -> ShiftId {
    ShiftId(i64::try_from(shift).map_or(i64::MAX, |shift| shift + 1))
}

impl World {
    /// Money went into the drawer or out of it, by whoever is at the till.
    pub(super) fn handed(&mut self, counter: usize, hand: Hand, reason: &'static str) {
        let at = self.clock(counter);
        let desk = &mut self.desks[counter];
        let moved = Moved {
            hand,
            at,
            shift: desk.drawer.open(),
            by: desk.staff.name(),
            reason,
        };
        desk.drawer.moves.push(moved);
    }

    /// A Z tells of the drawer what the people at it would.
    pub(super) fn drawer_told(&mut self, counter: usize, z: &Report) -> anyhow::Result<()> {
        let desk = &mut self.desks[counter];
        desk.drawer
            .told_by(&z.drawer, &z.takings)
            .with_context(|| format!("the drawer of till {}", counter + 1))
    }
}
