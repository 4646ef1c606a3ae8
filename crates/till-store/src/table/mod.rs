//! One file a table: its migrations, its row, its read handle and its write handle.

pub(crate) mod attempts;
pub(crate) mod bill_notes;
pub(crate) mod bills;
pub(crate) mod bookings;
pub(crate) mod cash_moves;
pub(crate) mod cash_refunds;
pub(crate) mod evidence;
pub(crate) mod held_carts;
pub(crate) mod inbox;
pub(crate) mod journal;
pub(crate) mod products;
pub(crate) mod refunds;
pub(crate) mod sale_lines;
pub(crate) mod sales;
pub(crate) mod settings;
pub(crate) mod shifts;
pub(crate) mod sign_offs;
pub(crate) mod stock;
pub(crate) mod users;
pub(crate) mod z_reports;
