//! What crosses to the web views about money given back.

use serde::{Deserialize, Serialize};
use specta::Type;

use super::{ErrorCode, EvidenceView};

/// Where a refund stands, as a person is told it.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "state", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum RefundState {
    /// Saved; leaves when the order's parts are a minute apart.
    Waiting { at: String },
    /// The request has left; WeChat may or may not have it.
    Sending,
    /// PROCESSING: WeChat has it, the money is on its way.
    Processing,
    /// SUCCESS: the money has arrived.
    Refunded {
        at: String,
        /// Where, in WeChat's words.
        received_by: Option<String>,
    },
    /// CHANGE, or something that contradicts: a person has to see to it.
    NeedsPerson { why: PersonReason },
    /// A person has seen to it.
    Settled { why: PersonReason, note: NoteView },
    /// REFUNDCLOSE: WeChat gave it up, the money stayed.
    Closed,
    /// The same, and a person has seen it.
    ClosedSeen { note: NoteView },
    /// WeChat has not taken it.
    Refused { code: String },
    /// Given up by a person while WeChat did not have it.
    Withdrawn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum PersonReason {
    /// The customer's card is void: the money is back at the merchant.
    Change,
    /// WeChat gives back another amount than was asked for.
    AmountDiffers,
    /// WeChat answered with a state this till does not know.
    StatusUnknown,
    /// WeChat says that the money arrived (or did not) after the contrary was known.
    Contradicts,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct NoteView {
    pub text: String,
    pub by: String,
    pub at: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum GoodsView {
    /// They stay with the customer, or can't be sold again.
    Stay,
    /// Back on the shelf as soon as WeChat has taken the refund on.
    Wanted,
    /// Back on the shelf.
    Back,
}

/// One refund whole.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct RefundView {
    pub out_refund_no: String,
    /// WeChat's number, once WeChat has it.
    pub refund_id: Option<String>,
    pub refund_fen: u32,
    #[serde(flatten)]
    pub state: RefundState,
    pub wished_at: String,
    /// When it last left.
    pub sent_at: Option<String>,
    pub goods: GoodsView,
    pub lines: Vec<RefundLineView>,
    pub reason: String,
    /// Which manager has approved it.
    pub approved_by: String,
    pub doubts: u32,
    pub asking: bool,
    pub can_try_again: bool,
    pub can_withdraw: bool,
    pub can_settle: bool,
    pub evidence: Vec<EvidenceView>,
}

/// A refund in a list.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct RefundBrief {
    pub out_refund_no: String,
    pub out_trade_no: String,
    pub refund_fen: u32,
    #[serde(flatten)]
    pub state: RefundState,
    pub wished_at: String,
    pub needs_person: bool,
}

/// Pieces of a line of the sale.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct RefundLineView {
    pub line: u32,
    pub pieces: u32,
}

/// What may be given back of an order.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "may", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum RefundableView {
    Refund {
        left_fen: u32,
        lines: Vec<LineLeftView>,
        /// When the next part may leave, if not at once.
        not_before: Option<String>,
        /// So many more refunds of this order; `None`: cash knows no such limit.
        parts_left: Option<u32>,
    },
    /// Nothing, and why.
    Nothing { why: ErrorCode },
}

/// What is left of a line.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LineLeftView {
    pub line: u32,
    pub price_fen: u32,
    /// Pieces whose money was not given back by line.
    pub pieces: u32,
    /// Pieces that can be put back on the shelf.
    pub goods: u32,
}

/// What a person wants to give back.
#[derive(Debug, Clone, Deserialize, Type)]
#[serde(tag = "part", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum RefundPart {
    /// All that is left.
    Whole {
        goods_back: bool,
    },
    Lines {
        lines: Vec<RefundLineView>,
        goods_back: bool,
    },
    Amount {
        amount_fen: u32,
    },
}
