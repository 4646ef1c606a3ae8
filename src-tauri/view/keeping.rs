//! Copies of the ledger and the self-check, as they cross to the till's page.

use serde::Serialize;
use specta::Type;

use super::CommandError;

/// How the copies of the ledger stand.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct KeepingView {
    /// Where the copies are.
    pub folder: String,
    /// The configuration names the folder; else it is beside the ledger, which does not help when the disk breaks.
    pub chosen: bool,
    /// All copies of so many days are kept.
    pub keep_days: u32,
    /// When the last good one was begun; `None`: this till knows of none.
    pub last: Option<String>,
    /// What became of the last try, if it was no good one.
    pub trouble: Option<BackupTrouble>,
    /// One is being made now.
    pub under_way: bool,
    /// Newest first.
    pub backups: Vec<BackupView>,
    /// Ledgers that were set aside when a copy took their place, newest first.
    pub set_aside: Vec<String>,
}

/// The last try was no good.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct BackupTrouble {
    pub at: String,
    pub error: CommandError,
}

/// A copy in the folder.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct BackupView {
    /// Names it in commands.
    pub name: String,
    pub till_id: String,
    pub made_at: String,
    /// Its size in KiB, rounded up.
    pub kib: u32,
}

/// What was found in a copy before it is put in the ledger's place. All of it was read and is sound.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct BackupCheck {
    pub name: String,
    /// When the last thing in it was done.
    pub until: Option<String>,
    pub sales: u32,
    pub journal: CopyJournal,
    pub relation: CopyRelation,
    /// It is another till's: it takes the ledger's place only where that was said.
    pub anothers: bool,
    pub last_z: LastZView,
}

/// The last Z that was ever issued, before a copy takes the ledger's place; 0 where there is none.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LastZView {
    /// The last that the copy knows of.
    pub in_copy: u32,
    /// The last that anything here knows of: the one on paper is no earlier one.
    pub found: u32,
    /// What the one on paper may be at most.
    pub most: u32,
    /// The ledger in use could be asked.
    pub ledger_read: bool,
}

/// Whether a copy's journal is as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum CopyJournal {
    Holds,
    Broken,
    /// From before the journal was chained.
    Unchained,
}

/// How a copy stands to the ledger in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(tag = "relation", rename_all = "snake_case")]
pub enum CopyRelation {
    Same,
    /// So many rows of the ledger's journal are not in the copy.
    Older {
        rows: u32,
    },
    /// The copy has so many rows more.
    Newer {
        rows: u32,
    },
    Apart,
    Unknown,
}

/// A copy has taken the ledger's place.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct RestoredView {
    /// Where the ledger that was in use stands now.
    pub set_aside: Option<String>,
}

/// What came of the self-check.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct SelfCheckView {
    /// Everything holds.
    pub holds: bool,
    /// When it was done.
    pub at: String,
    /// The file that was looked at.
    pub ledger: String,
    pub parts: Vec<CheckPart>,
}

/// One check.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CheckPart {
    pub check: CheckCode,
    /// How many things were looked at.
    pub looked_at: u32,
    /// What does not hold; at most 100.
    pub wrong: Vec<CheckFinding>,
    /// How many more do not hold.
    pub more: u32,
}

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum CheckCode {
    File,
    Journal,
    Sales,
    Sums,
    Orders,
    Goods,
    Evidence,
    Refunds,
    Stock,
    Books,
    Zs,
    Drawer,
    Records,
    Schema,
}

/// Something that does not hold.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CheckFinding {
    pub about: CheckSubject,
    /// What should be there; empty where that can't be said.
    pub expected: String,
    /// What is there; empty where nothing is.
    pub found: String,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum CheckSubject {
    Ledger,
    Journal { first: String, last: String },
    Sale { id: String },
    Order { number: String },
    Product { name: String },
    Z { number: u32 },
    Shift { id: String },
}
