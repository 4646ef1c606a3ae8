//! Copies of the ledger and the self-check: from the till's pictures to what crosses.

use std::path::Path;

use till_app::OpenError;
use till_app::backup::{
    Backup, BackupError, BackupPicture, CheckedCopy, LastZ, Relation, RestoreError, Restored,
};
use till_core::self_check::{About, Check, Part, SelfCheck, Wrong};
use till_core::{NotTheLast, OtherAccount, ZNumber};

use super::time;
use crate::view::{
    BackupCheck, BackupTrouble, BackupView, CheckCode, CheckFinding, CheckPart, CheckSubject, CommandError,
    CopyJournal, CopyRelation, ErrorCode, KeepingView, LastZView, RestoredView, SelfCheckView,
};

/// How the copies stand; `till` is what an open till knows of them.
pub(crate) fn keeping(
    folder: &Path,
    chosen: bool,
    keep_days: u16,
    till: Option<&BackupPicture>,
    backups: &[Backup],
    set_aside: &[std::path::PathBuf],
) -> KeepingView {
    KeepingView {
        folder: folder.display().to_string(),
        chosen,
        keep_days: keep_days.into(),
        last: till.and_then(|till| till.last).map(time),
        trouble: till
            .and_then(|till| till.trouble.as_ref())
            .map(|trouble| BackupTrouble {
                at: time(trouble.at),
                error: trouble.error.clone().into(),
            }),
        under_way: till.is_some_and(|till| till.under_way),
        backups: backups.iter().map(backup).collect(),
        set_aside: set_aside.iter().map(|path| path.display().to_string()).collect(),
    }
}

/// A copy in the folder.
pub(crate) fn backup(backup: &Backup) -> BackupView {
    BackupView {
        name: backup.name.clone(),
        till_id: backup.till.as_str().to_owned(),
        made_at: time(backup.made_at),
        kib: count(backup.bytes.div_ceil(1024)),
    }
}

/// What was found in a copy.
pub(crate) fn check(
    name: String,
    copy: &CheckedCopy,
    relation: Relation,
    anothers: bool,
    last_z: &LastZ,
) -> BackupCheck {
    BackupCheck {
        name,
        until: copy.until.map(time),
        sales: count(copy.sales),
        journal: match &copy.journal {
            None => CopyJournal::Unchained,
            Some(journal) if journal.holds() => CopyJournal::Holds,
            Some(_) => CopyJournal::Broken,
        },
        relation: match relation {
            Relation::Same => CopyRelation::Same,
            Relation::Older { rows } => CopyRelation::Older { rows: count(rows) },
            Relation::Newer { rows } => CopyRelation::Newer { rows: count(rows) },
            Relation::Apart => CopyRelation::Apart,
            Relation::Unknown => CopyRelation::Unknown,
        },
        anothers,
        last_z: {
            let number = |z: Option<ZNumber>| z.map_or(0, |z| z.0);
            LastZView {
                in_copy: number(last_z.in_copy),
                found: number(last_z.found),
                most: number(last_z.found).saturating_add(ZNumber::UNKNOWN_MAX),
                ledger_read: last_z.ledger_read,
            }
        },
    }
}

/// Why no copy took the ledger's place.
pub(crate) fn not_restored(error: &RestoreError) -> CommandError {
    CommandError {
        code: match error {
            RestoreError::NoSuchBackup => ErrorCode::NoSuchBackup,
            RestoreError::NotTheLast(NotTheLast::Issued(_)) => ErrorCode::ZIssued,
            RestoreError::NotTheLast(NotTheLast::TooFar) => ErrorCode::ZTooFar,
            RestoreError::NotRestored(_) => ErrorCode::BackupUnsound,
        },
        detail: error.to_string(),
    }
}

/// A copy has taken the ledger's place.
pub(crate) fn restored(restored: &Restored) -> RestoredView {
    RestoredView {
        set_aside: restored.set_aside.as_ref().map(|path| path.display().to_string()),
    }
}

/// A copy that can't be looked at, or is not sound.
pub(crate) fn unsound(error: &OpenError) -> CommandError {
    CommandError {
        code: ErrorCode::BackupUnsound,
        detail: error.to_string(),
    }
}

/// A copy of another account's.
pub(crate) fn other_account(error: OtherAccount) -> CommandError {
    CommandError {
        code: ErrorCode::BackupOtherAccount,
        detail: error.to_string(),
    }
}

/// What came of the self-check of this ledger.
pub(crate) fn self_check(check: &SelfCheck, ledger: &Path, at: jiff::Timestamp) -> SelfCheckView {
    SelfCheckView {
        holds: check.holds(),
        at: time(at),
        ledger: ledger.display().to_string(),
        parts: check.parts.iter().map(part).collect(),
    }
}

fn part(part: &Part) -> CheckPart {
    CheckPart {
        check: match part.check {
            Check::File => CheckCode::File,
            Check::Journal => CheckCode::Journal,
            Check::Sales => CheckCode::Sales,
            Check::Sums => CheckCode::Sums,
            Check::Orders => CheckCode::Orders,
            Check::Goods => CheckCode::Goods,
            Check::Evidence => CheckCode::Evidence,
            Check::Refunds => CheckCode::Refunds,
            Check::Stock => CheckCode::Stock,
            Check::Books => CheckCode::Books,
            Check::Zs => CheckCode::Zs,
            Check::Drawer => CheckCode::Drawer,
            Check::Records => CheckCode::Records,
            Check::Schema => CheckCode::Schema,
        },
        looked_at: count(part.looked_at),
        wrong: part.wrong.iter().map(finding).collect(),
        more: count(part.more),
    }
}

fn finding(wrong: &Wrong) -> CheckFinding {
    CheckFinding {
        about: match &wrong.about {
            About::Ledger => CheckSubject::Ledger,
            About::Journal { first, last } => CheckSubject::Journal {
                first: first.to_string(),
                last: last.to_string(),
            },
            About::Sale(id) => CheckSubject::Sale { id: id.0.to_string() },
            About::Order(number) => CheckSubject::Order {
                number: number.clone(),
            },
            About::Product(name) => CheckSubject::Product { name: name.clone() },
            About::Z(number) => CheckSubject::Z { number: number.0 },
            About::Shift(id) => CheckSubject::Shift { id: id.to_string() },
        },
        expected: wrong.expected.clone(),
        found: wrong.found.clone(),
    }
}

impl From<BackupError> for CommandError {
    fn from(error: BackupError) -> Self {
        let code = match &error {
            BackupError::NoFolder(_) => ErrorCode::BackupNoFolder,
            BackupError::NotWritten(_) | BackupError::InMemory => ErrorCode::BackupNotWritten,
            BackupError::Damaged(_) => ErrorCode::LedgerDamaged,
            BackupError::UnderWay => ErrorCode::BackupUnderWay,
        };
        Self {
            code,
            detail: error.to_string(),
        }
    }
}

/// What outgrows the wire stays at its end.
fn count(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
