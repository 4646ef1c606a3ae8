//! The states of a refund, and what WeChat's answers mean to it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Fen, RetryAfter};

/// What a refund waits for; each state holds only what is true in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RefundState {
    /// Saved, and not sent since: its time has not come. Waits for the driver.
    Waiting,
    /// The request has left; WeChat may or may not have it.
    Sending,
    /// WeChat has taken it on; the money is on its way. From here on WeChat has this refund, and has it once.
    Processing {
        /// WeChat's number of it.
        refund_id: String,
    },
    /// The money is back with the customer.
    Refunded {
        /// WeChat's number of it.
        refund_id: String,
        /// WeChat's time of arrival; when we heard of it, if WeChat named none.
        refunded_at: Timestamp,
        /// Where the money went, in WeChat's words.
        received_by: Option<String>,
    },
    /// WeChat can't finish it, or says what contradicts what we know.
    NeedsPerson {
        /// WeChat's number of it.
        refund_id: String,
        /// What is the matter.
        why: PersonReason,
        /// How a person has seen to it; `None`: nobody has yet.
        settled: Option<Note>,
    },
    /// `REFUNDCLOSE`: WeChat has given it up; the money is with the merchant.
    Closed {
        /// WeChat's number of it.
        refund_id: String,
        /// What a person says to it; `None`: nobody has seen it yet.
        settled: Option<Note>,
    },
    /// WeChat has not taken it and says why. A person may try again, under the same number, or give it up.
    Refused {
        /// WeChat's `err_code`.
        code: String,
    },
    /// Given up by a person while WeChat did not have it. Nothing was given back.
    Withdrawn {
        /// WeChat's last `err_code`; `None`: it was never sent.
        code: Option<String>,
    },
}

/// Why a person has to see to a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonReason {
    /// `CHANGE`: the customer's card is void; the money is back at the merchant, who has to hand it over otherwise.
    Change,
    /// WeChat gives back another amount than we asked for.
    AmountDiffers,
    /// WeChat named a state that this program does not know.
    StatusUnknown,
    /// WeChat says that the money arrived (or did not) after it, or a person, had said the contrary.
    Contradicts,
}

/// What a person has written about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// How it was seen to.
    pub text: String,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What came of sending a refund (`refund`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundAnswer {
    /// WeChat has taken it on; the money has **not** moved yet.
    Accepted {
        /// WeChat's number of it.
        refund_id: String,
    },
    /// WeChat has not taken it.
    Refused {
        /// WeChat's `err_code`.
        code: String,
    },
    /// WeChat has not looked at it: too many calls.
    NotLookedAt,
    /// No answer, or none that can be trusted, `SYSTEMERROR` and `BIZERR_NEED_RETRY` among them: WeChat may or may not
    /// have it.
    Unknown(RetryAfter),
}

/// What came of asking after a refund (`refundquery`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundQueryAnswer {
    /// WeChat has it.
    Found(RefundReport),
    /// `REFUNDNOTEXIST`: WeChat does not have it, at this moment.
    NoSuchRefund,
    /// No answer, or none that can be trusted.
    Unknown(RetryAfter),
}

/// A refund as WeChat reported it, in an answer or in a notify, its merchant and its numbers already checked. Whether the
/// amount is the one asked for is for the machine to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundReport {
    /// WeChat's number of it.
    pub refund_id: String,
    /// What is given back, coupons included.
    pub refund_fee: Fen,
    /// How far it is.
    pub status: RefundStatus,
    /// Where the money goes, in WeChat's words.
    pub received_by: Option<String>,
}

/// How far WeChat is with a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStatus {
    /// `PROCESSING`.
    Processing,
    /// `SUCCESS`.
    Success {
        /// When the money arrived.
        at: Option<Timestamp>,
    },
    /// `CHANGE`.
    Change,
    /// `REFUNDCLOSE`, and the older `FAIL`.
    Closed,
    /// A word that this program does not know.
    Strange,
}

impl RefundState {
    /// The state in one word, as the ledger and the journal have it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Processing { .. } => "processing",
            Self::Refunded { .. } => "refunded",
            Self::NeedsPerson { settled: None, .. } => "needs_person",
            Self::NeedsPerson { settled: Some(_), .. } => "settled",
            Self::Closed { settled: None, .. } => "closed",
            Self::Closed { settled: Some(_), .. } => "closed_seen",
            Self::Refused { .. } => "refused",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }

    /// WeChat's number of it, once WeChat has it.
    #[must_use]
    pub fn refund_id(&self) -> Option<&str> {
        match self {
            Self::Processing { refund_id }
            | Self::Refunded { refund_id, .. }
            | Self::NeedsPerson { refund_id, .. }
            | Self::Closed { refund_id, .. } => Some(refund_id),
            Self::Waiting | Self::Sending | Self::Refused { .. } | Self::Withdrawn { .. } => None,
        }
    }
}
