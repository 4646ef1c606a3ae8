//! The bus on a real broker: what is confirmed is kept, and every fault ends in a word, a retry or a dead letter.

mod access;
mod broker_faults;
mod consume;
mod desk;
mod endurance;
mod ground;
mod publish;
mod topology;
