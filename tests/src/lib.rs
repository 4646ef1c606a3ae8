//! What the tests, the tour and the benchmarks share: a screen, a driven window, a reader of QR codes.

pub mod app;
pub mod process;
pub mod qr;
pub mod screen;
pub mod simulator;
pub mod wait;
