//! The books against the orders, refunds and cash they are about, and each Z against the books and its seals.

use rusqlite::Connection;
use till_core::self_check::{About, Part, Wrong};
use till_core::{Booking, Calendar, Report, SaleId, Takings, ZNumber};

use crate::table::attempts;
use crate::table::bookings::About as BookedAbout;
use crate::{Read, StoreError, StoredZ, Told, ToldUpTo, sql};

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
    Ok(())
}

/// No number is missing, every seal is the one that has to be there, and the books still add up to what each Z says.
pub(super) fn zs(conn: &Connection, part: &mut Part) -> Result<(), StoreError> {
    let read = Read { conn };
    let mut next = 1;
    let mut from = ToldUpTo::START;
    read.z_reports().each(|number, computed, z| {
        for missing in next..number.0 {
            part.note(Wrong::new(About::Z(ZNumber(missing)), "Z", ""));
        }
        next = number.0.saturating_add(1);
        let wrong = match z {
            Err(error) => Some(Wrong::new(About::Z(number), "", error)),
            Ok(z) if z.digest != computed => Some(Wrong::new(About::Z(number), computed, z.digest)),
            Ok(z) => {
                let told = Told { from, to: z.up_to };
                from = z.up_to;
                check_journal(read, &z)?.or(check_takings(read, &z, &told)?)
            }
        };
        part.look(wrong);
        Ok(())
    })
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
    let cash = read.cash_moves().on(told.cash_moves())?;
    let utc = Calendar::midnight(jiff::tz::TimeZone::UTC);
    let Report { head, takings, .. } = &z.report;
    let unreadable = |error| StoreError::unreadable("bookings", error);
    let added_up = Takings::of(&utc, head.from, bookings, &cash).map_err(unreadable)?;
    let money = |it: &Takings| Takings {
        hours: Vec::new(),
        of_earlier_days: till_core::Tally::default(),
        ..it.clone()
    };
    if money(&added_up) == money(takings) {
        return Ok(None);
    }
    let net = |it: &Takings| it.net().map(|net| net.to_string()).unwrap_or_default();
    Ok(Some(Wrong::new(
        About::Z(z.number),
        format!("net {}", net(&added_up)),
        format!("net {}", net(takings)),
    )))
}

fn differ(about: About, expected: Option<Booking>, found: Option<Booking>) -> Option<Wrong> {
    let as_kept = |it: Option<Booking>| it.map(|it| (it.what, it.amount, sql::to_millis(it.at)));
    (as_kept(expected) != as_kept(found))
        .then(|| Wrong::new(about, in_words(expected.as_ref()), in_words(found.as_ref())))
}

fn in_words(booking: Option<&Booking>) -> String {
    booking.map_or_else(String::new, |it| format!("{:?} {} {}", it.what, it.amount, it.at))
}
