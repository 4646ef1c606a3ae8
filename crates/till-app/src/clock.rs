//! The till's clock: steady while the program runs, whatever happens to the machine's clock, and not stopped by sleep.

use std::time::{Duration, Instant, SystemTime};

use jiff::{SignedDuration, Timestamp};

/// Reads the time. Production hands out [`steady`]; tests hand out what they like.
pub type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

/// How far the machine's clock may drift from the steady one before the steady one follows: more than a correction, less
/// than a nap. Going back is never followed while the program runs.
const FOLLOW: SignedDuration = SignedDuration::from_secs(2);

/// A clock that never goes back while the program runs. A jump forward is followed: it is a machine that slept, or a
/// clock that was put right, and in both cases deadlines in the past must be seen as past.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place where the till reads a clock"
)]
pub fn steady() -> Clock {
    let started = Instant::now();
    let anchor = std::sync::Mutex::new(wall());
    Box::new(move || {
        // A panic while holding it is impossible: nothing inside can panic.
        let mut anchor = anchor.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let elapsed = SignedDuration::try_from(started.elapsed()).unwrap_or(SignedDuration::ZERO);
        let steady = anchor.saturating_add(elapsed).unwrap_or(*anchor);
        let ahead = wall().duration_since(steady);
        let now = if ahead > FOLLOW {
            *anchor = anchor.saturating_add(ahead).unwrap_or(*anchor);
            steady.saturating_add(ahead).unwrap_or(steady)
        } else {
            steady
        };
        whole_millis(now)
    })
}

/// How far the machine's clock stands behind the till's: over two minutes deserves a word to the cashier.
#[must_use]
pub fn behind(now: Timestamp) -> SignedDuration {
    now.duration_since(wall())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place where the till reads a clock"
)]
fn wall() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let millis = i64::try_from(since.as_millis()).unwrap_or(0);
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// What the database keeps and what the screens show are then the same instant.
fn whole_millis(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}
