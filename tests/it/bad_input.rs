//! What the till makes of input that is wrong, of a disk that does not take it, and of acts that make no sense: refused in
//! words, and nothing has happened.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod acts;
mod counter;
mod disk;
mod files;
mod gateway;
