//! A day of 100,000 orders held against WeChat's bill, from the two files to the last difference, against bare unpacking,
//! splitting and a plain hash join of the same rows.

use std::collections::HashMap;
use std::hint::black_box;
use std::io::Read as _;

use anyhow::Context;
use flate2::read::MultiGzDecoder;
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use scantill_tests::bill_text::gzip;
use scantill_tests::counter::{APPID, MCH_ID, config};
use till_app::approval::{Act, Credential};
use till_app::{Database, Till, bill_file, bill_ready_at};
use till_core::{Attempt, Fen, FoundBy, OutTradeNo, Payment, State, Timing, bill_bounds};
use till_store::NewSale;
use wechat_pay::beijing::format_spaced;
use wechat_pay::bill::{HEADER_ALL, HEADER_SUMMARY};

use crate::cost::{median, wall};
use crate::scale::Scale;
use crate::table::{Goal, Row, Unit};

const ORDERS: u32 = 100_000;
const DAY: Date = date(2026, 11, 22);
/// Every thousandth order is missing on one side, and every thousandth differs by a fen.
const DIFFERENT: u32 = 1_000;

/// Measures the agreement.
pub(crate) fn measure(scale: Scale) -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir_in(scantill_tests::picture_folder("bench")?)?;
    let (start, _) = bill_bounds(DAY).context("a day")?;
    let orders: Vec<Attempt> = (0..ORDERS)
        .map(|nth| order(nth, start))
        .collect::<anyhow::Result<_>>()?;
    let mut db = Database::open(&folder.path().join("scantill.db"))?;
    keep(&mut db, &orders, start)?;
    let text = bill(&orders)?;
    let file = gzip(text.as_bytes())?;
    let config = config("T01", "http://127.0.0.1:9", 3, 30)?;
    let now = bill_ready_at(DAY).context("a morning")?;
    let mut till = Till::open(config, db, now, [0; 32])?;
    let approval = till.approve(now, Act::Bill, Some(&Credential::Confirmed))?;
    till.import_bill(now, DAY, &file, approval)?;

    let (mut whole, mut reading, mut bare, mut bare_reading) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..scale.of(7, 1) {
        let (seconds, picture) = wall(|| -> anyhow::Result<_> { Ok(till.agreement(now, DAY)?.run()?) });
        whole.push(seconds);
        let differences = picture?.agreement.context("an agreement")?.differences.len();
        let expected = usize::try_from(3 * ORDERS / DIFFERENT)?;
        anyhow::ensure!(differences == expected, "{expected} planted, {differences} named");
        let (seconds, read) = wall(|| bill_file::read(black_box(&file), &till.config().merchant));
        reading.push(seconds);
        black_box(read?);
        let (seconds, amounts) = wall(|| split(black_box(&file)));
        bare_reading.push(seconds);
        let amounts = amounts?;
        let (joining, off) = wall(|| join(black_box(&orders), &amounts));
        anyhow::ensure!(off == expected, "the plain join finds as many: {off}");
        bare.push(seconds + joining);
    }
    Ok(vec![
        Row::plain(
            "100,000 orders against a bill, in all",
            median(&whole),
            Unit::Seconds,
        )
        .against(median(&bare), "unpack, split, hash join")
        .goal(Goal::AtMost(2.0)),
        Row::plain("  of it reading the bill", median(&reading), Unit::Seconds)
            .against(median(&bare_reading), "unpack and split"),
        Row::plain("  the bill's file", file.len() as f64, Unit::Bytes)
            .against(text.len() as f64, "unpacked"),
    ])
}

fn order(nth: u32, start: Timestamp) -> anyhow::Result<Attempt> {
    let paid_at = start + SignedDuration::from_secs(i64::from(nth * 80 / 100 + 60));
    let total = Fen::new(i64::from(nth % 9_900) + 100);
    let number = OutTradeNo::parse(&format!("T01-261122-{nth:06}-7F3K"))?;
    let mut attempt = Attempt::new(number, total, paid_at, &Timing::default());
    attempt.state = State::Paid(Payment {
        transaction_id: format!("42000000002611220000{nth:08}"),
        total_fee: total,
        fee_type: "CNY".to_owned(),
        cash_fee: total,
        coupon_fee: Fen::ZERO,
        time_end: paid_at,
        found_by: FoundBy::Query,
    });
    attempt.next = None;
    Ok(attempt)
}

fn keep(db: &mut Database, orders: &[Attempt], at: Timestamp) -> anyhow::Result<()> {
    db.write(|tx| {
        let sale = tx.sales().ring_up(&NewSale {
            click: "all of them",
            total: Fen::new(100),
            rung_up_at: at,
            lines: &[],
            by: None,
            shift: None,
        })?;
        for (nth, order) in orders.iter().enumerate() {
            tx.attempts().insert(sale, nth, order, "{}")?;
        }
        Ok(())
    })?;
    Ok(())
}

/// The bill: one order in a thousand is left out, one is a fen more, one is unknown here.
fn bill(orders: &[Attempt]) -> anyhow::Result<String> {
    let mut lines = vec![HEADER_ALL.to_owned()];
    let (mut sum, mut fees) = (0, 0);
    let mut add = |number: &str, payment: &Payment, fen: i64| {
        let fee = (fen * 60 + 5_000) / 10_000;
        sum += fen;
        fees += fee;
        let (amount, fee) = (Fen::new(fen), Fen::new(fee));
        lines.push(format!(
            "`{},`{APPID},`{MCH_ID},`0,`T01,`{},`{number},`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,`NATIVE,`SUCCESS,`OTHERS,`CNY,\
             `{amount},`0.00,`0,`0,`0.00,`0.00,`,`,`小满便利店-农夫山泉 550ml,`,`{fee}000,`0.60%,`{amount},`0.00,`",
            format_spaced(payment.time_end),
            payment.transaction_id
        ));
    };
    for (nth, order) in (0..ORDERS).zip(orders) {
        let payment = order.payment().context("paid")?;
        let (number, fen) = (order.out_trade_no.as_str(), order.total_fee.get());
        match nth % DIFFERENT {
            0 => {}
            1 => add(number, payment, fen + 1),
            2 => {
                add(number, payment, fen);
                add(&format!("T01-261122-{nth:06}-LOST"), payment, fen);
            }
            _ => add(number, payment, fen),
        }
    }
    let (rows, sum, fees) = (lines.len() - 1, Fen::new(sum), Fen::new(fees));
    lines.push(HEADER_SUMMARY.to_owned());
    lines.push(format!("`{rows},`{sum},`0.00,`0.00,`{fees}000,`{sum},`0.00"));
    Ok(lines.join("\r\n"))
}

/// The number and the amount of each row, without any question asked.
fn split(file: &[u8]) -> anyhow::Result<Vec<(String, i64)>> {
    let mut text = String::new();
    MultiGzDecoder::new(file).read_to_string(&mut text)?;
    let rows = text.lines().skip(1).take_while(|line| line.starts_with('`'));
    rows.map(|line| {
        let cells: Vec<&str> = line.split(",`").collect();
        Ok((cells[6].to_owned(), Fen::parse_yuan(cells[24])?.get()))
    })
    .collect()
}

/// How many numbers are on one side only or with two amounts.
fn join(orders: &[Attempt], amounts: &[(String, i64)]) -> usize {
    let mut there: HashMap<&str, i64> = amounts
        .iter()
        .map(|(number, fen)| (number.as_str(), *fen))
        .collect();
    let differs = orders
        .iter()
        .filter(|order| there.remove(order.out_trade_no.as_str()) != Some(order.total_fee.get()));
    differs.count() + there.len()
}
