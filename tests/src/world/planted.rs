//! Alterations of WeChat's bills, planted after an honest day: each must be named, and nothing else.

use anyhow::Context;
use jiff::civil::Date;
use rand::RngExt as _;
use till_app::approval::Act;
use till_app::{BillStanding, bill_file, bill_ready_at};
use till_core::{Cause, Fen, MicroYuan, NotPaid, Rate, State, Subject, bill_date};

use wechat_pay::parse_micro_yuan;

use super::World;
use super::bills::{
    Named, agreement, compare, expected, fen, named, order, ours, paid_orders, refund, refunds_of,
};
use crate::bill_text::BillText;

/// Alters the bill of a day, and of the next, and looks whether each alteration is named.
pub(super) fn plant(world: &mut World, counter: usize, date: Date) -> anyhow::Result<()> {
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
        .filter(|number| !natural.keys().any(|(subject, _)| *subject == order(number)))
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
        expected.extend(planted);
        world.tally.planted += 1;
    }
    spoil_fees(world, counter, &mut bill, &mut expected, date)?;
    // The day after has to be over too before it can have a bill.
    world.now = world
        .now
        .max(bill_ready_at(date.tomorrow()?).context("a morning")?);
    let now = world.clock(counter);
    let till = world.counters[counter].till.as_ref().context("the power is on")?;
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
        let approval = world.approved(counter, Act::Bill)?;
        world
            .till(counter)?
            .import_bill(now, read.date, &file, approval)?;
    }
    let file = bill.gzip()?;
    let read = bill_file::read(&file, &merchant)?;
    let approval = world.approved(counter, Act::Bill)?;
    world
        .till(counter)?
        .import_bill(now, read.date, &file, approval)?;
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

/// Alters fees of refunds, whatever else is the matter with them, and the fee of the summary.
fn spoil_fees(
    world: &mut World,
    counter: usize,
    bill: &mut BillText,
    expected: &mut Named,
    date: Date,
) -> anyhow::Result<()> {
    for view in refunds_of(world, counter, date) {
        // Of a refund that failed, a fee of nothing would be right too.
        if world.rng.random_bool(0.5) || view.status != "SUCCESS" {
            continue;
        }
        let row = bill.row_of_refund(&view.out_refund_no)?;
        let settled = Fen::ZERO.minus(Fen::parse_yuan(bill.cell(row, "退款金额")?)?)?;
        let fee = spoil_fee(world, bill, row, settled)?;
        let about = refund(&view);
        let amount = fen(view.refund_fee)?;
        // Beside another difference it is one of no amount: each row's money is named once.
        let another = expected.keys().any(|(subject, _)| *subject == about);
        let money = if another { Fen::ZERO } else { amount };
        expected.extend(named(about, money, money, fee));
        world.tally.fees_planted += 1;
    }
    if world.rng.random_bool(0.2) {
        let cents = world.rng.random_range(1..100);
        let off = if world.rng.random_bool(0.5) { cents } else { -cents };
        let fees = bill.column("手续费")?;
        let mut rows = 0;
        for row in bill.rows.iter().filter(|row| !row[fees].is_empty()) {
            rows += parse_micro_yuan(&row[fees])?.get();
        }
        bill.fee_more = off * 10_000;
        let cause = Cause::FeeTotalDiffers {
            rows: MicroYuan::new(rows),
            said: MicroYuan::new(rows + bill.fee_more),
        };
        expected.extend(named(Subject::Bill, Fen::ZERO, Fen::ZERO, cause));
        world.tally.fees_planted += 1;
    }
    Ok(())
}

/// Alters the fee of a row, or what it is held against.
fn spoil_fee(world: &mut World, bill: &mut BillText, row: usize, settled: Fen) -> anyhow::Result<Cause> {
    Ok(match world.rng.random_range(0..3) {
        0 => {
            bill.set(row, "手续费", "")?;
            Cause::FeeMissing
        }
        1 => {
            let said = ["", "优惠", "0.60"][world.rng.random_range(0..3)];
            bill.set(row, "费率", said)?;
            Cause::RateUnreadable {
                said: said.to_owned(),
                charged: MicroYuan::new(bill.fee(row)? * 10_000),
            }
        }
        _ => {
            // Of a payment a fen is too much; what a refund gives back may be rounded by its parts.
            let by = if settled < Fen::ZERO { 2 } else { 1 };
            let off = by * if world.rng.random_bool(0.5) { 1 } else { -1 };
            let charged = bill.fee(row)? + off;
            bill.set_fee(row, charged)?;
            let rate = Rate::parse("0.60%").context("a rate")?;
            Cause::FeeDiffers {
                rate,
                expected: rate.of(settled)?,
                charged: MicroYuan::new(charged * 10_000),
            }
        }
    })
}

/// One alteration of a row that was the same on both sides, and the differences that it makes.
fn alter(
    world: &mut World,
    bill: &mut BillText,
    number: &str,
    amount: Fen,
    closed: &[(String, NotPaid)],
    moved: &mut Vec<Vec<String>>,
    date: Date,
) -> anyhow::Result<Named> {
    let row = bill.row_of(number)?;
    let about = order(number);
    let settled = Fen::parse_yuan(bill.cell(row, "应结订单金额")?)?;
    Ok(match world.rng.random_range(0..10) {
        0 => {
            bill.rows.remove(row);
            named(about, amount, Fen::ZERO, Cause::OnlyHere)
        }
        1 => {
            let by = world.rng.random_range(1..100);
            bill.change_amount(row, by)?;
            named(about, amount, amount.plus(Fen::new(by))?, Cause::AmountDiffers)
        }
        2 => {
            let twin = bill.rows[row].clone();
            bill.rows.push(twin);
            named(about, Fen::ZERO, amount, Cause::TwiceThere)
        }
        3 => {
            let here = bill.cell(row, "微信订单号")?.to_owned();
            let there = here.chars().rev().collect::<String>();
            bill.set(row, "微信订单号", &there)?;
            named(about, amount, amount, Cause::PaymentDiffers { here, there })
        }
        4 => {
            let cause = spoil_fee(world, bill, row, settled)?;
            named(about, amount, amount, cause)
        }
        // One that explains itself, and whose fee nobody would look at.
        5 => {
            let mut row = bill.rows.remove(row);
            let next = date.tomorrow()?;
            row[bill.column("交易时间")?] = format!("{next} 00:00:00");
            moved.push(row);
            let cause = Cause::DayBoundary {
                here: date,
                there: Some(next),
            };
            named(about, amount, Fen::ZERO, cause)
        }
        6 => {
            bill.set(row, "交易状态", "REVOKED")?;
            let there = "REVOKED".to_owned();
            named(about, amount, Fen::ZERO, Cause::StateDiffers { there })
        }
        7 if !closed.is_empty() && bill.row_of(&closed[0].0).is_err() => {
            let (number, how) = &closed[0];
            let mut row = bill.rows[row].clone();
            row[bill.column("商户订单号")?] = number.clone();
            bill.rows.push(row);
            named(order(number), Fen::ZERO, amount, Cause::NotPaidHere(*how))
        }
        // Two causes in one row, two differences.
        8 => {
            let here = bill.cell(row, "微信订单号")?.to_owned();
            let there = here.chars().rev().collect::<String>();
            bill.set(row, "微信订单号", &there)?;
            let fee = spoil_fee(world, bill, row, settled)?;
            let mut both = named(
                about.clone(),
                amount,
                amount,
                Cause::PaymentDiffers { here, there },
            );
            both.extend(named(about, Fen::ZERO, Fen::ZERO, fee));
            both
        }
        _ => {
            let stranger = number.replace("-0", "-9");
            let mut row = bill.rows[row].clone();
            row[bill.column("商户订单号")?] = stranger.clone();
            bill.rows.push(row);
            named(order(&stranger), Fen::ZERO, amount, Cause::OnlyThere)
        }
    })
}
