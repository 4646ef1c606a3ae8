//! The books against the orders, refunds and cash they are about, and each Z against the books and its seals.

use std::collections::BTreeMap;

use rusqlite::Connection;
use till_core::self_check::{About, Part, Wrong};
use till_core::{Booking, Calendar, Report, SaleId, Takings, VoidedSums, ZNumber, ZsAside};

use super::drawer;
use crate::table::attempts;
use crate::table::bookings::About as BookedAbout;
use crate::{Pages, Read, StoreError, StoredZ, Told, ToldUpTo, sql};

/// Whatever is on the books is what follows from the orders, refunds and cash; nothing more and nothing less.
pub(super) fn books(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    let read = Read { conn };
    let mut statement =
        conn.prepare_cached("SELECT out_trade_no, total_fee, body, id FROM attempts ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let attempt = attempts::attempt(row, 0, 1, 2)?;
        let found = read.bookings().about(BookedAbout::Order(row.get(3)?))?;
        let about = About::order(&attempt.out_trade_no);
        part.look(differ(about, attempt.booked(), found));
    }
    for (id, stored) in read.refunds().with_ids()? {
        let found = read.bookings().about(BookedAbout::Refund(id))?;
        let about = About::Order(stored.refund.out_refund_no.to_string());
        part.look(differ(about, stored.refund.booked(), found));
    }
    let with_cash = sql::all(
        conn,
        "SELECT sale_id FROM cash_moves WHERE kind = 'sale' UNION SELECT subject FROM bookings WHERE about = 'sale'",
        [],
        |row| Ok(SaleId(row.get(0)?)),
    )?;
    for id in with_cash {
        let found = read.bookings().about(BookedAbout::Sale(id))?;
        let Some(stored) = read.sales().by_id(id)? else {
            part.look(found.map(|found| Wrong::new(About::Sale(id), "", in_words(Some(&found)))));
            continue;
        };
        let paid_at = sql::first(
            conn,
            "SELECT paid_at FROM sales WHERE id = ?1",
            [id.0],
            |row| match row.get::<_, Option<i64>>(0)? {
                Some(_) => sql::time("sales", row, 0).map(Some),
                None => Ok(None),
            },
        )?;
        part.look(differ(
            About::Sale(id),
            stored.sale.cash_booked(paid_at.flatten()),
            found,
        ));
    }
    for sale in read.cash_refunds().sales()? {
        let stored = read.cash_refunds().of_sale(sale)?;
        for (id, stored) in read.cash_refunds().ids(sale)?.into_iter().zip(stored) {
            let found = read.bookings().about(BookedAbout::CashRefund(id))?;
            part.look(differ(
                About::Sale(sale),
                Some(stored.refund.booked(stored.at)),
                found,
            ));
        }
    }
    entries(conn, part)
}

/// Entries are about something that is there, each is taken back as it was written before the next, and none is gone.
fn entries(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    let about = |id: i64, about: String, subject: i64| {
        let word = format!("{about} {subject}");
        match about.as_str() {
            "sale" => Ok((id, About::Sale(SaleId(subject)), word)),
            // Named by its movement; whether it is one of a sale is looked at among the refunds.
            "cash_refund" => Ok((id, About::Ledger, word)),
            _ => Ok((id, named(conn, &about, subject)?, word)),
        }
    };
    let wrong = |query: &str| {
        sql::all(conn, query, [], |row| {
            about(row.get(0)?, row.get(1)?, row.get(2)?)
        })
    };
    for (id, _, word) in wrong(ABOUT_NOTHING)? {
        part.note(Wrong::new(About::Ledger, "", format!("books {id}: {word}")));
    }
    for (id, about, word) in wrong(OUT_OF_TURN)? {
        part.note(Wrong::new(about, "", format!("books {id}: {word}")));
    }
    let gone = sql::all(conn, GONE, [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?;
    for (first, last) in gone {
        part.note(Wrong::new(About::Ledger, format!("books {first} – {last}"), ""));
    }
    Ok(())
}

/// The number of an order or refund, by the number of its row.
fn named(conn: &Connection, about: &str, subject: i64) -> Result<About, StoreError> {
    let query = match about {
        "order" => "SELECT out_trade_no FROM attempts WHERE id = ?1",
        _ => "SELECT out_refund_no FROM refunds WHERE id = ?1",
    };
    let number = sql::first(conn, query, [subject], |row| Ok(row.get::<_, String>(0)?))?;
    Ok(number.map_or(About::Ledger, About::Order))
}

const ABOUT_NOTHING: &str = "SELECT id, about, subject FROM bookings
     WHERE (about = 'order' AND subject NOT IN (SELECT id FROM attempts))
        OR (about = 'refund' AND subject NOT IN (SELECT id FROM refunds))
        OR (about = 'sale' AND subject NOT IN (SELECT id FROM sales))
        OR (about = 'cash_refund' AND subject NOT IN (SELECT id FROM cash_refunds))
     ORDER BY id";

const OUT_OF_TURN: &str = "SELECT id, about, subject FROM (
         SELECT id, about, subject, reversed, what, amount_fen, at, lag(reversed) OVER before AS was_reversed,
                lag(what) OVER before AS was, lag(amount_fen) OVER before AS was_fen, lag(at) OVER before AS was_at
         FROM bookings WINDOW before AS (PARTITION BY about, subject ORDER BY id))
     WHERE CASE WHEN reversed THEN was_reversed IS NOT 0 OR (what, amount_fen, at) IS NOT (was, was_fen, was_at)
                ELSE was_reversed IS 0 END
     ORDER BY id";

const GONE: &str = "SELECT id - gap, id - 1 FROM (
         SELECT id, id - 1 - lag(id, 1, 0) OVER (ORDER BY id) AS gap FROM bookings)
     WHERE gap > 0 ORDER BY id";

/// No number is missing but those that the journal tells of as lying in a ledger set aside, every seal is the one that has
/// to be there and that the journal tells of, and the books still add up to what each Z says.
pub(super) fn zs(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    let read = Read { conn };
    let mut told = told_of(conn)?;
    let aside = read.journal().zs_aside_on(Pages::ALL)?;
    let mut before = None;
    // Unknown after a Z that is gone or can't be read.
    let mut from = Some(ToldUpTo::START);
    read.z_reports().each(|number, computed, z| {
        let next = ZNumber::after(before).map_or(number.0, |next| next.0);
        for missing in (next..number.0).map(ZNumber) {
            if aside.iter().any(|it| it.has(missing)) {
                continue;
            }
            told.remove(&missing.0.to_string());
            part.note(Wrong::new(About::Z(missing), "Z", ""));
            from = None;
        }
        let follows = before.replace(number);
        let begins = std::mem::replace(&mut from, z.as_ref().ok().map(|z| z.up_to));
        let seals = told.remove(&number.0.to_string()).unwrap_or_default();
        let wrong = match z {
            Err(error) => Some(Wrong::new(About::Z(number), "", error)),
            Ok(z) if z.digest != computed => Some(Wrong::new(About::Z(number), computed, z.digest)),
            Ok(z) if seals != [z.digest.to_string()] => {
                Some(Wrong::new(About::Z(number), seals.join(", "), z.digest))
            }
            Ok(z) => {
                let wrong = check_journal(read, &z)?;
                match begins {
                    Some(from) if wrong.is_none() => {
                        check_stretch(read, &z, follows, &Told { from, to: z.up_to })?
                    }
                    Some(_) | None => wrong,
                }
            }
        };
        part.look(wrong);
        Ok(())
    })?;
    if let Some(from) = from {
        let since = read.journal().zs_aside_on(Pages {
            from: from.journal.row,
            to: i64::MAX,
        })?;
        if let Some(wrong) = check_aside_since(before, &since) {
            part.note(wrong);
        }
    }
    for number in told.into_keys() {
        let about = number
            .parse()
            .map_or(About::Ledger, |number| About::Z(ZNumber(number)));
        part.note(Wrong::new(about, "Z", ""));
    }
    Ok(())
}

/// What a Z tells of against its stretch of the ledger.
fn check_stretch(
    read: Read<'_>,
    z: &StoredZ,
    before: Option<ZNumber>,
    told: &Told,
) -> Result<Option<Wrong>, StoreError> {
    let aside = read.journal().zs_aside_on(told.journal())?;
    let says = &z.report.aside;
    if !z.number.follows(before, &aside) || aside != *says {
        let wrong = Wrong::new(About::Z(z.number), aside_in_words(&aside), aside_in_words(says));
        return Ok(Some(wrong));
    }
    match check_takings(read, z, told)? {
        None => drawer::check_z(read, z, told),
        wrong => Ok(wrong),
    }
}

/// Those that the journal tells of after the last Z: the next number is still to come.
fn check_aside_since(before: Option<ZNumber>, aside: &[ZsAside]) -> Option<Wrong> {
    let last = aside.last()?;
    let next = ZNumber::after(Some(last.last));
    let follows = next.is_some_and(|next| next.follows(before, aside));
    (!follows).then(|| Wrong::new(About::Z(last.first), "", aside_in_words(aside)))
}

fn aside_in_words(aside: &[ZsAside]) -> String {
    let each = aside
        .iter()
        .map(|ZsAside { first, last }| format!("Zs {} – {} aside", first.0, last.0));
    each.collect::<Vec<_>>().join(", ")
}

/// The seals that the journal has written down, by the number of the Z.
fn told_of(conn: &Connection) -> Result<BTreeMap<String, Vec<String>>, StoreError> {
    let rows = sql::all(
        conn,
        "SELECT detail FROM journal WHERE what = 'z_made' ORDER BY id",
        [],
        |row| Ok(row.get::<_, String>(0)?),
    )?;
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for detail in rows {
        let number = detail.split_once(':').map_or("", |(number, _)| number);
        let seal = detail.rsplit_once(", ").map_or("", |(_, seal)| seal);
        told.entry(number.to_owned()).or_default().push(seal.to_owned());
    }
    Ok(told)
}

fn check_journal(read: Read<'_>, z: &StoredZ) -> Result<Option<Wrong>, StoreError> {
    let link = z.up_to.journal;
    let found = read.journal().link_at(link.row)?;
    Ok((found != Some(link)).then(|| {
        let found = found.map_or_else(String::new, |found| found.digest.to_string());
        Wrong::new(
            About::Z(z.number),
            format!("journal {}: {}", link.row, link.digest),
            found,
        )
    }))
}

/// The hours are left out: they hang on the zone, which may be configured anew.
fn check_takings(read: Read<'_>, z: &StoredZ, told: &Told) -> Result<Option<Wrong>, StoreError> {
    let bookings = read.bookings().on(told.bookings())?;
    let utc = Calendar::midnight(jiff::tz::TimeZone::UTC);
    let Report { head, takings, .. } = &z.report;
    let unreadable = |error| StoreError::unreadable("bookings", error);
    let added_up = Takings::of(&utc, head.from, bookings).map_err(unreadable)?;
    let money = |it: &Takings| Takings {
        hours: Vec::new(),
        of_earlier_days: till_core::Tally::default(),
        ..it.clone()
    };
    if money(&added_up) == money(takings) {
        let off = read.sale_lines().discounts_on(told.bookings())?;
        let in_words = |it: till_core::Tally| format!("discounts {}: {}", it.count, it.sum);
        let says = z.report.discounts;
        if off == says {
            return check_voided(read, z, told);
        }
        return Ok((off != says).then(|| Wrong::new(About::Z(z.number), in_words(off), in_words(says))));
    }
    let net = |it: &Takings| it.net().map(|net| net.to_string()).unwrap_or_default();
    Ok(Some(Wrong::new(
        About::Z(z.number),
        format!("net {}", net(&added_up)),
        format!("net {}", net(takings)),
    )))
}

/// What the journal tells of carts; a Z of before that was counted has none, and its journal neither.
fn check_voided(read: Read<'_>, z: &StoredZ, told: &Told) -> Result<Option<Wrong>, StoreError> {
    let voided = read.journal().voided_on(told.journal())?;
    let in_words = |VoidedSums { lines, pieces }| {
        format!(
            "voided {}: {}, {}: {}",
            lines.count, lines.sum, pieces.count, pieces.sum
        )
    };
    let says = z.report.voided;
    Ok((voided != says).then(|| Wrong::new(About::Z(z.number), in_words(voided), in_words(says))))
}

fn differ(about: About, expected: Option<Booking>, found: Option<Booking>) -> Option<Wrong> {
    let as_kept = |it: Option<Booking>| it.map(|it| (it.what, it.amount, sql::to_millis(it.at)));
    (as_kept(expected) != as_kept(found))
        .then(|| Wrong::new(about, in_words(expected.as_ref()), in_words(found.as_ref())))
}

fn in_words(booking: Option<&Booking>) -> String {
    booking.map_or_else(String::new, |it| format!("{:?} {} {}", it.what, it.amount, it.at))
}
