//! `[reports]`: where reports are written as files.

use std::path::PathBuf;

use serde::Deserialize;

use super::ConfigProblem;

/// Where reports are written as files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFiles {
    /// The folder; `None`: `reports` in the data folder.
    pub folder: Option<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ReportsText {
    folder: Option<PathBuf>,
}

impl ReportsText {
    pub(super) fn read(self) -> Result<ReportFiles, ConfigProblem> {
        if self.folder.as_ref().is_some_and(|folder| !folder.is_absolute()) {
            return Err(ConfigProblem::at(
                "[reports] folder",
                "a whole path: the till may be started from anywhere",
                "folder = \"/media/usb/reports\"",
            ));
        }
        Ok(ReportFiles { folder: self.folder })
    }
}
