//! The one test binary: each module is a list of promises about the whole.

mod architecture;
mod licences;
mod window;
