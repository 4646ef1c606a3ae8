//! The way to a printer, and what is known about a document afterwards: handed over, not sent, or unknown.
use std::path::PathBuf;
use std::time::Duration;
/// Where the printer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// In the network: `host` or `host:port`, without port 9100.
    Network(String),
    /// On a cable, as a device file: `/dev/usb/lp0`. Linux alone.
    Device(PathBuf),
}
/// How long each step may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the printer takes the connection.
    pub connect: Duration,
    /// Without a single byte being taken.
    pub write: Duration,
    /// Until it answers a question about its state; most printers that answer do so within milliseconds.
    pub answer: Duration,
    /// For all of it.
    pub whole: Duration,
}
impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            write: Duration::from_secs(5),
            answer: Duration::from_millis(500),
            whole: Duration::from_secs(60),
        }
    }
}
/// Why it isn't known to be printed.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// Nothing of the document reached the printer: it may be sent again.
    #[error("nothing was printed: {0}")]
    NotSent(Obstacle),
    /// It broke in the middle: part or all of it may be on paper. A person looks before it is sent again.
    #[error("part of it may be on paper: {0}")]
    Unknown(Obstacle),
}
/// What stood in the way.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Obstacle {
    /// The printer says so.
    #[error("the printer is out of paper")]
    PaperOut,
    /// The printer says so.
    #[error("the printer's cover is open")]
    CoverOpen,
    /// The printer says that it takes nothing, for a reason of its own (cutter, heat, a key).
    #[error("the printer is offline or has a fault")]
    Offline,
    /// It took nothing, or answered nothing any more, for as long as it was given.
    #[error("the printer does not go on")]
    Stalled,
    /// The connection or the device is not there, or is gone.
    #[error("the printer can't be reached: {0}")]
    Unreachable(#[source] std::io::Error),
    /// This system has no such way to a printer.
    #[error("printing to a device file is supported on Linux alone; please connect the printer by network")]
    Unsupported,
}
/// Sends. Blocks; every wait has an end. Never sends anything twice.
///
/// # Errors
/// [`PrintError::NotSent`] or [`PrintError::Unknown`].
pub fn send(_target: &Target, _bytes: &[u8], _timeouts: Timeouts) -> Result<(), PrintError> {
    todo!()
}
