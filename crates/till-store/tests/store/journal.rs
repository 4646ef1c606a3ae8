//! The journal is written once.

use rusqlite::Connection;

use crate::{Folder, at, number, ring_up, stock_shop};

#[test]
fn the_journal_refuses_to_be_changed_or_shortened() {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    ring_up(&mut db, "click", &[(1, 1)], at(5)).unwrap();
    let before = db.read().journal().after(0, 10).unwrap();
    // Behind the program's back, with SQLite itself.
    let conn = Connection::open(folder.path()).unwrap();
    for statement in [
        "UPDATE journal SET detail = 'nothing happened'",
        "DELETE FROM journal",
        "DELETE FROM journal WHERE id = 1",
        "INSERT OR REPLACE INTO journal (id, at, what, detail) VALUES (1, 0, 'nothing', '')",
    ] {
        assert!(conn.execute(statement, []).is_err(), "refused: {statement}");
    }
    assert_eq!(
        db.read().journal().after(0, 10).unwrap(),
        before,
        "the journal is as it was"
    );
}

#[test]
fn a_row_says_what_when_and_about_which_order() {
    let mut db = crate::shop();
    let sale = ring_up(&mut db, "click", &[(1, 1)], at(5)).unwrap();
    let rows = db.read().journal().after(0, 10).unwrap();
    assert_eq!(rows.len(), 1, "one transaction, one row");
    assert_eq!(
        (rows[0].at, rows[0].what.as_str()),
        (at(5), "placed"),
        "when and what"
    );
    assert_eq!(rows[0].sale, Some(sale.id), "about which sale");
    assert_eq!(
        rows[0].out_trade_no,
        Some(number("T1-261123-000001-AAAA")),
        "about which order"
    );
    assert!(
        db.read().journal().after(rows[0].id, 10).unwrap().is_empty(),
        "after the last there is none"
    );
}
