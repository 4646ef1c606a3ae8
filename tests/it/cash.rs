//! Cash, people and shifts on the real till and a real file, on invented time.

mod blind;
mod drawer;
mod pay;
mod refund;
mod shifts;
pub(crate) mod users;
