//! Lists of orders: by day, by number, by amount, and the rows of a day's figures.

use till_core::{Fen, Standing};
use till_store::{Database, ORDERS_MAX};

use crate::{at, feed, paid, placed, refused, ring_up, shop};

fn found(db: &Database, text: &str, amount: Option<i64>) -> Vec<String> {
    let rows = db.read().attempts().search(text, amount.map(Fen::new)).unwrap();
    rows.into_iter()
        .map(|row| row.attempt.out_trade_no.to_string())
        .collect()
}

/// Three orders: paid a day after it was placed, refused, waiting.
fn three_orders() -> Database {
    let mut db = shop();
    let day = 86_400;
    let sale = ring_up(&mut db, "a", &[(1, 3)], at(day - 10)).unwrap();
    let sale = feed(&mut db, sale, at(day - 9), placed()).unwrap();
    feed(
        &mut db,
        sale,
        at(day + 6),
        paid(300, "4200001987202611247654321", at(day + 5)),
    )
    .unwrap();
    let sale = ring_up(&mut db, "b", &[(3, 2)], at(day + 100)).unwrap();
    feed(&mut db, sale, at(day + 101), refused()).unwrap();
    ring_up(&mut db, "c", &[(3, 3)], at(day + 200)).unwrap();
    db
}

const A: &str = "T1-261123-000001-AAAA";
const B: &str = "T1-261123-000002-AAAA";
const C: &str = "T1-261123-000003-AAAA";

#[test]
fn a_day_lists_what_was_placed_or_paid_on_it_newest_first() {
    let db = three_orders();
    let list = |from: i64, to: i64| -> Vec<String> {
        let rows = db.read().attempts().of_day(at(from), at(to)).unwrap();
        rows.iter()
            .map(|row| row.attempt.out_trade_no.to_string())
            .collect()
    };
    assert_eq!(list(0, 86_400), [A], "placed on the first day");
    assert_eq!(
        list(86_400, 2 * 86_400),
        [C, B, A],
        "paid on the second day, so listed there too"
    );
    assert_eq!(list(2 * 86_400, 3 * 86_400), [""; 0], "nothing on the third");
    assert_eq!(
        list(86_400 + 5, 86_400 + 6),
        [A],
        "the first instant belongs to the span"
    );
    assert_eq!(list(86_399, 86_405), [""; 0], "the last does not");
    let rows = db.read().attempts().of_day(at(0), at(86_400)).unwrap();
    assert_eq!(
        (rows[0].first.as_str(), rows[0].pieces),
        ("product 1", 3),
        "with what tells it apart"
    );
}

#[test]
fn orders_are_found_by_part_of_a_number_or_by_amount() {
    let db = three_orders();
    assert_eq!(found(&db, "000002", None), [B], "a part of our number");
    assert_eq!(found(&db, "t1-2611", None), [C, B, A], "in either case");
    assert_eq!(found(&db, "1987202611", None), [A], "a part of WeChat's number");
    assert_eq!(
        found(&db, "no such", Some(300)),
        [C, A],
        "exactly this amount, paid or not"
    );
    assert_eq!(found(&db, "000002", Some(300)), [C, B, A], "what fits either");
    for text in ["%", "_", "\\", "'", "T1_261123"] {
        assert_eq!(found(&db, text, None), [""; 0], "{text} stands for itself");
    }
}

#[test]
fn a_list_has_an_end() {
    let mut db = shop();
    for click in 0..=ORDERS_MAX {
        ring_up(&mut db, &click.to_string(), &[(3, 1)], at(i64::from(click))).unwrap();
    }
    let list = found(&db, "T1", None);
    assert_eq!(list.len(), 500, "no more than a person can look through");
    assert_eq!(
        list[0], "T1-261123-000501-AAAA",
        "and it is the newest that are shown"
    );
}

#[test]
fn day_rows_say_what_became_of_each_order() {
    let db = three_orders();
    let rows = db.read().attempts().day_rows(at(86_400), at(2 * 86_400)).unwrap();
    let mut standings: Vec<(i64, Standing)> = rows
        .iter()
        .map(|row| (row.total_fee.get(), row.standing))
        .collect();
    standings.sort_by_key(|(fen, standing)| (*fen, matches!(standing, Standing::Waiting)));
    assert_eq!(
        standings,
        [
            (200, Standing::Refused),
            (300, Standing::Paid(at(86_405))),
            (300, Standing::Waiting)
        ],
        "paid at WeChat's own time, refused, waiting"
    );
}

#[test]
fn searching_reads_indexes_and_not_the_ledger() {
    let folder = crate::Folder::new();
    drop(folder.open());
    let conn = rusqlite::Connection::open(folder.path()).unwrap();
    for (query, index) in [
        ("SELECT sale_id FROM attempts WHERE is_final = 0", "attempts_live"),
        (
            "SELECT sale_id FROM attempts WHERE state = 'review'",
            "attempts_in_review",
        ),
        (
            "SELECT id FROM attempts WHERE out_trade_no LIKE '%x%'",
            "COVERING INDEX",
        ),
        (
            "SELECT id FROM attempts WHERE transaction_id IS NOT NULL AND transaction_id LIKE '%x%'",
            "attempts_by_transaction_id",
        ),
        (
            "SELECT id FROM attempts WHERE total_fee = 5",
            "attempts_by_total_fee",
        ),
        (
            "SELECT id FROM attempts WHERE placed_at >= 1 AND placed_at < 2",
            "attempts_by_placed_at",
        ),
        (
            "SELECT id FROM attempts WHERE paid_at >= 1 AND paid_at < 2",
            "attempts_by_paid_at",
        ),
        (
            "SELECT id FROM evidence WHERE out_trade_no = 'x' ORDER BY id",
            "evidence_of_order",
        ),
        (
            "SELECT 1 FROM journal WHERE id > 9 AND what = 'z_printed' AND substr(detail, 1, 3) = '1: ' LIMIT 1",
            "journal_by_what (what=? AND rowid>?)",
        ),
    ] {
        let plan: String = conn
            .query_row(&format!("EXPLAIN QUERY PLAN {query}"), [], |row| row.get(3))
            .unwrap();
        assert!(
            plan.contains(index),
            "years of orders must not be read through for {query}: {plan}"
        );
    }
}
