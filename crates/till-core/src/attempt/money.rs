//! Money that an order has taken: where it goes by itself, and where a person may put it.

use super::Attempt;
use crate::Payment;
use crate::state::{CloseReason, ReviewReason, State};

impl Attempt {
    /// Money was taken. Where it goes depends on what we know; it never goes nowhere.
    pub(super) fn paid(self, payment: Payment) -> Self {
        let as_asked = payment.total_fee == self.total_fee && payment.fee_type == "CNY";
        match &self.state {
            // The first proof stands; a second one of the same payment changes nothing.
            State::Paid(_) | State::GivenBack { .. } | State::Review { payment: Some(_), .. } => {
                Self { next: None, ..self }
            }
            State::Review { why, payment: None } => {
                let why = *why;
                self.review(why, Some(payment))
            }
            State::Placing
            | State::AwaitingPayment { .. }
            | State::Closing { .. }
            | State::Closed { .. }
            | State::Refused { .. }
                if !as_asked =>
            {
                self.review(ReviewReason::AmountDiffers, Some(payment))
            }
            State::Placing | State::AwaitingPayment { .. } => self.settled(payment),
            State::Closing {
                why,
                since,
                seen_unpaid,
                ..
            } => match why {
                CloseReason::PaidOtherwise => self.review(ReviewReason::PaidTwice, Some(payment)),
                CloseReason::RestChanged => self.review(ReviewReason::RestChanged, Some(payment)),
                // WeChat's time has whole seconds, so a payment in the second of the decision counts as in time.
                CloseReason::Deadline if payment.time_end <= *since => self.settled(payment),
                CloseReason::Cancelled if !seen_unpaid && payment.time_end <= *since => self.settled(payment),
                CloseReason::Deadline => self.review(ReviewReason::PaidAfterDeadline, Some(payment)),
                CloseReason::Cancelled => self.review(ReviewReason::PaidAfterCancel, Some(payment)),
                CloseReason::NumberTaken
                | CloseReason::PlacingFailed
                | CloseReason::ClosedAtWechat
                | CloseReason::StateUnknown => self.review(ReviewReason::PaidAfterClosed, Some(payment)),
            },
            State::Closed { .. } | State::Refused { .. } => {
                self.review(ReviewReason::PaidAfterClosed, Some(payment))
            }
        }
    }

    pub(super) fn refunded(self, payment: Payment) -> Self {
        match self.state {
            State::Paid(_) | State::GivenBack { .. } | State::Review { payment: Some(_), .. } => {
                Self { next: None, ..self }
            }
            State::Placing
            | State::AwaitingPayment { .. }
            | State::Closing { .. }
            | State::Closed { .. }
            | State::Refused { .. }
            | State::Review { payment: None, .. } => {
                self.review(ReviewReason::RefundedElsewhere, Some(payment))
            }
        }
    }

    fn settled(self, payment: Payment) -> Self {
        Self {
            state: State::Paid(payment),
            next: None,
            doubts: 0,
            ..self
        }
    }

    /// Puts the decision before a person.
    #[must_use]
    pub(crate) fn review(self, why: ReviewReason, payment: Option<Payment>) -> Self {
        Self {
            state: State::Review { why, payment },
            next: None,
            doubts: 0,
            ..self
        }
    }

    /// A person takes the money that waits for a decision over as the sale's. `None`: no money waits for one.
    #[must_use]
    pub(crate) fn adopt(self) -> Option<Self> {
        let State::Review {
            why,
            payment: Some(payment),
        } = self.state.clone()
        else {
            return None;
        };
        Some(Self {
            adopted: Some(why),
            unconfirmed: None,
            ..self.settled(payment)
        })
    }

    /// A person gives the money that waits for a decision back. `None`: no money waits for one.
    #[must_use]
    pub(crate) fn give_back(self) -> Option<Self> {
        let State::Review {
            why,
            payment: Some(payment),
        } = self.state.clone()
        else {
            return None;
        };
        Some(Self {
            state: State::GivenBack { why, payment },
            unconfirmed: None,
            next: None,
            doubts: 0,
            ..self
        })
    }

    /// The refund that should have given it back came to nothing: the decision is open again.
    #[must_use]
    pub(crate) fn undecide(self) -> Self {
        match self.state.clone() {
            State::GivenBack { why, payment } => self.review(why, Some(payment)),
            State::Placing
            | State::AwaitingPayment { .. }
            | State::Closing { .. }
            | State::Paid(_)
            | State::Closed { .. }
            | State::Refused { .. }
            | State::Review { .. } => self,
        }
    }
}
