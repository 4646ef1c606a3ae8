//! Shifts: what should be in the drawer, counted openly and blind, and whose yes a difference needs.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use jiff::SignedDuration;
use scantill_tests::shop::{Line, Shop, WATER};
use till_app::Refusal;
use till_app::approval::Act;
use till_app::house::HouseRules;
use till_app::shift::{Closing, Direction};
use till_core::{DrawerCount, DrawerDifference, Fen, ShiftId};

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
    shop.till.open_shift(now, yuan("100")).unwrap();
    let closed = shop.till.close_shift(now, counted("105"), None).unwrap();
    let end = closed.shift.end.unwrap();
    assert_eq!(
        (end.difference(), end.approved_by),
        (Ok(DrawerDifference::Over(yuan("5"))), None),
        "exactly the limit is within it"
    );
}

#[tokio::test]
async fn who_counts_blind_is_not_told_what_should_be_there() {
    let line = Line::open().await.unwrap();
    let mut shop = staffed(&line).await;
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
    shop.till.open_shift(now, yuan("10")).unwrap();
    let more = shop.till.close_shift(now, more, None);
    assert!(
        matches!(more, Err(Refusal::AmountOutOfRange)),
        "more than was counted can't stay: {more:?}"
    );
}
