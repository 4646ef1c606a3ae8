//! Shifts: opening with a float, cash in and out by name, counting, and closing with the difference in words.

use jiff::Timestamp;
use till_core::{
    CashMove, DrawerCount, DrawerDifference, Fen, MoveKind, Role, Shift, ShiftEnd, ShiftId, ShiftSums,
    TOTAL_MAX, UserId, is_float,
};

use crate::approval::{Act, Approval, Credential};
use crate::till::{Refusal, Till};

/// Longest reason for a movement of cash, and longest note on a shift, in characters.
const WORDS_MAX: usize = 60;

/// Who does something about money, and in which shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OnDuty {
    pub(crate) shift: Option<ShiftId>,
    pub(crate) by: Option<UserId>,
}

/// Which way cash goes that no customer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Put in.
    In,
    /// Taken out.
    Out,
}

/// A shift and what moved in it.
#[derive(Debug, Clone)]
pub struct ShiftPicture {
    /// The shift.
    pub shift: Shift,
    /// Who opened it.
    pub opened_by: Option<String>,
    /// Who closed it.
    pub closed_by: Option<String>,
    /// What moved, by kind; `None` while it is open and counted blind.
    pub sums: Option<ShiftSums>,
    /// What was put in and taken out by name, oldest first, and by whom.
    pub moves: Vec<(CashMove, Option<String>)>,
}

/// What the shift page shows.
#[derive(Debug, Clone)]
pub struct DrawerPicture {
    /// The shift that goes on.
    pub open: Option<ShiftPicture>,
    /// The last one that was closed.
    pub last: Option<ShiftPicture>,
    /// Sales that are not paid in full and have cash in the drawer: how many, how much. Carried over when the shift ends.
    pub in_hand: (u32, Fen),
}

/// How somebody wants to end a shift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// What is in the drawer.
    pub count: DrawerCount,
    /// What stays there for the next shift.
    pub left: Fen,
    /// What there is to say.
    pub note: String,
}

impl Till {
    /// Who takes money now, and in which shift. A shop that has users takes none outside a shift.
    pub(crate) fn on_duty(&self) -> Result<OnDuty, Refusal> {
        self.unlocked()?;
        let shift = self.shift.as_ref().map(|shift| shift.id);
        if shift.is_none() && !self.staff.is_empty() {
            return Err(Refusal::NoShift);
        }
        Ok(OnDuty {
            shift,
            by: self.staff.at_till().map(|user| user.id),
        })
    }

    /// Begins a shift with what is in the drawer: what the last one left there, or within the limit of the house.
    pub fn open_shift(&mut self, now: Timestamp, float: Fen) -> Result<ShiftId, Refusal> {
        self.begin_shift(now, float, None)
    }

    /// Begins a shift with what is in the drawer, whatever the last one left there: a manager has approved it.
    pub fn open_shift_approved(
        &mut self,
        now: Timestamp,
        float: Fen,
        approval: Approval,
    ) -> Result<ShiftId, Refusal> {
        let by = approval.spend(Act::ShiftDifference)?;
        self.begin_shift(now, float, Some(&by))
    }

    fn begin_shift(
        &mut self,
        now: Timestamp,
        float: Fen,
        approved_by: Option<&str>,
    ) -> Result<ShiftId, Refusal> {
        self.unlocked()?;
        if self.shift.is_some() {
            return Err(Refusal::ShiftOpen);
        }
        if !is_float(float) {
            return Err(Refusal::AmountOutOfRange);
        }
        // Cash that goes between two shifts belongs to neither count.
        let last = self.db.read().shifts().last_closed();
        let left = self.saved(last)?.and_then(|shift| shift.end).map(|end| end.left);
        let against_left = match left {
            None => String::new(),
            Some(left) => {
                let difference =
                    DrawerDifference::between(left, float).map_err(|_| Refusal::AmountOutOfRange)?;
                if difference.size() > self.house.difference_limit && approved_by.is_none() {
                    return Err(self.no_yes_yet());
                }
                format!(", {} with the {left} left before", in_words(difference))
            }
        };
        let approved = approved_by.map_or_else(String::new, |by| format!(", approved by {by}"));
        let by = self.staff.at_till().map(|user| user.id);
        let who = self.staff.who();
        let written = self.db.write(|tx| {
            let shift = tx.shifts().open(now, by, float)?;
            let detail = format!("{}: {who}{against_left}{approved}, float {float}", shift.id.0);
            tx.journal().add(now, "shift_opened", None, None, &detail)?;
            Ok(shift)
        });
        let shift = self.saved(written)?;
        let id = shift.id;
        self.shift = Some(shift);
        self.changed();
        Ok(id)
    }

    /// Puts cash into the drawer or takes it out, for a reason. The same `click` is the same movement, however often it
    /// comes.
    pub fn move_cash(
        &mut self,
        now: Timestamp,
        click: &str,
        direction: Direction,
        amount: Fen,
        reason: &str,
    ) -> Result<(), Refusal> {
        let duty = self.on_duty()?;
        let shift = duty.shift.ok_or(Refusal::NoShift)?;
        let known = self.db.read().cash_moves().by_click(click);
        if self.saved(known)?.is_some() {
            return Ok(());
        }
        if amount <= Fen::ZERO || amount > TOTAL_MAX {
            return Err(Refusal::AmountOutOfRange);
        }
        let reason = words(reason)?;
        if reason.is_empty() {
            return Err(Refusal::ReasonMissing);
        }
        let (kind, what) = match direction {
            Direction::In => (MoveKind::PaidIn, "cash_in"),
            Direction::Out => (MoveKind::PaidOut, "cash_out"),
        };
        let moved = CashMove {
            at: now,
            kind,
            amount,
            tendered: None,
            sale: None,
            shift: Some(shift),
            by: duty.by,
            reason,
        };
        let detail = format!("{amount}: {}, {}", self.staff.who(), moved.reason);
        let written = self.db.write(|tx| {
            tx.cash_moves().add(click, &moved)?;
            tx.journal().add(now, what, None, None, &detail)
        });
        self.saved(written)?;
        self.changed();
        Ok(())
    }

    /// Ends the shift with a count. A difference over the limit of the house needs a manager's PIN; each count is in the
    /// journal, whether the shift was closed by it or not, so that a blind count is counted once.
    pub fn close_shift(
        &mut self,
        now: Timestamp,
        closing: Closing,
        shown: Option<&Credential>,
    ) -> Result<ShiftPicture, Refusal> {
        self.unlocked()?;
        let Closing { count, left, note } = closing;
        let shift = self.shift.clone().ok_or(Refusal::NoShift)?;
        let counted = count.total().map_err(|_| Refusal::AmountOutOfRange)?;
        if left < Fen::ZERO || left > counted {
            return Err(Refusal::AmountOutOfRange);
        }
        let note = words(&note)?;
        let expected = self
            .sums(&shift)?
            .expected()
            .map_err(|_| Refusal::AmountOutOfRange)?;
        let difference =
            DrawerDifference::between(expected, counted).map_err(|_| Refusal::AmountOutOfRange)?;
        let who = self.staff.who();
        let detail = format!("{}: {who}, counted {counted}, expected {expected}", shift.id.0);
        let written = self
            .db
            .write(|tx| tx.journal().add(now, "shift_counted", None, None, &detail));
        self.saved(written)?;
        let approved_by = if difference.size() > self.house.difference_limit {
            let approval = self.approve(now, Act::ShiftDifference, shown)?;
            Some(approval.spend(Act::ShiftDifference)?)
        } else {
            None
        };
        let end = ShiftEnd {
            at: now,
            by: self.staff.at_till().map(|user| user.id),
            expected,
            count,
            left,
            approved_by,
            note,
        };
        let detail = format!("{}: {who}, {}, left {left}", shift.id.0, in_words(difference));
        let written = self.db.write(|tx| {
            tx.shifts().close(shift.id, &end)?;
            tx.journal().add(now, "shift_closed", None, None, &detail)
        });
        self.saved(written)?;
        self.shift = None;
        self.changed();
        self.shift_picture(Shift {
            end: Some(end),
            ..shift
        })
    }

    /// The shift that goes on, where whoever is at the till is not to know what should be in its drawer.
    pub(crate) fn blind_shift(&self) -> Option<&Shift> {
        let manager = self
            .staff
            .at_till()
            .is_some_and(|user| user.role == Role::Manager);
        self.shift.as_ref().filter(|_| self.house.blind_count && !manager)
    }

    /// What the shift page shows.
    pub fn drawer(&self) -> Result<DrawerPicture, Refusal> {
        let read = self.db.read();
        let open = self
            .shift
            .clone()
            .map(|shift| self.shift_picture(shift))
            .transpose()?;
        let last = read.shifts().last_closed().map_err(Refusal::NotSaved)?;
        Ok(DrawerPicture {
            open,
            last: last.map(|shift| self.shift_picture(shift)).transpose()?,
            in_hand: match self.blind_shift() {
                Some(_) => (0, Fen::ZERO),
                None => read.cash_moves().in_hand().map_err(Refusal::NotSaved)?,
            },
        })
    }

    fn shift_picture(&self, shift: Shift) -> Result<ShiftPicture, Refusal> {
        let read = self.db.read();
        let name = |id: Option<UserId>| -> Result<Option<String>, Refusal> {
            let Some(id) = id else { return Ok(None) };
            let user = read.users().by_id(id).map_err(Refusal::NotSaved)?;
            Ok(user.map(|user| user.name.to_string()))
        };
        let moves = read.cash_moves().of_shift(shift.id).map_err(Refusal::NotSaved)?;
        let sums = ShiftSums::of(shift.float, &moves).map_err(|_| Refusal::AmountOutOfRange)?;
        let blind = self.house.blind_count && shift.end.is_none();
        let by_name = moves
            .into_iter()
            .filter(|it| matches!(it.kind, MoveKind::PaidIn | MoveKind::PaidOut));
        Ok(ShiftPicture {
            opened_by: name(shift.opened_by)?,
            closed_by: name(shift.end.as_ref().and_then(|end| end.by))?,
            sums: (!blind).then_some(sums),
            moves: by_name
                .map(|it| {
                    let by = name(it.by)?;
                    Ok((it, by))
                })
                .collect::<Result<_, Refusal>>()?,
            shift,
        })
    }

    fn sums(&self, shift: &Shift) -> Result<ShiftSums, Refusal> {
        let moves = self
            .db
            .read()
            .cash_moves()
            .of_shift(shift.id)
            .map_err(Refusal::NotSaved)?;
        ShiftSums::of(shift.float, &moves).map_err(|_| Refusal::AmountOutOfRange)
    }
}

fn in_words(difference: DrawerDifference) -> String {
    match difference {
        DrawerDifference::Agrees => "agrees".to_owned(),
        DrawerDifference::Over(fen) => format!("over {fen}"),
        DrawerDifference::Short(fen) => format!("short {fen}"),
    }
}

/// A person's words: blanks around them left out, nothing that can't be seen, not too long.
pub(crate) fn words(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.chars().count() > WORDS_MAX || text.chars().any(char::is_control) {
        return Err(Refusal::WordsTooLong);
    }
    Ok(text.to_owned())
}
