//! The books: what an X or a Z adds up, in the order in which it came to be known. Rows are added, never changed and never
//! taken out; what is not so any more is reversed by a row of its own.

use jiff::Timestamp;
use rusqlite::{Connection, Params, Row, params};
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::StrDeserializer;
use till_core::{
    Booked, Booking, CashRefundNo, Fen, GivenUp, ItemLine, OutRefundNo, OutTradeNo, SaleId, Tally,
};

use crate::handle::Tx;
use crate::migration::Migration;
use crate::table::attempts;
use crate::{StoreError, sql};

const TABLE: &str = "bookings";

/// [`book_old_rows`] brings what was there before onto the books.
pub(crate) const OPENED: Migration = Migration {
    number: 2026112461,
    sql: "CREATE TABLE bookings (
              id INTEGER PRIMARY KEY,
              about TEXT NOT NULL CHECK (about IN ('order', 'refund', 'sale')),
              subject INTEGER NOT NULL, -- its id in attempts, refunds or sales
              what TEXT NOT NULL,
              amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
              at INTEGER NOT NULL, -- UTC milliseconds: the day it belongs to
              reversed INTEGER NOT NULL CHECK (reversed IN (0, 1)) -- takes back the subject's entry before it
          ) STRICT;
          CREATE INDEX bookings_of_subject ON bookings (about, subject);
          CREATE TRIGGER bookings_are_not_changed BEFORE UPDATE ON bookings
          BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END;
          CREATE TRIGGER bookings_are_not_overwritten BEFORE INSERT ON bookings
          WHEN EXISTS (SELECT 1 FROM bookings WHERE id = NEW.id)
          BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END;
          CREATE TRIGGER bookings_are_not_taken_out BEFORE DELETE ON bookings
          BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END;",
};

pub(crate) const MIGRATIONS: &[Migration] = &[
    OPENED,
    // What an entry may be about is a rule of the table's own, and SQLite changes none: the same table again, with one more.
    Migration {
        number: 2026112472,
        sql: "CREATE TABLE bookings_anew (
                  id INTEGER PRIMARY KEY,
                  about TEXT NOT NULL CHECK (about IN ('order', 'refund', 'sale', 'cash_refund')),
                  subject INTEGER NOT NULL, -- its id in attempts, refunds, sales or cash_refunds
                  what TEXT NOT NULL,
                  amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
                  at INTEGER NOT NULL, -- UTC milliseconds: the day it belongs to
                  reversed INTEGER NOT NULL CHECK (reversed IN (0, 1)) -- takes back the subject's entry before it
              ) STRICT;
              INSERT INTO bookings_anew SELECT id, about, subject, what, amount_fen, at, reversed FROM bookings ORDER BY id;
              DROP TABLE bookings;
              ALTER TABLE bookings_anew RENAME TO bookings;
              CREATE INDEX bookings_of_subject ON bookings (about, subject);
              CREATE TRIGGER bookings_are_not_changed BEFORE UPDATE ON bookings
              BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END;
              CREATE TRIGGER bookings_are_not_overwritten BEFORE INSERT ON bookings
              WHEN EXISTS (SELECT 1 FROM bookings WHERE id = NEW.id)
              BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END;
              CREATE TRIGGER bookings_are_not_taken_out BEFORE DELETE ON bookings
              BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END;",
    },
];

/// What the sales on some pages of the books have sold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SoldOn {
    /// By name and category.
    pub items: Vec<ItemLine>,
    /// Lines sold below their list price, and by how much.
    pub discounts: Tally,
}

/// Which rows of the books: those after `from`, up to `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pages {
    /// The last row before.
    pub from: i64,
    /// The last row.
    pub to: i64,
}

impl Pages {
    /// All there are.
    pub const ALL: Self = Self {
        from: 0,
        to: i64::MAX,
    };
}

/// What an entry is about, by the number of its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    Order(i64),
    Refund(i64),
    Sale(SaleId),
    CashRefund(i64),
}

/// An entry of the books and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What the books say.
    pub booking: Booking,
    /// The sale.
    pub sale: SaleId,
    /// The order; `None` of cash.
    pub out_trade_no: Option<OutTradeNo>,
    /// The refund at WeChat, if it is one's.
    pub out_refund_no: Option<OutRefundNo>,
    /// The refund in cash, if it is one's.
    pub cash_refund_no: Option<CashRefundNo>,
    /// WeChat's number of the order.
    pub transaction_id: Option<String>,
    /// How much less than its list prices was asked for the sale that it paid; nothing of any other entry.
    pub discount: Fen,
}

/// Reads the books.
#[derive(Debug, Clone, Copy)]
pub struct BookingsRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Adds to the books.
#[derive(Debug, Clone, Copy)]
pub struct BookingsWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl About {
    fn columns(self) -> (&'static str, i64) {
        match self {
            Self::Order(id) => ("order", id),
            Self::Refund(id) => ("refund", id),
            Self::Sale(id) => ("sale", id.0),
            Self::CashRefund(id) => ("cash_refund", id),
        }
    }
}

impl BookingsRead<'_> {
    /// The last row; 0 in empty books.
    pub fn last(self) -> Result<i64, StoreError> {
        let last = sql::first(self.conn, "SELECT max(id) FROM bookings", [], |row| {
            Ok(row.get::<_, Option<i64>>(0)?)
        })?;
        Ok(last.flatten().unwrap_or_default())
    }

    /// The rows on these pages, oldest first.
    pub fn on(self, pages: Pages) -> Result<Vec<Booking>, StoreError> {
        sql::all(
            self.conn,
            "SELECT what, amount_fen, at, reversed FROM bookings WHERE id > ?1 AND id <= ?2 ORDER BY id",
            [pages.from, pages.to],
            |row| booking(row, 0),
        )
    }

    /// When the first entry on these pages was.
    pub fn first_at(self, pages: Pages) -> Result<Option<Timestamp>, StoreError> {
        sql::first(
            self.conn,
            "SELECT at FROM bookings WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT 1",
            [pages.from, pages.to],
            |row| sql::time(TABLE, row, 0),
        )
    }

    /// The entries on these pages with what they are about, one by one, oldest first: there may be a year of them.
    pub fn each_on<E: From<StoreError>>(
        self,
        pages: Pages,
        mut look: impl FnMut(Entry) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self.conn.prepare_cached(EACH).map_err(StoreError::from)?;
        let mut rows = statement
            .query([pages.from, pages.to])
            .map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            look(entry(row)?)?;
        }
        Ok(())
    }

    /// Whether a Z, or the next one, tells of this order's money. What was taken back within the same Z is told by none.
    pub fn tells_of_order(self, number: &OutTradeNo) -> Result<bool, StoreError> {
        self.tells_of(
            "order",
            "SELECT id FROM attempts WHERE out_trade_no = ?2",
            number.as_str(),
        )
    }

    /// The same of a refund.
    pub fn tells_of_refund(self, number: &OutRefundNo) -> Result<bool, StoreError> {
        self.tells_of(
            "refund",
            "SELECT id FROM refunds WHERE out_refund_no = ?2",
            number.as_str(),
        )
    }

    fn tells_of(self, about: &str, subject: &str, number: &str) -> Result<bool, StoreError> {
        let found = sql::first(
            self.conn,
            &format!(
                "SELECT 1 FROM bookings b
                 WHERE b.about = ?1 AND b.subject = ({subject})
                   AND b.what IN ('wechat_paid', 'wechat_late', 'wechat_surplus', 'refund', 'refund_by_hand')
                 GROUP BY (SELECT min(z.number) FROM z_reports z WHERE z.bookings_to >= b.id)
                 HAVING sum(b.amount_fen * (1 - 2 * b.reversed)) <> 0
                 LIMIT 1"
            ),
            [about, number],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }

    /// How many entries are on these pages.
    pub fn count_on(self, pages: Pages) -> Result<u32, StoreError> {
        let count = sql::first(
            self.conn,
            "SELECT count(*) FROM bookings WHERE id > ?1 AND id <= ?2",
            [pages.from, pages.to],
            |row| sql::count(TABLE, row, 0),
        )?;
        Ok(count.unwrap_or_default())
    }

    /// What was sold by the sales on these pages, as it was rung up, by name and the category it stands in now; and what was
    /// taken off its list prices, for the same walk through their lines tells that.
    pub fn sold_on(self, pages: Pages) -> Result<SoldOn, StoreError> {
        self.sold(pages, true)
    }

    /// The same of the sales that no cash has touched.
    pub fn sold_without_cash_on(self, pages: Pages) -> Result<SoldOn, StoreError> {
        self.sold(pages, false)
    }

    fn sold(self, pages: Pages, with_cash: bool) -> Result<SoldOn, StoreError> {
        let found = sql::all(
            self.conn,
            // The sales first, whatever the planner thinks: a day is small, and all lines ever rung up are not. The products
            // last: there are few of them.
            "SELECT l.name, p.category, l.pieces, l.sum, l.below_list, l.off
             FROM (SELECT l.product_id, l.name, sum(l.pieces * s.times) AS pieces,
                          sum(l.price_fen * l.pieces * s.times) AS sum,
                          sum((l.list_fen IS NOT NULL) * s.times) AS below_list,
                          ifnull(sum((l.list_fen - l.price_fen) * l.pieces * s.times), 0) AS off
                   FROM (SELECT 1 - 2 * b.reversed AS times,
                                iif(b.what = 'cash_sale', b.subject, a.sale_id) AS sale
                         FROM bookings b LEFT JOIN attempts a ON a.id = b.subject
                         WHERE b.id > ?1 AND b.id <= ?2 AND b.what IN ('wechat_paid', 'wechat_late', 'cash_sale')) s
                   CROSS JOIN sale_lines l ON l.sale_id = s.sale
                   WHERE ?3 OR NOT EXISTS (SELECT 1 FROM cash_moves c WHERE c.sale_id = s.sale)
                   GROUP BY l.product_id, l.name) l
             CROSS JOIN products p ON p.id = l.product_id",
            params![pages.from, pages.to, with_cash],
            |row| {
                let off = Tally {
                    count: row.get(4)?,
                    sum: sql::fen(row, 5)?,
                };
                Ok((item(row)?, off))
            },
        )?;
        let mut sold = SoldOn::default();
        for (item, off) in found {
            sold.discounts = sold
                .discounts
                .plus(off)
                .map_err(|error| StoreError::unreadable("sale_lines", error))?;
            // A sale whose payment was taken back on the same pages sold nothing.
            if item.pieces != 0 || item.sum != Fen::ZERO {
                sold.items.push(item);
            }
        }
        Ok(sold)
    }

    /// What came back with the refunds on these pages.
    pub fn returned_on(self, pages: Pages) -> Result<Vec<ItemLine>, StoreError> {
        self.returned(pages, true)
    }

    /// The same of the sales that no cash has touched.
    pub fn returned_without_cash_on(self, pages: Pages) -> Result<Vec<ItemLine>, StoreError> {
        self.returned(pages, false)
    }

    fn returned(self, pages: Pages, with_cash: bool) -> Result<Vec<ItemLine>, StoreError> {
        self.items(
            "SELECT l.name, p.category, sum(back.pieces * back.times), sum(l.price_fen * back.pieces * back.times)
             FROM (SELECT a.sale_id, back.line, back.pieces, s.times
                   FROM (SELECT subject, sum(1 - 2 * reversed) AS times FROM bookings
                         WHERE id > ?1 AND id <= ?2 AND what IN ('refund', 'refund_by_hand')
                         GROUP BY subject HAVING times <> 0) s
                   JOIN refunds r ON r.id = s.subject JOIN refund_lines back ON back.refund = r.id
                   JOIN attempts a ON a.out_trade_no = r.out_trade_no
                   UNION ALL
                   SELECT r.sale_id, back.line, back.pieces, 1
                   FROM bookings b JOIN cash_refunds r ON r.id = b.subject
                   JOIN cash_refund_lines back ON back.cash_refund = r.id
                   WHERE b.id > ?1 AND b.id <= ?2 AND b.what = 'cash_refund') back
             JOIN sale_lines l ON l.sale_id = back.sale_id AND l.line = back.line
             JOIN products p ON p.id = l.product_id
             WHERE ?3 OR NOT EXISTS (SELECT 1 FROM cash_moves c WHERE c.sale_id = back.sale_id)
             GROUP BY l.product_id, l.name",
            params![pages.from, pages.to, with_cash],
        )
    }

    /// The refunds that WeChat gave up on these pages, oldest first.
    pub fn given_up_on(self, pages: Pages) -> Result<Vec<GivenUp>, StoreError> {
        sql::all(
            self.conn,
            "SELECT r.out_trade_no, r.out_refund_no, r.refund_fee, s.at,
                    CASE r.goods WHEN 'back' THEN (SELECT ifnull(sum(pieces), 0) FROM refund_lines WHERE refund = r.id)
                                 ELSE 0 END
             FROM (SELECT subject, max(id) AS id, max(at) AS at, sum(1 - 2 * reversed) AS times FROM bookings
                   WHERE id > ?1 AND id <= ?2 AND what = 'refund_closed'
                   GROUP BY subject HAVING times > 0) s
             JOIN refunds r ON r.id = s.subject ORDER BY s.id",
            [pages.from, pages.to],
            |row| {
                Ok(GivenUp {
                    out_trade_no: sql::order_no(TABLE, &row.get::<_, String>(0)?)?,
                    out_refund_no: refund_no(&row.get::<_, String>(1)?)?,
                    amount: sql::fen(row, 2)?,
                    at: sql::time(TABLE, row, 3)?,
                    pieces_back: sql::count(TABLE, row, 4)?,
                })
            },
        )
    }

    fn items(self, query: &str, params: impl Params) -> Result<Vec<ItemLine>, StoreError> {
        sql::all(self.conn, query, params, item)
    }

    /// What is on the books about something now.
    pub(crate) fn about(self, about: About) -> Result<Option<Booking>, StoreError> {
        let (word, subject) = about.columns();
        let last = sql::first(
            self.conn,
            "SELECT what, amount_fen, at, reversed FROM bookings
             WHERE about = ?1 AND subject = ?2 ORDER BY id DESC LIMIT 1",
            params![word, subject],
            |row| booking(row, 0),
        )?;
        Ok(last.filter(|last| !last.reversed))
    }
}

/// From its name, category, pieces and sum, in that order.
fn item(row: &Row<'_>) -> Result<ItemLine, StoreError> {
    Ok(ItemLine {
        name: row.get(0)?,
        category: row.get(1)?,
        pieces: row.get(2)?,
        sum: sql::fen(row, 3)?,
    })
}

impl BookingsWrite<'_> {
    /// From now on this is on the books about something: what was there before is reversed, if it was anything else.
    pub(crate) fn now(self, about: About, booking: Option<Booking>) -> Result<(), StoreError> {
        let before = BookingsRead { conn: self.conn }.about(about)?;
        // In the ledger times are whole milliseconds.
        let same = |one: &Booking, other: &Booking| {
            (one.what, one.amount, sql::to_millis(one.at))
                == (other.what, other.amount, sql::to_millis(other.at))
        };
        match (before, booking) {
            (Some(before), Some(booking)) if same(&before, &booking) => return Ok(()),
            (Some(before), _) => self.add(
                about,
                &Booking {
                    reversed: true,
                    ..before
                },
            )?,
            (None, _) => {}
        }
        booking.map_or(Ok(()), |booking| self.add(about, &booking))
    }

    fn add(self, about: About, booking: &Booking) -> Result<(), StoreError> {
        let (word, subject) = about.columns();
        sql::execute(
            self.conn,
            "INSERT INTO bookings (about, subject, what, amount_fen, at, reversed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                word,
                subject,
                sql::word(TABLE, &booking.what)?,
                booking.amount.get(),
                sql::to_millis(booking.at),
                booking.reversed
            ],
        )?;
        Ok(())
    }
}

/// Puts on the books what the ledger held before there were any.
pub(crate) fn book_old_rows(conn: &Connection) -> Result<(), StoreError> {
    let tx = Tx { conn };
    let orders = sql::all(
        conn,
        "SELECT out_trade_no, total_fee, body, id FROM attempts ORDER BY id",
        [],
        |row| Ok((attempts::attempt(row, 0, 1, 2)?, row.get(3)?)),
    )?;
    for (order, id) in orders {
        tx.bookings().now(About::Order(id), order.booked())?;
    }
    tx.refunds().book_all()?;
    let paid = sql::all(
        conn,
        "SELECT id, paid_at FROM sales WHERE paid_at IS NOT NULL ORDER BY id",
        [],
        |row| Ok((SaleId(row.get(0)?), sql::time(TABLE, row, 1)?)),
    )?;
    for (id, paid_at) in paid {
        if let Some(stored) = tx.read().sales().by_id(id)? {
            tx.bookings()
                .now(About::Sale(id), stored.sale.cash_booked(Some(paid_at)))?;
        }
    }
    Ok(())
}

const EACH: &str = "SELECT b.what, b.amount_fen, b.at, b.reversed,
            coalesce(o.out_trade_no, r.out_trade_no), r.out_refund_no,
            coalesce(o.sale_id, ro.sale_id, c.sale_id, b.subject), coalesce(o.transaction_id, ro.transaction_id), c.nth,
            CASE WHEN b.what IN ('wechat_paid', 'wechat_late', 'cash_sale')
                 THEN (SELECT sum((l.list_fen - l.price_fen) * l.pieces) FROM sale_lines l
                       WHERE l.sale_id = coalesce(o.sale_id, b.subject) AND l.list_fen IS NOT NULL) END
     FROM bookings b
     LEFT JOIN attempts o ON b.about = 'order' AND o.id = b.subject
     LEFT JOIN refunds r ON b.about = 'refund' AND r.id = b.subject
     LEFT JOIN attempts ro ON ro.out_trade_no = r.out_trade_no
     LEFT JOIN cash_refunds c ON b.about = 'cash_refund' AND c.id = b.subject
     WHERE b.id > ?1 AND b.id <= ?2 ORDER BY b.id";

fn refund_no(text: &str) -> Result<OutRefundNo, StoreError> {
    OutRefundNo::parse(text).map_err(|error| StoreError::unreadable(TABLE, error))
}

fn entry(row: &Row<'_>) -> Result<Entry, StoreError> {
    let order: Option<String> = row.get(4)?;
    let refund: Option<String> = row.get(5)?;
    let sale = SaleId(row.get(6)?);
    let nth: Option<u32> = row.get(8)?;
    Ok(Entry {
        booking: booking(row, 0)?,
        out_trade_no: order.map(|text| sql::order_no(TABLE, &text)).transpose()?,
        out_refund_no: refund.map(|text| refund_no(&text)).transpose()?,
        cash_refund_no: nth.map(|nth| CashRefundNo { sale, nth }),
        sale,
        transaction_id: row.get(7)?,
        discount: Fen::new(row.get::<_, Option<i64>>(9)?.unwrap_or_default()),
    })
}

/// A day has thousands of them: read where it lies.
fn what(word: &str) -> Result<Booked, StoreError> {
    let word: StrDeserializer<'_, serde::de::value::Error> = word.into_deserializer();
    Booked::deserialize(word).map_err(|error| StoreError::unreadable(TABLE, error))
}

fn booking(row: &Row<'_>, from: usize) -> Result<Booking, StoreError> {
    Ok(Booking {
        what: what(row.get_ref(from)?.as_str().map_err(rusqlite::Error::from)?)?,
        amount: sql::fen(row, from + 1)?,
        at: sql::time(TABLE, row, from + 2)?,
        reversed: row.get(from + 3)?,
    })
}
