//! Migrations: each table's file has its own, they are carried out in the order of their numbers.

use rusqlite::Connection;

use crate::{StoreError, table};

/// One step of the schema.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    /// `yyyymmddnn`: the day it was written and a running number. Kept in `user_version`, so it must be higher than every
    /// number that was ever shipped.
    pub(crate) number: i32,
    pub(crate) sql: &'static str,
}

/// Marks the file as a till's, so that another program's database is not taken for one ("SCTL").
pub(crate) const APPLICATION_ID: i32 = 0x5343_544C;

/// All migrations, oldest first.
pub(crate) fn migrations() -> Vec<Migration> {
    let mut all = [
        table::settings::MIGRATIONS,
        table::products::MIGRATIONS,
        table::stock::MIGRATIONS,
        table::held_carts::MIGRATIONS,
        table::sales::MIGRATIONS,
        table::attempts::MIGRATIONS,
        table::evidence::MIGRATIONS,
        table::journal::MIGRATIONS,
        table::refunds::MIGRATIONS,
        table::bills::MIGRATIONS,
        table::bill_notes::MIGRATIONS,
        table::sign_offs::MIGRATIONS,
        table::inbox::MIGRATIONS,
        table::users::MIGRATIONS,
        table::shifts::MIGRATIONS,
        table::cash_moves::MIGRATIONS,
        table::bookings::MIGRATIONS,
        table::z_reports::MIGRATIONS,
    ]
    .concat();
    all.sort_by_key(|migration| migration.number);
    all
}

/// The last migration this program knows.
pub(crate) fn known() -> i32 {
    migrations().last().map_or(0, |migration| migration.number)
}

/// Carries out what the file has not yet gone through, all of it or nothing.
pub(crate) fn migrate(conn: &mut Connection) -> Result<(), rusqlite::Error> {
    let found: i32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found >= known() {
        return Ok(());
    }
    let transaction = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Read again under the lock: another process may have been faster.
    let found: i32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    for migration in migrations() {
        if migration.number > found {
            transaction.execute_batch(migration.sql)?;
            if migration.number == table::journal::CHAINED.number {
                // SQL alone can't compute a digest.
                table::journal::chain_old_rows(&transaction)?;
            }
            if migration.number == table::bookings::OPENED.number {
                table::bookings::book_old_rows(&transaction).map_err(|error| match error {
                    StoreError::NotSaved(error) | StoreError::Forbidden(error) => error,
                    other @ (StoreError::Unreadable { .. } | StoreError::OutOfStock { .. }) => {
                        rusqlite::Error::ToSqlConversionFailure(other.into())
                    }
                })?;
            }
            transaction.pragma_update(None, "user_version", migration.number)?;
        }
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Link, Read};

    #[test]
    fn every_migration_has_its_own_number() {
        let all = migrations();
        assert!(
            all.windows(2).all(|pair| pair[0].number < pair[1].number),
            "two migrations with one number would leave one of them out"
        );
    }

    #[test]
    fn a_second_run_changes_nothing() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn).unwrap();
        let schema = |conn: &Connection| -> String {
            conn.query_row("SELECT group_concat(sql) FROM sqlite_schema", [], |row| {
                row.get(0)
            })
            .unwrap()
        };
        let before = schema(&conn);
        migrate(&mut conn).unwrap();
        assert_eq!(schema(&conn), before, "a file that is up to date is left alone");
    }

    #[test]
    fn rows_from_before_the_chain_are_chained_and_stay_as_they_were() {
        let mut conn = Connection::open_in_memory().unwrap();
        for migration in migrations() {
            if migration.number < table::journal::CHAINED.number {
                conn.execute_batch(migration.sql).unwrap();
                conn.pragma_update(None, "user_version", migration.number)
                    .unwrap();
            }
        }
        conn.execute_batch(
            "INSERT INTO journal (at, what, sale_id, out_trade_no, detail) VALUES
                 (1000, 'products_imported', NULL, NULL, '3'),
                 (2000, 'placed', 1, 'T1-261123-000001-AAAA', '2.00'),
                 (3000, 'state', 1, 'T1-261123-000001-AAAA', 'placing -> awaiting_payment')",
        )
        .unwrap();
        migrate(&mut conn).unwrap();
        let journal = Read { conn: &conn }.journal();
        let rows = journal.after(0, 10).unwrap();
        let content: Vec<_> = rows
            .iter()
            .map(|row| {
                (
                    row.id,
                    row.at.as_millisecond(),
                    row.what.as_str(),
                    row.detail.as_str(),
                )
            })
            .collect();
        assert_eq!(
            content,
            [
                (1, 1000, "products_imported", "3"),
                (2, 2000, "placed", "2.00"),
                (3, 3000, "state", "placing -> awaiting_payment"),
            ],
            "no row is lost or changed on the way"
        );
        let stretch = journal.verify(Link::START, Some(3)).unwrap();
        assert!(stretch.holds(), "the old rows are a chain now: {stretch:?}");
        for statement in ["UPDATE journal SET detail = ''", "DELETE FROM journal"] {
            assert!(
                conn.execute(statement, []).is_err(),
                "the new table refuses what the old one refused: {statement}"
            );
        }
    }
}
