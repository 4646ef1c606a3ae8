//! Closed days: numbered without a gap, kept as they were made, and sealed so that the self-check names what was done to
//! them.

use jiff::tz::TimeZone;
use rusqlite::Connection;
use till_core::self_check::{About, Check, SelfCheck, Wrong};
use till_core::{Calendar, Fen, Report, ReportHead, ReportInput, ShiftId, Tally, ZNumber};
use till_store::{Database, StoreError, ToldUpTo, self_check};

use crate::books::cash_sale;
use crate::self_check::wrong;
use crate::{Folder, at, feed, paid, placed, ring_up, shop, stock_shop, tamper};

/// What a Z made now would say.
pub(super) fn report(db: &Database, number: u32, seconds: i64) -> (Report, ToldUpTo) {
    let read = db.read();
    let told = read.z_reports().untold().unwrap();
    let from = read
        .z_reports()
        .last()
        .unwrap()
        .map_or_else(|| at(0), |z| z.closed_at);
    let calendar = Calendar::midnight(TimeZone::UTC);
    let sold = read.bookings().sold_on(told.bookings()).unwrap();
    let input = ReportInput {
        head: ReportHead {
            shop: "小满便利店".to_owned(),
            legal_id: String::new(),
            till: "T1".to_owned(),
            version: "0".to_owned(),
            number: Some(ZNumber(number)),
            day: calendar.day_of(at(seconds)),
            from,
            to: at(seconds),
            by: "李娜".to_owned(),
            note: String::new(),
        },
        bookings: read.bookings().on(told.bookings()).unwrap(),
        cash: read
            .cash_moves()
            .on(told.cash_moves())
            .unwrap()
            .into_iter()
            .map(|it| (it, String::new()))
            .collect::<Vec<_>>(),
        shifts: Vec::new(),
        in_hand: Tally::default(),
        discounts: sold.discounts,
        items: sold.items,
        returned: read.bookings().returned_on(told.bookings()).unwrap(),
        given_up: read.bookings().given_up_on(told.bookings()).unwrap(),
        carried: Vec::new(),
        held_carts: 0,
        voided: read.journal().voided_on(told.journal()).unwrap(),
        exceptions: Vec::new(),
        aside: read.journal().zs_aside_on(told.journal()).unwrap(),
        before: read.z_reports().totals().unwrap(),
    };
    (Report::make(&calendar, input).unwrap(), told.to)
}

/// Closes a day as the till does: the Z and its row in the journal.
pub(super) fn close(db: &mut Database, click: &str, number: u32, seconds: i64) -> Result<(), StoreError> {
    let (report, up_to) = report(db, number, seconds);
    keep(db, click, number, &report, up_to)
}

pub(super) fn keep(
    db: &mut Database,
    click: &str,
    number: u32,
    report: &Report,
    up_to: ToldUpTo,
) -> Result<(), StoreError> {
    let net = report.takings.net().unwrap();
    db.write(|tx| {
        let digest = tx.z_reports().keep(click, ZNumber(number), report, net, up_to)?;
        let detail = format!("{number}: 李娜, 店长, net {net}, {digest}");
        tx.journal().add(report.head.to, "z_made", None, None, &detail)
    })
}

fn sell(db: &mut Database, click: &str, fen: i64, seconds: i64) {
    cash_sale(db, click, fen, seconds);
}

fn nets(db: &Database) -> Vec<(u32, i64)> {
    let zs = db.read().z_reports().before(None, 99).unwrap();
    zs.iter()
        .map(|z| (z.number.0, z.report.takings.net().unwrap().get()))
        .collect()
}

#[test]
fn each_entry_is_in_one_z_and_the_totals_go_on() {
    let mut db = shop();
    close(&mut db, "z0", 1, 1).unwrap();
    sell(&mut db, "a", 300, 2);
    sell(&mut db, "b", 200, 3);
    close(&mut db, "z1", 2, 4).unwrap();
    let sale = ring_up(&mut db, "c", &[(1, 2)], at(5)).unwrap();
    let sale = feed(&mut db, sale, at(6), placed()).unwrap();
    close(&mut db, "z2", 3, 7).unwrap();
    feed(&mut db, sale, at(9), paid(200, "4200", at(6))).unwrap();
    close(&mut db, "z3", 4, 10).unwrap();
    assert_eq!(
        nets(&db),
        [(4, 200), (3, 0), (2, 500), (1, 0)],
        "what waits at a Z is in the next, a day without sales is a Z of zeros"
    );
    assert_eq!(
        db.read().z_reports().totals().unwrap().net,
        Fen::new(700),
        "and all of them make the whole"
    );
    let again = db.read().z_reports().get(ZNumber(2)).unwrap().unwrap();
    let told = db.read().z_reports().told_by(&again).unwrap();
    assert_eq!(
        (told.bookings().from, told.bookings().to),
        (0, 2),
        "its stretch of the books is found again"
    );
    assert_eq!(
        again.report.items.iter().map(|it| it.pieces).sum::<i64>(),
        5,
        "five pieces were sold in it"
    );
    let check = db.read().self_check();
    assert_eq!(
        wrong(&check)
            .into_iter()
            .filter(|(check, _)| *check == Check::Zs)
            .collect::<Vec<_>>(),
        [],
        "every Z holds"
    );
}

#[test]
fn fault_77_one_press_of_the_button_is_one_z() {
    let mut db = shop();
    close(&mut db, "click", 1, 1).unwrap();
    let again = close(&mut db, "click", 2, 2);
    assert!(
        matches!(again, Err(StoreError::Forbidden(_))),
        "the same click makes no second one: {again:?}"
    );
    assert_eq!(
        db.read().z_reports().by_click("click").unwrap(),
        Some(ZNumber(1)),
        "it is found by its click"
    );
    assert_eq!(nets(&db).len(), 1, "there is one");
}

#[test]
fn numbers_have_no_gap_and_are_never_used_twice() {
    let mut db = shop();
    for wrong in [0, 2, 7] {
        let refused = close(&mut db, "wrong", wrong, 1);
        assert!(
            matches!(refused, Err(StoreError::Forbidden(_))),
            "the first is number 1, not {wrong}: {refused:?}"
        );
    }
    close(&mut db, "z1", 1, 1).unwrap();
    let given_up = db.write(|tx| {
        let (report, up_to) = (tx.read().z_reports().last()?.unwrap().report, ToldUpTo::START);
        let report = Report {
            head: ReportHead {
                number: Some(ZNumber(2)),
                ..report.head
            },
            ..report
        };
        tx.z_reports().keep("z2", ZNumber(2), &report, Fen::ZERO, up_to)?;
        Err::<(), _>(StoreError::OutOfStock {
            product: till_core::ProductId(1),
        })
    });
    assert!(given_up.is_err(), "given up on purpose");
    for wrong in [1, 3] {
        let refused = close(&mut db, "wrong", wrong, 2);
        assert!(
            matches!(refused, Err(StoreError::Forbidden(_))),
            "what was given up leaves no gap: number 2 is next, not {wrong}: {refused:?}"
        );
    }
    close(&mut db, "z2", 2, 2).unwrap();
    let numbers: Vec<u32> = nets(&db).into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, [2, 1], "1, 2");
}

/// Three closed days with sales in each, and one sale after them.
fn closed() -> Folder {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    for day in 1..=3 {
        sell(&mut db, &format!("sale {day}"), 100 * day, day * 10);
        let number = u32::try_from(day).unwrap();
        close(&mut db, &format!("z{day}"), number, day * 10 + 5).unwrap();
    }
    sell(&mut db, "after", 100, 50);
    assert_eq!(nets(&db), [(3, 300), (2, 200), (1, 100)], "three days");
    drop(db);
    let check = self_check(&folder.path()).unwrap();
    assert!(of_zs(&check).is_empty(), "all of which hold: {check:?}");
    folder
}

fn of_zs(check: &SelfCheck) -> Vec<&Wrong> {
    wrong(check)
        .into_iter()
        .filter(|(check, _)| *check == Check::Zs)
        .map(|(_, wrong)| wrong)
        .collect()
}

#[test]
fn a_z_is_never_changed_taken_out_or_written_over() {
    let folder = closed();
    let raw = Connection::open(folder.path()).unwrap();
    let copy = |number: &str| {
        format!(
            "INSERT OR REPLACE INTO z_reports SELECT {number}, 'x', closed_at, net_fen, bookings_to, cash_moves_to,
                    shifts_to, journal_to, journal_digest, body, digest FROM z_reports WHERE number = 1"
        )
    };
    for (statement, why) in [
        ("UPDATE z_reports SET body = ''".to_owned(), "its text stays"),
        ("UPDATE z_reports SET net_fen = 0".to_owned(), "its sum stays"),
        (
            "UPDATE z_reports SET number = number + 10".to_owned(),
            "its number stays",
        ),
        ("DELETE FROM z_reports".to_owned(), "it stays"),
        (
            "DELETE FROM z_reports WHERE number = 3".to_owned(),
            "the last one too",
        ),
        (copy("1"), "nor is it written over"),
        (copy("3"), "the last one neither"),
        (copy("5"), "a gap is not made by hand"),
    ] {
        assert!(raw.execute(&statement, []).is_err(), "{why}: {statement}");
    }
}

fn named(check: &SelfCheck) -> Vec<u32> {
    of_zs(check)
        .iter()
        .filter_map(|wrong| match wrong.about {
            About::Z(number) => Some(number.0),
            _ => None,
        })
        .collect()
}

#[test]
fn whatever_is_done_to_a_z_behind_the_tills_back_names_it() {
    for (change, zs) in [
        (
            "UPDATE z_reports SET body = replace(body, '李娜', '李妮') WHERE number = 2",
            vec![2],
        ),
        (
            "UPDATE z_reports SET body = json_set(body, '$.takings.cash_sales.count', 2) WHERE number = 2",
            vec![2],
        ),
        ("UPDATE z_reports SET body = 'no JSON' WHERE number = 2", vec![2]),
        ("UPDATE z_reports SET net_fen = 1 WHERE number = 2", vec![2]),
        (
            "UPDATE z_reports SET closed_at = closed_at + 86400000 WHERE number = 2",
            vec![2],
        ),
        (
            "UPDATE z_reports SET digest = zeroblob(32) WHERE number = 3",
            vec![3],
        ),
        (
            "UPDATE z_reports SET bookings_to = bookings_to + 1 WHERE number = 3",
            vec![3],
        ),
        (
            "UPDATE z_reports SET journal_to = journal_to - 1 WHERE number = 3",
            vec![3],
        ),
        // Deleted: the first, one in the middle, the last, all.
        ("DELETE FROM z_reports WHERE number = 3", vec![3]),
        ("DELETE FROM z_reports WHERE number = 2", vec![2, 3]),
        ("DELETE FROM z_reports", vec![1, 2, 3]),
        // What is under it.
        ("UPDATE bookings SET amount_fen = 201 WHERE id = 2", vec![2]),
        ("DELETE FROM bookings WHERE id = 2", vec![2]),
    ] {
        let folder = closed();
        let check = tamper(&folder, change);
        assert_eq!(
            named(&check),
            zs,
            "{change}: exactly these don't hold: {:?}",
            of_zs(&check)
        );
    }
}

#[test]
fn one_byte_of_a_z_changed_in_the_file_is_named() {
    let folder = closed();
    let mut bytes = std::fs::read(folder.path()).unwrap();
    let text = b"\"number\":2,";
    let place = bytes
        .windows(text.len())
        .position(|window| window == text)
        .unwrap();
    let shop = bytes[place..].windows(4).position(|window| window == b"\"by\"");
    let by = place + shop.unwrap() + 6;
    bytes[by] ^= 0x01;
    std::fs::write(folder.path(), bytes).unwrap();
    let check = self_check(&folder.path()).unwrap();
    let found = wrong(&check);
    assert!(
        found.iter().all(|(check, _)| *check == Check::Zs) && named(&check) == [2],
        "SQLite sees nothing wrong with the page, and Z 2 alone is named: {found:?}"
    );
}

#[test]
fn a_z_forged_with_seals_that_fit_is_named_by_the_journal() {
    let folder = closed();
    // Somebody who knows the seal makes the last Z anew, smaller by a yuan, and the entry under it too.
    tamper(
        &folder,
        "DELETE FROM z_reports WHERE number = 3; UPDATE bookings SET amount_fen = 200 WHERE id = 3",
    );
    let mut db = folder.open();
    let (honest, up_to) = report(&db, 3, 35);
    let until_z3 = ToldUpTo {
        bookings: 3,
        cash_moves: 3,
        shifts: ShiftId(0),
        ..up_to
    };
    let mut forged = honest;
    forged.takings.cash_sales.sum = Fen::new(200);
    forged.takings.cash_sales.count = 1;
    let net = forged.takings.net().unwrap();
    assert_eq!(net, Fen::new(200), "a yuan less than there was");
    db.write(|tx| tx.z_reports().keep("forged", ZNumber(3), &forged, net, until_z3))
        .unwrap();
    drop(db);
    let check = self_check(&folder.path()).unwrap();
    assert_eq!(
        named(&check),
        [3],
        "the journal has another seal of Z 3, and nobody can change the journal unseen: {:?}",
        of_zs(&check)
    );
}

#[test]
fn a_z_that_the_journal_does_not_tell_of_is_named() {
    let folder = closed();
    let mut db = folder.open();
    let (report, up_to) = report(&db, 4, 60);
    let net = report.takings.net().unwrap();
    db.write(|tx| tx.z_reports().keep("unsaid", ZNumber(4), &report, net, up_to))
        .unwrap();
    drop(db);
    assert_eq!(
        named(&self_check(&folder.path()).unwrap()),
        [4],
        "nobody has written down who made it"
    );
}

#[test]
fn a_sale_deleted_from_a_closed_day_is_named_however_thoroughly() {
    let folder = closed();
    let check = tamper(
        &folder,
        "DELETE FROM bookings WHERE about = 'sale' AND subject = 2;
         DELETE FROM cash_moves WHERE sale_id = 2;
         DELETE FROM sale_lines WHERE sale_id = 2;
         DELETE FROM sales WHERE id = 2;",
    );
    assert_eq!(
        named(&check),
        [2],
        "its day has lost two yuan, and the sealed Z still has them: {check:?}"
    );
    assert!(
        wrong(&check).iter().any(|(check, _)| *check == Check::Books),
        "and there is a hole in the books"
    );
}

#[test]
fn a_refunded_order_of_a_closed_day_stays_in_its_z() {
    let mut db = shop();
    let sale = crate::refunds::paid_sale(&mut db);
    close(&mut db, "z1", 1, 5).unwrap();
    let wished = crate::refunds::wish(&db, &sale, at(10), crate::refunds::of_line(1, 2, true)).unwrap();
    let refund = crate::refunds::insert(&mut db, &wished, at(10), "r1").unwrap();
    let refund = crate::refunds::feed_refund(&mut db, refund, at(11), till_core::RefundInput::Leaving);
    crate::refunds::feed_refund(&mut db, refund, at(12), crate::refunds::accepted());
    close(&mut db, "z2", 2, 20).unwrap();
    assert_eq!(
        nets(&db),
        [(2, -200), (1, 500)],
        "a closed day is not touched: what goes back is taken off the day on which it goes back"
    );
    let second = db.read().z_reports().last().unwrap().unwrap().report;
    assert_eq!(
        second
            .returned
            .iter()
            .map(|it| (it.pieces, it.sum))
            .collect::<Vec<_>>(),
        [(2, Fen::new(200))],
        "with the goods that came back"
    );
}
