//! Copies of the ledger: made while sales go on, looked at before anybody relies on them.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, ffi};
use till_core::{Account, Holdings, ZNumber};

use crate::table::{journal, z_reports};
use crate::{Link, OpenError, Read, StoreError, Stretch, file_check, sql};

/// What a copy holds, every page of which was looked at and is sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedCopy {
    /// The file.
    pub path: PathBuf,
    /// Its whole journal; `None` where the copy is from before the journal was chained. A journal that does not hold is no
    /// reason to refuse a copy: where the ledger is lost it is still the best there is.
    pub journal: Option<Stretch>,
    /// When the last thing in it was done, if anything was.
    pub until: Option<Timestamp>,
    /// How many sales it holds.
    pub sales: u64,
}

/// How a copy stands to the ledger in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Both have the same journal.
    Same,
    /// The ledger in use has gone on since.
    Older {
        /// Rows of the journal that the copy has not.
        rows: u64,
    },
    /// The copy has gone on since.
    Newer {
        /// Rows of the journal that the ledger in use has not.
        rows: u64,
    },
    /// Their journals differ: another till's, or each has gone on by itself.
    Apart,
    /// One of the two can't be held against the other: the ledger in use is damaged or gone, or the copy is from before the
    /// journal was chained.
    Unknown,
}

/// While a copy is looked at, nobody should have it open.
const BUSY: Duration = Duration::from_millis(500);

/// Writes a complete copy of what this connection sees to a file that does not exist yet, and flushes it.
pub(crate) fn copy(from: &Connection, to: &Path) -> Result<(), StoreError> {
    let in_the_way = |error: io::Error| {
        let code = match error.kind() {
            io::ErrorKind::StorageFull => ffi::SQLITE_FULL,
            _ => ffi::SQLITE_CANTOPEN,
        };
        let what = format!("{}: {error}", to.display());
        StoreError::NotSaved(rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(what)))
    };
    // A copy never writes over another file, and is for nobody else on the machine: it holds payments.
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(to).map_err(in_the_way)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(to, flags)?;
    copy.pragma_update(None, "synchronous", "FULL")?;
    // All pages in one step are one moment of the ledger; writers go on meanwhile.
    match Backup::new(from, &mut copy)?.step(-1)? {
        StepResult::Done => {}
        // `StepResult` can grow.
        _ => {
            let busy = ffi::Error::new(ffi::SQLITE_BUSY);
            return Err(StoreError::NotSaved(rusqlite::Error::SqliteFailure(busy, None)));
        }
    }
    // One file without a log, for it will be carried about.
    let mode: String = copy.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
    debug_assert_eq!(mode, "delete");
    copy.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Looks at everything in a copy: header, version, every page and index, and the journal's chain. Writes nothing.
pub fn check_copy(path: &Path) -> Result<CheckedCopy, OpenError> {
    if !file_check::exists(path)? {
        return Err(OpenError::Unusable(format!("{} is gone", path.display())));
    }
    file_check::check(path, BUSY)?;
    let conn = file_check::open_to_look(path, BUSY)?;
    file_check::check_every_page(&conn, path)?;
    let unreadable = |error: StoreError| OpenError::Damaged {
        path: path.to_owned(),
        what: error.to_string(),
    };
    let journal = match file_check::version(&conn, path)? >= journal::CHAINED.number {
        false => None,
        true => Some(
            Read { conn: &conn }
                .journal()
                .verify(Link::START, None)
                .map_err(unreadable)?,
        ),
    };
    let facts = || -> Result<(Option<Timestamp>, u64), StoreError> {
        let until = sql::first(
            &conn,
            "SELECT at FROM journal ORDER BY id DESC LIMIT 1",
            [],
            |row| sql::time("journal", row, 0),
        )?;
        let sales = sql::first(&conn, "SELECT count(*) FROM sales", [], |row| {
            sql::count("sales", row, 0)
        })?;
        Ok((until, sales.unwrap_or_default().into()))
    };
    let (until, sales) = facts().map_err(unreadable)?;
    Ok(CheckedCopy {
        path: path.to_owned(),
        journal,
        until,
        sales,
    })
}

/// To which account a copy belongs, and what is in it; `None` where it does not say so.
pub fn account_of(copy: &Path) -> Result<Option<(Account, Holdings)>, OpenError> {
    let conn = file_check::open_to_look(copy, BUSY)?;
    let read = Read { conn: &conn };
    match read.journal().account()? {
        Some(account) => Ok(Some((account, read.holdings()?))),
        None => Ok(None),
    }
}

/// How a copy stands to the ledger in this file, which may be open in a till. Writes nothing.
#[must_use]
pub fn relation(copy: &CheckedCopy, ledger: &Path) -> Relation {
    let find = || -> Result<Relation, OpenError> {
        let Some(theirs) = copy.journal.as_ref().map(|journal| journal.end) else {
            return Ok(Relation::Unknown);
        };
        let unreadable = |error: StoreError| OpenError::Unusable(error.to_string());
        let conn = file_check::open_to_look(ledger, BUSY)?;
        let journal = Read { conn: &conn }.journal();
        let ours = journal.last_link().map_err(unreadable)?;
        let rows = ours.row.abs_diff(theirs.row);
        if theirs.row <= ours.row {
            let same = journal.link_at(theirs.row).map_err(unreadable)? == Some(theirs);
            return Ok(match (same, rows) {
                (false, _) => Relation::Apart,
                (true, 0) => Relation::Same,
                (true, rows) => Relation::Older { rows },
            });
        }
        let conn = file_check::open_to_look(&copy.path, BUSY)?;
        let known = Read { conn: &conn }
            .journal()
            .link_at(ours.row)
            .map_err(unreadable)?;
        Ok(match known == Some(ours) {
            true => Relation::Newer { rows },
            false => Relation::Apart,
        })
    };
    find().unwrap_or_else(|error| {
        tracing::info!(%error, "the copy can't be held against the ledger in use");
        Relation::Unknown
    })
}

/// Whether two ledgers began as one, by the first rows of their journals: copies of one shop's till, however far each has
/// gone on. `None`: one of them can't be asked.
#[must_use]
pub fn same_beginning(one: &Path, other: &Path) -> Option<bool> {
    Some(beginning(one)? == beginning(other)?)
}

/// The link at the first row of a journal; `None`: there is none, or it can't be read.
fn beginning(ledger: &Path) -> Option<Link> {
    let first = || -> Result<Option<Link>, OpenError> {
        let unreadable = |error: StoreError| OpenError::Unusable(error.to_string());
        let conn = file_check::open_to_look(ledger, BUSY)?;
        Read { conn: &conn }.journal().link_at(1).map_err(unreadable)
    };
    first().unwrap_or_else(|error| {
        tracing::info!(%error, path = %ledger.display(), "where this ledger began is not known");
        None
    })
}

/// The last Z that was issued, as far as this ledger or copy knows. Writes nothing; a till may have it open.
pub fn z_issued(ledger: &Path) -> Result<Option<ZNumber>, OpenError> {
    let conn = file_check::open_to_look(ledger, BUSY)?;
    if file_check::version(&conn, ledger)? < z_reports::CREATED.number {
        return Ok(None);
    }
    let issued = Read { conn: &conn }.z_reports().issued();
    issued.map_err(|error| OpenError::Unusable(format!("{}: {error}", ledger.display())))
}

/// Sees to it that what was renamed in this folder stays renamed when the power is cut.
pub fn flush_folder(folder: &Path) -> io::Result<()> {
    // A folder can't be opened as a file everywhere.
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
