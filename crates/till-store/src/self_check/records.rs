//! People, accounts, refunds, bills and sign-offs: rows that are taken out by nobody, held against the journal that tells of
//! them.

use std::collections::BTreeMap;

use rusqlite::Connection;
use till_core::self_check::{About, Part, Wrong};

use super::accounts;
use crate::{Read, StoreError, sql};

pub(super) fn told_by_the_journal(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    people(conn, part)?;
    accounts::one_at_a_time(conn, part)?;
    for (about, query) in [
        (About::Order as fn(String) -> About, REFUNDS),
        (ledger, BILLS),
        (ledger, SIGN_OFFS),
    ] {
        let found = sql::all(conn, query, [], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, i64>(2)?,
            ))
        })?;
        for (what, told, stands) in found {
            let word = |count: i64| {
                if count == 0 {
                    String::new()
                } else {
                    format!("{what} × {count}")
                }
            };
            part.look((told != stands).then(|| Wrong::new(about(what.clone()), word(told), word(stands))));
        }
    }
    Ok(())
}

fn ledger(_: String) -> About {
    About::Ledger
}

/// How often the journal tells of each, and how often it stands there.
const REFUNDS: &str = "SELECT number, sum(told), sum(stands) FROM (
         SELECT substr(detail, 1, instr(detail || ' ', ' ') - 1) AS number, 1 AS told, 0 AS stands
         FROM journal WHERE what = 'refund_wished'
         UNION ALL SELECT out_refund_no, 0, 1 FROM refunds)
     GROUP BY number ORDER BY number";

const BILLS: &str = "SELECT what, sum(told), sum(stands) FROM (
         SELECT what || ' ' || substr(detail, 1, 10) AS what, 1 AS told, 0 AS stands
         FROM journal WHERE what IN ('bill_fetched', 'bill_imported')
         UNION ALL SELECT 'bill_' || source || ' ' || bill_date, 0, 1 FROM bills)
     GROUP BY what ORDER BY what";

const SIGN_OFFS: &str = "SELECT what, sum(told), sum(stands) FROM (
         SELECT what || ' ' || substr(detail, 1, 10) AS what, 1 AS told, 0 AS stands
         FROM journal WHERE what = 'bill_signed_off'
         UNION ALL SELECT 'bill_signed_off ' || bill_date, 0, 1 FROM sign_offs)
     GROUP BY what ORDER BY what";

/// As many people as were added, and each on duty has the role that was given to them last.
fn people(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    let rows = sql::all(
        conn,
        "SELECT what, detail FROM journal WHERE what IN ('user_added', 'user_changed') ORDER BY id",
        [],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)),
    )?;
    let mut added = 0_i64;
    let mut said: BTreeMap<String, String> = BTreeMap::new();
    for (what, detail) in rows {
        added += i64::from(what == "user_added");
        // "name, Role; approved by …", with ", a new PIN" between them where there is one.
        let given = detail
            .rsplit_once("; approved by ")
            .map_or(detail.as_str(), |(given, _)| given);
        let given = given.strip_suffix(", a new PIN").unwrap_or(given);
        if let Some((name, role)) = given.rsplit_once(", ") {
            said.insert(name.to_owned(), role.to_owned());
        }
    }
    let stands: i64 = conn.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?;
    if added != stands {
        let word = |count: i64| format!("user_added × {count}");
        part.note(Wrong::new(About::Ledger, word(added), word(stands)));
    }
    for user in (Read { conn }).users().on_duty()? {
        let name = user.name.to_string();
        let (role, told) = (format!("{:?}", user.role), said.get(&name));
        let wrong = || {
            let word = |role: &str| format!("{name}, {role}");
            Wrong::new(
                About::Ledger,
                told.map(|role| word(role)).unwrap_or_default(),
                word(&role),
            )
        };
        part.look((told != Some(&role)).then(wrong));
    }
    Ok(())
}
