//! The morning after a simulated day: every till fetches its bills through errors and power cuts, and its ledger is held
//! against them. Named are exactly the differences that follow from the day.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use till_app::{AgreementPicture, BillStanding, bill_ready_at};
use till_core::{Attempt, Cause, Fen, OutRefundNo, OutTradeNo, RefundStanding, State, Subject, bill_date};
use wechat_pay_sim::{Call, Fault, OrderView, RefundView, Times};

use super::{World, at_once, attempt};
use crate::counter::Counter;
use crate::network::later;

/// What may go wrong with a bill's call; none of it gives half a bill.
const FAULTS: &[Fault] = &[
    Fault::DropBefore,
    Fault::DropAfter,
    Fault::Hang,
    Fault::SystemError,
    Fault::FrequencyLimited,
    Fault::Html502,
    Fault::Redirect,
    Fault::EmptyBody,
    Fault::Truncated,
];
/// More questions and pauses than any bill needs: where WeChat's word that nothing happened is not believed, it is asked for again
/// every hour for a day, and each power cut begins anew.
const ASKED_MAX: u32 = 500;

/// Differences in short: what each is about and its kind; what is counted here, on the bill, and why.
pub(super) type Named = BTreeMap<(Subject, &'static str), (Fen, Fen, Cause)>;

/// One of them.
pub(super) fn named(subject: Subject, here: Fen, there: Fen, cause: Cause) -> Named {
    Named::from([((subject, cause.word()), (here, there, cause))])
}

/// Lives through the next morning.
pub(super) fn morning(world: &mut World) -> anyhow::Result<()> {
    // A till's clock may have had a day that WeChat's had not.
    let shown = |at: Timestamp| {
        let clocks = world.counters.iter().map(|it| &it.clocks);
        let tills: Vec<Date> = clocks.map(|clocks| bill_date(clocks.of_till(at))).collect();
        (bill_date(at), tills)
    };
    let (began, ended) = (shown(world.began), shown(world.now));
    let first = began.1.into_iter().fold(began.0, Date::min);
    let last = ended.1.into_iter().fold(ended.0, Date::max);
    world.now = bill_ready_at(last).context("the next morning")?;
    world.network.set_now(world.now);
    for counter in 0..world.counters.len() {
        fetch(world, counter, first)?;
        for date in first
            .series(jiff::Span::new().days(1))
            .take_while(|date| *date <= last)
        {
            let natural = expected(world, counter, date)?;
            let picture = agreement(world, counter, date)?;
            compare(&picture, &natural, "as the day was")?;
            sums(world, counter, &picture)?;
            world.tally.bills += 1;
            world.tally.late_named += natural.len() as u64;
        }
        super::closing::held_against_bills(world, counter)?;
        super::planted::plant(world, counter, first)?;
    }
    Ok(())
}

/// Until every bill is there. The power may fail between question and answer.
fn fetch(world: &mut World, counter: usize, first: Date) -> anyhow::Result<()> {
    let mut troubled = world.rng.random_range(0..4);
    for _ in 0..ASKED_MAX {
        let (now, shown) = (world.now, world.clock(counter));
        let Counter {
            till: Some(till),
            client,
            clocks,
            ..
        } = &mut world.counters[counter]
        else {
            anyhow::bail!("the power is on in the morning")
        };
        let Some(job) = till.begin_bill(shown) else {
            let Some(due) = till
                .next_bill_due()
                .map(|due| clocks.time_of(due))
                .filter(|due| *due <= later(now, SignedDuration::from_hours(2)))
            else {
                return all_there(world, counter, first);
            };
            world.now = world.now.max(due);
            world.network.set_now(world.now);
            continue;
        };
        if troubled > 0 {
            troubled -= 1;
            let fault = *FAULTS.choose(&mut world.rng).context("a fault")?;
            world.network.with(|gateway, _| {
                gateway
                    .faults_mut()
                    .set(Call::DownloadBill, fault, Times::Count(1))
            });
            world.tally.bills_troubled += 1;
        }
        let reply = at_once(till_app::carry_out_bill(client, job))?;
        if world.counters[counter].survives() && world.rng.random_bool(0.1) {
            let torn = world.rng.random_bool(0.5);
            world.counters[counter].power_off(torn)?;
            world.counters[counter].power_on(now)?;
            world.desks[counter].staff.gone();
            world.tally.crashes += 1;
            continue;
        }
        if let Some(till) = &mut world.counters[counter].till {
            till.finish_bill(shown, reply);
        }
    }
    anyhow::bail!("the till asks for bills in a circle")
}

fn all_there(world: &World, counter: usize, first: Date) -> anyhow::Result<()> {
    let till = world.counters[counter].till.as_ref().context("the power is on")?;
    let placed = till.db().read().attempts().first_placed_at()?;
    let Some(first) = placed.map(bill_date).map(|date| date.max(first)) else {
        return Ok(());
    };
    let kept = till.db().read().bills().since(first)?.len();
    let days = first.duration_until(bill_date(world.now)).as_hours() / 24;
    ensure!(
        i64::try_from(kept) == Ok(days),
        "a bill for each of the {days} days since the first order, not {kept}"
    );
    Ok(())
}

pub(super) fn agreement(world: &World, counter: usize, date: Date) -> anyhow::Result<AgreementPicture> {
    let till = world.counters[counter].till.as_ref().context("the power is on")?;
    Ok(till.agreement(world.clock(counter), date)?.run()?)
}

fn all_named(picture: &AgreementPicture) -> Named {
    let differences = picture.agreement.iter().flat_map(|it| &it.differences);
    differences
        .flat_map(|it| named(it.subject.clone(), it.here, it.there, it.cause.clone()))
        .collect()
}

pub(super) fn compare(picture: &AgreementPicture, expected: &Named, when: &str) -> anyhow::Result<()> {
    let found = all_named(picture);
    let count = picture.agreement.as_ref().map_or(0, |it| it.differences.len());
    let surplus: Vec<_> = found
        .iter()
        .filter(|it| !expected.iter().any(|other| other == *it))
        .collect();
    let missing: Vec<_> = expected
        .iter()
        .filter(|it| !found.iter().any(|other| other == *it))
        .collect();
    ensure!(
        found == *expected && count == found.len(),
        "{} {when}: named without a reason {surplus:?}, not named {missing:?}, {count} in all",
        picture.date
    );
    Ok(())
}

/// WeChat's orders of this till that were paid on that day.
pub(super) fn paid_orders(world: &World, counter: usize, date: Date) -> Vec<OrderView> {
    let prefix = format!("T{:02}-", counter + 1);
    let orders = world.network.with(|gateway, now| gateway.orders(now));
    orders
        .into_iter()
        .filter(|it| it.out_trade_no.starts_with(&prefix))
        .filter(|it| it.paid_at.is_some_and(|at| bill_date(at) == date))
        .collect()
}

pub(super) fn order(number: &str) -> Subject {
    Subject::Order {
        out_trade_no: number.to_owned(),
    }
}

pub(super) fn fen(amount: wechat_pay_sim::Fen) -> anyhow::Result<Fen> {
    Ok(Fen::new(i64::try_from(amount.get())?))
}

pub(super) fn ours(world: &World, counter: usize, number: &str) -> anyhow::Result<Attempt> {
    let till = world.counters[counter].till.as_ref().context("the power is on")?;
    attempt(till, &OutTradeNo::parse(number)?)
}

/// What must differ after an honest day: payments that wait for a decision, and nothing else.
pub(super) fn expected(world: &World, counter: usize, date: Date) -> anyhow::Result<Named> {
    let mut expected = Named::new();
    for view in paid_orders(world, counter, date) {
        if let State::Review { why, .. } = ours(world, counter, &view.out_trade_no)?.state {
            let amount = fen(view.total_fee)?;
            let cause = Cause::Review {
                why,
                amount,
                on_bill: true,
            };
            expected.extend(named(order(&view.out_trade_no), Fen::ZERO, amount, cause));
        }
    }
    for day in [date.yesterday()?, date, date.tomorrow()?] {
        for view in refunds_of(world, counter, day) {
            if let Some((here, there, cause)) = refund_named(world, counter, date, &view)? {
                expected.extend(named(refund(&view), here, there, cause));
            }
        }
    }
    Ok(expected)
}

/// What must be named about a refund that WeChat took on that day or beside it: that it did not end well, or that it was sent
/// on one side of midnight by the till's clock and taken on the other by WeChat's.
fn refund_named(
    world: &World,
    counter: usize,
    date: Date,
    view: &RefundView,
) -> anyhow::Result<Option<(Fen, Fen, Cause)>> {
    let till = world.counters[counter].till.as_ref().context("the power is on")?;
    let stored = till
        .db()
        .read()
        .refunds()
        .get(&OutRefundNo::parse(&view.out_refund_no)?)?;
    let ours = stored.context("a refund in the ledger")?.refund;
    let here = bill_date(ours.sent_at.context("it was sent")?);
    let there = bill_date(view.requested);
    let amount = fen(view.refund_fee)?;
    let boundary = Cause::DayBoundary {
        here,
        there: Some(there),
    };
    Ok(match view.status {
        "SUCCESS" if here == there => None,
        "SUCCESS" if there == date => Some((Fen::ZERO, amount, boundary)),
        "SUCCESS" if here == date => Some((amount, Fen::ZERO, boundary)),
        "SUCCESS" => None,
        _ if there == date => Some((
            Fen::ZERO,
            amount,
            Cause::RefundDiffers {
                here: RefundStanding::Failed,
                there: RefundStanding::Failed,
            },
        )),
        _ => None,
    })
}

/// WeChat's refunds of this till that it took on that day.
pub(super) fn refunds_of(world: &World, counter: usize, date: Date) -> Vec<RefundView> {
    let prefix = format!("T{:02}-", counter + 1);
    let refunds = world.network.with(|gateway, now| gateway.refunds(now));
    refunds
        .into_iter()
        .filter(|it| it.out_trade_no.starts_with(&prefix) && bill_date(it.requested) == date)
        .collect()
}

pub(super) fn refund(view: &RefundView) -> Subject {
    Subject::Refund {
        out_refund_no: view.out_refund_no.clone(),
        out_trade_no: view.out_trade_no.clone(),
    }
}

/// The sums are the gateway's own, to the fen, for this till and for the others.
fn sums(world: &mut World, counter: usize, picture: &AgreementPicture) -> anyhow::Result<()> {
    let Some(agreement) = &picture.agreement else {
        // Before the till's first order there is nothing to agree with.
        ensure!(
            picture.standing == BillStanding::OutOfReach,
            "{}: the bill is there by now, not {:?}",
            picture.date,
            picture.standing
        );
        return Ok(());
    };
    for other in 0..world.counters.len() {
        let orders = paid_orders(world, other, picture.date);
        let amounts = orders.iter().map(|it| fen(it.total_fee));
        let sum = Fen::sum(amounts.collect::<anyhow::Result<Vec<_>>>()?)?;
        let side = if other == counter {
            agreement.there
        } else {
            let side = agreement.other_tills.get(&format!("T{:02}", other + 1));
            side.copied().unwrap_or_default()
        };
        ensure!(
            side.paid.sum == sum && usize::try_from(side.paid.count) == Ok(orders.len()),
            "{}: the bill has {:?} for till {}, WeChat took {sum} in {} orders",
            picture.date,
            side.paid,
            other + 1,
            orders.len()
        );
    }
    ensure!(
        agreement.here.paid.sum
            == agreement
                .there
                .paid
                .sum
                .minus(undecided(world, counter, picture.date)?)?,
        "{}: {:?} here, {:?} on the bill",
        picture.date,
        agreement.here.paid,
        agreement.there.paid
    );
    across(world, counter, picture.date, agreement.here.paid.sum)?;
    let refunds = refunds_of(world, counter, picture.date);
    let back = Fen::sum(
        refunds
            .iter()
            .map(|it| fen(it.refund_fee))
            .collect::<anyhow::Result<Vec<_>>>()?,
    )?;
    ensure!(
        agreement.there.refunded.sum == back
            && usize::try_from(agreement.there.refunded.count) == Ok(refunds.len()),
        "{}: the bill has {:?}, WeChat took {back} back in {} refunds",
        picture.date,
        agreement.there.refunded,
        refunds.len()
    );
    Ok(())
}

/// What was paid on that day and waits for a decision: it counts on the bill alone.
fn undecided(world: &World, counter: usize, date: Date) -> anyhow::Result<Fen> {
    let mut sum = Fen::ZERO;
    for view in paid_orders(world, counter, date) {
        if matches!(
            ours(world, counter, &view.out_trade_no)?.state,
            State::Review { .. }
        ) {
            sum = sum.plus(fen(view.total_fee)?)?;
        }
    }
    Ok(sum)
}

/// The shop's day of this date and WeChat's bill of it differ by what was paid between the two beginnings of the day and between
/// the two ends, and by nothing else.
fn across(world: &mut World, counter: usize, date: Date, billed: Fen) -> anyhow::Result<()> {
    let (mut bill_alone, mut shop_alone) = (Vec::new(), Vec::new());
    let prefix = format!("T{:02}-", counter + 1);
    for view in world.network.with(|gateway, now| gateway.orders(now)) {
        let Some(at) = view.paid_at.filter(|_| view.out_trade_no.starts_with(&prefix)) else {
            continue;
        };
        if matches!(
            ours(world, counter, &view.out_trade_no)?.state,
            State::Review { .. }
        ) {
            continue;
        }
        match (bill_date(at) == date, world.place.day_of(at) == date) {
            (true, false) => bill_alone.push(fen(view.total_fee)?),
            (false, true) => shop_alone.push(fen(view.total_fee)?),
            (true, true) | (false, false) => {}
        }
    }
    let till = world.counters[counter].till.as_ref().context("the power is on")?;
    let figures = till.day(date, true)?.figures;
    let shop = figures.wechat.sum.plus(figures.given_back.sum)?;
    let apart = |alone: &[Fen]| Fen::sum(alone.iter().copied());
    ensure!(
        shop.plus(apart(&bill_alone)?)? == billed.plus(apart(&shop_alone)?)?,
        "{date}: the shop's day says {shop}, the bill {billed}; on the bill alone are {bill_alone:?}, in the shop's day \
         alone {shop_alone:?}"
    );
    world.tally.time.across_days += bill_alone.len() as u64;
    Ok(())
}
