//! The closed days: each Z as it was made, sealed together with its stretch of the journal and the Z before it. Rows are
//! added, never changed and never taken out; their numbers have no gap but where a restore has written one down.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use sha2::{Digest as _, Sha256};
use till_core::{Fen, GrandTotals, Report, ShiftId, Tally, ZNumber};

use crate::chain::{Digest, Link};
use crate::migration::Migration;
use crate::table::bookings::Pages;
use crate::{Read, StoreError, sql};

const TABLE: &str = "z_reports";

pub(crate) const CREATED: Migration = Migration {
    number: 2026112462,
    sql: "CREATE TABLE z_reports (
              number INTEGER PRIMARY KEY, -- 1, 2, 3 … without a gap
              click TEXT NOT NULL UNIQUE, -- names the press of the button: a second one is the same Z
              closed_at INTEGER NOT NULL, -- UTC milliseconds
              net_fen INTEGER NOT NULL,
              bookings_to INTEGER NOT NULL, -- the last row of the books that is in it
              cash_moves_to INTEGER NOT NULL, -- the last movement of cash
              shifts_to INTEGER NOT NULL, -- the last shift that was closed by then
              journal_to INTEGER NOT NULL, -- the last row of the journal, and its digest
              journal_digest BLOB NOT NULL CHECK (length(journal_digest) = 32),
              body TEXT NOT NULL, -- JSON of till_core::Report, as it was made
              digest BLOB NOT NULL CHECK (length(digest) = 32) -- SHA-256 of all this and of the Z before
          ) STRICT;
          CREATE TRIGGER z_reports_have_no_gap BEFORE INSERT ON z_reports
          WHEN NEW.number <> ifnull((SELECT max(number) FROM z_reports), 0) + 1
          BEGIN SELECT RAISE(ABORT, 'a Z has the next number'); END;
          CREATE TRIGGER z_reports_are_not_changed BEFORE UPDATE ON z_reports
          BEGIN SELECT RAISE(ABORT, 'a Z stays as it was made'); END;
          CREATE TRIGGER z_reports_are_not_taken_out BEFORE DELETE ON z_reports
          BEGIN SELECT RAISE(ABORT, 'a Z stays as it was made'); END;",
};

/// Numbers that were used up in a ledger set aside are not given again: the journal's row about them begins with the last.
const OVER_THOSE_ASIDE: Migration = Migration {
    number: 2026112537,
    sql: "DROP TRIGGER z_reports_have_no_gap;
          CREATE TRIGGER z_reports_have_no_gap BEFORE INSERT ON z_reports
          WHEN NEW.number <> 1 + max(
              ifnull((SELECT max(number) FROM z_reports), 0),
              ifnull((SELECT max(CAST(detail AS INTEGER)) FROM journal WHERE what = 'zs_aside'), 0))
          BEGIN SELECT RAISE(ABORT, 'a Z has the next number'); END;",
};

pub(crate) const MIGRATIONS: &[Migration] = &[CREATED, OVER_THOSE_ASIDE];

/// How far the ledger is told by a Z: everything after it belongs to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToldUpTo {
    /// The last row of the books.
    pub bookings: i64,
    /// The last movement of cash.
    pub cash_moves: i64,
    /// The last shift that was closed.
    pub shifts: ShiftId,
    /// The last row of the journal.
    pub journal: Link,
}

/// The part of the ledger that a report tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Up to here the Zs before have told it.
    pub from: ToldUpTo,
    /// Up to here it goes.
    pub to: ToldUpTo,
}

/// A Z as it stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredZ {
    /// Its number.
    pub number: ZNumber,
    /// When it was made.
    pub closed_at: Timestamp,
    /// What it tells.
    pub report: Report,
    /// How far it tells it.
    pub up_to: ToldUpTo,
    /// The seal on it.
    pub digest: Digest,
}

/// Reads Zs.
#[derive(Debug, Clone, Copy)]
pub struct ZReportsRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Adds Zs.
#[derive(Debug, Clone, Copy)]
pub struct ZReportsWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl ToldUpTo {
    /// Before the first Z.
    pub const START: Self = Self {
        bookings: 0,
        cash_moves: 0,
        shifts: ShiftId(0),
        journal: Link::START,
    };
}

impl Told {
    /// The rows of the books.
    #[must_use]
    pub fn bookings(&self) -> Pages {
        Pages {
            from: self.from.bookings,
            to: self.to.bookings,
        }
    }

    /// The movements of cash.
    #[must_use]
    pub fn cash_moves(&self) -> Pages {
        Pages {
            from: self.from.cash_moves,
            to: self.to.cash_moves,
        }
    }

    /// The rows of the journal.
    #[must_use]
    pub fn journal(&self) -> Pages {
        Pages {
            from: self.from.journal.row,
            to: self.to.journal.row,
        }
    }
}

impl<'c> ZReportsRead<'c> {
    /// One of them.
    pub fn get(self, number: ZNumber) -> Result<Option<StoredZ>, StoreError> {
        sql::first(
            self.conn,
            &format!("{SELECT} WHERE number = ?1"),
            [number.0],
            stored,
        )
    }

    /// The last one.
    pub fn last(self) -> Result<Option<StoredZ>, StoreError> {
        sql::first(
            self.conn,
            &format!("{SELECT} ORDER BY number DESC LIMIT 1"),
            [],
            stored,
        )
    }

    /// The last number that was issued, here or in a ledger set aside, as far as this one knows.
    pub fn issued(self) -> Result<Option<ZNumber>, StoreError> {
        let last = sql::first(self.conn, ISSUED, [], |row| sql::count(TABLE, row, 0))?;
        Ok(last.filter(|number| *number > 0).map(ZNumber))
    }

    /// The number of the last one that stands here.
    pub fn last_number(self) -> Result<Option<ZNumber>, StoreError> {
        sql::first(
            self.conn,
            "SELECT number FROM z_reports ORDER BY number DESC LIMIT 1",
            [],
            |row| Ok(ZNumber(sql::count(TABLE, row, 0)?)),
        )
    }

    /// The one before a number, as they stand in the ledger.
    pub fn one_before(self, number: ZNumber) -> Result<Option<StoredZ>, StoreError> {
        Ok(self.before(Some(number), 1)?.pop())
    }

    /// The number of the one after it.
    pub fn number_after(self, number: ZNumber) -> Result<Option<ZNumber>, StoreError> {
        sql::first(
            self.conn,
            "SELECT number FROM z_reports WHERE number > ?1 ORDER BY number LIMIT 1",
            [number.0],
            |row| Ok(ZNumber(sql::count(TABLE, row, 0)?)),
        )
    }

    /// The latest time at which any Z before this one was made: by a clock that was set back since, it need not be the last.
    pub fn latest_close_before(self, number: ZNumber) -> Result<Option<Timestamp>, StoreError> {
        sql::first(
            self.conn,
            "SELECT closed_at FROM z_reports WHERE number < ?1 ORDER BY closed_at DESC LIMIT 1",
            [number.0],
            |row| sql::time(TABLE, row, 0),
        )
    }

    /// The one that this press of the button made.
    pub fn by_click(self, click: &str) -> Result<Option<ZNumber>, StoreError> {
        sql::first(
            self.conn,
            "SELECT number FROM z_reports WHERE click = ?1",
            [click],
            |row| Ok(ZNumber(sql::count(TABLE, row, 0)?)),
        )
    }

    /// Those before this one, or the last ones; newest first, at most so many.
    pub fn before(self, number: Option<ZNumber>, limit: u32) -> Result<Vec<StoredZ>, StoreError> {
        sql::all(
            self.conn,
            &format!("{SELECT} WHERE number < ?1 ORDER BY number DESC LIMIT ?2"),
            params![number.map_or(i64::MAX, |number| i64::from(number.0)), limit],
            stored,
        )
    }

    /// What a Z made now would tell of.
    pub fn untold(self) -> Result<Told, StoreError> {
        let read = Read { conn: self.conn };
        let from = self.last()?.map_or(ToldUpTo::START, |z| z.up_to);
        let to = ToldUpTo {
            bookings: read.bookings().last()?,
            cash_moves: read.cash_moves().last()?,
            shifts: read.shifts().last_closed()?.map_or(ShiftId(0), |shift| shift.id),
            journal: read.journal().last_link()?,
        };
        Ok(Told { from, to })
    }

    /// What a Z tells of.
    pub fn told_by(self, z: &StoredZ) -> Result<Told, StoreError> {
        let before = self.one_before(z.number)?;
        if !z
            .number
            .follows(before.as_ref().map(|before| before.number), &z.report.aside)
        {
            let what = format!("the Z before Z {} is gone", z.number.0);
            return Err(StoreError::unreadable(TABLE, what));
        }
        Ok(Told {
            from: before.map_or(ToldUpTo::START, |before| before.up_to),
            to: z.up_to,
        })
    }

    /// The sums over all Zs so far.
    pub fn totals(self) -> Result<GrandTotals, StoreError> {
        Ok(self
            .last()?
            .map_or_else(GrandTotals::default, |z| z.report.totals))
    }

    /// What stands there under each number, in order, and the seal that would have to stand there.
    pub(crate) fn each(
        self,
        mut look: impl FnMut(ZNumber, Digest, Result<StoredZ, StoreError>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut statement = self.conn.prepare_cached(&format!("{SELECT} ORDER BY number"))?;
        let mut rows = statement.query([])?;
        let mut before = Link::START.digest;
        while let Some(row) = rows.next()? {
            let number = ZNumber(sql::count(TABLE, row, 0)?);
            let computed = sealed(row, before)?;
            before = Digest(row.get(9)?);
            look(number, computed, stored(row))?;
        }
        Ok(())
    }
}

impl ZReportsWrite<'_> {
    /// Keeps a Z. Any number but the next, and a click that made one before, is [`StoreError::Forbidden`].
    pub fn keep(
        self,
        click: &str,
        number: ZNumber,
        report: &Report,
        net: Fen,
        up_to: ToldUpTo,
    ) -> Result<Digest, StoreError> {
        let before = ZReportsRead { conn: self.conn }
            .last()?
            .map_or(Link::START.digest, |z| z.digest);
        let body = sql::to_json(TABLE, report)?;
        let closed_at = sql::to_millis(report.head.to);
        let digest = seal(
            before,
            &Sealed {
                number: i64::from(number.0),
                closed_at,
                net: net.get(),
                bookings: up_to.bookings,
                cash_moves: up_to.cash_moves,
                shifts: up_to.shifts.0,
                journal: up_to.journal.row,
                journal_digest: up_to.journal.digest.0,
                body: body.as_bytes(),
            },
        );
        sql::execute(
            self.conn,
            "INSERT INTO z_reports (number, click, closed_at, net_fen, bookings_to, cash_moves_to, shifts_to,
                                    journal_to, journal_digest, body, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                number.0,
                click,
                closed_at,
                net.get(),
                up_to.bookings,
                up_to.cash_moves,
                up_to.shifts.0,
                up_to.journal.row,
                up_to.journal.digest.0,
                body,
                digest.0
            ],
        )?;
        Ok(digest)
    }
}

/// As the trigger has it: the journal's row about those aside begins with the last of them.
const ISSUED: &str = "SELECT max(
         ifnull((SELECT max(number) FROM z_reports), 0),
         ifnull((SELECT max(CAST(detail AS INTEGER)) FROM journal WHERE what = 'zs_aside'), 0))";

const SELECT: &str =
    "SELECT number, closed_at, net_fen, bookings_to, cash_moves_to, shifts_to, journal_to, journal_digest,
                             body, digest FROM z_reports";

/// What the seal is on, byte for byte as it stands in the table.
struct Sealed<'a> {
    number: i64,
    closed_at: i64,
    net: i64,
    bookings: i64,
    cash_moves: i64,
    shifts: i64,
    journal: i64,
    journal_digest: [u8; 32],
    body: &'a [u8],
}

/// SHA-256 over the digest before and everything of fixed length as eight bytes, big end first; the body comes last.
fn seal(before: Digest, it: &Sealed<'_>) -> Digest {
    let mut sha = Sha256::new();
    sha.update(before.0);
    for number in [
        it.number,
        it.closed_at,
        it.net,
        it.bookings,
        it.cash_moves,
        it.shifts,
        it.journal,
    ] {
        sha.update(number.to_be_bytes());
    }
    sha.update(it.journal_digest);
    sha.update(it.body);
    Digest(sha.finalize().into())
}

fn sealed(row: &Row<'_>, before: Digest) -> Result<Digest, StoreError> {
    Ok(seal(
        before,
        &Sealed {
            number: row.get(0)?,
            closed_at: row.get(1)?,
            net: row.get(2)?,
            bookings: row.get(3)?,
            cash_moves: row.get(4)?,
            shifts: row.get(5)?,
            journal: row.get(6)?,
            journal_digest: row.get(7)?,
            body: row.get_ref(8)?.as_bytes().map_err(rusqlite::Error::from)?,
        },
    ))
}

/// Number, time and net stand beside the body to be searched by; they must agree with it.
fn stored(row: &Row<'_>) -> Result<StoredZ, StoreError> {
    let number = ZNumber(sql::count(TABLE, row, 0)?);
    let closed_at = sql::time(TABLE, row, 1)?;
    let report: Report = sql::from_json(TABLE, &row.get::<_, String>(8)?)?;
    let net = report
        .takings
        .net()
        .map_err(|error| StoreError::unreadable(TABLE, error))?;
    let agrees = report.head.number == Some(number)
        && sql::to_millis(report.head.to) == sql::to_millis(closed_at)
        && net == sql::fen(row, 2)?;
    if !agrees {
        let what = format!("Z {} contradicts its body", number.0);
        return Err(StoreError::unreadable(TABLE, what));
    }
    Ok(StoredZ {
        number,
        closed_at,
        report,
        up_to: ToldUpTo {
            bookings: row.get(3)?,
            cash_moves: row.get(4)?,
            shifts: ShiftId(row.get(5)?),
            journal: Link {
                row: row.get(6)?,
                digest: Digest(row.get(7)?),
            },
        },
        digest: Digest(row.get(9)?),
    })
}

impl StoredZ {
    /// Sales of it.
    pub fn sold(&self) -> Result<Tally, StoreError> {
        self.report
            .takings
            .sold()
            .map_err(|error| StoreError::unreadable(TABLE, error))
    }
}
