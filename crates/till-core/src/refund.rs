//! One refund: the machine that gives money back once and never twice. Pure; nothing here sends, sleeps or reads a clock.
//!
//! Its number and its request are made once and saved before anything is sent; after any doubt WeChat is asked whether it
//! has the refund, and only when it says that it does not is the same request sent again. Goods that come back are put
//! back when WeChat has taken the refund on, whatever becomes of the money on its way.

mod bounds;
mod cash;
mod left;
mod number;
mod reported;
mod state;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use bounds::{
    EarlierRefund, REFUND_PARTS_MAX, RefundBounds, RefundReason, RefundRefusal, RefundWish, next_part,
};
pub use cash::{CashRefund, CashRefundBounds, CashRefundNo, CashRefundWish};
pub use left::{LineLeft, Part, RefundLine, Sold};
pub use number::{OutRefundNo, RefundNoError};
pub use state::{
    Note, PersonReason, RefundAnswer, RefundQueryAnswer, RefundReport, RefundState, RefundStatus,
};

use crate::{Fen, OutTradeNo, RetryAfter, Timing};

/// One refund, from the moment its request is saved until nothing can happen to it any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Its number at WeChat.
    pub out_refund_no: OutRefundNo,
    /// The order whose money goes back.
    pub out_trade_no: OutTradeNo,
    /// What that order was paid.
    pub total_fee: Fen,
    /// What goes back.
    pub refund_fee: Fen,
    /// When the request was saved.
    pub wished_at: Timestamp,
    /// When its request last left; `None`: never. Its day, once WeChat has it, as on WeChat's bill.
    pub sent_at: Option<Timestamp>,
    /// When a request of it last left without a usable answer: that one may still arrive.
    pub lost_at: Option<Timestamp>,
    /// The goods that come back with it.
    pub goods: Goods,
    /// What it waits for.
    pub state: RefundState,
    /// What to ask WeChat next, and when. `None` when nothing is left to ask.
    pub next: Option<RefundDue>,
    /// Questions in a row without a usable answer.
    pub doubts: u32,
}

/// What is true of the goods of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goods {
    /// They stay with the customer, or can't be sold again.
    Stay,
    /// They are put back as soon as WeChat has taken the refund on.
    Wanted,
    /// They were put back.
    Back,
}

/// A question about a refund and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundDue {
    /// Not before.
    pub at: Timestamp,
    /// What to ask.
    pub ask: RefundAsk,
}

/// The two questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundAsk {
    /// `refund`, the saved request.
    Send,
    /// `refundquery`.
    Query,
}

/// Everything that can happen to a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundInput {
    /// The driver is about to send the request. To be saved before it does.
    Leaving,
    /// Sending came to this.
    Sent(RefundAnswer),
    /// Asking came to this.
    Queried(RefundQueryAnswer),
    /// An authentic notify.
    Notified(RefundReport),
    /// Somebody wants to know now.
    CheckNow,
    /// A person wants a refused one to be tried again, not before this.
    TryAgain {
        /// The order's parts are a minute apart.
        not_before: Timestamp,
    },
    /// A person gives it up.
    Withdraw,
    /// A person has seen to it.
    Settle(Note),
    /// The program was started and knows nothing of what happened since the state was saved.
    Resume {
        /// How long to hold the first question back.
        hold_back: SignedDuration,
    },
}

/// What has to be done in the same transaction that saves the refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundEffect {
    /// Its goods can be sold again.
    PutBack,
}

/// After WeChat has refused to look, this long until the next try: it blocks for about a minute.
const BLOCKED: RetryAfter = RetryAfter(SignedDuration::from_secs(65));
/// No request lives longer than this on its way.
const ARRIVES_WITHIN: SignedDuration = SignedDuration::from_mins(15);
/// The longest pause between two questions about money on its way: to a bank card it takes up to three working days.
const PROCESSING_WAIT_MAX: SignedDuration = SignedDuration::from_mins(10);

impl Refund {
    /// A new refund; its first question is to send it, as soon as the order's parts are a minute apart.
    #[must_use]
    pub fn new(wish: &RefundWish, now: Timestamp) -> Self {
        Self {
            out_refund_no: wish.out_refund_no().clone(),
            out_trade_no: wish.out_trade_no().clone(),
            total_fee: wish.total_fee(),
            refund_fee: wish.refund_fee(),
            wished_at: now,
            sent_at: None,
            lost_at: None,
            goods: wish.goods(),
            state: RefundState::Waiting,
            next: Some(RefundDue {
                at: wish.not_before().max(now),
                ask: RefundAsk::Send,
            }),
            doubts: 0,
        }
    }

    /// The machine: one input, the refund that follows. Total: any input in any state is answered, in doubt by changing
    /// nothing. A refund that WeChat is known to have is never sent again.
    #[must_use]
    pub fn handle(self, now: Timestamp, timing: &Timing, input: RefundInput) -> (Self, Option<RefundEffect>) {
        let after = match input {
            RefundInput::Leaving => self.leaving(now, timing),
            RefundInput::Sent(answer) => self.sent(now, timing, answer),
            RefundInput::Queried(RefundQueryAnswer::Found(report)) | RefundInput::Notified(report) => {
                self.reported(now, timing, report)
            }
            RefundInput::Queried(RefundQueryAnswer::NoSuchRefund) => self.not_there(now, timing),
            RefundInput::Queried(RefundQueryAnswer::Unknown(retry_after)) => {
                self.no_answer(now, timing, retry_after)
            }
            RefundInput::CheckNow => self.check_now(now),
            RefundInput::TryAgain { not_before } => self.try_again(now, not_before),
            RefundInput::Withdraw => self.withdraw(),
            RefundInput::Settle(note) => self.settle(note),
            RefundInput::Resume { hold_back } => self.resume(now, hold_back),
        };
        after.put_back()
    }

    /// Whether this, having followed from `before`, has to be on the disk: a question would find out the rest again anyway.
    #[must_use]
    pub fn worth_saving(&self, before: &Self) -> bool {
        self.state != before.state
            || self.sent_at != before.sent_at
            || self.lost_at != before.lost_at
            || self.goods != before.goods
    }

    /// Takes up a part of the order's money: it was given back, or may yet be.
    #[must_use]
    pub fn counts(&self) -> bool {
        match self.state {
            RefundState::Waiting
            | RefundState::Sending
            | RefundState::Processing { .. }
            | RefundState::Refunded { .. }
            | RefundState::NeedsPerson { .. }
            // Under its number it may be tried again.
            | RefundState::Refused { .. } => true,
            RefundState::Closed { .. } | RefundState::Withdrawn { .. } => false,
        }
    }

    /// WeChat has not said yet whether it takes it: until then no other part of the order is begun.
    #[must_use]
    pub fn under_way(&self) -> bool {
        match self.state {
            RefundState::Waiting | RefundState::Sending => true,
            RefundState::Refused { .. } => self.next.is_some(),
            RefundState::Processing { .. }
            | RefundState::Refunded { .. }
            | RefundState::NeedsPerson { .. }
            | RefundState::Closed { .. }
            | RefundState::Withdrawn { .. } => false,
        }
    }

    /// A person has to do something about it.
    #[must_use]
    pub fn needs_person(&self) -> bool {
        match &self.state {
            RefundState::NeedsPerson { settled, .. } | RefundState::Closed { settled, .. } => {
                settled.is_none()
            }
            RefundState::Refused { .. } => true,
            RefundState::Waiting
            | RefundState::Sending
            | RefundState::Processing { .. }
            | RefundState::Refunded { .. }
            | RefundState::Withdrawn { .. } => false,
        }
    }

    /// Neither the driver nor a person has anything left to do; only news from WeChat can change it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match &self.state {
            RefundState::Refunded { .. } | RefundState::Withdrawn { .. } => true,
            RefundState::NeedsPerson { settled, .. } | RefundState::Closed { settled, .. } => {
                settled.is_some()
            }
            RefundState::Waiting
            | RefundState::Sending
            | RefundState::Processing { .. }
            | RefundState::Refused { .. } => false,
        }
    }

    /// A person may give it up: WeChat does not have it, and nothing that was sent can reach WeChat any more.
    #[must_use]
    pub fn can_withdraw(&self) -> bool {
        match self.state {
            RefundState::Waiting => self.lost_at.is_none(),
            RefundState::Refused { .. } => self.next.is_none(),
            RefundState::Sending
            | RefundState::Processing { .. }
            | RefundState::Refunded { .. }
            | RefundState::NeedsPerson { .. }
            | RefundState::Closed { .. }
            | RefundState::Withdrawn { .. } => false,
        }
    }

    /// A person may have the same request sent again.
    #[must_use]
    pub fn can_try_again(&self) -> bool {
        matches!(self.state, RefundState::Refused { .. })
    }

    /// A person may say how it was seen to.
    #[must_use]
    pub fn can_settle(&self) -> bool {
        matches!(
            self.state,
            RefundState::NeedsPerson { settled: None, .. } | RefundState::Closed { settled: None, .. }
        )
    }

    fn leaving(self, now: Timestamp, timing: &Timing) -> Self {
        let due = matches!(self.next, Some(RefundDue { at, ask: RefundAsk::Send }) if at <= now);
        match self.state {
            RefundState::Waiting | RefundState::Sending if due => Self {
                sent_at: Some(now),
                state: RefundState::Sending,
                ..self
            }
            // The answer, or its absence, names another time.
            .ask(later(now, timing.poll), RefundAsk::Query),
            RefundState::Waiting
            | RefundState::Sending
            | RefundState::Processing { .. }
            | RefundState::Refunded { .. }
            | RefundState::NeedsPerson { .. }
            | RefundState::Closed { .. }
            | RefundState::Refused { .. }
            | RefundState::Withdrawn { .. } => self,
        }
    }

    fn sent(self, now: Timestamp, timing: &Timing, answer: RefundAnswer) -> Self {
        match (&self.state, answer) {
            (
                RefundState::Waiting
                | RefundState::Sending
                | RefundState::Refused { .. }
                | RefundState::Withdrawn { .. },
                RefundAnswer::Accepted { refund_id },
            ) => self.processing(now, timing, refund_id),
            (RefundState::Sending, RefundAnswer::Refused { code }) => Self {
                state: RefundState::Refused { code },
                doubts: 0,
                ..self
            }
            .watch_for_strays(now, timing),
            (RefundState::Sending, RefundAnswer::NotLookedAt) => {
                let doubted = self.doubt();
                let wait = timing.wait(doubted.doubts, BLOCKED);
                doubted.ask(later(now, wait), RefundAsk::Query)
            }
            (RefundState::Sending, RefundAnswer::Unknown(retry_after)) => Self {
                lost_at: self.sent_at,
                ..self
            }
            .ask_in_doubt(now, timing, retry_after),
            (
                RefundState::Waiting
                | RefundState::Processing { .. }
                | RefundState::Refunded { .. }
                | RefundState::NeedsPerson { .. }
                | RefundState::Closed { .. }
                | RefundState::Refused { .. }
                | RefundState::Withdrawn { .. },
                _,
            ) => self,
        }
    }

    /// WeChat does not have it at this moment.
    fn not_there(self, now: Timestamp, timing: &Timing) -> Self {
        match self.state {
            RefundState::Waiting => self,
            // The same request again, however often: WeChat takes the number once.
            RefundState::Sending => self.ask(now, RefundAsk::Send),
            // WeChat took it on a moment ago: this answer can't be right.
            RefundState::Processing { .. } => self.ask_in_doubt(now, timing, RetryAfter::NONE),
            RefundState::Refused { .. } => self.watch_for_strays(now, timing),
            RefundState::Refunded { .. }
            | RefundState::NeedsPerson { .. }
            | RefundState::Closed { .. }
            | RefundState::Withdrawn { .. } => self.rest(),
        }
    }

    fn no_answer(self, now: Timestamp, timing: &Timing, retry_after: RetryAfter) -> Self {
        match self.state {
            RefundState::Waiting => self,
            RefundState::Sending | RefundState::Processing { .. } => {
                self.ask_in_doubt(now, timing, retry_after)
            }
            RefundState::Refused { .. } if self.lost_at.is_some() => {
                self.ask_in_doubt(now, timing, retry_after)
            }
            RefundState::Refused { .. }
            | RefundState::Refunded { .. }
            | RefundState::NeedsPerson { .. }
            | RefundState::Closed { .. }
            | RefundState::Withdrawn { .. } => self.rest(),
        }
    }

    fn check_now(self, now: Timestamp) -> Self {
        match self.state {
            // Nothing has left: there is nothing to ask after.
            RefundState::Waiting => self,
            // A request that is due goes first; the question follows by itself.
            RefundState::Sending
                if matches!(
                    self.next,
                    Some(RefundDue {
                        ask: RefundAsk::Send,
                        ..
                    })
                ) =>
            {
                self
            }
            RefundState::Sending
            | RefundState::Processing { .. }
            | RefundState::Refunded { .. }
            | RefundState::NeedsPerson { .. }
            | RefundState::Closed { .. }
            | RefundState::Refused { .. }
            | RefundState::Withdrawn { .. } => self.ask(now, RefundAsk::Query),
        }
    }

    fn try_again(self, now: Timestamp, not_before: Timestamp) -> Self {
        if !self.can_try_again() {
            return self;
        }
        Self {
            state: RefundState::Waiting,
            doubts: 0,
            ..self
        }
        .ask(not_before.max(now), RefundAsk::Send)
    }

    fn withdraw(self) -> Self {
        if !self.can_withdraw() {
            return self;
        }
        let code = match &self.state {
            RefundState::Refused { code } => Some(code.clone()),
            RefundState::Waiting
            | RefundState::Sending
            | RefundState::Processing { .. }
            | RefundState::Refunded { .. }
            | RefundState::NeedsPerson { .. }
            | RefundState::Closed { .. }
            | RefundState::Withdrawn { .. } => None,
        };
        // Its goods may come back with another refund.
        let goods = Goods::Stay;
        Self { goods, ..self }.at(RefundState::Withdrawn { code })
    }

    fn settle(mut self, note: Note) -> Self {
        match &mut self.state {
            RefundState::NeedsPerson { settled, .. } | RefundState::Closed { settled, .. } => {
                settled.get_or_insert(note);
                self
            }
            RefundState::Waiting
            | RefundState::Sending
            | RefundState::Processing { .. }
            | RefundState::Refunded { .. }
            | RefundState::Refused { .. }
            | RefundState::Withdrawn { .. } => self,
        }
    }

    fn resume(mut self, now: Timestamp, hold_back: SignedDuration) -> Self {
        // A clock that was turned back must not keep it waiting for a stray request for days.
        self.lost_at = self.lost_at.map(|lost| lost.min(now));
        match self.state {
            // Its time was saved. A clock that was turned back must not put it off for days.
            RefundState::Waiting => {
                let at = self.next.map_or(now, |due| due.at);
                self.ask(at.min(later(now, BLOCKED.0)), RefundAsk::Send)
            }
            // Its answer, if one came, was lost with the program.
            RefundState::Sending => Self {
                lost_at: self.sent_at.map(|sent| sent.min(now)),
                ..self
            }
            .ask(later(now, hold_back), RefundAsk::Query),
            RefundState::Processing { .. } => self.ask(later(now, hold_back), RefundAsk::Query),
            RefundState::Refused { .. } if self.lost_at.is_some() => {
                self.ask(later(now, hold_back), RefundAsk::Query)
            }
            RefundState::Refused { .. }
            | RefundState::Refunded { .. }
            | RefundState::NeedsPerson { .. }
            | RefundState::Closed { .. }
            | RefundState::Withdrawn { .. } => self.rest(),
        }
    }

    /// WeChat has it; asked after at a quarter of the time it has taken so far.
    fn processing(self, now: Timestamp, timing: &Timing, refund_id: String) -> Self {
        let so_far = now.duration_since(self.sent_at.unwrap_or(self.wished_at));
        let quarter = so_far.checked_div(4).unwrap_or(SignedDuration::ZERO);
        let wait = quarter.min(PROCESSING_WAIT_MAX).max(timing.poll);
        Self {
            state: RefundState::Processing { refund_id },
            doubts: 0,
            ..self
        }
        .ask(later(now, wait), RefundAsk::Query)
    }

    /// Refused. As long as an earlier request, whose answer was lost, may still arrive, WeChat is asked after it.
    fn watch_for_strays(self, now: Timestamp, timing: &Timing) -> Self {
        match self.lost_at {
            Some(lost) if now < later(lost, ARRIVES_WITHIN) => {
                self.ask(later(now, Timing::WAIT_MAX.max(timing.poll)), RefundAsk::Query)
            }
            Some(_) | None => self.rest(),
        }
    }

    /// In a state in which nothing is left to ask.
    fn at(self, state: RefundState) -> Self {
        Self { state, ..self }.rest()
    }

    fn rest(self) -> Self {
        Self {
            next: None,
            doubts: 0,
            ..self
        }
    }

    fn put_back(self) -> (Self, Option<RefundEffect>) {
        if self.goods == Goods::Wanted && self.state.refund_id().is_some() {
            let goods = Goods::Back;
            (Self { goods, ..self }, Some(RefundEffect::PutBack))
        } else {
            (self, None)
        }
    }

    fn ask(self, at: Timestamp, ask: RefundAsk) -> Self {
        Self {
            next: Some(RefundDue { at, ask }),
            ..self
        }
    }

    fn ask_in_doubt(self, now: Timestamp, timing: &Timing, retry_after: RetryAfter) -> Self {
        let doubted = self.doubt();
        let at = later(now, timing.wait(doubted.doubts, retry_after));
        doubted.ask(at, RefundAsk::Query)
    }

    fn doubt(self) -> Self {
        Self {
            doubts: self.doubts.saturating_add(1),
            ..self
        }
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    // Saturating only fails for a span with units that need a calendar, which a duration has not.
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}
