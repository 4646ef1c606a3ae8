//! How a refund goes, by example.

use jiff::SignedDuration;

use super::*;

#[test]
fn fault_18_after_any_doubt_wechat_is_asked_before_the_same_is_sent_again() {
    let timing = Timing::default();
    for doubt in [RefundAnswer::Unknown(RetryAfter::NONE), RefundAnswer::NotLookedAt] {
        let refund = sent(one(Part::Amount(Fen::new(100))), start(), doubt.clone());
        assert_eq!(
            refund.next.map(|due| due.ask),
            Some(RefundAsk::Query),
            "{doubt:?}: it may have it"
        );
        if doubt == RefundAnswer::NotLookedAt {
            let wait = refund.next.unwrap().at.duration_since(start());
            assert!(
                wait >= SignedDuration::from_mins(1),
                "WeChat blocks for a minute, {wait}"
            );
        }
        let later = start() + SignedDuration::from_mins(2);
        let none = RefundInput::Queried(RefundQueryAnswer::NoSuchRefund);
        let (refund, _) = refund.handle(later, &timing, none);
        assert_eq!(
            refund.next,
            Some(RefundDue {
                at: later,
                ask: RefundAsk::Send
            }),
            "WeChat says that it does not have it: the same request, now"
        );
    }
}

#[test]
fn a_refused_refund_is_tried_again_under_its_number_or_given_up_when_nothing_can_arrive_any_more() {
    let timing = Timing::default();
    let refused = |code: &str| RefundAnswer::Refused {
        code: code.to_owned(),
    };
    let plain = sent(one(Part::Amount(Fen::new(100))), start(), refused("NOTENOUGH"));
    assert!(
        plain.can_withdraw() && plain.next.is_none(),
        "the one request was answered"
    );
    let (again, _) = plain
        .clone()
        .handle(start(), &timing, RefundInput::TryAgain { not_before: start() });
    assert_eq!(
        (again.state, again.out_refund_no),
        (RefundState::Waiting, plain.out_refund_no.clone()),
        "the same number"
    );

    let lost = sent(
        one(Part::Amount(Fen::new(100))),
        start(),
        RefundAnswer::Unknown(RetryAfter::NONE),
    );
    let (lost, _) = lost.handle(
        start(),
        &timing,
        RefundInput::Queried(RefundQueryAnswer::NoSuchRefund),
    );
    let mut refund = sent(lost, start(), refused("NOTENOUGH"));
    assert!(
        !refund.can_withdraw(),
        "the first request may still arrive, and be taken"
    );
    assert_eq!(
        refund.clone().handle(start(), &timing, RefundInput::Withdraw).0,
        refund,
        "so giving up changes nothing"
    );
    let mut now = start();
    while let Some(due) = refund.next {
        now = due.at;
        let none = RefundInput::Queried(RefundQueryAnswer::NoSuchRefund);
        refund = refund.handle(now, &timing, none).0;
    }
    assert!(
        now.duration_since(start()) >= SignedDuration::from_mins(15),
        "asked after for a quarter of an hour"
    );
    assert!(refund.can_withdraw(), "then it can be given up");
    let (withdrawn, _) = refund.handle(now, &timing, RefundInput::Withdraw);
    assert!(!withdrawn.counts(), "and its money is free for another refund");
    let back = reported(withdrawn, RefundStatus::Success { at: None });
    assert!(
        matches!(back.state, RefundState::Refunded { .. }),
        "if WeChat says otherwise after all, that is not dropped"
    );
}

#[test]
fn a_change_waits_for_a_person_and_later_news_is_not_dropped() {
    let accepted = sent(one(Part::Amount(Fen::new(100))), start(), accepted());
    let change = reported(accepted, RefundStatus::Change);
    assert!(
        change.needs_person() && !change.is_final(),
        "the money is back at the merchant, the customer waits"
    );
    assert!(
        matches!(
            reported(change.clone(), RefundStatus::Success { at: None }).state,
            RefundState::Refunded { .. }
        ),
        "handled at the merchant platform, it arrives after all"
    );
    let (settled, _) = change.handle(start(), &Timing::default(), RefundInput::Settle(note()));
    assert!(
        settled.is_final() && settled.counts(),
        "given otherwise: off the list, and given all the same"
    );
    let twice = reported(settled, RefundStatus::Success { at: None });
    assert!(
        matches!(
            twice.state,
            RefundState::NeedsPerson {
                why: PersonReason::Contradicts,
                settled: None,
                ..
            }
        ),
        "given by hand and by WeChat: a person is told"
    );
}

#[test]
fn fault_24_another_amount_given_back_is_for_a_person() {
    let refund = sent(one(Part::Amount(Fen::new(100))), start(), accepted());
    let report = RefundReport {
        refund_id: "50000000000000000000000000001".to_owned(),
        refund_fee: Fen::new(101),
        status: RefundStatus::Success { at: None },
        received_by: None,
    };
    let (refund, _) = refund.handle(
        start(),
        &Timing::default(),
        RefundInput::Queried(RefundQueryAnswer::Found(report)),
    );
    assert!(
        matches!(
            refund.state,
            RefundState::NeedsPerson {
                why: PersonReason::AmountDiffers,
                ..
            }
        ),
        "1.01 is not the 1.00 that was asked for"
    );
}

#[test]
fn fault_27_a_stale_answer_after_the_end_changes_nothing() {
    let refund = sent(one(Part::Amount(Fen::new(100))), start(), accepted());
    let refund = reported(refund, RefundStatus::Success { at: None });
    assert_eq!(
        reported(refund.clone(), RefundStatus::Processing),
        refund,
        "PROCESSING read from a lagging copy"
    );
    let none = RefundInput::Queried(RefundQueryAnswer::NoSuchRefund);
    assert_eq!(
        refund.clone().handle(start(), &Timing::default(), none).0,
        refund,
        "nor is it sent again because a copy does not know it"
    );
}

#[test]
fn money_on_its_way_is_asked_after_ever_more_seldom() {
    let timing = Timing::default();
    let mut refund = sent(one(Part::Amount(Fen::new(100))), start(), accepted());
    let mut waits = Vec::new();
    let mut now = start();
    for _ in 0..60 {
        let due = refund.next.unwrap();
        waits.push(due.at.duration_since(now).as_secs());
        now = due.at;
        let report = RefundReport {
            refund_id: "50000000000000000000000000001".to_owned(),
            refund_fee: refund.refund_fee,
            status: RefundStatus::Processing,
            received_by: None,
        };
        let found = RefundInput::Queried(RefundQueryAnswer::Found(report));
        refund = refund.handle(now, &timing, found).0;
    }
    assert!(waits.is_sorted(), "never quicker again: {waits:?}");
    assert_eq!(
        (waits[0], waits[59]),
        (3, 600),
        "from every three seconds to every ten minutes"
    );
}
