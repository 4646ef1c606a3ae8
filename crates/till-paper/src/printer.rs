//! The way to a printer, and what is known about a document afterwards: handed over, not sent, or unknown.
//!
//! A printer that can be asked is asked first, so that nothing is sent to one without paper; and asked again afterwards,
//! on the same connection, where its answer proves that it has everything that came before the question. What was
//! interrupted is never sent again from here: whether half a receipt is lying there, only a person can see.

mod device;
mod network;
mod status;

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Where the printer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// In the network: `host` or `host:port`; without a port, 9100.
    Network(String),
    /// On a cable, as a device file: `/dev/usb/lp0`. Linux alone.
    Device(PathBuf),
}

/// How long each step may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the printer takes the connection.
    pub connect: Duration,
    /// Without a single byte being taken; and, by a printer that never answers, until it closes the connection.
    pub write: Duration,
    /// Until it answers a question about its state. Printers that answer do so within milliseconds.
    pub answer: Duration,
    /// Until a printer that answers says, after the last byte, that it has it. Slow ones do so only when most of it is on
    /// paper.
    pub finish: Duration,
    /// For taking the document as a whole, however steadily it drips.
    pub whole: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            write: Duration::from_secs(5),
            answer: Duration::from_millis(500),
            finish: Duration::from_secs(15),
            whole: Duration::from_secs(60),
        }
    }
}

/// Why it isn't known to have been handed over.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// Nothing of the document reached the printer: it may be sent again.
    #[error("nothing was printed: {0}")]
    NotSent(#[source] Obstacle),
    /// It broke in the middle: part or all of it may be on paper. A person looks before it is sent again.
    #[error("part or all of it may be on paper: {0}")]
    Unknown(#[source] Obstacle),
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
    /// The printer says that it takes nothing, for a reason of its own: its knife, its heat, a key.
    #[error("the printer is offline or has a fault")]
    Offline,
    /// It took nothing more, or answered nothing more, for as long as it was given.
    #[error("the printer does not go on")]
    Stalled,
    /// The connection or the device is not there, or is gone.
    #[error("the printer can't be reached: {0}")]
    Unreachable(#[source] io::Error),
    /// This system has no such way to a printer.
    #[error("printing to a device file is supported on Linux alone; please connect the printer by network")]
    Unsupported,
}

impl From<io::Error> for Obstacle {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            _ if is_silence(&error) => Self::Stalled,
            // What Linux's printer driver says when it sees that there is no paper.
            ErrorKind::StorageFull => Self::PaperOut,
            _ => Self::Unreachable(error),
        }
    }
}

/// Hands the bytes to the printer, all of them and once. Blocks, but every wait has an end.
///
/// `Ok` means handed over: the printer took everything and, if it is one that answers, had no complaint afterwards.
/// Whether paper came out is more than it can say.
///
/// # Errors
/// [`PrintError::NotSent`] when nothing reached the printer, [`PrintError::Unknown`] when something or all of it may have.
pub fn send(target: &Target, bytes: &[u8], timeouts: Timeouts) -> Result<(), PrintError> {
    match target {
        Target::Network(address) => {
            let mut link = network::connect(address, timeouts).map_err(PrintError::NotSent)?;
            let acknowledged = hand_over(&mut link, bytes, timeouts)?;
            // Who has acknowledged everything need not be waited for.
            let patience = if acknowledged {
                Duration::ZERO
            } else {
                timeouts.write
            };
            match link.close(&Deadline::after(patience)) {
                // Thrown away by a printer that has not said it has everything.
                Err(error) if !acknowledged => Err(PrintError::Unknown(Obstacle::Unreachable(error))),
                Ok(()) | Err(_) => Ok(()),
            }
        }
        Target::Device(path) => {
            let mut link = device::open(path, timeouts).map_err(PrintError::NotSent)?;
            hand_over(&mut link, bytes, timeouts).map(|_acknowledged| ())
        }
    }
}

/// A way to a printer whose every operation comes back within its timeout.
trait Link {
    /// Hands over at least one byte and says how many.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Some bytes the printer said; none when it has closed. `WouldBlock` or `TimedOut` when it says nothing in time.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize>;
    /// Waits until what was taken would survive the end of this link.
    fn settle(&mut self) -> io::Result<()>;
    /// Whether one can be answered on it at all.
    fn answers(&self) -> bool;
}

/// Sends, and says whether the printer has acknowledged that it has everything.
fn hand_over(link: &mut impl Link, bytes: &[u8], timeouts: Timeouts) -> Result<bool, PrintError> {
    let speaks =
        link.answers() && status::ask(link, &Deadline::after(Duration::ZERO)).map_err(PrintError::NotSent)?;

    let deadline = Deadline::after(timeouts.whole);
    let mut sent = 0;
    while sent < bytes.len() {
        let failed = |obstacle| {
            if sent == 0 {
                PrintError::NotSent(obstacle)
            } else {
                PrintError::Unknown(obstacle)
            }
        };
        if deadline.passed() {
            return Err(failed(Obstacle::Stalled));
        }
        sent += match link.write(&bytes[sent..]) {
            Ok(0) => return Err(failed(Obstacle::Stalled)),
            Ok(taken) => taken,
            Err(error) if error.kind() == ErrorKind::Interrupted => 0,
            Err(error) => return Err(failed(error.into())),
        };
    }

    link.settle().map_err(|error| PrintError::Unknown(error.into()))?;

    // Bytes taken are taken by this machine's buffers; an answer comes from the printer, behind everything before it.
    if speaks && !status::ask(link, &Deadline::after(timeouts.finish)).map_err(PrintError::Unknown)? {
        return Err(PrintError::Unknown(Obstacle::Stalled));
    }
    Ok(speaks)
}

/// What a socket says when its timeout has passed, by system.
fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// When something has to be over.
struct Deadline {
    begun: Instant,
    whole: Duration,
}

impl Deadline {
    #[expect(
        clippy::disallowed_methods,
        reason = "a limit on real I/O, which no caller's clock can put"
    )]
    fn after(whole: Duration) -> Self {
        Self {
            begun: Instant::now(),
            whole,
        }
    }

    fn passed(&self) -> bool {
        self.begun.elapsed() >= self.whole
    }
}
