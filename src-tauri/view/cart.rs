//! What crosses to the web views about carts: what is rung up, what is asked for it, and what lies aside.

use serde::{Deserialize, Serialize};
use specta::Type;

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CartView {
    pub lines: Vec<CartLine>,
    /// Pieces, all lines together.
    pub pieces: u32,
    pub total_fen: u32,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CartLine {
    /// Names the line in commands; stays the same while the cart lives.
    pub line: u32,
    pub product_id: u32,
    pub name: String,
    pub price_fen: u32,
    pub quantity: u32,
    pub sum_fen: u32,
    /// Less is asked than the list price.
    pub reduction: Option<ReductionView>,
}

/// Less is asked for a line than its list price.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ReductionView {
    /// What a piece costs otherwise.
    pub list_fen: u32,
    /// How much less is asked, for all pieces.
    pub off_fen: u32,
    pub how: Lowered,
    /// Who approved it; `None`: it is within the limit of the house.
    pub approved_by: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Lowered {
    /// The cashier named another price for a piece.
    NewPrice,
    /// The cashier took an amount off the line.
    AmountOff,
}

/// What is to be asked for a line.
#[derive(Debug, Clone, Copy, Deserialize, Type)]
#[serde(tag = "ask", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum PriceWish {
    /// The list price again.
    List,
    /// So much a piece.
    Each { price_fen: u32 },
    /// So much less for the whole line.
    Off { off_fen: u32 },
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct HeldCart {
    pub id: u32,
    pub held_at: String,
    pub pieces: u32,
    pub total_fen: u32,
    /// Name of the first line, to tell carts apart.
    pub first: String,
}
