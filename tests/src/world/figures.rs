//! Money by days and by hours: what a report says of a business day, and the Zs of the hours of the wall clock, held against what
//! customers paid and when. Days and hours are reckoned by the test.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use till_core::{Attempt, DayFigures, Fen, State};
use till_store::StoredZ;

use super::{Tally, World, attempt};
use crate::network::later;
use crate::visit::Visit;

/// The money of a till as its customers know it.
#[derive(Debug, Default)]
pub struct Money {
    /// What WeChat took, and when by its clock.
    pub takings: Vec<(Timestamp, Fen)>,
    /// The cash that a sale was made of, when the whole sum was there, and whether it was all of it.
    cash: Vec<(Timestamp, Fen, bool)>,
    /// Cash that went back of a paid sale.
    back: Vec<(Timestamp, Fen)>,
}

impl Money {
    /// Adds the cash of a visit with these orders.
    pub fn count_cash(&mut self, visit: &Visit, attempts: &[Attempt]) {
        let back = visit.cash_refunds.iter().map(|(at, amount, _)| (*at, *amount));
        self.back.extend(back);
        let rest = attempts.iter().find_map(|it| it.state.paid());
        let rest = rest.map(|payment| payment.time_end);
        self.cash.extend(match (visit.cash, visit.in_cash, rest) {
            (Some((cash, at)), true, _) => Some((at, cash, true)),
            (Some((cash, _)), false, Some(rest)) => Some((rest, cash, false)),
            (Some(_), false, None) | (None, _, _) => None,
        });
    }

    /// The same without cash: for whoever is yet to count it blind.
    fn of_wechat(&self) -> Self {
        Self {
            takings: self.takings.clone(),
            cash: Vec::new(),
            back: Vec::new(),
        }
    }

    fn times(&self) -> impl Iterator<Item = Timestamp> {
        let takings = self.takings.iter().map(|it| it.0);
        let cash = self.cash.iter().map(|it| it.0);
        takings.chain(cash).chain(self.back.iter().map(|it| it.0))
    }

    /// Sales from this time to before that one: how many, and what they came to.
    fn sold(&self, when: impl Fn(Timestamp) -> bool) -> anyhow::Result<(i64, Fen)> {
        let takings = self.takings.iter().filter(|it| when(it.0));
        let cash = self.cash.iter().filter(|it| when(it.0));
        let count = takings.clone().count() + cash.clone().filter(|it| it.2).count();
        let sums = takings.map(|it| it.1).chain(cash.map(|it| it.1));
        Ok((i64::try_from(count)?, Fen::sum(sums)?))
    }
}

impl World {
    /// Each business day's figures are the gateway's takings and the cash that was handed over, on the day on which it was paid.
    pub(crate) fn day_figures(&self, counter: usize, money: &Money, tally: &mut Tally) -> anyhow::Result<()> {
        let till = self.counters[counter].till.as_ref().context("the power is on")?;
        let desk = &self.desks[counter];
        let mut days: BTreeSet<Date> = money.times().map(|at| self.place.day_of(at)).collect();
        days.insert(self.place.day_of(self.began));
        for day in &days {
            let (start, end) = (self.place.start_of(*day)?, self.place.start_of(day.tomorrow()?)?);
            ensure!(
                till.day_of(start) == *day && till.day_of(later(end, SignedDuration::from_nanos(-1))) == *day,
                "{day} lasts from {start} to before {end}"
            );
            let picture = till.day(*day, true)?;
            let open = desk
                .drawer
                .open()
                .map(|shift| desk.drawer.shifts[shift].opened_at);
            let blind = desk.is_blind() && open.is_some_and(|opened_at| opened_at < end);
            ensure!(
                picture.blind == blind,
                "{day}: shown without cash only to who is yet to count it blind ({blind})"
            );
            let money = if blind { &money.of_wechat() } else { money };
            self.one_day(*day, start..end, &picture.figures, money)
                .with_context(|| format!("{day}"))?;
            if money.sold(|at| (start..end).contains(&at))?.0 > 0 {
                tally.time.short += u64::from(picture.figures.hours.len() == 23);
                tally.time.long += u64::from(picture.figures.hours.len() == 25);
            }
        }
        if self.place.starts_at != 0 {
            tally.time.cut_over += 1;
            tally.time.both_sides += u64::from(days.len() > 1);
        }
        Ok(())
    }

    fn one_day(
        &self,
        day: Date,
        time: std::ops::Range<Timestamp>,
        figures: &DayFigures,
        money: &Money,
    ) -> anyhow::Result<()> {
        let of_day = |at: Timestamp| self.place.day_of(at) == day;
        let sums = |those: &[(Timestamp, Fen)]| -> anyhow::Result<(usize, Fen)> {
            let those: Vec<Fen> = those.iter().filter(|it| of_day(it.0)).map(|it| it.1).collect();
            Ok((those.len(), Fen::sum(those.iter().copied())?))
        };
        let told = |it: till_core::CountAndSum| (usize::try_from(it.count).ok(), it.sum);
        let (count, sum) = sums(&money.takings)?;
        ensure!(
            told(figures.wechat) == (Some(count), sum),
            "the report says {:?}, WeChat took {sum} in {count} orders",
            figures.wechat
        );
        let cash: Vec<(Timestamp, Fen)> = money.cash.iter().map(|it| (it.0, it.1)).collect();
        let (count, sum) = sums(&cash)?;
        ensure!(
            told(figures.cash) == (Some(count), sum),
            "the report says {:?}, customers paid {sum} in cash for {count} sales",
            figures.cash
        );
        let (count, sum) = sums(&money.back)?;
        ensure!(
            told(figures.cash_refunded) == (Some(count), sum),
            "the report says {:?}, {count} customers got {sum} back in cash",
            figures.cash_refunded
        );
        let (count, sum) = money.sold(of_day)?;
        ensure!(
            (i64::from(figures.paid.count), figures.paid.sum) == (count, sum),
            "a sale paid in two ways is one: {:?}, not {count} for {sum}",
            figures.paid
        );
        ensure!(figures.waiting.count == 0, "nothing waits in the evening");
        let mut start = time.start;
        for hour in &figures.hours {
            let end = later(start, SignedDuration::from_hours(1));
            let (count, sum) = money.sold(|at| (start..end).contains(&at))?;
            ensure!(
                (i64::from(hour.paid.count), hour.paid.sum) == (count, sum)
                    && hour.hour == self.place.hour_of(start),
                "in the hour from {start} {count} sales came to {sum}, the report says {hour:?}"
            );
            start = end;
        }
        ensure!(
            start == time.end,
            "the hours make the day, from {} to {}, however many there are: {}",
            time.start,
            time.end,
            figures.hours.len()
        );
        Ok(())
    }
}

/// All Zs together have each sale in the hour that the wall clock showed, in one that comes twice as well.
pub(super) fn by_wall_clock(world: &mut World, counter: usize, zs: &[StoredZ]) -> anyhow::Result<()> {
    let till = world.counters[counter].till.as_ref().context("the power is on")?;
    let mut money = Money::default();
    for visit in world.visits.iter().filter(|visit| visit.counter == counter) {
        let attempts = visit.numbers.iter().map(|number| attempt(till, number));
        let attempts = attempts.collect::<anyhow::Result<Vec<_>>>()?;
        for it in &attempts {
            if let State::Paid(payment) = &it.state {
                money.takings.push((payment.time_end, payment.total_fee));
            }
        }
        money.count_cash(visit, &attempts);
    }
    let mut told: BTreeMap<i8, (i64, Fen)> = BTreeMap::new();
    for row in zs.iter().flat_map(|z| &z.report.takings.hours) {
        let (count, sum) = told.entry(row.hour).or_default();
        *count += row.sold.count;
        *sum = sum.plus(row.sold.sum)?;
    }
    for hour in 0..24 {
        let sold = money.sold(|at| world.place.hour_of(at) == hour)?;
        ensure!(
            told.get(&hour) == Some(&sold),
            "at {hour} o'clock {sold:?} was sold, the Zs have {:?}",
            told.get(&hour)
        );
    }
    ensure!(told.len() == 24, "a wall clock has 24 hours: {told:?}");
    let doubled = money.takings.iter().filter(|it| {
        let hour = SignedDuration::from_hours(1);
        let shown = world.place.hour_of(it.0);
        [later(it.0, hour), later(it.0, -hour)]
            .iter()
            .any(|at| world.place.hour_of(*at) == shown)
    });
    world.tally.time.in_doubled_hour += doubled.count() as u64;
    Ok(())
}
