//! Shifts: what should be in the drawer, counted openly and blind, and whose yes a difference needs.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use calamine::{Reader as _, Xlsx};
use jiff::SignedDuration;
use scantill_tests::shop::{Line, Shop, WATER};
use till_app::Refusal;
use till_app::approval::Act;
use till_app::house::HouseRules;
use till_app::report::ExportFormat;
use till_app::shift::{Closing, Direction};
use till_core::{DrawerCount, DrawerDifference, Fen, OutTradeNo, PriceWish, ShiftId, ZNumber};

use super::users::{CASHIER, MANAGER, journal, managers_pin, pin, staffed};

fn yuan(text: &str) -> Fen {
    Fen::parse_yuan(text).unwrap()
}

/// A count of so many yuan and jiao: in hundreds, ones and tenths.
fn counted(text: &str) -> Closing {
    let fen = yuan(text).get();
    let pieces = [
        (10_000, fen / 10_000),
        (100, fen % 10_000 / 100),
        (10, fen % 100 / 10),
    ];
    let pieces = pieces.map(|(piece, number)| (Fen::new(piece), u32::try_from(number).unwrap()));
    let count = DrawerCount::parse(pieces).unwrap();
    assert_eq!(count.total(), Ok(yuan(text)), "the test counts right");
    Closing {
        count,
        left: Fen::ZERO,
        note: String::new(),
    }
}

fn sell_for_cash(shop: &mut Shop, bottles: u32, click: &str) {
    let now = shop.now();
    for _ in 0..bottles {
        shop.till.add(WATER, None).unwrap();
    }
    shop.till.take_cash(now, click, None, yuan("100")).unwrap();
}

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
async fn a_shop_with_users_takes_no_money_outside_a_shift() {
    let line = Line::open().await.unwrap();
    let mut shop = staffed(&line).await;
    let now = shop.now();
    shop.till.add(WATER, None).unwrap();
    let by_wechat = shop.till.pay(now, "wechat");
    let in_cash = shop.till.take_cash(now, "cash", None, yuan("2"));
    assert!(
        matches!(by_wechat, Err(Refusal::NoShift)) && matches!(in_cash, Err(Refusal::NoShift)),
        "neither way: {by_wechat:?}, {in_cash:?}"
    );
    assert_eq!(
        shop.till.open_shift(now, yuan("200")).unwrap(),
        ShiftId(1),
        "the first shift"
    );
    let twice = shop.till.open_shift(now, yuan("200"));
    assert!(
        matches!(twice, Err(Refusal::ShiftOpen)),
        "one at a time: {twice:?}"
    );
    shop.till.take_cash(now, "cash", None, yuan("2")).unwrap();
    let shift = shop
        .restart(SignedDuration::from_secs(1))
        .unwrap()
        .till
        .snapshot()
        .shift;
    assert_eq!(
        shift.map(|shift| (shift.id, shift.float, shift.opened_by)),
        Some((ShiftId(1), yuan("200"), Some(CASHIER))),
        "the shift outlives a restart"
    );
}

#[tokio::test]
async fn what_should_be_in_the_drawer_is_float_and_everything_that_moved() {
    let line = Line::open().await.unwrap();
    let mut shop = staffed(&line).await;
    let now = shop.now();
    shop.till.open_shift(now, yuan("200")).unwrap();
    sell_for_cash(&mut shop, 3, "one");
    sell_for_cash(&mut shop, 5, "two");
    let by_wechat = shop.sell(WATER, "wechat").unwrap();
    shop.catch_up().await.unwrap();
    line.pay(&by_wechat).unwrap();
    shop.live(SignedDuration::from_secs(4)).await.unwrap();
    for _ in 0..5 {
        shop.till.add(WATER, None).unwrap();
    }
    let split = shop.till.take_part(shop.now(), "part", None, yuan("4")).unwrap();
    shop.till.cancel(shop.now(), &split).unwrap();
    shop.till.give_cash_back(shop.now(), "back", &split).unwrap();
    let now = shop.now();
    let nameless = shop.till.move_cash(now, "in", Direction::In, yuan("50"), "  ");
    assert!(
        matches!(nameless, Err(Refusal::ReasonMissing)),
        "not without a reason: {nameless:?}"
    );
    for _ in 0..2 {
        shop.till
            .move_cash(now, "in", Direction::In, yuan("50"), "换零钱")
            .unwrap();
    }
    shop.till
        .move_cash(now, "out", Direction::Out, yuan("12.5"), "买垃圾袋")
        .unwrap();
    let sums = shop.till.drawer().unwrap().open.unwrap().sums.unwrap();
    assert_eq!(
        (
            sums.float,
            sums.sales,
            sums.sales_count,
            sums.given_back,
            sums.paid_in,
            sums.paid_out
        ),
        (yuan("200"), yuan("20"), 3, yuan("4"), yuan("50"), yuan("12.5")),
        "6 + 10 + 4 in cash, 4 given back, 50 in once though pressed twice, 12.50 out"
    );
    assert_eq!(sums.expected(), Ok(yuan("253.5")), "200 + 20 − 4 + 50 − 12.5");

    let mut closing = counted("253.5");
    closing.left = yuan("200");
    closing.note = "交班给李娜".to_owned();
    let closed = shop.till.close_shift(now, closing, None).unwrap();
    let end = closed.shift.end.unwrap();
    assert_eq!(end.difference(), Ok(DrawerDifference::Agrees), "to the fen");
    assert_eq!(
        end.taken_away(),
        Ok(yuan("53.5")),
        "what does not stay is taken away"
    );
    assert_eq!(shop.till.snapshot().shift, None, "the shift is over");
    assert_eq!(
        journal(&shop, "cash_out"),
        ["12.50: 王敏, 买垃圾袋"],
        "by name and reason"
    );
    assert_eq!(
        journal(&shop, "shift_closed"),
        ["1: 王敏, agrees, left 200.00"],
        "and the end of the shift"
    );
    shop.till.lock(now).unwrap();
    shop.till.sign_in(now, MANAGER, &pin("4711")).unwrap();
    let float = shop.till.drawer().unwrap().last.unwrap().shift.end.unwrap().left;
    assert_eq!(
        shop.till.open_shift(now, float).unwrap(),
        ShiftId(2),
        "the next one takes over what was left"
    );
}

#[tokio::test]
async fn a_difference_over_the_limit_needs_a_manager_and_names_them() {
    let line = Line::open().await.unwrap();
    let mut shop = staffed(&line).await;
    let now = shop.now();
    shop.till.open_shift(now, yuan("100")).unwrap();
    sell_for_cash(&mut shop, 3, "one");
    let alone = shop.till.close_shift(now, counted("100.9"), None);
    assert!(
        matches!(alone, Err(Refusal::NeedsManager)),
        "5.10 missing is over the limit of 5.00: {alone:?}"
    );
    let wrong = shop
        .till
        .close_shift(now, counted("100.9"), Some(&managers_pin("0000")));
    assert!(
        matches!(wrong, Err(Refusal::PinWrong)),
        "a wrong PIN is no yes: {wrong:?}"
    );
    assert!(
        shop.till.snapshot().shift.is_some(),
        "until then the shift goes on"
    );
    let closed = shop
        .till
        .close_shift(now, counted("100.9"), Some(&managers_pin("4711")))
        .unwrap();
    let end = closed.shift.end.unwrap();
    assert_eq!(
        (end.difference(), end.approved_by.as_deref()),
        (Ok(DrawerDifference::Short(yuan("5.1"))), Some("李娜")),
        "closed with the difference as it is, under the manager's name"
    );
    assert_eq!(
        journal(&shop, "approved").last().map(String::as_str),
        Some("shift_difference: 李娜; at the till: 王敏"),
        "the override is in the journal"
    );
    assert_eq!(
        journal(&shop, "shift_counted").len(),
        3,
        "and so is each count, the ones that did not close it too"
    );
    let yes = shop
        .till
        .approve(now, Act::ShiftDifference, Some(&managers_pin("4711")))
        .unwrap();
    shop.till.open_shift_approved(now, yuan("100"), yes).unwrap();
    let closed = shop.till.close_shift(now, counted("105"), None).unwrap();
    let end = closed.shift.end.unwrap();
    assert_eq!(
        (end.difference(), end.approved_by),
        (Ok(DrawerDifference::Over(yuan("5"))), None),
        "exactly the limit is within it"
    );
}

#[tokio::test]
async fn a_float_is_held_against_what_the_last_shift_left() {
    let line = Line::open().await.unwrap();
    let mut shop = staffed(&line).await;
    let now = shop.now();
    shop.till.open_shift(now, yuan("200")).unwrap();
    let closing = Closing {
        left: yuan("200"),
        ..counted("200")
    };
    shop.till.close_shift(now, closing.clone(), None).unwrap();
    let far_off = shop.till.open_shift(now, yuan("100"));
    assert!(
        matches!(far_off, Err(Refusal::NeedsManager)),
        "100.00 that went between two shifts is over the limit of 5.00: {far_off:?}"
    );
    assert_eq!(shop.till.snapshot().shift, None, "so no shift has begun");
    let yes = shop
        .till
        .approve(now, Act::ShiftDifference, Some(&managers_pin("4711")))
        .unwrap();
    shop.till.open_shift_approved(now, yuan("100"), yes).unwrap();
    let closing = Closing {
        left: yuan("100"),
        ..counted("100")
    };
    shop.till.close_shift(now, closing, None).unwrap();
    shop.till.open_shift(now, yuan("104.5")).unwrap();
    assert_eq!(
        journal(&shop, "shift_opened"),
        [
            "1: 王敏, float 200.00",
            "2: 王敏, short 100.00 with the 200.00 left before, approved by 李娜, float 100.00",
            "3: 王敏, over 4.50 with the 100.00 left before, float 104.50",
        ],
        "each is written down in words, and under whose name"
    );
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
fn said_in(shop: &Shop, number: Option<ZNumber>, format: ExportFormat) -> String {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_z_has_all_that_there_is_to_know_of_a_shift() {
    let line = Line::open().await.unwrap();
    let mut shop = staffed(&line).await;
    let now = shop.now();
    shop.till.open_shift(now, yuan("100")).unwrap();
    let first = Closing {
        left: yuan("100"),
        ..counted("100")
    };
    shop.till.close_shift(now, first, None).unwrap();
    shop.till.open_shift(now, yuan("99")).unwrap();
    sell_for_cash(&mut shop, 3, "one");
    let closing = Closing {
        left: yuan("80"),
        note: "少收了".to_owned(),
        ..counted("90.1")
    };
    shop.till
        .close_shift(now, closing, Some(&managers_pin("4711")))
        .unwrap();
    let z = shop.till.close_day(shop.now(), "z", "").unwrap().report;
    let line = &z.drawer.shifts[1];
    assert_eq!(
        (
            line.opened_by.as_str(),
            line.by.as_str(),
            line.approved_by.as_deref(),
            line.float_difference(),
            line.taken_away(),
        ),
        (
            "王敏",
            "王敏",
            Some("李娜"),
            Ok(Some(Fen::new(-100))),
            Ok(Some(yuan("10.1")))
        ),
        "who began it, who counted, who approved; a yuan went before it, 10.10 was taken away after it"
    );
    assert_eq!(
        line.count.pieces(),
        [(Fen::new(100), 90), (Fen::new(10), 1)],
        "and what was counted, note by note"
    );
    for format in [ExportFormat::Xlsx, ExportFormat::PdfA4] {
        let said = said_in(&shop, Some(ZNumber(1)), format);
        for word in [
            "开班",
            "差额批准",
            "李娜",
            "1 × 90",
            "取走",
            "备用金与上一班留存之差",
            "售出件数",
            "少收了",
        ] {
            assert!(said.contains(word), "{word} stands in {format:?}:\n{said}");
        }
    }
    let sheet = said_in(&shop, Some(ZNumber(1)), ExportFormat::Xlsx);
    for row in [
        "[String(\"售出件数\"), Float(3.0)]",
        "[String(\"客单价\"), Float(6.0)]",
        "[String(\"班次 2 备用金\"), Float(99.0)]",
        "[String(\"班次 2 差额\"), Float(-14.9)]",
        "[String(\"班次 2 留存\"), Float(80.0)]",
        "[String(\"班次 2 取走\"), Float(10.1)]",
        "[String(\"挂单\"), Float(0.0)]",
        "[String(\"累计（不清零） 净额\"), Float(6.0)]",
        "[String(\"销售总额 #\"), Float(1.0)]",
    ] {
        assert!(
            sheet.contains(row),
            "{row} is a real number in the sheet:\n{sheet}"
        );
    }
}

#[tokio::test]
async fn a_shop_without_users_may_count_too_and_confirms_a_difference() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let now = shop.now();
    sell_for_cash(&mut shop, 1, "outside");
    shop.till.open_shift(now, yuan("50")).unwrap();
    sell_for_cash(&mut shop, 2, "inside");
    let sums = shop.till.drawer().unwrap().open.unwrap().sums.unwrap();
    assert_eq!(
        sums.expected(),
        Ok(yuan("54")),
        "what was sold before the shift was opened is not in it"
    );
    let far_off = shop.till.close_shift(now, counted("10"), None);
    assert!(
        matches!(far_off, Err(Refusal::NeedsConfirmation)),
        "where nobody has a PIN it is confirmed: {far_off:?}"
    );
    let confirmed = till_app::approval::Credential::Confirmed;
    let closed = shop
        .till
        .close_shift(now, counted("10"), Some(&confirmed))
        .unwrap();
    assert_eq!(
        closed.shift.end.and_then(|end| end.approved_by).as_deref(),
        Some("confirmed, no users"),
        "and recorded as that"
    );
    let more = Closing {
        left: yuan("11"),
        ..counted("10")
    };
    shop.till.open_shift(now, yuan("5")).unwrap();
    let more = shop.till.close_shift(now, more, None);
    assert!(
        matches!(more, Err(Refusal::AmountOutOfRange)),
        "more than was counted can't stay: {more:?}"
    );
}
