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
        table::sale_lines::MIGRATIONS,
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
        table::cash_refunds::MIGRATIONS,
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
    use jiff::Timestamp;
    use till_core::{
        CashMove, EarlierRefund, Fen, FoundBy, Input, MoveKind, OutTradeNo, Part, Payment, PlaceAnswer,
        QueryAnswer, Refund, RefundAnswer, RefundBounds, RefundInput, RefundReason, RefundReport,
        RefundStatus, Sale, Shelf, Sold, StockHold, Timing,
    };

    use super::*;
    use crate::{Link, NewRefund, NewSale, Read, Tx, sql};

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

    fn schema_of(conn: &Connection) -> Vec<(String, Option<String>)> {
        sql::all(
            conn,
            "SELECT name, sql FROM sqlite_schema WHERE tbl_name NOT LIKE 'sqlite_%' ORDER BY name",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + seconds).unwrap()
    }

    fn sold(conn: &Connection, click: &str, fen: i64) -> Sale {
        let tx = Tx { conn };
        let id = tx
            .sales()
            .ring_up(&NewSale {
                click,
                total: Fen::new(fen),
                rung_up_at: at(0),
                lines: &[],
                by: None,
                shift: None,
            })
            .unwrap();
        Sale::rung_up(id, Fen::new(fen))
    }

    fn placed(conn: &Connection, nth: u32) -> Sale {
        let rung_up = sold(conn, &nth.to_string(), 500);
        let number = OutTradeNo::parse(&format!("T1-261123-{nth:06}-AAAA")).unwrap();
        let sale = Sale::new(rung_up.id, Fen::new(500), number, at(0), &Timing::default());
        Tx { conn }
            .attempts()
            .insert(sale.id, 0, &sale.attempts[0], "<xml/>")
            .unwrap();
        sale
    }

    fn fed(conn: &Connection, sale: Sale, now: Timestamp, input: Input) -> Sale {
        let order = sale.attempts[0].out_trade_no.clone();
        let (after, effects) = sale.clone().handle(now, &Timing::default(), &order, input);
        Tx { conn }.sales().save(&sale, &after, &effects).unwrap();
        after
    }

    fn paid(nth: u32) -> Input {
        Input::Query(QueryAnswer::Paid(Payment {
            transaction_id: format!("42{nth}"),
            total_fee: Fen::new(500),
            fee_type: "CNY".to_owned(),
            cash_fee: Fen::new(500),
            coupon_fee: Fen::ZERO,
            time_end: at(i64::from(nth)),
            found_by: FoundBy::Query,
        }))
    }

    fn cash(conn: &Connection, sale: &Sale, fen: i64) -> Sale {
        let taken = CashMove {
            at: at(9),
            kind: MoveKind::Sale,
            amount: Fen::new(fen),
            tendered: Some(Fen::new(fen)),
            sale: Some(sale.id),
            shift: None,
            by: None,
            reason: String::new(),
        };
        let (after, effects) = sale
            .clone()
            .take_cash(Fen::new(fen), at(9), &Timing::default())
            .unwrap();
        let tx = Tx { conn };
        tx.cash_moves()
            .add(&format!("cash {}", sale.id.0), &taken)
            .unwrap();
        tx.sales().save(sale, &after, &effects).unwrap();
        after
    }

    fn refunded(conn: &Connection, sale: &Sale, fen: i64, click: &str, answer: Option<RefundStatus>) {
        let order = &sale.attempts[0];
        let tx = Tx { conn };
        let earlier: Vec<EarlierRefund> = tx
            .read()
            .refunds()
            .of_order(&order.out_trade_no)
            .unwrap()
            .into_iter()
            .map(|it| EarlierRefund {
                refund: it.refund,
                lines: it.lines,
                on_bill: false,
            })
            .collect();
        let payment = order.payment().unwrap();
        let wish = RefundBounds::of(
            at(20),
            &order.out_trade_no,
            payment,
            &Sold {
                lines: &[],
                stock: StockHold::Sold,
                refunds: &earlier,
                cash_refunds: &[],
            },
        )
        .unwrap()
        .wish(Part::Amount(Fen::new(fen)))
        .unwrap();
        let mut refund = Refund::new(&wish, at(20));
        tx.refunds()
            .insert(&NewRefund {
                wish: &wish,
                refund: &refund,
                click,
                reason: &RefundReason::parse("瑕疵").unwrap(),
                approved_by: "店长",
                request: "{}",
            })
            .unwrap();
        let Some(status) = answer else { return };
        let refund_id = "50".to_owned();
        let report = RefundReport {
            refund_id: refund_id.clone(),
            refund_fee: Fen::new(fen),
            status,
            received_by: None,
        };
        for input in [
            RefundInput::Leaving,
            RefundInput::Sent(RefundAnswer::Accepted { refund_id }),
            RefundInput::Notified(report),
        ] {
            refund = refund.handle(at(21), &Timing::default(), input).0;
            tx.refunds().save(&refund, None).unwrap();
        }
    }

    /// About, subject, what, fen and when, as an entry has them.
    type Entry = (String, i64, String, i64, i64);

    /// Standing entries by what they are about, and how many rows there are in all.
    fn standing(conn: &Connection) -> (Vec<Entry>, i64) {
        let rows = sql::all(
            conn,
            "SELECT about, subject, what, amount_fen, at FROM bookings b WHERE reversed = 0 AND NOT EXISTS (
                 SELECT 1 FROM bookings l WHERE l.about = b.about AND l.subject = b.subject AND l.id > b.id)
             ORDER BY about, subject",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
        )
        .unwrap();
        let all = conn
            .query_row("SELECT count(*) FROM bookings", [], |row| row.get(0))
            .unwrap();
        (rows, all)
    }

    #[test]
    fn a_ledger_from_before_the_books_gets_exactly_its_standing_on_them() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn).unwrap();
        let of = |nth| fed(&conn, placed(&conn, nth), at(1), Input::CheckNow);
        let first = fed(&conn, of(1), at(2), paid(1));
        refunded(&conn, &first, 100, "r1", Some(RefundStatus::Processing));
        let second = fed(&conn, of(2), at(2), paid(2));
        refunded(&conn, &second, 100, "r2", Some(RefundStatus::Change));
        let third = fed(&conn, of(3), at(2), paid(3));
        refunded(&conn, &third, 100, "r3", Some(RefundStatus::Closed));
        let fourth = fed(&conn, of(4), at(2), paid(4));
        refunded(&conn, &fourth, 100, "r4", None);
        fed(&conn, of(5), at(2), Input::Query(QueryAnswer::Closed));
        let refused = PlaceAnswer::Refused {
            code: "NOAUTH".to_owned(),
        };
        fed(&conn, of(6), at(2), Input::Place(refused));
        of(7);
        let cancelled = |nth| {
            fed(
                &conn,
                fed(&conn, of(nth), at(2), Input::Cancel),
                at(400),
                paid(300 + nth),
            )
        };
        let late = cancelled(8);
        let number = late.attempts[0].out_trade_no.clone();
        let (adopted, effects) = late
            .clone()
            .adopt(&number, at(500), &Timing::default(), Shelf::Empty)
            .unwrap();
        Tx { conn: &conn }
            .sales()
            .save(&late, &adopted, &effects)
            .unwrap();
        let surplus = cancelled(9);
        let number = surplus.attempts[0].out_trade_no.clone();
        let (given_back, effects) = surplus.clone().give_back(&number).unwrap();
        Tx { conn: &conn }
            .sales()
            .save(&surplus, &given_back, &effects)
            .unwrap();
        cancelled(10);
        cash(&conn, &sold(&conn, "in cash", 300), 300);
        cash(&conn, &sold(&conn, "in part", 300), 100);
        let (written, rows) = standing(&conn);
        let words: Vec<&str> = written.iter().map(|(_, _, what, _, _)| what.as_str()).collect();
        assert_eq!(
            words,
            [
                "wechat_paid",
                "wechat_paid",
                "wechat_paid",
                "wechat_paid",
                "closed_otherwise",
                "refused",
                "wechat_late",
                "wechat_surplus",
                "refund",
                "refund_by_hand",
                "refund_closed",
                "cash_sale",
            ],
            "what a ledger with books has written down as it lived, 7 and 10 waiting"
        );
        assert!(
            rows > i64::try_from(written.len()).unwrap(),
            "with entries that were taken back on the way"
        );

        // The same ledger as the program of before would have it.
        let old = Connection::open_in_memory().unwrap();
        let before: Vec<Migration> = migrations()
            .into_iter()
            .filter(|it| it.number < table::bookings::OPENED.number)
            .collect();
        for migration in &before {
            old.execute_batch(migration.sql).unwrap();
        }
        table::journal::chain_old_rows(&old).unwrap();
        // Nothing was rung up line by line above: the lines' table is made as it was.
        let lines: String = old
            .query_row(
                "SELECT sql FROM sqlite_schema WHERE name = 'sale_lines'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        conn.execute_batch(&format!(
            "DROP TABLE bookings; DROP TABLE z_reports; DROP TABLE cash_refund_lines; DROP TABLE cash_refunds;
             DROP TRIGGER no_more_cash_goes_back_than_was_taken; DROP INDEX sales_by_total_fee;
             DROP INDEX journal_by_what; DROP TABLE sale_lines; {lines}",
        ))
        .unwrap();
        assert_eq!(
            schema_of(&conn),
            schema_of(&old),
            "that program's tables and no others"
        );
        conn.pragma_update(None, "user_version", before.last().unwrap().number)
            .unwrap();

        migrate(&mut conn).unwrap();
        let (booked, rows) = standing(&conn);
        assert_eq!(booked, written, "the same standing, entry by entry");
        assert_eq!(
            rows,
            i64::try_from(booked.len()).unwrap(),
            "each written once, without what was taken back long ago"
        );
        let check = Read { conn: &conn }.self_check();
        let books = check
            .parts
            .iter()
            .find(|part| part.check == till_core::self_check::Check::Books);
        assert!(
            books.is_some_and(|part| part.holds() && part.looked_at >= 14),
            "and the self-check finds the books right: {books:?}"
        );
    }
}
