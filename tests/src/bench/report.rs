//! A day's X out of a ledger of many sales, through the store on a file, against the `sqlite3` program adding the same up on
//! covering indexes. The ledger is written in bulk, without what no report reads: requests, evidence, the search indexes.

use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use till_core::{
    Calendar, Fen, GrandTotals, Price, Report, ReportHead, ReportInput, ShiftId, Tally, ZNumber,
};
use till_store::{Database, Link, NewProduct, NewStock, Read, ToldUpTo};

use crate::cost::{median, wall};
use crate::table::{Goal, Row, Unit};

/// Sales of a busy day; one in twenty is paid in cash.
const DAY: u32 = 5_000;
const CASH_EVERY: u32 = 20;
const PRODUCTS: u32 = 200;
/// From one sale to the next.
const STEP_MILLIS: i64 = 86_400_000 / DAY as i64;
/// 2020-01-01 in Beijing.
const BEGAN: i64 = 1_577_808_000_000;
const ROUNDS: usize = 9;
/// So often in one process of `sqlite3`, whose start is taken off.
const REPEATED: u32 = 10;
/// What only searches need.
const SEARCHES: &str =
    "DROP INDEX attempts_by_placed_at; DROP INDEX attempts_by_paid_at; DROP INDEX attempts_by_total_fee;
    DROP INDEX attempts_by_transaction_id; DROP INDEX sales_by_paid_at; DROP INDEX cash_moves_by_at;";
/// Rows of the journal that a sale leaves.
const JOURNAL_ROWS: [&str; 3] = ["placed", "state", "state"];

/// Measures a day's report out of so many sales, and out of so many.
pub(crate) fn measure(sizes: &[u32]) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut first: Option<f64> = None;
    for sales in sizes {
        let (ours, theirs, bytes) = one(*sales)?;
        let name = format!("an X of {DAY} sales out of {sales}");
        rows.push(
            Row::plain(name, ours, Unit::Seconds)
                .against(theirs, "sqlite3 on covering indexes")
                .goal(Goal::RatioAtMost(1.5)),
        );
        rows.push(Row::plain("  the ledger's file", bytes, Unit::Bytes));
        if let Some(first) = first {
            rows.push(
                Row::plain(format!("  out of {sales} sales"), ours, Unit::Seconds)
                    .against(first, "out of the first size")
                    .goal(Goal::RatioAtMost(1.1)),
            );
        }
        first = first.or(Some(ours));
    }
    Ok(rows)
}

/// Seconds of the till, seconds of `sqlite3`, and the ledger's bytes.
fn one(sales: u32) -> anyhow::Result<(f64, f64, f64)> {
    ensure!(sales > DAY, "more sales than a day has");
    let folder = tempfile::tempdir_in(scantill_tests::picture_folder("bench")?)?;
    let ledger = folder.path().join("scantill.db");
    let mut db = Database::open(&ledger)?;
    stock_up(&mut db)?;
    fill(&ledger, sales, SEARCHES)?;
    close_the_days_before(&mut db, sales)?;
    db.checkpoint()?;
    let plain = folder.path().join("plain.db");
    fill_plain(&plain, sales)?;
    let now = at(sales);
    let from = at(sales - DAY);
    let reader = db.reader()?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (seconds, report) = wall(|| -> anyhow::Result<Report> {
            let mut report = x(reader.read(), now)?;
            for _ in 1..REPEATED {
                report = black_box(x(reader.read(), now)?);
            }
            Ok(report)
        });
        ours.push(seconds / f64::from(REPEATED));
        let report = report?;
        let (start, _) = wall(|| sqlite3(&plain, from, 1));
        let (seconds, said) = wall(|| sqlite3(&plain, from, REPEATED + 1));
        theirs.push((seconds - start) / f64::from(REPEATED));
        let sold = report.takings.sold()?;
        let pieces: i64 = report.items.iter().map(|it| it.pieces).sum();
        let same = format!("{}|{}|{pieces}", sold.count, sold.sum.get());
        let said = said?;
        ensure!(
            said.lines().any(|line| line == same),
            "both add up the same: {same} is not in {said}"
        );
    }
    let bytes = std::fs::metadata(&ledger)?.len() as f64;
    Ok((median(&ours), median(&theirs), bytes))
}

pub(crate) fn at(nth: u32) -> Timestamp {
    let millis = BEGAN + i64::from(nth) * STEP_MILLIS;
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

fn calendar() -> anyhow::Result<Calendar> {
    Ok(Calendar::midnight(TimeZone::get("Asia/Shanghai")?))
}

pub(crate) fn stock_up(db: &mut Database) -> anyhow::Result<()> {
    let goods: Vec<NewProduct> = (1..=PRODUCTS)
        .map(|nth| NewProduct {
            name: name(nth),
            barcode: None,
            price: Price::Fixed(Fen::new(100)),
            category: format!("分类 {}", nth % 12),
            stock: NewStock::NotCounted,
        })
        .collect();
    db.write(|tx| tx.products().import(&goods))?;
    Ok(())
}

fn name(nth: u32) -> String {
    format!("商品 {nth:03}")
}

/// The rows 1 to N of everything that a sale leaves and a report reads; `further` is SQL that comes before them.
pub(crate) fn fill(ledger: &Path, sales: u32, further: &str) -> anyhow::Result<()> {
    let conn = Connection::open(ledger)?;
    let rows = format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {sales})");
    let at = format!("{BEGAN} + i * {STEP_MILLIS}");
    let fen = "(100 + i % 9900) * 2";
    let cash = format!("i % {CASH_EVERY} = 0");
    conn.execute_batch(&format!(
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;
         {further}
         DROP TRIGGER bookings_are_not_overwritten;
         BEGIN;
         {rows} INSERT INTO sales (id, click, total_fee, stock, rung_up_at, paid_at)
                SELECT i, 'c' || i, {fen}, 'sold', {at}, {at} FROM n;
         {rows} INSERT INTO sale_lines (sale_id, nth, line, product_id, name, price_fen, pieces)
                SELECT i, 0, 1, 1 + i % {PRODUCTS}, printf('商品 %03d', 1 + i % {PRODUCTS}), 100 + i % 9900, 2 FROM n;
         {rows} INSERT INTO attempts (id, out_trade_no, sale_id, nth, state, is_final, total_fee, placed_at, deadline,
                                      paid_at, transaction_id, body, request)
                SELECT i, printf('T01-200101-%09d', i), i, 0, 'paid', 1, {fen}, {at}, {at}, {at}, NULL, '', ''
                FROM n WHERE NOT {cash};
         {rows} INSERT INTO cash_moves (click, at, kind, amount_fen, tendered_fen, sale_id, reason)
                SELECT 'c' || i, {at}, 'sale', {fen}, {fen}, i, '' FROM n WHERE {cash};
         {rows} INSERT INTO bookings (id, about, subject, what, amount_fen, at, reversed)
                SELECT i, iif({cash}, 'sale', 'order'), i, iif({cash}, 'cash_sale', 'wechat_paid'), {fen}, {at}, 0
                FROM n;
         COMMIT;"
    ))?;
    Ok(())
}

/// All days but the last are told by one Z, and the last one has its journal.
fn close_the_days_before(db: &mut Database, sales: u32) -> anyhow::Result<()> {
    let before = sales - DAY;
    let report = Report::make(
        &calendar()?,
        ReportInput {
            bookings: Vec::new(),
            cash: Vec::new(),
            ..empty(Some(ZNumber(1)), at(0), at(before))?
        },
    )?;
    let up_to = ToldUpTo {
        bookings: i64::from(before),
        cash_moves: i64::from(before / CASH_EVERY),
        shifts: ShiftId(0),
        journal: Link::START,
    };
    db.write(|tx| {
        tx.z_reports().keep("z", ZNumber(1), &report, Fen::ZERO, up_to)?;
        for nth in before..sales {
            for word in JOURNAL_ROWS {
                tx.journal()
                    .add(at(nth), word, None, None, "awaiting_payment -> paid")?;
            }
        }
        Ok(())
    })?;
    Ok(())
}

type Input = ReportInput<Vec<till_core::Booking>, Vec<(till_core::CashMove, String)>>;

fn empty(number: Option<ZNumber>, from: Timestamp, to: Timestamp) -> anyhow::Result<Input> {
    Ok(ReportInput {
        head: ReportHead {
            shop: "小满便利店".to_owned(),
            legal_id: String::new(),
            till: "T01".to_owned(),
            version: String::new(),
            number,
            day: calendar()?.day_of(to),
            from,
            to,
            by: String::new(),
            note: String::new(),
        },
        bookings: Vec::new(),
        cash: Vec::new(),
        shifts: Vec::new(),
        in_hand: Tally::default(),
        discounts: Tally::default(),
        items: Vec::new(),
        returned: Vec::new(),
        given_up: Vec::new(),
        carried: Vec::new(),
        held_carts: 0,
        voided: till_core::VoidedSums::default(),
        exceptions: Vec::new(),
        aside: Vec::new(),
        before: GrandTotals::default(),
    })
}

/// What the till reads for an X, and what it makes of it.
fn x(read: Read<'_>, now: Timestamp) -> anyhow::Result<Report> {
    let told = read.z_reports().untold()?;
    let before = read.z_reports().last()?.context("the days before are closed")?;
    ensure!(read.sales().live()?.is_empty(), "nothing waits");
    ensure!(read.refunds().open()?.is_empty(), "no refund either");
    ensure!(read.shifts().after(told.from.shifts)?.is_empty(), "no shift");
    let (open, sum) = read.cash_moves().in_hand()?;
    let exceptions = read
        .journal()
        .count_on(told.journal(), &["approved", "pin_wrong", "adopted", "restored"])?;
    let cash = read.cash_moves().on(told.cash_moves())?;
    let sold = read.bookings().sold_on(told.bookings())?;
    let input = ReportInput {
        bookings: read.bookings().on(told.bookings())?,
        cash: cash.into_iter().map(|it| (it, String::new())).collect(),
        in_hand: Tally {
            count: i64::from(open),
            sum,
        },
        discounts: sold.discounts,
        voided: read.journal().voided_on(told.journal())?,
        items: sold.items,
        returned: read.bookings().returned_on(told.bookings())?,
        given_up: read.bookings().given_up_on(told.bookings())?,
        exceptions: exceptions
            .into_iter()
            .map(|(what, count)| till_core::Exception { what, count })
            .collect(),
        before: before.report.totals,
        ..empty(None, before.closed_at, now + SignedDuration::from_secs(1))?
    };
    Ok(Report::make(&calendar()?, input)?)
}

/// The same money and the same goods in two tables, each with an index that has every column the question needs.
fn fill_plain(file: &Path, sales: u32) -> anyhow::Result<()> {
    let conn = Connection::open(file)?;
    let rows = format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {sales})");
    let at = format!("{BEGAN} + i * {STEP_MILLIS}");
    conn.execute_batch(&format!(
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;
         CREATE TABLE money (at INTEGER, what TEXT, fen INTEGER);
         CREATE TABLE goods (at INTEGER, product INTEGER, pieces INTEGER, fen INTEGER);
         CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, category TEXT);
         CREATE TABLE journal (at INTEGER, what TEXT, detail TEXT);
         BEGIN;
         {rows} INSERT INTO money SELECT {at}, iif(i % {CASH_EVERY} = 0, 'cash_sale', 'wechat_paid'),
                                         (100 + i % 9900) * 2 FROM n;
         {rows} INSERT INTO goods SELECT {at}, 1 + i % {PRODUCTS}, 2, 100 + i % 9900 FROM n;
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {PRODUCTS})
         INSERT INTO products SELECT i, printf('商品 %03d', i), '分类 ' || (i % 12) FROM n;
         {rows}, w (what) AS (VALUES ('placed'), ('state'), ('state'))
         INSERT INTO journal SELECT {at}, what, 'awaiting_payment -> paid' FROM n, w WHERE i > {sales} - {DAY};
         CREATE INDEX journal_covering ON journal (at, what);
         CREATE INDEX money_covering ON money (at, what, fen);
         CREATE INDEX goods_covering ON goods (at, product, pieces, fen);
         COMMIT;
         ANALYZE;"
    ))?;
    Ok(())
}

/// By way of payment, by hour, by product, and what was out of the ordinary; what both have to agree on comes last.
fn sqlite3(file: &Path, from: Timestamp, times: u32) -> anyhow::Result<String> {
    let from = from.as_millisecond();
    let question = format!(
        "SELECT what, count(*), sum(fen) FROM money WHERE at > {from} GROUP BY what;
         SELECT at / 3600000 % 24, count(*), sum(fen) FROM money WHERE at > {from} GROUP BY 1;
         SELECT p.name, p.category, sum(pieces), sum(pieces * fen) FROM goods g JOIN products p ON p.id = g.product
         WHERE at > {from} GROUP BY g.product ORDER BY 4 DESC;
         SELECT what, count(*) FROM journal WHERE at > {from} AND what IN ('approved', 'pin_wrong', 'adopted', 'restored')
         GROUP BY what;\n"
    );
    let last = format!(
        "SELECT (SELECT count(*) FROM money WHERE at > {from}), (SELECT sum(fen) FROM money WHERE at > {from}),
                (SELECT sum(pieces) FROM goods WHERE at > {from});\n"
    );
    let mut program = Command::new("sqlite3")
        .arg("-readonly")
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("the sqlite3 program")?;
    let mut input = program.stdin.take().context("its input")?;
    let questions = question.repeat(usize::try_from(times)?) + last.as_str();
    let writing = std::thread::spawn(move || input.write_all(questions.as_bytes()));
    let output = program.wait_with_output()?;
    match writing.join() {
        Ok(written) => written?,
        Err(_) => anyhow::bail!("the questions were not written"),
    }
    ensure!(output.status.success(), "sqlite3: {}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}
