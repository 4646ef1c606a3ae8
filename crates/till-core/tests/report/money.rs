//! The sums: exact, each thing once, an X like the Z of the same instant, and no entry lost or doubled between two Zs.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

const MONEY: [Booked; 8] = [
    Booked::WechatPaid,
    Booked::WechatLate,
    Booked::WechatSurplus,
    Booked::CashSale,
    Booked::CashPart,
    Booked::Refund,
    Booked::RefundByHand,
    Booked::CashRefund,
];
const NO_MONEY: [Booked; 5] = [
    Booked::RefundClosed,
    Booked::ClosedAtDeadline,
    Booked::ClosedByCancel,
    Booked::ClosedOtherwise,
    Booked::Refused,
];

fn cash(kind: MoveKind, fen: i64) -> CashMove {
    CashMove {
        at: noon(),
        kind,
        amount: Fen::new(fen),
        tendered: None,
        sale: None,
        shift: None,
        by: None,
        reason: "换零钱".to_owned(),
    }
}

#[test]
fn amounts_that_floats_get_wrong_stay_exact_over_100_000_sales() {
    let prices = ["0.01", "0.29", "1.15", "19.99"].map(yuan);
    let bookings = (0..100_000).map(|nth| {
        let at = noon() + SignedDuration::from_millis(i64::try_from(nth).unwrap());
        Booking::new(Booked::WechatPaid, prices[nth % 4], at)
    });
    let takings = Takings::of(&shop(), noon(), bookings).unwrap();
    assert_eq!(
        takings.wechat_paid,
        tally(100_000, 53_600_000),
        "25,000 times 0.01 + 0.29 + 1.15 + 19.99 is 536,000.00, not a fen beside it"
    );
    assert_eq!(
        takings.net().unwrap().to_string(),
        "536000.00",
        "and so it is written"
    );
    for price in prices {
        let one = super::takings(noon(), &[Booking::new(Booked::CashSale, price, noon())]);
        assert_eq!(one.cash_net(), Ok(price), "alone it is exact too");
    }
}

#[test]
fn a_sum_that_fits_no_till_is_an_error_and_no_wrong_number() {
    let huge = [i64::MAX, 1].map(|fen| booking(Booked::WechatPaid, fen, noon()));
    assert_eq!(
        Takings::of(&shop(), noon(), huge),
        Err(MoneyError::OutOfRange),
        "money that overflows is not wrapped around"
    );
}

#[test]
fn each_kind_of_entry_counts_where_it_belongs_and_nowhere_else() {
    let each: Vec<Booking> = MONEY
        .into_iter()
        .chain(NO_MONEY)
        .zip(0u32..)
        .map(|(what, nth)| booking(what, 1 << nth, noon()))
        .collect();
    let all = takings(noon(), &each);
    assert_eq!(
        all.sold().unwrap(),
        tally(3, 1 + 2 + 8 + 16),
        "sold is what was paid, paid late and paid in cash; the cash part adds money and no sale"
    );
    assert_eq!(
        all.wechat().unwrap(),
        tally(3, 1 + 2 + 4),
        "WeChat took the surplus too"
    );
    assert_eq!(
        all.wechat_net(),
        Ok(Fen::new(7 - 32 - 64)),
        "less both kinds of refunds"
    );
    assert_eq!(
        all.cash_net(),
        Ok(Fen::new(8 + 16 - 128)),
        "cash of sales, less what went back of it"
    );
    assert_eq!(
        all.net(),
        Ok(Fen::new(7 - 96 + 24 - 128)),
        "the net is both ways together"
    );
    assert_eq!(
        all.not_sold().unwrap(),
        tally(4, 512 + 1024 + 2048 + 4096),
        "closed and refused orders are counted beside the money"
    );
    assert_eq!(
        all.refunds_closed,
        tally(1, 256),
        "a refund given up moves nothing"
    );
    for (it, what) in each.iter().zip(MONEY.into_iter().chain(NO_MONEY)) {
        let alone = takings(noon(), &[*it]);
        assert_eq!(
            it.moves_money(),
            alone.net() != Ok(Fen::ZERO),
            "{what:?}: an entry moves money exactly if it moves the net"
        );
    }
}

#[test]
fn a_sale_split_over_cash_and_wechat_is_one_sale_with_all_its_money() {
    let both = [
        booking(Booked::CashPart, 750, noon()),
        booking(Booked::WechatPaid, 1_250, noon()),
    ];
    let all = takings(noon(), &both);
    assert_eq!(all.sold().unwrap(), tally(1, 2_000), "one sale of 20.00");
    assert_eq!(all.hours[12].sold, tally(1, 2_000), "in its hour as well");
    assert_eq!(all.net(), Ok(Fen::new(2_000)), "the cash part is in the net once");
}

#[test]
fn what_is_taken_back_leaves_nothing_behind() {
    let late = booking(Booked::WechatLate, 980, noon());
    let surplus = booking(Booked::WechatSurplus, 980, noon());
    let moved = takings(noon(), &[late, reversed(late), surplus]);
    assert_eq!(
        moved.wechat_late,
        Tally::default(),
        "taken back: neither money nor a count stays"
    );
    assert_eq!(moved.hours[12].sold, Tally::default(), "nor in the hours");
    assert_eq!(
        moved.wechat().unwrap(),
        tally(1, 980),
        "and the money stands where it stands now"
    );
    let next_z = takings(noon(), &[reversed(late)]);
    assert_eq!(
        next_z.wechat_late,
        tally(-1, -980),
        "taken back after a Z, the next is below zero, so that both together are right"
    );
}

#[test]
fn a_day_without_a_sale_is_a_report_of_zeros() {
    let report = Report::make(
        &shop(),
        input(head(Some(1), noon(), noon()), Vec::new(), Vec::new()),
    )
    .unwrap();
    assert_eq!(report.takings.net(), Ok(Fen::ZERO), "no money");
    assert_eq!(report.takings.sold(), Ok(Tally::default()), "no sale");
    assert_eq!(report.takings.hours.len(), 24, "every hour has its row");
    assert!(
        report
            .takings
            .hours
            .iter()
            .all(|hour| hour.sold == Tally::default()),
        "each of them empty"
    );
    assert_eq!(
        report.totals,
        GrandTotals::default(),
        "and the sums over all Zs stay where they were"
    );
    assert_eq!(
        report.drawer.difference(),
        Ok(Fen::ZERO),
        "no shift, no difference"
    );
}

#[test]
fn the_drawer_tells_what_moved_beside_the_sales() {
    let moves = vec![
        cash(MoveKind::Sale, 2_000),
        cash(MoveKind::Sale, 50),
        cash(MoveKind::GivenBack, 50),
        cash(MoveKind::Refund, 300),
        cash(MoveKind::PaidIn, 10_000),
        cash(MoveKind::PaidOut, 4_000),
    ];
    let books = vec![
        booking(Booked::CashSale, 2_000, noon()),
        booking(Booked::CashRefund, 300, noon()),
    ];
    let report = Report::make(&shop(), input(head(None, noon(), noon()), books, moves)).unwrap();
    let drawer = &report.drawer;
    assert_eq!(
        (drawer.taken, drawer.given_back),
        (tally(2, 2_050), tally(1, 50)),
        "also what made no sale"
    );
    assert_eq!(
        (drawer.paid_in, drawer.paid_out),
        (tally(1, 10_000), tally(1, 4_000)),
        "and what was put in and taken out by name"
    );
    assert_eq!(drawer.moves.len(), 2, "which are listed");
    assert_eq!(
        (report.takings.cash_refunds, report.takings.cash_net()),
        (tally(1, 300), Ok(Fen::new(1_700))),
        "a refund in cash is taken off the takings, once"
    );
}

/// Entries as the ledger writes them: each thing's entries one after the other, each taken back before the next.
fn books() -> impl Strategy<Value = Vec<Booking>> {
    let entry = (0usize..13, 1i64..1_000_000, 0i64..172_800, 0u8..4);
    prop::collection::vec(entry, 0..60).prop_map(|entries| {
        let mut standing: [Option<Booking>; 5] = [None; 5];
        let mut books = Vec::new();
        for (nth, (what, fen, seconds, thing)) in entries.into_iter().enumerate() {
            let place = usize::from(thing);
            if let Some(before) = standing[place].take() {
                books.push(reversed(before));
            }
            if nth % 5 != 0 {
                let kinds: Vec<Booked> = MONEY.into_iter().chain(NO_MONEY).collect();
                let new = booking(kinds[what], fen, noon() + SignedDuration::from_secs(seconds));
                standing[place] = Some(new);
                books.push(new);
            }
        }
        books
    })
}

proptest! {
    #[test]
    fn an_x_and_the_z_of_the_same_instant_are_equal(books in books(), cash_fen in 1i64..1_000) {
        let moves = vec![cash(MoveKind::PaidIn, cash_fen), cash(MoveKind::Refund, cash_fen)];
        let make = |number| {
            let head = head(number, noon(), noon() + SignedDuration::from_hours(9));
            Report::make(&shop(), input(head, books.clone(), moves.clone())).unwrap()
        };
        let (x, z) = (make(None), make(Some(7)));
        let numbered = ReportHead { number: Some(ZNumber(7)), ..x.head.clone() };
        prop_assert_eq!(
            Report { head: numbered, ..x }, z,
            "closing changes the number and not one figure"
        );
    }

    #[test]
    fn wherever_the_day_is_closed_each_entry_is_in_exactly_one_z(
        books in books(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let whole = takings(noon(), &books);
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(books.len() + 1)).collect();
        places.extend([0, books.len()]);
        places.sort_unstable();
        let mut totals = GrandTotals::default();
        let mut wechat = Fen::ZERO;
        for pair in places.windows(2) {
            let part = books[pair[0]..pair[1]].to_vec();
            let z = Report::make(&shop(), ReportInput {
                before: totals,
                ..input(head(Some(1), noon(), noon()), part, Vec::new())
            }).unwrap();
            totals = z.totals;
            wechat = wechat.plus(z.takings.wechat_net().unwrap()).unwrap();
        }
        prop_assert_eq!(totals.net, whole.net().unwrap(), "the Zs make the whole, to the fen");
        prop_assert_eq!(totals.sold, whole.sold().unwrap(), "and all its sales");
        prop_assert_eq!(totals.refunded, whole.refunded().unwrap(), "and all its refunds");
        prop_assert_eq!(wechat, whole.wechat_net().unwrap(), "and WeChat's part");
    }

    #[test]
    fn the_books_add_up_to_what_stands_in_the_end(books in books()) {
        let mut standing: Vec<Booking> = Vec::new();
        for it in &books {
            if it.reversed {
                let same = |other: &Booking| reversed(*other) == *it;
                let place = standing.iter().position(same).unwrap();
                standing.remove(place);
            } else {
                standing.push(*it);
            }
        }
        prop_assert_eq!(
            takings(noon(), &books), takings(noon(), &standing),
            "what was taken back on the way is as if it had never been, in every row"
        );
    }

    #[test]
    fn the_hours_make_the_sales(books in books()) {
        let all = takings(noon(), &books);
        let hours = all.hours.iter().try_fold(Tally::default(), |sum, hour| sum.plus(hour.sold)).unwrap();
        prop_assert_eq!(hours, all.sold().unwrap(), "every sale is in one hour, split ones too");
    }
}
