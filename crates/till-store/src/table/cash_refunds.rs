//! Cash of paid sales that was given back: what each such movement of cash was of. Rows are added, never changed and never
//! taken out; how much it was, when, by whom and why stands in the movement.

use jiff::Timestamp;
use rusqlite::{Connection, Params, Row, params};
use till_core::{
    CashMove, CashRefund, CashRefundNo, CashRefundWish, LineNo, MoveKind, RefundLine, RefundReason, SaleId,
    ShiftId, UserId,
};

use crate::handle::Tx;
use crate::migration::Migration;
use crate::table::bookings::About;
use crate::{StoreError, sql};

const TABLE: &str = "cash_refunds";

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112471,
    sql: "CREATE TABLE cash_refunds (
              id INTEGER PRIMARY KEY REFERENCES cash_moves (id), -- the movement that it is
              sale_id INTEGER NOT NULL REFERENCES sales (id),
              nth INTEGER NOT NULL CHECK (nth > 0), -- the sale's first is 1
              goods TEXT NOT NULL CHECK (goods IN ('stay', 'back')),
              approved_by TEXT NOT NULL
          ) STRICT;
          CREATE UNIQUE INDEX cash_refunds_of_sale ON cash_refunds (sale_id, nth);
          CREATE TABLE cash_refund_lines (
              cash_refund INTEGER NOT NULL REFERENCES cash_refunds (id),
              line INTEGER NOT NULL, -- its number in the sale
              pieces INTEGER NOT NULL CHECK (pieces > 0),
              PRIMARY KEY (cash_refund, line)
          ) STRICT, WITHOUT ROWID;
          CREATE TRIGGER cash_refunds_are_not_changed BEFORE UPDATE ON cash_refunds
          BEGIN SELECT RAISE(ABORT, 'refunds in cash are append-only'); END;
          CREATE TRIGGER cash_refunds_are_not_overwritten BEFORE INSERT ON cash_refunds
          WHEN EXISTS (SELECT 1 FROM cash_refunds WHERE id = NEW.id)
          BEGIN SELECT RAISE(ABORT, 'refunds in cash are append-only'); END;
          CREATE TRIGGER cash_refunds_are_not_taken_out BEFORE DELETE ON cash_refunds
          BEGIN SELECT RAISE(ABORT, 'refunds in cash are append-only'); END;
          CREATE TRIGGER no_more_cash_goes_back_than_was_taken BEFORE INSERT ON cash_moves
          WHEN NEW.kind IN ('given_back', 'refund') AND NEW.amount_fen > ifnull(
              (SELECT sum(CASE kind WHEN 'sale' THEN amount_fen ELSE -amount_fen END)
               FROM cash_moves WHERE sale_id = NEW.sale_id), 0)
          BEGIN SELECT RAISE(ABORT, 'more than was taken'); END;",
}];

/// A refund in cash to be written down.
#[derive(Debug, Clone, Copy)]
pub struct NewCashRefund<'a> {
    /// What goes back.
    pub wish: &'a CashRefundWish,
    /// Names the press of the button: the same name twice is the same refund.
    pub click: &'a str,
    /// When.
    pub at: Timestamp,
    /// In which shift; `None`: none was open.
    pub shift: Option<ShiftId>,
    /// Who was at the till; `None`: a till without users.
    pub by: Option<UserId>,
    /// Why.
    pub reason: &'a RefundReason,
    /// Who has approved it.
    pub approved_by: &'a str,
}

/// A refund in cash as it stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCashRefund {
    /// The refund.
    pub refund: CashRefund,
    /// When it was given.
    pub at: Timestamp,
    /// In which shift; `None`: none was open.
    pub shift: Option<ShiftId>,
    /// Who was at the till; `None`: a till without users.
    pub by: Option<UserId>,
    /// Why.
    pub reason: RefundReason,
    /// Who has approved it.
    pub approved_by: String,
}

/// Reads refunds in cash.
#[derive(Debug, Clone, Copy)]
pub struct CashRefundsRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Adds refunds in cash.
#[derive(Debug, Clone, Copy)]
pub struct CashRefundsWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl CashRefundsRead<'_> {
    /// All refunds in cash of a sale, oldest first.
    pub fn of_sale(self, sale: SaleId) -> Result<Vec<StoredCashRefund>, StoreError> {
        self.find("r.sale_id = ?1", [sale.0])
    }

    /// The refund in cash that this press of the button made.
    pub fn by_click(self, click: &str) -> Result<Option<StoredCashRefund>, StoreError> {
        Ok(self.find("m.click = ?1", [click])?.pop())
    }

    /// The number of every sale that cash was refunded of.
    pub(crate) fn sales(self) -> Result<Vec<SaleId>, StoreError> {
        sql::all(
            self.conn,
            "SELECT sale_id FROM cash_refunds UNION SELECT sale_id FROM cash_moves WHERE kind = 'refund'",
            [],
            |row| Ok(SaleId(row.get(0)?)),
        )
    }

    /// The numbers of the rows of a sale's refunds in cash, oldest first.
    pub(crate) fn ids(self, sale: SaleId) -> Result<Vec<i64>, StoreError> {
        let query = "SELECT id FROM cash_refunds WHERE sale_id = ?1 ORDER BY nth";
        sql::all(self.conn, query, [sale.0], |row| Ok(row.get(0)?))
    }

    fn find(self, which: &str, params: impl Params) -> Result<Vec<StoredCashRefund>, StoreError> {
        let found = sql::all(
            self.conn,
            &format!(
                "SELECT r.id, r.sale_id, r.nth, m.amount_fen, r.goods, m.at, m.shift_id, m.user_id, m.reason, r.approved_by
                 FROM cash_refunds r JOIN cash_moves m ON m.id = r.id AND m.sale_id = r.sale_id AND m.kind = 'refund'
                 WHERE {which} ORDER BY r.sale_id, r.nth"
            ),
            params,
            |row| Ok((row.get::<_, i64>(0)?, stored(row)?)),
        )?;
        found
            .into_iter()
            .map(|(id, mut stored)| {
                stored.refund.lines = self.lines(id)?;
                Ok(stored)
            })
            .collect()
    }

    fn lines(self, id: i64) -> Result<Vec<RefundLine>, StoreError> {
        sql::all(
            self.conn,
            "SELECT line, pieces FROM cash_refund_lines WHERE cash_refund = ?1 ORDER BY line",
            [id],
            |row| {
                Ok(RefundLine {
                    line: LineNo(sql::count("cash_refund_lines", row, 0)?),
                    pieces: sql::count("cash_refund_lines", row, 1)?,
                })
            },
        )
    }
}

impl CashRefundsWrite<'_> {
    /// Writes a refund in cash down, whole: the money out of the drawer, what it was of, the goods back on the shelf, and the
    /// entry on the books. A click that moved cash before, and more than was taken, are [`StoreError::Forbidden`].
    pub fn insert(self, new: &NewCashRefund<'_>) -> Result<StoredCashRefund, StoreError> {
        let refund = new.wish.refund();
        let tx = Tx { conn: self.conn };
        let moved = CashMove {
            at: new.at,
            kind: MoveKind::Refund,
            amount: refund.amount,
            tendered: None,
            sale: Some(refund.number.sale),
            shift: new.shift,
            by: new.by,
            reason: new.reason.to_string(),
        };
        let id = tx.cash_moves().add(new.click, &moved)?.0;
        sql::execute(
            self.conn,
            "INSERT INTO cash_refunds (id, sale_id, nth, goods, approved_by) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                id,
                refund.number.sale.0,
                refund.number.nth,
                goods(refund.goods_back),
                new.approved_by
            ],
        )?;
        for line in &refund.lines {
            sql::execute(
                self.conn,
                "INSERT INTO cash_refund_lines (cash_refund, line, pieces) VALUES (?1, ?2, ?3)",
                params![id, line.line.0, line.pieces],
            )?;
        }
        if refund.goods_back {
            tx.stock().put_cash_refund_back(id)?;
        }
        tx.bookings()
            .now(About::CashRefund(id), Some(refund.booked(new.at)))?;
        Ok(StoredCashRefund {
            refund: refund.clone(),
            at: new.at,
            shift: new.shift,
            by: new.by,
            reason: new.reason.clone(),
            approved_by: new.approved_by.to_owned(),
        })
    }
}

fn goods(back: bool) -> &'static str {
    if back { "back" } else { "stay" }
}

/// A refund in cash without its lines.
fn stored(row: &Row<'_>) -> Result<StoredCashRefund, StoreError> {
    let goods: String = row.get(4)?;
    let reason: String = row.get(8)?;
    Ok(StoredCashRefund {
        refund: CashRefund {
            number: CashRefundNo {
                sale: SaleId(row.get(1)?),
                nth: sql::count(TABLE, row, 2)?,
            },
            amount: sql::fen(row, 3)?,
            lines: Vec::new(),
            goods_back: goods == "back",
        },
        at: sql::time(TABLE, row, 5)?,
        shift: row.get::<_, Option<i64>>(6)?.map(ShiftId),
        by: row.get::<_, Option<i64>>(7)?.map(UserId),
        reason: RefundReason::parse(&reason).map_err(|error| StoreError::unreadable(TABLE, error))?,
        approved_by: row.get(9)?,
    })
}
