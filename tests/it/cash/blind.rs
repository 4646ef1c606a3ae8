//! Counting blind: whoever counts is told nothing from which the cash in the drawer could be worked out.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use calamine::{Reader as _, Xlsx};
use jiff::SignedDuration;
use scantill_tests::shop::{Line, Shop, WATER};
use till_app::approval::Act;
use till_app::house::HouseRules;
use till_app::report::ExportFormat;
use till_app::shift::Direction;
use till_core::{DrawerDifference, Fen, OutTradeNo, PriceWish, ZNumber};

use super::shifts::{counted, sell_for_cash, yuan};
use super::users::{CASHIER, MANAGER, managers_pin, pin, staffed};

/// A shop with users that counts blind, its drawer opened with a hundred yuan in it.
async fn counting_blind(line: &Line) -> Shop {
    let mut shop = staffed(line).await;
    let now = shop.now();
    let approval = shop
        .till
        .approve(now, Act::HouseRules, Some(&managers_pin("4711")))
        .unwrap();
    let blind = HouseRules {
        blind_count: true,
        ..HouseRules::default()
    };
    shop.till.set_house(now, blind, approval).unwrap();
    shop.till.open_shift(now, yuan("100")).unwrap();
    shop
}

#[tokio::test]
async fn who_counts_blind_is_not_told_what_should_be_there() {
    let line = Line::open().await.unwrap();
    let mut shop = counting_blind(&line).await;
    let now = shop.now();
    sell_for_cash(&mut shop, 3, "one");
    shop.till
        .move_cash(now, "in", Direction::In, yuan("10"), "换零钱")
        .unwrap();
    let open = shop.till.drawer().unwrap().open.unwrap();
    assert!(open.sums.is_none(), "no sum is told before the count");
    assert_eq!(
        open.moves.len(),
        1,
        "only what was put in and taken out by name, and no sale"
    );
    let closed = shop.till.close_shift(now, counted("116"), None).unwrap();
    let end = closed.shift.end.as_ref().unwrap();
    assert_eq!(
        (end.expected, end.difference()),
        (yuan("116"), Ok(DrawerDifference::Agrees)),
        "after the count everything is"
    );
    assert!(closed.sums.is_some(), "with the sums it follows from");
}

/// What stands in the file of a report, whatever kind it is.
pub(super) fn said_in(shop: &Shop, number: Option<ZNumber>, format: ExportFormat) -> String {
    let folder = tempfile::tempdir().unwrap();
    let job = shop.till.export(shop.now(), number, false).unwrap();
    let file = job.run(folder.path(), format, |_| {}).unwrap().path;
    match format {
        ExportFormat::Csv => std::fs::read_to_string(file).unwrap(),
        ExportFormat::Xlsx => {
            let mut book: Xlsx<_> = calamine::open_workbook(&file).unwrap();
            let sheets = book.worksheets();
            let rows = sheets
                .iter()
                .flat_map(|(_, sheet)| sheet.rows().map(|row| format!("{row:?}")));
            rows.collect::<Vec<_>>().join("\n")
        }
        ExportFormat::PdfA4 | ExportFormat::Pdf80 => {
            let text = std::process::Command::new("pdftotext")
                .args(["-layout", file.to_str().unwrap(), "-"])
                .output()
                .unwrap();
            String::from_utf8(text.stdout).unwrap()
        }
    }
}

const FORMATS: [ExportFormat; 4] = [
    ExportFormat::Xlsx,
    ExportFormat::Csv,
    ExportFormat::PdfA4,
    ExportFormat::Pdf80,
];

#[tokio::test(flavor = "multi_thread")]
async fn who_counts_blind_finds_it_in_no_report_either() {
    let line = Line::open().await.unwrap();
    let mut shop = counting_blind(&line).await;
    // 26.00 in cash, 6.00 by WeChat: 126.00 in the drawer, 32.00 in all.
    sell_for_cash(&mut shop, 13, "cash");
    shop.sell_paid(&line, &[(WATER, 3)], "wechat").await.unwrap();
    let tells = |text: &str| {
        ["26.00", "26.0)", "32.00", "32.0)"]
            .into_iter()
            .filter(|word| text.contains(word))
            .collect::<Vec<_>>()
    };
    let x = shop.till.x_report(shop.now()).unwrap();
    assert!(x.blind, "the picture says that it is counted blind");
    assert_eq!(
        (x.report.takings.net(), x.report.takings.cash()),
        (Ok(yuan("6")), Ok(till_core::Tally::default())),
        "an X is of WeChat alone"
    );
    assert_eq!(
        (x.report.drawer.taken.sum, x.report.drawer.shifts[0].expected),
        (Fen::ZERO, Fen::ZERO),
        "without what was taken, and without what should be there"
    );
    for format in FORMATS {
        let said = said_in(&shop, None, format);
        assert_eq!(tells(&said), Vec::<&str>::new(), "nor in {format:?}:\n{said}");
        assert!(
            said.contains("盲点"),
            "which says that it is not the whole: {format:?}:\n{said}"
        );
    }
    let day = shop.till.day(shop.till.day_of(shop.now()), false).unwrap();
    assert_eq!(
        (day.figures.paid.sum, day.figures.cash.sum),
        (yuan("6"), Fen::ZERO),
        "nor in the figures of the day"
    );
    assert_eq!(tells(&day.text), Vec::<&str>::new(), "nor in their text");
    // Closing the day in the middle of the shift is no way round it.
    let z = shop.till.close_day(shop.now(), "z", "").unwrap();
    assert_eq!(
        z.report.takings.net(),
        Ok(yuan("6")),
        "the answer is of WeChat alone"
    );
    let listed = shop.till.z_reports(None, 9).unwrap().remove(0);
    assert_eq!(
        (listed.net, listed.sold.count),
        (yuan("6"), 1),
        "and so is the list"
    );
    for format in FORMATS {
        let said = said_in(&shop, Some(ZNumber(1)), format);
        assert_eq!(
            tells(&said),
            Vec::<&str>::new(),
            "nor in {format:?} of it:\n{said}"
        );
    }
    // What is printed at the close goes by the same way as a PDF.
    let paper = shop.till.pdf(shop.now(), Some(ZNumber(1)), false).unwrap();
    assert!(!paper.counts(), "it is not the whole Z");
    let paper = format!("{:?}", paper.document().unwrap());
    assert!(
        paper.contains("非原件") && !shop.till.z_printed(ZNumber(1)).unwrap(),
        "and says that it is not the original, which is still to come:\n{paper}"
    );
    assert_eq!(
        tells(&paper),
        Vec::<&str>::new(),
        "nor on the paper at the close:\n{paper}"
    );
    assert!(
        paper.contains("盲点"),
        "which says that it is not the whole:\n{paper}"
    );
    shop.till.lock(shop.now()).unwrap();
    shop.till.sign_in(shop.now(), MANAGER, &pin("4711")).unwrap();
    let seen = shop.till.z_report(ZNumber(1)).unwrap();
    assert_eq!(
        (seen.blind, seen.report.takings.net()),
        (false, Ok(yuan("32"))),
        "a manager who has signed in sees what is kept"
    );
    shop.till.lock(shop.now()).unwrap();
    shop.till.sign_in(shop.now(), CASHIER, &pin("1234")).unwrap();
    shop.till.close_shift(shop.now(), counted("126"), None).unwrap();
    let after = shop.till.z_report(ZNumber(1)).unwrap();
    assert_eq!(after.report, seen.report, "after the count everybody does");
    for (turn, marks) in [
        ("the first whole one", [false, false]),
        ("the next", [true, false]),
    ] {
        let whole = shop.till.pdf(shop.now(), Some(ZNumber(1)), false).unwrap();
        let paper = format!("{:?}", whole.document().unwrap());
        assert_eq!(
            [paper.contains("副本"), paper.contains("非原件")],
            marks,
            "{turn}: the first is the original, and only then there are copies"
        );
    }
    let check = shop.till.db().read().self_check();
    assert!(check.holds(), "what is kept is the whole: {check:?}");
}

/// The customer pays, and the till hears of it.
async fn settle(shop: &mut Shop, line: &Line, order: &OutTradeNo) {
    shop.catch_up().await.unwrap();
    line.pay(order).unwrap();
    shop.live(SignedDuration::from_secs(4)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_counts_blind_sees_the_goods_and_discounts_that_no_cash_has_touched() {
    let line = Line::open().await.unwrap();
    let mut shop = counting_blind(&line).await;
    // A water for 1.50 instead of 2.00 each time: by WeChat, in cash, and half of it in cash.
    let reduced = |shop: &mut Shop| {
        let line = shop.ring(WATER, 1).unwrap();
        let wish = PriceWish::Each(yuan("1.5"));
        let now = shop.now();
        shop.till
            .reprice(now, line, wish, Some(&managers_pin("4711")))
            .unwrap();
    };
    reduced(&mut shop);
    let order = shop.till.pay(shop.now(), "wechat").unwrap();
    settle(&mut shop, &line, &order).await;
    reduced(&mut shop);
    let now = shop.now();
    shop.till.take_cash(now, "cash", None, yuan("2")).unwrap();
    reduced(&mut shop);
    let rest = shop.till.take_part(now, "part", None, yuan("0.5")).unwrap();
    settle(&mut shop, &line, &rest).await;
    let x = shop.till.x_report(shop.now()).unwrap();
    assert!(x.blind, "counted blind");
    assert_eq!(
        (
            x.report.discounts.count,
            x.report.discounts.sum,
            x.report.pieces()
        ),
        (1, yuan("0.5"), 1),
        "of three alike the one that WeChat alone has paid"
    );
    assert_eq!(
        x.report.takings.wechat_paid.sum,
        yuan("2.5"),
        "WeChat's part of the split sale is among what WeChat was paid"
    );
    let csv = said_in(&shop, None, ExportFormat::Csv);
    assert_eq!(
        csv.matches("0.50").count(),
        1,
        "in the file, too, one discount alone:\n{csv}"
    );
}
