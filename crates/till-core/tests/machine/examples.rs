//! The machine by example: what properties find too, but do not explain.

use super::*;

#[test]
fn fault_9_a_long_sleep_asks_before_it_closes() {
    let timing = Timing::default();
    let mut sale = Sale::new(SaleId(1), TOTAL, number(0), start(), &timing);
    let placed = Input::Place(PlaceAnswer::Placed {
        code_url: "weixin://wxpay/bizpayurl/up?pr=a".to_owned(),
    });
    sale = sale.handle(start(), &timing, &number(0), placed).0;
    let now = start() + SignedDuration::from_mins(61);
    sale = sale
        .handle(now, &timing, &number(0), Input::Deadline(Timer::Own))
        .0;
    let attempt = &sale.attempts[0];
    assert_eq!(
        attempt.next.map(|due| due.ask),
        Some(Ask::Query),
        "after an hour asleep the first question is whether it was paid"
    );
    let in_time = payment(TOTAL.get(), "CNY", start() + SignedDuration::from_mins(29), 1);
    sale = sale
        .handle(now, &timing, &number(0), Input::Query(QueryAnswer::Paid(in_time)))
        .0;
    assert!(
        matches!(sale.attempts[0].state, State::Paid(_)),
        "paid in time while we slept is paid"
    );
}

#[test]
fn fault_12_a_clock_turned_back_does_not_lengthen_the_wait() {
    let timing = Timing::default();
    let sale = Sale::new(SaleId(1), TOTAL, number(0), start(), &timing);
    let yesterday = start() - SignedDuration::from_hours(24);
    let resume = Input::Resume {
        hold_back: SignedDuration::ZERO,
    };
    let sale = sale.handle(yesterday, &timing, &number(0), resume).0;
    assert_eq!(
        sale.attempts[0].deadline,
        yesterday + timing.timeout,
        "no order waits longer than half an hour from the start, whatever the clock says"
    );
}

#[test]
fn a_second_qr_for_the_same_sale_can_not_be_paid_unseen() {
    let timing = Timing::default();
    let now = start();
    let sale = Sale::new(SaleId(1), TOTAL, number(0), now, &timing);
    assert_eq!(
        sale.can_pay_again(),
        Err(NotNow::StillWaiting),
        "two live codes for one sale are not made"
    );
    let (sale, _) = sale.handle(now, &timing, &number(0), Input::Cancel);
    let (sale, effects) = sale.pay_again(number(1), now, &timing).unwrap();
    assert_eq!(effects, [], "the goods are still held for it");
    let money = |transaction| Input::Notify(payment(TOTAL.get(), "CNY", now, transaction));
    let (sale, effects) = sale.handle(now, &timing, &number(0), money(1));
    assert_eq!(effects, [Effect::Sell], "the first code was paid in time");
    assert!(
        matches!(
            sale.attempts[1].state,
            State::Closing {
                why: CloseReason::PaidOtherwise,
                ..
            }
        ),
        "so the second code disappears at once"
    );
    let (sale, effects) = sale.handle(now, &timing, &number(1), money(2));
    assert_eq!(effects, [], "paid again, but the goods were sold once");
    assert!(
        matches!(
            sale.attempts[1].state,
            State::Review {
                why: ReviewReason::PaidTwice,
                payment: Some(_)
            }
        ),
        "and a person is told of the second payment"
    );
    assert_eq!(
        sale.can_pay_again(),
        Err(NotNow::Settled),
        "a settled sale is not charged again"
    );
}

#[test]
fn a_payment_after_cancel_is_for_a_person_and_keeps_the_goods() {
    let timing = Timing::default();
    let now = start();
    let sale = Sale::new(SaleId(1), TOTAL, number(0), now, &timing);
    let (sale, _) = sale.handle(now, &timing, &number(0), Input::Cancel);
    let late = payment(TOTAL.get(), "CNY", now + SignedDuration::from_secs(2), 1);
    let (sale, effects) = sale.handle(now, &timing, &number(0), Input::Query(QueryAnswer::Paid(late)));
    assert!(
        matches!(
            sale.attempts[0].state,
            State::Review {
                why: ReviewReason::PaidAfterCancel,
                payment: Some(_)
            }
        ),
        "the cashier is told at once"
    );
    assert_eq!(
        (effects, sale.stock),
        (Vec::new(), StockHold::Held),
        "the customer paid for them: they stay held"
    );
}

#[test]
fn fault_23_states_nobody_knows_go_to_a_person() {
    let timing = Timing::default();
    let sale = Sale::new(SaleId(1), TOTAL, number(0), start(), &timing);
    let (sale, effects) = sale.handle(start(), &timing, &number(0), Input::Query(QueryAnswer::Strange));
    assert!(
        matches!(
            sale.attempts[0].state,
            State::Review {
                why: ReviewReason::StateUnknown,
                payment: None
            }
        ),
        "an unknown word of WeChat is not guessed at"
    );
    assert_eq!(effects, [], "and the goods stay held");
}

#[test]
fn fault_24_another_amount_is_never_paid() {
    let timing = Timing::default();
    for (total, fee_type) in [(2979, "CNY"), (2981, "CNY"), (2980, "HKD")] {
        let sale = Sale::new(SaleId(1), TOTAL, number(0), start(), &timing);
        let money = payment(total, fee_type, start(), 1);
        let (sale, _) = sale.handle(
            start(),
            &timing,
            &number(0),
            Input::Query(QueryAnswer::Paid(money)),
        );
        assert!(
            matches!(
                sale.attempts[0].state,
                State::Review {
                    why: ReviewReason::AmountDiffers,
                    payment: Some(_)
                }
            ),
            "{total} {fee_type} is not the 29.80 yuan that were asked for"
        );
    }
}
