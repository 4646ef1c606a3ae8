//! The journal's chain, the sales that something speaks of, and the stock.

use rusqlite::Connection;
use till_core::SaleId;
use till_core::self_check::{About, Part, Wrong};

use crate::{Break, Link, Read, StoreError, sql};

pub(super) fn chain(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    let stretch = Read { conn }.journal().verify(Link::START, None)?;
    part.looked_at = stretch.rows;
    for broken in stretch.breaks {
        part.note(match broken {
            Break::Altered { row } => {
                let about = About::Journal {
                    first: row,
                    last: row,
                };
                Wrong::new(about, "as it was written", "altered")
            }
            Break::Missing { first, last } => {
                Wrong::new(About::Journal { first, last }, "as it was written", "")
            }
        });
    }
    Ok(())
}

/// Sales are never taken out: whatever lines, orders, cash, evidence or the journal speak of is there, and every sale has
/// lines, and an order or cash.
pub(super) fn nothing_is_gone(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    let sales: i64 = conn.query_row("SELECT count(*) FROM sales", [], |row| row.get(0))?;
    part.looked_at = u64::try_from(sales).unwrap_or_default();
    let gone = sql::all(
        conn,
        "SELECT sale_id FROM (SELECT sale_id FROM sale_lines
                              UNION SELECT sale_id FROM attempts
                              UNION SELECT sale_id FROM cash_moves WHERE sale_id IS NOT NULL
                              UNION SELECT sale_id FROM journal WHERE sale_id IS NOT NULL)
         WHERE sale_id NOT IN (SELECT id FROM sales) ORDER BY sale_id",
        [],
        |row| Ok(row.get(0)?),
    )?;
    for id in gone {
        part.note(Wrong::new(About::Sale(SaleId(id)), "sale", ""));
    }
    let gone = sql::all(
        conn,
        "SELECT out_trade_no FROM (SELECT out_trade_no FROM evidence
                                   UNION SELECT out_trade_no FROM journal WHERE out_trade_no IS NOT NULL)
         WHERE out_trade_no NOT IN (SELECT out_trade_no FROM attempts) ORDER BY out_trade_no",
        [],
        |row| Ok(row.get(0)?),
    )?;
    for number in gone {
        part.note(Wrong::new(About::Order(number), "order", ""));
    }
    let asked_for =
        "SELECT sale_id FROM attempts UNION SELECT sale_id FROM cash_moves WHERE sale_id IS NOT NULL";
    for (what, of) in [("lines", "SELECT sale_id FROM sale_lines"), ("order", asked_for)] {
        let without = sql::all(
            conn,
            &format!("SELECT id FROM sales WHERE id NOT IN ({of}) ORDER BY id"),
            [],
            |row| Ok(row.get(0)?),
        )?;
        for id in without {
            part.note(Wrong::new(About::Sale(SaleId(id)), what, ""));
        }
    }
    Ok(())
}

pub(super) fn stock(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    let read = Read { conn };
    let rows = read.stock().all()?;
    part.looked_at = u64::try_from(rows.len()).unwrap_or_default();
    let name = |id: i64| -> Result<About, StoreError> {
        let name = sql::first(conn, "SELECT name FROM products WHERE id = ?1", [id], |row| {
            Ok(row.get::<_, String>(0)?)
        })?;
        Ok(About::Product(name.unwrap_or_else(|| id.to_string())))
    };
    for drift in read.stock().drift()? {
        part.note(Wrong::new(
            name(drift.row.product.0)?,
            format!("sold {}, reserved {}", drift.sold_in_sales, drift.held_in_sales),
            format!("sold {}, reserved {}", drift.row.sold, drift.row.reserved),
        ));
    }
    for row in rows {
        if let Some(left) = row.available().filter(|left| *left < 0) {
            part.note(Wrong::new(name(row.product.0)?, "at least 0", left));
        }
    }
    let without = sql::all(
        conn,
        "SELECT id FROM products WHERE id NOT IN (SELECT product_id FROM stock)
         UNION SELECT product_id FROM sale_lines WHERE product_id NOT IN (SELECT product_id FROM stock)",
        [],
        |row| Ok(row.get(0)?),
    )?;
    for id in without {
        part.note(Wrong::new(name(id)?, "stock", ""));
    }
    Ok(())
}
