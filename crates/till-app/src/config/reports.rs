//! `[reports]`: where reports are written as files.

use std::path::PathBuf;

use serde::Deserialize;

/// Where reports are written as files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFiles {
    /// The folder; `None`: `reports` in the data folder.
    pub folder: Option<PathBuf>,
}

pub(super) const EXAMPLE: &str = "folder = \"/media/usb/reports\"";

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ReportsText {
    pub(super) folder: Option<PathBuf>,
}

impl ReportsText {
    pub(super) fn read(self) -> ReportFiles {
        ReportFiles { folder: self.folder }
    }
}
