//! A payment that a notify has told of: WeChat is asked at once as well, and what it answers is a second piece of evidence.
//!
//! The notify alone proves the payment: its signature and every number in it are right. A query that agrees confirms it and
//! changes nothing else. One that denies it is first of all a stale reading, so it never takes a payment back; but when
//! WeChat denies it again and again, for longer than any reading lags, the two contradict each other and a person is told:
//! whoever has the API key can write such a notify.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Ask, Attempt, later};
use crate::state::{ReviewReason, State};
use crate::{Payment, QueryAnswer, RetryAfter, Timing};

/// What WeChat's own answers have said so far of a payment that only a notify has told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Unconfirmed {
    /// Trustworthy answers that denied it.
    pub denials: u32,
}

/// So many denials, two minutes of them at the usual poll interval, are no stale reading any more.
const DENIALS_MAX: u32 = 12;
/// After so many questions in a row without a usable answer, an hour of them, the notify is left to stand alone.
const UNANSWERED_MAX: u32 = 240;

impl Attempt {
    /// A notify. Of an order whose money is known already it changes nothing, whatever it says: what WeChat has answered itself
    /// outweighs it, and what a notify alone has said is being asked after. Money that is news is asked after at once, and so is
    /// a second payment where only a notify has told of the first: one of the two is none.
    pub(super) fn notified(self, now: Timestamp, payment: Payment) -> Self {
        if self.payment().is_some() {
            return match self.unconfirmed {
                Some(so_far) if !self.is_of(&payment) => self.torn(so_far).ask(now, Ask::Query),
                Some(_) | None => self,
            };
        }
        Self {
            unconfirmed: Some(Unconfirmed::default()),
            ..self.paid(payment)
        }
        .ask(now, Ask::Query)
    }

    /// Two notifies tell of two payments. Where the questions had come to an end they begin anew.
    fn torn(self, so_far: Unconfirmed) -> Self {
        let denials = match self.state {
            State::Review { .. } => 0,
            State::Placing
            | State::AwaitingPayment { .. }
            | State::Closing { .. }
            | State::Paid(_)
            | State::Closed { .. }
            | State::Refused { .. }
            | State::GivenBack { .. } => so_far.denials,
        };
        Self {
            unconfirmed: Some(Unconfirmed { denials }),
            doubts: 0,
            ..self
        }
    }

    /// An answer about a payment that only a notify has told of.
    pub(super) fn second_evidence(
        self,
        now: Timestamp,
        timing: &Timing,
        so_far: Unconfirmed,
        answer: QueryAnswer,
    ) -> Self {
        match answer {
            QueryAnswer::Paid(payment) | QueryAnswer::Refunded(payment) if self.is_of(&payment) => {
                self.confirmed()
            }
            QueryAnswer::Paid(payment) | QueryAnswer::Refunded(payment) => self.paid_by_another(payment),
            QueryAnswer::Unknown(_) if self.doubts.saturating_add(1) >= UNANSWERED_MAX => Self {
                next: None,
                ..self.doubt()
            },
            QueryAnswer::Unknown(retry_after) => self.ask_in_doubt(now, timing, retry_after, Ask::Query),
            QueryAnswer::NotPaid { .. }
            | QueryAnswer::Closed
            | QueryAnswer::NoSuchOrder
            | QueryAnswer::Strange => self.denied(now, timing, so_far),
        }
    }

    fn is_of(&self, payment: &Payment) -> bool {
        self.payment().is_some_and(|known| {
            known.transaction_id == payment.transaction_id && known.total_fee == payment.total_fee
        })
    }

    fn confirmed(self) -> Self {
        let state = match self.state {
            // What WeChat denied it now says itself: nothing contradicts any more.
            State::Review {
                why: ReviewReason::NotConfirmed,
                payment: Some(payment),
            } => State::Paid(payment),
            other => other,
        };
        Self {
            state,
            unconfirmed: None,
            next: None,
            doubts: 0,
            ..self
        }
    }

    fn denied(self, now: Timestamp, timing: &Timing, so_far: Unconfirmed) -> Self {
        let denials = so_far.denials.saturating_add(1);
        let heard = Self {
            unconfirmed: Some(Unconfirmed { denials }),
            ..self.trusted()
        };
        if denials < DENIALS_MAX {
            return heard.ask(later(now, timing.wait(denials, RetryAfter::NONE)), Ask::Query);
        }
        match heard.state.clone() {
            State::Paid(payment) => heard.review(ReviewReason::NotConfirmed, Some(payment)),
            // A person decides already, and has every answer to look at.
            State::Placing
            | State::AwaitingPayment { .. }
            | State::Closing { .. }
            | State::Closed { .. }
            | State::Refused { .. }
            | State::GivenBack { .. }
            | State::Review { .. } => Self { next: None, ..heard },
        }
    }

    /// After a start: what was still to be confirmed still is.
    pub(super) fn resume_confirming(self, at: Timestamp) -> Self {
        if self.is_done() {
            Self { next: None, ..self }
        } else {
            self.ask(at, Ask::Query)
        }
    }
}
