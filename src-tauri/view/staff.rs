//! What crosses to the web views about people at the till and the rules of the house. No PIN ever comes back.

use serde::{Deserialize, Serialize};
use specta::Type;

/// Who works here and who is at the till.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct StaffView {
    /// Everybody on duty; empty: the till works without signing in.
    pub users: Vec<UserView>,
    pub at_till: Option<UserView>,
    /// There are users and none of them is here: the sign-in page covers everything.
    pub locked: bool,
}

#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    pub id: u32,
    pub name: String,
    pub role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Cashier,
    Manager,
}

/// What is shown to have an act approved.
#[derive(Clone, Deserialize, Type)]
#[serde(tag = "by", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Shown {
    /// A manager's PIN, as entered.
    Manager { user_id: u32, pin: String },
    /// Whoever is at the till has confirmed it; counts only while there are no users.
    Confirmed,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Manager { user_id, .. } => write!(f, "Manager({user_id}, …)"),
            Self::Confirmed => f.write_str("Confirmed"),
        }
    }
}

/// What the shop decides for itself.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct HouseView {
    /// The till locks itself after so long; 1 to 240.
    pub idle_minutes: u32,
    /// Who counts the drawer is not told what should be in it.
    pub blind_count: bool,
    /// A larger difference than this needs a manager.
    pub difference_limit_fen: u32,
    /// A price that is lowered by more needs a manager.
    pub discount_limit: DiscountLimit,
    /// Opening the drawer without a sale needs a manager.
    pub drawer_needs_manager: bool,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, Type)]
#[serde(tag = "by", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum DiscountLimit {
    /// Hundredths of the list price; 0 to 100.
    Percent { percent: u32 },
    /// So much off a piece.
    OffEach { off_fen: u32 },
}
