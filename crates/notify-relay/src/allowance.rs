//! How much a sender may ask for: so many requests a second each, and the ones that come to nothing cost a multiple.
//!
//! Two ends are held apart. One sender can't take more than its own allowance, however it behaves. Many senders together
//! can't take the last places either: a part of them is kept for senders that have sent an authentic notify before.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::time::Instant;

use crate::sender::Sender;

/// Senders that are counted one by one; beyond that, those who are not known share one allowance.
const SENDERS: usize = 100_000;
/// How often senders whose allowance is whole again are forgotten.
const SWEEP: Duration = Duration::from_secs(5);
/// Senders that are remembered for their authentic notifies. WeChat has some hundred addresses.
const KNOWN: usize = 4_096;
/// For how long; WeChat repeats a notify for a day.
const KNOWN_FOR: Duration = Duration::from_secs(24 * 3600);

/// What each sender may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Requests a second in the long run.
    pub per_second: NonZeroU32,
    /// Requests at once after a quiet time.
    pub burst: NonZeroU32,
    /// What a request costs that comes to nothing: a wrong sign, an unknown path. A good one costs 1.
    pub price_of_refusal: NonZeroU32,
}

/// All senders and what each has left.
#[derive(Debug)]
pub(crate) struct Senders {
    limiter: DefaultKeyedRateLimiter<Sender>,
    surcharge: u32,
    crowded: AtomicBool,
    known: Mutex<HashMap<Sender, Instant>>,
}

impl Senders {
    pub(crate) fn new(allowance: Allowance) -> Self {
        let quota = Quota::per_second(allowance.per_second).allow_burst(allowance.burst);
        Self {
            limiter: RateLimiter::keyed(quota),
            surcharge: allowance.price_of_refusal.get() - 1,
            crowded: AtomicBool::new(false),
            known: Mutex::default(),
        }
    }

    /// Takes one request from the sender's allowance; `false` when there is none left.
    pub(crate) fn admit(&self, sender: Sender) -> bool {
        self.limiter.check_key(&self.counted_as(sender)).is_ok()
    }

    /// Takes the rest of a refusal's price, or as much of it as is left.
    pub(crate) fn charge(&self, sender: Sender) {
        let sender = self.counted_as(sender);
        let mut price = self.surcharge;
        while let Some(cells) = NonZeroU32::new(price) {
            match self.limiter.check_key_n(&sender, cells) {
                Ok(Ok(())) => return,
                Ok(Err(_)) | Err(_) => price /= 2,
            }
        }
    }

    /// Remembers that this sender has sent something authentic.
    pub(crate) fn vouch(&self, sender: Sender) {
        let now = Instant::now();
        let mut known = self.known();
        if known.len() >= KNOWN && !known.contains_key(&sender) {
            known.retain(|_, since| now.duration_since(*since) < KNOWN_FOR);
        }
        if known.len() < KNOWN || known.contains_key(&sender) {
            known.insert(sender, now);
        }
    }

    /// Whether this sender has sent something authentic within a day.
    pub(crate) fn is_known(&self, sender: Sender) -> bool {
        let since = self.known().get(&sender).copied();
        since.is_some_and(|since| Instant::now().duration_since(since) < KNOWN_FOR)
    }

    /// Forgets, for ever, senders whose allowance is whole again. Never returns.
    pub(crate) async fn sweep(&self) {
        loop {
            tokio::time::sleep(SWEEP).await;
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
            self.crowded
                .store(self.limiter.len() > SENDERS, Ordering::Relaxed);
        }
    }

    fn counted_as(&self, sender: Sender) -> Sender {
        if self.crowded.load(Ordering::Relaxed) && !self.is_known(sender) {
            Sender::CROWD
        } else {
            sender
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Sender, Instant>> {
        // No code that holds it can panic half-way through a change.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn senders(burst: u32, price: u32) -> Senders {
        Senders::new(Allowance {
            // So slow that nothing comes back while a test runs.
            per_second: NonZeroU32::MIN,
            burst: NonZeroU32::new(burst).unwrap(),
            price_of_refusal: NonZeroU32::new(price).unwrap(),
        })
    }

    fn sender(last: u8) -> Sender {
        Sender::at(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)))
    }

    #[test]
    fn refusals_use_the_allowance_up_sooner() {
        let senders = senders(100, 20);
        let mut forged = 0;
        while senders.admit(sender(1)) {
            senders.charge(sender(1));
            forged += 1;
        }
        assert!(
            (5..=12).contains(&forged),
            "at 20 each, a hundred is used up by a few: {forged}"
        );
        let good = (0..1000).take_while(|_| senders.admit(sender(2))).count();
        assert!(
            (100..=102).contains(&good),
            "another sender has its own hundred: {good}"
        );
    }

    #[test]
    fn a_price_above_the_burst_is_no_way_out() {
        let senders = senders(10, 1000);
        assert!(senders.admit(sender(1)), "the first is admitted");
        senders.charge(sender(1));
        let left = (0..10).take_while(|_| senders.admit(sender(1))).count();
        assert!(left <= 2, "as much was taken as there was: {left} left");
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_is_known_for_a_day() {
        let senders = senders(10, 2);
        assert!(!senders.is_known(sender(1)), "nobody is known at first");
        senders.vouch(sender(1));
        assert!(senders.is_known(sender(1)), "after an authentic notify");
        assert!(!senders.is_known(sender(2)), "and nobody else");
        tokio::time::advance(KNOWN_FOR).await;
        assert!(!senders.is_known(sender(1)), "a day later it is a stranger again");
    }

    #[tokio::test(start_paused = true)]
    async fn the_list_of_known_senders_is_bounded() {
        let senders = senders(10, 2);
        for number in 0..2 * KNOWN {
            let number = u32::try_from(number).unwrap();
            senders.vouch(Sender::at(IpAddr::V4(Ipv4Addr::from_bits(number))));
        }
        assert_eq!(
            senders.known().len(),
            KNOWN,
            "a list that anybody can lengthen has an end"
        );
    }
}
