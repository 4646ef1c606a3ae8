//! One order at WeChat: the payment machine. Pure; nothing here sends, sleeps or reads a clock.

mod closing;
mod money;
mod second;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::second::Unconfirmed;
use crate::state::{CloseReason, ReviewReason, State};
use crate::{CloseAnswer, Fen, OutTradeNo, Payment, PlaceAnswer, QueryAnswer, RetryAfter, Timing};

/// One order at WeChat, from the moment its request is saved until nothing can happen to it any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The order's number at WeChat.
    pub out_trade_no: OutTradeNo,
    /// What WeChat was asked to collect.
    pub total_fee: Fen,
    /// When the request was saved.
    pub placed_at: Timestamp,
    /// When the QR code stops being offered.
    pub deadline: Timestamp,
    /// What it waits for.
    pub state: State,
    /// What to ask WeChat next, and when. `None` when nothing is left to ask.
    pub next: Option<Due>,
    /// Questions in a row without a usable answer.
    pub doubts: u32,
    /// Its payment is known by a notify alone; no query has confirmed it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unconfirmed: Option<Unconfirmed>,
    /// A person took its payment over as the sale's, although this had contradicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<ReviewReason>,
    /// The program was started, and WeChat has not been asked since: nothing expires before it has.
    #[serde(skip)]
    pub unasked: bool,
}

/// A question to WeChat and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// Not before.
    pub at: Timestamp,
    /// What to ask.
    pub ask: Ask,
}

/// The three questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// `unifiedorder`, the saved request again.
    Place,
    /// `orderquery`.
    Query,
    /// `closeorder`.
    Close,
}

/// Everything that can happen to an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Placing came to this.
    Place(PlaceAnswer),
    /// Asking came to this.
    Query(QueryAnswer),
    /// Closing came to this.
    Close(CloseAnswer),
    /// A verified notify.
    Notify(Payment),
    /// The cashier does not want it any more.
    Cancel,
    /// Time is up.
    Deadline(Timer),
    /// Another attempt of the same sale, or cash, took the money.
    PaidOtherwise,
    /// Cash changed what is due: the order asks for a wrong amount.
    RestChanged,
    /// The cashier wants to know now.
    CheckNow,
    /// The program was started and knows nothing of what happened since the state was saved.
    Resume {
        /// How long to hold the first question back, so that many attempts do not ask at once.
        hold_back: SignedDuration,
    },
}

/// Who says that time is up. Whichever comes first does the work, the other changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// The till, by its own clock.
    Own,
    /// The broker, that was told how long to wait when the order was placed.
    Broker,
}

/// So much early the broker's word still counts: it waits by a clock of its own, and the till's may have been put back since
/// the order was placed. Earlier than that it speaks of another deadline.
const BROKER_EARLY: SignedDuration = SignedDuration::from_secs(60);

impl Attempt {
    /// A new order; its first question is to place it, now.
    #[must_use]
    pub fn new(out_trade_no: OutTradeNo, total_fee: Fen, now: Timestamp, timing: &Timing) -> Self {
        Self {
            out_trade_no,
            total_fee,
            placed_at: now,
            deadline: now.saturating_add(timing.timeout).unwrap_or(Timestamp::MAX),
            state: State::Placing,
            next: Some(Due {
                at: now,
                ask: Ask::Place,
            }),
            doubts: 0,
            unconfirmed: None,
            adopted: None,
            unasked: false,
        }
    }

    /// The machine: one input, the attempt that follows. Total: any input in any state is answered, in doubt by changing
    /// nothing. Money reported is never dropped.
    #[must_use]
    pub fn handle(self, now: Timestamp, timing: &Timing, input: Input) -> Self {
        match input {
            Input::Place(answer) => self.place_answered(now, timing, answer),
            Input::Query(answer) => self.query_answered(now, timing, answer),
            Input::Close(answer) => self.close_answered(now, timing, answer),
            Input::Notify(payment) => self.notified(now, payment),
            Input::Cancel => self.unwanted(now, timing, CloseReason::Cancelled),
            Input::PaidOtherwise => self.unwanted(now, timing, CloseReason::PaidOtherwise),
            Input::RestChanged => self.unwanted(now, timing, CloseReason::RestChanged),
            Input::Deadline(timer) => self.time_is_up(now, timing, timer),
            Input::CheckNow => self.ask(now, Ask::Query),
            Input::Resume { hold_back } => self.resume(now, timing, hold_back),
        }
    }

    /// When the driver has to do something about it: its next question, or its deadline.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        let next = self.next.map(|due| due.at);
        match self.state {
            State::Placing | State::AwaitingPayment { .. } if !self.unasked => {
                Some(next.map_or(self.deadline, |at| at.min(self.deadline)))
            }
            State::Placing
            | State::AwaitingPayment { .. }
            | State::Closing { .. }
            | State::Paid(_)
            | State::Closed { .. }
            | State::Refused { .. }
            | State::GivenBack { .. }
            | State::Review { .. } => next,
        }
    }

    /// Its time is up, and WeChat has been asked since the program was started.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.can_cancel() && !self.unasked && now >= self.deadline
    }

    /// Nothing but a late payment can change it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self.state {
            State::Placing
            | State::AwaitingPayment { .. }
            | State::Closing { .. }
            | State::Review { payment: None, .. } => false,
            State::Paid(_)
            | State::Closed { .. }
            | State::Refused { .. }
            | State::GivenBack { .. }
            | State::Review { payment: Some(_), .. } => true,
        }
    }

    /// Final, and nothing is left to confirm: there is no need to look at it again.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.is_final() && (self.unconfirmed.is_none() || self.next.is_none())
    }

    /// The money taken by this order, whatever became of it.
    #[must_use]
    pub fn payment(&self) -> Option<&Payment> {
        match &self.state {
            State::Paid(payment)
            | State::GivenBack { payment, .. }
            | State::Review {
                payment: Some(payment),
                ..
            } => Some(payment),
            State::Placing
            | State::AwaitingPayment { .. }
            | State::Closing { .. }
            | State::Closed { .. }
            | State::Refused { .. }
            | State::Review { payment: None, .. } => None,
        }
    }

    /// The cashier may still say that it is not wanted.
    #[must_use]
    pub fn can_cancel(&self) -> bool {
        matches!(self.state, State::Placing | State::AwaitingPayment { .. })
    }

    fn place_answered(self, now: Timestamp, timing: &Timing, answer: PlaceAnswer) -> Self {
        match (&self.state, answer) {
            (State::Placing | State::AwaitingPayment { .. }, PlaceAnswer::Placed { code_url }) => Self {
                state: State::AwaitingPayment {
                    code_url,
                    user_paying: false,
                },
                doubts: 0,
                ..self
            }
            .ask(later(now, timing.poll), Ask::Query),
            (State::Placing, PlaceAnswer::Refused { code }) if self.doubts == 0 => Self {
                state: State::Refused { code },
                next: None,
                ..self
            },
            // An earlier request, whose answer was lost, may have been taken.
            (State::Placing, PlaceAnswer::Refused { .. }) => {
                self.unwanted(now, timing, CloseReason::PlacingFailed)
            }
            (State::Placing, PlaceAnswer::NumberTaken) => {
                self.unwanted(now, timing, CloseReason::NumberTaken)
            }
            // Asked at once; but where two answers go on contradicting each other, not in circles.
            (State::Placing, PlaceAnswer::AlreadyPaid | PlaceAnswer::AlreadyClosed) if self.doubts < 2 => {
                self.doubt().ask(now, Ask::Query)
            }
            (State::Placing, PlaceAnswer::AlreadyPaid | PlaceAnswer::AlreadyClosed) => {
                self.ask_in_doubt(now, timing, RetryAfter::NONE, Ask::Query)
            }
            // Ask first: if WeChat has the order, it may even be paid.
            (State::Placing, PlaceAnswer::Unknown(retry_after)) => {
                self.ask_in_doubt(now, timing, retry_after, Ask::Query)
            }
            // Cancelled while the one request was on its way, and WeChat refused that one.
            (State::Closing { .. }, PlaceAnswer::Refused { code }) if self.doubts == 0 => Self {
                state: State::Refused { code },
                next: None,
                ..self
            },
            (
                State::Closing { .. } | State::AwaitingPayment { .. },
                PlaceAnswer::Unknown(RetryAfter(wanted)),
            ) => self.ask(later(now, wanted), Ask::Query),
            // If a code came after the order stopped being wanted, nobody sees it. Carry on closing.
            (State::Closing { .. }, PlaceAnswer::Placed { .. }) => self.known().ask(now, Ask::Query),
            (State::Closing { .. }, _) => self.ask(now, Ask::Query),
            (
                State::AwaitingPayment { .. },
                PlaceAnswer::Refused { .. }
                | PlaceAnswer::AlreadyPaid
                | PlaceAnswer::AlreadyClosed
                | PlaceAnswer::NumberTaken,
            ) => self.ask(now, Ask::Query),
            (
                State::Paid(_)
                | State::Closed { .. }
                | State::Refused { .. }
                | State::GivenBack { .. }
                | State::Review { .. },
                _,
            ) => self,
        }
    }

    fn query_answered(mut self, now: Timestamp, timing: &Timing, answer: QueryAnswer) -> Self {
        self.unasked = false;
        if let Some(so_far) = self.unconfirmed {
            return self.second_evidence(now, timing, so_far, answer);
        }
        match answer {
            QueryAnswer::Paid(payment) => self.paid(payment),
            QueryAnswer::Refunded(payment) => self.refunded(payment),
            QueryAnswer::Closed => self.closed_at_wechat(now),
            QueryAnswer::NotPaid { user_paying } => self.not_paid(now, timing, user_paying),
            QueryAnswer::NoSuchOrder => self.no_such_order(now, timing),
            QueryAnswer::Strange => self.strange(now, timing),
            QueryAnswer::Unknown(retry_after) => match self.state {
                // Placing again is the same question with a more useful answer.
                State::Placing => self.ask_in_doubt(now, timing, retry_after, Ask::Place),
                State::AwaitingPayment { .. }
                | State::Closing { .. }
                | State::Review { payment: None, .. } => {
                    self.ask_in_doubt(now, timing, retry_after, Ask::Query)
                }
                State::Paid(_)
                | State::Closed { .. }
                | State::Refused { .. }
                | State::GivenBack { .. }
                | State::Review { payment: Some(_), .. } => Self { next: None, ..self },
            },
        }
    }

    fn not_paid(mut self, now: Timestamp, timing: &Timing, paying: bool) -> Self {
        match &mut self.state {
            // WeChat has the order but its code is lost: the same request brings a code.
            State::Placing => self.ask(now, Ask::Place),
            State::AwaitingPayment { user_paying, .. } => {
                *user_paying = paying;
                self.trusted().ask(later(now, timing.poll), Ask::Query)
            }
            // Twice told "closed" and still read as unpaid: the reading lags, the word counts.
            State::Closing {
                why,
                said_closed: 2..,
                ..
            } => {
                let why = *why;
                self.closed(why)
            }
            State::Closing {
                seen_unpaid, known, ..
            } => {
                *seen_unpaid = true;
                *known = true;
                self.close_when_allowed(now, timing)
            }
            State::Review { payment: None, .. } => self.known_again(now, timing),
            State::Paid(_)
            | State::Closed { .. }
            | State::Refused { .. }
            | State::GivenBack { .. }
            | State::Review { payment: Some(_), .. } => Self { next: None, ..self },
        }
    }

    /// A state this program does not know is for a person. The order may still be paid or closed, so it is asked after until
    /// WeChat answers with one that we know.
    fn strange(self, now: Timestamp, timing: &Timing) -> Self {
        match self.state {
            State::Placing | State::AwaitingPayment { .. } | State::Closing { .. } => {
                Self { doubts: 0, ..self }
                    .review(ReviewReason::StateUnknown, None)
                    .ask_in_doubt(now, timing, RetryAfter::NONE, Ask::Query)
            }
            State::Review { payment: None, .. } => {
                self.ask_in_doubt(now, timing, RetryAfter::NONE, Ask::Query)
            }
            State::Paid(_)
            | State::Closed { .. }
            | State::Refused { .. }
            | State::GivenBack { .. }
            | State::Review { payment: Some(_), .. } => Self { next: None, ..self },
        }
    }

    /// Who paid up to the deadline paid in time, whichever timer spoke and when.
    fn time_is_up(self, now: Timestamp, timing: &Timing, timer: Timer) -> Self {
        let by = match timer {
            Timer::Own => now,
            Timer::Broker => later(now, BROKER_EARLY),
        };
        let deadline = self.deadline;
        if by < deadline || self.unasked {
            return self;
        }
        self.unwanted_since(now, timing, CloseReason::Deadline, deadline)
    }

    fn unwanted(self, now: Timestamp, timing: &Timing, why: CloseReason) -> Self {
        self.unwanted_since(now, timing, why, now)
    }

    fn unwanted_since(self, now: Timestamp, timing: &Timing, why: CloseReason, since: Timestamp) -> Self {
        let known = matches!(self.state, State::AwaitingPayment { .. });
        match self.state {
            State::Placing | State::AwaitingPayment { .. } => Self {
                state: State::Closing {
                    why,
                    since,
                    seen_unpaid: false,
                    known,
                    said_closed: 0,
                    said_unknown: false,
                    close_at: later(self.placed_at, timing.close_after),
                },
                ..self
            }
            .ask(now, Ask::Query),
            // The sale has its money, or something else is due now: whatever this one brings is for a person.
            State::Closing {
                why: before,
                seen_unpaid,
                known,
                said_closed,
                said_unknown,
                close_at,
                ..
            } if why == CloseReason::PaidOtherwise
                || (why == CloseReason::RestChanged && before != CloseReason::PaidOtherwise) =>
            {
                Self {
                    state: State::Closing {
                        why,
                        since,
                        seen_unpaid,
                        known,
                        said_closed,
                        said_unknown,
                        close_at,
                    },
                    ..self
                }
            }
            State::Closing { .. }
            | State::Paid(_)
            | State::Closed { .. }
            | State::Refused { .. }
            | State::GivenBack { .. }
            | State::Review { .. } => self,
        }
    }

    fn resume(mut self, now: Timestamp, timing: &Timing, hold_back: SignedDuration) -> Self {
        if self.is_final() {
            return self.resume_confirming(later(now, hold_back));
        }
        if let State::Closing { since, close_at, .. } = &mut self.state {
            *since = now.min(*since);
            *close_at = later(now, timing.close_after).min(*close_at);
        }
        // A clock that was turned back must not keep a QR code alive for longer than it was given.
        let deadline = self.deadline.min(later(now, timing.timeout));
        let placed_at = self.placed_at.min(now);
        let doubts = match self.state {
            // The request may have left before the program stopped.
            State::Placing => self.doubts.max(1),
            State::AwaitingPayment { .. }
            | State::Closing { .. }
            | State::Paid(_)
            | State::Closed { .. }
            | State::Refused { .. }
            | State::GivenBack { .. }
            | State::Review { .. } => self.doubts,
        };
        Self {
            deadline,
            placed_at,
            doubts,
            unasked: true,
            ..self
        }
        .ask(later(now, hold_back), Ask::Query)
    }

    fn closed(self, why: CloseReason) -> Self {
        Self {
            state: State::Closed { why },
            next: None,
            doubts: 0,
            ..self
        }
    }

    fn ask(self, at: Timestamp, ask: Ask) -> Self {
        Self {
            next: Some(Due { at, ask }),
            ..self
        }
    }

    fn ask_in_doubt(self, now: Timestamp, timing: &Timing, retry_after: RetryAfter, ask: Ask) -> Self {
        let doubted = self.doubt();
        let at = later(now, timing.wait(doubted.doubts, retry_after));
        doubted.ask(at, ask)
    }

    fn doubt(self) -> Self {
        Self {
            doubts: self.doubts.saturating_add(1),
            ..self
        }
    }

    fn trusted(self) -> Self {
        Self { doubts: 0, ..self }
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    // Saturating only fails for a span with units that need a calendar, which a duration has not.
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}
