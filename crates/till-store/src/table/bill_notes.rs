//! What people have written about differences from WeChat's bill. Notes are added, never changed and never taken out.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, params};
use till_core::{Subject, UserId};

use crate::migration::Migration;
use crate::{StoreError, sql};

const TABLE: &str = "bill_notes";

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112442,
    sql: "CREATE TABLE bill_notes (
              id INTEGER PRIMARY KEY,
              bill_date TEXT NOT NULL, -- yyyy-mm-dd, a day in Beijing
              subject TEXT NOT NULL, -- JSON of till_core::Subject
              cause TEXT NOT NULL, -- the difference's cause when this was written
              at INTEGER NOT NULL, -- UTC milliseconds
              user_id INTEGER, -- who; NULL while nobody had signed in
              text TEXT NOT NULL CHECK (text <> '')
          ) STRICT;
          CREATE INDEX bill_notes_by_date ON bill_notes (bill_date, id);
          CREATE TRIGGER bill_notes_are_not_changed BEFORE UPDATE ON bill_notes
          BEGIN SELECT RAISE(ABORT, 'a note stays as it was written'); END;
          CREATE TRIGGER bill_notes_are_not_overwritten BEFORE INSERT ON bill_notes
          WHEN EXISTS (SELECT 1 FROM bill_notes WHERE id = NEW.id)
          BEGIN SELECT RAISE(ABORT, 'a note stays as it was written'); END;
          CREATE TRIGGER bill_notes_are_not_taken_out BEFORE DELETE ON bill_notes
          BEGIN SELECT RAISE(ABORT, 'a note stays as it was written'); END;",
}];

/// What somebody wrote about a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillNote {
    /// On which day's bill, in Beijing.
    pub date: Date,
    /// About what.
    pub subject: Subject,
    /// The difference's cause and figures when this was written: a note about one says nothing about another.
    pub cause: String,
    /// When.
    pub at: Timestamp,
    /// Who; `None` when nobody had signed in.
    pub user: Option<UserId>,
    /// What.
    pub text: String,
}

/// Reads notes.
#[derive(Debug, Clone, Copy)]
pub struct BillNotesRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Writes notes.
#[derive(Debug, Clone, Copy)]
pub struct BillNotesWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl BillNotesRead<'_> {
    /// All notes on a day's bill, oldest first.
    pub fn of_day(self, date: Date) -> Result<Vec<BillNote>, StoreError> {
        sql::all(
            self.conn,
            "SELECT bill_date, subject, cause, at, user_id, text FROM bill_notes WHERE bill_date = ?1 ORDER BY id",
            [date.to_string()],
            |row| {
                Ok(BillNote {
                    date: sql::date(TABLE, row, 0)?,
                    subject: sql::from_json(TABLE, &row.get::<_, String>(1)?)?,
                    cause: row.get(2)?,
                    at: sql::time(TABLE, row, 3)?,
                    user: row.get::<_, Option<i64>>(4)?.map(UserId),
                    text: row.get(5)?,
                })
            },
        )
    }
}

impl BillNotesWrite<'_> {
    /// Writes a note down.
    pub fn write(self, note: &BillNote) -> Result<(), StoreError> {
        sql::execute(
            self.conn,
            "INSERT INTO bill_notes (bill_date, subject, cause, at, user_id, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                note.date.to_string(),
                sql::to_json(TABLE, &note.subject)?,
                note.cause,
                sql::to_millis(note.at),
                note.user.map(|user| user.0),
                note.text
            ],
        )?;
        Ok(())
    }
}
