//! The morning after a simulated day: every till fetches its bills through errors and power cuts, and its ledger is held
//! against them. Named are exactly the differences that follow from the day, and those that are planted in the bills.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use jiff::SignedDuration;
use jiff::civil::Date;
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use till_app::approval::{Act, Credential};
use till_app::{AgreementPicture, BillStanding, bill_file, bill_ready_at};
use till_core::{
    Attempt, Cause, Fen, MicroYuan, NotPaid, OutRefundNo, OutTradeNo, Rate, RefundStanding, State, Subject,
    bill_date,
};
use wechat_pay_sim::{Call, Fault, OrderView, RefundView, Times};

use super::{World, at_once, attempt};
use crate::bill_text::BillText;
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
/// More questions than any bill needs.
const ASKED_MAX: u32 = 40;

/// A difference in short: what is counted here, on the bill, and why.
type Named = BTreeMap<Subject, (Fen, Fen, Cause)>;

/// Lives through the next morning.
pub(super) fn morning(world: &mut World) -> anyhow::Result<()> {
    let (first, last) = (bill_date(world.began), bill_date(world.now));
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
        plant(world, counter, first)?;
    }
    Ok(())
}

/// Until every bill is there. The power may fail between question and answer.
fn fetch(world: &mut World, counter: usize, first: Date) -> anyhow::Result<()> {
    let mut troubled = world.rng.random_range(0..4);
    for _ in 0..ASKED_MAX {
        let now = world.now;
        let Counter {
            till: Some(till),
            client,
            ..
        } = &mut world.counters[counter]
        else {
            anyhow::bail!("the power is on in the morning")
        };
        let Some(job) = till.begin_bill(now) else {
            let Some(due) = till
                .next_bill_due()
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
            world.tally.crashes += 1;
            continue;
        }
        if let Some(till) = &mut world.counters[counter].till {
            till.finish_bill(now, reply);
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

fn agreement(world: &World, counter: usize, date: Date) -> anyhow::Result<AgreementPicture> {
    let till = world.counters[counter].till.as_ref().context("the power is on")?;
    Ok(till.agreement(world.now, date)?.run()?)
}

fn named(picture: &AgreementPicture) -> Named {
    let differences = picture.agreement.iter().flat_map(|it| &it.differences);
    differences
        .map(|it| (it.subject.clone(), (it.here, it.there, it.cause.clone())))
        .collect()
}

fn compare(picture: &AgreementPicture, expected: &Named, when: &str) -> anyhow::Result<()> {
    let found = named(picture);
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
fn paid_orders(world: &World, counter: usize, date: Date) -> Vec<OrderView> {
    let prefix = format!("T{:02}-", counter + 1);
    let orders = world.network.with(|gateway, now| gateway.orders(now));
    orders
        .into_iter()
        .filter(|it| it.out_trade_no.starts_with(&prefix))
        .filter(|it| it.paid_at.is_some_and(|at| bill_date(at) == date))
        .collect()
}

fn order(number: &str) -> Subject {
    Subject::Order {
        out_trade_no: number.to_owned(),
    }
}

pub(super) fn fen(amount: wechat_pay_sim::Fen) -> anyhow::Result<Fen> {
    Ok(Fen::new(i64::try_from(amount.get())?))
}

fn ours(world: &World, counter: usize, number: &str) -> anyhow::Result<Attempt> {
    let till = world.counters[counter].till.as_ref().context("the power is on")?;
    attempt(till, &OutTradeNo::parse(number)?)
}

/// What must differ after an honest day: payments that wait for a decision, and nothing else.
fn expected(world: &World, counter: usize, date: Date) -> anyhow::Result<Named> {
    let mut expected = Named::new();
    for view in paid_orders(world, counter, date) {
        if let State::Review { why, .. } = ours(world, counter, &view.out_trade_no)?.state {
            let amount = fen(view.total_fee)?;
            let cause = Cause::Review {
                why,
                amount,
                on_bill: true,
            };
            expected.insert(order(&view.out_trade_no), (Fen::ZERO, amount, cause));
        }
    }
    for day in [date, date.tomorrow()?] {
        for view in refunds_of(world, counter, day) {
            let named = refund_named(world, counter, date, &view)?;
            expected.extend(named.map(|it| (refund(&view), it)));
        }
    }
    Ok(expected)
}

/// What must be named about a refund that WeChat took on that day or the next: that it did not end well, or that it was sent
/// before midnight and taken after it.
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
fn refunds_of(world: &World, counter: usize, date: Date) -> Vec<RefundView> {
    let prefix = format!("T{:02}-", counter + 1);
    let refunds = world.network.with(|gateway, now| gateway.refunds(now));
    refunds
        .into_iter()
        .filter(|it| it.out_trade_no.starts_with(&prefix) && bill_date(it.requested) == date)
        .collect()
}

fn refund(view: &RefundView) -> Subject {
    Subject::Refund {
        out_refund_no: view.out_refund_no.clone(),
        out_trade_no: view.out_trade_no.clone(),
    }
}

/// The sums are the gateway's own, to the fen, for this till and for the others.
fn sums(world: &World, counter: usize, picture: &AgreementPicture) -> anyhow::Result<()> {
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
    let till = world.counters[counter].till.as_ref().context("the power is on")?;
    let figures = till.day(picture.date, true)?.figures;
    let report = figures.wechat.sum.plus(figures.given_back.sum)?;
    ensure!(
        agreement.here.paid.sum == report,
        "{}: the report says {report:?}, the agreement {:?}",
        picture.date,
        agreement.here.paid
    );
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

/// Alters the bill of a day, and of the next, and looks whether each alteration is named.
fn plant(world: &mut World, counter: usize, date: Date) -> anyhow::Result<()> {
    let natural = expected(world, counter, date)?;
    let picture = agreement(world, counter, date)?;
    let BillStanding::Here(row) = &picture.standing else {
        return Ok(());
    };
    let till = world.counters[counter].till.as_ref().context("the power is on")?;
    let file = till.db().read().bills().file(row.id)?;
    let Ok(mut bill) = BillText::read(&file) else {
        // WeChat's word that nothing happened.
        return Ok(());
    };
    let mut numbers: Vec<String> = paid_orders(world, counter, date)
        .into_iter()
        .map(|view| view.out_trade_no)
        .filter(|number| !natural.contains_key(&order(number)))
        .collect();
    let closed = closed_orders(world, counter, date)?;
    let mut expected = natural;
    let mut moved = Vec::new();
    // Another till's row stays whatever is taken out: a bill without any is of no day.
    let mut other = bill.rows[0].clone();
    other[bill.column("商户订单号")?] = "T99-260101-000001-AAAA".to_owned();
    bill.rows.push(other);
    for _ in 0..world.rng.random_range(1..6) {
        if numbers.is_empty() {
            break;
        }
        let at = world.rng.random_range(0..numbers.len());
        let number = numbers.swap_remove(at);
        let amount = ours(world, counter, &number)?.total_fee;
        let planted = alter(world, &mut bill, &number, amount, &closed, &mut moved, date)?;
        expected.insert(planted.0, planted.1);
        world.tally.planted += 1;
    }
    // The day after has to be over too before it can have a bill.
    world.now = world
        .now
        .max(bill_ready_at(date.tomorrow()?).context("a morning")?);
    let now = world.now;
    let till = world.counters[counter].till.as_mut().context("the power is on")?;
    let merchant = till.config().merchant.clone();
    if !moved.is_empty() {
        let next = date.tomorrow()?;
        let mut tomorrow = match till.db().read().bills().newest(next)? {
            Some(row) => {
                BillText::read(&till.db().read().bills().file(row.id)?).unwrap_or_else(|_| bill.emptied())
            }
            None => bill.emptied(),
        };
        tomorrow.rows.extend(moved);
        let file = tomorrow.gzip()?;
        let read = bill_file::read(&file, &merchant)?;
        let approval = till.approve(now, Act::Bill, Some(&Credential::Confirmed))?;
        till.import_bill(now, read.date, &file, approval)?;
    }
    let file = bill.gzip()?;
    let read = bill_file::read(&file, &merchant)?;
    let approval = till.approve(now, Act::Bill, Some(&Credential::Confirmed))?;
    till.import_bill(now, read.date, &file, approval)?;
    compare(
        &agreement(world, counter, date)?,
        &expected,
        "with what was planted",
    )
}

/// This till's orders that nobody paid, placed on that day.
fn closed_orders(world: &World, counter: usize, date: Date) -> anyhow::Result<Vec<(String, NotPaid)>> {
    let mut closed = Vec::new();
    let visits = world.visits.iter().filter(|visit| visit.counter == counter);
    for number in visits.flat_map(|visit| &visit.numbers) {
        let attempt = ours(world, counter, number.as_str())?;
        match attempt.state {
            State::Closed { why } if bill_date(attempt.placed_at) == date => {
                closed.push((number.to_string(), NotPaid::Closed(why)));
            }
            _ => {}
        }
    }
    Ok(closed)
}

/// One alteration of a row that was the same on both sides, and the difference that it makes.
fn alter(
    world: &mut World,
    bill: &mut BillText,
    number: &str,
    amount: Fen,
    closed: &[(String, NotPaid)],
    moved: &mut Vec<Vec<String>>,
    date: Date,
) -> anyhow::Result<(Subject, (Fen, Fen, Cause))> {
    let row = bill.row_of(number)?;
    let about = order(number);
    Ok(match world.rng.random_range(0..9) {
        0 => {
            bill.rows.remove(row);
            (about, (amount, Fen::ZERO, Cause::OnlyHere))
        }
        1 => {
            let by = world.rng.random_range(1..100);
            bill.change_amount(row, by)?;
            // The fee is a thousandth off at most: an amount that differs is the graver cause.
            (about, (amount, amount.plus(Fen::new(by))?, Cause::AmountDiffers))
        }
        2 => {
            let twin = bill.rows[row].clone();
            bill.rows.push(twin);
            (about, (Fen::ZERO, amount, Cause::TwiceThere))
        }
        3 => {
            let here = bill.cell(row, "微信订单号")?.to_owned();
            let there = here.chars().rev().collect::<String>();
            bill.set(row, "微信订单号", &there)?;
            (about, (amount, amount, Cause::PaymentDiffers { here, there }))
        }
        4 => {
            let settled = Fen::parse_yuan(bill.cell(row, "应结订单金额")?)?;
            let rate = Rate::parse("0.60%").context("a rate")?;
            let expected = rate.of(settled)?;
            let fen = (expected.get() / 10_000) + 2;
            bill.set(row, "手续费", &format!("{}.{:02}000", fen / 100, fen % 100))?;
            let cause = Cause::FeeDiffers {
                rate,
                expected,
                charged: MicroYuan::new(fen * 10_000),
            };
            (about, (amount, amount, cause))
        }
        5 => {
            let mut row = bill.rows.remove(row);
            let next = date.tomorrow()?;
            row[bill.column("交易时间")?] = format!("{next} 00:00:00");
            moved.push(row);
            let cause = Cause::DayBoundary {
                here: date,
                there: Some(next),
            };
            (about, (amount, Fen::ZERO, cause))
        }
        6 => {
            bill.set(row, "交易状态", "REVOKED")?;
            let there = "REVOKED".to_owned();
            (about, (amount, Fen::ZERO, Cause::StateDiffers { there }))
        }
        7 if !closed.is_empty() && bill.row_of(&closed[0].0).is_err() => {
            let (number, how) = &closed[0];
            let mut row = bill.rows[row].clone();
            row[bill.column("商户订单号")?] = number.clone();
            bill.rows.push(row);
            (order(number), (Fen::ZERO, amount, Cause::NotPaidHere(*how)))
        }
        _ => {
            let stranger = number.replace("-0", "-9");
            let mut row = bill.rows[row].clone();
            row[bill.column("商户订单号")?] = stranger.clone();
            bill.rows.push(row);
            (order(&stranger), (Fen::ZERO, amount, Cause::OnlyThere))
        }
    })
}
