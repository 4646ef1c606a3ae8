//! The states of an order at WeChat, and the reasons that go with them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Payment;

/// What an attempt waits for; each state holds only what is true in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// The request is saved; WeChat may or may not have it.
    Placing,
    /// The QR code is on show.
    AwaitingPayment {
        /// Text of the QR code.
        code_url: String,
        /// The customer was entering a password when last asked.
        user_paying: bool,
    },
    /// No longer wanted. No QR code on any screen, still asked after, because the customer may still pay.
    Closing {
        /// Why it is not wanted.
        why: CloseReason,
        /// When that was decided: who paid before it paid in time.
        since: Timestamp,
        /// WeChat has said since then that nobody has paid: whoever pays now pays late, whatever the two clocks say.
        #[serde(default)]
        seen_unpaid: bool,
        /// WeChat has it, or had it: it gave a code for it, or said how it stands.
        #[serde(default)]
        known: bool,
        /// How often WeChat has said, to a `closeorder`, that it is closed.
        said_closed: u8,
        /// WeChat has said, to a `closeorder`, that it knows no such order.
        said_unknown: bool,
        /// No `closeorder` before this.
        close_at: Timestamp,
    },
    /// Verified and paid, for this sale: in time, or taken over by a person.
    Paid(Payment),
    /// WeChat has said that it can't be paid any more.
    Closed {
        /// Why it was closed.
        why: CloseReason,
    },
    /// WeChat refused to place it; nothing can be paid.
    Refused {
        /// WeChat's `err_code`.
        code: String,
    },
    /// Money that is no sale's, as a person decided: it goes back by a refund.
    GivenBack {
        /// What had contradicted.
        why: ReviewReason,
        /// The money.
        payment: Payment,
    },
    /// Evidence that contradicts what we know; a person decides.
    Review {
        /// What contradicts.
        why: ReviewReason,
        /// The money, if any was taken.
        payment: Option<Payment>,
    },
}

/// Why an order is not wanted any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The deadline passed.
    Deadline,
    /// The cashier asked.
    Cancelled,
    /// Another attempt of the same sale was paid, or it was paid in cash.
    PaidOtherwise,
    /// Cash was taken for the sale, or given back: what the order asks for is not what is due any more.
    RestChanged,
    /// The number is in use at WeChat for an order on other terms.
    NumberTaken,
    /// WeChat refused it after an answer had been lost, so that an earlier request may have been taken.
    PlacingFailed,
    /// It was closed at WeChat without our asking.
    ClosedAtWechat,
    /// WeChat answered with a state this program does not know, and later that nobody has paid.
    StateUnknown,
}

/// Why a person has to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewReason {
    /// WeChat holds another amount or currency than we asked for.
    AmountDiffers,
    /// Paid after the cashier had cancelled.
    PaidAfterCancel,
    /// Paid after the deadline.
    PaidAfterDeadline,
    /// Paid although the order counted as closed or refused.
    PaidAfterClosed,
    /// The sale was already paid by another attempt, or in cash.
    PaidTwice,
    /// Paid although cash had changed what was due.
    RestChanged,
    /// Paid, and a refund was asked for outside this till.
    RefundedElsewhere,
    /// WeChat answered with a state this program does not know.
    StateUnknown,
    /// A notify said that it is paid, WeChat's own answers deny it again and again.
    NotConfirmed,
}

impl State {
    /// What this sale was paid with; `None` for money that is not the sale's, or not yet.
    #[must_use]
    pub fn paid(&self) -> Option<&Payment> {
        match self {
            Self::Paid(payment) => Some(payment),
            Self::Placing
            | Self::AwaitingPayment { .. }
            | Self::Closing { .. }
            | Self::Closed { .. }
            | Self::Refused { .. }
            | Self::GivenBack { .. }
            | Self::Review { .. } => None,
        }
    }

    /// The state in one word, as the ledger and the journal have it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Placing => "placing",
            Self::AwaitingPayment { .. } => "awaiting_payment",
            Self::Closing { .. } => "closing",
            Self::Paid(_) => "paid",
            Self::Closed { .. } => "closed",
            Self::Refused { .. } => "refused",
            Self::GivenBack { .. } => "given_back",
            Self::Review { .. } => "review",
        }
    }
}
