//! One process a data folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use thiserror::Error;

/// Held while the till runs; the operating system lets go of it however the process ends.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

/// The folder can't be had.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another till process works in it.
    #[error("another ScanTill is running on this data folder")]
    Taken,
    /// The folder or its lock file can't be made.
    #[error("the data folder can't be used: {0}")]
    Unusable(#[from] io::Error),
}

/// Makes the folder if need be and takes its lock.
pub fn take(folder: &Path) -> Result<FolderLock, LockError> {
    make_private(folder)?;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("scantill.lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(FolderLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(LockError::Taken),
        Err(TryLockError::Error(error)) => Err(LockError::Unusable(error)),
    }
}

/// The folder holds payments: nobody else on the machine reads it.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_10_a_second_process_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let first = take(folder.path()).unwrap();
        assert!(
            matches!(take(folder.path()), Err(LockError::Taken)),
            "two writers of one ledger are not allowed"
        );
        drop(first);
        assert!(
            take(folder.path()).is_ok(),
            "nothing is left behind that a person would have to remove"
        );
    }
}
