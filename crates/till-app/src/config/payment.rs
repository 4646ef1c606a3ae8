//! `[payment]`: the machine's times.

use jiff::SignedDuration;
use serde::Deserialize;
use till_core::Timing;

use super::ConfigProblem;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PaymentText {
    poll_seconds: u32,
    timeout_minutes: u32,
    at_once: u32,
}

impl Default for PaymentText {
    fn default() -> Self {
        Self {
            poll_seconds: 3,
            timeout_minutes: 30,
            at_once: 16,
        }
    }
}

impl PaymentText {
    pub(super) fn read(self) -> Result<(Timing, usize), ConfigProblem> {
        if !(1..=60).contains(&self.poll_seconds) {
            return Err(ConfigProblem::at(
                "[payment] poll_seconds",
                "1 to 60 seconds",
                "poll_seconds = 3",
            ));
        }
        // The QR code itself lives two hours; the order must be five minutes old to be closed.
        if !(6..=110).contains(&self.timeout_minutes) {
            return Err(ConfigProblem::at(
                "[payment] timeout_minutes",
                "6 to 110 minutes",
                "timeout_minutes = 30",
            ));
        }
        if !(1..=256).contains(&self.at_once) {
            return Err(ConfigProblem::at(
                "[payment] at_once",
                "1 to 256 questions",
                "at_once = 16",
            ));
        }
        let timing = Timing {
            poll: SignedDuration::from_secs(i64::from(self.poll_seconds)),
            timeout: SignedDuration::from_mins(i64::from(self.timeout_minutes)),
            ..Timing::default()
        };
        Ok((timing, usize::try_from(self.at_once).unwrap_or(16)))
    }
}
