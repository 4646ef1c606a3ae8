//! Cash beside an order at WeChat: whole, in part, switched to, given back.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use jiff::{SignedDuration, Timestamp};
use till_core::*;

const TOTAL: Fen = Fen::new(2980);
const PART: Fen = Fen::new(1000);

fn start() -> Timestamp {
    "2026-11-23T06:22:10Z".parse().unwrap()
}

fn number(nth: usize) -> OutTradeNo {
    OutTradeNo::parse(&format!("T01-261123-{nth:06}-7F3K")).unwrap()
}

fn paid(fen: i64, after_seconds: i64) -> Input {
    Input::Query(QueryAnswer::Paid(Payment {
        transaction_id: format!("4200000000{fen:018}"),
        total_fee: Fen::new(fen),
        fee_type: "CNY".to_owned(),
        cash_fee: Fen::new(fen),
        coupon_fee: Fen::ZERO,
        time_end: start() + SignedDuration::from_secs(after_seconds),
        found_by: FoundBy::Query,
    }))
}

fn hear(sale: Sale, nth: usize, after_seconds: i64, input: Input) -> (Sale, Vec<Effect>) {
    let now = start() + SignedDuration::from_secs(after_seconds);
    sale.handle(now, &Timing::default(), &number(nth), input)
}

fn waiting() -> Sale {
    let sale = Sale::new(SaleId(1), TOTAL, number(0), start(), &Timing::default());
    let placed = Input::Place(PlaceAnswer::Placed {
        code_url: "weixin://wxpay/bizpayurl/up?pr=a".to_owned(),
    });
    hear(sale, 0, 0, placed).0
}

/// Ten yuan in cash, 19.80 asked for by the next order.
fn split(sale: Sale) -> Sale {
    let timing = Timing::default();
    let (sale, effects) = sale.take_cash(PART, start(), &timing).unwrap();
    assert_eq!(effects, [], "a part sells nothing");
    let next = number(sale.attempts.len());
    sale.pay_again(next, start(), &timing).unwrap().0
}

fn reason(sale: &Sale, nth: usize) -> Option<ReviewReason> {
    match &sale.attempts[nth].state {
        State::Review { why, .. } => Some(*why),
        State::Placing
        | State::AwaitingPayment { .. }
        | State::Closing { .. }
        | State::Paid(_)
        | State::Closed { .. }
        | State::Refused { .. }
        | State::GivenBack { .. } => None,
    }
}

#[test]
fn cash_for_all_of_it_sells_at_once() {
    let sale = Sale::rung_up(SaleId(1), TOTAL);
    let (sale, effects) = sale.take_cash(TOTAL, start(), &Timing::default()).unwrap();
    assert_eq!(effects, [Effect::Sell], "what is paid is sold");
    assert!(
        sale.is_paid() && sale.attempts.is_empty(),
        "and WeChat is not asked anything"
    );
    assert_eq!(
        sale.clone().take_cash(Fen::new(1), start(), &Timing::default()),
        Err(NotNow::Settled),
        "a paid sale takes no more"
    );
    assert_eq!(
        sale.give_cash_back(start(), &Timing::default()),
        Err(NotNow::NoCash),
        "and its money is the shop's: giving it back would be a refund"
    );
}

#[test]
fn a_split_sale_is_paid_when_the_sum_is_there() {
    let sale = split(Sale::rung_up(SaleId(1), TOTAL));
    assert_eq!(
        sale.attempts[0].total_fee,
        Fen::new(1980),
        "WeChat is asked for what is due beside the cash"
    );
    assert!(!sale.is_paid(), "a part is no payment");
    let (sale, effects) = hear(sale, 0, 20, paid(1980, 15));
    assert_eq!(effects, [Effect::Sell], "with the rest it is paid");
    assert_eq!(
        sale.cash_in_hand(),
        Fen::ZERO,
        "no cash is left that is nobody's payment"
    );
}

#[test]
fn fault_77_switching_to_cash_sells_once_and_a_later_payment_is_for_a_person() {
    let (sale, effects) = waiting().take_cash(TOTAL, start(), &Timing::default()).unwrap();
    assert_eq!(effects, [Effect::Sell], "the cash is here: sold");
    assert!(
        matches!(
            sale.attempts[0].state,
            State::Closing {
                why: CloseReason::PaidOtherwise,
                ..
            }
        ),
        "the code is gone, and the order is watched until WeChat has closed it"
    );
    // Paid a second before the cash was taken, and heard of afterwards.
    let (sale, effects) = hear(sale, 0, 3, paid(2980, -1));
    assert_eq!(effects, [], "the goods are sold once");
    assert_eq!(
        reason(&sale, 0),
        Some(ReviewReason::PaidTwice),
        "a person is told that the customer has paid twice"
    );
    assert!(sale.is_paid_in_cash(), "and the cash stays the payment");
}

#[test]
fn cash_instead_of_a_closed_order_takes_the_goods_again() {
    let (sale, _) = hear(waiting(), 0, 1, Input::Cancel);
    let (sale, effects) = hear(sale, 0, 301, Input::Query(QueryAnswer::Closed));
    assert_eq!(effects, [Effect::GiveBack], "nobody has paid");
    let (sale, effects) = sale.take_cash(TOTAL, start(), &Timing::default()).unwrap();
    assert_eq!(
        effects,
        [Effect::Reserve, Effect::Sell],
        "the goods have to be there still"
    );
    assert_eq!(sale.stock, StockHold::Sold, "then they are sold");
}

#[test]
fn cash_in_hand_of_a_sale_that_came_to_nothing_is_not_forgotten() {
    let timing = Timing::default();
    let sale = split(Sale::rung_up(SaleId(1), TOTAL));
    assert_eq!(
        sale.can_give_cash_back(),
        Err(NotNow::StillWaiting),
        "while the code is on show the customer may still pay the rest"
    );
    let (sale, _) = hear(sale, 0, 1, Input::Cancel);
    let (sale, effects) = hear(sale, 0, 301, Input::Query(QueryAnswer::Closed));
    assert_eq!(
        (effects, sale.stock),
        (Vec::new(), StockHold::Held),
        "the goods stay with the cash that was taken for them"
    );
    assert_eq!(sale.cash_in_hand(), PART, "ten yuan are in the drawer");
    let (rest_in_cash, effects) = sale.clone().take_cash(Fen::new(1980), start(), &timing).unwrap();
    assert_eq!(effects, [Effect::Sell], "one way on: the rest in cash");
    assert_eq!(rest_in_cash.cash, TOTAL, "then all of it is cash");
    let (given_back, amount, effects) = sale.give_cash_back(start(), &timing).unwrap();
    assert_eq!(
        (amount, effects),
        (PART, vec![Effect::GiveBack]),
        "the other: the cash goes back, and with it the goods"
    );
    assert_eq!(given_back.stock, StockHold::Returned, "and nothing is left of it");
}

#[test]
fn fault_14_a_payment_of_the_rest_after_the_cash_went_back_is_for_a_person() {
    let timing = Timing::default();
    let sale = split(Sale::rung_up(SaleId(1), TOTAL));
    let (sale, _) = hear(sale, 0, 10, Input::Cancel);
    let (sale, _, effects) = sale
        .give_cash_back(start() + SignedDuration::from_secs(11), &timing)
        .unwrap();
    assert_eq!(
        effects,
        [],
        "the goods are held until WeChat has closed the order for the rest"
    );
    // In time by WeChat's clock: without the cash part it would be a sale of 29.80 for 19.80.
    let (sale, effects) = hear(sale, 0, 15, paid(1980, 9));
    assert_eq!(
        reason(&sale, 0),
        Some(ReviewReason::RestChanged),
        "19.80 is not the price any more"
    );
    assert_eq!(effects, [], "and nothing is sold for it");
}

#[test]
fn a_code_of_before_the_part_in_cash_does_not_pay_the_sale() {
    let sale = split(waiting());
    let (sale, effects) = hear(sale, 0, 5, paid(2980, 4));
    assert_eq!(
        reason(&sale, 0),
        Some(ReviewReason::RestChanged),
        "29.80 beside ten yuan in cash is too much: a person decides"
    );
    assert_eq!(effects, [], "nothing is sold by it");
    let (sale, effects) = hear(sale, 1, 9, paid(1980, 8));
    assert_eq!(effects, [Effect::Sell], "the code for the rest does");
    assert_eq!(reason(&sale, 1), None, "and is the payment");
}

#[test]
fn what_a_person_takes_over_besides_cash_leaves_the_cash_to_give_back() {
    let timing = Timing::default();
    let sale = split(waiting());
    let (sale, _) = hear(sale, 0, 5, paid(2980, 4));
    let (sale, effects) = sale.adopt(&number(0), start(), &timing, Shelf::Stocked).unwrap();
    assert_eq!(effects, [Effect::Sell], "29.80 by WeChat is the whole price");
    assert_eq!(sale.cash_in_hand(), PART, "so the ten yuan are too much");
    let (sale, amount, effects) = sale.give_cash_back(start(), &timing).unwrap();
    assert_eq!(
        (amount, effects),
        (PART, Vec::new()),
        "they go back, the sale stands"
    );
    assert!(sale.is_paid() && sale.cash == Fen::ZERO, "paid by WeChat alone");
}

#[test]
fn a_part_is_more_than_nothing_and_less_than_all() {
    let timing = Timing::default();
    for wrong in [Fen::ZERO, Fen::new(-1), Fen::new(2981), Fen::new(i64::MAX)] {
        assert_eq!(
            waiting().take_cash(wrong, start(), &timing),
            Err(NotNow::NotTheRest),
            "{wrong} is no part of 29.80"
        );
    }
    let (sale, _) = hear(waiting(), 0, 3, paid(2980, 2));
    assert_eq!(
        sale.take_cash(TOTAL, start(), &timing),
        Err(NotNow::Settled),
        "a sale that WeChat has paid takes no cash"
    );
}
