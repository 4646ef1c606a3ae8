//! The books: written with the state they follow from, each entry once, never changed; and the self-check over them.

use rusqlite::Connection;
use till_core::self_check::{About, Check};
use till_core::{
    Booked, Booking, CashMove, Fen, Input, MoveKind, Part, QueryAnswer, RefundInput, RefundQueryAnswer,
    RefundReport, RefundStatus, Sale, SaleId, Shelf, Takings, Timing,
};
use till_store::{Database, NewSale, Pages, StoreError};

use crate::cash::take;
use crate::refunds::{accepted, feed_refund, insert, of_line, paid_sale, wish};
use crate::self_check::wrong;
use crate::{Folder, at, feed, lines, number, paid, placed, ring_up, shop, stock_shop, tamper};

pub(super) fn books(db: &Database) -> Vec<Booking> {
    let to = db.read().bookings().last().unwrap();
    db.read().bookings().on(Pages { from: 0, to }).unwrap()
}

/// What the books say, in short: fen below zero where an entry is taken back.
fn told(db: &Database) -> Vec<(Booked, i64, i64)> {
    let second = |it: &Booking| it.at.duration_since(at(0)).as_secs();
    books(db)
        .iter()
        .map(|it| {
            let fen = it.amount.get();
            (it.what, if it.reversed { -fen } else { fen }, second(it))
        })
        .collect()
}

fn holds(db: &Database) {
    let check = db.read().self_check();
    let books: Vec<_> = wrong(&check)
        .into_iter()
        .filter(|(check, _)| matches!(check, Check::Books | Check::Zs))
        .collect();
    assert_eq!(
        books,
        [],
        "the books hold what follows from the ledger, no more and no less"
    );
}

#[test]
fn an_order_is_booked_when_it_is_settled_and_once() {
    let mut db = shop();
    let sale = ring_up(&mut db, "a", &[(1, 2)], at(0)).unwrap();
    let sale = feed(&mut db, sale, at(1), placed()).unwrap();
    assert_eq!(told(&db), [], "nothing is on the books while it waits");
    let sale = feed(&mut db, sale, at(2), paid(200, "4200", at(2))).unwrap();
    assert_eq!(told(&db), [(Booked::WechatPaid, 200, 2)], "paid");
    feed(&mut db, sale, at(3), paid(200, "4200", at(2))).unwrap();
    assert_eq!(
        told(&db),
        [(Booked::WechatPaid, 200, 2)],
        "WeChat may say so again: an entry is written once"
    );
    let second = ring_up(&mut db, "b", &[(1, 1)], at(4)).unwrap();
    feed(&mut db, second, at(5), crate::refused()).unwrap();
    assert_eq!(
        told(&db)[1..],
        [(Booked::Refused, 100, 4)],
        "what WeChat refused is told too"
    );
    holds(&db);
}

#[test]
fn what_is_rolled_back_is_on_no_book() {
    let mut db = shop();
    let sale = ring_up(&mut db, "a", &[(1, 2)], at(0)).unwrap();
    let order = sale.attempts[0].out_trade_no.clone();
    let (after, effects) = sale
        .clone()
        .handle(at(2), &Timing::default(), &order, paid(200, "4200", at(2)));
    let given_up = db.write(|tx| {
        tx.sales().save(&sale, &after, &effects)?;
        assert_eq!(
            tx.read().bookings().last()?,
            1,
            "in the same transaction the entry is there"
        );
        Err::<(), _>(StoreError::OutOfStock {
            product: till_core::ProductId(1),
        })
    });
    assert!(given_up.is_err(), "given up on purpose");
    assert_eq!(told(&db), [], "and the entry is gone with the state");
    assert_eq!(
        db.read().sales().by_id(sale.id).unwrap().unwrap().sale,
        sale,
        "which is as it was"
    );
}

#[test]
fn a_late_payment_that_is_adopted_is_booked_when_a_person_says_so() {
    let mut db = shop();
    let sale = ring_up(&mut db, "a", &[(1, 2)], at(0)).unwrap();
    let sale = feed(&mut db, sale, at(1), placed()).unwrap();
    let sale = feed(&mut db, sale, at(2), Input::Cancel).unwrap();
    let sale = feed(&mut db, sale, at(400), paid(200, "4200", at(300))).unwrap();
    assert_eq!(told(&db), [], "what a person has to decide is nobody's yet");
    let order = sale.attempts[0].out_trade_no.clone();
    let (adopted, effects) = sale
        .clone()
        .adopt(&order, at(500), &Timing::default(), Shelf::Stocked)
        .unwrap();
    db.write(|tx| tx.sales().save(&sale, &adopted, &effects)).unwrap();
    assert_eq!(
        told(&db),
        [(Booked::WechatLate, 200, 300)],
        "late money, at the time at which it was paid"
    );
    holds(&db);
}

#[test]
fn a_double_payment_put_apart_and_one_given_back_are_booked_beside_the_first() {
    let mut db = shop();
    let first = ring_up(&mut db, "a", &[(1, 2)], at(0)).unwrap();
    let first = feed(&mut db, first, at(1), placed()).unwrap();
    let cancelled = feed(&mut db, first, at(2), Input::Cancel).unwrap();
    let (both, effects) = cancelled
        .clone()
        .pay_again(number("T1-261123-000099-AAAA"), at(3), &Timing::default())
        .unwrap();
    db.write(|tx| {
        tx.attempts().insert(both.id, 1, &both.attempts[1], "<xml/>")?;
        tx.sales().save(&cancelled, &both, &effects)
    })
    .unwrap();
    let sale = feed(&mut db, both, at(4), paid(200, "4201", at(4))).unwrap();
    let old = sale.attempts[0].out_trade_no.clone();
    let (twice, _) = sale
        .clone()
        .handle(at(5), &Timing::default(), &old, paid(200, "4202", at(5)));
    db.write(|tx| tx.sales().save(&sale, &twice, &[])).unwrap();
    assert_eq!(
        told(&db),
        [(Booked::WechatPaid, 200, 4)],
        "the second payment waits for a person"
    );
    let rest = twice
        .clone()
        .adopt_apart(&old, SaleId(0), Shelf::Stocked)
        .unwrap()
        .0;
    let given_back = twice.clone().give_back(&old).unwrap().0;
    db.write(|tx| {
        tx.sales().put_apart(sale.id, &old, at(6), |id| {
            let (_, apart, effects) = twice.clone().adopt_apart(&old, id, Shelf::Stocked).unwrap();
            (apart, effects)
        })?;
        tx.sales().save(&twice, &rest, &[])
    })
    .unwrap();
    assert_eq!(
        told(&db)[1..],
        [(Booked::WechatLate, 200, 5)],
        "put apart it is a late sale of its own, and the first stays as it was booked"
    );
    holds(&db);
    // The other way out, on a ledger where it is still open.
    let surplus = given_back.attempts[0].booked();
    assert_eq!(
        surplus,
        Some(Booking::new(Booked::WechatSurplus, Fen::new(200), at(5))),
        "given back it is surplus"
    );
}

fn reported(status: RefundStatus) -> RefundInput {
    RefundInput::Queried(RefundQueryAnswer::Found(RefundReport {
        refund_id: "50000000000000000000000000001".to_owned(),
        refund_fee: Fen::new(200),
        status,
        received_by: None,
    }))
}

#[test]
fn fault_31_a_refund_is_booked_when_wechat_has_it_and_moved_when_it_ends_otherwise() {
    for (ending, then) in [
        (RefundStatus::Success { at: None }, vec![]),
        (
            RefundStatus::Change,
            vec![(Booked::Refund, -200, 11), (Booked::RefundByHand, 200, 11)],
        ),
        (
            RefundStatus::Closed,
            vec![(Booked::Refund, -200, 11), (Booked::RefundClosed, 200, 11)],
        ),
    ] {
        let mut db = shop();
        let sale = paid_sale(&mut db);
        let wished = wish(&db, &sale, at(10), of_line(1, 2, true)).unwrap();
        let refund = insert(&mut db, &wished, at(10), "r1").unwrap();
        let refund = feed_refund(&mut db, refund, at(11), RefundInput::Leaving);
        assert_eq!(
            told(&db).len(),
            1,
            "{ending:?}: a wish is on no book: WeChat may refuse it"
        );
        let refund = feed_refund(&mut db, refund, at(12), accepted());
        assert_eq!(
            told(&db)[1..],
            [(Booked::Refund, 200, 11)],
            "{ending:?}: WeChat has it, on the day on which it was sent"
        );
        feed_refund(&mut db, refund, at(60), reported(ending));
        assert_eq!(
            told(&db)[2..],
            then,
            "{ending:?}: what was booked stays, and what became of it comes after"
        );
        holds(&db);
    }
}

#[test]
fn a_refund_that_was_given_up_before_wechat_had_it_is_on_no_book() {
    let mut db = shop();
    let sale = paid_sale(&mut db);
    let wished = wish(&db, &sale, at(10), Part::Whole { goods_back: true }).unwrap();
    let refund = insert(&mut db, &wished, at(10), "r1").unwrap();
    feed_refund(&mut db, refund, at(11), RefundInput::Withdraw);
    assert_eq!(told(&db).len(), 1, "only the sale is");
    holds(&db);
}

pub(super) fn cash_sale(db: &mut Database, click: &str, fen: i64, seconds: i64) -> Sale {
    let pieces = u32::try_from(fen / 100).unwrap();
    let lines = lines(&[(3, pieces)]);
    let id = db
        .write(|tx| {
            tx.sales().ring_up(&NewSale {
                click,
                total: Fen::new(fen),
                rung_up_at: at(seconds),
                lines: &lines,
                by: None,
                shift: None,
            })
        })
        .unwrap();
    take(db, &Sale::rung_up(id, Fen::new(fen)), fen, seconds)
}

#[test]
fn cash_is_booked_when_the_sale_is_paid_and_a_part_with_the_rest() {
    let mut db = shop();
    cash_sale(&mut db, "cash", 300, 5);
    assert_eq!(told(&db), [(Booked::CashSale, 300, 5)], "a sale in cash");
    let sale = ring_up(&mut db, "split", &[(1, 2)], at(10)).unwrap();
    let after = take(&mut db, &sale, 50, 11);
    let (again, effects) = after
        .clone()
        .pay_again(number("T1-261123-000077-AAAA"), at(12), &Timing::default())
        .unwrap();
    db.write(|tx| {
        tx.attempts().insert(again.id, 1, &again.attempts[1], "<xml/>")?;
        tx.sales().save(&after, &again, &effects)
    })
    .unwrap();
    assert_eq!(told(&db).len(), 1, "a part in hand is no sale");
    let sale = feed(&mut db, again, at(13), placed()).unwrap();
    feed(&mut db, sale, at(20), paid(150, "4200", at(19))).unwrap();
    let mut rest = told(&db)[1..].to_vec();
    rest.sort();
    assert_eq!(
        rest,
        [(Booked::WechatPaid, 150, 19), (Booked::CashPart, 50, 19)],
        "when the rest has come both are booked, at the time at which the whole sum was there"
    );
    let sums = Takings::of(
        &till_core::Calendar::midnight(jiff::tz::TimeZone::UTC),
        at(0),
        books(&db),
    )
    .unwrap();
    assert_eq!(
        (sums.sold().unwrap().count, sums.net()),
        (2, Ok(Fen::new(500))),
        "two sales, 3.00 and 2.00"
    );
    holds(&db);
}

#[test]
fn cash_given_back_leaves_nothing_on_the_books() {
    let mut db = shop();
    let sale = ring_up(&mut db, "click", &[(1, 2)], at(0)).unwrap();
    let after = take(&mut db, &sale, 50, 5);
    let closed = feed(&mut db, after, at(400), Input::Query(QueryAnswer::Closed)).unwrap();
    let (back, amount, effects) = closed
        .clone()
        .give_cash_back(at(500), &Timing::default())
        .unwrap();
    let moved = CashMove {
        at: at(500),
        kind: MoveKind::GivenBack,
        amount,
        tendered: None,
        sale: Some(closed.id),
        shift: None,
        by: None,
        reason: String::new(),
    };
    db.write(|tx| {
        tx.cash_moves().add("back", &moved)?;
        tx.sales().save(&closed, &back, &effects)
    })
    .unwrap();
    assert!(
        books(&db).iter().all(|it| !it.moves_money()),
        "no sale came of it: {:?}",
        told(&db)
    );
    holds(&db);
}

#[test]
fn the_books_are_append_only() {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    cash_sale(&mut db, "cash", 300, 5);
    drop(db);
    let raw = Connection::open(folder.path()).unwrap();
    for (statement, why) in [
        ("UPDATE bookings SET amount_fen = 1", "an amount stays"),
        ("UPDATE bookings SET at = 0", "its day stays"),
        ("DELETE FROM bookings", "an entry stays"),
        (
            "INSERT OR REPLACE INTO bookings (id, about, subject, what, amount_fen, at, reversed)
             VALUES (1, 'sale', 1, 'cash_sale', 1, 0, 0)",
            "and is not written over",
        ),
        (
            "INSERT INTO bookings (about, subject, what, amount_fen, at, reversed)
             VALUES ('sale', 1, 'cash_sale', 0, 0, 0)",
            "nothing is no entry",
        ),
    ] {
        assert!(raw.execute(statement, []).is_err(), "{why}: {statement}");
    }
}

/// A paid order, one that WeChat refused, a cash sale and a refund; the ledger is closed.
fn booked() -> Folder {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    let sale = paid_sale(&mut db);
    let refused = ring_up(&mut db, "b", &[(1, 1)], at(4)).unwrap();
    feed(&mut db, refused, at(5), crate::refused()).unwrap();
    cash_sale(&mut db, "cash", 300, 6);
    let wished = wish(&db, &sale, at(10), of_line(1, 2, true)).unwrap();
    let refund = insert(&mut db, &wished, at(10), "r1").unwrap();
    let refund = feed_refund(&mut db, refund, at(11), RefundInput::Leaving);
    let refund = feed_refund(&mut db, refund, at(12), accepted());
    feed_refund(&mut db, refund, at(60), reported(RefundStatus::Closed));
    assert_eq!(
        told(&db).len(),
        6,
        "order, order, cash, refund, taken back, given up"
    );
    holds(&db);
    folder
}

#[test]
fn whatever_is_done_to_the_books_behind_the_tills_back_is_named() {
    let order = || About::Order("T1-261123-000001-AAAA".to_owned());
    let refund = || About::Order("T1-261123-000001-AAAA-R1".to_owned());
    let cash = About::Sale(SaleId(3));
    let add = |about, subject, what, fen, reversed| {
        format!(
            "INSERT INTO bookings (about, subject, what, amount_fen, at, reversed)
             VALUES ('{about}', {subject}, '{what}', {fen}, 0, {reversed})"
        )
    };
    for (change, about) in [
        ("DELETE FROM bookings WHERE id = 1".to_owned(), order()),
        (
            "UPDATE bookings SET amount_fen = 1 WHERE id = 1".to_owned(),
            order(),
        ),
        (
            "UPDATE bookings SET at = at + 86400000 WHERE id = 1".to_owned(),
            order(),
        ),
        (
            "UPDATE bookings SET what = 'wechat_late' WHERE id = 1".to_owned(),
            order(),
        ),
        (
            "UPDATE bookings SET amount_fen = 301 WHERE id = 3".to_owned(),
            cash,
        ),
        // The sums would change while what stands in the end stays the same.
        (
            "UPDATE bookings SET amount_fen = 1 WHERE id = 4".to_owned(),
            refund(),
        ),
        (
            "UPDATE bookings SET amount_fen = 1 WHERE id = 5".to_owned(),
            refund(),
        ),
        ("DELETE FROM bookings WHERE id = 5".to_owned(), refund()),
        (
            "DELETE FROM bookings WHERE id IN (4, 5)".to_owned(),
            About::Ledger,
        ),
        (add("order", 1, "wechat_paid", 500, 0), order()),
        (add("order", 77, "wechat_paid", 500, 0), About::Ledger),
        (add("refund", 77, "refund", 500, 0), About::Ledger),
        (add("sale", 77, "cash_sale", 500, 0), About::Ledger),
    ] {
        let folder = booked();
        let check = tamper(&folder, &change);
        let found = wrong(&check);
        assert!(
            found
                .iter()
                .any(|(check, wrong)| *check == Check::Books && wrong.about == about),
            "{change}: the books don't hold, about {about}: {found:?}"
        );
    }
}

#[test]
fn a_sale_taken_out_with_all_that_speaks_of_it_leaves_its_entry_on_the_books() {
    let folder = booked();
    let check = tamper(
        &folder,
        "DELETE FROM sale_lines WHERE sale_id = 3; DELETE FROM sales WHERE id = 3;",
    );
    let found = wrong(&check);
    assert!(
        found
            .iter()
            .any(|(check, wrong)| *check == Check::Books && wrong.about == About::Sale(SaleId(3))),
        "the cash of sale 3 is on the books and the sale is not there: {found:?}"
    );
}
