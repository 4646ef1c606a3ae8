//! What is shown before a blind count: nothing that another sum of cash would change, and all the rest.

use super::*;

fn item(name: &str, pieces: i64, fen: i64) -> ItemLine {
    ItemLine {
        name: name.to_owned(),
        category: "饮料".to_owned(),
        pieces,
        sum: Fen::new(fen),
    }
}

fn moved(kind: MoveKind, fen: i64) -> CashMove {
    CashMove {
        at: noon(),
        kind,
        amount: Fen::new(fen),
        tendered: None,
        sale: None,
        shift: None,
        reason: "找零".to_owned(),
        by: None,
    }
}

/// What WeChat alone has to do with: an order of 6.00 with a line below its list price, and 1.00 of it refunded.
fn of_wechat() -> (Vec<Booking>, WithoutCash) {
    let books = vec![
        booking(Booked::WechatPaid, 600, noon()),
        booking(Booked::Refund, 100, noon()),
        booking(Booked::ClosedByCancel, 250, noon()),
        // The rest of a sale whose other part came in cash.
        booking(Booked::WechatPaid, 300, noon()),
    ];
    let without = WithoutCash {
        takings: takings(noon(), &books),
        discounts: tally(1, 50),
        items: vec![item("水", 3, 600)],
        returned: vec![item("水", 1, 100)],
    };
    (books, without)
}

/// A day with that and so much cash, of goods that cost so much, a tenth taken off each.
fn day_with(cash_sales: i64, cash_fen: i64) -> (Report, WithoutCash) {
    let (mut books, without) = of_wechat();
    let mut moves = vec![moved(MoveKind::PaidIn, 5_000), moved(MoveKind::PaidOut, 700)];
    for _ in 0..cash_sales {
        books.push(booking(Booked::CashSale, cash_fen, noon()));
        moves.push(moved(MoveKind::Sale, cash_fen));
    }
    books.push(booking(Booked::CashPart, cash_fen * 2, noon()));
    books.push(booking(Booked::CashRefund, cash_fen, noon()));
    moves.push(moved(MoveKind::Sale, cash_fen * 2));
    moves.push(moved(MoveKind::GivenBack, cash_fen));
    let shift = ShiftLine {
        id: ShiftId(1),
        opened_at: noon(),
        closed_at: None,
        by: String::new(),
        float: yuan("100"),
        expected: Fen::new(10_000 + cash_fen * cash_sales),
        counted: None,
        left: None,
        note: String::new(),
        opened_by: String::new(),
        left_before: None,
        count: DrawerCount::default(),
        approved_by: None,
    };
    let input = ReportInput {
        shifts: vec![shift],
        in_hand: tally(cash_sales, cash_fen),
        discounts: tally(1 + cash_sales, 50 + cash_sales * cash_fen / 9),
        items: vec![
            item("水", 3 + cash_sales, 600 + cash_sales * cash_fen),
            item("茶", cash_sales, 1),
        ],
        returned: vec![item("水", 1, 100), item("茶", 1, cash_fen)],
        exceptions: vec![Exception {
            what: "drawer_opened".to_owned(),
            count: 2,
        }],
        ..input(head(None, noon(), noon()), books, moves)
    };
    (Report::make(&shop(), input).unwrap(), without)
}

#[test]
fn other_cash_would_change_nothing_of_what_is_shown() {
    let shown = |cash_sales, cash_fen| {
        let (report, without) = day_with(cash_sales, cash_fen);
        report.of_wechat_alone(without).unwrap()
    };
    let one = shown(13, 200);
    for (cash_sales, cash_fen) in [(0, 1), (1, 200), (13, 199), (500, 98_765)] {
        assert_eq!(
            shown(cash_sales, cash_fen),
            one,
            "{cash_sales} sales of {cash_fen} fen in cash leave no trace: no sum, no count, no piece"
        );
    }
}

#[test]
fn what_cash_has_not_touched_is_shown() {
    let (report, without) = day_with(13, 200);
    let whole = report.clone();
    let shown = report.of_wechat_alone(without.clone()).unwrap();
    assert_eq!(shown.takings, without.takings, "WeChat's books");
    assert_eq!(
        (shown.discounts, shown.items.as_slice(), shown.returned.as_slice()),
        (
            tally(1, 50),
            [item("水", 3, 600)].as_slice(),
            [item("水", 1, 100)].as_slice()
        ),
        "discounts, goods and returns of the sales that WeChat alone has paid"
    );
    assert_eq!(
        shown
            .categories
            .iter()
            .map(|it| (it.pieces, it.sum.get()))
            .collect::<Vec<_>>(),
        [(3, 600)],
        "and their categories"
    );
    assert_eq!(
        (shown.drawer.paid_in, shown.drawer.paid_out, &shown.drawer.moves),
        (whole.drawer.paid_in, whole.drawer.paid_out, &whole.drawer.moves),
        "what was put in and taken out by name"
    );
    assert_eq!(
        shown.exceptions, whole.exceptions,
        "and what was out of the ordinary"
    );
    assert_eq!(shown.drawer.shifts[0].float, yuan("100"), "and the float");
}
