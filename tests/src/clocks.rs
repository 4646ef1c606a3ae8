//! The clocks of a counter on invented time: the machine's, which people set, and the till's on it, which follows as the
//! program's steady clock does. WeChat's clock is the time itself.

use jiff::{SignedDuration, Timestamp};

use crate::network::later;

/// A machine that is ahead of the till by more than this has slept or was put right: the till follows.
const FOLLOWED: SignedDuration = SignedDuration::from_secs(2);

/// How far each is ahead of WeChat's clock; below zero: behind it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clocks {
    machine: SignedDuration,
    till: SignedDuration,
    set_back: bool,
}

impl Clocks {
    /// Both so far ahead.
    #[must_use]
    pub fn ahead_by(by: SignedDuration) -> Self {
        Self {
            machine: by,
            till: by,
            set_back: false,
        }
    }

    /// What the till takes the time for.
    #[must_use]
    pub fn of_till(&self, time: Timestamp) -> Timestamp {
        later(time, self.till)
    }

    /// When the till's clock shows this.
    #[must_use]
    pub fn time_of(&self, shown: Timestamp) -> Timestamp {
        later(shown, -self.till)
    }

    /// Somebody sets the machine's clock: the running till follows it forward, and never back.
    pub fn set(&mut self, by: SignedDuration) {
        self.machine += by;
        self.set_back |= by.is_negative();
        if self.machine - self.till > FOLLOWED {
            self.till = self.machine;
        }
    }

    /// The program was started: it takes the machine's clock for right.
    pub fn started(&mut self) {
        self.till = self.machine;
    }

    /// The till's clock is WeChat's.
    #[must_use]
    pub fn is_wechats(&self) -> bool {
        self.till.is_zero()
    }

    /// The machine's clock was set back some time.
    #[must_use]
    pub fn was_set_back(&self) -> bool {
        self.set_back
    }

    /// How far the machine's clock stands behind the till's.
    #[must_use]
    pub fn behind(&self) -> SignedDuration {
        self.till - self.machine
    }
}
