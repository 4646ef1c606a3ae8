//! Sales and their orders, one by one: amounts, states, goods, and the evidence for every payment.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use till_core::self_check::{
    About, Part, Wrong, check_cash_refunds, check_evidence, check_goods, check_last_state, check_placed,
    check_reductions, check_sums,
};
use till_core::{Attempt, CashRefund, EarlierRefund, Fen, MoveKind, Sale, SaleId, Sold, StockHold};

use crate::table::attempts::{self, Columns};
use crate::table::sale_lines::SOLD_BELOW_LIST;
use crate::{Read, StoreError, sql};

/// Reads sale by sale, so that years fit into little memory; with each, whether cash was ever taken for it.
fn each_sale(
    conn: &Connection,
    mut look: impl FnMut(&Sale, bool) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT s.id, s.total_fee, s.stock, a.body,
                (SELECT sum(CASE kind WHEN 'sale' THEN amount_fen WHEN 'given_back' THEN -amount_fen END)
                 FROM cash_moves WHERE sale_id = s.id)
         FROM sales s LEFT JOIN attempts a ON a.sale_id = s.id ORDER BY s.id, a.nth",
    )?;
    let mut rows = statement.query([])?;
    let mut last: Option<(Sale, bool)> = None;
    while let Some(row) = rows.next()? {
        let id = SaleId(row.get(0)?);
        let attempt = match row.get_ref(3)? {
            ValueRef::Null => None,
            ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => {
                Some(body(row, 3)?)
            }
        };
        match &mut last {
            Some((sale, _)) if sale.id == id => sale.attempts.extend(attempt),
            Some(_) | None => {
                let cash: Option<i64> = row.get(4)?;
                let sale = Sale {
                    id,
                    total: sql::fen(row, 1)?,
                    cash: Fen::new(cash.unwrap_or_default()),
                    stock: sql::from_word::<StockHold>("sales", row.get(2)?)?,
                    attempts: attempt.into_iter().collect(),
                };
                if let Some((done, cash_moved)) = last.replace((sale, cash.is_some())) {
                    look(&done, cash_moved)?;
                }
            }
        }
    }
    match last {
        Some((sale, cash_moved)) => look(&sale, cash_moved),
        None => Ok(()),
    }
}

/// Reads order by order.
fn each_order(
    conn: &Connection,
    mut look: impl FnMut(&Row<'_>, &Attempt) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT a.body, a.out_trade_no, a.total_fee, a.state, a.is_final, a.placed_at, a.deadline, a.paid_at,
                a.transaction_id, j.placed, last.detail
         FROM attempts a
         LEFT JOIN (SELECT out_trade_no,
                           max(CASE WHEN what = 'placed' THEN detail END) AS placed,
                           max(CASE WHEN what = 'state' THEN id END) AS last_state
                    FROM journal WHERE out_trade_no IS NOT NULL GROUP BY out_trade_no) j
             ON j.out_trade_no = a.out_trade_no
         LEFT JOIN journal last ON last.id = j.last_state
         ORDER BY a.id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        look(row, &body(row, 0)?)?;
    }
    Ok(())
}

/// The body alone: whether the columns beside it agree is what is asked.
fn body(row: &Row<'_>, column: usize) -> Result<Attempt, StoreError> {
    let text: String = row.get(column)?;
    sql::from_json(attempts::TABLE, &text)
}

pub(super) fn sums(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    let read = Read { conn };
    let mut told = told_of_sales(conn, SOLD_BELOW_LIST)?;
    each_sale(conn, |sale, cash_moved| {
        let lines = read.sales().lines(sale.id)?;
        let sum = lines
            .iter()
            .map(till_core::Line::sum)
            .collect::<Result<Vec<Fen>, _>>();
        let told = told.remove(&sale.id).unwrap_or_default();
        let wrong = check_sums(sale, sum.and_then(Fen::sum), cash_moved);
        part.look(wrong.or_else(|| check_reductions(sale.id, &lines, &told)));
        Ok(())
    })?;
    each_order(conn, |row, attempt| {
        let placed: Option<String> = row.get(9)?;
        if let Some(wrong) = check_placed(attempt, placed.as_deref()) {
            part.note(wrong);
        }
        Ok(())
    })
}

pub(super) fn columns_and_journal(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    each_order(conn, |row, attempt| {
        let columns = Columns::of(attempt)?;
        let number: String = row.get(1)?;
        let said_and_stands = [
            ("state", columns.state.to_owned(), row.get(3)?),
            (
                "total_fee",
                attempt.total_fee.to_string(),
                sql::fen(row, 2)?.to_string(),
            ),
            (
                "is_final",
                columns.is_final.to_string(),
                row.get::<_, bool>(4)?.to_string(),
            ),
            (
                "placed_at",
                sql::to_millis(attempt.placed_at).to_string(),
                row.get::<_, i64>(5)?.to_string(),
            ),
            (
                "deadline",
                sql::to_millis(attempt.deadline).to_string(),
                row.get::<_, i64>(6)?.to_string(),
            ),
            ("paid_at", or_nothing(columns.paid_at), or_nothing(row.get(7)?)),
            (
                "transaction_id",
                columns.transaction_id.unwrap_or_default().to_owned(),
                row.get::<_, Option<String>>(8)?.unwrap_or_default(),
            ),
        ];
        let differs = said_and_stands
            .into_iter()
            .find(|(_, said, stands)| said != stands);
        let last: Option<String> = row.get(10)?;
        let wrong = if attempt.out_trade_no.as_str() != number {
            Some(Wrong::new(About::Order(number), &attempt.out_trade_no, ""))
        } else if let Some((column, said, stands)) = differs {
            let named = |value: String| format!("{column}: {value}");
            Some(Wrong::new(About::Order(number), named(said), named(stands)))
        } else {
            check_last_state(attempt, last.as_deref())
        };
        part.look(wrong);
        Ok(())
    })
}

fn or_nothing(millis: Option<i64>) -> String {
    millis.map_or_else(String::new, |millis| millis.to_string())
}

pub(super) fn goods(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    each_sale(conn, |sale, _| {
        part.look(check_goods(sale));
        Ok(())
    })
}

pub(super) fn evidence(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    let read = Read { conn };
    each_order(conn, |_, attempt| {
        if attempt.payment().is_some() {
            let rows = read.evidence().of_order(&attempt.out_trade_no)?;
            let rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
            part.look(check_evidence(attempt, &rows));
        }
        Ok(())
    })
}

/// Nobody gets back more than they paid, by WeChat or in cash.
pub(super) fn refunds(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    at_wechat(conn, part)?;
    in_cash(conn, part)
}

/// Every sale that cash was refunded of, by the rows, the drawer or the journal.
fn in_cash(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    let read = Read { conn };
    let mut told = told_in_journal(conn)?;
    let mut sales = read.cash_refunds().sales()?;
    sales.extend(told.keys());
    sales.sort_unstable();
    sales.dedup();
    for id in sales {
        let Some(stored) = read.sales().by_id(id)? else {
            part.look(Some(Wrong::new(About::Sale(id), "sale", "")));
            continue;
        };
        let mut at_wechat = Vec::new();
        for attempt in &stored.sale.attempts {
            let refunds = read.refunds().of_order(&attempt.out_trade_no)?;
            at_wechat.extend(refunds.into_iter().map(|it| EarlierRefund {
                refund: it.refund,
                // What a bill says bounds the next refund, not what was given before.
                on_bill: false,
                lines: it.lines,
            }));
        }
        let refunds = read.cash_refunds().of_sale(id)?;
        let refunds: Vec<CashRefund> = refunds.into_iter().map(|it| it.refund).collect();
        let moved = read.cash_moves().of_sale(id)?;
        let moved = moved.iter().filter(|it| it.kind == MoveKind::Refund);
        let moved: Vec<Fen> = moved.map(|it| it.amount).collect();
        let told = told.remove(&id).unwrap_or_default();
        let sold = Sold {
            lines: &read.sales().lines(id)?,
            stock: stored.sale.stock,
            refunds: &at_wechat,
            cash_refunds: &refunds,
        };
        part.look(check_cash_refunds(&stored.sale, &sold, &moved, &told));
    }
    Ok(())
}

/// What the journal says of refunds in cash, the reasons left out, by sale.
fn told_in_journal(conn: &Connection) -> Result<BTreeMap<SaleId, Vec<String>>, StoreError> {
    let mut told = told_of_sales(conn, "cash_refunded")?;
    for detail in told.values_mut().flatten() {
        if let Some((before_reason, _)) = detail.split_once(": ") {
            *detail = before_reason.to_owned();
        }
    }
    Ok(told)
}

/// What the journal says under one word, by sale.
fn told_of_sales(conn: &Connection, what: &str) -> Result<BTreeMap<SaleId, Vec<String>>, StoreError> {
    let rows = sql::all(
        conn,
        "SELECT sale_id, detail FROM journal WHERE what = ?1 AND sale_id IS NOT NULL ORDER BY id",
        [what],
        |row| Ok((SaleId(row.get(0)?), row.get::<_, String>(1)?)),
    )?;
    let mut told: BTreeMap<SaleId, Vec<String>> = BTreeMap::new();
    for (sale, detail) in rows {
        told.entry(sale).or_default().push(detail);
    }
    Ok(told)
}

/// What the schema forbids, looked at again by what the order says that it was paid.
fn at_wechat(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT a.body, sum(r.refund_fee)
         FROM refunds r JOIN attempts a ON a.out_trade_no = r.out_trade_no
         WHERE r.counts = 1 GROUP BY r.out_trade_no ORDER BY a.id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (attempt, given_back) = (body(row, 0)?, sql::fen(row, 1)?);
        let paid = attempt.payment().map_or(Fen::ZERO, |payment| payment.total_fee);
        let about = About::order(&attempt.out_trade_no);
        part.look((given_back > paid).then(|| Wrong::new(about, paid, given_back)));
    }
    Ok(())
}
