//! WeChat's bills, each file exactly as it was received. Files are added, never changed and never taken out.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::chain::Digest;
use crate::migration::Migration;
use crate::{StoreError, sql};

const TABLE: &str = "bills";

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112441,
    sql: "CREATE TABLE bills (
              id INTEGER PRIMARY KEY,
              bill_date TEXT NOT NULL, -- yyyy-mm-dd, a day in Beijing
              bill_type TEXT NOT NULL CHECK (bill_type = 'ALL'),
              source TEXT NOT NULL CHECK (source IN ('fetched', 'imported')),
              content TEXT NOT NULL CHECK (content IN ('table', 'nothing')), -- nothing: WeChat said that nothing happened
              received_at INTEGER NOT NULL, -- UTC milliseconds
              sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
              file BLOB NOT NULL -- as received, compressed or not
          ) STRICT;
          CREATE INDEX bills_by_date ON bills (bill_date, id);
          CREATE TRIGGER bills_are_not_changed BEFORE UPDATE ON bills
          BEGIN SELECT RAISE(ABORT, 'a bill is kept as it was received'); END;
          CREATE TRIGGER bills_are_not_overwritten BEFORE INSERT ON bills
          WHEN EXISTS (SELECT 1 FROM bills WHERE id = NEW.id)
          BEGIN SELECT RAISE(ABORT, 'a bill is kept as it was received'); END;
          CREATE TRIGGER bills_are_not_taken_out BEFORE DELETE ON bills
          BEGIN SELECT RAISE(ABORT, 'a bill is kept as it was received'); END;",
}];

/// Number of a bill's file; later ones have higher ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BillId(pub i64);

/// How a bill came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillSource {
    /// The till asked WeChat for it.
    Fetched,
    /// A person brought the file.
    Imported,
}

/// What a bill's file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillContent {
    /// A table.
    Table,
    /// WeChat's word that nothing happened on that day.
    Nothing,
}

/// A bill to be kept: of payments and refunds (`ALL`).
#[derive(Debug, Clone, Copy)]
pub struct NewBill<'a> {
    /// Of which day, in Beijing.
    pub date: Date,
    /// How it came.
    pub source: BillSource,
    /// What it is.
    pub content: BillContent,
    /// When it came.
    pub received_at: Timestamp,
    /// As received.
    pub file: &'a [u8],
}

/// A bill that is kept, without its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillRow {
    /// Its number.
    pub id: BillId,
    /// Of which day, in Beijing.
    pub date: Date,
    /// How it came.
    pub source: BillSource,
    /// What it is.
    pub content: BillContent,
    /// When it came.
    pub received_at: Timestamp,
    /// SHA-256 of the file.
    pub sha256: Digest,
}

/// Reads bills.
#[derive(Debug, Clone, Copy)]
pub struct BillsRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Keeps bills.
#[derive(Debug, Clone, Copy)]
pub struct BillsWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl BillsRead<'_> {
    /// The bill of a day that counts: the last one that came.
    pub fn newest(self, date: Date) -> Result<Option<BillRow>, StoreError> {
        sql::first(
            self.conn,
            "SELECT id, bill_date, source, content, received_at, sha256 FROM bills
             WHERE bill_date = ?1 ORDER BY id DESC LIMIT 1",
            [date.to_string()],
            bill,
        )
    }

    /// The bills that count of this day and of all days after it, by day.
    pub fn since(self, date: Date) -> Result<Vec<BillRow>, StoreError> {
        sql::all(
            self.conn,
            "SELECT id, bill_date, source, content, received_at, sha256 FROM bills
             WHERE id IN (SELECT max(id) FROM bills WHERE bill_date >= ?1 GROUP BY bill_date) ORDER BY bill_date",
            [date.to_string()],
            bill,
        )
    }

    /// A bill's file as it was received, held against its digest.
    pub fn file(self, id: BillId) -> Result<Vec<u8>, StoreError> {
        let found = sql::first(
            self.conn,
            "SELECT file, sha256 FROM bills WHERE id = ?1",
            [id.0],
            |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, [u8; 32]>(1)?)),
        )?;
        match found {
            Some((file, sha256)) if digest(&file).0 == sha256 => Ok(file),
            Some(_) => Err(StoreError::unreadable(
                TABLE,
                format!("bill {} is not what was received", id.0),
            )),
            None => Err(StoreError::unreadable(TABLE, format!("no bill {}", id.0))),
        }
    }
}

impl BillsWrite<'_> {
    /// Keeps a bill; from now on it is the one that counts for its day.
    pub fn keep(self, new: &NewBill<'_>) -> Result<BillId, StoreError> {
        sql::execute(
            self.conn,
            "INSERT INTO bills (bill_date, bill_type, source, content, received_at, sha256, file)
             VALUES (?1, 'ALL', ?2, ?3, ?4, ?5, ?6)",
            params![
                new.date.to_string(),
                sql::word(TABLE, &new.source)?,
                sql::word(TABLE, &new.content)?,
                sql::to_millis(new.received_at),
                digest(new.file).0,
                new.file
            ],
        )?;
        Ok(BillId(self.conn.last_insert_rowid()))
    }
}

fn digest(file: &[u8]) -> Digest {
    Digest(Sha256::digest(file).into())
}

fn bill(row: &Row<'_>) -> Result<BillRow, StoreError> {
    Ok(BillRow {
        id: BillId(row.get(0)?),
        date: sql::date(TABLE, row, 1)?,
        source: sql::from_word(TABLE, row.get(2)?)?,
        content: sql::from_word(TABLE, row.get(3)?)?,
        received_at: sql::time(TABLE, row, 4)?,
        sha256: Digest(row.get(5)?),
    })
}
