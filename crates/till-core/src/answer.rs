//! What WeChat's answers mean to the shop: yes, no, or unknown, already verified and without any of WeChat's wire forms.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Fen, RetryAfter};

/// A payment as WeChat reported it, its signature, merchant and order number already checked. Whether the amount is the
/// one asked for is for the machine to judge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// WeChat's own number of the payment.
    pub transaction_id: String,
    /// What the order was for, coupons included.
    pub total_fee: Fen,
    /// `CNY`.
    pub fee_type: String,
    /// The part paid with money.
    pub cash_fee: Fen,
    /// The part paid with coupons.
    pub coupon_fee: Fen,
    /// WeChat's own time of payment, to the second.
    pub time_end: Timestamp,
    /// Which evidence came first.
    pub found_by: FoundBy,
}

/// Which evidence of a payment came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    /// The answer to a question of ours.
    Query,
    /// WeChat's notify.
    Notify,
}

/// What came of placing an order (`unifiedorder`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceAnswer {
    /// WeChat has the order; the customer pays by scanning this.
    Placed {
        /// Text of the QR code.
        code_url: String,
    },
    /// WeChat will not take this order.
    Refused {
        /// WeChat's `err_code`.
        code: String,
    },
    /// `ORDERPAID`: the order under this number is paid.
    AlreadyPaid,
    /// `ORDERCLOSED`: the order under this number was closed.
    AlreadyClosed,
    /// The number is in use for an order on other terms.
    NumberTaken,
    /// No answer, or none that can be trusted: WeChat may or may not have the order.
    Unknown(RetryAfter),
}

/// What came of asking after an order (`orderquery`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryAnswer {
    /// Paid.
    Paid(Payment),
    /// Paid, and a refund was asked for since.
    Refunded(Payment),
    /// Not paid yet.
    NotPaid {
        /// The customer is entering a password.
        user_paying: bool,
    },
    /// Can't be paid any more.
    Closed,
    /// WeChat knows no such order.
    NoSuchOrder,
    /// A state this program does not know.
    Strange,
    /// No answer, or none that can be trusted.
    Unknown(RetryAfter),
}

/// What came of closing an order (`closeorder`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseAnswer {
    /// Closed, now or before.
    Closed,
    /// `ORDERPAID`: too late, it is paid.
    Paid,
    /// WeChat will not close it yet, or not in its present state.
    NotYet,
    /// WeChat knows no such order.
    NoSuchOrder,
    /// No answer, or none that can be trusted: it may or may not be closed.
    Unknown(RetryAfter),
}
