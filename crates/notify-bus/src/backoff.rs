//! How long to wait before the next try.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);

/// Doubles from 0.2 s to 10 s, with jitter, so that a thousand tills do not come back in the same instant.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    tries: u32,
}

impl Backoff {
    /// The next pause. `chance` lies in 0..1 and takes up to half of it away.
    pub(crate) fn next(&mut self, chance: f64) -> Duration {
        let whole = FIRST
            .saturating_mul(2_u32.saturating_pow(self.tries))
            .min(LONGEST);
        self.tries = self.tries.saturating_add(1);
        whole.mul_f64(1.0 - chance.clamp(0.0, 1.0) / 2.0)
    }

    /// It has worked for a while: begin anew.
    pub(crate) fn reset(&mut self) {
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_ten_seconds_and_starts_anew() {
        let mut backoff = Backoff::default();
        let pauses: Vec<u128> = (0..8).map(|_| backoff.next(0.0).as_millis()).collect();
        assert_eq!(
            pauses,
            [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000],
            "doubled, then the longest for ever"
        );
        for _ in 0..100 {
            assert!(backoff.next(0.0) <= LONGEST, "no number of tries overflows");
        }
        backoff.reset();
        assert_eq!(
            backoff.next(1.0),
            Duration::from_millis(100),
            "the first pause again, with all its jitter"
        );
    }
}
