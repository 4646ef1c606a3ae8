//! A disk that does not take it: full, locked, read-only. Then nothing has happened.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;
use till_store::{Database, Options, StoreError};

use crate::{Folder, at, ring_up, stock_shop};

fn pages(path: &Path) -> u32 {
    Connection::open(path)
        .unwrap()
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn fault_71_disk_full_at_any_page_refuses_the_sale_and_leaves_no_trace() {
    let folder = Folder::new();
    let mut db = folder.open();
    stock_shop(&mut db);
    drop(db);
    let now = pages(&folder.path());
    let mut refused = 0;
    let mut sold = 0;
    for room in 0..12 {
        let options = Options {
            pages_max: Some(now + room),
            ..Options::default()
        };
        let mut db = Database::open_with(&folder.path(), options).unwrap();
        for click in 0..200 {
            let before = (
                db.read().stock().all().unwrap(),
                db.read().sales().live().unwrap().len(),
                db.read().journal().after(0, 10_000).unwrap().len(),
            );
            match ring_up(&mut db, &format!("{room}-{click}"), &[(3, 1)], at(0)) {
                Ok(_) => sold += 1,
                Err(error) => {
                    assert!(error.is_disk_full(), "no room is told as no room, not as {error}");
                    let after = (
                        db.read().stock().all().unwrap(),
                        db.read().sales().live().unwrap().len(),
                        db.read().journal().after(0, 10_000).unwrap().len(),
                    );
                    assert_eq!(after, before, "a sale that was not saved has left nothing behind");
                    refused += 1;
                    break;
                }
            }
        }
        assert_eq!(
            db.read().stock().drift().unwrap(),
            [],
            "stock and sales agree with {room} pages to spare"
        );
    }
    assert!(
        refused >= 6,
        "the room did run out, at {refused} different places"
    );
    let mut db = folder.open();
    ring_up(&mut db, "room again", &[(1, 1)], at(1)).unwrap();
    let live = db.read().sales().live().unwrap().len();
    assert_eq!(
        live,
        sold + 1,
        "with room again, selling goes on, and all that was said to be sold is there"
    );
}

/// Not a test: the other process of `fault_73`. Holds the ledger until its standard input ends.
#[test]
fn holder_of_the_ledger() {
    let Some(path) = std::env::var_os("SCANTILL_TEST_HOLD") else {
        return;
    };
    let conn = Connection::open(path).unwrap();
    conn.execute_batch("BEGIN EXCLUSIVE").unwrap();
    println!("\nheld");
    let _ = std::io::stdin().lines().next();
}

#[test]
fn fault_73_locked_by_another_process_refuses_and_goes_on_afterwards() {
    let folder = Folder::new();
    stock_shop(&mut folder.open());
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "disk::holder_of_the_ledger", "--nocapture"])
        .env("SCANTILL_TEST_HOLD", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(holder.stdout.take().unwrap()).lines();
    assert!(
        said.any(|line| line.unwrap() == "held"),
        "the other process has the ledger before we go on"
    );
    let options = Options {
        busy_timeout: Duration::from_millis(100),
        ..Options::default()
    };
    let mut db = Database::open_with(&folder.path(), options).unwrap();
    let error = ring_up(&mut db, "click", &[(1, 1)], at(0)).unwrap_err();
    assert!(error.is_locked(), "locked is told as locked, not as {error}");
    assert_eq!(
        db.read().products().count().unwrap(),
        3,
        "reading is not held up by another process that writes"
    );
    holder.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert!(holder.wait().unwrap().success(), "the other process lets go");
    ring_up(&mut db, "click", &[(1, 1)], at(1)).unwrap();
    assert_eq!(
        db.read().sales().live().unwrap().len(),
        1,
        "the same press of the button is one sale: the first try left nothing"
    );
}

#[test]
fn an_error_in_the_middle_takes_everything_back() {
    let mut db = crate::shop();
    let before = db.read().stock().all().unwrap();
    let error = db
        .write(|tx| -> Result<(), StoreError> {
            tx.settings().set("locale", "en")?;
            tx.stock().receive(till_core::ProductId(1), 5)?;
            tx.journal().add(at(0), "received", None, None, "5")?;
            Err(StoreError::OutOfStock {
                product: till_core::ProductId(2),
            })
        })
        .unwrap_err();
    assert!(
        matches!(error, StoreError::OutOfStock { .. }),
        "the caller's own error comes out"
    );
    assert_eq!(db.read().stock().all().unwrap(), before, "the stock is as it was");
    assert_eq!(
        db.read().settings().get::<String>("locale").unwrap(),
        None,
        "so are the settings"
    );
    assert!(
        db.read().journal().after(0, 10).unwrap().is_empty(),
        "and the journal"
    );
}

#[test]
fn a_panic_in_the_middle_takes_everything_back() {
    let mut db = crate::shop();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = db.write(|tx| -> Result<(), StoreError> {
            tx.settings().set("locale", "en")?;
            panic!("in the middle");
        });
    }));
    assert!(panicked.is_err(), "the panic goes on to whoever catches it");
    assert_eq!(
        db.read().settings().get::<String>("locale").unwrap(),
        None,
        "nothing is kept by going out of scope"
    );
    db.write(|tx| tx.settings().set("locale", "en")).unwrap();
    assert_eq!(
        db.read().settings().get::<String>("locale").unwrap().as_deref(),
        Some("en"),
        "and the next transaction works"
    );
}

#[cfg(unix)]
mod read_only {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    use till_store::OpenError;

    use super::*;

    /// Nobody's number on every Unix we know.
    const NOBODY: u32 = 65_534;

    /// Not a test: the process without rights of `fault_75`. Says whether the ledger could be used.
    #[test]
    fn opener_without_rights() {
        let Some(path) = std::env::var_os("SCANTILL_TEST_OPEN") else {
            return;
        };
        let verdict = match Database::open(Path::new(&path)) {
            Ok(_) => "opened".to_owned(),
            Err(OpenError::Unusable(_)) => "unusable".to_owned(),
            Err(other) => other.to_string(),
        };
        println!("\nverdict {verdict}");
    }

    /// What a process that is not the superuser, for whom no permission counts, makes of the file.
    fn verdict(path: &Path) -> String {
        let own = std::env::current_exe().unwrap();
        let mut command = Command::new(&own);
        let copy = tempfile::Builder::new()
            .permissions(Permissions::from_mode(0o755))
            .tempdir()
            .unwrap();
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            // The build folder may be closed to others.
            let program = copy.path().join("opener");
            fs::copy(&own, &program).unwrap();
            command = Command::new(&program);
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command
            .args(["--exact", "disk::read_only::opener_without_rights", "--nocapture"])
            .env("SCANTILL_TEST_OPEN", path)
            .current_dir("/")
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        said.lines()
            .find_map(|line| line.strip_prefix("verdict "))
            .unwrap_or(&said)
            .to_owned()
    }

    fn rights(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn fault_75_without_the_right_to_write_the_ledger_is_unusable_and_untouched() {
        let folder = Folder::new();
        stock_shop(&mut folder.open());
        let before = fs::read(folder.path()).unwrap();
        rights(folder.dir.path(), 0o777);
        rights(&folder.path(), 0o444);
        assert_eq!(
            verdict(&folder.path()),
            "unusable",
            "a file that may only be read"
        );
        rights(&folder.path(), 0o000);
        assert_eq!(
            verdict(&folder.path()),
            "unusable",
            "a file that may not even be read"
        );
        rights(&folder.path(), 0o666);
        rights(folder.dir.path(), 0o555);
        for scratch in ["scantill.db-wal", "scantill.db-shm"] {
            let _ = fs::remove_file(folder.dir.path().join(scratch));
        }
        assert_eq!(
            verdict(&folder.path()),
            "unusable",
            "a folder in which no log can be made"
        );
        assert_eq!(
            verdict(&folder.dir.path().join("other.db")),
            "unusable",
            "a folder in which no ledger can be made"
        );
        assert_eq!(
            fs::read(folder.path()).unwrap(),
            before,
            "the ledger is as it was"
        );
        rights(folder.dir.path(), 0o777);
        assert_eq!(
            verdict(&folder.path()),
            "opened",
            "with the rights back it opens: nothing else was wrong"
        );
    }
}
