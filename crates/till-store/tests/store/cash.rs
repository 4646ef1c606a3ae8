//! Cash and shifts: added once, never changed; one shift at a time; a closed one stays closed.

use till_core::{
    CashMove, DrawerCount, Fen, Input, MoveKind, QueryAnswer, Sale, Shift, ShiftEnd, ShiftId, Timing,
};
use till_store::{Database, NewSale, StoreError};

use crate::{Folder, at, feed, lines, ring_up, shop};

fn paid_in(fen: i64, seconds: i64) -> CashMove {
    CashMove {
        at: at(seconds),
        kind: MoveKind::PaidIn,
        amount: Fen::new(fen),
        tendered: None,
        sale: None,
        shift: None,
        by: None,
        reason: "换零钱".to_owned(),
    }
}

fn open_shift(db: &mut Database, seconds: i64) -> Result<Shift, StoreError> {
    db.write(|tx| tx.shifts().open(at(seconds), None, Fen::new(20_000)))
}

fn end(seconds: i64) -> ShiftEnd {
    ShiftEnd {
        at: at(seconds),
        by: None,
        expected: Fen::new(20_000),
        count: DrawerCount::parse([(Fen::new(10_000), 2), (Fen::new(50), 1)]).unwrap(),
        left: Fen::new(10_000),
        approved_by: Some("李娜".to_owned()),
        note: "多了五角".to_owned(),
    }
}

#[test]
fn a_second_click_moves_no_second_note() {
    let mut db = shop();
    let moved = paid_in(5_000, 1);
    db.write(|tx| tx.cash_moves().add("click-1", &moved)).unwrap();
    let again = db.write(|tx| tx.cash_moves().add("click-1", &moved));
    assert!(
        matches!(again, Err(StoreError::Forbidden(_))),
        "one press of the button is one movement: {again:?}"
    );
    assert_eq!(
        db.read().cash_moves().by_click("click-1").unwrap(),
        Some(moved.clone()),
        "it is found as it was written"
    );
    assert_eq!(
        db.read().cash_moves().between(at(0), at(2)).unwrap(),
        [moved],
        "and there is one"
    );
}

#[test]
fn what_moved_in_the_drawer_is_never_rewritten() {
    let folder = Folder::new();
    let mut db = folder.open();
    db.write(|tx| tx.cash_moves().add("click-1", &paid_in(5_000, 1)))
        .unwrap();
    let shift = open_shift(&mut db, 1).unwrap();
    db.write(|tx| tx.shifts().close(shift.id, &end(60))).unwrap();
    drop(db);
    let raw = rusqlite::Connection::open(folder.path()).unwrap();
    for (statement, why) in [
        (
            "UPDATE cash_moves SET amount_fen = 1",
            "an amount can't be changed",
        ),
        ("DELETE FROM cash_moves", "a movement can't be taken out"),
        (
            "INSERT OR REPLACE INTO cash_moves (id, click, at, kind, amount_fen, reason) VALUES (1, 'x', 0, 'paid_in', 1, '')",
            "nor be written over",
        ),
        (
            "UPDATE shifts SET counted_fen = 20000",
            "a closed shift keeps its count",
        ),
        ("UPDATE shifts SET closed_at = NULL", "and stays closed"),
        ("DELETE FROM shifts", "and stays"),
    ] {
        assert!(raw.execute(statement, []).is_err(), "{why}: {statement}");
    }
}

#[test]
fn a_movement_that_makes_no_sense_is_not_written() {
    let mut db = shop();
    let sale = ring_up(&mut db, "click", &[(1, 2)], at(0)).unwrap();
    let of_sale = CashMove {
        kind: MoveKind::Sale,
        sale: Some(sale.id),
        tendered: Some(Fen::new(500)),
        ..paid_in(200, 1)
    };
    for (wrong, why) in [
        (paid_in(0, 1), "nothing is no movement"),
        (paid_in(-1, 1), "the direction is the kind's, not the sign's"),
        (
            CashMove {
                sale: None,
                ..of_sale.clone()
            },
            "a payment belongs to a sale",
        ),
        (
            CashMove {
                tendered: Some(Fen::new(199)),
                ..of_sale.clone()
            },
            "nobody pays 2.00 out of 1.99",
        ),
        (
            CashMove {
                tendered: None,
                ..of_sale.clone()
            },
            "what a customer handed over is written down",
        ),
        (
            CashMove {
                shift: Some(ShiftId(9)),
                ..of_sale.clone()
            },
            "there is no shift 9",
        ),
    ] {
        let refused = db.write(|tx| tx.cash_moves().add("wrong", &wrong));
        assert!(
            matches!(refused, Err(StoreError::Forbidden(_))),
            "{why}: {refused:?}"
        );
    }
    db.write(|tx| tx.cash_moves().add("right", &of_sale)).unwrap();
    assert_eq!(
        db.read().cash_moves().of_sale(sale.id).unwrap(),
        [of_sale],
        "the right one is"
    );
}

/// Takes cash for a sale and saves what comes of it, as one transaction.
pub(super) fn take(db: &mut Database, sale: &Sale, fen: i64, seconds: i64) -> Sale {
    let moved = CashMove {
        kind: MoveKind::Sale,
        sale: Some(sale.id),
        tendered: Some(Fen::new(10_000)),
        ..paid_in(fen, seconds)
    };
    let (after, effects) = sale
        .clone()
        .take_cash(Fen::new(fen), at(seconds), &Timing::default())
        .unwrap();
    db.write(|tx| {
        tx.cash_moves().add(&format!("cash-{seconds}"), &moved)?;
        let detail = format!("{}: 李娜", moved.amount);
        tx.journal()
            .add(moved.at, "cash_taken", moved.sale, None, &detail)?;
        tx.sales().save(sale, &after, &effects)
    })
    .unwrap();
    after
}

#[test]
fn a_sale_that_cash_has_paid_has_no_order_and_is_found_all_the_same() {
    let mut db = shop();
    let lines = lines(&[(1, 2)]);
    let id = db
        .write(|tx| {
            tx.sales().ring_up(&NewSale {
                click: "click",
                total: Fen::new(200),
                rung_up_at: at(0),
                lines: &lines,
                by: None,
                shift: None,
            })
        })
        .unwrap();
    let after = take(&mut db, &Sale::rung_up(id, Fen::new(200)), 200, 5);
    let stored = db.read().sales().by_click("click").unwrap().unwrap();
    assert_eq!(stored.sale, after, "as it was saved: cash, no order, sold");
    let row = db.read().stock().all().unwrap()[0];
    assert_eq!((row.sold, row.reserved), (2, 0), "its goods are sold");
    assert_eq!(
        db.read().stock().drift().unwrap(),
        [],
        "and the stock follows from the sales"
    );
    assert!(
        db.read().sales().live().unwrap().is_empty(),
        "nothing is left to do"
    );
    assert_eq!(
        db.read().cash_moves().in_hand().unwrap(),
        (0, Fen::ZERO),
        "the cash is a sale's"
    );
}

#[test]
fn cash_that_made_no_sale_keeps_the_sale_alive_until_it_is_given_back() {
    let mut db = shop();
    let sale = ring_up(&mut db, "click", &[(1, 2)], at(0)).unwrap();
    let after = take(&mut db, &sale, 50, 5);
    let closed = feed(&mut db, after, at(400), Input::Query(QueryAnswer::Closed)).unwrap();
    let live = db.read().sales().live().unwrap();
    assert_eq!(
        live.iter().map(|stored| &stored.sale).collect::<Vec<_>>(),
        [&closed],
        "no order is left to ask about, but half a yuan is in the drawer"
    );
    assert_eq!(
        db.read().cash_moves().in_hand().unwrap(),
        (1, Fen::new(50)),
        "and whoever counts the drawer is told"
    );
    let (given_back, amount, effects) = closed
        .clone()
        .give_cash_back(at(500), &Timing::default())
        .unwrap();
    let moved = CashMove {
        kind: MoveKind::GivenBack,
        sale: Some(closed.id),
        ..paid_in(amount.get(), 500)
    };
    db.write(|tx| {
        tx.cash_moves().add("back", &moved)?;
        tx.sales().save(&closed, &given_back, &effects)
    })
    .unwrap();
    assert!(db.read().sales().live().unwrap().is_empty(), "then it is over");
    assert_eq!(
        db.read().sales().by_click("click").unwrap().unwrap().sale.cash,
        Fen::ZERO,
        "the two rows cancel out, and both are kept"
    );
}

#[test]
fn shifts_are_numbered_without_a_gap_and_one_at_a_time() {
    let mut db = shop();
    let first = open_shift(&mut db, 1).unwrap();
    assert_eq!(first.id, ShiftId(1), "the first is number 1");
    let second = open_shift(&mut db, 2);
    assert!(
        matches!(second, Err(StoreError::Forbidden(_))),
        "one drawer has one shift at a time: {second:?}"
    );
    db.write(|tx| tx.shifts().close(first.id, &end(60))).unwrap();
    let twice = db.write(|tx| tx.shifts().close(first.id, &end(61)));
    assert!(twice.is_err(), "a shift is closed once: {twice:?}");
    let rolled_back = db.write(|tx| {
        tx.shifts().open(at(70), None, Fen::ZERO)?;
        Err::<(), _>(StoreError::OutOfStock {
            product: till_core::ProductId(1),
        })
    });
    assert!(rolled_back.is_err(), "what is given up is gone");
    let next = open_shift(&mut db, 80).unwrap();
    assert_eq!(next.id, ShiftId(2), "and leaves no gap");
    let closed = db.read().shifts().last_closed().unwrap();
    assert_eq!(
        closed,
        Some(Shift {
            end: Some(end(60)),
            ..first
        }),
        "a closed shift is found as it was closed"
    );
    assert_eq!(
        db.read().shifts().open().unwrap(),
        Some(next),
        "and the open one beside it"
    );
}
