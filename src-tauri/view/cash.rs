//! What crosses to the web views about cash, the drawer and shifts. Sums of a shift are whole fen in decimal text.

use serde::{Deserialize, Serialize};
use specta::Type;

use super::CartLine;

/// What is due in the cash view.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CashDueView {
    /// Instead of this order; `None`: for the cart.
    pub out_trade_no: Option<String>,
    pub total_fen: u32,
    /// Of that, taken in cash already.
    pub taken_fen: u32,
    pub due_fen: u32,
    /// What customers are likely to hand over, small to large; exactly what is due comes first.
    pub quick_fen: Vec<u32>,
    pub lines: Vec<CartLine>,
}

/// A sale that was just paid in cash.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CashPaidView {
    pub sale: u32,
    pub total_fen: u32,
    /// Due when the money was handed over; less than the total after a part in cash.
    pub due_fen: u32,
    pub tendered_fen: u32,
    pub change_fen: u32,
    pub at: String,
}

/// The shift that goes on.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ShiftBrief {
    pub number: u32,
    pub opened_at: String,
}

/// What the shift page shows.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct DrawerView {
    pub open: Option<ShiftView>,
    /// The last one that was closed; what it left in the drawer is the next one's float.
    pub last: Option<ShiftView>,
    /// Sales that are not paid in full and have cash in the drawer.
    pub in_hand_count: u32,
    pub in_hand_fen: String,
    /// Notes and coins, large to small.
    pub denominations: Vec<u32>,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ShiftView {
    pub number: u32,
    pub opened_at: String,
    pub opened_by: Option<String>,
    pub float_fen: String,
    /// What moved by kind, and what should be there; `None` while it is open and counted blind.
    pub sums: Option<ShiftSumsView>,
    /// Put in and taken out by name, oldest first.
    pub moves: Vec<CashMoveView>,
    pub end: Option<ShiftEndView>,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ShiftSumsView {
    pub sales_count: u32,
    pub sales_fen: String,
    pub given_back_fen: String,
    pub refunds_fen: String,
    pub paid_in_fen: String,
    pub paid_out_fen: String,
    pub expected_fen: String,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CashMoveView {
    pub at: String,
    pub direction: CashDirection,
    pub amount_fen: u32,
    pub by: Option<String>,
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum CashDirection {
    In,
    Out,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ShiftEndView {
    pub at: String,
    pub by: Option<String>,
    pub expected_fen: String,
    pub counted_fen: String,
    pub difference: DifferenceView,
    /// Stays for the next shift.
    pub left_fen: String,
    /// Taken away after the count.
    pub taken_fen: String,
    pub count: Vec<PiecesView>,
    /// Who approved a difference over the limit.
    pub approved_by: Option<String>,
    pub note: String,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "is", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum DifferenceView {
    Agrees,
    Over { fen: String },
    Short { fen: String },
}

/// So many notes or coins of one kind.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct PiecesView {
    pub piece_fen: u32,
    pub pieces: u32,
}

/// How somebody wants to end a shift.
#[derive(Debug, Clone, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ClosingView {
    pub count: Vec<PiecesView>,
    pub left_fen: u32,
    pub note: String,
}

/// The drawer was to open for cash that had come or gone, and did not. The money is on the books all the same.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct DrawerShutView {
    pub at: String,
    /// Nothing reached the printer; else it may have opened.
    pub certain: bool,
}
