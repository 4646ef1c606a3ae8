//! The tables, indexes and triggers: the guards that keep a ledger append-only are part of it.

use std::collections::BTreeMap;

use rusqlite::Connection;
use till_core::self_check::{About, Part, Wrong};

use crate::{StoreError, migration, sql};

/// What the migrations make of an empty file, and nothing else.
pub(super) fn as_the_migrations_make_it(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    let mut made = Connection::open_in_memory()?;
    migration::migrate(&mut made)?;
    let mut found = objects(conn)?;
    for (name, text) in objects(&made)? {
        part.look(match found.remove(&name) {
            Some(it) if it == text => None,
            Some(_) => Some(Wrong::new(About::Ledger, &name, "altered")),
            None => Some(Wrong::new(About::Ledger, &name, "")),
        });
    }
    for name in found.into_keys() {
        part.note(Wrong::new(About::Ledger, "", name));
    }
    Ok(())
}

/// By kind and name, with the text that made it. SQLite's own are its own affair.
fn objects(conn: &Connection) -> Result<BTreeMap<String, String>, StoreError> {
    let rows = sql::all(
        conn,
        "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_'",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(rows.into_iter().collect())
}
