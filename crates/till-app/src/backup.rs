//! Copies of the ledger: one a day and whenever somebody wants one, written under another name, looked at whole, renamed,
//! and thinned out; and putting one in the ledger's place.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;
use till_core::{Account, NotTheLast, OtherAccount, TillId, ZNumber, backup_due, backups_to_drop};
pub use till_store::{CheckedCopy, Relation, Restored};
use till_store::{OpenError, Reader, StoreError, check_copy, flush_folder, same_beginning, z_issued};

use crate::account;
use crate::config::Config;
use crate::till::{Till, setting};

/// A copy in the folder, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The file's name: `scantill-T01-20261123T040000Z.db`.
    pub name: String,
    /// Which till it is from.
    pub till: TillId,
    /// When it was begun.
    pub made_at: Timestamp,
    /// Its size.
    pub bytes: u64,
}

/// Why no copy was made. In every case the copies that were there are still there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BackupError {
    /// The folder of choice is not there: a stick that was pulled out, a server that is off.
    #[error("the backup folder {} is not there", .0.display())]
    NoFolder(PathBuf),
    /// The copy could not be written: no room, no right to.
    #[error("the copy could not be written: {0}")]
    NotWritten(String),
    /// The copy is not sound, because the ledger is not.
    #[error("the ledger is damaged: {0}")]
    Damaged(String),
    /// Another one is being made.
    #[error("a copy is being made already")]
    UnderWay,
    /// A ledger in memory has no copies.
    #[error("the ledger is in memory only")]
    InMemory,
}

/// The last Z that was ever issued, before a copy takes the ledger's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastZ {
    /// The last that the copy knows of.
    pub in_copy: Option<ZNumber>,
    /// The last that anything knows of: the copy, the ledger in use, those that were set aside, the other copies.
    pub found: Option<ZNumber>,
    /// The ledger in use could be asked; else there may be later ones on paper.
    pub ledger_read: bool,
}

/// Why no copy took the ledger's place. The ledger is where it was.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// There is no copy of that name.
    #[error("there is no such copy")]
    NoSuchBackup,
    /// What was given as the last Z ever issued can't be it.
    #[error(transparent)]
    NotTheLast(#[from] NotTheLast),
    /// The copy is not sound, or the disk did not take it.
    #[error(transparent)]
    NotRestored(#[from] OpenError),
}

/// How the copies stand, as the till knows it.
#[derive(Debug, Default)]
pub(crate) struct Backups {
    /// When the last good one was begun.
    last: Option<Timestamp>,
    /// What became of the last try, if it was no good one.
    trouble: Option<BackupTrouble>,
    under_way: bool,
    /// After a failure, not before this.
    again_at: Option<Timestamp>,
    /// A day was closed, and no copy has it yet.
    z_waits: bool,
}

/// The last try was no good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupTrouble {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub error: BackupError,
}

/// How the copies stand.
#[derive(Debug, Clone)]
pub struct BackupPicture {
    /// Where they are; `None` in memory.
    pub folder: Option<PathBuf>,
    /// All are kept from so many days.
    pub keep_days: u16,
    /// When the last good one was begun.
    pub last: Option<Timestamp>,
    /// What became of the last try, if it was no good one.
    pub trouble: Option<BackupTrouble>,
    /// One is being made now.
    pub under_way: bool,
    /// For days no copy was good: somebody should look after it.
    pub late: bool,
}

/// A copy that is to be made; takes as long as the ledger is large, so it belongs on a thread of its own.
#[derive(Debug)]
pub struct BackupJob {
    reader: Reader,
    ledger: PathBuf,
    folder: PathBuf,
    /// Nobody chose the folder: it is made where it is missing.
    own_folder: bool,
    till: TillId,
    begun_at: Timestamp,
    zone: TimeZone,
    keep_days: u16,
}

/// After a failure, this long until the next try.
const AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// What was begun so long ago and is not done is not being written any more.
const ABANDONED: SignedDuration = SignedDuration::from_hours(1);

/// So long without a good copy deserves a word to whoever is at the till.
const LATE: SignedDuration = SignedDuration::from_hours(3 * 24);

/// Where the copies of a ledger go.
#[must_use]
pub fn folder(config: Option<&Config>, ledger: &Path) -> PathBuf {
    let chosen = config.and_then(|config| config.backup.folder.clone());
    chosen.unwrap_or_else(|| ledger.with_file_name("backups"))
}

/// The copies in a folder, of all tills, newest first. A folder that is not there has none.
pub fn list(folder: &Path) -> io::Result<Vec<Backup>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some((till, made_at)) = read_name(&name) {
            found.push(Backup {
                bytes: entry.metadata()?.len(),
                name,
                till,
                made_at,
            });
        }
    }
    found.sort_by(|a, b| (b.made_at, &b.name).cmp(&(a.made_at, &a.name)));
    Ok(found)
}

/// Looks at everything in one of the copies of a folder, and how it stands to the ledger. `None`: there is no copy of that
/// name.
pub fn check(folder: &Path, name: &str, ledger: &Path) -> Option<Result<(CheckedCopy, Relation), OpenError>> {
    // A name, never a path.
    read_name(name)?;
    Some(check_copy(&folder.join(name)).map(|copy| {
        let relation = till_store::relation(&copy, ledger);
        (copy, relation)
    }))
}

/// Whether a copy is another till's than the one whose ledger this is: it bears another till's name, or its journal began as
/// another. A ledger that is gone or can't be read has no beginning to hold it against; then its name says it.
#[must_use]
pub fn is_anothers(folder: &Path, name: &str, ledger: &Path, till: Option<&TillId>) -> bool {
    let Some((its, _)) = read_name(name) else {
        return false;
    };
    till.is_some_and(|ours| *ours != its) || same_beginning(&folder.join(name), ledger) == Some(false)
}

/// To which account a ledger says it belongs, if it can be asked.
#[must_use]
pub fn account_of(ledger: &Path) -> Option<Account> {
    let found = till_store::account_of(ledger).ok()??;
    Some(found.0)
}

/// Whether an account may go on with a copy, once it is in the ledger's place.
pub fn is_for(folder: &Path, name: &str, account: &Account) -> Result<(), OtherAccount> {
    match read_name(name) {
        Some(_) => account::may_go_on_with_copy(account, &folder.join(name)),
        None => Ok(()),
    }
}

/// The last Z that was ever issued, as far as anything in this folder and beside the ledger knows. `None`: there is no copy
/// of that name.
#[must_use]
pub fn last_z(folder: &Path, name: &str, ledger: &Path) -> Option<LastZ> {
    read_name(name)?;
    let copy = folder.join(name);
    let in_copy = issued_in(&copy).flatten();
    let in_ledger = issued_in(ledger);
    // Others may keep their copies there, whose numbers are not ours.
    let aside = set_aside(ledger).unwrap_or_default().into_iter();
    let copies = list(folder).unwrap_or_default().into_iter();
    let related = aside
        .chain(copies.map(|backup| folder.join(backup.name)))
        .filter(|one| {
            [ledger, &copy]
                .iter()
                .any(|other| same_beginning(one, other) == Some(true))
        });
    let found = related.filter_map(|one| issued_in(&one).flatten()).max();
    Some(LastZ {
        in_copy,
        found: found.max(in_copy).max(in_ledger.flatten()),
        ledger_read: in_ledger.is_some(),
    })
}

/// The last Z that one ledger or copy knows of; `None`: it can't be asked.
fn issued_in(ledger: &Path) -> Option<Option<ZNumber>> {
    z_issued(ledger)
        .inspect_err(|error| tracing::info!(%error, "which Zs it has is not known"))
        .ok()
}

/// Puts one of the copies in the ledger's place, which nobody may have open; see [`till_store::restore`]. `paper` is the last
/// Z that was ever issued, as its owner has it, 0 for none: it may be more than what is found, and never less.
pub fn restore(
    folder: &Path,
    name: &str,
    ledger: &Path,
    now: Timestamp,
    who: &str,
    paper: u32,
) -> Result<Restored, RestoreError> {
    let last = last_z(folder, name, ledger).ok_or(RestoreError::NoSuchBackup)?;
    let issued = ZNumber::last_on_paper(paper, last.found)?;
    Ok(till_store::restore(&folder.join(name), ledger, now, who, issued)?)
}

/// The ledgers that were set aside, newest first.
pub fn set_aside(ledger: &Path) -> io::Result<Vec<PathBuf>> {
    till_store::set_aside(ledger)
}

impl BackupJob {
    /// Makes the copy: whole under its name, or not at all.
    pub fn carry_out(self) -> Result<Backup, BackupError> {
        let not_written = |error: &dyn std::fmt::Display| BackupError::NotWritten(error.to_string());
        if !self.folder.is_dir() {
            if !self.own_folder {
                return Err(BackupError::NoFolder(self.folder));
            }
            fs::create_dir_all(&self.folder).map_err(|error| not_written(&error))?;
        }
        let name = write_name(&self.till, self.begun_at);
        let (path, part) = (self.folder.join(&name), self.folder.join(format!("{name}.part")));
        self.drop_parts().map_err(|error| not_written(&error))?;
        let made = self.make(&part, &path);
        if made.is_err() {
            // If that fails too, the next try does it.
            let _ = fs::remove_file(&part);
        }
        let bytes = made?;
        if let Err(error) = self.thin_out() {
            tracing::warn!(%error, "old copies were not thinned out");
        }
        Ok(Backup {
            name,
            till: self.till,
            made_at: self.begun_at,
            bytes,
        })
    }

    fn make(&self, part: &Path, path: &Path) -> Result<u64, BackupError> {
        let not_written = |error: io::Error| BackupError::NotWritten(error.to_string());
        self.reader.back_up_to(part).map_err(|error| match error {
            StoreError::Unreadable { what, .. } => BackupError::Damaged(what),
            StoreError::NotSaved(_) | StoreError::Forbidden(_) | StoreError::OutOfStock { .. } => {
                BackupError::NotWritten(error.to_string())
            }
        })?;
        check_copy(part).map_err(|error| match error {
            OpenError::Damaged { what, .. } => BackupError::Damaged(what),
            OpenError::Newer { .. } | OpenError::OtherAccount(_) | OpenError::Unusable(_) => {
                BackupError::NotWritten(error.to_string())
            }
        })?;
        if path.try_exists().map_err(not_written)? {
            return Err(BackupError::NotWritten(format!(
                "{} is there already",
                path.display()
            )));
        }
        fs::rename(part, path).map_err(not_written)?;
        flush_folder(&self.folder).map_err(not_written)?;
        Ok(fs::metadata(path).map_err(not_written)?.len())
    }

    /// Takes away what copies have left that were cut short. Another shop's till of this name may be writing one just now.
    fn drop_parts(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let ours = name
                .split_once(".db.part")
                .and_then(|(copy, _)| read_name(&format!("{copy}.db")))
                .is_some_and(|(till, at)| till == self.till && self.begun_at.duration_since(at) > ABANDONED);
            if ours {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn thin_out(&self) -> io::Result<()> {
        // Two shops may have a till of one name, and one share: a copy is ours if its journal began as ours did.
        let ours: Vec<Backup> = list(&self.folder)?
            .into_iter()
            .filter(|backup| backup.till == self.till)
            .filter(|backup| same_beginning(&self.folder.join(&backup.name), &self.ledger) == Some(true))
            .collect();
        let times: Vec<Timestamp> = ours.iter().map(|backup| backup.made_at).collect();
        let dropped = backups_to_drop(&times, self.begun_at, &self.zone, self.keep_days);
        for backup in ours.iter().filter(|backup| dropped.contains(&backup.made_at)) {
            fs::remove_file(self.folder.join(&backup.name))?;
        }
        Ok(())
    }
}

impl Till {
    /// The copy that is due now, if one is.
    pub fn backup_if_due(&mut self, now: Timestamp) -> Option<BackupJob> {
        let waits = self.backups.again_at.is_some_and(|at| now < at);
        let due = backup_due(self.backups.last, now, self.config.shop.calendar.zone());
        if waits || !(due || self.backups.z_waits) {
            return None;
        }
        match self.begin_backup(now) {
            Ok(job) => Some(job),
            Err(BackupError::UnderWay | BackupError::InMemory) => None,
            Err(error) => {
                self.finish_backup(now, Err(error));
                None
            }
        }
    }

    /// A copy that somebody wants now. What comes of it goes to [`Self::finish_backup`].
    pub fn begin_backup(&mut self, now: Timestamp) -> Result<BackupJob, BackupError> {
        if self.backups.under_way {
            return Err(BackupError::UnderWay);
        }
        let ledger = self.db.path().ok_or(BackupError::InMemory)?;
        let job = BackupJob {
            folder: folder(Some(&self.config), ledger),
            ledger: ledger.to_owned(),
            own_folder: self.config.backup.folder.is_none(),
            reader: self
                .db
                .reader()
                .map_err(|error| BackupError::NotWritten(error.to_string()))?,
            till: self.config.shop.till.clone(),
            begun_at: now,
            zone: self.config.shop.calendar.zone().clone(),
            keep_days: self.config.backup.keep_days,
        };
        self.backups.under_way = true;
        self.backups.z_waits = false;
        self.changed();
        Ok(job)
    }

    /// What came of a copy.
    pub fn finish_backup(&mut self, now: Timestamp, made: Result<Backup, BackupError>) {
        self.backups.under_way = false;
        match made {
            Ok(backup) => {
                tracing::info!(name = %backup.name, bytes = backup.bytes, "the ledger was copied");
                self.backups.last = Some(backup.made_at);
                self.backups.trouble = None;
                self.backups.again_at = None;
                let millis = backup.made_at.as_millisecond();
                let written = self
                    .db
                    .write(|tx| tx.settings().set(setting::LAST_BACKUP, &millis));
                // The copy is there either way; at worst there will be one more today.
                if let Err(error) = self.saved(written) {
                    tracing::warn!(%error, "the time of the copy was not written down");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the ledger was not copied");
                self.backups.trouble = Some(BackupTrouble { at: now, error });
                self.backups.z_waits = true;
                self.backups.again_at = Some(now.saturating_add(AGAIN).unwrap_or(Timestamp::MAX));
            }
        }
        self.changed();
    }

    /// How the copies stand.
    #[must_use]
    pub fn backups(&self) -> BackupPicture {
        BackupPicture {
            folder: self.db.path().map(|ledger| folder(Some(&self.config), ledger)),
            keep_days: self.config.backup.keep_days,
            last: self.backups.last,
            trouble: self.backups.trouble.clone(),
            under_way: self.backups.under_way,
            late: self.backup_late(),
        }
    }

    /// For days no copy was good: somebody should look after it.
    pub(crate) fn backup_late(&self) -> bool {
        let Some(trouble) = &self.backups.trouble else {
            return false;
        };
        self.backups
            .last
            .is_none_or(|last| trouble.at.duration_since(last) > LATE)
    }
}

impl Backups {
    /// As the ledger knows it.
    pub(crate) fn since(last: Option<i64>, last_z: Option<Timestamp>) -> Self {
        let last = last.and_then(|millis| Timestamp::from_millisecond(millis).ok());
        // The time in a copy's name has whole seconds.
        let has =
            |z: Timestamp| last.is_some_and(|last| z.duration_since(last) < SignedDuration::from_secs(1));
        Self {
            last,
            z_waits: last_z.is_some_and(|z| !has(z)),
            ..Self::default()
        }
    }

    /// A day was closed: a copy is due.
    pub(crate) fn z_made(&mut self) {
        self.z_waits = true;
    }
}

fn write_name(till: &TillId, at: Timestamp) -> String {
    format!("scantill-{}-{}.db", till.as_str(), at.strftime(STAMP))
}

fn read_name(name: &str) -> Option<(TillId, Timestamp)> {
    let (till, stamp) = name
        .strip_prefix("scantill-")?
        .strip_suffix(".db")?
        .rsplit_once('-')?;
    let till = TillId::parse(till).ok()?;
    let at = jiff::civil::DateTime::strptime(STAMP, stamp)
        .ok()?
        .to_zoned(TimeZone::UTC)
        .ok()?
        .timestamp();
    // What is not written as we write it is not ours to drop.
    (write_name(&till, at) == name).then_some((till, at))
}

const STAMP: &str = "%Y%m%dT%H%M%SZ";
