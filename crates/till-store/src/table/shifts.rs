//! Shifts: at most one is open; one that is closed stays as it was closed.

use jiff::Timestamp;
use rusqlite::{Connection, Params, Row, params};
use till_core::{DrawerCount, Fen, Shift, ShiftEnd, ShiftId, UserId};

use crate::migration::Migration;
use crate::{StoreError, sql};

const TABLE: &str = "shifts";

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112412,
    sql: "CREATE TABLE shifts (
              id INTEGER PRIMARY KEY, -- 1, 2, 3 … without a gap
              opened_at INTEGER NOT NULL, -- UTC milliseconds
              opened_by INTEGER REFERENCES users (id),
              float_fen INTEGER NOT NULL CHECK (float_fen >= 0),
              closed_at INTEGER,
              closed_by INTEGER REFERENCES users (id),
              expected_fen INTEGER,
              counted_fen INTEGER CHECK (counted_fen >= 0),
              left_fen INTEGER CHECK (left_fen BETWEEN 0 AND counted_fen),
              count TEXT, -- JSON of till_core::DrawerCount
              approved_by TEXT,
              note TEXT NOT NULL,
              CHECK ((closed_at IS NULL) = (expected_fen IS NULL)),
              CHECK ((closed_at IS NULL) = (counted_fen IS NULL)),
              CHECK ((closed_at IS NULL) = (left_fen IS NULL)),
              CHECK ((closed_at IS NULL) = (count IS NULL))
          ) STRICT;
          CREATE UNIQUE INDEX one_shift_is_open ON shifts ((closed_at IS NULL)) WHERE closed_at IS NULL;
          CREATE INDEX shifts_by_closed_at ON shifts (closed_at);
          CREATE TRIGGER closed_shifts_are_not_changed BEFORE UPDATE ON shifts WHEN OLD.closed_at IS NOT NULL
          BEGIN SELECT RAISE(ABORT, 'a closed shift is not changed'); END;
          CREATE TRIGGER shifts_are_not_taken_out BEFORE DELETE ON shifts
          BEGIN SELECT RAISE(ABORT, 'a shift is not taken out'); END;",
}];

/// Reads shifts.
#[derive(Debug, Clone, Copy)]
pub struct ShiftsRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Opens and closes shifts.
#[derive(Debug, Clone, Copy)]
pub struct ShiftsWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl ShiftsRead<'_> {
    /// The one that goes on.
    pub fn open(self) -> Result<Option<Shift>, StoreError> {
        Ok(self.find("closed_at IS NULL", [])?.pop())
    }

    /// The last one that was closed.
    pub fn last_closed(self) -> Result<Option<Shift>, StoreError> {
        Ok(self
            .find(
                "id = (SELECT max(id) FROM shifts WHERE closed_at IS NOT NULL)",
                [],
            )?
            .pop())
    }

    /// One of them.
    pub fn by_id(self, id: ShiftId) -> Result<Option<Shift>, StoreError> {
        Ok(self.find("id = ?1", [id.0])?.pop())
    }

    /// The shifts that this report tells of: those closed after the last Z, and the one that goes on. `after` is the last
    /// shift that a Z has told of as closed.
    pub fn after(self, after: ShiftId) -> Result<Vec<Shift>, StoreError> {
        self.find("id > ?1", [after.0])
    }

    /// The shifts closed from this time to before that one, oldest first.
    pub fn closed_between(self, from: Timestamp, to: Timestamp) -> Result<Vec<Shift>, StoreError> {
        self.find(
            "closed_at >= ?1 AND closed_at < ?2",
            [sql::to_millis(from), sql::to_millis(to)],
        )
    }

    fn find(self, which: &str, params: impl Params) -> Result<Vec<Shift>, StoreError> {
        sql::all(
            self.conn,
            &format!(
                "SELECT id, opened_at, opened_by, float_fen, closed_at, closed_by, expected_fen, counted_fen, left_fen,
                        count, approved_by, note
                 FROM shifts WHERE {which} ORDER BY id"
            ),
            params,
            shift,
        )
    }
}

impl ShiftsWrite<'_> {
    /// Opens the next shift. While one is open this is [`StoreError::Forbidden`].
    pub fn open(self, at: Timestamp, by: Option<UserId>, float: Fen) -> Result<Shift, StoreError> {
        sql::execute(
            self.conn,
            "INSERT INTO shifts (id, opened_at, opened_by, float_fen, note)
             SELECT ifnull(max(id), 0) + 1, ?1, ?2, ?3, '' FROM shifts",
            params![sql::to_millis(at), by.map(|user| user.0), float.get()],
        )?;
        Ok(Shift {
            id: ShiftId(self.conn.last_insert_rowid()),
            opened_at: at,
            opened_by: by,
            float,
            end: None,
        })
    }

    /// Closes an open shift, for good.
    pub fn close(self, id: ShiftId, end: &ShiftEnd) -> Result<(), StoreError> {
        let counted = end
            .count
            .total()
            .map_err(|error| StoreError::unreadable(TABLE, error))?;
        let touched = sql::execute(
            self.conn,
            "UPDATE shifts SET closed_at = ?2, closed_by = ?3, expected_fen = ?4, counted_fen = ?5, left_fen = ?6,
                               count = ?7, approved_by = ?8, note = ?9
             WHERE id = ?1 AND closed_at IS NULL",
            params![
                id.0,
                sql::to_millis(end.at),
                end.by.map(|user| user.0),
                end.expected.get(),
                counted.get(),
                end.left.get(),
                sql::to_json(TABLE, &end.count)?,
                end.approved_by,
                end.note
            ],
        )?;
        if touched == 1 {
            Ok(())
        } else {
            Err(StoreError::unreadable(TABLE, format!("no open shift {}", id.0)))
        }
    }
}

fn shift(row: &Row<'_>) -> Result<Shift, StoreError> {
    let user = |column| -> Result<Option<UserId>, rusqlite::Error> {
        Ok(row.get::<_, Option<i64>>(column)?.map(UserId))
    };
    let end = match row.get::<_, Option<i64>>(4)? {
        None => None,
        Some(_) => {
            let text: String = row.get(9)?;
            let count: DrawerCount = sql::from_json(TABLE, &text)?;
            if count.total() != Ok(sql::fen(row, 7)?) {
                return Err(StoreError::unreadable(TABLE, "a count contradicts its sum"));
            }
            Some(ShiftEnd {
                at: sql::time(TABLE, row, 4)?,
                by: user(5)?,
                expected: sql::fen(row, 6)?,
                count,
                left: sql::fen(row, 8)?,
                approved_by: row.get(10)?,
                note: row.get(11)?,
            })
        }
    };
    Ok(Shift {
        id: ShiftId(row.get(0)?),
        opened_at: sql::time(TABLE, row, 1)?,
        opened_by: user(2)?,
        float: sql::fen(row, 3)?,
        end,
    })
}
