//! What was settled while nobody looked: listed for a while, and never more of it than a list can show.

use jiff::{SignedDuration, Timestamp};
use till_core::OutTradeNo;

/// Who has not asked by then will look among the orders.
const STAYS: SignedDuration = SignedDuration::from_mins(10);
/// The ones before make way.
const MOST: usize = 20;

/// Orders settled while nobody looked, oldest first, each with the time when it was.
#[derive(Debug, Default)]
pub(crate) struct Unseen(Vec<(Timestamp, OutTradeNo)>);

impl Unseen {
    /// One more; gives back the one that makes way for it.
    pub(crate) fn add(&mut self, now: Timestamp, number: OutTradeNo) -> Option<OutTradeNo> {
        self.remove(&number);
        self.0.push((now, number));
        (self.0.len() > MOST).then(|| self.0.remove(0).1)
    }

    /// Somebody has looked at it, or nothing is left to look at.
    pub(crate) fn remove(&mut self, number: &OutTradeNo) {
        self.0.retain(|(_, its)| its != number);
    }

    /// Takes out what was there for long enough.
    pub(crate) fn take_old(&mut self, now: Timestamp) -> Vec<OutTradeNo> {
        let old = self.0.partition_point(|(at, _)| now.duration_since(*at) >= STAYS);
        self.0.drain(..old).map(|(_, number)| number).collect()
    }

    pub(crate) fn contains(&self, number: &OutTradeNo) -> bool {
        self.since(number).is_some()
    }

    /// When it was settled.
    pub(crate) fn since(&self, number: &OutTradeNo) -> Option<Timestamp> {
        self.0.iter().find(|(_, its)| its == number).map(|(at, _)| *at)
    }
}
