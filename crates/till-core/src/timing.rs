//! How often to ask and how long to wait: the numbers of the payment machine, in one place.

use jiff::SignedDuration;

/// The machine's time limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// From one question to the next while everything is well (3 s).
    pub poll: SignedDuration,
    /// From placing to the deadline (30 min).
    pub timeout: SignedDuration,
    /// WeChat closes no order younger than this (5 min, `closeorder` page).
    pub close_after: SignedDuration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            poll: SignedDuration::from_secs(3),
            timeout: SignedDuration::from_mins(30),
            close_after: SignedDuration::from_mins(5),
        }
    }
}

/// How long WeChat wants to be left alone about one thing before it is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfter(pub SignedDuration);

impl RetryAfter {
    /// It has asked for nothing of the kind.
    pub const NONE: Self = Self(SignedDuration::ZERO);
}

impl Timing {
    /// The longest pause of our own choice between two questions, however bad the connection: a payment must be seen soon after
    /// WeChat is back.
    pub const WAIT_MAX: SignedDuration = SignedDuration::from_secs(15);

    /// Pause before the next question after that many doubtful answers in a row: the poll interval twice, then doubled,
    /// never over [`Self::WAIT_MAX`] unless the poll interval itself is longer. Never shorter than what WeChat asked for.
    #[must_use]
    pub fn wait(&self, doubts: u32, asked_for: RetryAfter) -> SignedDuration {
        let doublings = doubts.saturating_sub(2).min(8);
        let wait = self.poll.checked_mul(1 << doublings).unwrap_or(Self::WAIT_MAX);
        wait.min(Self::WAIT_MAX.max(self.poll)).max(asked_for.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_and_is_bounded() {
        let timing = Timing::default();
        let seconds: Vec<i64> = (0..8)
            .map(|doubts| timing.wait(doubts, RetryAfter::NONE).as_secs())
            .collect();
        assert_eq!(
            seconds,
            [3, 3, 3, 6, 12, 15, 15, 15],
            "two quick tries, then doubled up to a quarter minute"
        );
        assert_eq!(
            timing.wait(u32::MAX, RetryAfter::NONE),
            Timing::WAIT_MAX,
            "a night of outage must not overflow"
        );
    }

    #[test]
    fn what_wechat_asks_for_is_the_least() {
        let timing = Timing::default();
        let limited = RetryAfter(SignedDuration::from_secs(10));
        let seconds: Vec<i64> = (1..7)
            .map(|doubts| timing.wait(doubts, limited).as_secs())
            .collect();
        assert_eq!(
            seconds,
            [10, 10, 10, 12, 15, 15],
            "never sooner than asked for, and no sooner than without"
        );
        let blocked = RetryAfter(SignedDuration::from_secs(65));
        assert_eq!(
            timing.wait(u32::MAX, blocked),
            blocked.0,
            "a wish beyond the longest pause of our own is kept too"
        );
    }
}
