//! Bills are kept as they were received; notes and sign-offs as they were written.

use jiff::civil::{Date, date};
use till_core::{Agreement, Bill, Bills, Here, Subject, TillId, UserId, reconcile};
use till_store::{BillContent, BillId, BillNote, BillSource, Database, NewBill, SignOff, StoreError, Tx};

use crate::{Folder, at};

const DAY: Date = date(2026, 11, 22);

fn bill(date: Date, file: &[u8]) -> NewBill<'_> {
    NewBill {
        date,
        source: BillSource::Fetched,
        content: BillContent::Table,
        received_at: at(1),
        file,
    }
}

fn agreement() -> Agreement {
    let (till, bill) = (TillId::parse("T01").unwrap(), Bill::default());
    let here = Here {
        orders: &[],
        refunds: &[],
    };
    let bills = Bills {
        of_day: &bill,
        day_before: None,
        day_after: None,
    };
    reconcile(DAY, &till, here, bills).unwrap()
}

#[test]
fn a_bills_file_comes_back_to_the_byte_and_the_last_one_counts() {
    let folder = Folder::new();
    let mut db = folder.open();
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let first = db
        .write(|tx| tx.bills().keep(&bill(DAY, b"nothing yet")))
        .unwrap();
    let second = db
        .write(|tx| {
            tx.bills().keep(&NewBill {
                source: BillSource::Imported,
                ..bill(DAY, &bytes)
            })
        })
        .unwrap();
    db.write(|tx| tx.bills().keep(&bill(DAY.tomorrow().unwrap(), b"another day's")))
        .unwrap();
    drop(db);
    let db = folder.open();
    let newest = db.read().bills().newest(DAY).unwrap().unwrap();
    assert_eq!(
        (newest.id, newest.source, newest.content, newest.received_at),
        (second, BillSource::Imported, BillContent::Table, at(1)),
        "the last one that came counts"
    );
    assert!(
        db.read().bills().file(second).unwrap() == bytes,
        "to the byte, over a restart"
    );
    assert_eq!(
        db.read().bills().file(first).unwrap(),
        b"nothing yet",
        "the one before is kept too"
    );
    let since: Vec<(Date, BillId)> = db
        .read()
        .bills()
        .since(DAY)
        .unwrap()
        .into_iter()
        .map(|row| (row.date, row.id))
        .collect();
    assert_eq!(
        since,
        [(DAY, second), (DAY.tomorrow().unwrap(), BillId(3))],
        "one a day, by day"
    );
    assert!(
        db.read()
            .bills()
            .newest(DAY.yesterday().unwrap())
            .unwrap()
            .is_none(),
        "no bill is no bill"
    );
}

#[test]
fn what_was_received_written_or_signed_is_never_changed() {
    let mut db = Database::in_memory().unwrap();
    let note = BillNote {
        date: DAY,
        subject: Subject::Order {
            out_trade_no: "T01-261122-000001-AAAA".to_owned(),
        },
        cause: "only_there".to_owned(),
        at: at(2),
        user: Some(UserId(1)),
        text: "顾客在别处付的".to_owned(),
    };
    let sign_off = SignOff {
        bill: BillId(1),
        at: at(3),
        user: None,
        agreement: agreement(),
    };
    db.write(|tx| {
        tx.bills().keep(&bill(DAY, b"file"))?;
        tx.bill_notes().write(&note)?;
        tx.sign_offs().sign(&sign_off)
    })
    .unwrap();
    assert_eq!(
        db.read().bill_notes().of_day(DAY).unwrap(),
        std::slice::from_ref(&note),
        "a note comes back as it was written"
    );
    assert_eq!(
        db.read().sign_offs().newest(DAY).unwrap().as_ref(),
        Some(&sign_off),
        "a sign-off comes back with all that was signed"
    );
    let forbidden = |work: &dyn Fn(&Tx<'_>) -> Result<(), StoreError>| {
        let mut db = Database::in_memory().unwrap();
        let done = db.write(|tx| work(tx));
        matches!(done, Err(StoreError::Forbidden(_)))
    };
    assert!(
        forbidden(&|tx| tx.bill_notes().write(&BillNote {
            text: String::new(),
            ..note.clone()
        })),
        "an empty note settles nothing"
    );
    assert!(
        forbidden(&|tx| tx.sign_offs().sign(&sign_off)),
        "nothing is signed off without a bill"
    );
}

#[test]
fn rows_about_bills_are_added_only() {
    let folder = Folder::new();
    let mut db = folder.open();
    db.write(|tx| {
        tx.bills().keep(&bill(DAY, b"file"))?;
        tx.bill_notes().write(&BillNote {
            date: DAY,
            subject: Subject::Bill,
            cause: "totals_differ".to_owned(),
            at: at(2),
            user: None,
            text: "已核对".to_owned(),
        })?;
        tx.sign_offs().sign(&SignOff {
            bill: BillId(1),
            at: at(3),
            user: None,
            agreement: agreement(),
        })
    })
    .unwrap();
    let conn = rusqlite::Connection::open(folder.path()).unwrap();
    for table in ["bills", "bill_notes", "sign_offs"] {
        for sql in [
            format!("DELETE FROM {table}"),
            format!("UPDATE {table} SET bill_date = '2026-11-21'"),
            format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table}"),
        ] {
            let refused = conn.execute(&sql, []).unwrap_err().to_string();
            assert!(
                refused.contains("as it was"),
                "{sql} would rewrite what was agreed, but: {refused}"
            );
        }
    }
}

#[test]
fn a_bill_changed_behind_the_tills_back_is_not_read() {
    let folder = Folder::new();
    let mut db = folder.open();
    let marker = b"`2026-11-22 12:00:00,`200.00";
    let id = db.write(|tx| tx.bills().keep(&bill(DAY, marker))).unwrap();
    db.checkpoint().unwrap();
    drop(db);
    let path = folder.dir.path().join("scantill.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let place = bytes
        .windows(marker.len())
        .position(|window| window == marker)
        .expect("the file lies in the database as it was received");
    bytes[place + marker.len() - 4] = b'9';
    std::fs::write(&path, bytes).unwrap();
    let db = folder.open();
    assert!(
        matches!(
            db.read().bills().file(id),
            Err(StoreError::Unreadable { table: "bills", .. })
        ),
        "a bill that is not what was received is no bill"
    );
}
