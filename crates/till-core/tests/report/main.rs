//! X and Z: what is on the books, what an X or a Z makes of it to the fen, and what WeChat's bills say to it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod blind;
mod booked;
mod days;
mod money;
mod provider;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use till_core::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn noon() -> Timestamp {
    at("2026-11-23T12:00:00+08:00")
}

fn yuan(text: &str) -> Fen {
    Fen::parse_yuan(text).unwrap()
}

fn shop() -> Calendar {
    Calendar::midnight(TimeZone::get("Asia/Shanghai").unwrap())
}

fn tally(count: i64, fen: i64) -> Tally {
    Tally {
        count,
        sum: Fen::new(fen),
    }
}

fn booking(what: Booked, fen: i64, at: Timestamp) -> Booking {
    Booking::new(what, Fen::new(fen), at)
}

fn reversed(booking: Booking) -> Booking {
    Booking {
        reversed: true,
        ..booking
    }
}

fn head(number: Option<u32>, from: Timestamp, to: Timestamp) -> ReportHead {
    ReportHead {
        shop: "小满便利店".to_owned(),
        legal_id: String::new(),
        till: "T01".to_owned(),
        version: "0".to_owned(),
        number: number.map(ZNumber),
        day: shop().day_of(to),
        from,
        to,
        by: String::new(),
        note: String::new(),
    }
}

fn input(
    head: ReportHead,
    bookings: Vec<Booking>,
    cash: Vec<CashMove>,
) -> ReportInput<Vec<Booking>, Vec<(CashMove, String)>> {
    ReportInput {
        head,
        bookings,
        cash: cash.into_iter().map(|it| (it, "李娜".to_owned())).collect(),
        shifts: Vec::new(),
        in_hand: Tally::default(),
        discounts: Tally::default(),
        items: Vec::new(),
        returned: Vec::new(),
        given_up: Vec::new(),
        carried: Vec::new(),
        held_carts: 0,
        voided: VoidedSums::default(),
        exceptions: Vec::new(),
        aside: Vec::new(),
        before: GrandTotals::default(),
    }
}

fn takings(since: Timestamp, bookings: &[Booking]) -> Takings {
    Takings::of(&shop(), since, bookings.iter().copied()).unwrap()
}
