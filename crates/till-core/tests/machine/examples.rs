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
    let sale = sale.handle(yesterday, &timing, &number(0), Input::Cancel).0;
    let before = yesterday - SignedDuration::from_hours(24);
    let resume = Input::Resume {
        hold_back: SignedDuration::ZERO,
    };
    let sale = sale.handle(before, &timing, &number(0), resume).0;
    let State::Closing { since, close_at, .. } = sale.attempts[0].state else {
        panic!("a start changes no wish")
    };
    assert!(
        since <= before && close_at <= before + timing.close_after,
        "nor does an order that is not wanted hold its goods for a day more"
    );
}

#[test]
fn after_a_start_nothing_expires_before_it_was_asked_about() {
    let timing = Timing::default();
    let sale = Sale::new(SaleId(1), TOTAL, number(0), start(), &timing);
    let morning = start() + SignedDuration::from_hours(12);
    let hold_back = SignedDuration::from_secs(2);
    let sale = sale
        .handle(morning, &timing, &number(0), Input::Resume { hold_back })
        .0;
    assert_eq!(
        sale.attempts[0].due_at(),
        Some(morning + hold_back),
        "the first thing due is its question, in its turn, and not the deadline that went by in the night"
    );
    for timer in [Timer::Own, Timer::Broker] {
        let sale = sale
            .clone()
            .handle(morning, &timing, &number(0), Input::Deadline(timer))
            .0;
        assert_eq!(
            sale.attempts[0].state,
            State::Placing,
            "whoever says that time is up, it was up while nobody could ask"
        );
    }
    let unpaid = Input::Query(QueryAnswer::NotPaid { user_paying: false });
    let sale = sale.handle(morning, &timing, &number(0), unpaid).0;
    assert!(
        sale.attempts[0].is_overdue(morning),
        "once WeChat has said that nobody paid, it is over"
    );
}

#[test]
fn who_is_seen_unpaid_after_the_cancel_paid_late_whatever_the_clocks_say() {
    let timing = Timing::default();
    let sale = Sale::new(SaleId(1), TOTAL, number(0), start(), &timing);
    let now = start() + SignedDuration::from_mins(1);
    let sale = sale.handle(now, &timing, &number(0), Input::Cancel).0;
    // The till's clock is two minutes ahead of WeChat's: by WeChat's, this was paid before the cancel.
    let time_end = now - SignedDuration::from_mins(1);
    let money = Input::Query(QueryAnswer::Paid(payment(TOTAL.get(), "CNY", time_end, 1)));
    let first = sale.clone().handle(now, &timing, &number(0), money.clone()).0;
    assert!(
        matches!(first.attempts[0].state, State::Paid(_)),
        "the first answer after the cancel says paid: it was paid when the cancel came"
    );
    let unpaid = Input::Query(QueryAnswer::NotPaid { user_paying: false });
    let sale = sale.handle(now, &timing, &number(0), unpaid).0;
    let late = sale.handle(now, &timing, &number(0), money).0;
    assert!(
        matches!(
            late.attempts[0].state,
            State::Review {
                why: ReviewReason::PaidAfterCancel,
                payment: Some(_)
            }
        ),
        "it was unpaid after the cancel, so the money came later: the cashier is told"
    );
}

#[test]
fn two_answers_that_contradict_each_other_are_not_asked_for_in_circles() {
    let timing = Timing::default();
    let mut sale = Sale::new(SaleId(1), TOTAL, number(0), start(), &timing);
    let mut now = start();
    let mut asked = 0;
    while now < start() + timing.poll * 10 {
        let Some(due) = sale.attempts[0].next else {
            panic!("an order that may be payable is always asked about")
        };
        now = now.max(due.at);
        let answer = match due.ask {
            Ask::Place => Input::Place(PlaceAnswer::AlreadyClosed),
            Ask::Query => Input::Query(QueryAnswer::NotPaid { user_paying: false }),
            Ask::Close => panic!("nobody wants it closed"),
        };
        sale = sale.handle(now, &timing, &number(0), answer).0;
        asked += 1;
    }
    assert!(asked <= 16, "{asked} questions in half a minute");
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

    let hear =
        |sale: Sale, after: SignedDuration, answer| sale.handle(start() + after, &timing, &number(0), answer);
    let poll = timing.poll;
    let money = Input::Query(QueryAnswer::Paid(payment(TOTAL.get(), "CNY", start(), 1)));
    let (paid, _) = hear(sale.clone(), poll, money);
    assert!(
        matches!(
            paid.attempts[0].state,
            State::Review {
                why: ReviewReason::StateUnknown,
                payment: Some(_)
            }
        ),
        "money that comes after all is before the person who has to decide"
    );
    assert!(
        !sale.attempts[0].is_done() && sale.attempts[0].next.is_some(),
        "it may still be paid, so it is asked after, also after a start"
    );
    let unpaid = Input::Query(QueryAnswer::NotPaid { user_paying: false });
    let (sale, _) = hear(sale, timing.close_after, unpaid);
    assert_eq!(
        sale.attempts[0].next.map(|due| due.ask),
        Some(Ask::Close),
        "once WeChat speaks words we know it is closed: its code is on no screen"
    );
    let (sale, effects) = hear(sale, timing.close_after + poll, Input::Query(QueryAnswer::Closed));
    assert_eq!(
        (effects, sale.attempts[0].is_done()),
        (vec![Effect::GiveBack], true),
        "and the goods go back"
    );
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

#[test]
fn fault_29_wechat_is_asked_no_sooner_than_it_wants_to_be_and_then_every_three_seconds_again() {
    let timing = Timing::default();
    let limited = RetryAfter(SignedDuration::from_secs(10));
    let placed = Input::Place(PlaceAnswer::Placed {
        code_url: "weixin://wxpay/bizpayurl/up?pr=a".to_owned(),
    });
    let not_paid = Input::Query(QueryAnswer::NotPaid { user_paying: false });
    let due = |sale: &Sale| sale.attempts[0].next.unwrap();
    let answered = |sale: Sale, input| {
        let now = due(&sale).at;
        (sale.handle(now, &timing, &number(0), input).0, now)
    };
    let sale = Sale::new(SaleId(1), TOTAL, number(0), start(), &timing);

    let (sale, now) = answered(sale, Input::Place(PlaceAnswer::Unknown(limited)));
    assert_eq!(due(&sale).at, now + limited.0, "a request it did not look at");
    let none = Input::Query(QueryAnswer::NoSuchOrder);
    let (sale, _) = answered(sale, none);
    let (sale, now) = answered(sale, placed);
    assert_eq!(
        due(&sale).at,
        now + timing.poll,
        "answered: every three seconds from the code on"
    );
    let (sale, now) = answered(sale, Input::Query(QueryAnswer::Unknown(limited)));
    assert_eq!(due(&sale).at, now + limited.0, "a question it did not look at");
    let (sale, now) = answered(sale, not_paid.clone());
    assert_eq!(due(&sale).at, now + timing.poll, "and every three seconds again");

    let late = start() + timing.close_after;
    let (sale, _) = sale.handle(late, &timing, &number(0), Input::Cancel);
    let (sale, _) = answered(sale, not_paid);
    assert_eq!(due(&sale).ask, Ask::Close, "old enough to be closed");
    let (sale, now) = answered(sale, Input::Close(CloseAnswer::Unknown(limited)));
    assert_eq!(due(&sale).at, now + limited.0, "a close it did not look at");
}

#[test]
fn fault_29_a_cancel_does_not_hurry_wechat_that_has_not_looked_at_the_order() {
    let timing = Timing::default();
    let limited = RetryAfter(SignedDuration::from_secs(10));
    let sale = Sale::new(SaleId(1), TOTAL, number(0), start(), &timing);
    let (sale, _) = sale.handle(start(), &timing, &number(0), Input::Cancel);
    let unknown = Input::Place(PlaceAnswer::Unknown(limited));
    let (sale, _) = sale.handle(start(), &timing, &number(0), unknown);
    assert_eq!(
        sale.attempts[0].next.map(|due| due.at),
        Some(start() + limited.0),
        "cancelled while the request was on its way"
    );
}

/// A code on show, cancelled, and old enough to be closed.
fn cancelled_with_a_code(timing: &Timing) -> (Sale, Timestamp) {
    let sale = Sale::new(SaleId(1), TOTAL, number(0), start(), timing);
    let placed = Input::Place(PlaceAnswer::Placed {
        code_url: "weixin://wxpay/bizpayurl/up?pr=a".to_owned(),
    });
    let (sale, _) = sale.handle(start(), timing, &number(0), placed);
    let now = start() + timing.close_after;
    (sale.handle(now, timing, &number(0), Input::Cancel).0, now)
}

#[test]
fn an_order_that_wechat_gave_a_code_for_is_not_closed_because_wechat_denies_it() {
    let timing = Timing::default();
    let none = Input::Query(QueryAnswer::NoSuchOrder);
    let (sale, mut now) = cancelled_with_a_code(&timing);
    // Neither asking nor closing finds it, for as long as its code may be paid by.
    let (mut sale, _) = sale.handle(now, &timing, &number(0), none.clone());
    let code_dead = start() + SignedDuration::from_hours(2);
    let mut asked = 0;
    while now < code_dead {
        let due = sale.attempts[0].next.unwrap();
        now = due.at.min(code_dead);
        if now == code_dead {
            break;
        }
        let answer = match due.ask {
            Ask::Close => Input::Close(CloseAnswer::NoSuchOrder),
            Ask::Place | Ask::Query => none.clone(),
        };
        let (after, effects) = sale.handle(now, &timing, &number(0), answer);
        assert_eq!(
            (effects, after.stock),
            (Vec::new(), StockHold::Held),
            "a customer may have paid by its code: the goods are kept at {now}"
        );
        assert!(
            after.can_pay_again().is_ok() && after.can_take_cash().is_ok(),
            "whoever stands there can pay otherwise meanwhile"
        );
        asked += 1;
        sale = after;
    }
    assert!(asked < 500, "asked as in any doubt, not {asked} times");
    let paid = payment(TOTAL.get(), "CNY", start(), 1);
    let (found, _) = sale
        .clone()
        .handle(now, &timing, &number(0), Input::Query(QueryAnswer::Paid(paid)));
    assert!(
        found.attempts[0].payment().is_some(),
        "what was paid meanwhile is found"
    );
    let (sale, effects) = sale.handle(now, &timing, &number(0), none);
    assert_eq!(
        (effects, &sale.attempts[0].state),
        (
            vec![Effect::GiveBack],
            &State::Closed {
                why: CloseReason::Cancelled
            }
        ),
        "its code is dead: WeChat has forgotten an order that nobody paid"
    );
}

#[test]
fn a_denied_order_is_closed_at_once_where_wechat_never_had_it_or_has_closed_it() {
    let timing = Timing::default();
    let none = Input::Query(QueryAnswer::NoSuchOrder);
    let never = Sale::new(SaleId(1), TOTAL, number(0), start(), &timing);
    let now = start() + timing.close_after;
    let (never, _) = never.handle(now, &timing, &number(0), Input::Cancel);
    let (had, _) = cancelled_with_a_code(&timing);
    for (sale, said) in [(never, CloseAnswer::NoSuchOrder), (had, CloseAnswer::Closed)] {
        let (sale, _) = sale.handle(now, &timing, &number(0), none.clone());
        let (sale, _) = sale.handle(now, &timing, &number(0), Input::Close(said));
        let (sale, effects) = sale.handle(now, &timing, &number(0), none.clone());
        assert_eq!(
            effects,
            [Effect::GiveBack],
            "{said:?}: nothing can be paid: {sale:?}"
        );
    }
    // A code that came after the cancel is one as well.
    let (late, _) = Sale::new(SaleId(1), TOTAL, number(0), start(), &timing).handle(
        now,
        &timing,
        &number(0),
        Input::Cancel,
    );
    let code = Input::Place(PlaceAnswer::Placed {
        code_url: "weixin://wxpay/bizpayurl/up?pr=a".to_owned(),
    });
    let (late, _) = late.handle(now, &timing, &number(0), code);
    let (late, _) = late.handle(now, &timing, &number(0), Input::Close(CloseAnswer::NoSuchOrder));
    let (late, effects) = late.handle(now, &timing, &number(0), none);
    assert_eq!(
        (effects, late.stock),
        (Vec::new(), StockHold::Held),
        "WeChat has it"
    );
}
