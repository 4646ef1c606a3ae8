//! The Zs of a simulated day: each like the X of its instant, naming what is not settled; all of them together the money
//! that was taken and given back, to the fen, as WeChat's book, its bill and the customers have it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::{Context, ensure};
use jiff::{SignedDuration, Timestamp};
use rand::RngExt as _;
use till_app::Till;
use till_core::{Booked, Fen, Opened, OutTradeNo, Report, State, Takings, Tally};
use till_store::{Pages, StoreError, StoredZ};

use super::bills::fen;
use super::{Event, World, attempt};
use crate::network::later;

impl World {
    /// Somebody closes the day.
    pub(super) fn close_day(&mut self, counter: usize) -> anyhow::Result<()> {
        if self.counters[counter].till.is_none() {
            let at = later(self.now, SignedDuration::from_secs(20));
            self.plan(at, Event::Close { counter });
            return Ok(());
        }
        self.sign_on(counter)?;
        let now = self.clock(counter);
        let click = format!("close {}", self.tally.zs);
        let twice = self.rng.random_bool(0.2);
        let open = self.open_things(counter)?;
        let blind = self.desks[counter].is_blind();
        let till = self.till(counter)?;
        let x = till.x_report(now)?;
        let shown = till.close_day(now, &click, "")?;
        ensure!(
            (x.blind, shown.blind) == (blind, blind),
            "who is yet to count blind is shown a report of WeChat alone: {blind}, {}, {}",
            x.blind,
            shown.blind
        );
        let mut numbered = x.report;
        numbered.head.number = shown.report.head.number;
        ensure!(
            numbered == shown.report,
            "a Z is the X of its instant with a number: {numbered:?}, {:?}",
            shown.report
        );
        if twice {
            let again = till.close_day(now, &click, "")?.report;
            ensure!(
                again == shown.report,
                "a second press of the button makes no second Z"
            );
        }
        let z = till
            .db()
            .read()
            .z_reports()
            .last()?
            .context("a Z was made")?
            .report;
        if blind {
            tells_nothing(&shown.report)?;
            goods_of_wechat(till, &shown.report)?;
        } else {
            ensure!(z == shown.report, "what is kept is what was shown");
        }
        let carried: BTreeSet<(String, Opened)> =
            z.carried.iter().map(|it| (it.number.clone(), it.what)).collect();
        ensure!(
            carried == open && carried.len() == z.carried.len(),
            "the Z names exactly what is not settled: {carried:?}, not {open:?}"
        );
        self.of_its_day(counter, &z)?;
        self.drawer_told(counter, &z)?;
        let staff = &mut self.desks[counter].staff;
        let of = |what: &str| {
            z.exceptions
                .iter()
                .find(|it| it.what == what)
                .map_or(0, |it| it.count)
        };
        let exceptions = (of("approved"), of("pin_wrong"));
        ensure!(
            z.head.by == staff.name(),
            "made by whoever is at the till: {:?}",
            z.head
        );
        let seen = staff.exceptions();
        ensure!(
            exceptions == seen,
            "approvals and wrong PINs since the last Z: it has {exceptions:?}, there were {seen:?}"
        );
        self.tally.zs += 1;
        self.tally.zs_carrying += u64::from(!open.is_empty());
        self.tally.zs_of_earlier_days += u64::from(z.takings.of_earlier_days.count > 0);
        let in_shift = z.drawer.shifts.iter().any(|it| it.counted.is_none());
        self.tally.desk.zs_in_shift += u64::from(in_shift);
        self.tally.desk.zs_blind += u64::from(blind);
        self.look_into_journal(counter)?;
        self.lights_out(counter).map(drop)
    }

    /// A Z is of the day of its last money, or of the moment it was made; and what it names as money of an earlier day is that.
    fn of_its_day(&self, counter: usize, z: &Report) -> anyhow::Result<()> {
        let till = self.counters[counter].till.as_ref().context("the power is on")?;
        let read = till.db().read().z_reports();
        let kept = read.last()?.context("a Z was made")?;
        let books = till.db().read().bookings().on(read.told_by(&kept)?.bookings())?;
        let money = books.iter().filter(|it| it.moves_money() && !it.reversed);
        let last = money.map(|it| it.at).max().unwrap_or(z.head.to).min(z.head.to);
        ensure!(
            z.head.day == self.place.day_of(last),
            "a Z whose last money came at {last} is of {}, not of {}",
            self.place.day_of(last),
            z.head.day
        );
        let first = self.place.day_of(z.head.from).min(z.head.day);
        let mut earlier = Tally::default();
        for it in books.iter().filter(|it| it.moves_money() && !it.goes_out()) {
            if self.place.day_of(it.at) < first {
                let sign = if it.reversed { -1 } else { 1 };
                earlier = earlier.plus(Tally {
                    count: sign,
                    sum: Fen::new(sign * it.amount.get()),
                })?;
            }
        }
        ensure!(
            z.takings.of_earlier_days == earlier,
            "of days before {first} came {earlier:?}, the Z names {:?}",
            z.takings.of_earlier_days
        );
        Ok(())
    }

    /// What is not settled at a counter, by what its customers have left behind.
    fn open_things(&mut self, counter: usize) -> anyhow::Result<BTreeSet<(String, Opened)>> {
        let till = self.counters[counter].till.as_ref().context("the power is on")?;
        let mut open = BTreeSet::new();
        let mine = self.visits.iter().filter(|visit| visit.counter == counter);
        for number in mine.flat_map(|visit| &visit.numbers) {
            let order = attempt(till, number)?;
            let what = match order.state {
                State::Review { .. } => Some(Opened::Review),
                State::Placing | State::AwaitingPayment { .. } | State::Closing { .. } => {
                    Some(Opened::Payment)
                }
                State::Paid(_) | State::Closed { .. } | State::Refused { .. } | State::GivenBack { .. } => {
                    None
                }
            };
            open.extend(what.map(|what| (number.to_string(), what)));
            for stored in till.db().read().refunds().of_order(number)? {
                let what = match (stored.refund.is_final(), stored.refund.needs_person()) {
                    (true, _) => continue,
                    (false, true) => Opened::RefundByHand,
                    (false, false) => Opened::Refund,
                };
                open.insert((stored.refund.out_refund_no.to_string(), what));
            }
        }
        Ok(open)
    }
}

/// Nothing in it says what should be in a drawer that is yet to be counted.
fn tells_nothing(shown: &Report) -> anyhow::Result<()> {
    let going_on = shown.drawer.shifts.iter().filter(|it| it.counted.is_none());
    ensure!(
        shown.takings.cash()? == Tally::default()
            && shown.takings.cash_refunds == Tally::default()
            && shown.drawer.taken == Tally::default()
            && shown.drawer.in_hand == Tally::default()
            && going_on.clone().count() == 1
            && going_on.clone().all(|it| it.expected == Fen::ZERO),
        "a report before a blind count: {shown:?}"
    );
    Ok(())
}

/// The goods that it tells of are those of the sales that no cash has touched, added up sale by sale.
fn goods_of_wechat(till: &Till, shown: &Report) -> anyhow::Result<()> {
    let read = till.db().read();
    let z = read.z_reports().last()?.context("a Z was made")?;
    let told = read.z_reports().told_by(&z)?;
    let mut sales = Vec::new();
    read.bookings().each_on(told.bookings(), |entry| {
        if let Booked::WechatPaid | Booked::WechatLate = entry.booking.what {
            sales.push((entry.sale, if entry.booking.reversed { -1 } else { 1 }));
        }
        Ok::<_, StoreError>(())
    })?;
    let (mut pieces, mut sum, mut off) = (0, 0, 0);
    for (sale, times) in sales {
        if read.cash_moves().of_sale(sale)?.is_empty() {
            for line in read.sales().lines(sale)? {
                pieces += i64::from(line.pieces) * times;
                sum += line.sum()?.get() * times;
                off += line.off()?.get() * times;
            }
        }
    }
    let items = Fen::sum(shown.items.iter().map(|it| it.sum))?;
    ensure!(
        (shown.pieces(), items.get(), shown.discounts.sum.get()) == (pieces, sum, off),
        "a report before a blind count has the goods of WeChat's sales alone, {pieces} for {sum} fen less {off}: {shown:?}"
    );
    Ok(())
}

/// The end of the day: a person decides what there is to decide, what follows is lived through, and the day is closed.
pub(super) fn last(world: &mut World) -> anyhow::Result<()> {
    world.now = later(world.now, SignedDuration::from_secs(60));
    world.network.set_now(world.now);
    world.last_trouble = world.now;
    for counter in 0..world.counters.len() {
        world.decide(counter)?;
    }
    world.run()?;
    for counter in 0..world.counters.len() {
        // Most drawers are counted before the day is closed; a shift that goes on is no reason not to close it.
        if world.rng.random_bool(0.7) {
            world.end_shift(counter)?;
        }
        world.close_day(counter)?;
        world.people_told(counter)?;
        let till = world.counters[counter].till.as_ref().context("the power is on")?;
        let zs = numbered(till)?;
        money(world, counter, &zs)?;
        goods(world, counter, &zs)?;
        super::figures::by_wall_clock(world, counter, &zs)?;
        let till = world.counters[counter].till.as_ref().context("the power is on")?;
        let check = till.db().read().self_check();
        ensure!(check.holds(), "the shop's own proof holds, but: {check:?}");
    }
    Ok(())
}

/// The Zs of a till, oldest first: 1, 2, 3 …
fn numbered(till: &Till) -> anyhow::Result<Vec<StoredZ>> {
    let mut zs = till.db().read().z_reports().before(None, 1_000)?;
    zs.reverse();
    for (z, number) in zs.iter().zip(1..) {
        ensure!(z.number.0 == number, "Z {number} is not there");
    }
    Ok(zs)
}

fn sum(zs: &[StoredZ], of: impl Fn(&Takings) -> Tally) -> anyhow::Result<Tally> {
    let all = zs.iter().map(|z| of(&z.report.takings));
    Ok(all.into_iter().try_fold(Tally::default(), Tally::plus)?)
}

/// All Zs == all of the books == what WeChat and the customers say.
fn money(world: &World, counter: usize, zs: &[StoredZ]) -> anyhow::Result<()> {
    let till = world.counters[counter].till.as_ref().context("the power is on")?;
    let last: &Report = &zs.last().context("the day was closed")?.report;
    let to = till.db().read().bookings().last()?;
    let books = till.db().read().bookings().on(Pages { from: 0, to })?;
    let calendar = &till.config().shop.calendar;
    let all = Takings::of(calendar, world.began, books)?;
    ensure!(
        (last.totals.sold, last.totals.net) == (all.sold()?, all.net()?),
        "the Zs together are the books: {:?}, {all:?}",
        last.totals
    );
    let prefix = format!("T{:02}-", counter + 1);
    let mut taken = Tally::default();
    for view in world.network.with(|gateway, now| gateway.orders(now)) {
        if !view.out_trade_no.starts_with(&prefix) || view.paid_at.is_none() {
            continue;
        }
        let order = attempt(till, &OutTradeNo::parse(&view.out_trade_no)?)?;
        if matches!(order.state, State::Review { .. }) {
            let number = order.out_trade_no.to_string();
            ensure!(
                last.carried.iter().any(|it| it.number == number),
                "{number}: money that nobody has decided about is named by the last Z"
            );
            continue;
        }
        taken = taken.plus(Tally {
            count: 1,
            sum: fen(view.total_fee)?,
        })?;
    }
    let told = sum(zs, |it| it.wechat().unwrap_or_default())?;
    ensure!(
        told == taken,
        "the Zs have {told:?} of WeChat, WeChat took {taken:?}"
    );
    let mut back = Tally::default();
    for view in world.network.with(|gateway, now| gateway.refunds(now)) {
        if view.out_trade_no.starts_with(&prefix) && view.status != "REFUNDCLOSE" {
            back = back.plus(Tally {
                count: 1,
                sum: fen(view.refund_fee)?,
            })?;
        }
    }
    let told = sum(zs, |it| it.wechat_refunded().unwrap_or_default())?;
    ensure!(
        told == back,
        "the Zs have {told:?} given back, WeChat gave {back:?}"
    );
    let mine = || world.visits.iter().filter(|visit| visit.counter == counter);
    let mut back = Tally::default();
    for (_, sum, _) in mine().flat_map(|visit| &visit.cash_refunds) {
        back = back.plus(Tally { count: 1, sum: *sum })?;
    }
    let told = sum(zs, |it| it.cash_refunds)?;
    ensure!(
        told == back,
        "the Zs have {told:?} given back in cash, customers got {back:?}"
    );
    let handed_over = Fen::sum(mine().filter_map(|visit| Some(visit.cash?.0)))?;
    let told = sum(zs, |it| it.cash().unwrap_or_default())?;
    ensure!(
        told.sum.plus(last.drawer.in_hand.sum)? == handed_over,
        "customers handed over {handed_over} in cash for sales and what is in hand; the Zs have {told:?}, in hand is {:?}",
        last.drawer.in_hand
    );
    Ok(())
}

/// What was sold by the Zs, less what came back by them, is what customers have carried home.
fn goods(world: &World, counter: usize, zs: &[StoredZ]) -> anyhow::Result<()> {
    let till = world.counters[counter].till.as_ref().context("the power is on")?;
    let pieces: i64 = zs
        .iter()
        .map(|z| {
            let of = |items: &[till_core::ItemLine]| items.iter().map(|it| it.pieces).sum::<i64>();
            of(&z.report.items) - of(&z.report.returned)
        })
        .sum();
    let (mut home, mut off) = (0, Fen::ZERO);
    for visit in world.visits.iter().filter(|visit| visit.counter == counter) {
        let mut sales = i64::from(visit.in_cash);
        for number in &visit.numbers {
            sales += i64::from(matches!(attempt(till, number)?.state, State::Paid(_)));
        }
        home += sales * i64::try_from(visit.sold.len())?;
        off = off.plus(visit.off.times(u32::try_from(sales)?)?)?;
        for (_, _, goods) in &visit.cash_refunds {
            home -= i64::try_from(goods.len())?;
        }
        if let Some((number, goods)) = &visit.refund {
            let refunds = world.network.with(|gateway, now| gateway.refunds(now));
            let closed = |status: &str| status == "REFUNDCLOSE";
            let ended = refunds.iter().find(|it| it.out_refund_no == number.as_str());
            if ended.is_some_and(|it| !closed(it.status)) {
                home -= i64::try_from(goods.len())?;
            }
        }
    }
    ensure!(
        pieces == home,
        "the Zs sold {pieces} pieces, customers have {home}"
    );
    let told = Fen::sum(zs.iter().map(|z| z.report.discounts.sum))?;
    ensure!(
        told == off,
        "{off} was taken off what was sold, the Zs have {told}"
    );
    Ok(())
}

/// The next morning: what WeChat's bills say to the Zs. Each has its own payments, to the fen, and names exactly the money of
/// its time that no Z tells of; all of them together differ by that and by the refunds that a person has to hand over, for
/// which WeChat still has the money, and by nothing else.
pub(super) fn held_against_bills(world: &mut World, counter: usize) -> anyhow::Result<()> {
    let till = world.counters[counter].till.as_ref().context("the power is on")?;
    let zs = numbered(till)?;
    let (mut difference, mut billed) = (Fen::ZERO, Fen::ZERO);
    let (mut undecided, mut once) = (Fen::ZERO, BTreeSet::new());
    // What came before the first Z, by whichever clock, is the first Z's. By a clock that was set back a Z may end before the one
    // before it: what both times cover is the earlier one's.
    let mut told = Timestamp::MIN;
    for z in &zs {
        let head = &z.report.head;
        let mine = undecided_in(world, counter, told..head.to)?;
        world.tally.time.zs_out_of_order += u64::from(head.to < told);
        told = told.max(head.to);
        let provider = till.provider(z.number)?.run()?.provider;
        ensure!(
            provider.waiting.is_empty(),
            "Z {}: every bill is there by now, but {:?}",
            z.number.0,
            provider.waiting
        );
        difference = difference.plus(provider.difference)?;
        ensure!(
            provider.unexplained()? == Fen::ZERO && provider.missing == 0,
            "Z {}: each fen of the difference has a cause that is named: {provider:?}",
            z.number.0
        );
        billed = billed.plus(provider.paid.sum.minus(provider.refunded.sum)?)?;
        let takings = &z.report.takings;
        ensure!(
            provider.paid == takings.wechat()?,
            "Z {}: {:?} on the bills, {:?} in the Z",
            z.number.0,
            provider.paid,
            takings.wechat()?
        );
        let named: BTreeMap<String, Fen> = provider
            .unbooked
            .iter()
            .map(|it| (it.number.clone(), it.amount))
            .collect();
        ensure!(
            named == mine && named.len() == provider.unbooked.len(),
            "Z {}: {:?} is on no books, and named is {:?}",
            z.number.0,
            mine,
            provider.unbooked
        );
        for (number, amount) in mine {
            undecided = undecided.plus(amount)?;
            ensure!(
                once.insert(number.clone()),
                "{number} is named by one Z, not by two"
            );
        }
    }
    let prefix = format!("T{:02}-", counter + 1);
    let mut by_hand = Fen::ZERO;
    for view in world.network.with(|gateway, now| gateway.refunds(now)) {
        if !view.out_trade_no.starts_with(&prefix) {
            continue;
        }
        world.tally.refunds += 1;
        world.tally.refunds_ill += u64::from(view.status != "SUCCESS");
        if view.status == "CHANGE" {
            by_hand = by_hand.plus(fen(view.refund_fee)?)?;
        }
    }
    let nets = zs.iter().map(|z| z.report.takings.wechat_net());
    let net = Fen::sum(nets.collect::<Result<Vec<_>, _>>()?)?;
    ensure!(
        difference == by_hand.plus(undecided)?,
        "the bills differ from the Zs by {difference}, by hand goes {by_hand}, undecided is {undecided}"
    );
    ensure!(
        billed == net.plus(by_hand)?,
        "the bills of these orders come to {billed}, the Zs to {net} and {by_hand} by hand"
    );
    Ok(())
}

/// What was paid at WeChat in that time and waits for a person's decision.
fn undecided_in(
    world: &World,
    counter: usize,
    time: Range<Timestamp>,
) -> anyhow::Result<BTreeMap<String, Fen>> {
    let till = world.counters[counter].till.as_ref().context("the power is on")?;
    let prefix = format!("T{:02}-", counter + 1);
    let mut undecided = BTreeMap::new();
    for view in world.network.with(|gateway, now| gateway.orders(now)) {
        // A bill has whole seconds.
        let second = view
            .paid_at
            .and_then(|at| Timestamp::from_second(at.as_second()).ok());
        let paid = second.is_some_and(|at| time.contains(&at));
        if !paid || !view.out_trade_no.starts_with(&prefix) {
            continue;
        }
        let order = attempt(till, &OutTradeNo::parse(&view.out_trade_no)?)?;
        if matches!(order.state, State::Review { .. }) {
            undecided.insert(view.out_trade_no, fen(view.total_fee)?);
        }
    }
    Ok(undecided)
}
