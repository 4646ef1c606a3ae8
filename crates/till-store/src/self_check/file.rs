//! The file itself: every page, every index, every row's parent.

use rusqlite::Connection;
use till_core::self_check::{About, Part, WRONG_MAX, Wrong};

use crate::{StoreError, sql};

pub(super) fn pages_and_parents(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    let pages: i64 = conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    part.looked_at = u64::try_from(pages).unwrap_or_default();
    let verdicts = sql::all(conn, &format!("PRAGMA integrity_check({WRONG_MAX})"), [], |row| {
        Ok(row.get::<_, String>(0)?)
    })?;
    for verdict in verdicts.iter().filter(|verdict| *verdict != "ok") {
        part.note(Wrong::new(About::Ledger, "", verdict));
    }
    let orphans = sql::all(conn, "PRAGMA foreign_key_check", [], |row| {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        Ok(format!("a row in {table} whose row in {parent} is gone"))
    })?;
    for orphan in orphans {
        part.note(Wrong::new(About::Ledger, "", orphan));
    }
    Ok(())
}
