//! After a notify WeChat is asked as well: what its answers may change, and what they may not. And the two timers.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
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

#[test]
fn another_payment_than_the_notifys_is_no_confirmation() {
    let other = Payment {
        transaction_id: "4200000000000000000000000002".to_owned(),
        ..payment(FoundBy::Query)
    };
    let sale = feed(notified(), start(), Input::Query(QueryAnswer::Paid(other)));
    assert!(
        !only(&sale).is_done(),
        "WeChat speaks of another payment: asked again"
    );
    assert_eq!(
        only(&sale).payment(),
        Some(&payment(FoundBy::Notify)),
        "money once known is not replaced"
    );
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
