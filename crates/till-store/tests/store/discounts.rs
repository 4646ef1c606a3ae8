//! Prices below the list price: kept with the lines, told by the journal, in the Z they belong to; and a ledger from before
//! prices could be lowered.

use rusqlite::Connection;
use till_core::self_check::{About, Check, Wrong};
use till_core::{Fen, Line, Lowered, Reduction, SaleId, Tally, ZNumber};
use till_store::{Database, NewSale, Pages, StoreError, self_check};

use crate::self_check::wrong;
use crate::{Folder, at, feed, lines, number, paid, placed, stock_shop, tamper};

/// A ledger of two closed days and a cart in hand, as the program wrote it that knew no lowered prices.
const BEFORE: &str = include_str!("before_discounts.sql");

fn lowered(line: Line, price: i64, approved_by: Option<&str>) -> Line {
    Line {
        reduction: Some(Reduction {
            list: line.price,
            how: Lowered::NewPrice,
            approved_by: approved_by.map(ToOwned::to_owned),
        }),
        price: Fen::new(price),
        ..line
    }
}

/// Two pieces at 1.00, two more at 0.60 instead of 1.00.
fn some_below_list() -> Vec<Line> {
    let [one, other] = <[Line; 2]>::try_from(lines(&[(1, 2), (3, 2)])).unwrap();
    vec![one, lowered(other, 60, Some("李娜"))]
}

fn sell(db: &mut Database, lines: &[Line]) -> Result<till_core::Sale, StoreError> {
    let total = Fen::sum(lines.iter().map(|line| line.sum().unwrap())).unwrap();
    let order = number("T1-261123-000001-AAAA");
    db.write(|tx| {
        let id = tx.sales().ring_up(&NewSale {
            click: "click",
            total,
            rung_up_at: at(0),
            lines,
            by: None,
            shift: None,
        })?;
        let sale = till_core::Sale::new(id, total, order.clone(), at(0), &till_core::Timing::default());
        tx.attempts().insert(id, 0, &sale.attempts[0], "<xml/>")?;
        tx.journal()
            .add(at(0), "placed", Some(id), Some(&order), &total.to_string())?;
        Ok(sale)
    })
}

fn all(db: &Database) -> Pages {
    let to = db.read().bookings().last().unwrap();
    Pages { from: 0, to }
}

/// One sale below list prices, paid.
fn sold() -> (Folder, Database) {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    let sale = sell(&mut db, &some_below_list()).unwrap();
    let sale = feed(&mut db, sale, at(1), placed()).unwrap();
    feed(&mut db, sale, at(2), paid(320, "4200", at(2))).unwrap();
    (folder, db)
}

#[test]
fn a_lowered_price_is_read_as_it_was_written_and_counts_from_the_day_it_was_paid() {
    let (_folder, db) = sold();
    assert_eq!(
        db.read().sales().lines(SaleId(1)).unwrap(),
        some_below_list(),
        "with its list price, how it came to be, and who approved it"
    );
    let off = Tally {
        count: 1,
        sum: Fen::new(80),
    };
    let read = db.read().sale_lines();
    assert_eq!(read.discounts_on(all(&db)).unwrap(), off, "two pieces, 0.40 each");
    let before = Pages { from: 0, to: 0 };
    assert_eq!(
        read.discounts_on(before).unwrap(),
        Tally::default(),
        "on its own pages only"
    );
    assert_eq!(
        read.discounts_of_day(at(0), at(10)).unwrap(),
        off,
        "on the day it was paid"
    );
    assert_eq!(
        read.discounts_of_day(at(3), at(10)).unwrap(),
        Tally::default(),
        "and on no other"
    );
    let mut told = Vec::new();
    db.read()
        .bookings()
        .each_on(all(&db), |entry| {
            told.push((entry.booking.amount, entry.discount));
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert_eq!(
        told,
        [(Fen::new(320), Fen::new(80))],
        "the entry has it beside what was paid"
    );
    let journal = db.read().journal().after(0, 99).unwrap();
    let row = journal.iter().find(|row| row.what == "sold_below_list").unwrap();
    assert_eq!(
        (row.sale, row.detail.as_str()),
        (
            Some(SaleId(1)),
            "line 2: 2 at 0.60 for 1.00, new price, approved by 李娜"
        ),
        "the journal tells of it, sale by sale"
    );
}

#[test]
fn the_schema_takes_no_price_above_its_list_price() {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    for price in [100, 101] {
        let line = lowered(lines(&[(1, 2)]).remove(0), price, None);
        let refused = sell(&mut db, &[line]);
        assert!(
            matches!(refused, Err(StoreError::Forbidden(_))),
            "{price} is not below 100: {refused:?}"
        );
    }
    let mut free = lines(&[(1, 2), (3, 1)]);
    free[0].price = Fen::ZERO;
    let refused = sell(&mut db, &free);
    assert!(
        matches!(refused, Err(StoreError::Forbidden(_))),
        "a gift has a list price: {refused:?}"
    );
}

#[test]
fn what_was_taken_off_can_not_be_changed_behind_the_tills_back() {
    let sums =
        |expected: &str, found: &str| (Check::Sums, Wrong::new(About::Sale(SaleId(1)), expected, found));
    let told = "line 2: 2 at 0.60 for 1.00, new price, approved by 李娜";
    for (change, expected) in [
        (
            "UPDATE sale_lines SET list_fen = 70 WHERE sale_id = 1 AND nth = 1",
            sums(told, "line 2: 2 at 0.60 for 0.70, new price, approved by 李娜"),
        ),
        (
            "UPDATE sale_lines SET approved_by = NULL WHERE sale_id = 1",
            sums(told, "line 2: 2 at 0.60 for 1.00, new price"),
        ),
        (
            "UPDATE sale_lines SET list_fen = NULL, lowered = NULL, approved_by = NULL WHERE sale_id = 1",
            sums(told, ""),
        ),
        (
            "UPDATE sale_lines SET list_fen = 200, lowered = 'amount_off' WHERE sale_id = 1 AND nth = 0",
            sums(told, &format!("line 1: 2 at 1.00 for 2.00, amount off; {told}")),
        ),
    ] {
        let (folder, db) = sold();
        drop(db);
        let check = tamper(&folder, change);
        let found = wrong(&check);
        assert!(
            found.contains(&(expected.0, &expected.1)),
            "{change}: {expected:?} is not in {found:?}"
        );
    }
}

#[test]
fn a_z_holds_its_discounts_against_the_lines() {
    let (folder, mut db) = sold();
    let (report, up_to) = crate::z_reports::report(&db, 1, 5);
    assert_eq!(report.discounts.sum, Fen::new(80), "the Z tells of it");
    crate::z_reports::keep(&mut db, "z", 1, &report, up_to).unwrap();
    drop(db);
    let of_zs = |check: &till_core::self_check::SelfCheck| -> Vec<Wrong> {
        wrong(check)
            .into_iter()
            .filter(|(check, _)| *check == Check::Zs)
            .map(|(_, wrong)| wrong.clone())
            .collect()
    };
    assert_eq!(of_zs(&self_check(&folder.path()).unwrap()), [], "and holds");
    let check = tamper(
        &folder,
        "UPDATE sale_lines SET list_fen = 70 WHERE sale_id = 1 AND nth = 1",
    );
    assert_eq!(
        of_zs(&check),
        [Wrong::new(
            About::Z(ZNumber(1)),
            "discounts 1: 0.20",
            "discounts 1: 0.80"
        )],
        "a list price that was changed afterwards makes another Z"
    );
}

#[test]
fn a_ledger_from_before_prices_could_be_lowered_stays_as_it_was_and_its_zs_hold() {
    let folder = Folder::new();
    let raw = Connection::open(folder.path()).unwrap();
    raw.execute_batch(BEFORE).unwrap();
    let zs = |raw: &Connection| -> Vec<(i64, String, Vec<u8>)> {
        let mut all = raw
            .prepare("SELECT number, body, digest FROM z_reports ORDER BY number")
            .unwrap();
        let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.unwrap().map(Result::unwrap).collect()
    };
    let before = zs(&raw);
    assert_eq!(before.len(), 2, "two days were closed");
    assert!(
        before.iter().all(|(_, body, _)| !body.contains("discounts")),
        "by a program that had no word for it"
    );
    drop(raw);

    let db = folder.open();
    assert_eq!(
        zs(&Connection::open(folder.path()).unwrap()),
        before,
        "each Z is what it was, byte for byte, under its seal"
    );
    let z = db.read().z_reports().get(ZNumber(1)).unwrap().unwrap();
    assert_eq!(
        (z.report.discounts, z.report.gross(), z.report.takings.net()),
        (Tally::default(), Ok(Fen::new(1050)), Ok(Fen::new(1050))),
        "it is read, and had no discounts"
    );
    let lines = db.read().sales().lines(SaleId(1)).unwrap();
    let kept: Vec<_> = lines
        .iter()
        .map(|it| {
            (
                it.name.as_str(),
                it.price.get(),
                it.pieces,
                it.reduction.is_some(),
            )
        })
        .collect();
    assert_eq!(
        kept,
        [
            ("农夫山泉 550ml", 200, 2, false),
            ("康师傅红烧牛肉面", 450, 1, false)
        ],
        "no line was lost or changed on the way"
    );
    let cart: till_core::Cart = db.read().settings().get("cart").unwrap().unwrap();
    assert_eq!(cart.total(), Ok(Fen::new(400)), "and the cart in hand is read");
    let check = db.read().self_check();
    assert!(
        check.holds(),
        "the whole ledger proves itself: {:?}",
        wrong(&check)
    );
}
