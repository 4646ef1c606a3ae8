//! Words and numbers kept by name, as JSON: the language, the cart in hand, counters, the last time seen.

use rusqlite::{Connection, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::migration::Migration;
use crate::{StoreError, sql};

const TABLE: &str = "settings";

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112301,
    sql: "CREATE TABLE settings (
              key TEXT NOT NULL PRIMARY KEY,
              value TEXT NOT NULL
          ) STRICT, WITHOUT ROWID;",
}];

/// Reads settings.
#[derive(Debug, Clone, Copy)]
pub struct SettingsRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Writes settings.
#[derive(Debug, Clone, Copy)]
pub struct SettingsWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl SettingsRead<'_> {
    /// What is kept under this name. Something of another shape is [`StoreError::Unreadable`].
    pub fn get<T: DeserializeOwned>(self, key: &str) -> Result<Option<T>, StoreError> {
        sql::first(
            self.conn,
            "SELECT value FROM settings WHERE key = ?1",
            [key],
            |row| {
                let text: String = row.get(0)?;
                sql::from_json(TABLE, &text)
            },
        )
    }
}

impl SettingsWrite<'_> {
    /// Keeps this under that name.
    pub fn set<T: Serialize + ?Sized>(self, key: &str, value: &T) -> Result<(), StoreError> {
        let text = sql::to_json(TABLE, value)?;
        sql::execute(
            self.conn,
            "INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
            params![key, text],
        )?;
        Ok(())
    }

    /// Forgets what is kept under this name.
    pub fn remove(self, key: &str) -> Result<(), StoreError> {
        sql::execute(self.conn, "DELETE FROM settings WHERE key = ?1", [key])?;
        Ok(())
    }

    /// The next number of a counter: 1, 2, 3 …. A number whose transaction was rolled back is given out again.
    pub fn next_number(self, key: &str) -> Result<u64, StoreError> {
        let number: Option<i64> = sql::first(
            self.conn,
            "INSERT INTO settings (key, value) VALUES (?1, '1')
             ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)
             RETURNING CAST(value AS INTEGER)",
            [key],
            |row| Ok(row.get(0)?),
        )?;
        number
            .and_then(|number| u64::try_from(number).ok())
            .filter(|number| *number > 0)
            .ok_or_else(|| StoreError::unreadable(TABLE, format!("{key} is no counter")))
    }
}
