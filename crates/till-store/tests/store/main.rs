//! The ledger under test: a small shop, in a file or in memory.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod backup;
mod bills;
mod books;
mod cash;
mod cash_refunds;
mod crash;
mod discounts;
mod disk;
mod drawer;
mod inbox;
mod journal;
mod open;
mod orders;
mod refunds;
mod sales;
mod self_check;
mod stock;
mod tables;
mod users;
mod z_reports;
mod zs_aside;

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use till_core::{
    Barcode, Fen, FoundBy, Input, Line, LineNo, OutTradeNo, Payment, PlaceAnswer, Price, ProductId,
    QueryAnswer, Sale, Timing,
};
use till_store::{Database, NewProduct, NewSale, NewStock, StoreError, StoredSale};

/// A folder with a ledger in it, gone when dropped.
struct Folder {
    dir: TempDir,
}

impl Folder {
    fn new() -> Self {
        Self {
            dir: TempDir::new().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("scantill.db")
    }

    fn open(&self) -> Database {
        Database::open(&self.path()).unwrap()
    }
}

/// Changes a ledger with SQLite itself: its guards are taken away for it and put back, as somebody would who knows them.
fn tamper(folder: &Folder, statements: &str) -> till_core::self_check::SelfCheck {
    let conn = rusqlite::Connection::open(folder.path()).unwrap();
    let guards: Vec<(String, String)> = conn
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    conn.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;")
        .unwrap();
    for (name, _) in &guards {
        conn.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    conn.execute_batch(statements).unwrap();
    for (_, guard) in &guards {
        conn.execute_batch(guard).unwrap();
    }
    conn.close().unwrap();
    till_store::self_check(&folder.path()).unwrap()
}

/// So many seconds after the morning of some day.
fn at(seconds: i64) -> Timestamp {
    let morning: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
    morning + SignedDuration::from_secs(seconds)
}

fn goods(name: &str, barcode: Option<&str>, fen: i64, stock: NewStock) -> NewProduct {
    NewProduct {
        name: name.to_owned(),
        barcode: barcode.map(|text| Barcode::parse(text).unwrap()),
        price: Price::Fixed(Fen::new(fen)),
        category: "饮料".to_owned(),
        stock,
    }
}

/// Three products: 1 with ten pieces, 2 with two, 3 not counted.
fn stock_shop(db: &mut Database) {
    db.write(|tx| {
        tx.products().import(&[
            goods("水", Some("6900001"), 200, NewStock::Available(10)),
            goods("茶", Some("6900002"), 350, NewStock::Available(2)),
            goods("茶叶蛋", None, 150, NewStock::NotCounted),
        ])
    })
    .unwrap();
}

fn shop() -> Database {
    let mut db = Database::in_memory().unwrap();
    stock_shop(&mut db);
    db
}

/// Lines of (product, pieces), each piece at 1 yuan.
fn lines(wanted: &[(i64, u32)]) -> Vec<Line> {
    (1..)
        .zip(wanted)
        .map(|(line, (product, pieces))| Line {
            line: LineNo(line),
            product: ProductId(*product),
            name: format!("product {product}"),
            price: Fen::new(100),
            pieces: *pieces,
            reduction: None,
        })
        .collect()
}

fn number(text: &str) -> OutTradeNo {
    OutTradeNo::parse(text).unwrap()
}

/// Rings up and places, all in one transaction, as the driver does.
fn ring_up(
    db: &mut Database,
    click: &str,
    wanted: &[(i64, u32)],
    now: Timestamp,
) -> Result<Sale, StoreError> {
    let lines = lines(wanted);
    let total = Fen::sum(lines.iter().map(|line| line.sum().unwrap())).unwrap();
    db.write(|tx| {
        let id = tx.sales().ring_up(&NewSale {
            click,
            total,
            rung_up_at: now,
            lines: &lines,
            by: None,
            shift: None,
        })?;
        let sequence = tx.settings().next_number("order_sequence")?;
        let order = number(&format!("T1-261123-{sequence:06}-AAAA"));
        let sale = Sale::new(id, total, order.clone(), now, &Timing::default());
        tx.attempts()
            .insert(id, 0, &sale.attempts[0], "<xml>保存的请求</xml>")?;
        tx.journal()
            .add(now, "placed", Some(id), Some(&order), &total.to_string())?;
        Ok(sale)
    })
}

/// Feeds the last attempt of a sale an input and saves what comes of it.
fn feed(db: &mut Database, sale: Sale, now: Timestamp, input: Input) -> Result<Sale, StoreError> {
    let order = sale.attempts[sale.attempts.len() - 1].out_trade_no.clone();
    let (after, effects) = sale.clone().handle(now, &Timing::default(), &order, input);
    db.write(|tx| {
        tx.sales().save(&sale, &after, &effects)?;
        for attempt in &after.attempts {
            let number = &attempt.out_trade_no;
            let old = sale.attempt(number).map_or("", |old| old.state.word());
            let new = attempt.state.word();
            if old != new {
                let change = format!("{old} -> {new}");
                tx.journal()
                    .add(now, "state", Some(after.id), Some(number), &change)?;
            }
        }
        Ok(())
    })?;
    Ok(after)
}

fn payment(fen: i64, transaction_id: &str, time_end: Timestamp) -> Payment {
    Payment {
        transaction_id: transaction_id.to_owned(),
        total_fee: Fen::new(fen),
        fee_type: "CNY".to_owned(),
        cash_fee: Fen::new(fen),
        coupon_fee: Fen::ZERO,
        time_end,
        found_by: FoundBy::Query,
    }
}

fn placed() -> Input {
    Input::Place(PlaceAnswer::Placed {
        code_url: "weixin://wxpay/bizpayurl?pr=abc".to_owned(),
    })
}

fn paid(fen: i64, transaction_id: &str, time_end: Timestamp) -> Input {
    Input::Query(QueryAnswer::Paid(payment(fen, transaction_id, time_end)))
}

fn refused() -> Input {
    Input::Place(PlaceAnswer::Refused {
        code: "NOAUTH".to_owned(),
    })
}

fn numbers(sales: &[StoredSale]) -> Vec<i64> {
    sales.iter().map(|stored| stored.sale.id.0).collect()
}
