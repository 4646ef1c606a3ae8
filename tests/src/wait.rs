//! Bounded waiting: asks again until the answer is there, and says what was missing when time is up.

use std::time::{Duration, Instant};

/// Long enough for the slowest step on a loaded two-core machine; a healthy run never comes near it.
pub const PATIENCE: Duration = Duration::from_secs(20);
const BETWEEN_LOOKS: Duration = Duration::from_millis(40);

/// Calls `look` until it gives `Some`, at most for `limit`. An error of `look` counts as "not yet"; the last one is told.
#[expect(clippy::disallowed_methods, reason = "waits in real time for another process")]
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let start = Instant::now();
    loop {
        let last = match look().await {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if start.elapsed() >= limit {
            let seconds = limit.as_secs_f32();
            return Err(match last {
                Some(error) => error.context(format!("waited {seconds} s for {what}")),
                None => anyhow::anyhow!("waited {seconds} s for {what}"),
            });
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}
