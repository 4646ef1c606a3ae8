//! How many pieces there are: on hand = received − sold − reserved, never below zero where pieces are counted. Sold pieces
//! that came back with a refund are sold no more.

use rusqlite::{Connection, params};
use till_core::{Effect, OutRefundNo, ProductId, SaleId};

use crate::migration::Migration;
use crate::{StoreError, sql};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112303,
    sql: "CREATE TABLE stock (
              product_id INTEGER PRIMARY KEY REFERENCES products (id),
              counted INTEGER NOT NULL CHECK (counted IN (0, 1)),
              received INTEGER NOT NULL,
              sold INTEGER NOT NULL CHECK (sold >= 0),
              reserved INTEGER NOT NULL CHECK (reserved >= 0),
              CHECK (counted = 0 OR received - sold - reserved >= 0)
          ) STRICT;",
}];

/// The figures of one product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockRow {
    /// Which product.
    pub product: ProductId,
    /// Whether its pieces are counted; where not, `received` means nothing.
    pub counted: bool,
    /// Pieces that ever came in.
    pub received: i64,
    /// Pieces sold.
    pub sold: i64,
    /// Pieces held for sales that may still be paid.
    pub reserved: i64,
}

/// A product whose figures are not those that follow from the sales.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockDrift {
    /// Which product, and what its row says.
    pub row: StockRow,
    /// Pieces of it in sales whose goods are sold, less those that came back.
    pub sold_in_sales: i64,
    /// Pieces of it in sales whose goods are held.
    pub held_in_sales: i64,
}

/// Reads stock.
#[derive(Debug, Clone, Copy)]
pub struct StockRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Writes stock.
#[derive(Debug, Clone, Copy)]
pub struct StockWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl StockRow {
    /// Pieces that can be sold now; `None` where they are not counted.
    #[must_use]
    pub fn available(&self) -> Option<i64> {
        self.counted.then_some(self.received - self.sold - self.reserved)
    }
}

impl StockRead<'_> {
    /// The figures of every product, by its number.
    pub fn all(self) -> Result<Vec<StockRow>, StoreError> {
        sql::all(
            self.conn,
            "SELECT product_id, counted, received, sold, reserved FROM stock ORDER BY product_id",
            [],
            |row| Ok(stock_row(row)?),
        )
    }

    /// Every product whose figures are not those that follow from the sales; none, if all is well.
    pub fn drift(self) -> Result<Vec<StockDrift>, StoreError> {
        sql::all(
            self.conn,
            "SELECT s.product_id, s.counted, s.received, s.sold, s.reserved,
                    ifnull(l.sold, 0) - ifnull(b.pieces, 0) AS sold_in_sales, ifnull(l.held, 0) AS held_in_sales
             FROM stock s LEFT JOIN (
                 SELECT line.product_id,
                        sum(CASE WHEN sale.stock = 'sold' THEN line.pieces END) AS sold,
                        sum(CASE WHEN sale.stock = 'held' THEN line.pieces END) AS held
                 FROM sale_lines line JOIN sales sale ON sale.id = line.sale_id GROUP BY line.product_id
             ) l ON l.product_id = s.product_id
             LEFT JOIN (
                 SELECT line.product_id, sum(back.pieces) AS pieces
                 FROM (SELECT attempt.sale_id, back.line, back.pieces
                       FROM refund_lines back JOIN refunds refund ON refund.id = back.refund
                       JOIN attempts attempt ON attempt.out_trade_no = refund.out_trade_no
                       WHERE refund.goods = 'back'
                       UNION ALL
                       SELECT refund.sale_id, back.line, back.pieces
                       FROM cash_refund_lines back JOIN cash_refunds refund ON refund.id = back.cash_refund
                       WHERE refund.goods = 'back') back
                 JOIN sale_lines line ON line.sale_id = back.sale_id AND line.line = back.line
                 GROUP BY line.product_id
             ) b ON b.product_id = s.product_id
             WHERE s.sold <> sold_in_sales OR s.reserved <> held_in_sales ORDER BY s.product_id",
            [],
            |row| {
                Ok(StockDrift {
                    row: stock_row(row)?,
                    sold_in_sales: row.get(5)?,
                    held_in_sales: row.get(6)?,
                })
            },
        )
    }
}

impl StockWrite<'_> {
    /// Does to the stock what a step of the sale asks for, over all its lines. Reserving more pieces than there are is
    /// [`StoreError::OutOfStock`]; then the transaction has to be given up.
    pub fn apply(self, effect: Effect, sale: SaleId) -> Result<(), StoreError> {
        match effect {
            Effect::Reserve => self.reserve(sale),
            Effect::Sell => self.change(sale, SELL),
            Effect::GiveBack => self.change(sale, GIVE_BACK),
            Effect::Hold => self.change(sale, HOLD),
        }
    }

    /// The pieces of a refund can be sold again.
    pub(crate) fn put_back(self, refund: &OutRefundNo) -> Result<(), StoreError> {
        sql::execute(self.conn, PUT_BACK, [refund.as_str()])?;
        Ok(())
    }

    /// The same of a refund in cash.
    pub(crate) fn put_cash_refund_back(self, cash_refund: i64) -> Result<(), StoreError> {
        sql::execute(self.conn, PUT_CASH_REFUND_BACK, [cash_refund])?;
        Ok(())
    }

    /// Pieces came in (or, below zero, went out otherwise than by a sale). Starts the counting where there was none.
    pub fn receive(self, product: ProductId, pieces: i64) -> Result<(), StoreError> {
        let touched = sql::execute(
            self.conn,
            "UPDATE stock SET counted = 1,
                              received = CASE WHEN counted THEN received ELSE sold + reserved END + ?2
             WHERE product_id = ?1",
            params![product.0, pieces],
        );
        match touched {
            Err(StoreError::Forbidden(_)) => Err(StoreError::OutOfStock { product }),
            Err(error) => Err(error),
            Ok(1) => Ok(()),
            Ok(_) => Err(StoreError::unreadable(
                "stock",
                format!("no product {}", product.0),
            )),
        }
    }

    fn reserve(self, sale: SaleId) -> Result<(), StoreError> {
        if let Some(product) = self.short_of(sale)? {
            return Err(StoreError::OutOfStock { product });
        }
        self.change(sale, RESERVE)
    }

    /// The first product of the sale of which there are fewer pieces than it wants.
    fn short_of(self, sale: SaleId) -> Result<Option<ProductId>, StoreError> {
        sql::first(
            self.conn,
            "SELECT l.product_id FROM sale_lines l JOIN stock s ON s.product_id = l.product_id
             WHERE l.sale_id = ?1 AND s.counted
             GROUP BY l.product_id HAVING sum(l.pieces) > s.received - s.sold - s.reserved
             ORDER BY min(l.nth) LIMIT 1",
            [sale.0],
            |row| Ok(ProductId(row.get(0)?)),
        )
    }

    /// One statement a sale, however many lines it has. The schema's own rules have the last word.
    fn change(self, sale: SaleId, statement: &str) -> Result<(), StoreError> {
        sql::execute(self.conn, statement, [sale.0])?;
        Ok(())
    }
}

const RESERVE: &str = "UPDATE stock SET reserved = reserved + l.pieces
    FROM (SELECT product_id, sum(pieces) AS pieces FROM sale_lines WHERE sale_id = ?1 GROUP BY product_id) l
    WHERE stock.product_id = l.product_id";

const SELL: &str = "UPDATE stock SET reserved = reserved - l.pieces, sold = sold + l.pieces
    FROM (SELECT product_id, sum(pieces) AS pieces FROM sale_lines WHERE sale_id = ?1 GROUP BY product_id) l
    WHERE stock.product_id = l.product_id";

const GIVE_BACK: &str = "UPDATE stock SET reserved = reserved - l.pieces
    FROM (SELECT product_id, sum(pieces) AS pieces FROM sale_lines WHERE sale_id = ?1 GROUP BY product_id) l
    WHERE stock.product_id = l.product_id";

const HOLD: &str = "UPDATE stock SET sold = sold - l.pieces, reserved = reserved + l.pieces
    FROM (SELECT product_id, sum(pieces) AS pieces FROM sale_lines WHERE sale_id = ?1 GROUP BY product_id) l
    WHERE stock.product_id = l.product_id";

const PUT_BACK: &str = "UPDATE stock SET sold = sold - b.pieces
    FROM (SELECT line.product_id, sum(back.pieces) AS pieces
          FROM refunds refund JOIN refund_lines back ON back.refund = refund.id
          JOIN attempts attempt ON attempt.out_trade_no = refund.out_trade_no
          JOIN sale_lines line ON line.sale_id = attempt.sale_id AND line.line = back.line
          WHERE refund.out_refund_no = ?1 GROUP BY line.product_id) b
    WHERE stock.product_id = b.product_id";

const PUT_CASH_REFUND_BACK: &str = "UPDATE stock SET sold = sold - b.pieces
    FROM (SELECT line.product_id, sum(back.pieces) AS pieces
          FROM cash_refunds refund JOIN cash_refund_lines back ON back.cash_refund = refund.id
          JOIN sale_lines line ON line.sale_id = refund.sale_id AND line.line = back.line
          WHERE refund.id = ?1 GROUP BY line.product_id) b
    WHERE stock.product_id = b.product_id";

fn stock_row(row: &rusqlite::Row<'_>) -> Result<StockRow, rusqlite::Error> {
    Ok(StockRow {
        product: ProductId(row.get(0)?),
        counted: row.get(1)?,
        received: row.get(2)?,
        sold: row.get(3)?,
        reserved: row.get(4)?,
    })
}
