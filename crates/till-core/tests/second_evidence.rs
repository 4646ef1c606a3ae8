//! After a notify WeChat is asked as well: what its answers may change, and what they may not. And the two timers.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use till_core::self_check::check_goods;
use till_core::*;

const TOTAL: Fen = Fen::new(2980);
/// As many denials in a row as are still called a stale reading.
const LAGS: u32 = 11;

fn start() -> Timestamp {
    "2026-11-23T06:22:10Z".parse().unwrap()
}

fn number() -> OutTradeNo {
    OutTradeNo::parse("T01-261123-000001-7F3K").unwrap()
}

fn payment(found_by: FoundBy) -> Payment {
    Payment {
        transaction_id: "4200000000000000000000000001".to_owned(),
        total_fee: TOTAL,
        fee_type: "CNY".to_owned(),
        cash_fee: TOTAL,
        coupon_fee: Fen::ZERO,
        time_end: start(),
        found_by,
    }
}

fn agrees() -> Input {
    Input::Query(QueryAnswer::Paid(payment(FoundBy::Query)))
}

fn denies() -> Input {
    Input::Query(QueryAnswer::NotPaid { user_paying: false })
}

/// A sale whose code is on show.
fn on_show() -> Sale {
    let sale = Sale::new(SaleId(1), TOTAL, number(), start(), &Timing::default());
    let placed = Input::Place(PlaceAnswer::Placed {
        code_url: "weixin://wxpay/bizpayurl/up?pr=a".to_owned(),
    });
    feed(sale, start(), placed)
}

/// The same, paid, as a notify says.
fn notified() -> Sale {
    feed(on_show(), start(), Input::Notify(payment(FoundBy::Notify)))
}

fn feed(sale: Sale, now: Timestamp, input: Input) -> Sale {
    sale.handle(now, &Timing::default(), &number(), input).0
}

fn only(sale: &Sale) -> &Attempt {
    &sale.attempts[0]
}

fn is_paid(sale: &Sale) -> bool {
    matches!(only(sale).state, State::Paid(_))
}

#[test]
fn a_notify_makes_it_paid_and_asks_at_once() {
    let (sale, effects) = on_show().handle(
        start(),
        &Timing::default(),
        &number(),
        Input::Notify(payment(FoundBy::Notify)),
    );
    assert_eq!(effects, [Effect::Sell], "a verified notify sells the goods");
    assert!(is_paid(&sale), "the cashier need not wait for a second proof");
    assert_eq!(
        only(&sale).next,
        Some(Due {
            at: start(),
            ask: Ask::Query
        }),
        "but WeChat is asked at once"
    );
    assert!(!only(&sale).is_done(), "a start in between must go on with that");
    let sale = feed(sale, start(), agrees());
    assert!(is_paid(&sale), "WeChat agrees");
    assert_eq!(
        only(&sale).payment().map(|it| it.found_by),
        Some(FoundBy::Notify),
        "the notify was first"
    );
    assert_eq!(only(&sale).next, None, "nothing is left to ask");
    assert!(only(&sale).is_done(), "nor to look at");
}

#[test]
fn found_by_query_first_a_notify_asks_nothing() {
    let sale = feed(on_show(), start(), agrees());
    let after = feed(sale.clone(), start(), Input::Notify(payment(FoundBy::Notify)));
    assert_eq!(after, sale, "whichever is second changes nothing");
}

#[test]
fn fault_27_a_stale_answer_after_a_notify_takes_nothing_back() {
    let mut now = start();
    let mut sale = notified();
    for nth in 1..=LAGS {
        now = only(&sale).next.unwrap().at;
        let (after, effects) = sale.handle(now, &Timing::default(), &number(), denies());
        assert_eq!(effects, [], "the goods stay sold");
        assert!(is_paid(&after), "denial {nth} may be an old reading");
        assert!(only(&after).next.unwrap().at > now, "asked again after a pause");
        sale = after;
    }
    assert!(
        now.duration_since(start()) >= SignedDuration::from_secs(90),
        "a reading may lag for longer than a minute: {now}"
    );
    let sale = feed(sale, now, agrees());
    assert!(is_paid(&sale), "the reading has caught up");
    assert!(only(&sale).is_done(), "and that was the end of it");
}

#[test]
fn fault_27_denied_for_longer_than_any_reading_lags_a_person_is_told() {
    let mut now = start();
    let mut sale = notified();
    for _ in 0..=LAGS {
        now = only(&sale).next.unwrap().at;
        sale = feed(sale, now, denies());
    }
    let State::Review { why, payment: money } = &only(&sale).state else {
        panic!("a notify that WeChat denies for two minutes contradicts it: {sale:?}");
    };
    assert_eq!(*why, ReviewReason::NotConfirmed, "and it is said why");
    assert_eq!(
        money.as_ref(),
        Some(&payment(FoundBy::Notify)),
        "what the notify said is kept"
    );
    assert_eq!(
        sale.stock,
        StockHold::Sold,
        "the customer may have gone with the goods"
    );
    assert_eq!(only(&sale).next, None, "the till asks no more by itself");
    let asked = feed(sale, now, Input::CheckNow);
    let again = feed(asked.clone(), now, denies());
    assert_eq!(
        only(&again).state,
        only(&asked).state,
        "one more denial is no news"
    );
    let found = feed(asked, now, agrees());
    assert!(
        is_paid(&found),
        "when WeChat says it itself after all, nothing contradicts any more"
    );
    assert_eq!(found.stock, StockHold::Sold, "and the goods are sold once");
}

/// Another payment of the order.
fn other(found_by: FoundBy) -> Payment {
    Payment {
        transaction_id: "4200000000000000000000000002".to_owned(),
        ..payment(found_by)
    }
}

/// Denied for so long that a person was told.
fn denied() -> Sale {
    let mut sale = notified();
    for _ in 0..=LAGS {
        let now = only(&sale).next.unwrap().at;
        sale = feed(sale, now, denies());
    }
    assert_eq!(only(&sale).next, None, "the till asks no more by itself");
    sale
}

#[test]
fn another_payment_of_wechats_own_takes_the_place_of_the_notifys() {
    let answer = |payment| Input::Query(QueryAnswer::Paid(payment));
    for sale in [notified(), feed(denied(), start(), Input::CheckNow)] {
        let (found, effects) = sale.clone().handle(
            start(),
            &Timing::default(),
            &number(),
            answer(other(FoundBy::Query)),
        );
        assert_eq!(
            only(&found).state,
            State::Paid(other(FoundBy::Query)),
            "WeChat's own word on which payment it is stands"
        );
        assert!(
            only(&found).is_done() && only(&found).unconfirmed.is_none(),
            "and there is nothing left to confirm"
        );
        assert_eq!(
            (effects, found.stock),
            (Vec::new(), StockHold::Sold),
            "the goods are sold once"
        );
        let more = Payment {
            total_fee: Fen::new(2981),
            ..other(FoundBy::Query)
        };
        let (found, effects) = sale.handle(start(), &Timing::default(), &number(), answer(more.clone()));
        assert_eq!(
            only(&found).state,
            State::Review {
                why: ReviewReason::AmountDiffers,
                payment: Some(more)
            },
            "of another amount it is for a person"
        );
        assert_eq!(
            (effects, found.stock),
            (vec![Effect::Hold], StockHold::Held),
            "and the goods wait for what the person decides"
        );
    }
}

#[test]
fn a_second_notify_of_another_payment_is_asked_after() {
    let told = Input::Notify(other(FoundBy::Notify));
    let sale = feed(denied(), start(), told.clone());
    assert_eq!(
        only(&sale).next.map(|due| due.ask),
        Some(Ask::Query),
        "one of the two payments is none: WeChat is asked which"
    );
    assert!(!only(&sale).is_done(), "and it is watched again");
    let mut lagging = sale.clone();
    for _ in 0..LAGS {
        lagging = feed(lagging, start(), denies());
        assert!(only(&lagging).next.is_some(), "a reading may lag as at first");
    }
    let found = feed(
        lagging,
        start(),
        Input::Query(QueryAnswer::Paid(other(FoundBy::Query))),
    );
    assert!(is_paid(&found), "the payment that is there is found");
    let silent = (0..=LAGS).fold(sale, |sale, _| feed(sale, start(), denies()));
    assert_eq!(only(&silent).next, None, "without one the questions end again");

    let sale = feed(notified(), start(), denies());
    let again = feed(sale.clone(), start(), Input::Notify(payment(FoundBy::Notify)));
    assert_eq!(again, sale, "the same payment once more is no news");
    let torn = feed(sale.clone(), start(), told);
    assert_eq!(
        only(&torn).unconfirmed,
        only(&sale).unconfirmed,
        "whoever forges notifies can't put the end of it off"
    );
    let confirmed = feed(notified(), start(), agrees());
    let after = feed(confirmed.clone(), start(), Input::Notify(other(FoundBy::Notify)));
    assert_eq!(
        after, confirmed,
        "what WeChat has said itself outweighs any notify"
    );
}

#[test]
fn no_money_came_closes_the_order_and_frees_the_goods_when_wechat_says_closed() {
    let (sale, effects) = denied().deny(&number(), start(), &Timing::default()).unwrap();
    assert_eq!(
        (effects, sale.stock),
        (vec![Effect::Hold], StockHold::Held),
        "not sold, and not free either: the order can still be paid"
    );
    assert!(
        matches!(
            only(&sale).state,
            State::Closing {
                why: CloseReason::Cancelled,
                ..
            }
        ) && only(&sale).payment().is_none(),
        "closed like one that nobody wants, and without any money: {sale:?}"
    );
    assert!(!only(&sale).is_final(), "watched until it is closed");
    assert_eq!(
        only(&sale).next.map(|due| due.ask),
        Some(Ask::Query),
        "asked at once"
    );
    assert!(
        sale.can_pay_again().is_ok() && sale.can_take_cash().is_ok(),
        "the customer who stands there can pay"
    );
    let later = start() + SignedDuration::from_mins(6);
    let asked = feed(sale.clone(), later, denies());
    assert_eq!(
        only(&asked).next.map(|due| due.ask),
        Some(Ask::Close),
        "closed at WeChat"
    );
    let (closed, effects) = feed(asked, later, Input::Close(CloseAnswer::Closed)).handle(
        later,
        &Timing::default(),
        &number(),
        Input::Query(QueryAnswer::Closed),
    );
    assert_eq!(
        (effects, closed.stock),
        (vec![Effect::GiveBack], StockHold::Returned),
        "free, now that nobody can pay"
    );
    let paid = feed(
        sale,
        later,
        Input::Query(QueryAnswer::Paid(other(FoundBy::Query))),
    );
    assert!(
        matches!(
            only(&paid).state,
            State::Review {
                why: ReviewReason::PaidAfterCancel,
                payment: Some(_)
            }
        ),
        "money that comes all the same is for a person"
    );
    for other in [on_show(), notified(), feed(notified(), start(), agrees())] {
        let refused = other.deny(&number(), start(), &Timing::default());
        assert_eq!(
            refused.unwrap_err(),
            NotNow::NothingToDecide,
            "only of money that WeChat has denied for long"
        );
    }
}

#[test]
fn money_that_wechat_denies_leaves_its_goods_sold_when_it_is_given_back() {
    let (sale, effects) = denied().give_back(&number()).unwrap();
    assert_eq!(
        (effects, sale.stock),
        (Vec::new(), StockHold::Sold),
        "the goods are with the customer; they come back with the refund, or not"
    );
    assert_eq!(check_goods(&sale), None, "and the self-check knows that");
    assert_eq!(
        (sale.can_pay_again(), sale.can_take_cash()),
        (Err(NotNow::Settled), Err(NotNow::Settled)),
        "goods that may be on the shelf again are rung up again"
    );
    let again = sale.undecide(&number());
    assert_eq!(check_goods(&again), None, "as it was before");
    assert_eq!(
        only(&feed(again.clone(), start(), agrees())).state,
        State::Paid(payment(FoundBy::Notify)),
        "WeChat may confirm it yet"
    );
    let (denied, _) = again.deny(&number(), start(), &Timing::default()).unwrap();
    assert_eq!(
        check_goods(&denied),
        None,
        "held for an order that is being closed"
    );
    assert_eq!(denied.stock, StockHold::Held, "held");
}

#[test]
fn without_any_answer_the_notify_stands_alone_in_the_end() {
    let mut sale = notified();
    let (mut asked, mut last) = (0, start());
    while let Some(due) = only(&sale).next {
        sale = feed(sale, due.at, Input::Query(QueryAnswer::Unknown(RetryAfter::NONE)));
        asked += 1;
        last = due.at;
        assert!(asked <= 1000, "the number of questions has an end");
    }
    assert!(
        last.duration_since(start()) > SignedDuration::from_mins(40),
        "an outage of forty minutes is sat out, not only until {last}"
    );
    assert!(is_paid(&sale), "a verified notify is proof enough");
    assert!(only(&sale).is_done(), "nothing is left to do");
    let sale = feed(sale, start(), Input::CheckNow);
    let sale = feed(sale, start(), agrees());
    assert_eq!(
        only(&sale).unconfirmed,
        None,
        "asked by hand it is confirmed all the same"
    );
}

#[test]
fn fault_60_a_notify_for_a_closed_order_is_for_a_person() {
    let sale = feed(on_show(), start(), Input::Query(QueryAnswer::Closed));
    let sale = feed(sale, start(), Input::Notify(payment(FoundBy::Notify)));
    assert!(
        matches!(
            only(&sale).state,
            State::Review {
                why: ReviewReason::PaidAfterClosed,
                payment: Some(_)
            }
        ),
        "money for an order that counts as closed is never dropped"
    );
    assert_eq!(
        only(&sale).next.map(|due| due.ask),
        Some(Ask::Query),
        "what WeChat itself says of it is fetched for whoever decides"
    );
}

#[test]
fn the_brokers_deadline_counts_up_to_a_minute_early() {
    let deadline = only(&on_show()).deadline;
    let minute = SignedDuration::from_secs(60);
    let told = |at| feed(on_show(), at, Input::Deadline(Timer::Broker));
    let closing = |sale: &Sale| {
        matches!(
            only(sale).state,
            State::Closing {
                why: CloseReason::Deadline,
                ..
            }
        )
    };
    assert!(closing(&told(deadline)), "on time");
    assert!(closing(&told(deadline - minute)), "the clocks differ a little");
    let early = deadline - minute - SignedDuration::from_millis(1);
    assert_eq!(
        told(early),
        on_show(),
        "far too early it speaks of another deadline"
    );
    let own = feed(on_show(), deadline - minute, Input::Deadline(Timer::Own));
    assert_eq!(own, on_show(), "the till's own clock is never early");
    let early = told(deadline - minute);
    let State::Closing { since, .. } = &only(&early).state else {
        panic!("it is closing")
    };
    assert_eq!(
        *since, deadline,
        "who pays up to the deadline pays in time, whoever spoke"
    );
}

#[test]
fn of_two_timers_the_second_changes_nothing() {
    let deadline = only(&on_show()).deadline;
    for (first, second) in [(Timer::Own, Timer::Broker), (Timer::Broker, Timer::Own)] {
        let once = feed(on_show(), deadline, Input::Deadline(first));
        let twice = feed(once.clone(), deadline, Input::Deadline(second));
        assert_eq!(twice, once, "{first:?} has done the work");
    }
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    Agrees,
    Denies(u8),
    Silent,
    Restart,
    NotifiedAgain,
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        1 => Just(Answer::Agrees),
        12 => (0u8..4).prop_map(Answer::Denies),
        4 => Just(Answer::Silent),
        1 => Just(Answer::Restart),
        1 => Just(Answer::NotifiedAgain),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Any order of agreeing, denying and missing answers, with starts in between.
    #[test]
    fn a_notify_is_never_taken_back_but_put_before_a_person(answers in prop::collection::vec(answer(), 0..80)) {
        let timing = Timing::default();
        let mut now = start();
        let mut sale = notified();
        let (mut denials, mut confirmed) = (0u32, false);
        for answer in answers {
            let pending = only(&sale).next;
            now = now.max(pending.map_or(now, |due| due.at));
            let input = match answer {
                Answer::Restart => Input::Resume { hold_back: SignedDuration::ZERO },
                Answer::NotifiedAgain => Input::Notify(payment(FoundBy::Notify)),
                // Nobody answers what was not asked.
                Answer::Agrees | Answer::Denies(_) | Answer::Silent if pending.is_none() => continue,
                Answer::Agrees => { confirmed = true; agrees() }
                Answer::Denies(how) => {
                    denials += u32::from(!confirmed);
                    Input::Query(match how {
                        0 => QueryAnswer::NotPaid { user_paying: false },
                        1 => QueryAnswer::Closed,
                        2 => QueryAnswer::NoSuchOrder,
                        _ => QueryAnswer::Strange,
                    })
                }
                Answer::Silent => Input::Query(QueryAnswer::Unknown(RetryAfter::NONE)),
            };
            let (after, effects) = sale.handle(now, &timing, &number(), input);
            prop_assert_eq!(effects, [], "the goods were sold with the notify and stay sold");
            sale = after;
            prop_assert_eq!(only(&sale).payment(), Some(&payment(FoundBy::Notify)), "the money is never forgotten");
            let review = matches!(only(&sale).state, State::Review { why: ReviewReason::NotConfirmed, .. });
            prop_assert_eq!(is_paid(&sale), confirmed || denials <= LAGS, "paid, until WeChat has denied it for too long");
            prop_assert_eq!(review, !is_paid(&sale), "and then a person is told");
            prop_assert!(!confirmed || only(&sale).is_done(), "once confirmed nothing is asked");
        }
    }
}
