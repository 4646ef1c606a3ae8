//! Shifts: what should be in the drawer, counted openly and blind, and whose yes a difference needs.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use jiff::SignedDuration;
use scantill_tests::shop::{Line, Shop, WATER};
use till_app::Refusal;
use till_app::approval::Act;
use till_app::report::ExportFormat;
use till_app::shift::{Closing, Direction};
use till_core::{DrawerCount, DrawerDifference, Fen, ShiftId, ZNumber};

use super::blind::said_in;
use super::users::{CASHIER, MANAGER, journal, managers_pin, pin, staffed};

pub(super) fn yuan(text: &str) -> Fen {
    Fen::parse_yuan(text).unwrap()
}

/// A count of so many yuan and jiao: in hundreds, ones and tenths.
pub(super) fn counted(text: &str) -> Closing {
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

pub(super) fn sell_for_cash(shop: &mut Shop, bottles: u32, click: &str) {
    let now = shop.now();
    for _ in 0..bottles {
        shop.till.add(WATER, None).unwrap();
    }
    shop.till.take_cash(now, click, None, yuan("100")).unwrap();
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
