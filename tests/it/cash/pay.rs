//! Paying in cash: whole, in part, instead of a code that waits; and what becomes of the code.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use jiff::SignedDuration;
use scantill_tests::shop::{LAST_PIECE, Line, Shop, WATER};
use till_app::Refusal;
use till_app::approval::Act;
use till_app::snapshot::CustomerStage;
use till_core::{
    CloseReason, EvidenceKind, Fen, MoveKind, NotNow, OutTradeNo, ReviewReason, SaleId, State, StockHold,
};

use super::users::journal;

fn yuan(text: &str) -> Fen {
    Fen::parse_yuan(text).unwrap()
}

fn seconds(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

/// Rings up so many bottles of water at two yuan.
fn ring_up(shop: &mut Shop, bottles: u32) {
    for _ in 0..bottles {
        shop.till.add(WATER, None).unwrap();
    }
}

fn sale_of(shop: &Shop, id: SaleId) -> till_core::Sale {
    let stored = shop.till.db().read().sales().by_id(id).unwrap();
    stored.unwrap().sale
}

/// Everything that moved in the drawer, in yuan, coming in above zero.
fn moved(shop: &Shop) -> Vec<(MoveKind, String)> {
    let all = shop
        .till
        .db()
        .read()
        .cash_moves()
        .between(jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX)
        .unwrap();
    all.into_iter()
        .map(|it| (it.kind, it.amount.to_string()))
        .collect()
}

fn is_closing(shop: &Shop, number: &OutTradeNo, because: CloseReason) -> bool {
    matches!(shop.state(number).unwrap(), State::Closing { why, .. } if why == because)
}

#[tokio::test]
async fn fault_77_a_cash_sale_is_made_once_however_often_the_button_is_pressed() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let now = shop.now();
    ring_up(&mut shop, 3);
    shop.till.open_cash(None).unwrap();
    let due = shop.till.snapshot().cash_due.unwrap();
    assert_eq!(due.due, yuan("6"), "three bottles at two yuan");
    assert_eq!(
        due.quick,
        [yuan("6"), yuan("10"), yuan("20"), yuan("50"), yuan("100")],
        "exactly, or a note"
    );
    let little = shop.till.take_cash(now, "click", None, yuan("5.99"));
    assert!(
        matches!(little, Err(Refusal::TooLittle)),
        "a fen too little sells nothing: {little:?}"
    );
    assert_eq!(shop.till.snapshot().cart.pieces(), 3, "and leaves the cart alone");

    let sale = shop.till.take_cash(now, "click", None, yuan("10")).unwrap();
    let again = shop.till.take_cash(now, "click", None, yuan("10")).unwrap();
    assert_eq!(sale, again, "a double click is one sale");
    assert_eq!(
        moved(&shop),
        [(MoveKind::Sale, "6.00".to_owned())],
        "and one movement of cash"
    );
    let stored = sale_of(&shop, sale);
    assert_eq!(
        (stored.stock, stored.attempts.len()),
        (StockHold::Sold, 0),
        "sold, and WeChat was not asked for anything"
    );
    assert_eq!(
        shop.shelf(WATER).unwrap(),
        (Some(497), 0, 3),
        "three bottles less"
    );
    let snapshot = shop.till.snapshot();
    let paid = snapshot.cash_paid.unwrap();
    assert_eq!(
        (paid.tendered, paid.change),
        (yuan("10"), yuan("4")),
        "the cashier sees the change"
    );
    assert!(
        snapshot.cart.is_empty() && snapshot.cash_due.is_none(),
        "the cart is a sale now"
    );
    assert!(
        matches!(shop.till.customer().stage, CustomerStage::PaidCash { change, .. } if change == yuan("4")),
        "and so does the customer"
    );
    assert_eq!(
        journal(&shop, "cash_taken"),
        ["6.00, handed over 10.00, change 4.00: no users"],
        "the journal says what was handed over"
    );
    ring_up(&mut shop, 1);
    assert!(
        matches!(shop.till.customer().stage, CustomerStage::Cart { .. }),
        "the next customer does not see the last one's change"
    );
}

#[tokio::test]
async fn a_sale_split_over_cash_and_wechat_is_paid_when_both_are_there() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    ring_up(&mut shop, 10);
    let all = shop.till.take_part(shop.now(), "all", None, yuan("20"));
    assert!(
        matches!(all, Err(Refusal::NotNow(NotNow::NotTheRest))),
        "all of it is no part: {all:?}"
    );
    let nothing = shop.till.take_part(shop.now(), "nothing", None, Fen::ZERO);
    assert!(
        matches!(nothing, Err(Refusal::NotNow(NotNow::NotTheRest))),
        "nor is nothing: {nothing:?}"
    );
    let number = shop
        .till
        .take_part(shop.now(), "click", None, yuan("7.50"))
        .unwrap();
    let again = shop
        .till
        .take_part(shop.now(), "click", None, yuan("7.50"))
        .unwrap();
    assert_eq!(number, again, "a double click is one sale");
    shop.catch_up().await.unwrap();
    assert_eq!(
        line.order(&number).map(|order| order.total_fee.get()),
        Some(1250),
        "WeChat is asked for 12.50, the rest of twenty yuan"
    );
    let picture = shop.till.picture(&number).unwrap();
    assert_eq!(
        (picture.sale_total, picture.cash, picture.cash_in_hand),
        (yuan("20"), yuan("7.50"), yuan("7.50")),
        "the cashier sees all three amounts"
    );
    assert_eq!(
        shop.shelf(WATER).unwrap(),
        (Some(490), 10, 0),
        "held, for nobody has paid it in full"
    );
    line.pay(&number).unwrap();
    shop.live(seconds(4)).await.unwrap();
    assert!(
        matches!(shop.state(&number).unwrap(), State::Paid(_)),
        "the rest is here"
    );
    assert_eq!(
        shop.shelf(WATER).unwrap(),
        (Some(490), 0, 10),
        "so all of it is sold"
    );
    let picture = shop.till.picture(&number).unwrap();
    assert_eq!(
        picture.cash_in_hand,
        Fen::ZERO,
        "the cash is a part of the sale now"
    );
}

#[tokio::test]
async fn cash_that_is_still_to_be_handed_back_is_in_no_days_figures() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    ring_up(&mut shop, 10);
    let first = shop.till.take_part(shop.now(), "part", None, yuan("5")).unwrap();
    shop.catch_up().await.unwrap();
    shop.till
        .take_part(shop.now(), "more", Some(&first), yuan("5"))
        .unwrap();
    shop.catch_up().await.unwrap();
    line.pay(&first).unwrap();
    shop.live(seconds(4)).await.unwrap();
    let (yes, now) = (shop.yes(Act::Review).unwrap(), shop.now());
    shop.till.adopt(now, &first, yes).unwrap();
    assert_eq!(
        shop.till.picture(&first).unwrap().cash_in_hand,
        yuan("5"),
        "fifteen by WeChat and five in cash are the price: five more have to go back"
    );
    let cash = |shop: &Shop| {
        let day = shop.till.day(shop.till.day_of(shop.now()), true).unwrap();
        (day.figures.paid.sum, day.figures.cash.sum)
    };
    assert_eq!(
        cash(&shop),
        (yuan("20"), yuan("5")),
        "the sale is what was paid for it"
    );
    shop.till.give_cash_back(shop.now(), "back", &first).unwrap();
    assert_eq!(
        cash(&shop),
        (yuan("20"), yuan("5")),
        "as before the five went back"
    );
}

#[tokio::test]
async fn switched_to_cash_and_paid_by_wechat_all_the_same_is_for_a_person() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let number = shop.sell(LAST_PIECE, "wechat").unwrap();
    shop.catch_up().await.unwrap();
    assert!(
        matches!(shop.till.customer().stage, CustomerStage::Scan { .. }),
        "the customer sees the code"
    );
    shop.till.open_cash(Some(&number)).unwrap();
    assert!(
        matches!(shop.till.customer().stage, CustomerStage::Cash { due, .. } if due == yuan("199")),
        "while cash is counted there is no code to scan"
    );
    shop.till.shut_cash();
    assert!(
        matches!(shop.till.customer().stage, CustomerStage::Scan { .. }),
        "back from it the code is there again"
    );
    let sale = shop
        .till
        .take_cash(shop.now(), "cash", Some(&number), yuan("200"))
        .unwrap();
    assert!(
        is_closing(&shop, &number, CloseReason::PaidOtherwise),
        "the order is not wanted any more, and watched"
    );
    assert_eq!(
        shop.shelf(LAST_PIECE).unwrap(),
        (Some(0), 0, 1),
        "the last piece is sold, once"
    );
    assert!(
        shop.till
            .snapshot()
            .waiting
            .iter()
            .any(|it| it.attempt.out_trade_no == number),
        "the cashier can see that WeChat may still bring money"
    );
    // The customer had the code on the phone.
    line.pay(&number).unwrap();
    shop.live(seconds(4)).await.unwrap();
    assert!(
        matches!(
            shop.state(&number).unwrap(),
            State::Review {
                why: ReviewReason::PaidTwice,
                payment: Some(_)
            }
        ),
        "paid twice: a person decides, and the money is with its order"
    );
    assert_eq!(
        shop.shelf(LAST_PIECE).unwrap(),
        (Some(0), 0, 1),
        "still sold once"
    );
    assert!(sale_of(&shop, sale).is_paid_in_cash(), "and paid in cash");
    assert_eq!(
        shop.times(&number, EvidenceKind::Cashier, "to_cash").unwrap(),
        1,
        "the order's own record says why it was closed"
    );
}

#[tokio::test]
async fn fault_21_an_order_switched_to_cash_is_closed_at_wechat_when_its_rules_allow() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let number = shop.sell(WATER, "wechat").unwrap();
    shop.catch_up().await.unwrap();
    shop.till
        .take_cash(shop.now(), "cash", Some(&number), yuan("2"))
        .unwrap();
    shop.live(SignedDuration::from_mins(6)).await.unwrap();
    assert!(
        matches!(
            shop.state(&number).unwrap(),
            State::Closed {
                why: CloseReason::PaidOtherwise
            }
        ),
        "after five minutes nobody can pay it any more"
    );
    assert!(
        shop.till.snapshot().waiting.is_empty(),
        "which is what everybody expects: nobody is told"
    );
    assert_eq!(
        shop.shelf(WATER).unwrap(),
        (Some(499), 0, 1),
        "and the bottle stays sold"
    );
}

#[tokio::test]
async fn the_cash_part_of_a_sale_that_comes_to_nothing_is_in_front_of_the_cashier_until_it_is_dealt_with() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    ring_up(&mut shop, 10);
    let number = shop.till.take_part(shop.now(), "part", None, yuan("5")).unwrap();
    shop.catch_up().await.unwrap();
    let early = shop.till.give_cash_back(shop.now(), "back", &number);
    assert!(
        matches!(early, Err(Refusal::NotNow(NotNow::StillWaiting))),
        "while the code can be paid the cash belongs to it: {early:?}"
    );
    shop.till.cancel(shop.now(), &number).unwrap();
    shop.live(SignedDuration::from_mins(6)).await.unwrap();
    assert!(
        matches!(shop.state(&number).unwrap(), State::Closed { .. }),
        "WeChat has closed the rest"
    );
    shop.till.done();
    let mut shop = shop.restart(seconds(60)).unwrap();
    let waiting = shop.till.snapshot().waiting;
    assert_eq!(
        waiting
            .iter()
            .map(|it| (it.attempt.out_trade_no.clone(), it.cash_in_hand))
            .collect::<Vec<_>>(),
        [(number.clone(), yuan("5"))],
        "five yuan are in the drawer for it: neither leaving the view nor a power cut makes that forgotten"
    );
    assert_eq!(
        shop.shelf(WATER).unwrap(),
        (Some(490), 10, 0),
        "and its goods are still held"
    );
    let given = shop.till.give_cash_back(shop.now(), "back", &number).unwrap();
    let again = shop.till.give_cash_back(shop.now(), "back", &number).unwrap();
    assert_eq!(
        (given, again),
        (yuan("5"), yuan("5")),
        "given back once, however often it is pressed"
    );
    assert_eq!(
        moved(&shop),
        [
            (MoveKind::Sale, "5.00".to_owned()),
            (MoveKind::GivenBack, "5.00".to_owned())
        ],
        "two rows: taken, and given back"
    );
    assert_eq!(
        shop.shelf(WATER).unwrap(),
        (Some(500), 0, 0),
        "and the goods are free"
    );
    assert!(shop.till.snapshot().waiting.is_empty(), "nothing is left of it");
}

#[tokio::test]
async fn the_rest_of_a_split_can_be_paid_in_cash_too_or_by_a_new_code() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    ring_up(&mut shop, 10);
    let first = shop.till.take_part(shop.now(), "part", None, yuan("5")).unwrap();
    shop.catch_up().await.unwrap();
    let second = shop
        .till
        .take_part(shop.now(), "more", Some(&first), yuan("5"))
        .unwrap();
    shop.catch_up().await.unwrap();
    assert!(
        is_closing(&shop, &first, CloseReason::RestChanged),
        "fifteen yuan are not due any more"
    );
    assert_eq!(
        line.order(&second).map(|order| order.total_fee.get()),
        Some(1000),
        "ten are"
    );
    line.pay(&first).unwrap();
    shop.live(seconds(4)).await.unwrap();
    assert!(
        matches!(
            shop.state(&first).unwrap(),
            State::Review {
                why: ReviewReason::RestChanged,
                payment: Some(_)
            }
        ),
        "who pays the old code has paid too much: a person decides"
    );
    let refused = shop.till.take_cash(shop.now(), "rest", Some(&second), yuan("10"));
    assert!(
        matches!(refused, Err(Refusal::NotNow(NotNow::Settled))),
        "and until then nothing more is taken: {refused:?}"
    );
    ring_up(&mut shop, 1);
    let other = shop
        .till
        .take_part(shop.now(), "other", None, yuan("0.50"))
        .unwrap();
    shop.catch_up().await.unwrap();
    shop.till
        .take_cash(shop.now(), "other rest", Some(&other), yuan("5"))
        .unwrap();
    let paid = shop.till.snapshot().cash_paid.unwrap();
    assert_eq!(
        (paid.total, paid.due, paid.change),
        (yuan("2"), yuan("1.50"), yuan("3.50")),
        "of two yuan half a yuan was there already"
    );
}

#[tokio::test]
async fn fault_78_cash_for_goods_that_were_sold_meanwhile_is_not_taken() {
    let line = Line::open().await.unwrap();
    let mut shop = Shop::open(&line, "T01").await.unwrap();
    let number = shop.sell(LAST_PIECE, "first").unwrap();
    shop.till.cancel(shop.now(), &number).unwrap();
    shop.live(SignedDuration::from_mins(6)).await.unwrap();
    shop.till.done();
    let now = shop.now();
    shop.till.add(LAST_PIECE, None).unwrap();
    shop.till.take_cash(now, "second", None, yuan("199")).unwrap();
    let late = shop.till.take_cash(now, "late", Some(&number), yuan("199"));
    assert!(
        matches!(late, Err(Refusal::OutOfStock { .. })),
        "the piece is gone, so the money is not taken: {late:?}"
    );
    assert_eq!(moved(&shop).len(), 1, "nothing moved in the drawer for it");
}
