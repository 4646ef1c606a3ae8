//! What was rung up; its lines and the attempts to collect it stand in their own tables.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, Params, Row, params};
use till_core::{
    DayCash, DayCashKind, Effect, Fen, Line, MoveKind, OutTradeNo, Sale, SaleId, ShiftId, StockHold, UserId,
};

use crate::handle::Tx;
use crate::migration::Migration;
use crate::table::attempts::ORDERS_MAX;
use crate::table::bookings::About;
use crate::table::sale_lines::SaleLinesRead;
use crate::{StoreError, sql};

const TABLE: &str = "sales";

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112305,
    sql: "CREATE TABLE sales (
              id INTEGER PRIMARY KEY,
              click TEXT NOT NULL UNIQUE, -- names the press of the button: a second one is the same sale
              total_fee INTEGER NOT NULL CHECK (total_fee > 0), -- fen
              stock TEXT NOT NULL CHECK (stock IN ('held', 'sold', 'returned')),
              rung_up_at INTEGER NOT NULL -- UTC milliseconds
          ) STRICT;
          CREATE TABLE sale_lines (
              sale_id INTEGER NOT NULL REFERENCES sales (id),
              nth INTEGER NOT NULL,
              line INTEGER NOT NULL, -- its number in the cart
              product_id INTEGER NOT NULL REFERENCES products (id),
              name TEXT NOT NULL, -- as it was rung up
              price_fen INTEGER NOT NULL CHECK (price_fen > 0),
              pieces INTEGER NOT NULL CHECK (pieces > 0),
              PRIMARY KEY (sale_id, nth)
          ) STRICT, WITHOUT ROWID;",
}, Migration {
    number: 2026112414,
    sql: "ALTER TABLE sales ADD COLUMN user_id INTEGER REFERENCES users (id); -- who rang it up
          ALTER TABLE sales ADD COLUMN shift_id INTEGER REFERENCES shifts (id);
          ALTER TABLE sales ADD COLUMN paid_at INTEGER; -- UTC milliseconds: when the whole sum was there
          -- Taken in cash, and neither made a sale of nor given back.
          ALTER TABLE sales ADD COLUMN cash_in_hand_fen INTEGER NOT NULL DEFAULT 0 CHECK (cash_in_hand_fen >= 0);
          UPDATE sales SET paid_at = (SELECT a.paid_at FROM attempts a WHERE a.sale_id = sales.id AND a.state = 'paid');
          CREATE INDEX sales_by_paid_at ON sales (paid_at) WHERE paid_at IS NOT NULL;
          CREATE INDEX sales_with_cash_in_hand ON sales (id) WHERE cash_in_hand_fen > 0;",
}, Migration {
    number: 2026112473,
    sql: "CREATE INDEX sales_by_total_fee ON sales (total_fee);",
}];

/// A sale to be written down.
#[derive(Debug, Clone, Copy)]
pub struct NewSale<'a> {
    /// Names the press of the button: the same name twice is the same sale.
    pub click: &'a str,
    /// What the customer owes.
    pub total: Fen,
    /// When it was rung up.
    pub rung_up_at: Timestamp,
    /// What was rung up.
    pub lines: &'a [Line],
    /// Who rang it up; `None`: a till without users.
    pub by: Option<UserId>,
    /// In which shift; `None`: none was open.
    pub shift: Option<ShiftId>,
}

/// A sale as it stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSale {
    /// The sale and its attempts.
    pub sale: Sale,
    /// Names the press of the button.
    pub click: String,
    /// When it was rung up.
    pub rung_up_at: Timestamp,
    /// Name of the first line, to tell sales apart.
    pub first: String,
    /// Pieces of all lines.
    pub pieces: u32,
}

/// A sale paid in cash alone, in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashSaleRow {
    /// Its number.
    pub sale: SaleId,
    /// What it came to.
    pub total: Fen,
    /// When the whole sum was there.
    pub paid_at: Timestamp,
    /// Name of the first line, to tell sales apart.
    pub first: String,
    /// Pieces of all lines.
    pub pieces: u32,
    /// What was given back of it since.
    pub refunded: Fen,
}

/// Reads sales.
#[derive(Debug, Clone, Copy)]
pub struct SalesRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Writes sales.
#[derive(Debug, Clone, Copy)]
pub struct SalesWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl SalesRead<'_> {
    /// Every sale with something left to ask about or to decide, oldest first: an attempt that is not final, one in
    /// review, or cash in hand.
    pub fn live(self) -> Result<Vec<StoredSale>, StoreError> {
        // Partial indexes find them; the ledger may hold years.
        self.find(
            "s.id IN (SELECT sale_id FROM attempts WHERE is_final = 0
                      UNION SELECT sale_id FROM attempts WHERE state = 'review'
                      UNION SELECT id FROM sales WHERE cash_in_hand_fen > 0)",
            [],
        )
    }

    /// The sale with this number.
    pub fn by_id(self, id: SaleId) -> Result<Option<StoredSale>, StoreError> {
        Ok(self.find("s.id = ?1", [id.0])?.pop())
    }

    /// The sale that this press of the button made.
    pub fn by_click(self, click: &str) -> Result<Option<StoredSale>, StoreError> {
        Ok(self.find("s.click = ?1", [click])?.pop())
    }

    /// The sale that this order is an attempt of.
    pub fn by_order(self, out_trade_no: &OutTradeNo) -> Result<Option<StoredSale>, StoreError> {
        let of_order = "s.id = (SELECT sale_id FROM attempts WHERE out_trade_no = ?1)";
        Ok(self.find(of_order, [out_trade_no.as_str()])?.pop())
    }

    /// What was rung up, in order.
    pub fn lines(self, id: SaleId) -> Result<Vec<Line>, StoreError> {
        SaleLinesRead { conn: self.conn }.of_sale(id)
    }

    /// Sales paid in cash alone from this time to before that one, newest first, at most [`ORDERS_MAX`].
    pub fn in_cash_of_day(self, from: Timestamp, to: Timestamp) -> Result<Vec<CashSaleRow>, StoreError> {
        self.in_cash(
            "s.paid_at >= ?1 AND s.paid_at < ?2",
            [sql::to_millis(from), sql::to_millis(to)],
        )
    }

    /// Sales paid in cash alone that have this number or came to exactly this; newest first, at most [`ORDERS_MAX`].
    pub fn search_in_cash(
        self,
        number: Option<SaleId>,
        amount: Option<Fen>,
    ) -> Result<Vec<CashSaleRow>, StoreError> {
        self.in_cash(
            "s.id IN (SELECT ?1 UNION SELECT id FROM sales WHERE total_fee = ?2)",
            params![number.map(|sale| sale.0), amount.map(Fen::get)],
        )
    }

    fn in_cash(self, which: &str, params: impl Params) -> Result<Vec<CashSaleRow>, StoreError> {
        sql::all(
            self.conn,
            &format!(
                "SELECT s.id, s.total_fee, s.paid_at,
                        (SELECT name FROM sale_lines WHERE sale_id = s.id ORDER BY nth LIMIT 1),
                        (SELECT ifnull(sum(pieces), 0) FROM sale_lines WHERE sale_id = s.id),
                        (SELECT ifnull(sum(amount_fen), 0) FROM cash_moves WHERE sale_id = s.id AND kind = 'refund')
                 FROM sales s WHERE {which} AND s.paid_at IS NOT NULL AND s.total_fee = (
                     SELECT sum(CASE kind WHEN 'sale' THEN amount_fen WHEN 'given_back' THEN -amount_fen END)
                     FROM cash_moves WHERE sale_id = s.id)
                 ORDER BY s.paid_at DESC, s.id DESC LIMIT {ORDERS_MAX}"
            ),
            params,
            |row| {
                Ok(CashSaleRow {
                    sale: SaleId(row.get(0)?),
                    total: sql::fen(row, 1)?,
                    paid_at: sql::time(TABLE, row, 2)?,
                    first: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
                    pieces: sql::count("sale_lines", row, 4)?,
                    refunded: sql::fen(row, 5)?,
                })
            },
        )
    }

    /// The cash of a day: of the sales whose whole sum was there from this time to before that one, and what was handed
    /// back meanwhile.
    pub fn day_cash(self, from: Timestamp, to: Timestamp) -> Result<Vec<DayCash>, StoreError> {
        sql::all(
            self.conn,
            "SELECT s.paid_at,
                    CASE WHEN EXISTS (SELECT 1 FROM attempts a WHERE a.sale_id = s.id AND a.state = 'paid')
                         THEN 'part' ELSE 'sale' END,
                    -- As Sale::cash_kept has it: what is in hand still is no sale's.
                    (SELECT sum(CASE kind WHEN 'sale' THEN amount_fen WHEN 'given_back' THEN -amount_fen ELSE 0 END)
                     FROM cash_moves WHERE sale_id = s.id) - s.cash_in_hand_fen AS fen
             FROM sales s WHERE s.paid_at >= ?1 AND s.paid_at < ?2 AND fen > 0
             UNION ALL
             SELECT at, 'refund', amount_fen FROM cash_moves WHERE kind = 'refund' AND at >= ?1 AND at < ?2",
            [sql::to_millis(from), sql::to_millis(to)],
            |row| {
                let what: String = row.get(1)?;
                Ok(DayCash {
                    at: sql::time(TABLE, row, 0)?,
                    what: match what.as_str() {
                        "part" => DayCashKind::PartOfSale,
                        "refund" => DayCashKind::Refund,
                        _ => DayCashKind::Sale,
                    },
                    amount: sql::fen(row, 2)?,
                })
            },
        )
    }

    fn find(self, which: &str, params: impl Params) -> Result<Vec<StoredSale>, StoreError> {
        let rows = sql::all(
            self.conn,
            &format!(
                "SELECT s.id, s.click, s.total_fee, s.stock, s.rung_up_at,
                        (SELECT name FROM sale_lines WHERE sale_id = s.id ORDER BY nth LIMIT 1),
                        (SELECT sum(pieces) FROM sale_lines WHERE sale_id = s.id),
                        a.out_trade_no, a.total_fee, a.body,
                        (SELECT sum(CASE kind WHEN 'sale' THEN amount_fen WHEN 'given_back' THEN -amount_fen END)
                         FROM cash_moves WHERE sale_id = s.id)
                 FROM sales s LEFT JOIN attempts a ON a.sale_id = s.id WHERE {which} ORDER BY s.id, a.nth"
            ),
            params,
            |row| Ok((row.get::<_, i64>(0)?, stored_sale(row)?)),
        )?;
        let mut sales: BTreeMap<i64, StoredSale> = BTreeMap::new();
        for (id, mut row) in rows {
            match sales.get_mut(&id) {
                Some(known) => known.sale.attempts.append(&mut row.sale.attempts),
                None => {
                    sales.insert(id, row);
                }
            }
        }
        Ok(sales.into_values().collect())
    }
}

impl SalesWrite<'_> {
    /// Writes a sale and its lines down and reserves its goods. Its first attempt, or the cash that pays it, has to follow
    /// in the same transaction.
    pub fn ring_up(self, sale: &NewSale<'_>) -> Result<SaleId, StoreError> {
        sql::execute(
            self.conn,
            "INSERT INTO sales (click, total_fee, stock, rung_up_at, user_id, shift_id)
             VALUES (?1, ?2, 'held', ?3, ?4, ?5)",
            params![
                sale.click,
                sale.total.get(),
                sql::to_millis(sale.rung_up_at),
                sale.by.map(|user| user.0),
                sale.shift.map(|shift| shift.0)
            ],
        )?;
        let id = SaleId(self.conn.last_insert_rowid());
        self.tx().sale_lines().insert(id, sale.lines, sale.rung_up_at)?;
        self.tx().stock().apply(Effect::Reserve, id)?;
        Ok(id)
    }

    /// Saves what a step of the machine has made of a sale: every attempt that changed, what is true of its goods, and the
    /// effects on the stock. Attempts that `before` has not are for [`AttemptsWrite::insert`](crate::AttemptsWrite::insert);
    /// what moved in the drawer has to be written down before.
    pub fn save(self, before: &Sale, after: &Sale, effects: &[Effect]) -> Result<(), StoreError> {
        for attempt in &after.attempts {
            match before.attempt(&attempt.out_trade_no) {
                Some(old) if old != attempt => self.tx().attempts().save(attempt)?,
                Some(_) | None => {}
            }
        }
        let standing = |sale: &Sale| {
            (
                sale.stock,
                sale.is_paid(),
                paid_by_wechat(sale),
                sale.cash_in_hand(),
            )
        };
        if standing(before) != standing(after) {
            let paid_at = self.paid_at(after)?;
            let touched = sql::execute(
                self.conn,
                "UPDATE sales SET stock = ?2, paid_at = ?3, cash_in_hand_fen = ?4 WHERE id = ?1",
                params![
                    after.id.0,
                    sql::word(TABLE, &after.stock)?,
                    paid_at.map(sql::to_millis),
                    after.cash_in_hand().get()
                ],
            )?;
            if touched != 1 {
                return Err(StoreError::unreadable(TABLE, format!("no sale {}", after.id.0)));
            }
            let cash = after.cash_booked(paid_at);
            self.tx().bookings().now(About::Sale(after.id), cash)?;
        }
        for effect in effects {
            self.tx().stock().apply(*effect, after.id)?;
        }
        Ok(())
    }

    /// Writes the same goods down as a sale of its own, for a second payment of the sale `of` that a person took over: its
    /// order moves there. `adopted` is told the new sale's number, and says what that sale is and what it does to the stock.
    /// The old sale, without the order, is for [`Self::save`].
    pub fn put_apart(
        self,
        of: SaleId,
        order: &OutTradeNo,
        now: Timestamp,
        adopted: impl FnOnce(SaleId) -> (Sale, Vec<Effect>),
    ) -> Result<Sale, StoreError> {
        sql::execute(
            self.conn,
            "INSERT INTO sales (click, total_fee, stock, rung_up_at)
             SELECT 'adopted ' || ?2, total_fee, 'returned', ?3 FROM sales WHERE id = ?1",
            params![of.0, order.as_str(), sql::to_millis(now)],
        )?;
        let id = SaleId(self.conn.last_insert_rowid());
        let lines = self.tx().read().sales().lines(of)?;
        self.tx().sale_lines().insert(id, &lines, now)?;
        let (sale, effects) = adopted(id);
        for (nth, attempt) in (0_i64..).zip(&sale.attempts) {
            sql::execute(
                self.conn,
                "UPDATE attempts SET sale_id = ?2, nth = ?3 WHERE out_trade_no = ?1",
                params![attempt.out_trade_no.as_str(), id.0, nth],
            )?;
            self.tx().attempts().save(attempt)?;
        }
        let before = Sale {
            stock: StockHold::Returned,
            attempts: Vec::new(),
            ..sale.clone()
        };
        self.save(&before, &sale, &effects)?;
        Ok(sale)
    }

    /// When the whole sum was there: with WeChat's payment, or with the last of the cash where cash alone has paid it.
    fn paid_at(self, sale: &Sale) -> Result<Option<Timestamp>, StoreError> {
        let by_wechat = paid_by_wechat(sale);
        if by_wechat.is_some() || !sale.is_paid_in_cash() {
            return Ok(by_wechat);
        }
        let moves = self.tx().read().cash_moves().of_sale(sale.id)?;
        Ok(moves
            .iter()
            .rev()
            .find(|it| it.kind == MoveKind::Sale)
            .map(|it| it.at))
    }

    fn tx(&self) -> Tx<'_> {
        Tx { conn: self.conn }
    }
}

/// When WeChat's payment came that the sale was made by, or completed.
fn paid_by_wechat(sale: &Sale) -> Option<Timestamp> {
    let payment = sale.attempts.iter().find_map(|attempt| attempt.state.paid());
    payment.map(|payment| payment.time_end)
}

fn stored_sale(row: &Row<'_>) -> Result<StoredSale, StoreError> {
    let stock: StockHold = sql::from_word(TABLE, row.get(3)?)?;
    let attempts = match row.get::<_, Option<String>>(7)? {
        Some(_) => vec![super::attempts::attempt(row, 7, 8, 9)?],
        None => Vec::new(),
    };
    let cash: Option<i64> = row.get(10)?;
    let sale = Sale {
        id: SaleId(row.get(0)?),
        total: sql::fen(row, 2)?,
        cash: Fen::new(cash.unwrap_or_default()),
        stock,
        attempts,
    };
    Ok(StoredSale {
        sale,
        click: row.get(1)?,
        rung_up_at: sql::time(TABLE, row, 4)?,
        first: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
        pieces: match row.get::<_, Option<i64>>(6)? {
            Some(_) => sql::count(TABLE, row, 6)?,
            None => 0,
        },
    })
}
