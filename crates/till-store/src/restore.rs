//! A copy takes the ledger's place; the ledger is set aside, never written over.
//!
//! First the copy is made ready under another name, `scantill.db.restoring-…`; from the moment it has that name it will be
//! the ledger, whatever happens: [`finish`] does the rest, and does it again at the next start if it was cut short.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use till_core::{ZNumber, ZsAside};

use crate::backup::{check_copy, flush_folder, z_issued};
use crate::{Database, OpenError, Relation, StoreError, backup, file_check};

/// What a restore has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Where the ledger that was in use stands now; `None` when there was none.
    pub set_aside: Option<PathBuf>,
}

const RESTORING: &str = "restoring-";
const ASIDE: &str = "aside-";

/// SQLite's files beside a ledger, its main file last: as long as that is there, the ledger is.
const FILES: [&str; 4] = ["-wal", "-shm", "-journal", ""];

/// Puts a copy in the ledger's place. Nobody may have the ledger open. The copy stays where it is, and gets its place only
/// if all of it is sound; in the journal it then says that it was restored, and who wanted it.
///
/// `issued` is the last Z that was ever issued, as far as anybody knows. Those that the copy has not are written down in it
/// before it has the place: it never gives their numbers again.
pub fn restore(
    copy: &Path,
    ledger: &Path,
    now: Timestamp,
    who: &str,
    issued: Option<ZNumber>,
) -> Result<Restored, OpenError> {
    let checked = check_copy(copy)?;
    let relation = backup::relation(&checked, ledger);
    let stamp = unused_stamp(ledger, now)?;
    let ready = file_check::beside(ledger, &format!(".{RESTORING}{stamp}"));
    // One name, so that what an attempt leaves that was cut short is found by the next.
    let part = file_check::beside(ledger, ".restore.part");
    // What the ledger has issued counts, whatever else is known; one that can't be read is for a person to know about.
    let issued = issued.max(z_issued(ledger).unwrap_or_default());
    prepare(copy, &part, now, &in_words(copy, relation, who), issued)?;
    let named = || -> io::Result<()> {
        fs::rename(&part, &ready)?;
        flush_folder(folder_of(ledger))
    };
    named().map_err(|error| unusable(&ready, &error))?;
    Ok(finish(ledger)?.unwrap_or(Restored { set_aside: None }))
}

/// The ledgers that were set aside, newest first.
pub fn set_aside(ledger: &Path) -> io::Result<Vec<PathBuf>> {
    let begin = match ledger.file_name() {
        Some(name) => format!("{}.{ASIDE}", name.to_string_lossy()),
        None => return Ok(Vec::new()),
    };
    let entries = match fs::read_dir(folder_of(ledger)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let main = name
            .strip_prefix(&begin)
            .is_some_and(|stamp| !stamp.contains('-'));
        if main {
            found.push(entry.path());
        }
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    Ok(found)
}

/// Ends a restore that was decided on: sets the ledger aside and puts the copy in its place. `None` when there was none.
pub(crate) fn finish(ledger: &Path) -> Result<Option<Restored>, OpenError> {
    let Some((ready, stamp)) = decided(ledger)? else {
        return Ok(None);
    };
    let aside = file_check::beside(ledger, &format!(".{ASIDE}{stamp}"));
    let moved = || -> io::Result<bool> {
        let mut any = false;
        for suffix in FILES {
            let from = file_check::beside(ledger, suffix);
            if from.try_exists()? {
                // The stamp was chosen so that nothing is there.
                fs::rename(&from, file_check::beside(&aside, suffix))?;
                any = true;
            }
        }
        flush_folder(folder_of(ledger))?;
        fs::rename(&ready, ledger)?;
        flush_folder(folder_of(ledger))?;
        Ok(any || aside.try_exists()?)
    };
    let any = moved().map_err(|error| unusable(ledger, &error))?;
    tracing::warn!(aside = %aside.display(), "a copy has taken the ledger's place");
    Ok(Some(Restored {
        set_aside: any.then_some(aside),
    }))
}

/// A name for what will be set aside that is not taken yet.
fn unused_stamp(ledger: &Path, now: Timestamp) -> Result<String, OpenError> {
    let second = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    for nth in 0..100 {
        let stamp = match nth {
            0 => second.clone(),
            nth => format!("{second}{nth}"),
        };
        let aside = file_check::beside(ledger, &format!(".{ASIDE}{stamp}"));
        if !FILES
            .iter()
            .any(|suffix| file_check::beside(&aside, suffix).exists())
        {
            return Ok(stamp);
        }
    }
    Err(OpenError::Unusable(format!(
        "{} was set aside a hundred times in one second",
        ledger.display()
    )))
}

/// The copy that is to take the ledger's place, and when that was decided.
fn decided(ledger: &Path) -> Result<Option<(PathBuf, String)>, OpenError> {
    let Some(name) = ledger.file_name() else {
        return Ok(None);
    };
    let begin = format!("{}.{RESTORING}", name.to_string_lossy());
    let entries = match fs::read_dir(folder_of(ledger)) {
        Ok(entries) => entries,
        // There is no ledger where there is no folder; opening says so.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(ledger, &error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| unusable(ledger, &error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        match name.strip_prefix(&begin) {
            Some(stamp) if !stamp.contains(['.', '-']) => return Ok(Some((entry.path(), stamp.to_owned()))),
            Some(_) | None => {}
        }
    }
    Ok(None)
}

/// Makes the copy a ledger of this version that says in its journal where it comes from, and which Zs it does not have.
fn prepare(
    copy: &Path,
    part: &Path,
    now: Timestamp,
    detail: &str,
    issued: Option<ZNumber>,
) -> Result<(), OpenError> {
    // What an attempt that was cut short has left.
    for suffix in FILES {
        let leftover = file_check::beside(part, suffix);
        match fs::remove_file(&leftover) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(unusable(&leftover, &error)),
        }
    }
    let refused = |error: StoreError| OpenError::Unusable(format!("{}: {error}", part.display()));
    let from = file_check::open_to_look(copy, crate::Options::default().busy_timeout)?;
    backup::copy(&from, part).map_err(refused)?;
    let mut db = Database::open(part)?;
    db.write(|tx| {
        tx.journal().add(now, "restored", None, None, detail)?;
        let zs = tx.read().z_reports();
        let Some(aside) = ZsAside::between(zs.issued()?, issued) else {
            return Ok(());
        };
        let told = aside.told(zs.last_number()?);
        tx.journal().add(now, ZsAside::WORD, None, None, &told)
    })
    .map_err(refused)?;
    drop(db);
    // Closing has brought everything into the one file.
    let log = file_check::beside(part, "-wal");
    if log.try_exists().map_err(|error| unusable(&log, &error))? {
        return Err(OpenError::Unusable(format!(
            "{} was not finished",
            part.display()
        )));
    }
    check_copy(part).map(drop)
}

/// For the journal.
fn in_words(copy: &Path, relation: Relation, who: &str) -> String {
    let name = copy
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let relation = match relation {
        Relation::Same => "same".to_owned(),
        Relation::Older { rows } => format!("{rows} rows older"),
        Relation::Newer { rows } => format!("{rows} rows newer"),
        Relation::Apart => "apart".to_owned(),
        Relation::Unknown => "unknown".to_owned(),
    };
    format!("{name}: {relation}; {who}")
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    }
}

fn unusable(path: &Path, error: &io::Error) -> OpenError {
    OpenError::Unusable(format!("{}: {error}", path.display()))
}
