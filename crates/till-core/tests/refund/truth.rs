//! A gateway that tells the truth, on a way that loses requests and answers.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

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
        RefundAsk::Send if luck.lost == 1 => RefundInput::Sent(RefundAnswer::Unknown(RetryAfter::NONE)),
        RefundAsk::Send if luck.lost == 3 => {
            let at = now + SignedDuration::from_secs(luck.later);
            truth.strays.push((at, number.clone(), fee));
            RefundInput::Sent(RefundAnswer::Unknown(RetryAfter::NONE))
        }
        RefundAsk::Send => RefundInput::Sent(truth.give(now, number, fee, luck)),
        RefundAsk::Query => RefundInput::Queried(truth.find(now, number)),
    };
    match (luck.lost, what) {
        (2, RefundAsk::Send) => RefundInput::Sent(RefundAnswer::Unknown(RetryAfter::NONE)),
        (1..=3, RefundAsk::Query) => RefundInput::Queried(RefundQueryAnswer::Unknown(RetryAfter::NONE)),
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
