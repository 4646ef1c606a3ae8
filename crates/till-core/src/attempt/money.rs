//! Money that an order has taken: where it goes by itself, and where a person may put it.

use jiff::Timestamp;

use super::{Ask, Attempt};
use crate::state::{CloseReason, ReviewReason, State};
use crate::{Payment, Timing};

impl Attempt {
    /// Money was taken. Where it goes depends on what we know; it never goes nowhere.
    pub(super) fn paid(self, payment: Payment) -> Self {
        let as_asked = self.as_asked(&payment);
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

    /// WeChat itself names another payment of the order than a notify did: its own word stands, and what the notify said is
    /// kept with the evidence.
    pub(super) fn paid_by_another(self, payment: Payment) -> Self {
        let heard = Self {
            unconfirmed: None,
            next: None,
            doubts: 0,
            ..self
        };
        let as_asked = heard.as_asked(&payment);
        match heard.state.clone() {
            State::Paid(_)
            | State::Review {
                why: ReviewReason::NotConfirmed,
                ..
            } if as_asked => heard.settled(payment),
            State::Paid(_)
            | State::Review {
                why: ReviewReason::NotConfirmed,
                ..
            } => heard.review(ReviewReason::AmountDiffers, Some(payment)),
            State::Review { why, .. } => heard.review(why, Some(payment)),
            State::GivenBack { why, .. } => Self {
                state: State::GivenBack { why, payment },
                ..heard
            },
            State::Placing
            | State::AwaitingPayment { .. }
            | State::Closing { .. }
            | State::Closed { .. }
            | State::Refused { .. } => heard.paid(payment),
        }
    }

    fn as_asked(&self, payment: &Payment) -> bool {
        payment.total_fee == self.total_fee && payment.fee_type == "CNY"
    }

    fn settled(self, payment: Payment) -> Self {
        Self {
            state: State::Paid(payment),
            next: None,
            doubts: 0,
            ..self
        }
    }

    /// The goods went with a notify's word, which WeChat has denied since: they are sold, whatever becomes of that money, unless
    /// a person has seen that none came. What is left of them comes back with the refund.
    #[must_use]
    pub fn sold_on_a_word(&self) -> bool {
        match self.state {
            State::Review { why, .. } | State::GivenBack { why, .. } => why == ReviewReason::NotConfirmed,
            State::Placing
            | State::AwaitingPayment { .. }
            | State::Closing { .. }
            | State::Paid(_)
            | State::Closed { .. }
            | State::Refused { .. } => false,
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
            next: None,
            doubts: 0,
            ..self
        })
    }

    /// A person has seen at the merchant platform that no money came, whatever a notify had said: the order is closed at WeChat
    /// like one that nobody wants any more, and whatever it still brings is for a person. `None`: WeChat does not deny it.
    #[must_use]
    pub(crate) fn deny(self, now: Timestamp, timing: &Timing) -> Option<Self> {
        let State::Review {
            why: ReviewReason::NotConfirmed,
            ..
        } = self.state
        else {
            return None;
        };
        let closing = self.closing_unpaid(now, timing, CloseReason::Cancelled);
        Some(
            Self {
                unconfirmed: None,
                doubts: 0,
                ..closing
            }
            .ask(now, Ask::Query),
        )
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
