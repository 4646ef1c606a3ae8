//! Days that end in the middle of something, are too short or too long, or begin when the shop does.

use jiff::SignedDuration;
use jiff::civil::date;

use super::*;

fn paid(text: &str) -> Booking {
    booking(Booked::WechatPaid, 980, at(text))
}

#[test]
fn fault_15_paid_at_23_59_59_and_settled_at_00_00_01_is_named_as_money_of_an_earlier_day() {
    let closed = at("2026-11-24T00:00:00+08:00");
    let yesterday = paid("2026-11-23T23:59:59+08:00");
    let today = paid("2026-11-24T00:00:01+08:00");
    let z = takings(closed, &[yesterday, today]);
    assert_eq!(
        z.wechat_paid,
        tally(2, 1_960),
        "the Z that hears of it has it, for no closed Z is ever changed"
    );
    assert_eq!(
        z.of_earlier_days,
        tally(1, 980),
        "and says that one of the two is yesterday's"
    );
    assert_eq!(
        z.hours[23].sold,
        tally(1, 980),
        "it stands in the hour in which it was paid"
    );
    let taken_back = takings(closed, &[yesterday, reversed(yesterday)]);
    assert_eq!(
        taken_back.of_earlier_days,
        Tally::default(),
        "taken back it is no day's"
    );
}

#[test]
fn fault_15_money_of_the_day_on_which_the_stretch_began_is_not_of_an_earlier_day() {
    let evening = at("2026-11-23T21:00:00+08:00");
    let z = takings(
        evening,
        &[
            paid("2026-11-23T20:59:59+08:00"),
            paid("2026-11-23T23:59:59+08:00"),
        ],
    );
    assert_eq!(
        z.of_earlier_days,
        Tally::default(),
        "closed at nine, the rest of the evening is the same business day"
    );
    let earlier = takings(evening, &[paid("2026-11-22T23:59:59+08:00")]);
    assert_eq!(
        earlier.of_earlier_days,
        tally(1, 980),
        "the last second of the day before is"
    );
}

#[test]
fn refunds_and_closed_orders_are_not_money_of_an_earlier_day() {
    let closed = at("2026-11-24T00:00:00+08:00");
    let before = at("2026-11-23T23:59:59+08:00");
    let z = takings(
        closed,
        &[
            booking(Booked::Refund, 980, before),
            booking(Booked::ClosedAtDeadline, 980, before),
        ],
    );
    assert_eq!(
        z.of_earlier_days,
        Tally::default(),
        "nothing was taken with either"
    );
}

#[test]
fn a_bar_that_closes_at_three_has_one_business_day() {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let bar = Calendar::new(zone, 4).unwrap();
    let opened = at("2026-11-23T18:00:00+08:00");
    let night = paid("2026-11-24T02:30:00+08:00");
    let of = |since: &str, it: Booking| Takings::of(&bar, at(since), [it]).unwrap().of_earlier_days;
    assert_eq!(
        bar.day_of(night.at),
        date(2026, 11, 23),
        "half past two is last night"
    );
    assert_eq!(
        Takings::of(&bar, opened, [night]).unwrap().of_earlier_days,
        Tally::default(),
        "and of the evening's own day"
    );
    assert_eq!(
        of("2026-11-24T03:30:00+08:00", night),
        Tally::default(),
        "a Z closed at half past three is of the same day still"
    );
    assert_eq!(
        of("2026-11-24T04:00:00+08:00", night),
        tally(1, 980),
        "from four on it is money of the day before"
    );
    assert!(
        Calendar::new(TimeZone::UTC, 13).is_none() && Calendar::new(TimeZone::UTC, -1).is_none(),
        "a day that begins in the afternoon would be another day"
    );
}

#[test]
fn days_of_23_and_25_hours_lose_no_sale_and_count_none_twice() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    for starts_at in [0, 3, 5] {
        let shop = Calendar::new(zone.clone(), starts_at).unwrap();
        // The hour that is skipped, or struck twice, is at two: of days that begin later it is in the day before.
        let shift = i64::from(starts_at > 2);
        for (day, hours, at_two) in [
            (date(2026, 3, 29), 23, 0),
            (date(2026, 10, 25), 25, 8),
            (date(2026, 6, 1), 24, 4),
        ] {
            let day = day.checked_sub(SignedDuration::from_hours(24 * shift)).unwrap();
            let (from, to) = shop.bounds(day).unwrap();
            let quarters = to.duration_since(from).as_mins() / 15;
            assert_eq!(
                quarters,
                hours * 4,
                "{day} from {starts_at}: the clocks make {hours} hours"
            );
            let sales: Vec<Booking> = (0..quarters)
                .map(|quarter| {
                    booking(
                        Booked::WechatPaid,
                        100,
                        from + SignedDuration::from_mins(15 * quarter),
                    )
                })
                .collect();
            let z = Takings::of(&shop, from, sales).unwrap();
            assert_eq!(
                z.sold().unwrap(),
                tally(quarters, quarters * 100),
                "{day} from {starts_at}: every sale once"
            );
            let by_hour = z
                .hours
                .iter()
                .try_fold(Tally::default(), |sum, hour| sum.plus(hour.sold));
            assert_eq!(
                by_hour,
                Ok(tally(quarters, quarters * 100)),
                "{day} from {starts_at}: and every one in an hour of the wall clock"
            );
            assert_eq!(
                z.hours[2].sold.count, at_two,
                "{day} from {starts_at}: the hour at two is skipped in spring and struck twice in autumn"
            );
            assert_eq!(
                z.of_earlier_days,
                Tally::default(),
                "{day} from {starts_at}: all of it is of this day"
            );
            let last_second = booking(Booked::WechatPaid, 100, from - SignedDuration::from_secs(1));
            let z = Takings::of(&shop, from, [last_second]).unwrap();
            assert_eq!(
                z.of_earlier_days,
                tally(1, 100),
                "{day} from {starts_at}: the second before it is not"
            );
        }
    }
}

#[test]
fn a_day_closed_after_midnight_is_the_day_it_was_sold_on() {
    let at_night = at("2026-11-24T00:30:00+08:00");
    let monday = [
        booking(Booked::WechatPaid, 980, noon()),
        booking(Booked::ClosedByCancel, 500, at("2026-11-24T00:10:00+08:00")),
    ];
    let day = |books: &[Booking]| Report::day_of(&shop(), books, at_night).to_string();
    assert_eq!(
        day(&monday),
        "2026-11-23",
        "of its last money, whatever the clock shows"
    );
    assert_eq!(
        day(&[]),
        "2026-11-24",
        "without money it is of the moment it is made"
    );
    let both = [
        monday[0],
        booking(Booked::CashSale, 100, at("2026-11-24T00:05:00+08:00")),
    ];
    assert_eq!(
        day(&both),
        "2026-11-24",
        "with a sale after midnight it is of the day of that"
    );
    let ahead = [booking(Booked::WechatPaid, 980, at("2026-11-25T00:00:01+08:00"))];
    assert_eq!(
        day(&ahead),
        "2026-11-24",
        "no clock that runs ahead makes it a day of the future"
    );

    // Closed at half past midnight; what is heard of later, of the same Monday, is in a Z of that Monday too.
    let late = booking(Booked::WechatPaid, 980, at("2026-11-23T23:55:00+08:00"));
    let noon_after = at("2026-11-24T12:00:00+08:00");
    let mut head = head(Some(2), at_night, noon_after);
    head.day = Report::day_of(&shop(), &[late], noon_after);
    let z = Report::make(&shop(), input(head, vec![late], Vec::new())).unwrap();
    assert_eq!(
        (z.head.day.to_string(), z.takings.of_earlier_days),
        ("2026-11-23".to_owned(), Tally::default()),
        "and is no money of an earlier day in it"
    );
}
