//! What people do at a simulated counter beside selling: beginning and ending shifts, putting cash in and taking it out, and
//! setting the machine's clock.

use anyhow::{Context, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use till_app::Refusal;
use till_app::approval::{Act, Credential};
use till_app::house::HouseRules;
use till_app::shift::{Closing, Direction};
use till_core::{DENOMINATIONS, DrawerCount, Fen, ShiftId};

use super::drawer::{CashBook, Hand, Shift, ShiftEnd, number};
use super::staff::Staff;
use super::{Event, World};
use crate::network::later;
use crate::people::MANAGER;

/// Why cash goes in and out.
const REASONS: [&str; 4] = ["换零钱", "买垃圾袋", "付快递费", "存银行"];

/// A counter as the test knows it, but for its till.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) staff: Staff,
    pub(super) drawer: CashBook,
    /// Its drawer is counted.
    pub(super) in_shifts: bool,
    pub(super) rules: HouseRules,
}

/// What is done at a counter beside selling.
#[derive(Debug, Clone, Copy)]
pub(super) enum Errand {
    /// The shift ends, if one goes on.
    EndShift,
    /// Cash is put in or taken out by name.
    MoveCash,
    /// Somebody sets the machine's clock.
    SetClock(SignedDuration),
    /// The program is stopped in good order, and started again.
    Restart,
}

impl Desk {
    pub(super) fn new(staffed: bool, in_shifts: bool, now: Timestamp) -> Self {
        Self {
            staff: Staff::new(staffed, now),
            drawer: CashBook::default(),
            in_shifts: in_shifts || staffed,
            rules: HouseRules::default(),
        }
    }

    /// Whoever is at the till is not to be told what should be in the drawer.
    pub(super) fn is_blind(&self) -> bool {
        let manager = self.staff.at_till == Some(MANAGER);
        self.rules.blind_count && self.drawer.open().is_some() && !manager
    }
}

impl World {
    /// The house has its rules, and a few errands are planned.
    pub(super) fn furnish(&mut self, counter: usize, span: i64) -> anyhow::Result<()> {
        let set = self.rng.random_bool(0.15).then(|| self.draw_setting());
        if let Some(by) = set.filter(|_| self.counters[counter].survives()) {
            let at = self.rng.random_range(0..span);
            self.errand(counter, at, Errand::SetClock(by));
            if by.is_negative() {
                let after = self.rng.random_range(0..1_200_000);
                self.errand(counter, at + after, Errand::Restart);
            }
        }
        if !self.desks[counter].in_shifts {
            return Ok(());
        }
        self.tally.desk.staffed += u64::from(self.desks[counter].staff.staffed);
        let now = self.clock(counter);
        let rules = HouseRules {
            idle_minutes: [2, 10, 10, 60][self.rng.random_range(0..4)],
            blind_count: self.rng.random_bool(0.4),
            difference_limit: Fen::new([0, 100, 500, 500][self.rng.random_range(0..4)]),
            ..HouseRules::default()
        };
        let approval = self.approved(counter, Act::HouseRules)?;
        self.till(counter)?.set_house(now, rules, approval)?;
        let desk = &mut self.desks[counter];
        desk.rules = rules;
        desk.staff.idle = SignedDuration::from_mins(i64::from(rules.idle_minutes));
        for _ in 0..self.rng.random_range(0..3) {
            let at = self.rng.random_range(0..span + 1_800_000);
            self.errand(counter, at, Errand::EndShift);
        }
        for _ in 0..self.rng.random_range(0..4) {
            let at = self.rng.random_range(0..span);
            self.errand(counter, at, Errand::MoveCash);
        }
        Ok(())
    }

    /// So far somebody sets a clock: most often a little, back as often as forward, and back by more than an order lives.
    fn draw_setting(&mut self) -> SignedDuration {
        let most = [10_000, 120_000, 200_000, 2_400_000][self.rng.random_range(0..4)];
        let forward = most.min(200_000);
        SignedDuration::from_millis(self.rng.random_range(-most..=forward))
    }

    fn errand(&mut self, counter: usize, after_millis: i64, errand: Errand) {
        let at = later(self.began, SignedDuration::from_millis(after_millis));
        self.plan(at, Event::Errand { counter, errand });
    }

    pub(super) fn run_errand(&mut self, counter: usize, errand: Errand) -> anyhow::Result<()> {
        if self.counters[counter].till.is_none() {
            let at = later(self.now, SignedDuration::from_secs(20));
            self.plan(at, Event::Errand { counter, errand });
            return Ok(());
        }
        match errand {
            Errand::EndShift => {
                if !self.end_shift(counter)? {
                    // The manager's door is shut for a while.
                    let at = later(self.now, SignedDuration::from_mins(16));
                    self.plan(at, Event::Errand { counter, errand });
                }
            }
            Errand::MoveCash => self.move_cash(counter)?,
            Errand::SetClock(by) => {
                self.counters[counter].clocks.set(by);
                let behind = self.counters[counter].clocks.behind();
                let till = self.till(counter)?;
                till.note_clock(behind);
                ensure!(
                    behind <= SignedDuration::from_mins(2) || till.snapshot().clock_wrong,
                    "a clock that was set back by {behind} is told on the screen"
                );
                self.last_trouble = self.last_trouble.max(self.now);
                if by.is_negative() {
                    self.tally.time.set_back += 1;
                } else {
                    self.tally.time.set_forward += 1;
                }
                return Ok(());
            }
            Errand::Restart => {
                let now = self.now;
                self.last_trouble = self.last_trouble.max(now);
                self.counters[counter].power_off(false)?;
                self.desks[counter].staff.gone();
                return self.counters[counter].power_on(now);
            }
        }
        self.look_into_journal(counter)?;
        self.lights_out(counter).map(drop)
    }

    /// Somebody is at the till and may take money: where people have PINs, that takes a shift.
    pub(super) fn go_on_duty(&mut self, counter: usize) -> anyhow::Result<()> {
        self.sign_on(counter)?;
        let desk = &self.desks[counter];
        if !desk.in_shifts || desk.drawer.open().is_some() {
            return Ok(());
        }
        if desk.staff.staffed || self.rng.random_bool(0.6) {
            self.begin_shift(counter)?;
        }
        Ok(())
    }

    fn begin_shift(&mut self, counter: usize) -> anyhow::Result<()> {
        let now = self.clock(counter);
        let limit = self.desks[counter].rules.difference_limit.get();
        let left = self.desks[counter].drawer.left();
        let wanted = match (left, self.rng.random_range(0..8)) {
            (None, _) => self.rng.random_range(0..50_000),
            (Some(left), 0) => (left + self.rng.random_range(-limit..=limit)).max(0),
            (Some(left), 1) => left + limit + self.rng.random_range(1..10_000),
            (Some(left), _) => left,
        };
        let over = left.is_some_and(|left| (wanted - left).abs() > limit);
        let float = if over {
            let alone = self.till(counter)?.open_shift(now, Fen::new(wanted));
            ensure!(
                self.wants_manager(counter, &alone),
                "{wanted} fen, with {left:?} left before, are over the limit of {limit}: {alone:?}"
            );
            match self.approval(counter, Act::ShiftDifference)? {
                Some(approval) => {
                    let opened = self
                        .till(counter)?
                        .open_shift_approved(now, Fen::new(wanted), approval)?;
                    self.opened(counter, now, wanted, opened)?;
                    self.tally.desk.floats_approved += 1;
                    return Ok(());
                }
                // Counted again: it was all there.
                None => left.unwrap_or_default(),
            }
        } else {
            wanted
        };
        let opened = self.till(counter)?.open_shift(now, Fen::new(float))?;
        self.opened(counter, now, float, opened)
    }

    fn opened(&mut self, counter: usize, now: Timestamp, float: i64, id: ShiftId) -> anyhow::Result<()> {
        let desk = &mut self.desks[counter];
        desk.drawer.shifts.push(Shift {
            opened_at: now,
            opened_by: desk.staff.name(),
            float,
            end: None,
        });
        ensure!(
            desk.drawer.open().map(number) == Some(id),
            "shifts are numbered 1, 2, 3 …, and this one is {id:?}"
        );
        self.tally.desk.shifts_opened += 1;
        Ok(())
    }

    pub(super) fn wants_manager<T>(&self, counter: usize, came: &Result<T, Refusal>) -> bool {
        match (came, self.desks[counter].staff.staffed) {
            (Err(Refusal::NeedsManager), true) | (Err(Refusal::NeedsConfirmation), false) => true,
            (Ok(_) | Err(_), _) => false,
        }
    }

    /// The drawer is counted and the shift ends. `false`: it goes on, for want of a manager.
    pub(super) fn end_shift(&mut self, counter: usize) -> anyhow::Result<bool> {
        let Some(shift) = self.desks[counter].drawer.open() else {
            return Ok(true);
        };
        self.sign_on(counter)?;
        let now = self.clock(counter);
        let desk = &self.desks[counter];
        let expected = desk.drawer.should_hold(shift);
        let limit = desk.rules.difference_limit.get();
        let shown = self.till(counter)?.drawer()?.open.context("the shift goes on")?;
        let shown = shown.sums.map(|sums| sums.expected()).transpose()?;
        let blind = self.desks[counter].rules.blind_count;
        ensure!(
            shown == (!blind).then(|| Fen::new(expected)),
            "before the count the page shows {shown:?}: {expected} fen, unless it is counted blind ({blind})"
        );
        let error = match self.rng.random_range(0..6) {
            0 => self.rng.random_range(-limit..=limit),
            1 => -limit - self.rng.random_range(1..5_000),
            2 => limit + self.rng.random_range(1..5_000),
            _ => 0,
        };
        let counted = (expected + error).max(0);
        let difference = counted - expected;
        let left = match self.rng.random_range(0..3) {
            0 => counted,
            1 => 0,
            _ => self.rng.random_range(0..=counted),
        };
        let count = in_notes(counted)?;
        let closing = Closing {
            count: count.clone(),
            left: Fen::new(left),
            note: "交班".to_owned(),
        };
        let told = (number(shift), counted, expected);
        self.desks[counter].staff.counted(told.0, told.1, told.2);
        let alone = self.till(counter)?.close_shift(now, closing.clone(), None);
        let (closed, approved_by) = match alone {
            Ok(closed) if difference.abs() <= limit => (closed, None),
            Err(refused) if difference.abs() > limit => {
                ensure!(
                    self.wants_manager::<()>(counter, &Err(refused)),
                    "a difference of {difference} fen is over the limit of {limit}"
                );
                match self.close_approved(counter, now, &closing, told)? {
                    Some(closed) => {
                        self.desks[counter].staff.approved(Act::ShiftDifference);
                        closed
                    }
                    None => {
                        let goes_on = self.till(counter)?.drawer()?.open.is_some();
                        ensure!(goes_on, "without an approval the shift goes on");
                        self.tally.desk.not_approved += 1;
                        return Ok(false);
                    }
                }
            }
            came => bail!("a difference of {difference} fen with a limit of {limit}: {came:?}"),
        };
        let end = closed.shift.end.clone().context("the shift has ended")?;
        ensure!(
            (end.expected, end.count) == (Fen::new(expected), count),
            "{expected} fen should have been there, and {counted} were counted: {:?}",
            closed.shift
        );
        let desk = &mut self.desks[counter];
        let by = desk.staff.name();
        desk.drawer.shifts[shift].end = Some(ShiftEnd {
            at: now,
            by,
            expected,
            counted,
            left,
            approved_by,
        });
        let tally = &mut self.tally.desk;
        tally.shifts_closed += 1;
        tally.counted_wrong += u64::from(difference != 0);
        tally.differences_approved += u64::from(approved_by.is_some());
        tally.counted_blind += u64::from(blind);
        tally.below_nothing += u64::from(expected < 0);
        Ok(true)
    }

    /// The same count once more with a manager's yes, and who gave it. `None`: the manager's door is shut.
    fn close_approved(
        &mut self,
        counter: usize,
        now: Timestamp,
        closing: &Closing,
        (shift, counted, expected): (ShiftId, i64, i64),
    ) -> anyhow::Result<Option<(till_app::shift::ShiftPicture, Option<&'static str>)>> {
        if !self.desks[counter].staff.staffed {
            self.desks[counter].staff.counted(shift, counted, expected);
            let closed =
                self.till(counter)?
                    .close_shift(now, closing.clone(), Some(&Credential::Confirmed))?;
            return Ok(Some((closed, Some("confirmed, no users"))));
        }
        let manager = MANAGER.id;
        for right in [self.rng.random_bool(0.7), true] {
            self.desks[counter].staff.counted(shift, counted, expected);
            let entered = self.enter(counter, MANAGER, right, |till, now, pin| {
                till.close_shift(now, closing.clone(), Some(&Credential::Pin { manager, pin }))
            })?;
            if let Some(closed) = entered {
                self.tally.desk.overrides += 1;
                return Ok(Some((closed.context("closed")?, Some(MANAGER.name))));
            }
        }
        Ok(None)
    }

    fn move_cash(&mut self, counter: usize) -> anyhow::Result<()> {
        self.go_on_duty(counter)?;
        let now = self.clock(counter);
        let click = format!("move {}", self.tally.desk.moves_by_name);
        let reason = *REASONS.choose(&mut self.rng).context("a reason")?;
        let drawer = &self.desks[counter].drawer;
        let held = drawer.open().map(|shift| drawer.should_hold(shift));
        let into = self.rng.random_bool(0.5);
        let most = if into { 30_000 } else { held.unwrap_or(1) };
        if most < 1 {
            return Ok(());
        }
        let amount = self.rng.random_range(1..=most);
        let direction = if into { Direction::In } else { Direction::Out };
        let (nameless, again) = (self.rng.random_bool(0.2), self.rng.random_bool(0.2));
        let till = self.till(counter)?;
        if held.is_none() {
            let outside = till.move_cash(now, &click, direction, Fen::new(amount), reason);
            ensure!(
                matches!(outside, Err(Refusal::NoShift)),
                "outside a shift no cash moves by name: {outside:?}"
            );
            return Ok(());
        }
        if nameless {
            let refused = till.move_cash(now, &click, direction, Fen::new(amount), " ");
            ensure!(
                matches!(refused, Err(Refusal::ReasonMissing)),
                "not without a reason: {refused:?}"
            );
        }
        for _ in 0..=usize::from(again) {
            till.move_cash(now, &click, direction, Fen::new(amount), reason)?;
        }
        let hand = if into { Hand::In(amount) } else { Hand::Out(amount) };
        self.handed(counter, hand, reason);
        self.tally.desk.moves_by_name += 1;
        Ok(())
    }
}

/// So many fen in the largest notes and coins.
fn in_notes(mut fen: i64) -> anyhow::Result<DrawerCount> {
    let mut pieces = Vec::new();
    for piece in DENOMINATIONS {
        pieces.push((piece, u32::try_from(fen / piece.get())?));
        fen %= piece.get();
    }
    Ok(DrawerCount::parse(pieces)?)
}
