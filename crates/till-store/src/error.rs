//! What can go wrong: opening the file, and reading or writing it.

use std::path::PathBuf;

use rusqlite::ErrorCode;
use thiserror::Error;
use till_core::{OtherAccount, ProductId};

/// Why a database can't be opened. In every case the file has been left as it was found.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The file is no till's database any more: keep it, bring back a copy.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A newer version of this program has written the file.
    #[error("the database has version {found}, this program knows {known}")]
    Newer {
        /// The file's version: number of the last migration it went through.
        found: i64,
        /// The last migration this program knows.
        known: i64,
    },
    /// The ledger is another merchant's, or a simulator's.
    #[error(transparent)]
    OtherAccount(#[from] OtherAccount),
    /// The file may be sound, but it can't be used as things are: no permission, read-only, locked, disk full.
    #[error("the database can't be used: {0}")]
    Unusable(String),
}

/// Why something was not read or not written. After any of them a write has changed nothing that this process can see.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Fewer pieces left than asked for.
    #[error("not enough pieces left of product {}", product.0)]
    OutOfStock {
        /// Of which product.
        product: ProductId,
    },
    /// SQLite could not carry it out: disk full, disk broken, locked by another process, read-only.
    ///
    /// When the very last flush to the disk failed, a restart may find the transaction saved after all: its numbers must
    /// not be used for anything else.
    #[error("not saved: {0}")]
    NotSaved(#[source] rusqlite::Error),
    /// What was found in a table makes no sense.
    #[error("unreadable row in {table}: {what}")]
    Unreadable {
        /// Which table.
        table: &'static str,
        /// What was found.
        what: String,
    },
    /// A rule of the schema forbids it: a number used twice, a row without its parent. Our own mistake, not the disk's.
    #[error("against the rules of the database: {0}")]
    Forbidden(#[source] rusqlite::Error),
}

impl StoreError {
    pub(crate) fn unreadable(table: &'static str, what: impl ToString) -> Self {
        Self::Unreadable {
            table,
            what: what.to_string(),
        }
    }

    /// The disk has no room left.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        self.sqlite_code() == Some(ErrorCode::DiskFull)
    }

    /// Another process held the database for longer than we were ready to wait.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        matches!(
            self.sqlite_code(),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
        )
    }

    fn sqlite_code(&self) -> Option<ErrorCode> {
        match self {
            Self::NotSaved(error) | Self::Forbidden(error) => error.sqlite_error_code(),
            Self::OutOfStock { .. } | Self::Unreadable { .. } => None,
        }
    }
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        Self::Unusable(error.to_string())
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => Self::Forbidden(error),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::unreadable("database", error),
            Some(_) => Self::NotSaved(error),
            // No code of SQLite's: a column of another type than the schema says.
            None => Self::unreadable("database", error),
        }
    }
}
