//! The self-check of the drawer, of the people and of the guards: whatever somebody does to them behind the till's back.

use rusqlite::Connection;
use till_core::self_check::{About, Check, SelfCheck};
use till_core::{
    CashMove, DrawerCount, Fen, MoveKind, Role, ShiftEnd, ShiftId, ShiftLine, ShiftSums, UserName, ZNumber,
};
use till_store::{Database, self_check};

use crate::self_check::wrong;
use crate::z_reports::{keep, report};
use crate::{Folder, at, stock_shop, tamper};

fn moved(db: &mut Database, kind: MoveKind, fen: i64, seconds: i64) {
    let it = CashMove {
        at: at(seconds),
        kind,
        amount: Fen::new(fen),
        tendered: None,
        sale: None,
        shift: Some(ShiftId(1)),
        by: None,
        reason: "换零钱".to_owned(),
    };
    let what = if kind == MoveKind::PaidIn {
        "cash_in"
    } else {
        "cash_out"
    };
    db.write(|tx| {
        tx.cash_moves().add(&seconds.to_string(), &it)?;
        let detail = format!("{}: 李娜, {}", it.amount, it.reason);
        tx.journal().add(it.at, what, None, None, &detail)
    })
    .unwrap();
}

/// 100.00 in the drawer, 50.00 put in, 20.00 taken out, 130.00 counted, and a Z over it; two people.
fn closed() -> Folder {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    for (name, role) in [("李娜", Role::Manager), ("王敏", Role::Cashier)] {
        db.write(|tx| {
            tx.users()
                .add(&UserName::parse(name).unwrap(), role, "$argon2id$")?;
            let detail = format!("{name}, {role:?}; approved by the first");
            tx.journal().add(at(0), "user_added", None, None, &detail)
        })
        .unwrap();
    }
    let float = Fen::new(10_000);
    db.write(|tx| {
        tx.shifts().open(at(1), None, float)?;
        tx.journal()
            .add(at(1), "shift_opened", None, None, "1: 李娜, float 100.00")
    })
    .unwrap();
    moved(&mut db, MoveKind::PaidIn, 5_000, 2);
    moved(&mut db, MoveKind::PaidOut, 2_000, 3);
    let moves = db.read().cash_moves().of_shift(ShiftId(1)).unwrap();
    let end = ShiftEnd {
        at: at(4),
        by: None,
        expected: ShiftSums::of(float, &moves).unwrap().expected().unwrap(),
        count: DrawerCount::parse([(Fen::new(10_000), 1), (Fen::new(1_000), 3)]).unwrap(),
        left: float,
        approved_by: None,
        note: String::new(),
    };
    db.write(|tx| {
        tx.shifts().close(ShiftId(1), &end)?;
        let counted = "1: 李娜, counted 130.00, expected 130.00";
        tx.journal().add(at(4), "shift_counted", None, None, counted)?;
        tx.journal()
            .add(at(4), "shift_closed", None, None, "1: 李娜, agrees, left 100.00")
    })
    .unwrap();
    let (mut z, up_to) = report(&db, 1, 5);
    z.drawer.shifts = vec![ShiftLine {
        id: ShiftId(1),
        opened_at: at(1),
        closed_at: Some(at(4)),
        by: String::new(),
        float,
        expected: Fen::new(13_000),
        counted: Some(Fen::new(13_000)),
        left: Some(float),
        note: String::new(),
        opened_by: String::new(),
        left_before: None,
        count: end.count.clone(),
        approved_by: None,
    }];
    keep(&mut db, "z1", 1, &z, up_to).unwrap();
    assert_eq!(z.drawer.paid_out.sum, Fen::new(2_000), "the Z tells of the 20.00");
    drop(db);
    let check = self_check(&folder.path()).unwrap();
    assert_eq!(wrong(&check), [], "all of it holds");
    folder
}

fn names(check: &SelfCheck, which: Check, about: &About) -> bool {
    wrong(check)
        .iter()
        .any(|(check, wrong)| *check == which && wrong.about == *about)
}

#[test]
fn whatever_is_done_to_the_drawer_behind_the_tills_back_is_named() {
    let z = || About::Z(ZNumber(1));
    let shift = || About::Shift(1);
    for (change, named) in [
        (
            "DELETE FROM cash_moves WHERE kind = 'paid_out'",
            vec![
                (Check::Drawer, About::Ledger),
                (Check::Drawer, shift()),
                (Check::Zs, z()),
            ],
        ),
        (
            "UPDATE cash_moves SET amount_fen = 3000 WHERE kind = 'paid_out'",
            vec![
                (Check::Drawer, About::Ledger),
                (Check::Drawer, shift()),
                (Check::Zs, z()),
            ],
        ),
        (
            "UPDATE cash_moves SET kind = 'paid_in' WHERE kind = 'paid_out'",
            vec![
                (Check::Drawer, About::Ledger),
                (Check::Drawer, shift()),
                (Check::Zs, z()),
            ],
        ),
        (
            "UPDATE cash_moves SET reason = '买米' WHERE kind = 'paid_out'",
            vec![(Check::Zs, z())],
        ),
        (
            "UPDATE cash_moves SET shift_id = NULL WHERE kind = 'paid_out'",
            vec![(Check::Drawer, shift())],
        ),
        (
            "INSERT INTO cash_moves (click, at, kind, amount_fen, reason) VALUES ('x', 0, 'paid_in', 1, 'x')",
            vec![(Check::Drawer, About::Ledger)],
        ),
        (
            "UPDATE shifts SET float_fen = 9000",
            vec![(Check::Drawer, shift()), (Check::Zs, z())],
        ),
        (
            "UPDATE shifts SET expected_fen = 12000",
            vec![(Check::Drawer, shift()), (Check::Zs, z())],
        ),
        (
            "UPDATE shifts SET counted_fen = 12000, count = '[[10000,1],[1000,2]]'",
            vec![(Check::Drawer, shift()), (Check::Zs, z())],
        ),
        (
            "UPDATE shifts SET left_fen = 5000",
            vec![(Check::Drawer, shift()), (Check::Zs, z())],
        ),
        ("UPDATE shifts SET note = 'x'", vec![(Check::Zs, z())]),
        (
            "DELETE FROM shifts",
            vec![(Check::Drawer, shift()), (Check::Zs, z())],
        ),
    ] {
        let folder = closed();
        let check = tamper(&folder, change);
        for (which, about) in named {
            assert!(
                names(&check, which, &about),
                "{change}: {which:?} does not hold, about {about}: {:?}",
                wrong(&check)
            );
        }
    }
}

#[test]
fn people_refunds_bills_and_sign_offs_are_those_that_the_journal_tells_of() {
    for change in [
        "UPDATE users SET role = 'manager' WHERE name = '王敏'",
        "UPDATE users SET name = '王二' WHERE name = '王敏'",
        "DELETE FROM users WHERE name = '王敏'",
        "INSERT INTO users (name, role, on_duty, pin_hash) VALUES ('贼', 'manager', 1, 'x')",
        "INSERT INTO sign_offs (bill_date, bill_id, at, agreement) VALUES ('2026-11-22', 1, 0, '{}')",
        "INSERT INTO bills (bill_date, bill_type, source, content, received_at, sha256, file)
         VALUES ('2026-11-22', 'ALL', 'fetched', 'nothing', 0, zeroblob(32), x'00')",
    ] {
        let folder = closed();
        let check = tamper(&folder, change);
        assert!(
            names(&check, Check::Records, &About::Ledger),
            "{change}: the journal knows nothing of it: {:?}",
            wrong(&check)
        );
    }
    let folder = closed();
    let mut db = folder.open();
    db.write(|tx| {
        tx.journal().add(
            at(9),
            "refund_wished",
            None,
            None,
            "T1-261123-000001-AAAA-R1 2.00 of 3.00: x",
        )
    })
    .unwrap();
    let gone = About::Order("T1-261123-000001-AAAA-R1".to_owned());
    assert!(
        names(&db.read().self_check(), Check::Records, &gone),
        "a refund that the journal tells of is not there"
    );
}

#[test]
fn a_z_from_before_more_was_written_down_is_read_and_its_seal_holds() {
    let folder = closed();
    let conn = Connection::open(folder.path()).unwrap();
    let body: String = conn
        .query_row("SELECT body FROM z_reports", [], |row| row.get(0))
        .unwrap();
    conn.close().unwrap();
    let mut old: serde_json::Value = serde_json::from_str(&body).unwrap();
    let line = old["drawer"]["shifts"][0].as_object_mut().unwrap();
    for added in ["opened_by", "left_before", "count", "approved_by"] {
        assert!(line.remove(added).is_some(), "{added} is written down now");
    }
    let read: till_core::Report = serde_json::from_value(old).unwrap();
    let line = &read.drawer.shifts[0];
    assert_eq!(
        (line.counted, line.count.pieces().len(), line.opened_by.as_str()),
        (Some(Fen::new(13_000)), 0, ""),
        "what it had is there, what it had not is empty"
    );
    // The same Z as the program of before would have kept it.
    tamper(
        &folder,
        "DELETE FROM z_reports; UPDATE journal SET detail = 'x' WHERE what = 'z_made'",
    );
    let mut db = folder.open();
    let up_to = till_store::ToldUpTo {
        cash_moves: 2,
        shifts: ShiftId(1),
        ..till_store::ToldUpTo::START
    };
    keep(&mut db, "z1", 1, &read, up_to).unwrap();
    let about_zs = |check: &SelfCheck| wrong(check).iter().filter(|(it, _)| *it == Check::Zs).count();
    assert_eq!(
        about_zs(&db.read().self_check()),
        1,
        "only the row of the journal that this test has spoilt: {:?}",
        wrong(&db.read().self_check())
    );
}

#[test]
fn a_guard_that_was_taken_away_or_blunted_is_named() {
    for (change, expected, found) in [
        (
            "DROP TRIGGER cash_moves_are_not_taken_out",
            "trigger cash_moves_are_not_taken_out",
            "",
        ),
        (
            "DROP TRIGGER journal_is_not_changed;
             CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal WHEN 0 BEGIN SELECT 1; END",
            "trigger journal_is_not_changed",
            "altered",
        ),
        (
            "CREATE TRIGGER helpful AFTER INSERT ON cash_moves BEGIN DELETE FROM held_carts; END",
            "",
            "trigger helpful",
        ),
        ("DROP INDEX one_shift_is_open", "index one_shift_is_open", ""),
    ] {
        let folder = closed();
        let conn = Connection::open(folder.path()).unwrap();
        conn.execute_batch(change).unwrap();
        conn.close().unwrap();
        let check = self_check(&folder.path()).unwrap();
        let said: Vec<_> = wrong(&check)
            .into_iter()
            .map(|(which, wrong)| (which, wrong.expected.as_str(), wrong.found.as_str()))
            .collect();
        assert_eq!(
            said,
            [(Check::Schema, expected, found)],
            "{change}: and nothing else"
        );
    }
}

#[test]
fn a_paid_order_and_a_refund_that_are_on_no_book_are_named() {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    let sale = crate::refunds::paid_sale(&mut db);
    let wished = crate::refunds::wish(&db, &sale, at(10), crate::refunds::of_line(1, 2, true)).unwrap();
    let refund = crate::refunds::insert(&mut db, &wished, at(10), "r1").unwrap();
    let refund = crate::refunds::feed_refund(&mut db, refund, at(11), till_core::RefundInput::Leaving);
    crate::refunds::feed_refund(&mut db, refund, at(12), crate::refunds::accepted());
    drop(db);
    let check = tamper(&folder, "DELETE FROM bookings");
    let order = sale.attempts[0].out_trade_no.to_string();
    for about in [About::Order(order.clone()), About::Order(format!("{order}-R1"))] {
        assert!(
            names(&check, Check::Books, &about),
            "its money is in the ledger and on no book, about {about}: {:?}",
            wrong(&check)
        );
    }
}
