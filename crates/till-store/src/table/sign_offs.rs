//! Days that a person has signed off as agreed with WeChat's bill, each with the whole agreement as it was signed. Rows are
//! added, never changed and never taken out.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, params};
use till_core::{Agreement, UserId};

use crate::migration::Migration;
use crate::table::bills::BillId;
use crate::{StoreError, sql};

const TABLE: &str = "sign_offs";

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112443,
    sql: "CREATE TABLE sign_offs (
              id INTEGER PRIMARY KEY,
              bill_date TEXT NOT NULL, -- yyyy-mm-dd, a day in Beijing
              bill_id INTEGER NOT NULL REFERENCES bills (id),
              at INTEGER NOT NULL, -- UTC milliseconds
              user_id INTEGER, -- who; NULL while nobody had signed in
              agreement TEXT NOT NULL -- JSON of till_core::Agreement, as it was signed
          ) STRICT;
          CREATE INDEX sign_offs_by_date ON sign_offs (bill_date, id);
          CREATE TRIGGER sign_offs_are_not_changed BEFORE UPDATE ON sign_offs
          BEGIN SELECT RAISE(ABORT, 'what was signed stays as it was signed'); END;
          CREATE TRIGGER sign_offs_are_not_overwritten BEFORE INSERT ON sign_offs
          WHEN EXISTS (SELECT 1 FROM sign_offs WHERE id = NEW.id)
          BEGIN SELECT RAISE(ABORT, 'what was signed stays as it was signed'); END;
          CREATE TRIGGER sign_offs_are_not_taken_out BEFORE DELETE ON sign_offs
          BEGIN SELECT RAISE(ABORT, 'what was signed stays as it was signed'); END;",
}];

/// A day that was signed off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignOff {
    /// By which bill.
    pub bill: BillId,
    /// When.
    pub at: Timestamp,
    /// Who; `None` when nobody had signed in.
    pub user: Option<UserId>,
    /// What was signed.
    pub agreement: Agreement,
}

/// Reads sign-offs.
#[derive(Debug, Clone, Copy)]
pub struct SignOffsRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Writes sign-offs.
#[derive(Debug, Clone, Copy)]
pub struct SignOffsWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl SignOffsRead<'_> {
    /// The last sign-off of a day.
    pub fn newest(self, date: Date) -> Result<Option<SignOff>, StoreError> {
        sql::first(
            self.conn,
            "SELECT bill_id, at, user_id, agreement FROM sign_offs WHERE bill_date = ?1 ORDER BY id DESC LIMIT 1",
            [date.to_string()],
            |row| {
                Ok(SignOff {
                    bill: BillId(row.get(0)?),
                    at: sql::time(TABLE, row, 1)?,
                    user: row.get::<_, Option<i64>>(2)?.map(UserId),
                    agreement: sql::from_json(TABLE, &row.get::<_, String>(3)?)?,
                })
            },
        )
    }
}

impl SignOffsWrite<'_> {
    /// Writes a sign-off down.
    pub fn sign(self, sign_off: &SignOff) -> Result<(), StoreError> {
        sql::execute(
            self.conn,
            "INSERT INTO sign_offs (bill_date, bill_id, at, user_id, agreement) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                sign_off.agreement.day.to_string(),
                sign_off.bill.0,
                sql::to_millis(sign_off.at),
                sign_off.user.map(|user| user.0),
                sql::to_json(TABLE, &sign_off.agreement)?
            ],
        )?;
        Ok(())
    }
}
