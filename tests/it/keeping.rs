//! Keeping the ledger: copies of it, putting one back, and the self-check that says whether all of it holds.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod accounts;
mod backups;
