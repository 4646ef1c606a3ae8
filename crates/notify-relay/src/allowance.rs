//! How much a sender may ask for: so many requests a second, and so many a minute that come to nothing.
//!
//! Two ends are held apart. One sender can't take more than its own allowance, however it behaves. And whoever sends
//! authentic notifies is not barred for the others that come from the same place: behind a proxy that nobody has named,
//! WeChat and a forger are one sender.

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
/// How long nothing is read of a sender who has sent too much that came to nothing.
const BARRED_FOR: Duration = Duration::from_secs(5);

/// What each sender may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Requests a second in the long run.
    pub per_second: NonZeroU32,
    /// Requests at once after a quiet time.
    pub burst: NonZeroU32,
    /// Requests a minute that come to nothing: a wrong sign, an unknown path. Beyond it a sender is not read for a while,
    /// unless it has sent an authentic notify before.
    pub refusals_per_minute: NonZeroU32,
}

/// All senders and what each has left.
#[derive(Debug)]
pub(crate) struct Senders {
    requests: DefaultKeyedRateLimiter<Sender>,
    refusals: DefaultKeyedRateLimiter<Sender>,
    crowded: AtomicBool,
    marked: Mutex<Marked>,
}

/// Senders that stand out.
#[derive(Debug, Default)]
struct Marked {
    /// For an authentic notify, and when that was.
    known: HashMap<Sender, Instant>,
    /// For too many refusals, and until when.
    barred: HashMap<Sender, Instant>,
}

impl Senders {
    pub(crate) fn new(allowance: Allowance) -> Self {
        let requests = Quota::per_second(allowance.per_second).allow_burst(allowance.burst);
        Self {
            requests: RateLimiter::keyed(requests),
            refusals: RateLimiter::keyed(Quota::per_minute(allowance.refusals_per_minute)),
            crowded: AtomicBool::new(false),
            marked: Mutex::default(),
        }
    }

    /// Takes one request from the sender's allowance; `false` when there is none left, or it is barred.
    pub(crate) fn admit(&self, sender: Sender) -> bool {
        let now = Instant::now();
        let marked = self.marked();
        let counted_as = self.counted_as(&marked, sender);
        let barred = marked.barred.get(&counted_as).is_some_and(|until| now < *until);
        if barred && !marked.knows(sender, now) {
            return false;
        }
        drop(marked);
        self.requests.check_key(&counted_as).is_ok()
    }

    /// A request has come to nothing.
    pub(crate) fn refused(&self, sender: Sender) {
        let now = Instant::now();
        let mut marked = self.marked();
        let counted_as = self.counted_as(&marked, sender);
        if !marked.knows(sender, now) && self.refusals.check_key(&counted_as).is_err() {
            marked.barred.insert(counted_as, now + BARRED_FOR);
        }
    }

    /// Remembers that this sender has sent something authentic.
    pub(crate) fn vouch(&self, sender: Sender) {
        let now = Instant::now();
        let known = &mut self.marked().known;
        if known.len() >= KNOWN && !known.contains_key(&sender) {
            known.retain(|_, since| now.duration_since(*since) < KNOWN_FOR);
        }
        if known.len() < KNOWN || known.contains_key(&sender) {
            known.insert(sender, now);
        }
    }

    /// Whether this sender has sent something authentic within a day.
    pub(crate) fn is_known(&self, sender: Sender) -> bool {
        self.marked().knows(sender, Instant::now())
    }

    /// Forgets, for ever, senders whose allowance is whole again. Never returns.
    pub(crate) async fn sweep(&self) {
        loop {
            tokio::time::sleep(SWEEP).await;
            for limiter in [&self.requests, &self.refusals] {
                limiter.retain_recent();
                limiter.shrink_to_fit();
            }
            let now = Instant::now();
            self.marked().barred.retain(|_, until| now < *until);
            let counted = self.requests.len().max(self.refusals.len());
            self.crowded.store(counted > SENDERS, Ordering::Relaxed);
        }
    }

    fn counted_as(&self, marked: &Marked, sender: Sender) -> Sender {
        if self.crowded.load(Ordering::Relaxed) && !marked.knows(sender, Instant::now()) {
            Sender::CROWD
        } else {
            sender
        }
    }

    fn marked(&self) -> MutexGuard<'_, Marked> {
        // No code that holds it can panic half-way through a change.
        self.marked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Marked {
    fn knows(&self, sender: Sender, now: Instant) -> bool {
        let since = self.known.get(&sender);
        since.is_some_and(|since| now.duration_since(*since) < KNOWN_FOR)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn senders(burst: u32, refusals: u32) -> Senders {
        Senders::new(Allowance {
            // So slow that nothing comes back while a test runs.
            per_second: NonZeroU32::MIN,
            burst: NonZeroU32::new(burst).unwrap(),
            refusals_per_minute: NonZeroU32::new(refusals).unwrap(),
        })
    }

    fn sender(last: u8) -> Sender {
        Sender::at(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)))
    }

    /// Sends forged ones until it is turned away, a thousand at most.
    fn forge(senders: &Senders, sender: Sender) -> usize {
        (0..1000)
            .take_while(|_| {
                let admitted = senders.admit(sender);
                senders.refused(sender);
                admitted
            })
            .count()
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_of_forged_ones_is_not_read_any_more() {
        let senders = senders(500, 20);
        let forged = forge(&senders, sender(1));
        assert!(
            (20..=22).contains(&forged),
            "twenty refusals a minute and no more: {forged}"
        );
        let good = (0..1000).take_while(|_| senders.admit(sender(2))).count();
        assert!(
            (500..=502).contains(&good),
            "another sender has its whole five hundred: {good}"
        );
        tokio::time::advance(BARRED_FOR).await;
        let forged = forge(&senders, sender(1));
        assert!(
            forged <= 3,
            "after its time it is looked at again, and no longer: {forged}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_sent_authentic_ones_is_not_barred_for_others() {
        let known = senders(500, 20);
        known.vouch(sender(1));
        let forged = forge(&known, sender(1));
        assert!(
            (500..=502).contains(&forged),
            "only the number of requests counts then: {forged}"
        );
        let stranger = senders(500, 20);
        forge(&stranger, sender(1));
        assert!(!stranger.admit(sender(1)), "a barred stranger");
        stranger.vouch(sender(1));
        assert!(stranger.admit(sender(1)), "is read as soon as he is known");
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
            senders.marked().known.len(),
            KNOWN,
            "a list that anybody can lengthen has an end"
        );
    }
}
