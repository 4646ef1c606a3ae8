//! Refunds, and the pieces that those by line give back. The body is the truth; the other columns are taken from it, to be
//! searched by. The request is kept byte for byte.

use jiff::Timestamp;
use rusqlite::{Connection, Params, Row, params};
use till_core::{
    Fen, Goods, LineNo, OutRefundNo, OutTradeNo, Refund, RefundEffect, RefundLine, RefundReason, RefundWish,
};

use crate::handle::Tx;
use crate::migration::Migration;
use crate::table::bookings::About;
use crate::{StoreError, sql};

const TABLE: &str = "refunds";

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112451,
    sql: "CREATE TABLE refunds (
              id INTEGER PRIMARY KEY,
              out_refund_no TEXT NOT NULL UNIQUE,
              out_trade_no TEXT NOT NULL REFERENCES attempts (out_trade_no),
              nth INTEGER NOT NULL CHECK (nth > 0), -- the order's first is 1
              click TEXT NOT NULL UNIQUE, -- names the press of the button: a second one is the same refund
              state TEXT NOT NULL,
              is_final INTEGER NOT NULL CHECK (is_final IN (0, 1)),
              paid_fee INTEGER NOT NULL CHECK (paid_fee > 0), -- fen; what the order was paid
              refund_fee INTEGER NOT NULL CHECK (refund_fee > 0 AND refund_fee <= paid_fee),
              counts INTEGER NOT NULL CHECK (counts IN (0, 1)), -- takes up a part of what was paid
              goods TEXT NOT NULL CHECK (goods IN ('stay', 'wanted', 'back')),
              wished_at INTEGER NOT NULL, -- UTC milliseconds
              sent_at INTEGER, -- when it last left: its day on WeChat's bill
              refund_id TEXT, -- WeChat's number
              reason TEXT NOT NULL,
              approved_by TEXT NOT NULL,
              body TEXT NOT NULL, -- JSON of till_core::Refund
              request TEXT NOT NULL -- the saved request, exactly as it is sent again
          ) STRICT;
          CREATE UNIQUE INDEX refunds_of_order ON refunds (out_trade_no, nth);
          CREATE INDEX refunds_open ON refunds (id) WHERE is_final = 0;
          CREATE INDEX refunds_by_wished_at ON refunds (wished_at);
          CREATE INDEX refunds_by_sent_at ON refunds (sent_at) WHERE sent_at IS NOT NULL;
          CREATE TRIGGER refunds_are_no_more_than_was_paid BEFORE INSERT ON refunds
          WHEN NEW.refund_fee > NEW.paid_fee - ifnull(
              (SELECT sum(refund_fee) FROM refunds WHERE out_trade_no = NEW.out_trade_no AND counts = 1), 0)
          BEGIN SELECT RAISE(ABORT, 'more than was paid'); END;
          CREATE TRIGGER refunds_are_not_taken_out BEFORE DELETE ON refunds
          BEGIN SELECT RAISE(ABORT, 'a refund is given up, not taken out'); END;
          CREATE TABLE refund_lines (
              refund INTEGER NOT NULL REFERENCES refunds (id),
              line INTEGER NOT NULL, -- its number in the sale
              pieces INTEGER NOT NULL CHECK (pieces > 0),
              PRIMARY KEY (refund, line)
          ) STRICT, WITHOUT ROWID;",
}];

/// A refund to be written down.
#[derive(Debug, Clone, Copy)]
pub struct NewRefund<'a> {
    /// The wish it was made of.
    pub wish: &'a RefundWish,
    /// The refund.
    pub refund: &'a Refund,
    /// Names the press of the button: the same name twice is the same refund.
    pub click: &'a str,
    /// Why.
    pub reason: &'a RefundReason,
    /// Who has approved it.
    pub approved_by: &'a str,
    /// The whole request, exactly as it is sent.
    pub request: &'a str,
}

/// A refund as it stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRefund {
    /// The refund.
    pub refund: Refund,
    /// What it is of; empty where it is of an amount.
    pub lines: Vec<RefundLine>,
    /// Names the press of the button.
    pub click: String,
    /// Why.
    pub reason: RefundReason,
    /// Who has approved it.
    pub approved_by: String,
}

/// Reads refunds.
#[derive(Debug, Clone, Copy)]
pub struct RefundsRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Writes refunds.
#[derive(Debug, Clone, Copy)]
pub struct RefundsWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl RefundsRead<'_> {
    /// Every refund with something left to ask about or for a person to do, oldest first.
    pub fn open(self) -> Result<Vec<StoredRefund>, StoreError> {
        self.find("is_final = 0", [])
    }

    /// One refund.
    pub fn get(self, out_refund_no: &OutRefundNo) -> Result<Option<StoredRefund>, StoreError> {
        Ok(self.find("out_refund_no = ?1", [out_refund_no.as_str()])?.pop())
    }

    /// All refunds of an order, oldest first.
    pub fn of_order(self, out_trade_no: &OutTradeNo) -> Result<Vec<StoredRefund>, StoreError> {
        self.find("out_trade_no = ?1", [out_trade_no.as_str()])
    }

    /// The refund that this press of the button made.
    pub fn by_click(self, click: &str) -> Result<Option<StoredRefund>, StoreError> {
        Ok(self.find("click = ?1", [click])?.pop())
    }

    /// Refunds wished, or sent to WeChat, from this time to before that one, oldest first.
    pub fn of_day(self, from: Timestamp, to: Timestamp) -> Result<Vec<StoredRefund>, StoreError> {
        self.find(
            "(wished_at >= ?1 AND wished_at < ?2) OR (sent_at >= ?1 AND sent_at < ?2)",
            [sql::to_millis(from), sql::to_millis(to)],
        )
    }

    /// The saved request of a refund, exactly as it was given.
    pub fn request(self, out_refund_no: &OutRefundNo) -> Result<Option<String>, StoreError> {
        sql::first(
            self.conn,
            "SELECT request FROM refunds WHERE out_refund_no = ?1",
            [out_refund_no.as_str()],
            |row| Ok(row.get(0)?),
        )
    }

    fn find(self, which: &str, params: impl Params) -> Result<Vec<StoredRefund>, StoreError> {
        let found = self.find_with_ids(which, params)?;
        Ok(found.into_iter().map(|(_, refund)| refund).collect())
    }

    /// All of them, oldest first, each with the number of its row.
    pub(crate) fn with_ids(self) -> Result<Vec<(i64, StoredRefund)>, StoreError> {
        self.find_with_ids("1", [])
    }

    fn find_with_ids(self, which: &str, params: impl Params) -> Result<Vec<(i64, StoredRefund)>, StoreError> {
        let found = sql::all(
            self.conn,
            &format!(
                "SELECT id, out_refund_no, refund_fee, body, click, reason, approved_by
                 FROM refunds WHERE {which} ORDER BY id"
            ),
            params,
            |row| Ok((row.get::<_, i64>(0)?, stored(row)?)),
        )?;
        found
            .into_iter()
            .map(|(id, mut refund)| {
                refund.lines = self.lines(id)?;
                Ok((id, refund))
            })
            .collect()
    }

    fn lines(self, id: i64) -> Result<Vec<RefundLine>, StoreError> {
        sql::all(
            self.conn,
            "SELECT line, pieces FROM refund_lines WHERE refund = ?1 ORDER BY line",
            [id],
            |row| {
                Ok(RefundLine {
                    line: LineNo(sql::count("refund_lines", row, 0)?),
                    pieces: sql::count("refund_lines", row, 1)?,
                })
            },
        )
    }
}

impl RefundsWrite<'_> {
    /// Writes a refund down with its request, before anything is sent. More than is left of what was paid is
    /// [`StoreError::Forbidden`].
    pub fn insert(self, new: &NewRefund<'_>) -> Result<(), StoreError> {
        let refund = new.refund;
        let columns = Columns::of(refund)?;
        sql::execute(
            self.conn,
            "INSERT INTO refunds (out_refund_no, out_trade_no, nth, click, state, is_final, paid_fee, refund_fee, counts,
                                  goods, wished_at, sent_at, refund_id, reason, approved_by, body, request)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
            params![
                refund.out_refund_no.as_str(),
                refund.out_trade_no.as_str(),
                new.wish.nth(),
                new.click,
                columns.state,
                columns.is_final,
                refund.total_fee.get(),
                refund.refund_fee.get(),
                columns.counts,
                columns.goods,
                sql::to_millis(refund.wished_at),
                columns.sent_at,
                columns.refund_id,
                new.reason.as_str(),
                new.approved_by,
                columns.body,
                new.request
            ],
        )?;
        let id = self.conn.last_insert_rowid();
        for line in new.wish.lines() {
            sql::execute(
                self.conn,
                "INSERT INTO refund_lines (refund, line, pieces) VALUES (?1, ?2, ?3)",
                params![id, line.line.0, line.pieces],
            )?;
        }
        self.book(refund)
    }

    /// Saves what has become of a refund, and does to the stock what follows from it. Its request and its amounts stay as
    /// they were.
    pub fn save(self, refund: &Refund, effect: Option<RefundEffect>) -> Result<(), StoreError> {
        let columns = Columns::of(refund)?;
        let touched = sql::execute(
            self.conn,
            "UPDATE refunds SET state = ?2, is_final = ?3, counts = ?4, goods = ?5, sent_at = ?6, refund_id = ?7, body = ?8
             WHERE out_refund_no = ?1 AND refund_fee = ?9 AND paid_fee = ?10",
            params![
                refund.out_refund_no.as_str(),
                columns.state,
                columns.is_final,
                columns.counts,
                columns.goods,
                columns.sent_at,
                columns.refund_id,
                columns.body,
                refund.refund_fee.get(),
                refund.total_fee.get()
            ],
        )?;
        if touched != 1 {
            let what = format!("no refund {}", refund.out_refund_no);
            return Err(StoreError::unreadable(TABLE, what));
        }
        self.book(refund)?;
        match effect {
            Some(RefundEffect::PutBack) => self.tx().stock().put_back(&refund.out_refund_no),
            None => Ok(()),
        }
    }

    /// Puts every refund on the books as it stands.
    pub(crate) fn book_all(self) -> Result<(), StoreError> {
        let all = RefundsRead { conn: self.conn }.find("1", [])?;
        all.iter().try_for_each(|stored| self.book(&stored.refund))
    }

    fn book(self, refund: &Refund) -> Result<(), StoreError> {
        let id = sql::first(
            self.conn,
            "SELECT id FROM refunds WHERE out_refund_no = ?1",
            [refund.out_refund_no.as_str()],
            |row| Ok(row.get(0)?),
        )?;
        let about = About::Refund(id.unwrap_or_default());
        self.tx().bookings().now(about, refund.booked())
    }

    fn tx(&self) -> Tx<'_> {
        Tx { conn: self.conn }
    }
}

/// The columns that are taken from the body.
struct Columns<'a> {
    state: &'static str,
    is_final: bool,
    counts: bool,
    goods: String,
    sent_at: Option<i64>,
    refund_id: Option<&'a str>,
    body: String,
}

impl<'a> Columns<'a> {
    fn of(refund: &'a Refund) -> Result<Self, StoreError> {
        Ok(Self {
            state: refund.state.word(),
            is_final: refund.is_final(),
            counts: refund.counts(),
            goods: sql::word::<Goods>(TABLE, &refund.goods)?,
            sent_at: refund.sent_at.map(sql::to_millis),
            refund_id: refund.state.refund_id(),
            body: sql::to_json(TABLE, refund)?,
        })
    }
}

/// A refund without its lines; number, amount and body must agree.
fn stored(row: &Row<'_>) -> Result<StoredRefund, StoreError> {
    let number: String = row.get(1)?;
    let amount: Fen = sql::fen(row, 2)?;
    let body: String = row.get(3)?;
    let refund: Refund = sql::from_json(TABLE, &body)?;
    if refund.out_refund_no.as_str() != number || refund.refund_fee != amount {
        return Err(StoreError::unreadable(
            TABLE,
            format!("refund {number} contradicts its body"),
        ));
    }
    let reason: String = row.get(5)?;
    Ok(StoredRefund {
        refund,
        lines: Vec::new(),
        click: row.get(4)?,
        reason: RefundReason::parse(&reason).map_err(|error| StoreError::unreadable(TABLE, error))?,
        approved_by: row.get(6)?,
    })
}
