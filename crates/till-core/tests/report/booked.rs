//! What is on the books about an order, a refund or the cash of a sale, state by state.

use super::*;

fn order(state: State, adopted: Option<ReviewReason>) -> Attempt {
    Attempt {
        adopted,
        state,
        ..Attempt::new(
            OutTradeNo::parse("T01-261123-000001-7F3K").unwrap(),
            Fen::new(2_980),
            noon(),
            &Timing::default(),
        )
    }
}

fn payment() -> Payment {
    Payment {
        transaction_id: "4200000000000000000000000001".to_owned(),
        total_fee: Fen::new(2_980),
        fee_type: "CNY".to_owned(),
        cash_fee: Fen::new(1_980),
        coupon_fee: Fen::new(1_000),
        time_end: at("2026-11-23T12:05:00+08:00"),
        found_by: FoundBy::Query,
    }
}

#[test]
fn fault_24_an_order_is_booked_by_what_was_paid_and_when_wechat_says_so() {
    let paid = order(State::Paid(payment()), None).booked().unwrap();
    assert_eq!(
        paid,
        booking(Booked::WechatPaid, 2_980, payment().time_end),
        "the whole amount, coupons included, at WeChat's time"
    );
    let late = order(State::Paid(payment()), Some(ReviewReason::PaidAfterDeadline));
    assert_eq!(
        late.booked(),
        Some(booking(Booked::WechatLate, 2_980, payment().time_end)),
        "taken over by a person it is late money"
    );
    let why = ReviewReason::PaidTwice;
    let payment_of_nobody = State::GivenBack {
        why,
        payment: payment(),
    };
    assert_eq!(
        order(payment_of_nobody, None).booked(),
        Some(booking(Booked::WechatSurplus, 2_980, payment().time_end)),
        "what goes back was taken all the same"
    );
    let review = State::Review {
        why,
        payment: Some(payment()),
    };
    assert_eq!(
        order(review, None).booked(),
        None,
        "what nobody has decided about is carried over, not booked"
    );
    assert_eq!(order(State::Placing, None).booked(), None, "nothing was paid yet");
}

#[test]
fn an_order_that_brought_nothing_is_booked_by_why() {
    for (why, what) in [
        (CloseReason::Deadline, Booked::ClosedAtDeadline),
        (CloseReason::Cancelled, Booked::ClosedByCancel),
        (CloseReason::PaidOtherwise, Booked::ClosedOtherwise),
        (CloseReason::RestChanged, Booked::ClosedOtherwise),
        (CloseReason::ClosedAtWechat, Booked::ClosedOtherwise),
        (CloseReason::StateUnknown, Booked::ClosedOtherwise),
    ] {
        let closed = order(State::Closed { why }, None).booked().unwrap();
        assert_eq!(
            (closed, closed.moves_money()),
            (booking(what, 2_980, noon()), false),
            "{why:?} is told and moves nothing"
        );
    }
    let code = "NOAUTH".to_owned();
    assert_eq!(
        order(State::Refused { code }, None).booked(),
        Some(booking(Booked::Refused, 2_980, noon())),
        "an order that WeChat did not take"
    );
}

#[test]
fn cash_is_booked_once_the_whole_sum_is_there_and_only_once() {
    let timing = Timing::default();
    let sale = Sale::rung_up(SaleId(1), yuan("20"));
    assert_eq!(sale.cash_booked(Some(noon())), None, "no cash, no entry");
    let (whole, _) = sale.clone().take_cash(yuan("20"), noon(), &timing).unwrap();
    assert_eq!(
        whole.cash_booked(Some(noon())),
        Some(booking(Booked::CashSale, 2_000, noon())),
        "the whole sale in cash, without the change"
    );
    let (part, _) = sale.take_cash(yuan("7.50"), noon(), &timing).unwrap();
    assert_eq!(
        (part.cash_in_hand(), part.cash_booked(None)),
        (yuan("7.50"), None),
        "a part is in hand until the rest has come"
    );
    let paid = Sale {
        attempts: vec![Attempt {
            total_fee: yuan("12.50"),
            ..order(
                State::Paid(Payment {
                    total_fee: yuan("12.50"),
                    ..payment()
                }),
                None,
            )
        }],
        ..part
    };
    assert_eq!(
        paid.cash_booked(Some(noon())),
        Some(booking(Booked::CashPart, 750, noon())),
        "then it is a part of that sale"
    );
}
