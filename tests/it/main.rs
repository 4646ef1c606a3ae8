//! The one test binary: each module is a list of promises about the whole.

mod architecture;
mod bad_input;
mod chain;
mod crash;
mod days;
mod licences;
mod window;
