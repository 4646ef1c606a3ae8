//! Cash and shifts: added once, never changed; one shift at a time; a closed one stays closed.

use till_core::{CashMove, DrawerCount, Fen, MoveKind, Shift, ShiftEnd, ShiftId};
use till_store::{Database, StoreError};

use crate::{Folder, at, ring_up, shop};

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
    assert_eq!(
        db.read().cash_moves().in_hand().unwrap(),
        (1, Fen::new(200)),
        "cash for a sale that is not paid in full is not forgotten"
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
