//! The journal is written once, and shows when it was written twice.

use rusqlite::Connection;
use till_store::{Break, Database, Digest, Link};

use crate::{Folder, at, number, ring_up, stock_shop};

/// A ledger with so many rows in its journal, and the chain's last link.
fn journal_of(rows: u32) -> (Folder, Link) {
    let folder = Folder::new();
    let mut db = folder.open();
    db.write(|tx| {
        (0..rows).try_for_each(|nth| {
            tx.journal()
                .add(at(nth.into()), "row", None, None, &nth.to_string())
        })
    })
    .unwrap();
    let end = db.read().journal().last_link().unwrap();
    (folder, end)
}

/// Somebody with SQLite and time.
fn tamper(folder: &Folder, statements: &str) {
    let conn = Connection::open(folder.path()).unwrap();
    conn.execute_batch(
        "DROP TRIGGER journal_is_not_changed;
         DROP TRIGGER journal_is_not_overwritten;
         DROP TRIGGER journal_is_not_shortened;",
    )
    .unwrap();
    conn.execute_batch(statements).unwrap();
}

fn breaks(folder: &Folder, from: Link, to: Option<i64>) -> Vec<Break> {
    let db = Database::open(&folder.path()).unwrap();
    db.read().journal().verify(from, to).unwrap().breaks
}

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

#[test]
fn the_chain_covers_every_row_and_can_be_taken_up_anywhere() {
    let (folder, end) = journal_of(10);
    let db = folder.open();
    let journal = db.read().journal();
    assert_eq!(end.row, 10, "the last link is the last row");
    let whole = journal.verify(Link::START, None).unwrap();
    assert_eq!(
        (whole.holds(), whole.rows, whole.end),
        (true, 10, end),
        "the whole chain holds and ends at its last link"
    );
    let middle = journal.link_at(4).unwrap().unwrap();
    let stretch = journal.verify(middle, Some(7)).unwrap();
    assert_eq!(
        (stretch.holds(), stretch.rows, stretch.end),
        (true, 3, journal.link_at(7).unwrap().unwrap()),
        "a closed day is a stretch: from the link before it to its last row"
    );
    let empty = journal.verify(end, Some(10)).unwrap();
    assert_eq!(
        (empty.holds(), empty.rows, empty.end),
        (true, 0, end),
        "a day without a row is a stretch too"
    );
    assert_eq!(journal.link_at(11).unwrap(), None, "there is no eleventh row");
    assert_eq!(
        Database::in_memory()
            .unwrap()
            .read()
            .journal()
            .last_link()
            .unwrap(),
        Link::START,
        "an empty journal has not begun"
    );
}

#[test]
fn the_digest_is_the_one_that_is_written_down_here() {
    let mut db = crate::shop();
    db.write(|tx| {
        let order = number("T1-261123-000001-AAAA");
        tx.journal()
            .add(at(0), "placed", Some(till_core::SaleId(7)), Some(&order), "12.50")?;
        tx.journal().add(at(1), "说明", None, None, "")
    })
    .unwrap();
    let rows = db.read().journal().after(0, 10).unwrap();
    // Computed by another program (Python's hashlib) from the description in `chain.rs`.
    assert_eq!(
        rows[0].digest.to_string(),
        "4948f3d07b6420395dc94c928703ae0575a409ac01baea079f253ab9c965fb39",
        "a chain written by one version of this program must hold in the next"
    );
    assert_eq!(
        rows[1].digest.to_string(),
        "b1e9b78404594a1321e2a26d39efa572af0ade9dc27ea3fc771445e4616c3f28",
        "absent parts and texts of more than one byte a letter included"
    );
}

#[test]
fn every_change_of_a_row_is_named() {
    for column in [
        "at = at + 1",
        "what = what || ' '",
        "what = 'ro' || char(0x77 + 1)",
        "sale_id = 1",
        "out_trade_no = ''",
        "detail = '6'",
        "digest = zeroblob(32)",
    ] {
        let (folder, _) = journal_of(10);
        tamper(&folder, &format!("UPDATE journal SET {column} WHERE id = 10"));
        assert_eq!(
            breaks(&folder, Link::START, None),
            [Break::Altered { row: 10 }],
            "{column}: the row is named, and no other"
        );
    }
    let (folder, _) = journal_of(10);
    tamper(&folder, "UPDATE journal SET detail = '6' WHERE id = 4");
    assert_eq!(
        breaks(&folder, Link::START, None),
        [Break::Altered { row: 4 }],
        "a change in the middle is one break, not one in every row after it"
    );
}

#[test]
fn moving_text_from_one_column_to_the_next_is_a_change() {
    let (folder, _) = journal_of(1);
    tamper(&folder, "UPDATE journal SET what = 'row0', detail = ''");
    assert_eq!(
        breaks(&folder, Link::START, None),
        [Break::Altered { row: 1 }],
        "each text goes into the digest with its length"
    );
}

#[test]
fn rows_that_are_gone_are_named_as_far_as_they_can_be() {
    let (folder, end) = journal_of(10);
    tamper(&folder, "DELETE FROM journal WHERE id IN (1, 5, 6)");
    assert_eq!(
        breaks(&folder, Link::START, None),
        [
            Break::Missing { first: 1, last: 1 },
            Break::Missing { first: 5, last: 6 }
        ],
        "numbers run without a gap"
    );
    let (folder, _) = journal_of(10);
    tamper(&folder, "DELETE FROM journal WHERE id > 7");
    assert_eq!(
        breaks(&folder, Link::START, None),
        [],
        "a journal whose end was cut off is a chain that holds"
    );
    assert_eq!(
        breaks(&folder, Link::START, Some(end.row)),
        [Break::Missing { first: 8, last: 10 }],
        "but not for somebody who knows how far it went"
    );
}

#[test]
fn a_chain_that_was_computed_anew_is_seen_by_whoever_kept_a_link() {
    let (folder, end) = journal_of(10);
    let (other, forged) = {
        let folder = Folder::new();
        let mut db = folder.open();
        db.write(|tx| (0..10).try_for_each(|nth| tx.journal().add(at(nth), "row", None, None, "forged")))
            .unwrap();
        let end = db.read().journal().last_link().unwrap();
        (folder, end)
    };
    assert_eq!(breaks(&other, Link::START, None), [], "in itself it is a chain");
    assert_ne!(
        end.digest, forged.digest,
        "but its last link is not the one that was written down"
    );
    assert_ne!(end.digest, Digest([0; 32]), "a digest is never the beginning's");
    drop(folder);
}
