//! Anything at all: WeChat lies, forgets, contradicts itself, and the program dies.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

/// A step of the first test.
#[derive(Debug, Clone)]
enum Step {
    Wait(i64),
    Wish(Part),
    Happens(usize, RefundInput),
    /// The program dies and starts again from what was saved.
    Crash,
}

fn report() -> impl Strategy<Value = RefundReport> {
    let status = prop_oneof![
        3 => Just(RefundStatus::Processing),
        3 => Just(RefundStatus::Success { at: None }),
        1 => Just(RefundStatus::Success { at: Some(start()) }),
        2 => Just(RefundStatus::Change),
        2 => Just(RefundStatus::Closed),
        1 => Just(RefundStatus::Strange),
    ];
    // As asked for mostly: the amounts of the parts below.
    let fee = prop_oneof![Just(500), Just(1480), Just(2980), Just(100), Just(1)];
    (status, fee).prop_map(|(status, fee)| RefundReport {
        refund_id: "50000000000000000000000000001".to_owned(),
        refund_fee: Fen::new(fee),
        status,
        received_by: None,
    })
}

fn input() -> impl Strategy<Value = RefundInput> {
    prop_oneof![
        4 => Just(RefundInput::Leaving),
        2 => Just(RefundInput::Sent(RefundAnswer::Accepted { refund_id: "50000000000000000000000000001".to_owned() })),
        2 => Just(RefundInput::Sent(RefundAnswer::Refused { code: "NOTENOUGH".to_owned() })),
        2 => Just(RefundInput::Sent(RefundAnswer::Unknown(RetryAfter::NONE))),
        1 => Just(RefundInput::Sent(RefundAnswer::NotLookedAt)),
        2 => report().prop_map(|it| RefundInput::Queried(RefundQueryAnswer::Found(it))),
        3 => Just(RefundInput::Queried(RefundQueryAnswer::NoSuchRefund)),
        2 => Just(RefundInput::Queried(RefundQueryAnswer::Unknown(RetryAfter::NONE))),
        2 => report().prop_map(RefundInput::Notified),
        1 => Just(RefundInput::CheckNow),
        1 => (0i64..120).prop_map(|s| RefundInput::TryAgain { not_before: start() + SignedDuration::from_secs(s) }),
        1 => Just(RefundInput::Withdraw),
        1 => Just(RefundInput::Settle(note())),
        1 => (0i64..60).prop_map(|s| RefundInput::Resume { hold_back: SignedDuration::from_secs(s) }),
    ]
}

fn part() -> impl Strategy<Value = Part> {
    let line = |line: u32| {
        (1u32..4).prop_map(move |pieces| {
            vec![RefundLine {
                line: LineNo(line),
                pieces,
            }]
        })
    };
    prop_oneof![
        any::<bool>().prop_map(|goods_back| Part::Whole { goods_back }),
        (line(1), any::<bool>()).prop_map(|(lines, goods_back)| Part::Lines { lines, goods_back }),
        (line(2), any::<bool>()).prop_map(|(lines, goods_back)| Part::Lines { lines, goods_back }),
        prop_oneof![
            Just(0),
            Just(1),
            Just(100),
            Just(2980),
            Just(2981),
            Just(i64::MAX)
        ]
        .prop_map(|fen| Part::Amount(Fen::new(fen))),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0i64..200).prop_map(Step::Wait),
        2 => part().prop_map(Step::Wish),
        8 => (0usize..4, input()).prop_map(|(nth, input)| Step::Happens(nth, input)),
        1 => Just(Step::Crash),
    ]
}

fn never_sent_again(before: &Refund, after: &Refund) -> bool {
    // Once WeChat has it.
    before.state.refund_id().is_none()
        || (after.state.refund_id().is_some() && after.next.is_none_or(|due| due.ask == RefundAsk::Query))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever happens, in whatever order, however absurd: WeChat lies, forgets, contradicts itself.
    #[test]
    fn a_refund_is_one_refund_and_never_forgotten(steps in prop::collection::vec(step(), 1..60)) {
        let timing = Timing::default();
        let mut now = start();
        let mut refunds: Vec<EarlierRefund> = Vec::new();
        let mut saved: Vec<EarlierRefund> = Vec::new();
        let mut put_back: BTreeMap<u32, u32> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Wait(seconds) => now += SignedDuration::from_secs(seconds),
                Step::Wish(part) => {
                    let before = sum_of(&refunds, Refund::counts);
                    if wished(now, &mut refunds, part).is_ok() {
                        let refund = &refunds.last().unwrap().refund;
                        prop_assert!(refund.refund_fee >= Fen::new(1), "a refund is of some money");
                        prop_assert!(
                            before.plus(refund.refund_fee).unwrap() <= PAID,
                            "never more than was paid: {before} were on their way"
                        );
                        let others = &refunds[..refunds.len() - 1];
                        prop_assert!(others.iter().all(|it| it.refund.out_refund_no != refund.out_refund_no), "its own number");
                        prop_assert!(!others.iter().any(|it| it.refund.under_way()), "one at a time is on its way to WeChat");
                        for other in others {
                            if let (Some(sent), Some(due)) = (other.refund.sent_at, refund.next) {
                                prop_assert!(due.at >= sent + SignedDuration::from_mins(1), "a minute apart");
                            }
                        }
                    }
                    saved = refunds.clone();
                }
                Step::Happens(nth, input) => {
                    if refunds.is_empty() {
                        continue;
                    }
                    let nth = nth % refunds.len();
                    let before = refunds[nth].refund.clone();
                    let (after, effect) = before.clone().handle(now, &timing, input.clone());
                    if effect == Some(RefundEffect::PutBack) {
                        prop_assert_eq!(before.goods, Goods::Wanted, "only goods that are wanted back");
                        prop_assert!(after.state.refund_id().is_some(), "and only when WeChat has taken the refund on");
                        for line in &refunds[nth].lines {
                            *put_back.entry(line.line.0).or_default() += line.pieces;
                        }
                    }
                    prop_assert!(never_sent_again(&before, &after), "what WeChat has is never sent again: {:?} {:?} {:?}", before, input, after);
                    prop_assert_eq!(&after.out_refund_no, &before.out_refund_no, "one number for ever");
                    prop_assert_eq!((after.refund_fee, after.total_fee), (before.refund_fee, before.total_fee), "one amount for ever");
                    if after.state == RefundState::Sending && before.state != RefundState::Sending {
                        prop_assert_eq!(input, RefundInput::Leaving, "nothing leaves unannounced");
                        prop_assert!(after.worth_saving(&before), "and the announcement is saved");
                    }
                    if after.worth_saving(&before) {
                        saved[nth].refund = after.clone();
                    }
                    refunds[nth].refund = after;
                }
                Step::Crash => {
                    refunds = saved.clone();
                    for it in &mut refunds {
                        let resume = RefundInput::Resume { hold_back: SignedDuration::ZERO };
                        let (after, effect) = it.refund.clone().handle(now, &timing, resume);
                        prop_assert_eq!(effect, None, "a start does nothing to the goods");
                        it.refund = after;
                    }
                }
            }
            for it in &refunds {
                let refund = &it.refund;
                prop_assert!(
                    refund.is_final() || refund.next.is_some() || refund.needs_person(),
                    "somebody is left to see to it: {:?}", refund
                );
            }
            for (line, _, sold) in PIECES {
                prop_assert!(put_back.get(&line).is_none_or(|back| *back <= sold), "no piece comes back twice");
            }
        }
    }
}
