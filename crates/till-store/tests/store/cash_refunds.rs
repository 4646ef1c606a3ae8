//! Refunds in cash: written down whole, once, within what was taken; and what is changed of them behind the till's back is
//! named.

use till_core::self_check::{About, Check, cash_refund_told};
use till_core::{
    Booked, Booking, CashRefund, CashRefundBounds, Fen, LineNo, MoveKind, Part, RefundLine, RefundReason,
    Sale, SaleId, Sold,
};
use till_store::{Database, NewCashRefund, Pages, StoreError, StoredCashRefund};

use super::books::cash_sale;
use super::self_check::wrong;
use super::*;

/// What a till does in one transaction.
fn give(
    db: &mut Database,
    sale: &Sale,
    part: Part,
    click: &str,
    seconds: i64,
) -> Result<StoredCashRefund, StoreError> {
    let lines = db.read().sales().lines(sale.id).unwrap();
    let so_far = db.read().cash_refunds().of_sale(sale.id).unwrap();
    let so_far: Vec<CashRefund> = so_far.into_iter().map(|it| it.refund).collect();
    let sold = Sold {
        lines: &lines,
        stock: sale.stock,
        refunds: &[],
        cash_refunds: &so_far,
    };
    let wish = CashRefundBounds::of(sale, &sold).unwrap().wish(part).unwrap();
    let reason = RefundReason::parse("瑕疵: 破损").unwrap();
    db.write(|tx| {
        let stored = tx.cash_refunds().insert(&NewCashRefund {
            wish: &wish,
            click,
            at: at(seconds),
            shift: None,
            by: None,
            reason: &reason,
            approved_by: "李娜",
        })?;
        let detail = format!("{}: {reason}; approved by 李娜", cash_refund_told(&stored.refund));
        tx.journal()
            .add(at(seconds), "cash_refunded", Some(sale.id), None, &detail)?;
        Ok(stored)
    })
}

fn one_piece() -> Part {
    Part::Lines {
        lines: vec![RefundLine {
            line: LineNo(1),
            pieces: 1,
        }],
        goods_back: true,
    }
}

fn books(db: &Database) -> Vec<Booking> {
    let to = db.read().bookings().last().unwrap();
    db.read().bookings().on(Pages { from: 0, to }).unwrap()
}

#[test]
fn a_refund_in_cash_is_in_the_drawer_on_the_books_and_on_the_shelf() {
    let mut db = shop();
    let sale = cash_sale(&mut db, "cash", 300, 5);
    let sold_before = db.read().stock().all().unwrap()[2].sold;
    let stored = give(&mut db, &sale, one_piece(), "back", 9).unwrap();
    assert_eq!(
        db.read().cash_refunds().of_sale(sale.id).unwrap(),
        std::slice::from_ref(&stored),
        "it is read as it was written, lines and all"
    );
    assert_eq!(
        db.read().cash_refunds().by_click("back").unwrap(),
        Some(stored),
        "and found by its press of the button"
    );
    let moves = db.read().cash_moves().of_sale(sale.id).unwrap();
    let moved: Vec<_> = moves.iter().map(|it| (it.kind, it.amount.get())).collect();
    assert_eq!(
        moved,
        [(MoveKind::Sale, 300), (MoveKind::Refund, 100)],
        "a yuan left the drawer"
    );
    assert_eq!(
        books(&db)[1],
        Booking::new(Booked::CashRefund, Fen::new(100), at(9)),
        "the books say so"
    );
    let returned = db
        .read()
        .bookings()
        .returned_on(Pages { from: 0, to: 2 })
        .unwrap();
    assert_eq!(
        (returned.len(), returned[0].pieces, returned[0].sum),
        (1, 1, Fen::new(100)),
        "and what came back"
    );
    let mut numbers = Vec::new();
    db.read()
        .bookings()
        .each_on(Pages { from: 0, to: 2 }, |entry| {
            numbers.push((entry.sale, entry.cash_refund_no.map(|it| it.to_string())));
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert_eq!(
        numbers,
        [(sale.id, None), (sale.id, Some(format!("{}-R1", sale.id.0)))],
        "by name"
    );
    assert_eq!(
        db.read().stock().all().unwrap()[2].sold,
        sold_before - 1,
        "a piece is on the shelf"
    );
    assert_eq!(db.read().stock().drift().unwrap(), [], "as the sales have it");
    assert_eq!(
        db.read().sales().by_id(sale.id).unwrap().unwrap().sale,
        sale,
        "the sale stays paid in cash"
    );
    let check = db.read().self_check();
    assert_eq!(wrong(&check), [], "nothing is wrong with the ledger");
}

#[test]
fn a_second_press_and_more_than_was_taken_write_nothing() {
    let mut db = shop();
    let sale = cash_sale(&mut db, "cash", 300, 5);
    give(&mut db, &sale, Part::Amount(Fen::new(200)), "back", 9).unwrap();
    let again = give(&mut db, &sale, Part::Amount(Fen::new(50)), "back", 10);
    assert!(
        matches!(again, Err(StoreError::Forbidden(_))),
        "one press is one refund: {again:?}"
    );
    // Whoever has worked its bounds out before somebody else's refund.
    let lines = db.read().sales().lines(sale.id).unwrap();
    let sold = Sold {
        lines: &lines,
        stock: sale.stock,
        refunds: &[],
        cash_refunds: &[],
    };
    let stale = CashRefundBounds::of(&sale, &sold)
        .unwrap()
        .wish(Part::Amount(Fen::new(101)))
        .unwrap();
    let refused = db.write(|tx| {
        tx.cash_refunds().insert(&NewCashRefund {
            wish: &stale,
            click: "stale",
            at: at(11),
            shift: None,
            by: None,
            reason: &RefundReason::parse("x").unwrap(),
            approved_by: "",
        })
    });
    assert!(
        matches!(refused, Err(StoreError::Forbidden(_))),
        "the schema has the last word: {refused:?}"
    );
    assert_eq!(
        db.read().cash_refunds().of_sale(sale.id).unwrap().len(),
        1,
        "one refund was given"
    );
    assert_eq!(wrong(&db.read().self_check()), [], "and nothing is half written");
}

#[test]
fn sales_in_cash_are_found_by_day_by_number_and_by_amount() {
    let mut db = shop();
    let first = cash_sale(&mut db, "one", 300, 5);
    let second = cash_sale(&mut db, "two", 200, 50);
    let split = ring_up(&mut db, "split", &[(1, 2)], at(60)).unwrap();
    cash::take(&mut db, &split, 50, 61);
    give(&mut db, &first, Part::Amount(Fen::new(120)), "back", 70).unwrap();
    let sales = db.read().sales();
    let of = |from, to| -> Vec<(SaleId, i64)> {
        let rows = sales.in_cash_of_day(at(from), at(to)).unwrap();
        rows.iter().map(|it| (it.sale, it.refunded.get())).collect()
    };
    assert_eq!(
        of(0, 100),
        [(second.id, 0), (first.id, 120)],
        "newest first, with what went back; a part in cash is no sale in cash"
    );
    assert_eq!(
        of(6, 51),
        [(second.id, 0)],
        "by the time at which the sum was there"
    );
    let found = |number, amount: Option<i64>| -> Vec<SaleId> {
        let rows = sales.search_in_cash(number, amount.map(Fen::new)).unwrap();
        rows.iter().map(|it| it.sale).collect()
    };
    assert_eq!(found(Some(first.id), None), [first.id], "by its number");
    assert_eq!(found(None, Some(200)), [second.id], "by its amount");
    assert_eq!(
        found(Some(split.id), Some(200)),
        [second.id],
        "the split one is an order's"
    );
    assert_eq!(found(None, None), [], "nothing is asked for");
}

/// A ledger with a sale of 3.00 of which 1.00 went back with its piece, and what a self-check says of it after `statements`.
fn tampered(statements: &str) -> Vec<(Check, About)> {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    let sale = cash_sale(&mut db, "cash", 300, 5);
    give(&mut db, &sale, one_piece(), "back", 9).unwrap();
    drop(db);
    let check = tamper(&folder, statements);
    wrong(&check)
        .into_iter()
        .map(|(check, wrong)| (check, wrong.about.clone()))
        .collect()
}

#[test]
fn what_was_changed_of_a_refund_in_cash_is_named() {
    assert_eq!(tampered(""), [], "untouched, it holds");
    let sale = About::Sale(SaleId(1));
    for (why, statements) in [
        (
            "another amount",
            "UPDATE cash_moves SET amount_fen = 99 WHERE kind = 'refund'",
        ),
        (
            "more than was paid",
            "UPDATE cash_moves SET amount_fen = 301 WHERE kind = 'refund'",
        ),
        (
            "the refund gone, its movement there",
            "DELETE FROM cash_refund_lines; DELETE FROM cash_refunds",
        ),
        (
            "refund and movement gone",
            "DELETE FROM cash_refund_lines; DELETE FROM cash_refunds; DELETE FROM cash_moves WHERE kind = 'refund'",
        ),
        ("another sale's", "UPDATE cash_refunds SET sale_id = 2"),
        (
            "more pieces than were sold",
            "UPDATE cash_refund_lines SET pieces = 4",
        ),
        (
            "a movement that is no refund's",
            "INSERT INTO cash_moves (click, at, kind, amount_fen, sale_id, reason) VALUES ('x', 0, 'refund', 1, 1, '')",
        ),
    ] {
        let named = tampered(statements);
        assert!(
            named.contains(&(Check::Refunds, sale.clone())),
            "{why}: the refunds do not hold, and the sale is named: {named:?}"
        );
    }
    let goods = tampered("UPDATE cash_refunds SET goods = 'stay'");
    assert!(
        goods.iter().any(|(check, _)| *check == Check::Stock),
        "goods that are said to have stayed are too many on the shelf: {goods:?}"
    );
    let time = tampered("UPDATE cash_moves SET at = at + 1 WHERE kind = 'refund'");
    assert!(
        time.contains(&(Check::Books, sale)),
        "the books have another time: {time:?}"
    );
}
