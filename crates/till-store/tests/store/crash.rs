//! A stop at any moment: what was said to be saved is there, nothing else is, and what is there makes sense.

use std::fs;

use till_core::Input;
use till_store::Database;

use crate::{Folder, at, feed, paid, placed, ring_up, stock_shop};

/// The files as a process that is killed now leaves them.
fn as_killed(folder: &Folder) -> Folder {
    let copy = Folder::new();
    for name in ["scantill.db", "scantill.db-wal"] {
        fs::copy(folder.dir.path().join(name), copy.dir.path().join(name)).unwrap();
    }
    copy
}

#[test]
fn a_killed_till_opens_with_everything_that_was_saved() {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    let mut saved = Vec::new();
    for click in 0..5 {
        let sale = ring_up(&mut db, &click.to_string(), &[(1, 1)], at(click)).unwrap();
        saved.push(feed(&mut db, sale, at(click), placed()).unwrap());
        let reopened = as_killed(&folder).open();
        let live: Vec<_> = reopened.read().sales().live().unwrap();
        let live: Vec<_> = live.into_iter().map(|stored| stored.sale).collect();
        assert_eq!(live, saved, "each sale is there in the state that was saved last");
        assert_eq!(
            reopened.read().stock().drift().unwrap(),
            [],
            "and its goods with it"
        );
    }
}

#[test]
fn what_was_not_finished_when_the_till_was_killed_never_was() {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    let killed = db
        .write(|tx| {
            tx.stock().receive(till_core::ProductId(1), 5)?;
            tx.settings().set("locale", "en")?;
            Ok(as_killed(&folder))
        })
        .unwrap();
    let reopened = killed.open();
    assert_eq!(
        reopened.read().products().all().unwrap()[0].available,
        Some(10),
        "the pieces had not been saved"
    );
    assert_eq!(
        reopened.read().settings().get::<String>("locale").unwrap(),
        None,
        "nor had the language"
    );
}

/// Power is lost: of the log, only so many bytes have reached the disk. Whatever the number, the ledger opens, and what it
/// holds is what was there after one of the finished transactions.
#[test]
fn fault_69_a_log_cut_anywhere_opens_as_it_was_after_some_transaction() {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    assert!(
        db.checkpoint().unwrap(),
        "from here on everything stands in the log"
    );
    let state = |db: &Database| {
        (
            db.read().sales().live().unwrap(),
            db.read().stock().all().unwrap(),
            db.read().journal().after(0, 100).unwrap(),
        )
    };
    let mut states = vec![state(&db)];
    for click in 0..4 {
        let sale = ring_up(&mut db, &click.to_string(), &[(1, 1), (3, 2)], at(click)).unwrap();
        states.push(state(&db));
        let sale = feed(&mut db, sale, at(click), placed()).unwrap();
        states.push(state(&db));
        let input = if click % 2 == 0 {
            paid(300, "4200", at(click))
        } else {
            Input::Cancel
        };
        feed(&mut db, sale, at(click), input).unwrap();
        states.push(state(&db));
    }
    let whole = fs::read(folder.dir.path().join("scantill.db-wal")).unwrap();
    let mut last = 0;
    // A frame is 24 + 2048 bytes after a header of 32: its edges, and places inside it.
    let frame = 24 + 2048;
    let cuts = (0..=(whole.len() - 32) / frame)
        .flat_map(|nth| [0, 1, 23, 24, 1000, frame - 1].map(|inside| 32 + nth * frame + inside))
        .filter(|cut| *cut <= whole.len());
    for cut in cuts {
        for torn in [false, true] {
            let copy = as_killed(&folder);
            let mut log = whole[..cut].to_vec();
            if torn {
                // The file has its length, but the rest of it never came.
                log.resize(whole.len(), 0);
            }
            fs::write(copy.dir.path().join("scantill.db-wal"), log).unwrap();
            let reopened = state(&copy.open());
            let which = states.iter().position(|state| *state == reopened);
            let which =
                which.unwrap_or_else(|| panic!("cut at {cut}, the ledger is in a state that never was"));
            assert!(
                which >= last,
                "more of the log never means less of the ledger (cut at {cut})"
            );
            last = which;
        }
    }
    assert_eq!(last, states.len() - 1, "the whole log is the whole ledger");
}

#[test]
fn fault_74_a_log_with_flipped_bytes_opens_as_it_was_before_them() {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    assert!(
        db.checkpoint().unwrap(),
        "from here on everything stands in the log"
    );
    ring_up(&mut db, "a", &[(1, 1)], at(0)).unwrap();
    let log = folder.dir.path().join("scantill.db-wal");
    let after_one = fs::metadata(&log).unwrap().len();
    ring_up(&mut db, "b", &[(1, 1)], at(1)).unwrap();
    let copy = as_killed(&folder);
    let log = copy.dir.path().join("scantill.db-wal");
    let mut bytes = fs::read(&log).unwrap();
    let place = usize::try_from(after_one).unwrap() + 100;
    bytes[place] ^= 0xFF;
    fs::write(&log, bytes).unwrap();
    let reopened = copy.open();
    assert_eq!(
        reopened.read().sales().live().unwrap().len(),
        1,
        "SQLite's checksums stop at the first wrong byte: the sale before it is there, the one after it is not"
    );
    assert_eq!(
        reopened.read().stock().drift().unwrap(),
        [],
        "and what is there makes sense"
    );
}

#[test]
fn fault_74_without_the_shared_index_the_ledger_opens() {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    ring_up(&mut db, "a", &[(1, 1)], at(0)).unwrap();
    let copy = as_killed(&folder);
    assert!(
        !copy.dir.path().join("scantill.db-shm").exists(),
        "the copy has no index of the log"
    );
    assert_eq!(
        copy.open().read().sales().live().unwrap().len(),
        1,
        "SQLite makes it anew from the log"
    );
}

#[test]
fn fault_74_with_a_spoilt_shared_index_the_ledger_opens() {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    ring_up(&mut db, "a", &[(1, 1)], at(0)).unwrap();
    let index = fs::read(folder.dir.path().join("scantill.db-shm")).unwrap();
    for spoilt in [
        Vec::new(),
        vec![0; index.len()],
        vec![0xFF; index.len()],
        index[..index.len() / 2].to_vec(),
        index.iter().map(|byte| byte ^ 1).collect(),
    ] {
        let copy = as_killed(&folder);
        fs::write(copy.dir.path().join("scantill.db-shm"), &spoilt).unwrap();
        assert_eq!(
            copy.open().read().sales().live().unwrap().len(),
            1,
            "whoever opens first makes the index anew, whatever {} bytes it finds there",
            spoilt.len()
        );
    }
}
