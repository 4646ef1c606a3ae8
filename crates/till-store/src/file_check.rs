//! Looks at a ledger before anything touches it.
//!
//! What can be told from outside: a file that is no SQLite database, is cut short, or has lost its main part while its
//! write-ahead log is still there. After an unclean stop SQLite also reads every page (`quick_check`). A log that was cut
//! short can't be told from one whose last transaction was never finished: such a file opens with what was finished.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::{OpenError, migration};

/// First bytes of every SQLite database (<https://www.sqlite.org/fileformat.html>, §1.3).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// There is a ledger; or there is none, and nothing that speaks of a lost one.
pub(crate) fn exists(path: &Path) -> Result<bool, OpenError> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(true),
        Ok(_) => Err(OpenError::Unusable(format!("{} is no file", path.display()))),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if stopped_uncleanly(path) {
                // SQLite would throw the log away.
                Err(damaged(
                    path,
                    "the file is gone, but its write-ahead log is still there",
                ))
            } else {
                Ok(false)
            }
        }
        Err(error) => Err(OpenError::Unusable(format!("{}: {error}", path.display()))),
    }
}

/// Refuses a file that is damaged or newer. Writes nothing to it.
pub(crate) fn check(path: &Path, busy_timeout: Duration) -> Result<(), OpenError> {
    let unclean = stopped_uncleanly(path);
    let sort = |error| sort(path, error);
    let conn = open_to_look(path, busy_timeout)?;
    let id: i32 = conn
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(sort)?;
    if id != migration::APPLICATION_ID {
        return Err(damaged(path, "it is another program's database"));
    }
    let found = version(&conn, path)?;
    let known = migration::known();
    if found > known {
        return Err(OpenError::Newer {
            found: found.into(),
            known: known.into(),
        });
    }
    if unclean {
        let verdict: String = conn
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(sort)?;
        if verdict != "ok" {
            return Err(damaged(path, &verdict));
        }
    }
    // Reads the schema: what stands there in no sense is damage too.
    conn.query_row("SELECT count(*) FROM attempts", [], |row| row.get::<_, i64>(0))
        .map(drop)
        .map_err(|error| match sort(error) {
            OpenError::Unusable(what) if what.contains("no such") => damaged(path, &what),
            other => other,
        })
}

/// Opens a file to read it and nothing else, whoever else has it open. What is no database is not even opened: SQLite would
/// throw away the log of an empty file, though it was to read only.
pub(crate) fn open_to_look(path: &Path, busy_timeout: Duration) -> Result<Connection, OpenError> {
    check_header(path, stopped_uncleanly(path))?;
    let open = || -> Result<Connection, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(busy_timeout)?;
        // Else closing this connection would bring the log into the file.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        Ok(conn)
    };
    open().map_err(|error| sort(path, error))
}

/// Opens a ledger of this version to read it and nothing else, whoever else has it open.
pub(crate) fn open_as_it_is(path: &Path, busy_timeout: Duration) -> Result<Connection, OpenError> {
    if !exists(path)? {
        return Err(OpenError::Unusable(format!("{} is not there", path.display())));
    }
    let conn = open_to_look(path, busy_timeout)?;
    let found = version(&conn, path)?;
    let known = migration::known();
    if found > known {
        return Err(OpenError::Newer {
            found: found.into(),
            known: known.into(),
        });
    }
    if found < known {
        let what = "an older version of this program has written it; start the till once, which brings it up to date";
        return Err(OpenError::Unusable(format!("{}: {what}", path.display())));
    }
    Ok(conn)
}

/// The last migration that a file went through.
pub(crate) fn version(conn: &Connection, path: &Path) -> Result<i32, OpenError> {
    conn.pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|error| sort(path, error))
}

/// Reads every page and every index.
pub(crate) fn check_every_page(conn: &Connection, path: &Path) -> Result<(), OpenError> {
    let verdict: String = conn
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|error| sort(path, error))?;
    if verdict != "ok" {
        return Err(damaged(path, &verdict));
    }
    Ok(())
}

/// Damage is told apart from everything else that keeps SQLite from reading.
fn sort(path: &Path, error: rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => damaged(path, &error.to_string()),
        Some(_) | None => OpenError::Unusable(error.to_string()),
    }
}

/// The last process did not close the ledger: a clean close leaves no write-ahead log behind. (Another process that has it
/// open right now looks the same; checking then costs time and does no harm.)
fn stopped_uncleanly(path: &Path) -> bool {
    ["-wal", "-journal"]
        .iter()
        .any(|suffix| std::fs::metadata(beside(path, suffix)).is_ok_and(|found| found.len() > 0))
}

fn check_header(path: &Path, has_log: bool) -> Result<(), OpenError> {
    let mut header = [0_u8; 100];
    let unusable = |error: std::io::Error| OpenError::Unusable(format!("{}: {error}", path.display()));
    let mut file = File::open(path).map_err(unusable)?;
    let length = file.metadata().map_err(unusable)?.len();
    if length < 100 {
        return Err(damaged(path, "it is empty or cut short"));
    }
    file.read_exact(&mut header).map_err(unusable)?;
    if !header.starts_with(MAGIC) {
        return Err(damaged(path, "it is no SQLite database"));
    }
    // With a log, pages at the end may stand in the log only.
    let page_size = match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => 65_536,
        size => size,
    };
    let pages = u64::from(u32::from_be_bytes([
        header[28], header[29], header[30], header[31],
    ]));
    if !has_log && length < page_size * pages {
        return Err(damaged(path, "it is cut short"));
    }
    Ok(())
}

/// The file beside it that SQLite keeps under the same name with this at its end.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn damaged(path: &Path, what: &str) -> OpenError {
    OpenError::Damaged {
        path: path.to_owned(),
        what: what.to_owned(),
    }
}
