//! Giving cash back of paid sales: once a press, within what was kept, with a manager's yes, out of the drawer of the shift.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use jiff::SignedDuration;
use scantill_tests::shop::{Line, Shop, WATER};
use till_app::Refusal;
use till_app::approval::{Act, Approval, Credential};
use till_app::cash_refund::OrderBrief;
use till_app::report::ExportFormat;
use till_core::{CashRefundNo, Fen, LineNo, Part, RefundLine, RefundRefusal, SaleId, Tally};

use super::users::{journal, managers_pin, staffed};

fn yuan(text: &str) -> Fen {
    Fen::parse_yuan(text).unwrap()
}

/// So many bottles of water at two yuan, with change.
fn sell(shop: &mut Shop, bottles: u32, click: &str) -> SaleId {
    for _ in 0..bottles {
        shop.till.add(WATER, None).unwrap();
    }
    let now = shop.now();
    shop.till.take_cash(now, click, None, yuan("50")).unwrap()
}

fn bottles(pieces: u32) -> Part {
    let line = LineNo(1);
    Part::Lines {
        lines: vec![RefundLine { line, pieces }],
        goods_back: true,
    }
}

fn yes(shop: &mut Shop, shown: &Credential) -> Approval {
    let now = shop.now();
    shop.till.approve(now, Act::Refund, Some(shown)).unwrap()
}

fn give(shop: &mut Shop, sale: SaleId, part: Part, click: &str) -> Result<CashRefundNo, Refusal> {
    let yes = yes(shop, &Credential::Confirmed);
    let now = shop.now();
    shop.till.refund_cash(now, sale, part, "不要了", click, yes)
}

fn left(shop: &Shop, sale: SaleId) -> Result<Fen, RefundRefusal> {
    let found = shop.till.cash_refundable(sale).unwrap().unwrap();
    found.map(|bounds| bounds.left())
}

#[tokio::test]
async fn a_line_goes_back_once_however_often_it_is_pressed_and_whatever_restarts() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let sale = sell(&mut shop, 3, "sale");
    let first = give(&mut shop, sale, bottles(1), "back").unwrap();
    let again = give(&mut shop, sale, bottles(1), "back").unwrap();
    let mut shop = shop.restart(SignedDuration::from_secs(1)).unwrap();
    let after = give(&mut shop, sale, bottles(1), "back").unwrap();
    assert_eq!(
        (first, again, after),
        (first, first, first),
        "a double click, and one after a restart, are one refund"
    );
    let picture = shop.till.cash_sale(sale).unwrap();
    assert_eq!(
        (picture.total, picture.cash.kept, picture.cash.refunded()),
        (yuan("6"), yuan("6"), yuan("2")),
        "two of six yuan went back"
    );
    let (taken, _) = &picture.cash.moves[0];
    assert_eq!(
        (taken.tendered, taken.change()),
        (Some(yuan("50")), Some(yuan("44"))),
        "what was handed over is told"
    );
    assert_eq!(shop.shelf(WATER).unwrap(), (Some(498), 0, 2), "a bottle is back");
    assert_eq!(
        journal(&shop, "cash_refunded"),
        [format!(
            "{first} 2.00: 不要了; no users, approved by confirmed, no users"
        )],
        "the journal has it once"
    );
    let report = shop.till.x_report(shop.now()).unwrap().report;
    let two = Tally {
        count: 1,
        sum: yuan("2"),
    };
    assert_eq!(
        (report.takings.cash_refunds, report.takings.net().unwrap()),
        (two, yuan("4")),
        "the X is less by it"
    );
    assert_eq!(
        report
            .returned
            .iter()
            .map(|it| (it.pieces, it.sum))
            .collect::<Vec<_>>(),
        [(1, yuan("2"))],
        "and names what came back"
    );
    let check = shop.till.db().read().self_check();
    assert!(check.holds(), "the ledger proves itself: {check:?}");
}

#[tokio::test]
async fn no_more_goes_back_than_was_kept_by_line_by_amount_and_whole() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let sale = sell(&mut shop, 3, "sale");
    let too_much = give(&mut shop, sale, Part::Amount(yuan("6.01")), "a");
    assert!(
        matches!(too_much, Err(Refusal::Refund(RefundRefusal::MoreThanLeft { left })) if left == yuan("6")),
        "the change was never kept: {too_much:?}"
    );
    give(&mut shop, sale, Part::Amount(yuan("0.5")), "b").unwrap();
    give(&mut shop, sale, bottles(2), "c").unwrap();
    let pieces = give(&mut shop, sale, bottles(2), "d");
    assert!(
        matches!(
            pieces,
            Err(Refusal::Refund(RefundRefusal::MorePiecesThanLeft { left: 1 }))
        ),
        "one bottle is left: {pieces:?}"
    );
    assert_eq!(left(&shop, sale), Ok(yuan("1.5")), "six less 0.50 and four");
    give(&mut shop, sale, Part::Whole { goods_back: true }, "e").unwrap();
    assert_eq!(
        left(&shop, sale),
        Err(RefundRefusal::NothingLeft),
        "then nothing is"
    );
    assert_eq!(
        shop.shelf(WATER).unwrap(),
        (Some(500), 0, 0),
        "every bottle is back"
    );
    let reasonless = {
        let yes = yes(&mut shop, &Credential::Confirmed);
        let now = shop.now();
        shop.till.refund_cash(now, sale, bottles(1), "  ", "f", yes)
    };
    assert!(
        matches!(reasonless, Err(Refusal::Refund(RefundRefusal::Reason))),
        "a refund has a reason: {reasonless:?}"
    );
    let nobody = give(&mut shop, SaleId(99), bottles(1), "g");
    assert!(
        matches!(nobody, Err(Refusal::NoSuchOrder)),
        "no such sale: {nobody:?}"
    );
}

#[tokio::test]
async fn the_parts_of_a_split_sale_go_back_each_its_own_way() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    for _ in 0..10 {
        shop.till.add(WATER, None).unwrap();
    }
    let now = shop.now();
    let order = shop.till.take_part(now, "part", None, yuan("5")).unwrap();
    let sale = shop
        .till
        .db()
        .read()
        .sales()
        .by_order(&order)
        .unwrap()
        .unwrap()
        .sale
        .id;
    let early = give(&mut shop, sale, Part::Whole { goods_back: false }, "early");
    assert!(
        matches!(early, Err(Refusal::Refund(RefundRefusal::NotPaid))),
        "cash in hand is given back, not refunded: {early:?}"
    );
    shop.catch_up().await.unwrap();
    line.pay(&order).unwrap();
    shop.live(SignedDuration::from_secs(4)).await.unwrap();
    let picture = shop.till.picture(&order).unwrap();
    assert_eq!(
        picture.cash_part.map(|it| (it.sale, it.kept)),
        Some((sale, yuan("5"))),
        "the order shows the cash part beside it"
    );
    give(&mut shop, sale, bottles(2), "cash").unwrap();
    assert_eq!(left(&shop, sale), Ok(yuan("1")), "five of cash, less two bottles");
    let wechat = shop
        .till
        .refundable(shop.now(), &order)
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(
        (wechat.left(), wechat.lines()[0].pieces),
        (yuan("15"), 8),
        "WeChat's part is whole, but only eight bottles are left to come back"
    );
    let too_many = give(&mut shop, sale, bottles(1), "more");
    assert!(
        matches!(too_many, Err(Refusal::Refund(RefundRefusal::MoreThanLeft { .. }))),
        "no cash is taken for what WeChat brought: {too_many:?}"
    );
    let twice = shop.wish(&order, bottles(9), "wechat").unwrap();
    assert!(
        matches!(
            twice,
            Err(Refusal::Refund(RefundRefusal::MorePiecesThanLeft { left: 8 }))
        ),
        "no bottle goes back twice: {twice:?}"
    );
    shop.wish(&order, Part::Whole { goods_back: false }, "wechat")
        .unwrap()
        .unwrap();
    let day = shop.till.day(shop.till.day_of(shop.now()), true).unwrap();
    assert_eq!(
        day.figures.cash_refunded.sum,
        yuan("4"),
        "the day shows the cash part"
    );
    assert!(day.text.contains("现金退款 1"), "on paper as well: {}", day.text);
    let check = shop.till.db().read().self_check();
    assert!(check.holds(), "the ledger proves itself: {check:?}");
}

#[tokio::test]
async fn a_manager_says_yes_and_the_drawer_of_the_shift_pays() {
    let line = Line::open().await.unwrap();
    let mut shop = staffed(&line).await;
    let now = shop.now();
    shop.till.open_shift(now, yuan("200")).unwrap();
    let sale = sell(&mut shop, 3, "sale");
    let unasked = shop.till.approve(now, Act::Refund, None);
    assert!(
        matches!(unasked, Err(Refusal::NeedsManager)),
        "a cashier gives nothing back alone: {unasked:?}"
    );
    let other = shop
        .till
        .approve(now, Act::HouseRules, Some(&managers_pin("4711")))
        .unwrap();
    let wrong = shop
        .till
        .refund_cash(now, sale, bottles(1), "坏了", "back", other);
    assert!(
        matches!(wrong, Err(Refusal::NeedsManager)),
        "a yes to something else is none to this: {wrong:?}"
    );
    let approval = yes(&mut shop, &managers_pin("4711"));
    shop.till
        .refund_cash(now, sale, bottles(1), "坏了", "back", approval)
        .unwrap();
    let sums = shop.till.drawer().unwrap().open.unwrap().sums.unwrap();
    assert_eq!(
        (sums.sales, sums.refunds, sums.expected().unwrap()),
        (yuan("6"), yuan("2"), yuan("204")),
        "two yuan less are expected in the drawer"
    );
    let (refund, by) = &shop.till.cash_sale(sale).unwrap().cash.refunds[0];
    assert_eq!(
        (
            refund.approved_by.as_str(),
            by.as_deref(),
            refund.shift.map(|it| it.0)
        ),
        ("李娜", Some("王敏"), Some(1)),
        "who gave it, who said yes, in which shift"
    );
    let z = shop.till.close_day(now, "z", "").unwrap().report;
    assert_eq!(
        (
            z.takings.cash_refunds.sum,
            z.takings.cash_net().unwrap(),
            z.totals.net
        ),
        (yuan("2"), yuan("4"), yuan("4")),
        "the Z has it"
    );
    let folder = tempfile::tempdir().unwrap();
    let job = shop.till.export(now, z.head.number, true).unwrap();
    let file = job.run(folder.path(), ExportFormat::Csv, |_| {}).unwrap();
    let text = std::fs::read_to_string(file.path).unwrap();
    let row = text.lines().find(|row| row.contains("现金退款")).unwrap();
    assert!(
        row.contains("#1,1-R1,") && row.ends_with("-2.00,"),
        "and so has the file, below zero, with its sale: {row}"
    );
}

#[tokio::test]
async fn outside_a_shift_no_cash_goes_back() {
    let line = Line::open().await.unwrap();
    let mut shop = staffed(&line).await;
    let now = shop.now();
    shop.till.open_shift(now, yuan("0")).unwrap();
    let sale = sell(&mut shop, 1, "sale");
    let count = till_core::DrawerCount::parse([(yuan("1"), 2)]).unwrap();
    let closing = till_app::shift::Closing {
        count,
        left: Fen::ZERO,
        note: String::new(),
    };
    shop.till.close_shift(now, closing, None).unwrap();
    let approval = yes(&mut shop, &managers_pin("4711"));
    let refused = shop
        .till
        .refund_cash(now, sale, bottles(1), "坏了", "back", approval);
    assert!(
        matches!(refused, Err(Refusal::NoShift)),
        "as no cash is taken outside one: {refused:?}"
    );
}

#[tokio::test]
async fn sales_in_cash_stand_among_the_orders() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let first = sell(&mut shop, 3, "sale");
    line.simulator.advance(SignedDuration::from_secs(5));
    let order = shop.sell(WATER, "wechat").unwrap();
    line.simulator.advance(SignedDuration::from_secs(5));
    let second = sell(&mut shop, 1, "other");
    give(&mut shop, second, bottles(1), "back").unwrap();
    let names = |found: Vec<OrderBrief>| -> Vec<String> {
        found
            .iter()
            .map(|it| match it {
                OrderBrief::Wechat(brief) => brief.attempt.out_trade_no.to_string(),
                OrderBrief::Cash(row) => format!("#{} {} -{}", row.sale.0, row.total, row.refunded),
            })
            .collect()
    };
    let today = shop.till.day_of(shop.now());
    let (six, two) = (
        format!("#{} 6.00 -0.00", first.0),
        format!("#{} 2.00 -2.00", second.0),
    );
    assert_eq!(
        names(shop.till.all_orders_of(today).unwrap()),
        [two.clone(), order.to_string(), six.clone()],
        "newest first, whichever way they were paid"
    );
    assert!(
        shop.till
            .all_orders_of(today.yesterday().unwrap())
            .unwrap()
            .is_empty(),
        "and none on another day"
    );
    assert_eq!(
        names(shop.till.find_all_orders("2").unwrap())
            .into_iter()
            .filter(|name| name.starts_with('#'))
            .collect::<Vec<_>>(),
        [two],
        "by an amount; number 2 is WeChat's"
    );
    assert_eq!(
        names(shop.till.find_all_orders(&format!("#{}", first.0)).unwrap()),
        [six],
        "by its number"
    );
}
