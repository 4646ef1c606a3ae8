//! The orders of an X written to a file of sheets, as the cashier's export does it, against rust_xlsxwriter alone writing as many
//! cells of the same kinds. Each in a process of its own, whose memory is then that of nothing else.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use rusqlite::Connection;
use rust_xlsxwriter::{Format, Workbook};
use scantill_tests::counter::config;
use scantill_tests::process::{Memory, Owned, memory};
use serde::{Deserialize, Serialize};
use till_app::report::{ExportFormat, Progress};
use till_app::{Database, Till};
use till_core::{Attempt, Fen, FoundBy, OutTradeNo, Payment, State};

use crate::cost::{median, wall};
use crate::report::{at, fill, stock_up};
use crate::scale::Scale;
use crate::table::{Goal, Row, Unit};

const LEDGER: &str = "scantill.db";

/// What one process says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    /// From the click to the file.
    seconds: f64,
    /// Of it making the report and getting ready.
    before: f64,
    /// The most it had in hand.
    memory: u64,
    /// What it had in hand before it began.
    memory_before: u64,
    /// The file's bytes.
    bytes: u64,
    /// Words about the progress.
    words: u32,
    /// How many rows the last of them told, and of how many.
    done: u32,
    of: u32,
}

/// Measures the export of so many orders.
pub(crate) fn measure(scale: Scale, orders: u32) -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir_in(scantill_tests::picture_folder("bench")?)?;
    let ledger = folder.path().join(LEDGER);
    let mut db = Database::open(&ledger)?;
    stock_up(&mut db)?;
    drop(db);
    fill(&ledger, orders, "")?;
    give_bodies(&ledger)?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..scale.of(5, 1) {
        let written = run("--sheets-of", folder.path())?;
        ensure!(
            (written.done, written.of) == (orders, orders),
            "every order is in the file: {written:?}"
        );
        ours.push(written);
        bare.push(run("--bare-sheets-in", folder.path())?);
    }
    let middle = |from: &[Written], of: fn(&Written) -> f64| median(&from.iter().map(of).collect::<Vec<_>>());
    let memory = |it: &Written| it.memory as f64;
    let words = middle(&ours, |it| f64::from(it.words));
    Ok(vec![
        Row::plain(
            format!("export of {orders} orders to XLSX, from the click"),
            middle(&ours, |it| it.seconds),
            Unit::Seconds,
        )
        .against(middle(&bare, |it| it.seconds), "rust_xlsxwriter, same cells"),
        Row::plain(
            "  of it making the report",
            middle(&ours, |it| it.before),
            Unit::Seconds,
        ),
        Row::plain("  memory at most", middle(&ours, memory), Unit::Bytes)
            .against(middle(&bare, memory), "rust_xlsxwriter, same cells"),
        Row::plain(
            "  of it the export's own, beyond the open till",
            middle(&ours, |it| it.memory.saturating_sub(it.memory_before) as f64),
            Unit::Bytes,
        ),
        Row::plain("  the file", middle(&ours, |it| it.bytes as f64), Unit::Bytes)
            .against(middle(&bare, |it| it.bytes as f64), "rust_xlsxwriter, same cells"),
        Row::plain("  words about the progress", words, Unit::Count),
        Row::plain(
            "  time between two of them, on average",
            middle(&ours, |it| it.seconds) / words,
            Unit::Seconds,
        )
        .goal(Goal::AtMost(1.0)),
    ])
}

/// Gives each order WeChat's number, as long as WeChat's are, and the body that a paid order has.
fn give_bodies(ledger: &Path) -> anyhow::Result<()> {
    let conn = Connection::open(ledger)?;
    let pattern = Attempt {
        out_trade_no: OutTradeNo::parse("T01-200101-000000000")?,
        total_fee: Fen::ZERO,
        placed_at: at(0),
        deadline: at(0),
        state: State::Paid(Payment {
            transaction_id: String::new(),
            total_fee: Fen::ZERO,
            fee_type: "CNY".to_owned(),
            cash_fee: Fen::ZERO,
            coupon_fee: Fen::ZERO,
            time_end: at(0),
            found_by: FoundBy::Query,
        }),
        next: None,
        doubts: 0,
        unconfirmed: None,
        adopted: None,
        unasked: false,
    };
    conn.execute_batch("UPDATE attempts SET transaction_id = printf('42000000002611220000%08d', id)")?;
    conn.execute(
        "WITH moments AS (SELECT id, strftime('%Y-%m-%dT%H:%M:%fZ', paid_at / 1000.0, 'unixepoch') AS at FROM attempts)
         UPDATE attempts SET body = json_set(?1,
             '$.out_trade_no', out_trade_no, '$.total_fee', total_fee, '$.placed_at', at, '$.deadline', at,
             '$.state.transaction_id', transaction_id, '$.state.total_fee', total_fee, '$.state.cash_fee', total_fee,
             '$.state.time_end', at)
         FROM moments WHERE moments.id = attempts.id",
        [serde_json::to_string(&pattern)?],
    )?;
    Ok(())
}

/// Starts this program again as one of the two.
fn run(flag: &str, folder: &Path) -> anyhow::Result<Written> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(flag).arg(folder).stdout(Stdio::piped());
    let mut process = Owned::start(&mut command, "the export")?;
    let mut said = String::new();
    let mut stdout = process.take_stdout().context("standard output was piped above")?;
    stdout.read_to_string(&mut said)?;
    serde_json::from_str(&said).with_context(|| format!("{flag} said {said:?}"))
}

/// A till that exports its X; the benchmark starts itself like this.
pub(crate) fn be_the_till(folder: &Path) -> anyhow::Result<()> {
    let db = Database::open(&folder.join(LEDGER))?;
    let orders = db.read().bookings().last()?;
    // The X compares its day with the same of the week before, for which these orders say too little.
    let now = at(u32::try_from(orders)?) + SignedDuration::from_hours(24 * 9);
    let till = Till::open(config("T01", "http://127.0.0.1:9", 3, 30)?, db, now, [1; 32])?;
    let memory_before = memory(std::process::id(), Memory::Now)?;
    let (mut words, mut last) = (0, Progress { done: 0, of: 0 });
    let (seconds, exported) = wall(|| -> anyhow::Result<_> {
        let (before, job) = wall(|| till.export(now, None, false));
        let exported = job?.run(&folder.join("sheets"), ExportFormat::Xlsx, |progress| {
            words += 1;
            last = progress;
        })?;
        Ok((before, exported.path))
    });
    let (before, path) = exported?;
    say(&Written {
        seconds,
        before,
        memory: memory(std::process::id(), Memory::Most)?,
        memory_before,
        bytes: fs::metadata(path)?.len(),
        words,
        done: last.done,
        of: last.of,
    })
}

/// As many cells of the same kinds; the benchmark starts itself like this.
pub(crate) fn be_bare(folder: &Path) -> anyhow::Result<()> {
    let orders: u32 =
        Connection::open(folder.join(LEDGER))?
            .query_row("SELECT count(*) FROM bookings", [], |row| row.get(0))?;
    let path = folder.join("bare.xlsx");
    let memory_before = memory(std::process::id(), Memory::Now)?;
    let (seconds, written) = wall(|| write_plainly(&path, orders));
    written?;
    say(&Written {
        seconds,
        before: 0.0,
        memory: memory(std::process::id(), Memory::Most)?,
        memory_before,
        bytes: fs::metadata(path)?.len(),
        words: 0,
        done: orders,
        of: orders,
    })
}

fn write_plainly(path: &Path, orders: u32) -> anyhow::Result<()> {
    let money = Format::new().set_num_format("#,##0.00");
    let time = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    let zone = TimeZone::get("Asia/Shanghai")?;
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    for row in 0..orders {
        // The columns that an order fills: time, kind, its two numbers, the amount.
        sheet.write_datetime_with_format(row, 0, at(row).to_zoned(zone.clone()).datetime(), &time)?;
        sheet.write_string(row, 1, "微信收款")?;
        sheet.write_string(row, 2, format!("T01-200101-{row:09}"))?;
        sheet.write_string(row, 4, format!("42000000002611220000{row:08}"))?;
        sheet.write_number_with_format(row, 5, f64::from(row % 9900) * 2.0, &money)?;
    }
    let file = File::create(path)?;
    workbook.save_to_writer(&file)?;
    Ok(file.sync_all()?)
}

fn say(written: &Written) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(written)?);
    Ok(())
}
