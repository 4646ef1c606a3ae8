//! Copies of the ledger, and putting one in its place.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rusqlite::Connection;
use till_store::{Break, Database, OpenError, Relation, check_copy, relation, restore, set_aside};

use crate::{Folder, at, ring_up, stock_shop};

#[test]
fn fault_76_a_copy_taken_while_selling_is_whole() {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    let copies = Folder::new();
    let other = folder.open();
    let taking = std::thread::spawn(move || {
        (0..10)
            .map(|nth| {
                let path = copies.dir.path().join(format!("{nth}.db"));
                other.back_up_to(&path).unwrap();
                let copy = Database::open(&path).unwrap();
                assert_eq!(copy.read().stock().drift().unwrap(), [], "copy {nth} makes sense");
                copy.read().sales().live().unwrap().len()
            })
            .collect::<Vec<_>>()
    });
    for click in 0..200 {
        ring_up(&mut db, &click.to_string(), &[(3, 1)], at(click)).unwrap();
    }
    let counts = taking.join().unwrap();
    assert!(counts.is_sorted(), "a later copy has no fewer sales: {counts:?}");
    let taken = folder.dir.path().join("taken.db");
    fs::write(&taken, b"something else").unwrap();
    assert!(
        db.back_up_to(&taken).is_err(),
        "a copy never writes over another file"
    );
    assert!(
        matches!(Database::open(&taken), Err(OpenError::Damaged { .. })),
        "which stays as it was"
    );
}

/// Not a test: the process of the next one. Copies a ledger until it is killed, and says after each copy that it is whole.
#[test]
fn copier_of_the_ledger() {
    let Some(folder) = std::env::var_os("SCANTILL_TEST_COPY") else {
        return;
    };
    let folder = PathBuf::from(folder);
    let db = Database::open(&folder.join("scantill.db")).unwrap();
    for nth in 0.. {
        let part = folder.join("copy.part");
        let _ = fs::remove_file(&part);
        db.back_up_to(&part).unwrap();
        check_copy(&part).unwrap();
        fs::rename(&part, folder.join(format!("copy-{nth}.db"))).unwrap();
        println!("\ncopied");
    }
}

#[test]
fn fault_76_killed_in_the_middle_of_a_copy_no_half_copy_has_a_copys_name() {
    let mut in_the_middle = 0;
    for round in 0..8 {
        let folder = Folder::new();
        let mut db = folder.open();
        stock_shop(&mut db);
        for click in 0..100 {
            ring_up(&mut db, &click.to_string(), &[(3, 1)], at(click)).unwrap();
        }
        let mut copier = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "backup::copier_of_the_ledger", "--nocapture"])
            .env("SCANTILL_TEST_COPY", folder.dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Kept open: whoever has nobody to tell ends by itself.
        let mut said = BufReader::new(copier.stdout.take().unwrap());
        let copies = said
            .by_ref()
            .lines()
            .filter(|line| line.as_ref().unwrap() == "copied");
        let copies = copies.take(1 + round % 3).count();
        assert_eq!(copies, 1 + round % 3, "copies are made");
        // Somewhere in the next one, elsewhere each time.
        for click in 0..=round * 3 {
            ring_up(&mut db, &format!("more {click}"), &[(3, 1)], at(200)).unwrap();
        }
        copier.kill().unwrap();
        copier.wait().unwrap();
        in_the_middle += usize::from(folder.dir.path().join("copy.part").exists());
        let mut whole = 0;
        for entry in fs::read_dir(folder.dir.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|it| it == "db") && !path.ends_with("scantill.db") {
                let copy = check_copy(&path).unwrap();
                assert!(
                    copy.sales >= 100,
                    "{path:?}: a copy has everything that was there"
                );
                assert!(
                    copy.journal.unwrap().holds(),
                    "{path:?}: and its journal is whole"
                );
                whole += 1;
            }
        }
        assert!(whole > round % 3, "the copies from before the kill are there");
        assert_eq!(
            db.read().stock().drift().unwrap(),
            [],
            "the ledger itself does not notice"
        );
    }
    assert!(
        in_the_middle >= 4,
        "a copier is in the middle of a copy nearly always: {in_the_middle} of 8"
    );
}

/// A shop that has sold so many times, the ledger closed.
fn shop_of(sales: i64) -> Folder {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    sell(&mut db, 0..sales);
    folder
}

fn sell(db: &mut Database, clicks: std::ops::Range<i64>) {
    for click in clicks {
        ring_up(db, &click.to_string(), &[(3, 1)], at(click)).unwrap();
    }
}

fn copy_of(folder: &Folder, name: &str) -> PathBuf {
    let path = folder.dir.path().join(name);
    folder.open().back_up_to(&path).unwrap();
    path
}

fn names(folder: &Folder) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with("-shm"))
        .collect();
    names.sort();
    names
}

fn sales_in(path: &Path) -> usize {
    let db = Database::open(path).unwrap();
    db.read().attempts().search("", None).unwrap().len()
}

#[test]
fn a_copy_is_one_file_and_says_what_is_in_it() {
    let folder = shop_of(3);
    let path = copy_of(&folder, "copy.db");
    let copy = check_copy(&path).unwrap();
    assert_eq!(
        (copy.sales, copy.until),
        (3, Some(at(2))),
        "three sales, the last one when it was made"
    );
    assert_eq!(
        names(&folder),
        ["copy.db", "scantill.db"],
        "looking at a copy leaves nothing beside it"
    );
}

#[test]
fn a_copy_is_held_against_the_ledger_by_their_journals() {
    let folder = shop_of(3);
    let old = check_copy(&copy_of(&folder, "old.db")).unwrap();
    assert_eq!(
        relation(&old, &folder.path()),
        Relation::Same,
        "nothing was done since"
    );
    sell(&mut folder.open(), 3..5);
    assert_eq!(
        relation(&old, &folder.path()),
        Relation::Older { rows: 2 },
        "two sales were made since"
    );
    let new = check_copy(&copy_of(&folder, "new.db")).unwrap();
    assert_eq!(
        relation(&new, &old.path),
        Relation::Newer { rows: 2 },
        "the other way round"
    );
    let other = shop_of(1);
    sell(&mut other.open(), 100..101);
    for (sales, why) in [(2, "shorter"), (9, "longer")] {
        let stranger = shop_of(0);
        sell(&mut stranger.open(), 100..100 + sales);
        let stranger = check_copy(&copy_of(&stranger, "copy.db")).unwrap();
        assert_eq!(
            relation(&stranger, &folder.path()),
            Relation::Apart,
            "another shop's journal, {why} than ours"
        );
    }
    fs::write(folder.path(), "no ledger any more").unwrap();
    assert_eq!(
        relation(&old, &folder.path()),
        Relation::Unknown,
        "nothing can be said about a damaged ledger"
    );
}

#[test]
fn a_copy_takes_the_ledgers_place_and_the_ledger_is_set_aside_whole() {
    let folder = shop_of(3);
    let copy = copy_of(&folder, "copy.db");
    let untouched = fs::read(&copy).unwrap();
    sell(&mut folder.open(), 3..5);
    // As after a kill: the last sale stands in the log only.
    let db = folder.open();
    sell(&mut folder.open(), 5..6);
    let log = fs::read(folder.dir.path().join("scantill.db-wal")).unwrap();
    std::mem::forget(db);
    let restored = restore(&copy, &folder.path(), at(1000), "李娜", None).unwrap();
    let aside = restored.set_aside.unwrap();
    assert_eq!(sales_in(&folder.path()), 3, "the copy is the ledger now");
    let rows = folder.open().read().journal().after(3, 10).unwrap();
    assert_eq!(
        (rows[0].what.as_str(), rows[0].at, rows[0].detail.as_str()),
        ("restored", at(1000), "copy.db: 3 rows older; 李娜"),
        "the journal says when it was restored, from what, what is missing, and who wanted it"
    );
    assert_eq!(
        fs::read(format!("{}-wal", aside.display())).unwrap(),
        log,
        "the log went along with its ledger"
    );
    assert_eq!(
        sales_in(&aside),
        6,
        "nothing of the ledger that was in use is lost"
    );
    assert_eq!(fs::read(&copy).unwrap(), untouched, "the copy is still a copy");
    let again = restore(&copy, &folder.path(), at(1000), "李娜", None)
        .unwrap()
        .set_aside
        .unwrap();
    assert_eq!(
        set_aside(&folder.path()).unwrap(),
        [again.clone(), aside.clone()],
        "both can be found again, the newest first"
    );
    assert_ne!(
        again, aside,
        "in the same second too, each ledger is set aside under its own name"
    );
    assert_eq!(sales_in(&aside), 6, "and none over another");
}

#[test]
fn fault_74_a_damaged_ledger_is_set_aside_byte_for_byte() {
    for damage in [b"".as_slice(), b"not a ledger", &[0; 5000]] {
        let folder = shop_of(3);
        let copy = copy_of(&folder, "copy.db");
        fs::write(folder.path(), damage).unwrap();
        fs::write(folder.dir.path().join("scantill.db-wal"), b"its log").unwrap();
        assert!(
            matches!(Database::open(&folder.path()), Err(OpenError::Damaged { .. })),
            "damaged"
        );
        let aside = restore(&copy, &folder.path(), at(1000), "李娜", None)
            .unwrap()
            .set_aside
            .unwrap();
        assert_eq!(
            fs::read(&aside).unwrap(),
            damage,
            "the damaged file is kept as it was"
        );
        assert_eq!(
            fs::read(format!("{}-wal", aside.display())).unwrap(),
            b"its log",
            "and its log"
        );
        assert_eq!(sales_in(&folder.path()), 3, "and the copy sells on");
    }
    let folder = shop_of(3);
    let copy = copy_of(&folder, "copy.db");
    fs::remove_file(folder.path()).unwrap();
    let restored = restore(&copy, &folder.path(), at(1000), "李娜", None).unwrap();
    assert_eq!(
        (restored.set_aside, sales_in(&folder.path())),
        (None, 3),
        "where there is no ledger there is nothing to set aside"
    );
}

#[test]
fn a_copy_that_is_not_sound_does_not_get_the_place() {
    let folder = shop_of(3);
    let sound = fs::read(copy_of(&folder, "copy.db")).unwrap();
    let before = fs::read(folder.path()).unwrap();
    let copy = folder.dir.path().join("copy.db");
    let mut page = sound.clone();
    let middle = page.len() / 2048 * 2048 - 2048;
    page[middle..middle + 100].fill(0xA5);
    let mut cut = sound.clone();
    cut.truncate(sound.len() - 2048);
    let mut newer = sound.clone();
    newer[60..64].copy_from_slice(&i32::MAX.to_be_bytes());
    for (what, bytes) in [
        ("empty", Vec::new()),
        ("cut short", cut),
        ("a broken page", page),
        ("from a newer program", newer),
        ("something else", b"PK zip".repeat(1000)),
    ] {
        fs::write(&copy, bytes).unwrap();
        assert!(
            restore(&copy, &folder.path(), at(1000), "李娜", None).is_err(),
            "{what}: it is looked at first, all of it"
        );
        assert_eq!(
            fs::read(folder.path()).unwrap(),
            before,
            "{what}: the ledger stays where and as it is"
        );
        assert_eq!(
            names(&folder),
            ["copy.db", "scantill.db"],
            "{what}: nothing is left over"
        );
    }
    fs::remove_file(&copy).unwrap();
    assert!(
        restore(&copy, &folder.path(), at(1000), "李娜", None).is_err(),
        "a copy that is gone can't be restored"
    );
}

#[test]
fn a_copy_with_a_broken_journal_says_so() {
    let folder = shop_of(3);
    let copy = copy_of(&folder, "copy.db");
    let conn = Connection::open(&copy).unwrap();
    conn.execute_batch(
        "DROP TRIGGER journal_is_not_changed; UPDATE journal SET detail = '0.01' WHERE id = 2",
    )
    .unwrap();
    conn.close().unwrap();
    assert_eq!(
        check_copy(&copy).unwrap().journal.unwrap().breaks,
        [Break::Altered { row: 2 }],
        "a person decides whether it is better than nothing"
    );
}

/// The power is cut between any two steps of a restore that was decided on: the next start ends it.
#[test]
fn fault_76_a_restore_that_was_cut_short_is_ended_by_the_next_start() {
    let whole = shop_of(3);
    let copy = fs::read(copy_of(&whole, "copy.db")).unwrap();
    sell(&mut whole.open(), 3..5);
    let ledger = fs::read(whole.path()).unwrap();
    let steps: &[(&str, &[&str])] = &[
        ("decided", &[]),
        ("the log moved", &["-wal"]),
        ("all moved", &["-wal", ""]),
    ];
    for (step, moved) in steps {
        let folder = Folder::new();
        let file = |name: &str| folder.dir.path().join(name);
        fs::write(file("scantill.db.restoring-20261123T000000Z"), &copy).unwrap();
        for (suffix, bytes) in [("-wal", b"its log".as_slice()), ("", &ledger)] {
            let name = match moved.contains(&suffix) {
                true => format!("scantill.db.aside-20261123T000000Z{suffix}"),
                false => format!("scantill.db{suffix}"),
            };
            fs::File::create(file(&name)).unwrap().write_all(bytes).unwrap();
        }
        let db = Database::open(&folder.path()).unwrap();
        let sales = db.read().attempts().search("", None).unwrap().len();
        assert_eq!(sales, 3, "{step}: the copy is the ledger");
        drop(db);
        assert_eq!(
            (
                fs::read(file("scantill.db.aside-20261123T000000Z")).unwrap() == ledger,
                fs::read(file("scantill.db.aside-20261123T000000Z-wal"))
                    .unwrap()
                    .as_slice(),
            ),
            (true, b"its log".as_slice()),
            "{step}: the ledger that was in use is aside, whole"
        );
        assert_eq!(
            names(&folder),
            [
                "scantill.db",
                "scantill.db.aside-20261123T000000Z",
                "scantill.db.aside-20261123T000000Z-wal"
            ],
            "{step}: nothing of the restore is left"
        );
    }
}

#[test]
fn a_restore_that_was_not_decided_on_yet_is_none() {
    let folder = shop_of(3);
    fs::write(folder.dir.path().join("scantill.db.restore.part"), b"half a copy").unwrap();
    assert_eq!(sales_in(&folder.path()), 3, "the ledger is as it was");
    let copy = copy_of(&folder, "copy.db");
    restore(&copy, &folder.path(), at(1000), "李娜", None).unwrap();
    assert!(
        !names(&folder).contains(&"scantill.db.restore.part".to_owned()),
        "and the next restore takes away what the other left"
    );
}
