//! Random walks: whatever merchant and customers do in whatever order, the gateway keeps its word.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use wechat_pay_sim::{Gateway, PayWith, RETRY_AFTER, ScannedReads, TradeState};

use crate::desk::{Desk, config};

const SEEDS: u64 = 100;
const STEPS: u32 = 120;
const NUMBERS: [&str; 3] = ["T1-261123-1", "T1-261123-2", "T1-261123-3"];

/// A linear congruential generator (Knuth's MMIX): enough to choose steps, and a seed replays them.
struct Choice(u64);

impl Choice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

fn step(desk: &mut Desk, choice: &mut Choice, number: &str, refunds: &mut u32) {
    let now = desk.now;
    match choice.below(10) {
        0 | 1 => drop(desk.ask("/pay/unifiedorder", &crate::desk::order(number, "1000"))),
        2 => drop(desk.gateway.scan_order(now, number)),
        3 => drop(desk.gateway.pay(now, number, &PayWith::default())),
        4 => drop(desk.gateway.decline(now, number)),
        5 => drop(desk.gateway.walk_away(now, number)),
        6 => drop(desk.close(number)),
        7 => {
            *refunds += 1;
            let out_refund_no = format!("R{refunds}");
            let fee = (choice.below(700) + 1).to_string();
            let fields = [
                ("out_trade_no", number),
                ("out_refund_no", &out_refund_no),
                ("total_fee", "1000"),
                ("refund_fee", &fee),
            ];
            drop(desk.ask("/secapi/pay/refund", &fields));
        }
        8 => desk.wait(SignedDuration::from_secs(
            i64::try_from(choice.below(400)).unwrap(),
        )),
        _ => {
            // A restart in between changes nothing.
            let mut config = config();
            config.rules = desk.gateway.rules_mut().clone();
            desk.gateway = Gateway::from_json(config, &desk.gateway.to_json().unwrap(), desk.now).unwrap();
        }
    }
}

#[test]
fn no_order_of_events_breaks_a_promise() {
    let mut ends = BTreeSet::new();
    for seed in 0..SEEDS {
        let (mut desk, mut choice, mut refunds) = (Desk::new(), Choice(seed), 0);
        if seed % 2 == 1 {
            desk.gateway.rules_mut().scanned_reads = ScannedReads::UserPaying;
        }
        let mut seen: BTreeMap<&str, TradeState> = BTreeMap::new();
        let mut payments: BTreeMap<&str, String> = BTreeMap::new();
        let mut told: BTreeMap<String, usize> = BTreeMap::new();
        for at in 0..STEPS {
            let number = NUMBERS[usize::try_from(choice.below(3)).unwrap()];
            step(&mut desk, &mut choice, number, &mut refunds);
            for post in desk.gateway.notifies_due(desk.now) {
                *told.entry(post.out_trade_no).or_default() += 1;
            }
            if let Some(order) = desk.gateway.order(desk.now, number) {
                assert_eq!(
                    desk.state(number),
                    order.state.wire(),
                    "seed {seed}: the query says what is so"
                );
            }
            for number in NUMBERS {
                let Some(order) = desk.gateway.order(desk.now, number) else {
                    continue;
                };
                let place = format!("seed {seed}, step {at}, {number}");
                let before = seen.insert(number, order.state);
                match before {
                    Some(TradeState::Closed) => {
                        assert_eq!(order.state, TradeState::Closed, "{place}: closed is for good");
                    }
                    Some(TradeState::Refund) => {
                        assert_eq!(order.state, TradeState::Refund, "{place}: a refund isn't undone");
                    }
                    Some(TradeState::Success) => {
                        let paid = matches!(order.state, TradeState::Success | TradeState::Refund);
                        assert!(paid, "{place}: paid stays paid, not {:?}", order.state);
                    }
                    Some(TradeState::NotPay | TradeState::UserPaying) | None => {}
                }
                assert!(
                    order.refund_fee <= order.total_fee,
                    "{place}: never more back than was paid"
                );
                if let Some(payment) = order.transaction_id {
                    let first = payments.entry(number).or_insert_with(|| payment.clone());
                    assert_eq!(*first, payment, "{place}: one order has one payment");
                }
            }
        }
        ends.extend(seen.values().map(|state| state.wire()));
        for (number, posts) in &told {
            assert!(
                payments.contains_key(number.as_str()),
                "seed {seed}: only payments are notified"
            );
            assert!(
                *posts <= RETRY_AFTER.len() + 1,
                "seed {seed}: at most fifteen repeats"
            );
        }
    }
    let all = ["CLOSED", "NOTPAY", "REFUND", "SUCCESS", "USERPAYING"];
    assert_eq!(
        ends.into_iter().collect::<Vec<_>>(),
        all,
        "the walks reach every state, or they prove little"
    );
}
