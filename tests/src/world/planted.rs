//! Alterations of WeChat's bills, planted after an honest day: each must be named, and nothing else.

use anyhow::Context;
use jiff::civil::Date;
use rand::RngExt as _;
use till_app::approval::Act;
use till_app::{BillStanding, bill_file, bill_ready_at};
use till_core::{Cause, Fen, MicroYuan, NotPaid, Rate, State, Subject, bill_date};

use super::World;
use super::bills::{agreement, compare, expected, order, ours, paid_orders};
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
