//! The bus on a real broker: what is confirmed is kept, and every fault ends in a word, a retry or a dead letter.

mod consume;
mod desk;
mod ground;
mod publish;
mod topology;
