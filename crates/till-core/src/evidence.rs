//! What was sent and received about an order; a run of the same answers is one row.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing sent or received, or a run of the same answers to the same question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// When the first of the run came.
    pub first_at: Timestamp,
    /// When the last of the run came.
    pub last_at: Timestamp,
    /// How many.
    pub count: u32,
    /// What was asked or received.
    pub kind: EvidenceKind,
    /// In WeChat's words (`NOTPAY`), or a short code of what went wrong (`timeout`).
    pub outcome: String,
    /// What the signature was worth.
    pub sign: SignVerdict,
    /// The request as sent, openid masked; of a run, the first.
    pub request: Option<String>,
    /// The answer as received, openid masked; of a run, the first.
    pub answer: Option<String>,
}

/// What was asked or received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// `unifiedorder` and its answer.
    Unifiedorder,
    /// `orderquery` and its answer.
    Orderquery,
    /// `closeorder` and its answer.
    Closeorder,
    /// A notify.
    Notify,
    /// `refund` and its answer.
    Refund,
    /// `refundquery` and its answer.
    Refundquery,
    /// A notify of a refund.
    RefundNotify,
    /// An act of the cashier.
    Cashier,
}

/// What a signature was worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignVerdict {
    /// Made with the merchant's key over all fields.
    Right,
    /// Not made with the merchant's key, or something was changed.
    Wrong,
    /// There is none.
    Missing,
    /// Nothing came that could carry one.
    None,
}

impl Evidence {
    /// Whether the next one says the same, so that it belongs to this run.
    #[must_use]
    pub fn goes_on_with(&self, next: &Self) -> bool {
        let same = self.kind == next.kind && self.outcome == next.outcome && self.sign == next.sign;
        // What a cashier did stands on its own each time.
        same && self.kind != EvidenceKind::Cashier
    }

    /// Takes the next one into this run if it says the same; gives it back if it does not.
    #[must_use]
    pub fn absorb(&mut self, next: Self) -> Option<Self> {
        if !self.goes_on_with(&next) {
            return Some(next);
        }
        self.last_at = next.last_at;
        self.count = self.count.saturating_add(next.count);
        None
    }
}
