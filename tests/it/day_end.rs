//! The day's end on the real till and a real file: closing, what goes on after it, kills in the middle of it, and a ledger
//! that was put back.

mod close;
mod killed;
