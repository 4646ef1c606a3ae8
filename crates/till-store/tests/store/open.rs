//! Opening: what is sound opens, what is not is refused and left as it was found.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use till_store::{Database, OpenError, Options};

use crate::{Folder, at, ring_up, stock_shop};

/// Everything in the folder but SQLite's scratch file.
fn contents(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(folder.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path))
        .filter(|(name, _)| !name.ends_with("-shm"))
        .map(|(name, path)| (name, fs::read(path).unwrap()))
        // An empty log is no log.
        .filter(|(name, bytes)| !(name.ends_with("-wal") && bytes.is_empty()))
        .collect();
    files.sort();
    files
}

/// A closed ledger with a sale in it.
fn closed_shop() -> Folder {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    ring_up(&mut db, "click", &[(1, 1)], at(0)).unwrap();
    folder
}

/// A ledger as a killed process leaves it: its last sale stands in the log only.
fn killed_shop() -> Folder {
    let living = Folder::new();
    let mut db = living.open();
    stock_shop(&mut db);
    assert!(
        db.checkpoint().unwrap(),
        "nobody reads, so the log can be emptied"
    );
    ring_up(&mut db, "click", &[(1, 1)], at(0)).unwrap();
    let folder = Folder::new();
    for name in ["scantill.db", "scantill.db-wal"] {
        fs::copy(living.dir.path().join(name), folder.dir.path().join(name)).unwrap();
    }
    folder
}

fn refusal(folder: &Folder) -> OpenError {
    let before = contents(folder);
    let refusal = Database::open(&folder.path()).expect_err("a file in this state must not be used");
    assert_eq!(
        contents(folder),
        before,
        "what can't be used is left exactly as it was found"
    );
    refusal
}

fn damage(folder: &Folder) -> String {
    match refusal(folder) {
        OpenError::Damaged { what, .. } => what,
        other => panic!("not told as damage: {other}"),
    }
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_new_ledger_is_made_once_and_found_again() {
    let folder = closed_shop();
    let names: Vec<String> = contents(&folder).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["scantill.db"], "a clean close leaves one file");
    let live = folder.open().read().sales().live().unwrap();
    assert_eq!(live.len(), 1, "the sale is there after closing and opening");
}

#[test]
fn a_start_that_was_cut_short_leaves_nothing_in_the_way() {
    let folder = Folder::new();
    fs::write(folder.dir.path().join("scantill.db.new"), b"half a file").unwrap();
    fs::write(
        folder.dir.path().join("scantill.db.new-journal"),
        b"and its journal",
    )
    .unwrap();
    assert_eq!(
        folder.open().read().products().count().unwrap(),
        0,
        "the ledger is made under another name until it is whole, so what is left of that can go"
    );
}

#[test]
fn fault_74_flipped_bytes_in_the_header_are_damage() {
    let folder = closed_shop();
    change(&folder.path(), |bytes| bytes[3] ^= 0xFF);
    assert!(
        damage(&folder).contains("no SQLite database"),
        "the first bytes name the format"
    );
    let folder = closed_shop();
    change(&folder.path(), |bytes| bytes[68..72].fill(0));
    assert!(
        damage(&folder).contains("another program"),
        "a database without our mark is not ours to use"
    );
}

#[test]
fn fault_74_a_file_cut_short_is_damage() {
    for keep in [1, 50, 99, 100, 2048, 5000] {
        let folder = closed_shop();
        change(&folder.path(), |bytes| bytes.truncate(keep));
        assert!(
            damage(&folder).contains("cut short"),
            "{keep} bytes are not the whole ledger"
        );
    }
}

#[test]
fn fault_74_an_empty_file_is_damage_with_and_without_a_log() {
    let folder = closed_shop();
    change(&folder.path(), Vec::clear);
    assert!(
        damage(&folder).contains("empty"),
        "we never leave an empty file, so its content is lost"
    );
    let folder = killed_shop();
    change(&folder.path(), Vec::clear);
    assert!(
        damage(&folder).contains("empty"),
        "SQLite would throw the log away and start afresh: the last sales would be gone"
    );
}

#[test]
fn fault_74_a_log_without_its_file_is_damage() {
    let folder = killed_shop();
    fs::remove_file(folder.path()).unwrap();
    assert!(
        damage(&folder).contains("log is still there"),
        "a new ledger in its place would make SQLite throw the log away"
    );
}

#[test]
fn fault_74_a_broken_page_is_found_after_an_unclean_stop() {
    // None of these is touched by a sale, so that the log does not hold a sound copy.
    for name in [
        "products",
        "held_carts",
        "products_by_name",
        "attempts_by_paid_at",
    ] {
        let folder = killed_shop();
        let sound = Folder::new();
        drop(sound.open());
        let root: u32 = Connection::open(sound.path())
            .unwrap()
            .query_row(
                "SELECT rootpage FROM sqlite_schema WHERE name = ?1",
                [name],
                |row| row.get(0),
            )
            .unwrap();
        change(&folder.path(), |bytes| {
            let start = usize::try_from((root - 1) * 2048).unwrap();
            bytes[start..start + 64].fill(0xA5);
        });
        assert!(
            !damage(&folder).is_empty(),
            "every page is looked at, that of {name} too, and the verdict says what is wrong"
        );
    }
}

#[test]
fn fault_74_another_kind_of_file_is_damage() {
    let folder = Folder::new();
    fs::write(folder.path(), "<html>not a ledger</html>".repeat(100)).unwrap();
    assert!(
        damage(&folder).contains("no SQLite database"),
        "whatever it is, it stays"
    );
}

#[test]
fn fault_75_a_newer_ledger_is_refused() {
    let folder = closed_shop();
    let conn = Connection::open(folder.path()).unwrap();
    conn.pragma_update(None, "user_version", 2_099_010_101).unwrap();
    conn.close().unwrap();
    match refusal(&folder) {
        OpenError::Newer { found, known } => {
            assert_eq!(found, 2_099_010_101, "the version that the file says");
            assert!(known < found, "and the one that this program knows");
        }
        other => panic!("a newer ledger is not damaged: {other}"),
    }
}

#[test]
fn fault_75_a_newer_version_that_stands_in_the_log_only_is_seen() {
    let living = closed_shop();
    let conn = Connection::open(living.path()).unwrap();
    conn.pragma_update(None, "user_version", 2_099_010_101).unwrap();
    let folder = Folder::new();
    for name in ["scantill.db", "scantill.db-wal"] {
        fs::copy(living.dir.path().join(name), folder.dir.path().join(name)).unwrap();
    }
    assert!(
        matches!(refusal(&folder), OpenError::Newer { .. }),
        "a newer program was killed: its log counts"
    );
}

#[test]
fn fault_75_a_folder_in_the_place_of_the_file_is_unusable() {
    let folder = Folder::new();
    fs::create_dir(folder.path()).unwrap();
    assert!(
        matches!(Database::open(&folder.path()), Err(OpenError::Unusable(_))),
        "neither damaged nor new: something else has to be put right"
    );
    let nowhere = folder.dir.path().join("no/such/folder/scantill.db");
    assert!(
        matches!(Database::open(&nowhere), Err(OpenError::Unusable(_))),
        "a ledger is not made where there is no folder"
    );
}

#[test]
fn fault_73_a_ledger_held_by_another_process_opens_for_it_is_sound() {
    let folder = closed_shop();
    let holder = Connection::open(folder.path()).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let options = Options {
        busy_timeout: Duration::from_millis(50),
        ..Options::default()
    };
    let db = Database::open_with(&folder.path(), options).unwrap();
    let live = db.read().sales().live().unwrap();
    assert_eq!(live.len(), 1, "reading goes on while another process writes");
}
