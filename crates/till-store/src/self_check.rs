//! The self-check of a ledger: walks everything in it, through one read transaction, and changes nothing. What must hold
//! stands in [`till_core::self_check`]; here is how to get at it.
//!
//! A part that can't be read is a part that does not hold; the others are looked at all the same.

mod accounts;
mod books;
mod days;
mod drawer;
mod file;
mod orders;
mod records;
mod schema;

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use till_core::self_check::{About, Check, Part, SelfCheck, Wrong};

use crate::{OpenError, Read, StoreError, file_check};

/// The till may be writing.
const BUSY: Duration = Duration::from_secs(5);

/// Looks at one part of the ledger.
type Look = fn(&Connection, &mut Part) -> Result<(), StoreError>;

fn look(check: Check) -> Look {
    match check {
        Check::File => file::pages_and_parents,
        Check::Journal => books::chain,
        Check::Sales => books::nothing_is_gone,
        Check::Sums => orders::sums,
        Check::Orders => orders::columns_and_journal,
        Check::Goods => orders::goods,
        Check::Evidence => orders::evidence,
        Check::Refunds => orders::refunds,
        Check::Stock => books::stock,
        Check::Books => days::books,
        Check::Zs => days::zs,
        Check::Drawer => drawer::moves_and_shifts,
        Check::Records => records::told_by_the_journal,
        Check::Schema => schema::as_the_migrations_make_it,
    }
}

/// Checks the ledger in this file, which may be open in a till.
///
/// Damage is an answer, not an error. An error is a file that can't be looked at: not there, no right to, another version.
pub fn self_check(ledger: &Path) -> Result<SelfCheck, OpenError> {
    match open(ledger) {
        Ok(conn) => Ok(walk(&conn)),
        Err(OpenError::Damaged { what, .. }) => Ok(nothing_but_damage(&what)),
        Err(error @ (OpenError::Newer { .. } | OpenError::OtherAccount(_) | OpenError::Unusable(_))) => {
            Err(error)
        }
    }
}

impl Read<'_> {
    /// Checks everything through this connection. Somebody who writes meanwhile may look like a contradiction.
    #[must_use]
    pub fn self_check(self) -> SelfCheck {
        walk(self.conn)
    }
}

fn walk(conn: &Connection) -> SelfCheck {
    let parts = Check::ALL.map(|check| {
        let mut part = Part::new(check);
        if let Err(error) = look(check)(conn, &mut part) {
            part.note(Wrong::new(About::Ledger, "", error));
        }
        part
    });
    SelfCheck {
        parts: parts.into_iter().collect(),
    }
}

fn open(ledger: &Path) -> Result<Connection, OpenError> {
    let conn = file_check::open_as_it_is(ledger, BUSY)?;
    // One moment of the ledger, however long it takes: a till that sells meanwhile must not look like a contradiction.
    conn.execute_batch("BEGIN")
        .map_err(|error| OpenError::Unusable(error.to_string()))?;
    Ok(conn)
}

fn nothing_but_damage(what: &str) -> SelfCheck {
    let mut part = Part::new(Check::File);
    part.look(Some(Wrong::new(About::Ledger, "", what)));
    SelfCheck { parts: vec![part] }
}
