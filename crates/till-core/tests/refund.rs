//! The refund machine under anything at all, and against a gateway that tells the truth but loses requests and answers.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use till_core::*;

const PAID: Fen = Fen::new(2980);
/// Two kinds of goods: 3 × 5.00 and 1 × 14.80.
const PIECES: [(u32, i64, u32); 2] = [(1, 500, 3), (2, 1480, 1)];

fn start() -> Timestamp {
    "2026-11-23T06:22:10Z".parse().unwrap()
}

fn order() -> OutTradeNo {
    OutTradeNo::parse("T01-261123-000001-7F3K").unwrap()
}

fn payment() -> Payment {
    Payment {
        transaction_id: "4200000000000000000000000001".to_owned(),
        total_fee: PAID,
        fee_type: "CNY".to_owned(),
        cash_fee: PAID,
        coupon_fee: Fen::ZERO,
        time_end: start(),
        found_by: FoundBy::Query,
    }
}

fn lines() -> Vec<Line> {
    PIECES
        .iter()
        .map(|(line, price, pieces)| Line {
            line: LineNo(*line),
            product: ProductId(i64::from(*line)),
            name: format!("goods {line}"),
            price: Fen::new(*price),
            pieces: *pieces,
        })
        .collect()
}

fn bounds(now: Timestamp, earlier: &[EarlierRefund]) -> Result<RefundBounds, RefundRefusal> {
    RefundBounds::of(now, &order(), &payment(), (&lines(), StockHold::Sold), earlier)
}

fn wished(
    now: Timestamp,
    earlier: &mut Vec<EarlierRefund>,
    part: Part,
) -> Result<OutRefundNo, RefundRefusal> {
    let wish = bounds(now, earlier)?.wish(part)?;
    earlier.push(EarlierRefund {
        refund: Refund::new(&wish, now),
        lines: wish.lines().to_vec(),
    });
    Ok(wish.out_refund_no().clone())
}

fn sum_of(refunds: &[EarlierRefund], which: impl Fn(&Refund) -> bool) -> Fen {
    let amounts = refunds.iter().filter(|it| which(&it.refund));
    Fen::sum(amounts.map(|it| it.refund.refund_fee)).unwrap()
}

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
        2 => Just(RefundInput::Sent(RefundAnswer::Unknown)),
        1 => Just(RefundInput::Sent(RefundAnswer::NotLookedAt)),
        2 => report().prop_map(|it| RefundInput::Queried(RefundQueryAnswer::Found(it))),
        3 => Just(RefundInput::Queried(RefundQueryAnswer::NoSuchRefund)),
        2 => Just(RefundInput::Queried(RefundQueryAnswer::Unknown)),
        2 => report().prop_map(RefundInput::Notified),
        1 => Just(RefundInput::CheckNow),
        1 => (0i64..120).prop_map(|s| RefundInput::TryAgain { not_before: start() + SignedDuration::from_secs(s) }),
        1 => Just(RefundInput::Withdraw),
        1 => Just(RefundInput::Settle(note())),
        1 => (0i64..60).prop_map(|s| RefundInput::Resume { hold_back: SignedDuration::from_secs(s) }),
    ]
}

fn note() -> Note {
    Note {
        text: "cash".to_owned(),
        by: "manager".to_owned(),
        at: start(),
    }
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

/// WeChat's side, truthful: a number is one refund, whatever comes under it and however often.
#[derive(Debug, Default)]
struct Truth {
    refunds: BTreeMap<OutRefundNo, Given>,
    last: Option<Timestamp>,
    /// Requests whose sender has given up: when they arrive, and what they ask for.
    strays: Vec<(Timestamp, OutRefundNo, Fen)>,
}

#[derive(Debug, Clone, Copy)]
struct Given {
    fee: Fen,
    settles: Timestamp,
    ends: RefundStatus,
}

/// What the second test decides at each question.
#[derive(Debug, Clone, Copy)]
struct Luck {
    /// 0: answered; 1: lost on the way there; 2: lost on the way back; 3: it arrives, but later.
    lost: u8,
    /// How much later, in seconds.
    later: i64,
    /// 0: not enough money; 1: too many calls; 2: it ends as REFUNDCLOSE.
    wrong: u8,
    /// 0: the program dies before the answer is heard; 1: after.
    dies: u8,
    /// A person, faced with a refused one: 0 tries again, 1 gives it up.
    person: u8,
}

fn luck() -> impl Strategy<Value = Luck> {
    (0u8..6, 0i64..800, 0u8..12, 0u8..12, 0u8..3).prop_map(|(lost, later, wrong, dies, person)| Luck {
        lost,
        later,
        wrong,
        dies,
        person,
    })
}

const NO_LUCK_NEEDED: Luck = Luck {
    lost: 0,
    later: 0,
    wrong: 9,
    dies: 9,
    person: 0,
};

impl Truth {
    fn give(&mut self, now: Timestamp, number: &OutRefundNo, fee: Fen, luck: Luck) -> RefundAnswer {
        if let Some(given) = self.refunds.get(number) {
            assert_eq!(given.fee, fee, "the same number comes with the same amount");
            return accepted();
        }
        if luck.wrong == 0 {
            return RefundAnswer::Refused {
                code: "NOTENOUGH".to_owned(),
            };
        }
        let too_soon = self
            .last
            .is_some_and(|last| now < last + SignedDuration::from_mins(1));
        if luck.wrong == 1 || too_soon {
            return RefundAnswer::NotLookedAt;
        }
        let given = self.refunds.values().filter(|it| it.counts(now)).map(|it| it.fee);
        if Fen::sum(given).unwrap().plus(fee).unwrap() > PAID {
            return RefundAnswer::Refused {
                code: "ERROR".to_owned(),
            };
        }
        let ends = if luck.wrong == 2 {
            RefundStatus::Closed
        } else {
            RefundStatus::Success { at: None }
        };
        self.last = Some(now);
        let settles = now + SignedDuration::from_secs(20);
        self.refunds.insert(number.clone(), Given { fee, settles, ends });
        accepted()
    }

    fn find(&self, now: Timestamp, number: &OutRefundNo) -> RefundQueryAnswer {
        match self.refunds.get(number) {
            None => RefundQueryAnswer::NoSuchRefund,
            Some(given) => RefundQueryAnswer::Found(RefundReport {
                refund_id: "50000000000000000000000000001".to_owned(),
                refund_fee: given.fee,
                status: if now < given.settles {
                    RefundStatus::Processing
                } else {
                    given.ends
                },
                received_by: None,
            }),
        }
    }

    fn strays_arrive(&mut self, now: Timestamp) {
        let (arrive, fly): (Vec<_>, Vec<_>) = self.strays.drain(..).partition(|(at, _, _)| *at <= now);
        self.strays = fly;
        for (at, number, fee) in arrive {
            self.give(at, &number, fee, NO_LUCK_NEEDED);
        }
    }
}

impl Given {
    /// Not closed: the customer has the money or will have it.
    fn counts(&self, now: Timestamp) -> bool {
        now < self.settles || self.ends != RefundStatus::Closed
    }
}

fn accepted() -> RefundAnswer {
    RefundAnswer::Accepted {
        refund_id: "50000000000000000000000000001".to_owned(),
    }
}

/// A question is carried out; gives back the inputs that the machine hears of it.
fn ask(
    truth: &mut Truth,
    now: Timestamp,
    number: &OutRefundNo,
    fee: Fen,
    what: RefundAsk,
    luck: Luck,
) -> RefundInput {
    let heard = match what {
        RefundAsk::Send if luck.lost == 1 => RefundInput::Sent(RefundAnswer::Unknown),
        RefundAsk::Send if luck.lost == 3 => {
            let at = now + SignedDuration::from_secs(luck.later);
            truth.strays.push((at, number.clone(), fee));
            RefundInput::Sent(RefundAnswer::Unknown)
        }
        RefundAsk::Send => RefundInput::Sent(truth.give(now, number, fee, luck)),
        RefundAsk::Query => RefundInput::Queried(truth.find(now, number)),
    };
    match (luck.lost, what) {
        (2, RefundAsk::Send) => RefundInput::Sent(RefundAnswer::Unknown),
        (1..=3, RefundAsk::Query) => RefundInput::Queried(RefundQueryAnswer::Unknown),
        _ => heard,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// A customer is to get 9.00 of 29.80 back, once. Requests and answers are lost or arrive minutes later, WeChat refuses
    /// or closes, the program dies, persons try again, give up and wish anew: the customer gets 9.00, once.
    #[test]
    fn fault_16_17_18_31_what_is_wished_once_is_given_once(
        luck in prop::collection::vec(luck(), 0..120),
    ) {
        let timing = Timing::default();
        let due = Fen::new(900);
        let mut now = start();
        let mut truth = Truth::default();
        let mut refunds: Vec<EarlierRefund> = Vec::new();
        let mut saved: Vec<EarlierRefund> = Vec::new();
        let mut luck = luck.into_iter();
        for _ in 0..600 {
            truth.strays_arrive(now);
            let live = Fen::sum(truth.refunds.values().filter(|it| it.counts(now)).map(|it| it.fee)).unwrap();
            prop_assert!(live <= due, "the customer gets 9.00 once, not {live}: {:?}", refunds);
            // A person sees to it that the customer gets the money.
            let wanted = refunds.last().is_none_or(|it| {
                matches!(it.refund.state, RefundState::Withdrawn { .. } | RefundState::Closed { .. })
            });
            if wanted {
                wished(now, &mut refunds, Part::Amount(due)).unwrap();
                saved = refunds.clone();
            }
            let luck = luck.next().unwrap_or(NO_LUCK_NEEDED);
            let nth = refunds.len() - 1;
            let refund = refunds[nth].refund.clone();
            if refund.needs_person() {
                let input = match luck.person {
                    0 => RefundInput::TryAgain { not_before: now },
                    1 => RefundInput::Withdraw,
                    _ => RefundInput::CheckNow,
                };
                refunds[nth].refund = refund.handle(now, &timing, input).0;
                saved = refunds.clone();
            }
            let refund = refunds[nth].refund.clone();
            let Some(question) = refund.next else {
                if matches!(refund.state, RefundState::Refunded { .. }) && truth.strays.is_empty() {
                    break;
                }
                now += SignedDuration::from_secs(60);
                continue;
            };
            now = now.max(question.at);
            truth.strays_arrive(now);
            let before = match question.ask {
                RefundAsk::Send => refund.handle(now, &timing, RefundInput::Leaving).0,
                RefundAsk::Query => refund,
            };
            refunds[nth].refund = before.clone();
            if question.ask == RefundAsk::Send {
                saved = refunds.clone();
            }
            let heard = ask(&mut truth, now, &before.out_refund_no, before.refund_fee, question.ask, luck);
            if luck.dies != 0 {
                let (after, _) = before.clone().handle(now, &timing, heard);
                if after.worth_saving(&before) {
                    saved[nth].refund = after.clone();
                }
                refunds[nth].refund = after;
            }
            if luck.dies <= 1 {
                now += SignedDuration::from_secs(7);
                refunds = saved.clone();
                for it in &mut refunds {
                    let resume = RefundInput::Resume { hold_back: SignedDuration::ZERO };
                    it.refund = it.refund.clone().handle(now, &timing, resume).0;
                }
            }
        }
        let refunded = sum_of(&refunds, |it| matches!(it.state, RefundState::Refunded { .. }));
        prop_assert_eq!(refunded, due, "once WeChat answers again the customer has it, and the ledger says so: {:?}", refunds);
        let given = Fen::sum(truth.refunds.values().filter(|it| it.counts(now)).map(|it| it.fee)).unwrap();
        prop_assert_eq!(given, due, "and WeChat's book says the same");
        for it in &refunds {
            let there = truth.refunds.get(&it.refund.out_refund_no);
            prop_assert_eq!(it.refund.state.refund_id().is_some(), there.is_some(), "ours are WeChat's, one by one: {:?}", it.refund);
        }
    }
}

fn sent(refund: Refund, now: Timestamp, answer: RefundAnswer) -> Refund {
    let timing = Timing::default();
    let refund = refund.handle(now, &timing, RefundInput::Leaving).0;
    refund.handle(now, &timing, RefundInput::Sent(answer)).0
}

fn one(part: Part) -> Refund {
    let mut refunds = Vec::new();
    wished(start(), &mut refunds, part).unwrap();
    refunds.remove(0).refund
}

fn reported(refund: Refund, status: RefundStatus) -> Refund {
    let report = RefundReport {
        refund_id: "50000000000000000000000000001".to_owned(),
        refund_fee: refund.refund_fee,
        status,
        received_by: None,
    };
    refund
        .handle(start(), &Timing::default(), RefundInput::Notified(report))
        .0
}

#[test]
fn fault_18_after_any_doubt_wechat_is_asked_before_the_same_is_sent_again() {
    let timing = Timing::default();
    for doubt in [RefundAnswer::Unknown, RefundAnswer::NotLookedAt] {
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

    let lost = sent(one(Part::Amount(Fen::new(100))), start(), RefundAnswer::Unknown);
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

#[test]
fn what_is_out_of_bounds_is_refused_before_anything_is_saved() {
    let now = start();
    let some = |part| bounds(now, &[]).and_then(|bounds| bounds.wish(part));
    let of = |line, pieces| Part::Lines {
        lines: vec![RefundLine {
            line: LineNo(line),
            pieces,
        }],
        goods_back: false,
    };
    assert_eq!(
        some(Part::Amount(Fen::ZERO)),
        Err(RefundRefusal::Nothing),
        "no money is no refund"
    );
    assert_eq!(
        some(Part::Amount(Fen::new(-1))),
        Err(RefundRefusal::Nothing),
        "less even less"
    );
    assert_eq!(
        some(Part::Amount(Fen::new(2981))),
        Err(RefundRefusal::MoreThanLeft { left: PAID }),
        "a fen more than was paid"
    );
    assert_eq!(
        some(of(9, 1)),
        Err(RefundRefusal::NoSuchLine),
        "the sale has two lines"
    );
    assert_eq!(some(of(1, 0)), Err(RefundRefusal::Nothing), "no pieces");
    assert_eq!(
        some(of(1, 4)),
        Err(RefundRefusal::MorePiecesThanLeft { left: 3 }),
        "three were sold"
    );
    let twice = Part::Lines {
        lines: vec![
            RefundLine {
                line: LineNo(1),
                pieces: 2,
            };
            2
        ],
        goods_back: false,
    };
    assert_eq!(
        some(twice),
        Err(RefundRefusal::NoSuchLine),
        "one line named twice is not twice the pieces"
    );
    let year = now + SignedDuration::from_hours(365 * 24);
    assert!(bounds(year, &[]).is_ok(), "a year to the second");
    assert_eq!(
        bounds(year + SignedDuration::from_secs(1), &[]),
        Err(RefundRefusal::TooLate),
        "and a second more"
    );
    let mut other = payment();
    other.fee_type = "HKD".to_owned();
    assert_eq!(
        RefundBounds::of(now, &order(), &other, (&[], StockHold::Sold), &[]),
        Err(RefundRefusal::OtherCurrency),
        "yuan are not given back for dollars"
    );
    let held = RefundBounds::of(now, &order(), &payment(), (&lines(), StockHold::Returned), &[]).unwrap();
    assert_eq!(
        held.wish(Part::Whole { goods_back: true }),
        Err(RefundRefusal::GoodsNotSold),
        "goods that never left the shelf can't come back to it"
    );
}

#[test]
fn fifty_parts_and_not_one_more_each_a_minute_after_the_last() {
    let timing = Timing::default();
    let mut now = start();
    let mut refunds = Vec::new();
    for _ in 0..REFUND_PARTS_MAX {
        wished(now, &mut refunds, Part::Amount(Fen::new(1))).unwrap();
        let it = refunds.last_mut().unwrap();
        let due = it.refund.next.unwrap();
        let (early, _) = it.refund.clone().handle(
            due.at - SignedDuration::from_millis(1),
            &timing,
            RefundInput::Leaving,
        );
        assert_eq!(
            early.state,
            RefundState::Waiting,
            "nothing leaves before its time"
        );
        now = due.at;
        it.refund = sent(it.refund.clone(), now, accepted());
    }
    assert!(
        now.duration_since(start()) >= SignedDuration::from_mins(49),
        "fifty parts take 49 minutes"
    );
    assert_eq!(
        bounds(now, &refunds).unwrap_err(),
        RefundRefusal::TooManyParts,
        "WeChat takes fifty"
    );
}

#[test]
fn a_line_a_sum_and_the_rest_make_the_whole() {
    let mut now = start();
    let mut refunds = Vec::new();
    let parts = [
        (
            Part::Lines {
                lines: vec![RefundLine {
                    line: LineNo(1),
                    pieces: 2,
                }],
                goods_back: true,
            },
            1000,
        ),
        (Part::Amount(Fen::new(80)), 80),
        (Part::Whole { goods_back: false }, 1900),
    ];
    for (part, fen) in parts {
        wished(now, &mut refunds, part).unwrap();
        let it = refunds.last_mut().unwrap();
        assert_eq!(
            it.refund.refund_fee,
            Fen::new(fen),
            "the part comes to that, to the fen"
        );
        now = it.refund.next.unwrap().at;
        it.refund = sent(it.refund.clone(), now, accepted());
    }
    assert_eq!(sum_of(&refunds, Refund::counts), PAID, "together what was paid");
    assert_eq!(
        refunds[2].lines,
        [
            RefundLine {
                line: LineNo(1),
                pieces: 1
            },
            RefundLine {
                line: LineNo(2),
                pieces: 1
            }
        ],
        "the rest names the pieces that are left"
    );
    assert_eq!(
        (refunds[0].refund.goods, refunds[2].refund.goods),
        (Goods::Back, Goods::Stay),
        "two pieces are back, two are not"
    );
    assert_eq!(
        bounds(now, &refunds),
        Err(RefundRefusal::NothingLeft),
        "and nothing is left"
    );
}

#[test]
fn a_reason_is_what_wechat_takes() {
    for bad in ["", "   ", &"长".repeat(27), "two\nlines"] {
        assert_eq!(
            RefundReason::parse(bad),
            Err(RefundRefusal::Reason),
            "{bad:?} is not 1 to 80 bytes in one line"
        );
    }
    let reason = RefundReason::parse(" 商品有瑕疵 ").unwrap();
    assert_eq!(
        reason.as_str(),
        "商品有瑕疵",
        "blanks at the ends are signed differently by different SDKs"
    );
}
