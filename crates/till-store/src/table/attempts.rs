//! Orders at WeChat. The body is the truth; the other columns are taken from it, to be searched by.

use jiff::Timestamp;
use rusqlite::{Connection, Params, Row, params};
use till_core::{Attempt, DayRow, Fen, OutTradeNo, SaleId, Standing, State};

use crate::handle::Tx;
use crate::migration::Migration;
use crate::table::bookings::About;
use crate::{StoreError, sql};

pub(crate) const TABLE: &str = "attempts";

/// Most orders a search gives.
pub const ORDERS_MAX: u32 = 500;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112306,
    sql: "CREATE TABLE attempts (
              id INTEGER PRIMARY KEY,
              out_trade_no TEXT NOT NULL UNIQUE,
              sale_id INTEGER NOT NULL REFERENCES sales (id),
              nth INTEGER NOT NULL, -- the sale's first is 0
              state TEXT NOT NULL,
              is_final INTEGER NOT NULL CHECK (is_final IN (0, 1)),
              total_fee INTEGER NOT NULL CHECK (total_fee > 0), -- fen
              placed_at INTEGER NOT NULL, -- UTC milliseconds
              deadline INTEGER NOT NULL,
              paid_at INTEGER, -- WeChat's own time of payment
              transaction_id TEXT, -- not unique: WeChat's mistakes must be writable too
              body TEXT NOT NULL, -- JSON of till_core::Attempt
              request TEXT NOT NULL -- the saved request, exactly as it is sent again
          ) STRICT;
          CREATE UNIQUE INDEX attempts_of_sale ON attempts (sale_id, nth);
          CREATE INDEX attempts_live ON attempts (sale_id) WHERE is_final = 0;
          CREATE INDEX attempts_in_review ON attempts (sale_id) WHERE state = 'review';
          CREATE INDEX attempts_by_placed_at ON attempts (placed_at);
          CREATE INDEX attempts_by_paid_at ON attempts (paid_at) WHERE paid_at IS NOT NULL;
          CREATE INDEX attempts_by_transaction_id ON attempts (transaction_id) WHERE transaction_id IS NOT NULL;
          CREATE INDEX attempts_by_total_fee ON attempts (total_fee);",
}];

/// An order in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRow {
    /// The sale it belongs to.
    pub sale: SaleId,
    /// The order.
    pub attempt: Attempt,
    /// Name of the sale's first line, to tell orders apart.
    pub first: String,
    /// Pieces of all the sale's lines.
    pub pieces: u32,
    /// Cash of the sale that no sale was made of.
    pub cash_in_hand: Fen,
}

/// Reads orders.
#[derive(Debug, Clone, Copy)]
pub struct AttemptsRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Writes orders.
#[derive(Debug, Clone, Copy)]
pub struct AttemptsWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl AttemptsRead<'_> {
    /// One order.
    pub fn get(self, out_trade_no: &OutTradeNo) -> Result<Option<Attempt>, StoreError> {
        sql::first(
            self.conn,
            "SELECT out_trade_no, total_fee, body FROM attempts WHERE out_trade_no = ?1",
            [out_trade_no.as_str()],
            |row| attempt(row, 0, 1, 2),
        )
    }

    /// The saved request of an order, exactly as it was given.
    pub fn request(self, out_trade_no: &OutTradeNo) -> Result<Option<String>, StoreError> {
        sql::first(
            self.conn,
            "SELECT request FROM attempts WHERE out_trade_no = ?1",
            [out_trade_no.as_str()],
            |row| Ok(row.get(0)?),
        )
    }

    /// Which of the sale's orders the next one is: after the last of those that are its own still.
    pub fn next_of_sale(self, sale: SaleId) -> Result<usize, StoreError> {
        let last = sql::first(
            self.conn,
            "SELECT max(nth) FROM attempts WHERE sale_id = ?1 HAVING max(nth) IS NOT NULL",
            [sale.0],
            |row| Ok(row.get::<_, i64>(0)?),
        )?;
        let next = last.map_or(0, |nth| nth.saturating_add(1));
        usize::try_from(next).map_err(|error| StoreError::unreadable(TABLE, error))
    }

    /// The orders placed or paid from this time to before that one, newest first, at most [`ORDERS_MAX`].
    pub fn of_day(self, from: Timestamp, to: Timestamp) -> Result<Vec<OrderRow>, StoreError> {
        self.list(
            "(a.placed_at >= ?1 AND a.placed_at < ?2) OR (a.paid_at >= ?1 AND a.paid_at < ?2)",
            [sql::to_millis(from), sql::to_millis(to)],
        )
    }

    /// The orders whose number or WeChat's number has this text in it (letters of either case), or whose amount is exactly
    /// this; newest first, at most [`ORDERS_MAX`].
    pub fn search(self, text: &str, amount: Option<Fen>) -> Result<Vec<OrderRow>, StoreError> {
        let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        // Each part reads an index only, never the long rows.
        self.list(
            "a.id IN (SELECT id FROM attempts WHERE out_trade_no LIKE ?1 ESCAPE '\\'
                      UNION SELECT id FROM attempts WHERE transaction_id IS NOT NULL AND transaction_id LIKE ?1 ESCAPE '\\'
                      UNION SELECT id FROM attempts WHERE total_fee = ?2)",
            params![format!("%{escaped}%"), amount.map(Fen::get)],
        )
    }

    /// What a day's figures are computed from: every order placed or paid from this time to before that one.
    pub fn day_rows(self, from: Timestamp, to: Timestamp) -> Result<Vec<DayRow>, StoreError> {
        sql::all(
            self.conn,
            "SELECT out_trade_no, total_fee, body FROM attempts
             WHERE (placed_at >= ?1 AND placed_at < ?2) OR (paid_at >= ?1 AND paid_at < ?2)",
            [sql::to_millis(from), sql::to_millis(to)],
            |row| {
                let attempt = attempt(row, 0, 1, 2)?;
                Ok(DayRow {
                    total_fee: attempt.payment().map_or(attempt.total_fee, |it| it.total_fee),
                    placed_at: attempt.placed_at,
                    standing: standing(&attempt),
                })
            },
        )
    }

    /// The orders whose money came from this time to before that one, whatever became of them.
    pub fn paid_between(self, from: Timestamp, to: Timestamp) -> Result<Vec<Attempt>, StoreError> {
        sql::all(
            self.conn,
            "SELECT out_trade_no, total_fee, body FROM attempts WHERE paid_at >= ?1 AND paid_at < ?2",
            [sql::to_millis(from), sql::to_millis(to)],
            |row| attempt(row, 0, 1, 2),
        )
    }

    /// When the first order of all was placed.
    pub fn first_placed_at(self) -> Result<Option<Timestamp>, StoreError> {
        sql::first(
            self.conn,
            "SELECT placed_at FROM attempts ORDER BY placed_at LIMIT 1",
            [],
            |row| sql::time(TABLE, row, 0),
        )
    }

    fn list(self, which: &str, params: impl Params) -> Result<Vec<OrderRow>, StoreError> {
        sql::all(
            self.conn,
            &format!(
                "SELECT a.sale_id,
                        (SELECT name FROM sale_lines WHERE sale_id = a.sale_id ORDER BY nth LIMIT 1),
                        (SELECT ifnull(sum(pieces), 0) FROM sale_lines WHERE sale_id = a.sale_id),
                        a.out_trade_no, a.total_fee, a.body,
                        (SELECT cash_in_hand_fen FROM sales WHERE id = a.sale_id)
                 FROM attempts a WHERE {which} ORDER BY a.placed_at DESC, a.id DESC LIMIT {ORDERS_MAX}"
            ),
            params,
            |row| {
                Ok(OrderRow {
                    sale: SaleId(row.get(0)?),
                    attempt: attempt(row, 3, 4, 5)?,
                    first: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
                    pieces: sql::count("sale_lines", row, 2)?,
                    cash_in_hand: sql::fen(row, 6)?,
                })
            },
        )
    }
}

impl AttemptsWrite<'_> {
    /// Writes an order down with its request, before anything is sent. `nth` counts the sale's attempts from 0.
    pub fn insert(
        self,
        sale: SaleId,
        nth: usize,
        attempt: &Attempt,
        request: &str,
    ) -> Result<(), StoreError> {
        let nth = i64::try_from(nth).map_err(|error| StoreError::unreadable(TABLE, error))?;
        let columns = Columns::of(attempt)?;
        sql::execute(
            self.conn,
            "INSERT INTO attempts (out_trade_no, sale_id, nth, state, is_final, total_fee, placed_at, deadline,
                                   paid_at, transaction_id, body, request)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                attempt.out_trade_no.as_str(),
                sale.0,
                nth,
                columns.state,
                columns.is_final,
                attempt.total_fee.get(),
                sql::to_millis(attempt.placed_at),
                sql::to_millis(attempt.deadline),
                columns.paid_at,
                columns.transaction_id,
                columns.body,
                request
            ],
        )?;
        self.book(attempt)
    }

    /// Saves what has become of an order. Its request stays as it was.
    pub fn save(self, attempt: &Attempt) -> Result<(), StoreError> {
        let columns = Columns::of(attempt)?;
        let touched = sql::execute(
            self.conn,
            "UPDATE attempts SET state = ?2, is_final = ?3, placed_at = ?4, deadline = ?5, paid_at = ?6,
                                 transaction_id = ?7, body = ?8
             WHERE out_trade_no = ?1 AND total_fee = ?9",
            params![
                attempt.out_trade_no.as_str(),
                columns.state,
                columns.is_final,
                sql::to_millis(attempt.placed_at),
                sql::to_millis(attempt.deadline),
                columns.paid_at,
                columns.transaction_id,
                columns.body,
                attempt.total_fee.get()
            ],
        )?;
        if touched == 1 {
            self.book(attempt)
        } else {
            Err(StoreError::unreadable(
                TABLE,
                format!("no order {}", attempt.out_trade_no),
            ))
        }
    }

    fn book(self, attempt: &Attempt) -> Result<(), StoreError> {
        let id = sql::first(
            self.conn,
            "SELECT id FROM attempts WHERE out_trade_no = ?1",
            [attempt.out_trade_no.as_str()],
            |row| Ok(row.get(0)?),
        )?;
        let about = About::Order(id.unwrap_or_default());
        let tx = Tx { conn: self.conn };
        tx.bookings().now(about, attempt.booked())
    }
}

/// The columns that are taken from the body.
pub(crate) struct Columns<'a> {
    pub(crate) state: &'static str,
    /// And nothing is left to confirm.
    pub(crate) is_final: bool,
    pub(crate) paid_at: Option<i64>,
    pub(crate) transaction_id: Option<&'a str>,
    body: String,
}

impl<'a> Columns<'a> {
    pub(crate) fn of(attempt: &'a Attempt) -> Result<Self, StoreError> {
        let payment = attempt.payment();
        Ok(Self {
            state: attempt.state.word(),
            is_final: attempt.is_done(),
            paid_at: payment.map(|payment| sql::to_millis(payment.time_end)),
            transaction_id: payment.map(|payment| payment.transaction_id.as_str()),
            body: sql::to_json(TABLE, attempt)?,
        })
    }
}

fn standing(attempt: &Attempt) -> Standing {
    match &attempt.state {
        State::Placing | State::AwaitingPayment { .. } | State::Closing { .. } => Standing::Waiting,
        State::Paid(payment) if attempt.adopted.is_some() => Standing::Adopted(payment.time_end),
        State::Paid(payment) => Standing::Paid(payment.time_end),
        State::GivenBack { payment, .. } => Standing::GivenBack(payment.time_end),
        State::Closed { why } => Standing::Closed(*why),
        State::Refused { .. } => Standing::Refused,
        State::Review { why, .. } => Standing::Review(*why),
    }
}

/// Reads an order from the columns of its number, amount and body; the three must agree.
pub(crate) fn attempt(
    row: &Row<'_>,
    number: usize,
    amount: usize,
    body: usize,
) -> Result<Attempt, StoreError> {
    let number: String = row.get(number)?;
    let text: String = row.get(body)?;
    let attempt: Attempt = sql::from_json(TABLE, &text)?;
    if attempt.out_trade_no.as_str() != number || attempt.total_fee != sql::fen(row, amount)? {
        return Err(StoreError::unreadable(
            TABLE,
            format!("order {number} contradicts its body"),
        ));
    }
    Ok(attempt)
}
