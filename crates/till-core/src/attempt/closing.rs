//! Closing an order at WeChat: as soon as its rules allow, and over only when WeChat says that nobody can pay it any more.

use jiff::{SignedDuration, Timestamp};

use super::{Ask, Attempt, later};
use crate::state::{CloseReason, State};
use crate::{CloseAnswer, RetryAfter, Timing};

/// WeChat's codes live two hours, and nobody pays by a dead one. Until then that WeChat knows nothing of an order, whose code
/// it gave out itself, contradicts what we know; from then on it has forgotten one that nobody has paid.
const CODE_LIVES: SignedDuration = SignedDuration::from_hours(2);

/// After WeChat has refused to close, this long until the next try; questions go on meanwhile.
const CLOSE_AGAIN: SignedDuration = SignedDuration::from_secs(30);

impl Attempt {
    pub(super) fn close_answered(mut self, now: Timestamp, timing: &Timing, answer: CloseAnswer) -> Self {
        let State::Closing {
            said_closed,
            said_unknown,
            close_at,
            ..
        } = &mut self.state
        else {
            return self;
        };
        match answer {
            // Whatever WeChat said to the close, the order itself is asked before anything follows from it.
            CloseAnswer::Closed => {
                *said_closed = said_closed.saturating_add(1);
                self.trusted().ask(now, Ask::Query)
            }
            CloseAnswer::NoSuchOrder => {
                *said_unknown = true;
                self.trusted().ask(now, Ask::Query)
            }
            CloseAnswer::Paid => self.trusted().ask(now, Ask::Query),
            CloseAnswer::NotYet => {
                *close_at = later(now, CLOSE_AGAIN);
                self.trusted().ask(later(now, timing.poll), Ask::Query)
            }
            CloseAnswer::Unknown(retry_after) => self.ask_in_doubt(now, timing, retry_after, Ask::Query),
        }
    }

    /// Still open and not wanted: closed as soon as WeChat's rules allow, asked after until then.
    pub(super) fn close_when_allowed(mut self, now: Timestamp, timing: &Timing) -> Self {
        match &mut self.state {
            State::Closing { close_at, .. } if now >= *close_at => {
                *close_at = later(now, timing.poll);
                self.trusted().ask(now, Ask::Close)
            }
            State::Placing
            | State::AwaitingPayment { .. }
            | State::Closing { .. }
            | State::Paid(_)
            | State::Closed { .. }
            | State::Refused { .. }
            | State::GivenBack { .. }
            | State::Review { .. } => self.trusted().ask(later(now, timing.poll), Ask::Query),
        }
    }

    pub(super) fn no_such_order(self, now: Timestamp, timing: &Timing) -> Self {
        match &self.state {
            // Never arrived: the saved request again.
            State::Placing => self.ask(now, Ask::Place),
            // WeChat gave us a code for it a moment ago: this answer can't be right.
            State::AwaitingPayment { .. } => self.ask_in_doubt(now, timing, RetryAfter::NONE, Ask::Query),
            // Neither closing nor asking finds what it has shown to have: the answer can't be right, as long as it may be paid.
            State::Closing {
                known: true,
                said_closed: 0,
                said_unknown: true,
                ..
            } if now < later(self.placed_at, CODE_LIVES) => {
                self.ask_in_doubt(now, timing, RetryAfter::NONE, Ask::Query)
            }
            // Neither closing nor asking finds it: there is nothing that could be paid.
            State::Closing {
                why,
                said_closed,
                said_unknown,
                ..
            } if *said_unknown || *said_closed > 0 => {
                let why = *why;
                self.closed(why)
            }
            State::Closing { .. } => self.close_when_allowed(now, timing),
            State::Review { payment: None, .. } => self.known_again(now, timing),
            State::Paid(_)
            | State::Closed { .. }
            | State::Refused { .. }
            | State::GivenBack { .. }
            | State::Review { payment: Some(_), .. } => Self { next: None, ..self },
        }
    }

    /// After a state that nobody knows, one that we know, and no money: its code is on no screen any more, so it is closed.
    pub(super) fn known_again(self, now: Timestamp, timing: &Timing) -> Self {
        self.closing_unpaid(now, timing, CloseReason::StateUnknown)
            .close_when_allowed(now, timing)
    }

    /// WeChat has it, and has said that nobody has paid: closed as soon as its rules allow.
    pub(super) fn closing_unpaid(self, now: Timestamp, timing: &Timing, why: CloseReason) -> Self {
        Self {
            state: State::Closing {
                why,
                since: now,
                seen_unpaid: true,
                known: true,
                said_closed: 0,
                said_unknown: false,
                close_at: later(self.placed_at, timing.close_after),
            },
            ..self
        }
    }

    pub(super) fn closed_at_wechat(self, now: Timestamp) -> Self {
        match self.state {
            State::Placing | State::AwaitingPayment { .. } if now >= self.deadline => {
                self.closed(CloseReason::Deadline)
            }
            State::Placing | State::AwaitingPayment { .. } => self.closed(CloseReason::ClosedAtWechat),
            State::Closing { why, .. } => self.closed(why),
            State::Review { payment: None, .. } => self.closed(CloseReason::StateUnknown),
            State::Paid(_)
            | State::Closed { .. }
            | State::Refused { .. }
            | State::GivenBack { .. }
            | State::Review { payment: Some(_), .. } => Self { next: None, ..self },
        }
    }

    pub(super) fn known(mut self) -> Self {
        if let State::Closing { known, .. } = &mut self.state {
            *known = true;
        }
        self
    }
}
