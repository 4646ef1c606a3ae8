//! Prices lowered in the cart: within the limit of the house alone, past it with a manager's PIN; and whatever follows from a
//! sale, WeChat's order, refunds, stock, X and Z, follows what was asked, with the list price beside it.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use calamine::{Data, Reader as _, Xlsx};
use jiff::SignedDuration;
use scantill_tests::refunds::SETTLED;
use scantill_tests::shop::{Line, NOODLES, Shop, WATER};
use till_app::approval::{Act, Credential};
use till_app::house::HouseRules;
use till_app::report::ExportFormat;
use till_app::{Locale, Refusal};
use till_core::{
    CartError, DiscountLimit, Exception, Fen, LineNo, OutTradeNo, Part, PriceWish, RefundLine, Report, Tally,
};

use crate::cash::users::{CASHIER, journal, managers_pin, pin, staffed};

fn yuan(text: &str) -> Fen {
    Fen::parse_yuan(text).unwrap()
}

fn reprice(
    shop: &mut Shop,
    line: LineNo,
    wish: PriceWish,
    shown: Option<&Credential>,
) -> Result<(), Refusal> {
    let now = shop.now();
    shop.till.reprice(now, line, wish, shown)
}

fn asked(shop: &Shop) -> Vec<(i64, u32)> {
    let cart = shop.till.snapshot().cart;
    cart.lines()
        .iter()
        .map(|it| (it.price.get(), it.pieces))
        .collect()
}

fn times(report: &Report, what: &str) -> u32 {
    let found = report.exceptions.iter().find(|it| it.what == what);
    found.map_or(0, |Exception { count, .. }| *count)
}

async fn paid(line: &Line, shop: &mut Shop, click: &str) -> OutTradeNo {
    let now = shop.now();
    let number = shop.till.pay(now, click).unwrap();
    shop.catch_up().await.unwrap();
    line.pay(&number).unwrap();
    shop.live(SignedDuration::from_secs(6)).await.unwrap();
    number
}

fn holds(shop: &Shop) {
    let check = shop.till.db().read().self_check();
    assert!(check.holds(), "the ledger proves itself: {check:?}");
}

#[tokio::test]
async fn past_the_limit_of_the_house_a_managers_pin_is_looked_at_and_the_journal_has_it() {
    let line = Line::open().await.unwrap();
    let mut shop = staffed(&line).await;
    let water = shop.ring(WATER, 2).unwrap();
    reprice(&mut shop, water, PriceWish::Each(yuan("1.80")), None).unwrap();
    assert_eq!(asked(&shop), [(180, 2)], "a tenth off is the cashier's to give");
    let more = PriceWish::Each(yuan("1.79"));
    let alone = reprice(&mut shop, water, more, None);
    assert!(
        matches!(alone, Err(Refusal::NeedsManager)),
        "a fen more is not: {alone:?}"
    );
    let own = Credential::Pin {
        manager: CASHIER,
        pin: pin("1234"),
    };
    let own = reprice(&mut shop, water, more, Some(&own));
    assert!(
        matches!(own, Err(Refusal::NeedsManager)),
        "not by their own PIN either: {own:?}"
    );
    let wrong = reprice(&mut shop, water, more, Some(&managers_pin("0000")));
    assert!(
        matches!(wrong, Err(Refusal::PinWrong)),
        "nor by a wrong one: {wrong:?}"
    );
    assert_eq!(asked(&shop), [(180, 2)], "and nothing has changed");
    reprice(&mut shop, water, more, Some(&managers_pin("4711"))).unwrap();
    assert_eq!(asked(&shop), [(179, 2)], "with the manager's it is done");
    assert_eq!(
        journal(&shop, "price_changed"),
        [
            "2 × 农夫山泉 550ml, list 2.00: 4.00 -> 3.60; 王敏",
            "2 × 农夫山泉 550ml, list 2.00: 3.60 -> 3.58; 王敏",
        ],
        "each change is in the journal, and by whom"
    );
    assert_eq!(
        journal(&shop, "discount_over_limit"),
        ["2 × 农夫山泉 550ml, list 2.00: 3.60 -> 3.58; 王敏; approved by 李娜"],
        "and what a manager has answered for is named"
    );
    let third = shop.till.set_pieces(shop.now(), water, 3);
    assert!(
        matches!(third, Err(Refusal::Cart(CartError::ApprovedForFewer))),
        "for two pieces, not for three: {third:?}"
    );
    let report = shop.till.x_report(shop.now()).unwrap().report;
    assert_eq!(
        (
            times(&report, "price_changed"),
            times(&report, "discount_over_limit")
        ),
        (2, 1),
        "the X counts them, though nothing was sold yet"
    );

    let mut shop = shop.restart(SignedDuration::from_secs(1)).unwrap();
    assert_eq!(
        asked(&shop),
        [(179, 2)],
        "the cart outlives a power cut as it was acknowledged"
    );
    let now = shop.now();
    shop.till.sign_in(now, CASHIER, &pin("1234")).unwrap();
    reprice(&mut shop, water, PriceWish::List, None).unwrap();
    assert_eq!(asked(&shop), [(200, 2)], "back to the list price needs nobody");
}

#[tokio::test]
async fn the_house_may_measure_by_amount_and_rules_of_before_have_the_usual_limit() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    assert_eq!(
        shop.till.house().discount_limit,
        DiscountLimit::Percent(10),
        "a tenth, if the house says nothing"
    );
    let now = shop.now();
    let rule = |shop: &mut Shop, discount_limit| {
        let yes = shop
            .till
            .approve(now, Act::HouseRules, Some(&Credential::Confirmed))
            .unwrap();
        let rules = HouseRules {
            discount_limit,
            ..HouseRules::default()
        };
        shop.till.set_house(now, rules, yes)
    };
    let senseless = rule(&mut shop, DiscountLimit::Percent(101));
    assert!(
        matches!(senseless, Err(Refusal::RulesOutOfRange)),
        "more than all: {senseless:?}"
    );
    rule(&mut shop, DiscountLimit::OffEach(yuan("0.50"))).unwrap();
    let water = shop.ring(WATER, 2).unwrap();
    reprice(&mut shop, water, PriceWish::Off(yuan("1.00")), None).unwrap();
    let more = reprice(&mut shop, water, PriceWish::Off(yuan("1.01")), None);
    assert!(
        matches!(more, Err(Refusal::NeedsConfirmation)),
        "half a yuan a piece, and not a fen more: {more:?}"
    );

    let file = shop.till.db().path().unwrap().to_owned();
    let ledger = rusqlite::Connection::open(file).unwrap();
    ledger
        .execute(
            "UPDATE settings SET value = '{\"idle_minutes\":7,\"blind_count\":false,\"difference_limit\":500}'
             WHERE key = 'house_rules'",
            [],
        )
        .unwrap();
    let shop = shop.restart(SignedDuration::from_secs(1)).unwrap();
    assert_eq!(
        (shop.till.house().idle_minutes, shop.till.house().discount_limit),
        (7, DiscountLimit::Percent(10)),
        "a shop that made its rules before keeps them, with the usual limit"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn order_refund_stock_and_z_follow_what_was_asked() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let water = shop.ring(WATER, 3).unwrap();
    // 6.00 less 0.50: 5.50 for three, which no three equal prices make.
    reprice(&mut shop, water, PriceWish::Off(yuan("0.50")), None).unwrap();
    assert_eq!(
        asked(&shop),
        [(183, 2), (184, 1)],
        "each piece has a price of its own"
    );
    let noodles = shop.ring(NOODLES, 2).unwrap();
    let over = PriceWish::Each(yuan("2.25"));
    let unasked = reprice(&mut shop, noodles, over, None);
    assert!(
        matches!(unasked, Err(Refusal::NeedsConfirmation)),
        "half off is asked about: {unasked:?}"
    );
    reprice(&mut shop, noodles, over, Some(&Credential::Confirmed)).unwrap();
    let order = paid(&line, &mut shop, "sale").await;
    assert_eq!(
        line.order(&order).unwrap().total_fee.get(),
        1000,
        "WeChat was asked for 5.50 and 4.50"
    );
    let picture = shop.till.picture(&order).unwrap();
    let told: Vec<_> = picture
        .lines
        .iter()
        .map(|it| (it.price.get(), it.list_price().get(), it.pieces))
        .collect();
    assert_eq!(
        told,
        [(183, 200, 2), (184, 200, 1), (225, 450, 2)],
        "the order's record has both prices"
    );
    assert_eq!(
        (shop.shelf(WATER).unwrap(), shop.shelf(NOODLES).unwrap()),
        ((Some(497), 0, 3), (Some(38), 0, 2)),
        "five pieces are sold, whatever was asked for them"
    );

    let back = Part::Lines {
        lines: vec![
            RefundLine {
                line: water,
                pieces: 1,
            },
            RefundLine {
                line: noodles,
                pieces: 1,
            },
        ],
        goods_back: true,
    };
    let refund = shop.wish(&order, back, "refund").unwrap().unwrap();
    shop.live(SETTLED).await.unwrap();
    assert_eq!(
        shop.refund(&refund).unwrap().refund_fee,
        yuan("4.08"),
        "1.83 and 2.25 go back: what was paid, never the list price"
    );
    assert_eq!(
        shop.shelf(NOODLES).unwrap(),
        (Some(39), 0, 1),
        "and the goods with them"
    );

    // The same goods once more at the list price, in cash.
    shop.ring(WATER, 1).unwrap();
    let now = shop.now();
    shop.till.take_cash(now, "cash", None, yuan("2")).unwrap();
    let x = shop.till.x_report(shop.now()).unwrap().report;
    let off = Tally {
        count: 3,
        sum: yuan("5.00"),
    };
    assert_eq!(
        x.discounts, off,
        "three lines, 0.50 and 4.50 below their list prices"
    );
    assert_eq!(
        (x.gross(), x.takings.sold().unwrap().sum, x.takings.net()),
        (Ok(yuan("17.00")), yuan("12.00"), Ok(yuan("7.92"))),
        "17.00 at list prices, 12.00 were paid, 4.08 went back"
    );
    assert_eq!(
        (times(&x, "price_changed"), times(&x, "discount_over_limit")),
        (1, 1),
        "one price was changed, and that past the limit"
    );
    let day = shop.till.day(shop.till.day_of(shop.now()), false).unwrap();
    let said = day
        .text
        .lines()
        .find(|it| it.contains("折扣"))
        .unwrap_or_default();
    assert!(
        said.ends_with("5.00") && said.contains('3'),
        "the day's text says so: {}",
        day.text
    );

    let z = shop.till.close_day(shop.now(), "close", "").unwrap().report;
    assert_eq!(
        (z.discounts, z.gross()),
        (x.discounts, x.gross()),
        "the Z says what the X said"
    );
    holds(&shop);
}

#[tokio::test]
async fn a_late_payment_taken_over_and_one_taken_back_keep_the_discounts_right() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let water = shop.ring(WATER, 2).unwrap();
    reprice(&mut shop, water, PriceWish::Off(yuan("0.40")), None).unwrap();
    let now = shop.now();
    let number = shop.till.pay(now, "late").unwrap();
    shop.catch_up().await.unwrap();
    shop.till.cancel(shop.now(), &number).unwrap();
    shop.live(SignedDuration::from_secs(5)).await.unwrap();
    line.pay(&number).unwrap();
    shop.live(SignedDuration::from_secs(6)).await.unwrap();
    let x = shop.till.x_report(shop.now()).unwrap().report;
    assert_eq!(
        x.discounts,
        Tally::default(),
        "what a person has to decide is no sale yet"
    );
    let yes = shop.yes(Act::Review).unwrap();
    let now = shop.now();
    shop.till.adopt(now, &number, yes).unwrap();
    let x = shop.till.x_report(shop.now()).unwrap().report;
    let off = Tally {
        count: 1,
        sum: yuan("0.40"),
    };
    assert_eq!(
        (x.discounts, x.gross()),
        (off, Ok(yuan("4.00"))),
        "taken over, it is one"
    );
    holds(&shop);
}

#[tokio::test]
async fn a_sale_of_nothing_is_none_by_wechat_and_in_cash() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let water = shop.ring(WATER, 1).unwrap();
    let gift = PriceWish::Each(Fen::ZERO);
    reprice(&mut shop, water, gift, Some(&Credential::Confirmed)).unwrap();
    let now = shop.now();
    for refused in [
        shop.till.pay(now, "a").map(drop),
        shop.till.open_cash(None),
        shop.till.take_cash(now, "b", None, yuan("1")).map(drop),
    ] {
        assert!(
            matches!(refused, Err(Refusal::Cart(CartError::NothingToPay))),
            "there is nothing to take: {refused:?}"
        );
    }
    assert_eq!(asked(&shop), [(0, 1)], "the cart is as it was");
    shop.ring(NOODLES, 1).unwrap();
    let number = paid(&line, &mut shop, "sale").await;
    assert_eq!(
        line.order(&number).unwrap().total_fee.get(),
        450,
        "beside something to pay a gift is one"
    );
    let refund = Part::Lines {
        lines: vec![RefundLine {
            line: water,
            pieces: 1,
        }],
        goods_back: true,
    };
    let refund = shop.wish(&number, refund, "r").unwrap();
    assert!(
        matches!(refund, Err(Refusal::Refund(till_core::RefundRefusal::Nothing))),
        "nothing was paid for it, and nothing goes back: {refund:?}"
    );
    holds(&shop);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_paper_say_what_was_taken_off() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let water = shop.ring(WATER, 2).unwrap();
    reprice(&mut shop, water, PriceWish::Off(yuan("0.40")), None).unwrap();
    paid(&line, &mut shop, "sale").await;
    shop.ring(NOODLES, 1).unwrap();
    let now = shop.now();
    shop.till.take_cash(now, "cash", None, yuan("5")).unwrap();
    let number = shop
        .till
        .close_day(shop.now(), "close", "")
        .unwrap()
        .report
        .head
        .number;
    let folder = tempfile::tempdir().unwrap();
    let write = |shop: &Shop, format| {
        let job = shop.till.export(shop.now(), number, false).unwrap();
        job.run(folder.path(), format, |_| {}).unwrap().path
    };
    let mut book: Xlsx<_> = calamine::open_workbook(write(&shop, ExportFormat::Xlsx)).unwrap();
    let z = book.worksheet_range("Z 0001").unwrap();
    let beside = |label: &str| {
        let row = z.rows().find(|row| row[0] == Data::String(label.to_owned()));
        row.unwrap_or_else(|| panic!("{label} is on the sheet"))[1].clone()
    };
    assert_eq!(
        (
            beside("标价总额"),
            beside("折扣"),
            beside("折扣 #"),
            beside("销售总额")
        ),
        (
            Data::Float(8.5),
            Data::Float(0.4),
            Data::Float(1.0),
            Data::Float(8.1)
        ),
        "the sheet has real numbers: at list prices, taken off, sold"
    );
    let orders = book.worksheet_range("成交").unwrap();
    let discounts: Vec<_> = orders.rows().skip(1).map(|row| row[6].clone()).collect();
    assert_eq!(
        discounts,
        [Data::Float(0.4), Data::Empty],
        "each sale has its own"
    );
    let csv = std::fs::read_to_string(write(&shop, ExportFormat::Csv)).unwrap();
    let rows: Vec<&str> = csv.lines().collect();
    assert!(
        rows[0].ends_with("金额,折扣") && rows[1].ends_with(",3.60,0.40") && rows[2].ends_with(",4.50,"),
        "and so has the list of entries: {rows:?}"
    );
    for locale in [Locale::ZhCn, Locale::En] {
        shop.till.set_locale(locale).unwrap();
        let file = write(&shop, ExportFormat::Pdf80);
        let said = std::process::Command::new("pdftotext")
            .args(["-layout".as_ref(), file.as_os_str(), "-".as_ref()])
            .output()
            .unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        let row = |word: &str| {
            let row = said.lines().find(|row| row.contains(word)).unwrap_or_default();
            row.split_whitespace().last().unwrap_or_default().to_owned()
        };
        let words = match locale {
            Locale::ZhCn => ["标价总额", "折扣（1）", "销售总额"],
            Locale::En => ["At list prices", "Discounts, lines (1)", "Gross sales"],
        };
        assert_eq!(
            words.map(row),
            ["8.50", "-0.40", "8.10"],
            "the paper says it in {locale:?}:\n{said}"
        );
    }
}
