//! The drawer: each movement of cash against the journal, each shift against what moved and was counted in it, and a Z's
//! drawer against both.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};
use till_core::self_check::{About, Part, Wrong};
use till_core::{CashMove, Drawer, Fen, MoneyError, NamedMove, SaleId, Shift, ShiftId, ShiftLine, ShiftSums};

use crate::{Read, StoreError, StoredZ, Told, sql};

pub(super) fn moves_and_shifts(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    moves(conn, part)?;
    shifts(conn, part)
}

/// What a movement and its row in the journal have in common: what, when, how much and for which sale.
type Moved = (String, i64, String, Option<i64>);

/// Each movement was written with its row of the journal, in one transaction: both lists are in the same order, so that
/// what has not found its other half yet is little. A refund's row has other words and its place on the books.
fn moves(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    let mut told = conn.prepare_cached(
        "SELECT what, at, detail, sale_id FROM journal
         WHERE what IN ('cash_taken', 'cash_given_back', 'cash_in', 'cash_out') ORDER BY id",
    )?;
    let mut moved = conn.prepare_cached(
        "SELECT CASE kind WHEN 'sale' THEN 'cash_taken' WHEN 'given_back' THEN 'cash_given_back'
                          WHEN 'paid_in' THEN 'cash_in' ELSE 'cash_out' END, at, amount_fen, sale_id
         FROM cash_moves WHERE kind <> 'refund' ORDER BY id",
    )?;
    let (mut told, mut moved) = (told.query([])?, moved.query([])?);
    // Above zero: told of more often than it stands there.
    let mut open: BTreeMap<Moved, i64> = BTreeMap::new();
    loop {
        let one = told.next()?.map(told_of).transpose()?;
        let other = moved.next()?.map(written).transpose()?;
        if one.is_none() && other.is_none() {
            break;
        }
        for (it, count) in [(one, 1), (other, -1)] {
            let Some(it) = it else { continue };
            if count < 0 {
                part.look(None);
            }
            let balance = open.entry(it.clone()).or_default();
            *balance += count;
            if *balance == 0 {
                open.remove(&it);
            }
        }
    }
    for ((what, at, amount, sale), balance) in open {
        let about = sale.map_or(About::Ledger, |id| About::Sale(SaleId(id)));
        let at = jiff::Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |at| at.to_string());
        let word = format!("{what} {amount} {at}");
        part.note(if balance > 0 {
            Wrong::new(about, word, "")
        } else {
            Wrong::new(about, "", word)
        });
    }
    Ok(())
}

/// The amount stands first in a row's detail.
fn told_of(row: &Row<'_>) -> Result<Moved, StoreError> {
    let detail: String = row.get(2)?;
    let amount = detail.split([',', ':']).next().unwrap_or_default();
    Ok((row.get(0)?, row.get(1)?, amount.to_owned(), row.get(3)?))
}

fn written(row: &Row<'_>) -> Result<Moved, StoreError> {
    Ok((
        row.get(0)?,
        row.get(1)?,
        sql::fen(row, 2)?.to_string(),
        row.get(3)?,
    ))
}

/// What the journal says last of a shift's beginning, count and end.
#[derive(Default)]
struct ToldShift {
    opened: String,
    counted: String,
    closed: String,
}

fn shifts(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    let rows = sql::all(
        conn,
        "SELECT what, detail FROM journal
         WHERE what IN ('shift_opened', 'shift_counted', 'shift_closed') ORDER BY id",
        [],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)),
    )?;
    let mut told: BTreeMap<i64, ToldShift> = BTreeMap::new();
    for (what, detail) in rows {
        let id = detail.split_once(": ").and_then(|(id, _)| id.parse().ok());
        let shift = told.entry(id.unwrap_or_default()).or_default();
        match what.as_str() {
            "shift_opened" => shift.opened = detail,
            "shift_counted" => shift.counted = detail,
            _ => shift.closed = detail,
        }
    }
    let read = Read { conn };
    for shift in read.shifts().after(ShiftId(0))? {
        let said = told.remove(&shift.id.0).unwrap_or_default();
        part.look(check_shift(read, &shift, &said)?);
    }
    for id in told.into_keys() {
        part.note(Wrong::new(About::Shift(id), "shift", ""));
    }
    Ok(())
}

/// Begun, counted and closed as the journal says, and what should have been there is what follows from the movements.
fn check_shift(read: Read<'_>, shift: &Shift, said: &ToldShift) -> Result<Option<Wrong>, StoreError> {
    let about = || About::Shift(shift.id.0);
    let begun = format!(", float {}", shift.float);
    if !said.opened.ends_with(&begun) {
        return Ok(Some(Wrong::new(about(), &said.opened, begun)));
    }
    let Some(end) = &shift.end else {
        return Ok((!said.closed.is_empty()).then(|| Wrong::new(about(), &said.closed, "")));
    };
    let counted = end.count.total().map_err(out_of_range)?;
    let count = format!(", counted {counted}, expected {}", end.expected);
    if !said.counted.ends_with(&count) {
        return Ok(Some(Wrong::new(about(), &said.counted, count)));
    }
    let left = format!(", left {}", end.left);
    if !said.closed.ends_with(&left) {
        return Ok(Some(Wrong::new(about(), &said.closed, left)));
    }
    let moves = read.cash_moves().of_shift(shift.id)?;
    let added_up = expected(shift.float, &moves)?;
    Ok((added_up != end.expected).then(|| Wrong::new(about(), added_up, end.expected)))
}

/// The movements and shifts in a Z are those that stand in the ledger.
pub(super) fn check_z(read: Read<'_>, z: &StoredZ, told: &Told) -> Result<Option<Wrong>, StoreError> {
    let about = || About::Z(z.number);
    let drawer = &z.report.drawer;
    let cash = read.cash_moves().on(told.cash_moves())?;
    let added_up = Drawer::of(cash.into_iter().map(|it| (it, String::new()))).map_err(out_of_range)?;
    for (one, other) in [
        (added_up.taken, drawer.taken),
        (added_up.given_back, drawer.given_back),
        (added_up.paid_in, drawer.paid_in),
        (added_up.paid_out, drawer.paid_out),
    ] {
        if one != other {
            let word = |it: till_core::Tally| format!("cash {} × {}", it.count, it.sum);
            return Ok(Some(Wrong::new(about(), word(one), word(other))));
        }
    }
    let named = |moves: &[NamedMove]| -> Vec<_> {
        let one = |it: &NamedMove| (sql::to_millis(it.at), it.kind, it.amount, it.reason.clone());
        moves.iter().map(one).collect()
    };
    if named(&added_up.moves) != named(&drawer.moves) {
        let reasons = |moves: &[NamedMove]| {
            let reasons: Vec<_> = moves.iter().map(|it| it.reason.as_str()).collect();
            reasons.join(", ")
        };
        return Ok(Some(Wrong::new(
            about(),
            reasons(&added_up.moves),
            reasons(&drawer.moves),
        )));
    }
    for line in &drawer.shifts {
        let wrong = match read.shifts().by_id(line.id)? {
            None => Some(String::new()),
            Some(shift) => differs(read, &shift, line, told)?,
        };
        if let Some(found) = wrong {
            return Ok(Some(Wrong::new(about(), format!("shift {}", line.id.0), found)));
        }
    }
    let closed = |id: i64| {
        drawer
            .shifts
            .iter()
            .any(|it| it.id.0 == id && it.closed_at.is_some())
    };
    let missing = (told.from.shifts.0.saturating_add(1)..=told.to.shifts.0).find(|id| !closed(*id));
    Ok(missing.map(|id| Wrong::new(about(), format!("shift {id}"), "")))
}

/// What differs between a shift and a Z's line about it. One that went on when the Z was made is held against what had
/// moved by then.
fn differs(
    read: Read<'_>,
    shift: &Shift,
    line: &ShiftLine,
    told: &Told,
) -> Result<Option<String>, StoreError> {
    let begun = (sql::to_millis(shift.opened_at), shift.float);
    if begun != (sql::to_millis(line.opened_at), line.float) {
        return Ok(Some(format!("float {}", shift.float)));
    }
    let stands = match (&shift.end, line.closed_at) {
        (_, None) => {
            let moves = read.cash_moves().of_shift_up_to(shift.id, told.to.cash_moves)?;
            let expected = expected(shift.float, &moves)?;
            return Ok((expected != line.expected).then(|| format!("expected {expected}")));
        }
        (None, Some(_)) => return Ok(Some(String::new())),
        (Some(end), Some(_)) => (
            Some(sql::to_millis(end.at)),
            end.expected,
            Some(end.count.total().map_err(out_of_range)?),
            Some(end.left),
            end.note.as_str(),
            end.approved_by.as_deref(),
            end.count.pieces(),
        ),
    };
    // Zs from before these were written down have neither.
    let old = line.count.pieces().is_empty() && line.approved_by.is_none();
    let (approved_by, pieces) = if old {
        (stands.5, stands.6)
    } else {
        (line.approved_by.as_deref(), line.count.pieces())
    };
    let says = (
        line.closed_at.map(sql::to_millis),
        line.expected,
        line.counted,
        line.left,
        line.note.as_str(),
        approved_by,
        pieces,
    );
    Ok((stands != says).then(|| format!("{stands:?}")))
}

fn expected(float: Fen, moves: &[CashMove]) -> Result<Fen, StoreError> {
    ShiftSums::of(float, moves)
        .and_then(|sums| sums.expected())
        .map_err(out_of_range)
}

fn out_of_range(error: MoneyError) -> StoreError {
    StoreError::unreadable("cash_moves", error)
}
