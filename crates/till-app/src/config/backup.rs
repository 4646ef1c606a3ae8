//! `[backup]`: where copies of the ledger go, and how long they are kept.

use std::path::PathBuf;

use serde::Deserialize;

use super::ConfigProblem;

/// Where copies of the ledger go, and how long they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupPlan {
    /// The folder; `None`: `backups` beside the ledger, which does not help when the disk breaks.
    pub folder: Option<PathBuf>,
    /// All copies are kept from so many days, one a month before that; 1 to 3650.
    pub keep_days: u16,
}

pub(super) const EXAMPLE: &str = "folder = \"/media/usb/scantill\"";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BackupText {
    pub(super) folder: Option<PathBuf>,
    keep_days: u16,
}

impl Default for BackupText {
    fn default() -> Self {
        Self {
            folder: None,
            keep_days: 14,
        }
    }
}

impl BackupText {
    pub(super) fn read(self) -> Result<BackupPlan, ConfigProblem> {
        if !(1..=3650).contains(&self.keep_days) {
            return Err(ConfigProblem::at(
                "[backup] keep_days",
                "1 to 3650 days",
                "keep_days = 14",
            ));
        }
        Ok(BackupPlan {
            folder: self.folder,
            keep_days: self.keep_days,
        })
    }
}
