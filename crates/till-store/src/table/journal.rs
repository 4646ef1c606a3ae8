//! The journal: what this till has done, in order. Rows are added, never changed and never taken out.
//!
//! Each row carries a digest over itself and the digest of the row before it (see [`crate::chain`]), so that a row that was
//! changed or taken out behind the program's back shows.

use jiff::Timestamp;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, Row, params};
use till_core::{Account, Fen, OutTradeNo, SaleId, Tally, VoidedPart, VoidedSums, ZsAside};

use crate::chain::{Digest, Link, RowText, Stretch, Walk};
use crate::migration::Migration;
use crate::table::bookings::Pages;
use crate::{StoreError, sql};

const TABLE: &str = "journal";

/// From this row on the ledger belongs to the account in it.
pub(crate) const ACCOUNT: &str = "account";

const BEFORE_THE_CHAIN: Migration = Migration {
    number: 2026112308,
    sql: "CREATE TABLE journal (
              id INTEGER PRIMARY KEY,
              at INTEGER NOT NULL, -- UTC milliseconds
              what TEXT NOT NULL,
              sale_id INTEGER,
              out_trade_no TEXT,
              detail TEXT NOT NULL
          ) STRICT;
          CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
          BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
          CREATE TRIGGER journal_is_not_overwritten BEFORE INSERT ON journal
          WHEN EXISTS (SELECT 1 FROM journal WHERE id = NEW.id)
          BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
          CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal
          BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;",
};

/// The table is made anew, so that no row can be without its digest; [`chain_old_rows`] brings the old rows over.
pub(crate) const CHAINED: Migration = Migration {
    number: 2026112401,
    sql: "DROP TRIGGER journal_is_not_changed;
          DROP TRIGGER journal_is_not_overwritten;
          DROP TRIGGER journal_is_not_shortened;
          ALTER TABLE journal RENAME TO journal_unchained;
          CREATE TABLE journal (
              id INTEGER PRIMARY KEY, -- 1, 2, 3 … without a gap
              at INTEGER NOT NULL, -- UTC milliseconds
              what TEXT NOT NULL,
              sale_id INTEGER,
              out_trade_no TEXT,
              detail TEXT NOT NULL,
              digest BLOB NOT NULL CHECK (length(digest) = 32) -- SHA-256 of this row and the digest before it
          ) STRICT;
          CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
          BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
          CREATE TRIGGER journal_is_not_overwritten BEFORE INSERT ON journal
          WHEN EXISTS (SELECT 1 FROM journal WHERE id = NEW.id)
          BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
          CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal
          BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;",
};

/// What is asked about an old Z must not be looked for in the years after it.
const BY_WHAT: Migration = Migration {
    number: 2026112491,
    sql: "CREATE INDEX journal_by_what ON journal (what);",
};

pub(crate) const MIGRATIONS: &[Migration] = &[BEFORE_THE_CHAIN, CHAINED, BY_WHAT];

/// One thing this till has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalRow {
    /// Running number.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// What, in one word.
    pub what: String,
    /// About which sale.
    pub sale: Option<SaleId>,
    /// About which order.
    pub out_trade_no: Option<OutTradeNo>,
    /// The rest, for a person.
    pub detail: String,
    /// Over this row and everything before it.
    pub digest: Digest,
}

/// Reads the journal.
#[derive(Debug, Clone, Copy)]
pub struct JournalRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Adds to the journal.
#[derive(Debug, Clone, Copy)]
pub struct JournalWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl JournalRead<'_> {
    /// To which account the ledger belongs; `None` where it does not say so yet.
    pub fn account(self) -> Result<Option<Account>, StoreError> {
        sql::first(
            self.conn,
            "SELECT detail FROM journal WHERE what = ?1 ORDER BY id DESC LIMIT 1",
            [ACCOUNT],
            |row| {
                let said: String = row.get(0)?;
                said.parse::<Account>()
                    .map_err(|error| StoreError::unreadable(TABLE, format!("\"{said}\" is {error}")))
            },
        )
    }

    /// The rows after this number, oldest first, at most so many. Start with 0.
    pub fn after(self, id: i64, limit: u32) -> Result<Vec<JournalRow>, StoreError> {
        sql::all(
            self.conn,
            "SELECT id, at, what, sale_id, out_trade_no, detail, digest FROM journal
             WHERE id > ?1 ORDER BY id LIMIT ?2",
            params![id, limit],
            |row| {
                let order: Option<String> = row.get(4)?;
                Ok(JournalRow {
                    id: row.get(0)?,
                    at: sql::time(TABLE, row, 1)?,
                    what: row.get(2)?,
                    sale: row.get::<_, Option<i64>>(3)?.map(SaleId),
                    out_trade_no: order.map(|text| sql::order_no(TABLE, &text)).transpose()?,
                    detail: row.get(5)?,
                    digest: Digest(row.get(6)?),
                })
            },
        )
    }

    /// How often each of these words stands on these pages, those that don't left out.
    pub fn count_on(self, pages: Pages, words: &[&str]) -> Result<Vec<(String, u32)>, StoreError> {
        let words = sql::to_json(TABLE, words)?;
        sql::all(
            self.conn,
            "SELECT what, count(*) FROM journal
             WHERE id > ?1 AND id <= ?2 AND what IN (SELECT value FROM json_each(?3)) GROUP BY what ORDER BY what",
            params![pages.from, pages.to, words],
            |row| Ok((row.get(0)?, sql::count(TABLE, row, 1)?)),
        )
    }

    /// What was taken out of carts on these pages.
    pub fn voided_on(self, pages: Pages) -> Result<VoidedSums, StoreError> {
        Ok(VoidedSums {
            lines: self.tally_on(pages, VoidedPart::Line.word())?,
            pieces: self.tally_on(pages, VoidedPart::Pieces.word())?,
        })
    }

    /// How often this word stands on these pages, and what the amounts come to with which its details begin.
    fn tally_on(self, pages: Pages, what: &str) -> Result<Tally, StoreError> {
        let amounts = sql::all(
            self.conn,
            "SELECT detail FROM journal WHERE what = ?1 AND id > ?2 AND id <= ?3",
            params![what, pages.from, pages.to],
            |row| {
                let detail: String = row.get(0)?;
                let amount = detail.split_once(": ").map_or("", |(amount, _)| amount);
                Fen::parse_yuan(amount)
                    .map_err(|error| StoreError::unreadable(TABLE, format!("{error}: {detail:?}")))
            },
        )?;
        Ok(Tally {
            count: i64::try_from(amounts.len()).unwrap_or(i64::MAX),
            sum: Fen::sum(amounts).map_err(|error| StoreError::unreadable(TABLE, error))?,
        })
    }

    /// The Zs that these pages tell of as lying in a ledger set aside, in the order of the rows.
    pub fn zs_aside_on(self, pages: Pages) -> Result<Vec<ZsAside>, StoreError> {
        sql::all(
            self.conn,
            "SELECT detail FROM journal WHERE what = ?1 AND id > ?2 AND id <= ?3 ORDER BY id",
            params![ZsAside::WORD, pages.from, pages.to],
            |row| {
                let detail: String = row.get(0)?;
                ZsAside::parse(&detail)
                    .ok_or_else(|| StoreError::unreadable(TABLE, format!("no Zs set aside: {detail:?}")))
            },
        )
    }

    /// How often this word stands after this row, its detail beginning so.
    pub fn count_after(self, row: i64, what: &str, detail_begins: &str) -> Result<u32, StoreError> {
        let count = sql::first(
            self.conn,
            "SELECT count(*) FROM journal WHERE id > ?1 AND what = ?2 AND substr(detail, 1, length(?3)) = ?3",
            params![row, what, detail_begins],
            |row| sql::count(TABLE, row, 0),
        )?;
        Ok(count.unwrap_or_default())
    }

    /// When the first row on these pages was written.
    pub fn first_at(self, pages: Pages) -> Result<Option<Timestamp>, StoreError> {
        sql::first(
            self.conn,
            "SELECT at FROM journal WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT 1",
            [pages.from, pages.to],
            |row| sql::time(TABLE, row, 0),
        )
    }

    /// The chain's last link: [`Link::START`] in an empty journal. Whoever writes it down elsewhere has a seal on everything
    /// up to here.
    pub fn last_link(self) -> Result<Link, StoreError> {
        let last = sql::first(
            self.conn,
            "SELECT id, digest FROM journal ORDER BY id DESC LIMIT 1",
            [],
            link,
        )?;
        Ok(last.unwrap_or(Link::START))
    }

    /// The link at a row; 0 is [`Link::START`], before the first row.
    pub fn link_at(self, row: i64) -> Result<Option<Link>, StoreError> {
        if row == Link::START.row {
            return Ok(Some(Link::START));
        }
        sql::first(
            self.conn,
            "SELECT id, digest FROM journal WHERE id = ?1",
            [row],
            link,
        )
    }

    /// Computes the digests of the rows after `from`, to the row `to` or to the end, and compares them with those that stand
    /// there. Rows are read one by one: the journal may hold years.
    pub fn verify(self, from: Link, to: Option<i64>) -> Result<Stretch, StoreError> {
        let mut walk = Walk::from(from);
        let mut statement = self.conn.prepare_cached(
            "SELECT id, at, what, sale_id, out_trade_no, detail, digest FROM journal
             WHERE id > ?1 AND id <= ?2 ORDER BY id",
        )?;
        let mut rows = statement.query(params![from.row, to.unwrap_or(i64::MAX)])?;
        while let Some(row) = rows.next()? {
            let text = row_text(row)?;
            let digest = row.get::<_, [u8; 32]>(6).ok().map(Digest);
            walk.step(&text, digest);
        }
        Ok(walk.end(to))
    }
}

impl JournalWrite<'_> {
    /// From now on the ledger belongs to this account.
    pub fn belongs_to(self, at: Timestamp, account: &Account) -> Result<(), StoreError> {
        self.add(at, ACCOUNT, None, None, &account.to_string())
    }

    /// Adds a row.
    pub fn add(
        self,
        at: Timestamp,
        what: &str,
        sale: Option<SaleId>,
        out_trade_no: Option<&OutTradeNo>,
        detail: &str,
    ) -> Result<(), StoreError> {
        let last = JournalRead { conn: self.conn }.last_link()?;
        let text = RowText {
            row: last.row + 1,
            at: sql::to_millis(at),
            what: what.as_bytes(),
            sale: sale.map(|sale| sale.0),
            out_trade_no: out_trade_no.map(|number| number.as_str().as_bytes()),
            detail: detail.as_bytes(),
        };
        sql::execute(
            self.conn,
            "INSERT INTO journal (id, at, what, sale_id, out_trade_no, detail, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                text.row,
                text.at,
                what,
                text.sale,
                out_trade_no.map(OutTradeNo::as_str),
                detail,
                text.digest(last.digest).0
            ],
        )?;
        Ok(())
    }
}

/// Gives the rows from before there was a chain their digests.
pub(crate) fn chain_old_rows(conn: &Connection) -> Result<(), rusqlite::Error> {
    let mut read = conn
        .prepare("SELECT id, at, what, sale_id, out_trade_no, detail FROM journal_unchained ORDER BY id")?;
    let mut insert = conn.prepare(
        "INSERT INTO journal (id, at, what, sale_id, out_trade_no, detail, digest)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let mut last = Link::START.digest;
    let mut rows = read.query([])?;
    while let Some(row) = rows.next()? {
        let text = row_text(row)?;
        last = text.digest(last);
        insert.execute(params![
            text.row,
            text.at,
            ToSqlOutput::Borrowed(row.get_ref(2)?),
            text.sale,
            ToSqlOutput::Borrowed(row.get_ref(4)?),
            ToSqlOutput::Borrowed(row.get_ref(5)?),
            last.0
        ])?;
    }
    drop(rows);
    drop(read);
    conn.execute_batch("DROP TABLE journal_unchained")
}

/// The bytes as they stand: what was changed behind our back need not be text any more.
fn row_text<'r>(row: &'r Row<'_>) -> Result<RowText<'r>, rusqlite::Error> {
    Ok(RowText {
        row: row.get(0)?,
        at: row.get(1)?,
        what: row.get_ref(2)?.as_bytes()?,
        sale: row.get(3)?,
        out_trade_no: row.get_ref(4)?.as_bytes_or_null()?,
        detail: row.get_ref(5)?.as_bytes()?,
    })
}

fn link(row: &Row<'_>) -> Result<Link, StoreError> {
    Ok(Link {
        row: row.get(0)?,
        digest: Digest(row.get(1)?),
    })
}
