//! Every movement of money in the drawer. Rows are added, never changed and never taken out.

use jiff::Timestamp;
use rusqlite::{Connection, Params, Row, params};
use till_core::{CashMove, Fen, SaleId, ShiftId, UserId};

use crate::migration::Migration;
use crate::table::bookings::Pages;
use crate::{StoreError, sql};

const TABLE: &str = "cash_moves";

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112413,
    sql: "CREATE TABLE cash_moves (
              id INTEGER PRIMARY KEY,
              click TEXT NOT NULL UNIQUE, -- names the press of the button: a second one is the same movement
              at INTEGER NOT NULL, -- UTC milliseconds
              kind TEXT NOT NULL CHECK (kind IN ('sale', 'given_back', 'refund', 'paid_in', 'paid_out')),
              amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
              tendered_fen INTEGER CHECK (tendered_fen >= amount_fen), -- what a customer handed over
              sale_id INTEGER REFERENCES sales (id),
              shift_id INTEGER REFERENCES shifts (id),
              user_id INTEGER REFERENCES users (id),
              reason TEXT NOT NULL,
              CHECK ((kind IN ('sale', 'given_back', 'refund')) = (sale_id IS NOT NULL)),
              CHECK ((kind = 'sale') = (tendered_fen IS NOT NULL))
          ) STRICT;
          CREATE INDEX cash_moves_of_sale ON cash_moves (sale_id) WHERE sale_id IS NOT NULL;
          CREATE INDEX cash_moves_of_shift ON cash_moves (shift_id) WHERE shift_id IS NOT NULL;
          CREATE INDEX cash_moves_by_at ON cash_moves (at);
          CREATE TRIGGER cash_moves_are_not_changed BEFORE UPDATE ON cash_moves
          BEGIN SELECT RAISE(ABORT, 'movements of cash are append-only'); END;
          CREATE TRIGGER cash_moves_are_not_overwritten BEFORE INSERT ON cash_moves
          WHEN EXISTS (SELECT 1 FROM cash_moves WHERE id = NEW.id)
          BEGIN SELECT RAISE(ABORT, 'movements of cash are append-only'); END;
          CREATE TRIGGER cash_moves_are_not_taken_out BEFORE DELETE ON cash_moves
          BEGIN SELECT RAISE(ABORT, 'movements of cash are append-only'); END;",
}];

/// Number of a movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CashMoveId(pub i64);

/// Reads movements of cash.
#[derive(Debug, Clone, Copy)]
pub struct CashMovesRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Adds movements of cash.
#[derive(Debug, Clone, Copy)]
pub struct CashMovesWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl CashMovesRead<'_> {
    /// The movement that this press of the button made.
    pub fn by_click(self, click: &str) -> Result<Option<CashMove>, StoreError> {
        Ok(self.find("click = ?1", [click])?.pop())
    }

    /// What moved for a sale, in the order it came.
    pub fn of_sale(self, sale: SaleId) -> Result<Vec<CashMove>, StoreError> {
        self.find("sale_id = ?1", [sale.0])
    }

    /// What moved in a shift, in the order it came.
    pub fn of_shift(self, shift: ShiftId) -> Result<Vec<CashMove>, StoreError> {
        self.find("shift_id = ?1", [shift.0])
    }

    /// What had moved in a shift up to this row.
    pub(crate) fn of_shift_up_to(self, shift: ShiftId, row: i64) -> Result<Vec<CashMove>, StoreError> {
        self.find("shift_id = ?1 AND id <= ?2", [shift.0, row])
    }

    /// The last movement; 0 when nothing has moved.
    pub fn last(self) -> Result<i64, StoreError> {
        let last = sql::first(self.conn, "SELECT max(id) FROM cash_moves", [], |row| {
            Ok(row.get::<_, Option<i64>>(0)?)
        })?;
        Ok(last.flatten().unwrap_or_default())
    }

    /// The movements on these pages, in the order they came.
    pub fn on(self, pages: Pages) -> Result<Vec<CashMove>, StoreError> {
        self.find("id > ?1 AND id <= ?2", [pages.from, pages.to])
    }

    /// What moved from this time to before that one, in the order it came.
    pub fn between(self, from: Timestamp, to: Timestamp) -> Result<Vec<CashMove>, StoreError> {
        self.find("at >= ?1 AND at < ?2", [sql::to_millis(from), sql::to_millis(to)])
    }

    /// Cash in the drawer that no sale was made of, and of how many sales.
    pub fn in_hand(self) -> Result<(u32, Fen), StoreError> {
        let open = sql::first(
            self.conn,
            "SELECT count(*), ifnull(sum(cash_in_hand_fen), 0) FROM sales WHERE cash_in_hand_fen > 0",
            [],
            |row| Ok((sql::count(TABLE, row, 0)?, sql::fen(row, 1)?)),
        )?;
        Ok(open.unwrap_or_default())
    }

    fn find(self, which: &str, params: impl Params) -> Result<Vec<CashMove>, StoreError> {
        sql::all(
            self.conn,
            &format!(
                "SELECT at, kind, amount_fen, tendered_fen, sale_id, shift_id, user_id, reason
                 FROM cash_moves WHERE {which} ORDER BY id"
            ),
            params,
            cash_move,
        )
    }
}

impl CashMovesWrite<'_> {
    /// Adds a movement. A click that made one before is [`StoreError::Forbidden`].
    pub fn add(self, click: &str, it: &CashMove) -> Result<CashMoveId, StoreError> {
        sql::execute(
            self.conn,
            "INSERT INTO cash_moves (click, at, kind, amount_fen, tendered_fen, sale_id, shift_id, user_id, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                click,
                sql::to_millis(it.at),
                sql::word(TABLE, &it.kind)?,
                it.amount.get(),
                it.tendered.map(Fen::get),
                it.sale.map(|sale| sale.0),
                it.shift.map(|shift| shift.0),
                it.by.map(|user| user.0),
                it.reason
            ],
        )?;
        Ok(CashMoveId(self.conn.last_insert_rowid()))
    }
}

fn cash_move(row: &Row<'_>) -> Result<CashMove, StoreError> {
    let tendered: Option<i64> = row.get(3)?;
    Ok(CashMove {
        at: sql::time(TABLE, row, 0)?,
        kind: sql::from_word(TABLE, row.get(1)?)?,
        amount: sql::fen(row, 2)?,
        tendered: tendered.map(Fen::new),
        sale: row.get::<_, Option<i64>>(4)?.map(SaleId),
        shift: row.get::<_, Option<i64>>(5)?.map(ShiftId),
        by: row.get::<_, Option<i64>>(6)?.map(UserId),
        reason: row.get(7)?,
    })
}
