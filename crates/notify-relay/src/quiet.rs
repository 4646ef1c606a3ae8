//! A log line that strangers can cause, kept from filling the disk.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// Lets so many lines a minute through and counts the rest.
#[derive(Debug)]
pub(crate) struct Quiet {
    limiter: DefaultDirectRateLimiter,
    kept: AtomicU64,
}

impl Quiet {
    pub(crate) fn per_minute(lines: NonZeroU32) -> Self {
        Self {
            limiter: RateLimiter::direct(Quota::per_minute(lines)),
            kept: AtomicU64::new(0),
        }
    }

    /// Whether the line may be written, and how many were not since the last one.
    pub(crate) fn speak(&self) -> Option<u64> {
        if self.limiter.check().is_ok() {
            Some(self.kept.swap(0, Ordering::Relaxed))
        } else {
            self.kept.fetch_add(1, Ordering::Relaxed);
            None
        }
    }
}
