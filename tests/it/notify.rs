//! Notifies at the till: what a message may do, what it may not, and that none is lost; over a broker and handed in.

mod deadlines;
mod ground;
mod second;
mod taken_in;
mod trouble;
mod useless;
