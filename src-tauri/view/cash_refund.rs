//! What crosses to the web views about sales paid in cash, and what went back of them.

use serde::Serialize;
use specta::Type;

use super::refund::RefundLineView;
use super::{CartLine, PaymentBrief};

/// A line of the list of orders.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum OrderBrief {
    /// An order at WeChat.
    Wechat { payment: PaymentBrief },
    /// A sale paid in cash alone.
    Cash { sale: CashSaleBrief },
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CashSaleBrief {
    pub sale: u32,
    pub total_fen: u32,
    pub refunded_fen: u32,
    pub paid_at: String,
    /// Name of the first line and how many pieces, to tell sales apart.
    pub first: String,
    pub pieces: u32,
}

/// A sale paid in cash alone, whole.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CashSaleView {
    pub total_fen: u32,
    pub paid_at: String,
    pub lines: Vec<CartLine>,
    pub cash: CashPartView,
}

/// The cash that a sale was made of.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CashPartView {
    pub sale: u32,
    /// Kept for it, the change taken off.
    pub kept_fen: u32,
    pub refunded_fen: u32,
    /// What customers handed over for it, oldest first.
    pub taken: Vec<CashTakenView>,
    /// Oldest first.
    pub refunds: Vec<CashRefundView>,
}

/// Cash that a customer handed over.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CashTakenView {
    pub at: String,
    pub amount_fen: u32,
    pub tendered_fen: u32,
    pub change_fen: u32,
    /// Who was at the till; `None`: a till without users.
    pub by: Option<String>,
    /// In which shift; `None`: none was open.
    pub shift: Option<u32>,
}

/// Cash that was given back.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CashRefundView {
    pub number: String,
    pub at: String,
    pub amount_fen: u32,
    pub lines: Vec<RefundLineView>,
    /// The pieces are back on the shelf.
    pub goods_back: bool,
    pub reason: String,
    /// Which manager has approved it.
    pub approved_by: String,
    pub by: Option<String>,
    pub shift: Option<u32>,
}
