//! What came over the broker: each piece of news once, with what became of it. A row is written in the transaction of its
//! effect, so that news that comes again finds that it was heard already.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use sha2::{Digest as _, Sha256};

use crate::chain::Digest;
use crate::migration::Migration;
use crate::{StoreError, sql};

const TABLE: &str = "inbox";

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    number: 2026112421,
    sql: "CREATE TABLE inbox (
              id INTEGER PRIMARY KEY,
              digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32), -- SHA-256 of kind and fields
              kind TEXT NOT NULL,
              message_id TEXT NOT NULL, -- the broker's; empty when it had none
              out_trade_no TEXT, -- as the message names it: need not be an order of this ledger
              received_at INTEGER NOT NULL, -- UTC milliseconds
              became TEXT NOT NULL CHECK (became IN ('taken_in', 'kept', 'dead_letter')),
              reason TEXT CHECK ((reason IS NOT NULL) = (became = 'dead_letter')),
              fields TEXT NOT NULL -- JSON, as received: with the sign, so that it can be verified again
          ) STRICT;
          CREATE INDEX inbox_dead_letters ON inbox (id) WHERE became = 'dead_letter';",
}];

/// Number of a row of the inbox; later rows have higher ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InboxId(pub i64);

/// A message, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// What it is, in one word.
    pub kind: &'a str,
    /// The broker's number of it; empty when it had none.
    pub message_id: &'a str,
    /// The order it names, if it names one.
    pub out_trade_no: Option<&'a str>,
    /// What it says.
    pub fields: &'a BTreeMap<String, String>,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// An order has heard of it.
    TakenIn,
    /// Authentic, and nothing follows from it: it is kept.
    Kept,
    /// Of no use here: to the dead letters.
    DeadLetter {
        /// Why, as a short code.
        reason: String,
    },
}

/// A message and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxRow {
    /// Running number.
    pub id: InboxId,
    /// What it is, in one word.
    pub kind: String,
    /// The broker's number of it.
    pub message_id: String,
    /// The order it names.
    pub out_trade_no: Option<String>,
    /// When it came; of one that came again after it was of no use, the last time.
    pub received_at: Timestamp,
    /// What became of it.
    pub became: Became,
    /// What it says.
    pub fields: BTreeMap<String, String>,
}

/// Reads the inbox.
#[derive(Debug, Clone, Copy)]
pub struct InboxRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Writes into the inbox.
#[derive(Debug, Clone, Copy)]
pub struct InboxWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl Received<'_> {
    /// Names the news: the same kind and fields are the same news, whatever the broker calls it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut sha = Sha256::new();
        let mut text = |text: &str| {
            // A text is never longer than `isize::MAX`.
            sha.update((text.len() as u64).to_be_bytes());
            sha.update(text);
        };
        text(self.kind);
        for (name, value) in self.fields {
            text(name);
            text(value);
        }
        Digest(sha.finalize().into())
    }
}

impl InboxRead<'_> {
    /// What became of this news; `None` when it is new.
    pub fn became(self, digest: Digest) -> Result<Option<Became>, StoreError> {
        sql::first(
            self.conn,
            "SELECT became, reason FROM inbox WHERE digest = ?1",
            [digest.0],
            |row| became(row, 0, 1),
        )
    }

    /// Messages, the newest first, at most so many.
    pub fn latest(self, limit: u32) -> Result<Vec<InboxRow>, StoreError> {
        self.list("1", limit)
    }

    /// Dead letters, the newest first, at most so many.
    pub fn dead_letters(self, limit: u32) -> Result<Vec<InboxRow>, StoreError> {
        self.list("became = 'dead_letter'", limit)
    }

    /// How many dead letters came after this row, and the last of them.
    pub fn dead_letters_after(self, seen: InboxId) -> Result<(u32, InboxId), StoreError> {
        let found = sql::first(
            self.conn,
            "SELECT count(*), ifnull(max(id), ?1) FROM inbox WHERE became = 'dead_letter' AND id > ?1",
            [seen.0],
            |row| Ok((sql::count(TABLE, row, 0)?, InboxId(row.get(1)?))),
        )?;
        Ok(found.unwrap_or((0, seen)))
    }

    fn list(self, which: &str, limit: u32) -> Result<Vec<InboxRow>, StoreError> {
        sql::all(
            self.conn,
            &format!(
                "SELECT id, kind, message_id, out_trade_no, received_at, became, reason, fields
                 FROM inbox WHERE {which} ORDER BY id DESC LIMIT ?1"
            ),
            [limit],
            |row| {
                let fields: String = row.get(7)?;
                Ok(InboxRow {
                    id: InboxId(row.get(0)?),
                    kind: row.get(1)?,
                    message_id: row.get(2)?,
                    out_trade_no: row.get(3)?,
                    received_at: sql::time(TABLE, row, 4)?,
                    became: became(row, 5, 6)?,
                    fields: sql::from_json(TABLE, &fields)?,
                })
            },
        )
    }
}

impl InboxWrite<'_> {
    /// Writes a message down with what became of it. News that is there already gets a new fate in a new row, so that what
    /// was of no use and came again is found among the latest.
    pub fn put(self, at: Timestamp, message: &Received<'_>, became: &Became) -> Result<InboxId, StoreError> {
        let (word, reason) = match became {
            Became::TakenIn => ("taken_in", None),
            Became::Kept => ("kept", None),
            Became::DeadLetter { reason } => ("dead_letter", Some(reason.as_str())),
        };
        sql::execute(
            self.conn,
            "INSERT OR REPLACE INTO inbox
                 (id, digest, kind, message_id, out_trade_no, received_at, became, reason, fields)
             VALUES ((SELECT ifnull(max(id), 0) + 1 FROM inbox), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                message.digest().0,
                message.kind,
                message.message_id,
                message.out_trade_no,
                sql::to_millis(at),
                word,
                reason,
                sql::to_json(TABLE, message.fields)?
            ],
        )?;
        Ok(InboxId(self.conn.last_insert_rowid()))
    }
}

fn became(row: &Row<'_>, word: usize, reason: usize) -> Result<Became, StoreError> {
    let word: String = row.get(word)?;
    match (word.as_str(), row.get::<_, Option<String>>(reason)?) {
        ("taken_in", None) => Ok(Became::TakenIn),
        ("kept", None) => Ok(Became::Kept),
        ("dead_letter", Some(reason)) => Ok(Became::DeadLetter { reason }),
        (other, _) => Err(StoreError::unreadable(
            TABLE,
            format!("a message that became {other:?}"),
        )),
    }
}
