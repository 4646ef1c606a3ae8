//! The journal: what this till has done, in order. Rows are added, never changed and never taken out.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use till_core::{OutTradeNo, SaleId};

use crate::migration::Migration;
use crate::{StoreError, sql};

const TABLE: &str = "journal";

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112308,
    sql: "CREATE TABLE journal (
              id INTEGER PRIMARY KEY,
              at INTEGER NOT NULL, -- UTC milliseconds
              what TEXT NOT NULL,
              sale_id INTEGER,
              out_trade_no TEXT,
              detail TEXT NOT NULL
          ) STRICT;
          CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
          BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
          CREATE TRIGGER journal_is_not_overwritten BEFORE INSERT ON journal
          WHEN EXISTS (SELECT 1 FROM journal WHERE id = NEW.id)
          BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
          CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal
          BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;",
}];

/// One thing this till has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalRow {
    /// Running number.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// What, in one word.
    pub what: String,
    /// About which sale.
    pub sale: Option<SaleId>,
    /// About which order.
    pub out_trade_no: Option<OutTradeNo>,
    /// The rest, for a person.
    pub detail: String,
}

/// Reads the journal.
#[derive(Debug, Clone, Copy)]
pub struct JournalRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Adds to the journal.
#[derive(Debug, Clone, Copy)]
pub struct JournalWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl JournalRead<'_> {
    /// The rows after this number, oldest first, at most so many. Start with 0.
    pub fn after(self, id: i64, limit: u32) -> Result<Vec<JournalRow>, StoreError> {
        sql::all(
            self.conn,
            "SELECT id, at, what, sale_id, out_trade_no, detail FROM journal WHERE id > ?1 ORDER BY id LIMIT ?2",
            params![id, limit],
            |row| {
                let order: Option<String> = row.get(4)?;
                Ok(JournalRow {
                    id: row.get(0)?,
                    at: sql::time(TABLE, row, 1)?,
                    what: row.get(2)?,
                    sale: row.get::<_, Option<i64>>(3)?.map(SaleId),
                    out_trade_no: order.map(|text| sql::order_no(TABLE, &text)).transpose()?,
                    detail: row.get(5)?,
                })
            },
        )
    }
}

impl JournalWrite<'_> {
    /// Adds a row.
    pub fn add(
        self,
        at: Timestamp,
        what: &str,
        sale: Option<SaleId>,
        out_trade_no: Option<&OutTradeNo>,
        detail: &str,
    ) -> Result<(), StoreError> {
        sql::execute(
            self.conn,
            "INSERT INTO journal (at, what, sale_id, out_trade_no, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                sql::to_millis(at),
                what,
                sale.map(|sale| sale.0),
                out_trade_no.map(OutTradeNo::as_str),
                detail
            ],
        )?;
        Ok(())
    }
}
