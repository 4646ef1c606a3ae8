//! The lines of sales: what was rung up, and what was asked for it where that was less than its list price. They never
//! change; what was taken off is told by the journal as well, sale by sale.

use jiff::Timestamp;
use rusqlite::{Connection, Params, Row, params};
use till_core::self_check::reductions_told;
use till_core::{Fen, Line, LineNo, Lowered, ProductId, Reduction, SaleId, Tally};

use crate::handle::Tx;
use crate::migration::Migration;
use crate::table::bookings::Pages;
use crate::{StoreError, sql};

const TABLE: &str = "sale_lines";
/// The journal's word for a sale that was rung up below its list prices.
pub(crate) const SOLD_BELOW_LIST: &str = "sold_below_list";

/// Made by the migration of the sales, without what follows. That a price is more than nothing was a rule of the table's
/// own, and SQLite changes none: the same table again, for gifts and for lowered prices.
pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112521,
    sql: "CREATE TABLE sale_lines_anew (
              sale_id INTEGER NOT NULL REFERENCES sales (id),
              nth INTEGER NOT NULL,
              line INTEGER NOT NULL, -- its number in the cart
              product_id INTEGER NOT NULL REFERENCES products (id),
              name TEXT NOT NULL, -- as it was rung up
              price_fen INTEGER NOT NULL CHECK (price_fen >= 0), -- asked for a piece
              pieces INTEGER NOT NULL CHECK (pieces > 0),
              list_fen INTEGER CHECK (list_fen > price_fen), -- what a piece costs, where less was asked
              lowered TEXT CHECK (lowered IN ('new_price', 'amount_off')), -- in which way less was asked
              approved_by TEXT, -- who approved it, past the limit of the house
              PRIMARY KEY (sale_id, nth),
              CHECK (price_fen > 0 OR list_fen IS NOT NULL),
              CHECK ((list_fen IS NULL) = (lowered IS NULL)),
              CHECK (approved_by IS NULL OR lowered IS NOT NULL)
          ) STRICT, WITHOUT ROWID;
          INSERT INTO sale_lines_anew (sale_id, nth, line, product_id, name, price_fen, pieces)
              SELECT sale_id, nth, line, product_id, name, price_fen, pieces FROM sale_lines ORDER BY sale_id, nth;
          DROP TABLE sale_lines;
          ALTER TABLE sale_lines_anew RENAME TO sale_lines;",
}];

/// Reads the lines of sales.
#[derive(Debug, Clone, Copy)]
pub struct SaleLinesRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Writes the lines of sales.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SaleLinesWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl SaleLinesRead<'_> {
    /// What was rung up, in order.
    pub fn of_sale(self, id: SaleId) -> Result<Vec<Line>, StoreError> {
        sql::all(
            self.conn,
            "SELECT line, product_id, name, price_fen, pieces, list_fen, lowered, approved_by
             FROM sale_lines WHERE sale_id = ?1 ORDER BY nth",
            [id.0],
            line,
        )
    }

    /// Lines sold below their list price by the sales on these pages of the books, and by how much; what was taken back is
    /// taken off.
    pub fn discounts_on(self, pages: Pages) -> Result<Tally, StoreError> {
        self.discounts(
            // The sales first, whatever the planner thinks: a day is small, and all lines ever rung up are not.
            "SELECT ifnull(sum(s.times), 0), ifnull(sum((l.list_fen - l.price_fen) * l.pieces * s.times), 0)
             FROM (SELECT 1 - 2 * b.reversed AS times, iif(b.what = 'cash_sale', b.subject, a.sale_id) AS sale
                   FROM bookings b LEFT JOIN attempts a ON a.id = b.subject
                   WHERE b.id > ?1 AND b.id <= ?2 AND b.what IN ('wechat_paid', 'wechat_late', 'cash_sale')) s
             CROSS JOIN sale_lines l ON l.sale_id = s.sale
             WHERE l.list_fen IS NOT NULL",
            [pages.from, pages.to],
        )
    }

    /// The same of the sales whose whole sum was there from this time to before that one.
    pub fn discounts_of_day(self, from: Timestamp, to: Timestamp) -> Result<Tally, StoreError> {
        self.discounts(
            "SELECT count(*), ifnull(sum((l.list_fen - l.price_fen) * l.pieces), 0)
             FROM sales s CROSS JOIN sale_lines l ON l.sale_id = s.id
             WHERE s.paid_at >= ?1 AND s.paid_at < ?2 AND l.list_fen IS NOT NULL",
            [sql::to_millis(from), sql::to_millis(to)],
        )
    }

    fn discounts(self, query: &str, params: impl Params) -> Result<Tally, StoreError> {
        let found = sql::first(self.conn, query, params, |row| {
            Ok(Tally {
                count: row.get(0)?,
                sum: sql::fen(row, 1)?,
            })
        })?;
        Ok(found.unwrap_or_default())
    }
}

impl SaleLinesWrite<'_> {
    /// Writes the lines of a new sale, and tells the journal what was taken off.
    pub(crate) fn insert(self, sale: SaleId, lines: &[Line], now: Timestamp) -> Result<(), StoreError> {
        let mut insert = self.conn.prepare_cached(
            "INSERT INTO sale_lines (sale_id, nth, line, product_id, name, price_fen, pieces, list_fen, lowered,
                                     approved_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?;
        for (nth, line) in (0_i64..).zip(lines) {
            let lowered = line.reduction.as_ref();
            insert.execute(params![
                sale.0,
                nth,
                line.line.0,
                line.product.0,
                line.name,
                line.price.get(),
                line.pieces,
                lowered.map(|it| it.list.get()),
                lowered.map(|it| sql::word(TABLE, &it.how)).transpose()?,
                lowered.and_then(|it| it.approved_by.as_deref())
            ])?;
        }
        match reductions_told(lines) {
            Some(told) => Tx { conn: self.conn }
                .journal()
                .add(now, SOLD_BELOW_LIST, Some(sale), None, &told),
            None => Ok(()),
        }
    }
}

fn line(row: &Row<'_>) -> Result<Line, StoreError> {
    let reduction = match (row.get::<_, Option<i64>>(5)?, row.get::<_, Option<String>>(6)?) {
        (Some(list), Some(how)) => Some(Reduction {
            list: Fen::new(list),
            how: sql::from_word::<Lowered>(TABLE, how)?,
            approved_by: row.get(7)?,
        }),
        (Some(_) | None, _) => None,
    };
    Ok(Line {
        line: LineNo(sql::count(TABLE, row, 0)?),
        product: ProductId(row.get(1)?),
        name: row.get(2)?,
        price: sql::fen(row, 3)?,
        pieces: sql::count(TABLE, row, 4)?,
        reduction,
    })
}
