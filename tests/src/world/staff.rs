//! Who is at a simulated counter: signing in and out, wrong PINs, a till that locks itself, and acts that a manager has to
//! approve. What must come of each is foreseen here, and what the journal must say of it is written down beside.

use std::fmt::Debug;

use anyhow::{Context, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use rand::RngExt as _;
use till_app::approval::{Act, Approval, Credential};
use till_app::{Refusal, Till};
use till_core::{Fen, Pin, ShiftId};

use super::World;
use crate::network::later;
use crate::people::{MANAGER, PEOPLE, Person};

/// What the journal tells of people, each with its words.
const TOLD: [&str; 6] = [
    "signed_in",
    "locked",
    "locked_idle",
    "pin_wrong",
    "approved",
    "shift_counted",
];
/// Wrong PINs that are free.
const FREE: u32 = 3;
/// More rows than the journal of a day has.
const ROWS_MAX: u32 = 100_000;

/// The people of a counter as the test knows them.
#[derive(Debug)]
pub(super) struct Staff {
    /// They have PINs.
    pub(super) staffed: bool,
    pub(super) at_till: Option<Person>,
    /// The till locks itself after that.
    pub(super) idle: SignedDuration,
    last_act: Timestamp,
    wrong: [WrongPins; PEOPLE.len()],
    told: Vec<(&'static str, String)>,
    /// So many of these are told by Zs.
    in_zs: usize,
}

/// Wrong PINs of one person in a row.
#[derive(Debug, Clone, Copy, Default)]
struct WrongPins {
    in_a_row: u32,
    last: Option<Timestamp>,
}

impl WrongPins {
    /// Half a minute after the third, twice as long after each further one, a quarter of an hour at most. A clock that was set
    /// back opens the door.
    fn shut_until(self, now: Timestamp) -> Option<Timestamp> {
        let over = self.in_a_row.checked_sub(FREE)?;
        let seconds = [30, 60, 120, 240, 480, 900][usize::try_from(over).unwrap_or(5).min(5)];
        let last = self.last?;
        let until = later(last, SignedDuration::from_secs(seconds));
        (last <= now && now < until).then_some(until)
    }
}

impl Staff {
    pub(super) fn new(staffed: bool, now: Timestamp) -> Self {
        Self {
            staffed,
            at_till: None,
            idle: SignedDuration::from_mins(10),
            last_act: now,
            wrong: [WrongPins::default(); PEOPLE.len()],
            told: Vec::new(),
            in_zs: 0,
        }
    }

    /// As the journal and the reports name them; empty where nobody has a PIN.
    pub(super) fn name(&self) -> &'static str {
        self.at_till.map_or("", |it| it.name)
    }

    /// The same in the journal's words about money.
    fn who(&self) -> &'static str {
        self.at_till.map_or("no users", |it| it.name)
    }

    /// The journal has to tell of an approval by now.
    pub(super) fn approved(&mut self, act: Act) {
        let by = if self.staffed {
            MANAGER.name
        } else {
            "confirmed, no users"
        };
        let at_till = self.at_till.map_or("nobody", |it| it.name);
        self.told.push((
            "approved",
            format!("{}: {by}; at the till: {at_till}", act.word()),
        ));
    }

    /// The journal has to tell of a count by now, whether the shift ends by it or not.
    pub(super) fn counted(&mut self, shift: ShiftId, counted: i64, expected: i64) {
        let (counted, expected) = (Fen::new(counted), Fen::new(expected));
        let row = format!(
            "{}: {}, counted {counted}, expected {expected}",
            shift.0,
            self.who()
        );
        self.told.push(("shift_counted", row));
    }

    /// After a start nobody is at the till.
    pub(super) fn gone(&mut self) {
        self.at_till = None;
    }

    /// What a Z made now has to tell: approvals, and wrong PINs.
    pub(super) fn exceptions(&mut self) -> (u32, u32) {
        let since = &self.told[self.in_zs..];
        let count = |what| since.iter().filter(|it| it.0 == what).count();
        let counts = (count("approved"), count("pin_wrong"));
        self.in_zs = self.told.len();
        let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
        (number(counts.0), number(counts.1))
    }
}

impl World {
    /// Somebody enters a PIN for an act. `None`: it was wrong, or was not looked at, and nothing was done.
    pub(super) fn enter<T: Debug>(
        &mut self,
        counter: usize,
        who: Person,
        right: bool,
        act: impl FnOnce(&mut Till, Timestamp, Pin) -> Result<T, Refusal>,
    ) -> anyhow::Result<Option<Result<T, Refusal>>> {
        let now = self.clock(counter);
        let pin = if right { who.pin()? } else { Pin::parse("0000")? };
        let came = act(self.till(counter)?, now, pin);
        let staff = &mut self.desks[counter].staff;
        let wrong = &mut staff.wrong[who.place()];
        let shut = |came: &Result<T, Refusal>, until: Timestamp| matches!(came, Err(Refusal::PinShut { until: told }) if *told == until);
        if let Some(until) = wrong.shut_until(now) {
            ensure!(
                shut(&came, until),
                "{}: no PIN is looked at until {until}, but at {now} {came:?}",
                who.name
            );
            self.tally.desk.pins_shut += 1;
            return Ok(None);
        }
        if right {
            *wrong = WrongPins::default();
            return Ok(Some(came));
        }
        wrong.in_a_row += 1;
        wrong.last = Some(now);
        let foreseen = match wrong.shut_until(now) {
            Some(until) => shut(&came, until),
            None => matches!(came, Err(Refusal::PinWrong)),
        };
        ensure!(
            foreseen,
            "{}: a wrong PIN opens nothing, and the third in a row shuts the door: {came:?}",
            who.name
        );
        let row = format!("{}, {} in a row", who.name, wrong.in_a_row);
        staff.told.push(("pin_wrong", row));
        self.tally.desk.pins_wrong += 1;
        Ok(None)
    }

    /// Somebody is at the till, and does something.
    pub(super) fn sign_on(&mut self, counter: usize) -> anyhow::Result<()> {
        if !self.desks[counter].staff.staffed {
            return Ok(());
        }
        let now = self.clock(counter);
        if self.desks[counter].staff.at_till.is_none() {
            let refused = self.till(counter)?.pay(now, "nobody's click");
            ensure!(
                matches!(refused, Err(Refusal::Locked)),
                "a till that nobody has signed in at sells nothing: {refused:?}"
            );
        } else if self.rng.random_bool(0.1) {
            // The next one takes over, and the one before does not always lock up.
            if self.rng.random_bool(0.5) {
                self.lock(counter)?;
            }
        } else {
            self.till(counter)?.attend(now).context("somebody is there")?;
            self.desks[counter].staff.last_act = now;
            return Ok(());
        }
        let first = self.rng.random_range(0..PEOPLE.len());
        for nth in 0..PEOPLE.len() {
            let who = PEOPLE[(first + nth) % PEOPLE.len()];
            if self.rng.random_bool(0.1) {
                self.enter(counter, who, false, |till, now, pin| {
                    till.sign_in(now, who.id, &pin)
                })?;
            }
            let entered = self.enter(counter, who, true, |till, now, pin| {
                till.sign_in(now, who.id, &pin)
            })?;
            if let Some(signed_in) = entered {
                signed_in.context("the right PIN signs in")?;
                let staff = &mut self.desks[counter].staff;
                staff.told.push(("signed_in", who.name.to_owned()));
                staff.at_till = Some(who);
                staff.last_act = now;
                self.tally.desk.signed_in += 1;
                return Ok(());
            }
        }
        bail!("the doors of three people are not shut at once")
    }

    /// Whoever is at the till leaves.
    pub(super) fn lock(&mut self, counter: usize) -> anyhow::Result<()> {
        let now = self.clock(counter);
        self.till(counter)?.lock(now)?;
        let staff = &mut self.desks[counter].staff;
        if let Some(who) = staff.at_till.take() {
            staff.told.push(("locked", who.name.to_owned()));
        }
        Ok(())
    }

    /// The tills look at their clocks, and lock themselves when nobody has been there for as long as the house allows.
    pub(super) fn look_up(&mut self) -> anyhow::Result<()> {
        for counter in 0..self.counters.len() {
            let now = self.clock(counter);
            let staff = &mut self.desks[counter].staff;
            let Some(till) = self.counters[counter].till.as_mut().filter(|_| staff.staffed) else {
                continue;
            };
            till.lock_if_idle(now);
            if let Some(who) = staff.at_till
                && now.duration_since(staff.last_act) >= staff.idle
            {
                staff.told.push(("locked_idle", who.name.to_owned()));
                staff.at_till = None;
                self.tally.desk.locked_idle += 1;
            }
            ensure!(
                till.unlocked().is_ok() == staff.at_till.is_some(),
                "till {}: {:?} is there, last seen at {} of {now}, and it is {:?}",
                counter + 1,
                staff.at_till,
                staff.last_act,
                till.unlocked()
            );
        }
        Ok(())
    }

    /// A manager is asked to approve an act. Not always with the right PIN at first; `None`: it was not approved, and is not
    /// done.
    pub(super) fn approval(&mut self, counter: usize, act: Act) -> anyhow::Result<Option<Approval>> {
        let now = self.clock(counter);
        let staffed = self.desks[counter].staff.staffed;
        if self.rng.random_bool(0.1) {
            let shown = staffed.then_some(Credential::Confirmed);
            let refused = self.till(counter)?.approve(now, act, shown.as_ref());
            let needed = match (&refused, staffed) {
                (Err(Refusal::NeedsManager), true) | (Err(Refusal::NeedsConfirmation), false) => true,
                (Ok(_) | Err(_), _) => false,
            };
            ensure!(needed, "nothing is approved by nobody: {refused:?}");
        }
        if !staffed {
            return self.approved(counter, act).map(Some);
        }
        if self.rng.random_bool(0.1) {
            let cashier = PEOPLE[self.rng.random_range(1..PEOPLE.len())];
            let shown = self.enter(counter, cashier, true, |till, now, pin| {
                let manager = cashier.id;
                till.approve(now, act, Some(&Credential::Pin { manager, pin }))
            })?;
            ensure!(
                matches!(shown, None | Some(Err(Refusal::NeedsManager))),
                "a cashier's PIN is nobody's approval: {shown:?}"
            );
        }
        let wrong = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 3][self.rng.random_range(0..15)];
        for _ in 0..wrong {
            self.enter(counter, MANAGER, false, |till, now, pin| {
                let manager = MANAGER.id;
                till.approve(now, act, Some(&Credential::Pin { manager, pin }))
            })?;
        }
        if wrong > 0 && self.rng.random_bool(0.3) {
            self.tally.desk.not_approved += 1;
            return Ok(None);
        }
        let approved = self.by_pin(counter, act)?;
        self.tally.desk.not_approved += u64::from(approved.is_none());
        Ok(approved)
    }

    /// The same without any slip, at a time when nobody's door is shut.
    pub(super) fn approved(&mut self, counter: usize, act: Act) -> anyhow::Result<Approval> {
        if self.desks[counter].staff.staffed {
            return self.by_pin(counter, act)?.context("the manager's door is open");
        }
        let now = self.clock(counter);
        let approval = self
            .till(counter)?
            .approve(now, act, Some(&Credential::Confirmed))?;
        self.desks[counter].staff.approved(act);
        Ok(approval)
    }

    fn by_pin(&mut self, counter: usize, act: Act) -> anyhow::Result<Option<Approval>> {
        let approved = self.enter(counter, MANAGER, true, |till, now, pin| {
            let manager = MANAGER.id;
            till.approve(now, act, Some(&Credential::Pin { manager, pin }))
        })?;
        let Some(approved) = approved else {
            return Ok(None);
        };
        let approval = approved.context("a manager's PIN approves")?;
        ensure!(
            approval.by().is_some_and(|by| by.id == MANAGER.id),
            "by whose PIN it was: {approval:?}"
        );
        self.desks[counter].staff.approved(act);
        self.tally.desk.overrides += 1;
        Ok(Some(approval))
    }

    /// The journal says of people what they did, no more and no less, in its order.
    pub(super) fn people_told(&self, counter: usize) -> anyhow::Result<()> {
        let till = self.counters[counter].till.as_ref().context("the power is on")?;
        let rows = till.db().read().journal().after(0, ROWS_MAX)?;
        let told: Vec<(&str, &str)> = rows
            .iter()
            .filter(|row| TOLD.contains(&row.what.as_str()))
            .map(|row| (row.what.as_str(), row.detail.as_str()))
            .collect();
        let expected = self.desks[counter].staff.told.iter();
        let expected: Vec<(&str, &str)> = expected.map(|(what, detail)| (*what, detail.as_str())).collect();
        let differ = told.iter().zip(&expected).position(|(one, other)| one != other);
        ensure!(
            told == expected,
            "the journal tells of people what they did; from row {differ:?} on it says {told:?}, and they did {expected:?}"
        );
        Ok(())
    }
}
