//! What was sent and received about an order, in the order it came; a run of the same answers is one row.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use till_core::{Evidence, OutRefundNo, OutTradeNo, Refund};

use crate::migration::Migration;
use crate::{StoreError, sql};

const TABLE: &str = "evidence";

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 2026112307,
        sql: "CREATE TABLE evidence (
              id INTEGER PRIMARY KEY,
              out_trade_no TEXT NOT NULL REFERENCES attempts (out_trade_no),
              first_at INTEGER NOT NULL, -- UTC milliseconds
              last_at INTEGER NOT NULL,
              count INTEGER NOT NULL CHECK (count > 0),
              kind TEXT NOT NULL,
              outcome TEXT NOT NULL,
              sign TEXT NOT NULL,
              request TEXT,
              answer TEXT
          ) STRICT;
          CREATE INDEX evidence_of_order ON evidence (out_trade_no);",
    },
    Migration {
        number: 2026112452,
        sql: "ALTER TABLE evidence ADD COLUMN out_refund_no TEXT REFERENCES refunds (out_refund_no);
          CREATE INDEX evidence_of_refund ON evidence (out_refund_no) WHERE out_refund_no IS NOT NULL;",
    },
];

/// Number of a row of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EvidenceId(pub i64);

/// Reads evidence.
#[derive(Debug, Clone, Copy)]
pub struct EvidenceRead<'c> {
    pub(crate) conn: &'c Connection,
}

/// Writes evidence.
#[derive(Debug, Clone, Copy)]
pub struct EvidenceWrite<'c> {
    pub(crate) conn: &'c Connection,
}

impl EvidenceRead<'_> {
    /// Everything about an order itself, in the order it came; what is about its refunds stands with each of them.
    pub fn of_order(self, out_trade_no: &OutTradeNo) -> Result<Vec<(EvidenceId, Evidence)>, StoreError> {
        sql::all(
            self.conn,
            "SELECT id, first_at, last_at, count, kind, outcome, sign, request, answer
             FROM evidence WHERE out_trade_no = ?1 AND out_refund_no IS NULL ORDER BY id",
            [out_trade_no.as_str()],
            evidence,
        )
    }

    /// The last row about an order: the run that the next answer may go on with.
    pub fn last_of_order(
        self,
        out_trade_no: &OutTradeNo,
    ) -> Result<Option<(EvidenceId, Evidence)>, StoreError> {
        sql::first(
            self.conn,
            "SELECT id, first_at, last_at, count, kind, outcome, sign, request, answer
             FROM evidence WHERE out_trade_no = ?1 AND out_refund_no IS NULL ORDER BY id DESC LIMIT 1",
            [out_trade_no.as_str()],
            evidence,
        )
    }

    /// Everything about a refund, in the order it came.
    pub fn of_refund(self, out_refund_no: &OutRefundNo) -> Result<Vec<(EvidenceId, Evidence)>, StoreError> {
        sql::all(
            self.conn,
            "SELECT id, first_at, last_at, count, kind, outcome, sign, request, answer
             FROM evidence WHERE out_refund_no = ?1 ORDER BY id",
            [out_refund_no.as_str()],
            evidence,
        )
    }
}

impl EvidenceWrite<'_> {
    /// Adds a row. The order must be there already.
    pub fn insert(self, out_trade_no: &OutTradeNo, evidence: &Evidence) -> Result<EvidenceId, StoreError> {
        self.add(out_trade_no, None, evidence)
    }

    /// Adds a row about a refund. It must be there already.
    pub fn insert_of_refund(self, refund: &Refund, evidence: &Evidence) -> Result<EvidenceId, StoreError> {
        self.add(&refund.out_trade_no, Some(&refund.out_refund_no), evidence)
    }

    fn add(
        self,
        out_trade_no: &OutTradeNo,
        out_refund_no: Option<&OutRefundNo>,
        evidence: &Evidence,
    ) -> Result<EvidenceId, StoreError> {
        sql::execute(
            self.conn,
            "INSERT INTO evidence (out_trade_no, first_at, last_at, count, kind, outcome, sign, request, answer,
                                   out_refund_no)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                out_trade_no.as_str(),
                sql::to_millis(evidence.first_at),
                sql::to_millis(evidence.last_at),
                evidence.count,
                sql::word(TABLE, &evidence.kind)?,
                evidence.outcome,
                sql::word(TABLE, &evidence.sign)?,
                evidence.request,
                evidence.answer,
                out_refund_no.map(OutRefundNo::as_str)
            ],
        )?;
        Ok(EvidenceId(self.conn.last_insert_rowid()))
    }

    /// Sets when the last of a run came and how many there were.
    pub fn set_run(self, id: EvidenceId, last_at: Timestamp, count: u32) -> Result<(), StoreError> {
        let touched = sql::execute(
            self.conn,
            "UPDATE evidence SET last_at = ?2, count = ?3 WHERE id = ?1",
            params![id.0, sql::to_millis(last_at), count],
        )?;
        if touched == 1 {
            Ok(())
        } else {
            Err(StoreError::unreadable(TABLE, format!("no row {}", id.0)))
        }
    }
}

fn evidence(row: &Row<'_>) -> Result<(EvidenceId, Evidence), StoreError> {
    let evidence = Evidence {
        first_at: sql::time(TABLE, row, 1)?,
        last_at: sql::time(TABLE, row, 2)?,
        count: sql::count(TABLE, row, 3)?,
        kind: sql::from_word(TABLE, row.get(4)?)?,
        outcome: row.get(5)?,
        sign: sql::from_word(TABLE, row.get(6)?)?,
        request: row.get(7)?,
        answer: row.get(8)?,
    };
    Ok((EvidenceId(row.get(0)?), evidence))
}
