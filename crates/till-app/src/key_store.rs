//! Where the API key is kept: the operating system's keyring where there is one, else a file that only the user can read.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use keyring::Entry;
use thiserror::Error;
use wechat_pay::{ApiKey, ApiKeyError};

/// Under this name the key stands in the keyring, with the merchant's number as the user.
const SERVICE: &str = "scantill";

/// Which of a merchant's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAge {
    /// The one in use.
    Current,
    /// The one before, while it is being replaced.
    Previous,
}

/// Where a key was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace {
    /// The operating system's keyring.
    Keyring,
    /// A file of its own beside the configuration, that only the user can read.
    KeyFile,
    /// The configuration, that only the user can read.
    Config,
    /// The configuration, and others on this machine can read it.
    OpenConfig,
}

/// What became of a key that was to be kept.
#[derive(Debug)]
pub enum Kept {
    /// It is in the keyring.
    InKeyring {
        /// Why the key file that was there before still is: it would count whenever the keyring is locked.
        older_file: Option<io::Error>,
    },
    /// It is in the key file, for the keyring did not take it. A keyring that is out of reach now, as over a remote login, may
    /// hold another, which counts before this one.
    InFile {
        /// What the keyring said.
        keyring: keyring::Error,
    },
}

/// Why a key was not kept; the one there is stays.
#[derive(Debug, Error)]
pub enum KeepError {
    /// It is none.
    #[error(transparent)]
    NoKey(#[from] ApiKeyError),
    /// Neither the keyring nor the disk took it.
    #[error("the keyring did not take it ({keyring}), nor did the key file ({file})")]
    NotWritten {
        /// What the keyring said.
        keyring: keyring::Error,
        /// What the disk said.
        file: io::Error,
    },
}

/// Why the key before may still be there.
#[derive(Debug, Error)]
pub enum ForgetError {
    /// It may be in the keyring.
    #[error(
        "its file is gone, but the keyring can't be asked ({0}); if this user's desktop session has one, a key in it still \
         counts: do this once more in that session"
    )]
    Keyring(keyring::Error),
    /// It is in its file.
    #[error("its file can't be taken away: {0}")]
    File(#[from] io::Error),
}

/// Looks for a key of a merchant: in the keyring, then in the key file.
#[must_use]
pub fn find(age: KeyAge, mch_id: &str, config: &Path) -> Option<(String, KeyPlace)> {
    let in_keyring = entry(age, mch_id).and_then(|entry| entry.get_password());
    if let Ok(key) = in_keyring {
        return Some((key, KeyPlace::Keyring));
    }
    let file = key_file(age, config);
    if !is_private(&file) {
        return None;
    }
    let key = std::fs::read_to_string(file).ok()?;
    Some((key.trim().to_owned(), KeyPlace::KeyFile))
}

/// Keeps a key of a merchant, and says where. One place alone has it then, as far as can be seen from here.
pub fn keep(age: KeyAge, mch_id: &str, key: &str, config: &Path) -> Result<Kept, KeepError> {
    ApiKey::parse(key)?;
    let file = key_file(age, config);
    match entry(age, mch_id).and_then(|entry| entry.set_password(key)) {
        Ok(()) => Ok(Kept::InKeyring {
            older_file: remove(&file).err(),
        }),
        Err(keyring) => match write_private(&file, key) {
            Ok(()) => Ok(Kept::InFile { keyring }),
            Err(file) => Err(KeepError::NotWritten { keyring, file }),
        },
    }
}

/// Keeps the key before no longer, wherever it is. It is not missed when it isn't there.
pub fn forget_previous(mch_id: &str, config: &Path) -> Result<(), ForgetError> {
    remove(&key_file(KeyAge::Previous, config))?;
    match entry(KeyAge::Previous, mch_id).and_then(|entry| entry.delete_credential()) {
        Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
        Err(error) => Err(ForgetError::Keyring(error)),
    }
}

fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The key file that goes with a configuration: `till.toml` → `till.key`, and `till.previous-key`.
#[must_use]
pub fn key_file(age: KeyAge, config: &Path) -> PathBuf {
    config.with_extension(match age {
        KeyAge::Current => "key",
        KeyAge::Previous => "previous-key",
    })
}

fn entry(age: KeyAge, mch_id: &str) -> keyring::Result<Entry> {
    match age {
        KeyAge::Current => Entry::new(SERVICE, mch_id),
        KeyAge::Previous => Entry::new(SERVICE, &format!("{mch_id} previous")),
    }
}

/// Whether only the user can read a file.
#[must_use]
pub(crate) fn is_private(file: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(file).is_ok_and(|data| data.permissions().mode() & 0o077 == 0)
    }
    // Elsewhere the user's own folder is private by the system's rules.
    #[cfg(not(unix))]
    {
        file.is_file()
    }
}

fn write_private(file: &Path, key: &str) -> io::Result<()> {
    let new = file.with_added_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(&new)?;
    out.write_all(key.as_bytes())?;
    out.sync_all()?;
    std::fs::rename(new, file)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

    #[test]
    fn a_kept_key_can_be_read_by_its_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("till.key");
        write_private(&file, KEY).unwrap();
        let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            mode, 0o600,
            "nobody else on the machine may read the one secret there is"
        );
        assert!(is_private(&file), "and the till sees that it is so");
    }

    #[test]
    fn what_is_no_key_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("till.toml");
        for text in ["", &KEY[1..], &KEY.replacen('9', " ", 1), &format!("{KEY}\n")] {
            let kept = keep(KeyAge::Current, "0000000000000000", text, &config);
            assert!(
                matches!(kept, Err(KeepError::NoKey(_))),
                "the next start would refuse {text:?}: {kept:?}"
            );
        }
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            0,
            "and no file has it"
        );
    }

    #[test]
    fn a_key_file_that_others_can_read_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("till.toml");
        // A merchant that no keyring of whoever runs the tests knows.
        let mch_id = "0000000000000000";
        write_private(&key_file(KeyAge::Current, &config), KEY).unwrap();
        assert_eq!(
            find(KeyAge::Previous, mch_id, &config),
            None,
            "the one before is another file's"
        );
        assert_eq!(
            find(KeyAge::Current, mch_id, &config),
            Some((KEY.to_owned(), KeyPlace::KeyFile)),
            "kept well: used"
        );
        std::fs::set_permissions(
            key_file(KeyAge::Current, &config),
            std::fs::Permissions::from_mode(0o644),
        )
        .unwrap();
        assert_eq!(
            find(KeyAge::Current, mch_id, &config),
            None,
            "lying open: refused, so that somebody notices"
        );
    }
}
