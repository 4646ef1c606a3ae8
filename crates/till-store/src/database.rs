//! The file and its connections: one writer, any number of readers.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::handle::{Read, Tx};
use crate::{OpenError, StoreError, backup, file_check, migration, restore};

/// What a caller may choose.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long to wait for another process that holds the database.
    pub busy_timeout: Duration,
    /// Most pages (of 2 KiB) the file may have; a write past that fails as on a full disk. `None`: SQLite's own limit.
    pub pages_max: Option<u32>,
}

/// The writer. Belongs to one thread: there is one for each data folder.
#[derive(Debug)]
pub struct Database {
    pub(crate) conn: Connection,
    /// What a reader has to open.
    place: Place,
    options: Options,
}

/// Reads beside the writer, always a finished transaction, and can change nothing.
#[derive(Debug)]
pub struct Reader {
    conn: Connection,
}

#[derive(Debug, Clone)]
enum Place {
    File(PathBuf),
    Memory(String),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            busy_timeout: Duration::from_millis(5000),
            pages_max: None,
        }
    }
}

impl Database {
    /// Opens the ledger in this file, or makes a new one where there is no file.
    ///
    /// A restore that was cut short is finished first. The file is looked at before it is touched: see [`OpenError`]. After an unclean stop (which shows by a write-ahead
    /// log that was left behind) every page of it is checked.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_with(path, Options::default())
    }

    /// The same with other options.
    pub fn open_with(path: &Path, options: Options) -> Result<Self, OpenError> {
        restore::finish(path)?;
        if file_check::exists(path)? {
            file_check::check(path, options.busy_timeout)?;
        } else {
            create(path)?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags).map_err(unusable)?;
        // SQLite falls back to reading when it may not write.
        if conn.is_readonly("main").map_err(unusable)? {
            let what = format!("{} can't be written", path.display());
            return Err(OpenError::Unusable(what));
        }
        Self::set_up(conn, Place::File(path.to_owned()), options).map_err(unusable)
    }

    /// A ledger in memory, for tests; gone when the database and all its readers are.
    ///
    /// Readers have their own connection here too. It is no write-ahead log, so that a reader waits for the writer and the
    /// writer for readers, up to the busy timeout.
    pub fn in_memory() -> Result<Self, OpenError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // The leading slash makes it one database for all connections of this process.
        let place = Place::Memory(format!("file:/scantill-{number}?vfs=memdb"));
        let conn = connect(
            &place,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        )
        .map_err(unusable)?;
        Self::set_up(conn, place, Options::default()).map_err(unusable)
    }

    fn set_up(mut conn: Connection, place: Place, options: Options) -> Result<Self, rusqlite::Error> {
        conn.busy_timeout(options.busy_timeout)?;
        set_up_writer(&conn)?;
        migration::migrate(&mut conn)?;
        if let Some(pages) = options.pages_max {
            conn.pragma_update(None, "max_page_count", pages)?;
        }
        Ok(Self { conn, place, options })
    }

    /// The file it stands in; `None` in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::File(path) => Some(path),
            Place::Memory(_) => None,
        }
    }

    /// Runs `work` in one transaction: when it gives back `Ok` and the disk has taken it, all of it is kept; else nothing
    /// is. Never keeps anything by going out of scope or by a panic.
    pub fn write<T>(&mut self, work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        // Rolls back when dropped.
        let transaction = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&Tx { conn: &transaction })?;
        #[cfg(feature = "failpoints")]
        fail::fail_point!("store.before_commit");
        transaction.commit()?;
        #[cfg(feature = "failpoints")]
        fail::fail_point!("store.after_commit");
        Ok(done)
    }

    /// Reads through the writer's own connection.
    #[must_use]
    pub fn read(&self) -> Read<'_> {
        Read { conn: &self.conn }
    }

    /// A connection of its own for reading, for another thread.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        let conn = connect(&self.place, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        conn.busy_timeout(self.options.busy_timeout)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        conn.pragma_update(None, "query_only", true)?;
        Ok(Reader { conn })
    }

    /// Writes a complete copy of the ledger as it is now to a file that does not exist yet. May run while sales go on in
    /// other connections.
    pub fn back_up_to(&self, path: &Path) -> Result<(), StoreError> {
        self.reader()?.back_up_to(path)
    }

    /// Brings everything from the write-ahead log into the main file: at the close of day, and before the program ends, so
    /// that the next start need not check the file. `false` when a reader was in the way.
    pub fn checkpoint(&self) -> Result<bool, StoreError> {
        let busy: bool = self
            .conn
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        Ok(!busy)
    }
}

impl Reader {
    /// Opens the ledger in this file as it is, beside whoever else has it open: no restore is finished, and nothing is
    /// brought up to date.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let conn = file_check::open_as_it_is(path, Options::default().busy_timeout)?;
        conn.pragma_update(None, "query_only", true).map_err(unusable)?;
        Ok(Self { conn })
    }

    /// Reads.
    #[must_use]
    pub fn read(&self) -> Read<'_> {
        Read { conn: &self.conn }
    }

    /// As [`Database::back_up_to`], on a thread of its own.
    pub fn back_up_to(&self, path: &Path) -> Result<(), StoreError> {
        backup::copy(&self.conn, path)
    }
}

/// A sale touches a dozen pages, each with little on it; half of SQLite's usual size is half the bytes to flush a commit.
const PAGE_SIZE: u32 = 2048;

/// More than there are different statements.
const STATEMENTS_KEPT: usize = 64;

fn connect(place: &Place, flags: OpenFlags) -> Result<Connection, rusqlite::Error> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match place {
        Place::File(path) => Connection::open_with_flags(path, flags),
        Place::Memory(name) => Connection::open_with_flags(name, flags | OpenFlags::SQLITE_OPEN_URI),
    }
}

fn set_up_writer(conn: &Connection) -> Result<(), rusqlite::Error> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // A database in memory answers "memory" and goes on without a log.
    let _mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "wal_autocheckpoint", 1000)?;
    Ok(())
}

/// Makes a new ledger under another name and puts it in its place whole: an empty file is therefore always damage, never a
/// start that was cut short.
fn create(path: &Path) -> Result<(), OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    for leftover in [
        new.clone(),
        file_check::beside(&new, "-wal"),
        file_check::beside(&new, "-journal"),
    ] {
        match std::fs::remove_file(&leftover) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(OpenError::Unusable(format!("{}: {error}", leftover.display()))),
        }
    }
    let build = || -> Result<(), rusqlite::Error> {
        let mut conn = Connection::open(&new)?;
        conn.pragma_update(None, "page_size", PAGE_SIZE)?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        migration::migrate(&mut conn)?;
        conn.close().map_err(|(_, error)| error)
    };
    build().map_err(unusable)?;
    std::fs::rename(&new, path).map_err(|error| OpenError::Unusable(format!("{}: {error}", path.display())))
}

fn unusable(error: rusqlite::Error) -> OpenError {
    OpenError::Unusable(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_on_the_disk_and_readers_can_not_write() {
        let dir = tempfile::tempdir().unwrap();
        let db = Database::open(&dir.path().join("scantill.db")).unwrap();
        let number = |conn: &Connection, name: &str| -> i64 {
            conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
                .unwrap()
        };
        let mode: String = db
            .conn
            .query_row("PRAGMA journal_mode", [], |row| row.get(0))
            .unwrap();
        assert_eq!(mode, "wal", "readers go on beside the writer");
        for (name, value, why) in [
            ("synchronous", 2, "FULL: a commit has been flushed to the disk"),
            ("foreign_keys", 1, "no row without its parent"),
            ("wal_autocheckpoint", 1000, "the log stays short"),
            (
                "busy_timeout",
                5000,
                "another process is waited for, but not for ever",
            ),
        ] {
            assert_eq!(number(&db.conn, name), value, "{why}");
        }
        let reader = db.reader().unwrap();
        assert_eq!(
            number(&reader.conn, "query_only"),
            1,
            "a reader can change nothing"
        );
        assert!(
            reader.conn.is_readonly("main").unwrap(),
            "not even by its file handle"
        );
    }
}
