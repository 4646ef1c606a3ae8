//! The ledger's account: noted in the journal alone, whose chain holds it; here is whether it was ever exchanged where
//! something was in the ledger already.

use rusqlite::Connection;
use till_core::self_check::{About, Part, Wrong};
use till_core::{Account, AccountError, Holdings};

use crate::table::journal::ACCOUNT;
use crate::{StoreError, sql};

pub(super) fn one_at_a_time(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    let rows = sql::all(
        conn,
        "SELECT id, at, detail FROM journal WHERE what = ?1 ORDER BY id",
        [ACCOUNT],
        |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, String>(2)?,
            ))
        },
    )?;
    let mut ledger: Option<Account> = None;
    for (row, at, said) in rows {
        let asked: Result<Account, AccountError> = said.parse();
        let Ok(asked) = asked else {
            part.look(Some(wrong(row, ledger.as_ref(), &said)));
            continue;
        };
        let goes_on = asked.goes_on_with(ledger.as_ref(), held_before(conn, row, at)?);
        part.look(goes_on.is_err().then(|| wrong(row, ledger.as_ref(), &said)));
        ledger = Some(asked);
    }
    Ok(())
}

fn wrong(row: i64, expected: Option<&Account>, found: &str) -> Wrong {
    let about = About::Journal {
        first: row,
        last: row,
    };
    Wrong::new(
        about,
        expected.map_or_else(String::new, Account::to_string),
        found,
    )
}

/// What was in the ledger when this row of the journal was written.
fn held_before(conn: &Connection, row: i64, at: i64) -> Result<Holdings, StoreError> {
    Ok(Holdings {
        orders: conn.query_row(
            "SELECT EXISTS (SELECT 1 FROM journal j JOIN attempts a USING (out_trade_no)
                            WHERE j.id < ?1 AND j.what = 'placed' AND a.state <> 'refused')",
            [row],
            |row| row.get(0),
        )?,
        cash: conn.query_row(
            "SELECT EXISTS (SELECT 1 FROM cash_moves WHERE at < ?1)",
            [at],
            |row| row.get(0),
        )?,
    })
}
