//! Notifies at the till: what a message may do, what it may not, and that none is lost; over a broker and handed in.

mod chain;
mod deadlines;
mod ground;
mod killed;
mod offline;
mod outage;
mod rotation;
mod second;
mod subscribed;
mod taken_in;
mod trouble;
mod useless;
