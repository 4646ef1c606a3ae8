//! What of the broker's library may be written to a log.

use tracing::{Level, Metadata};

/// The libraries below us that tell what they do.
const BELOW: [&str; 2] = ["lapin", "amq_protocol"];
/// Tells each message that had no queue, at the level of a warning, with every byte of its body.
const RETURNED: &str = "lapin::returned_messages";

/// Whether a log may have this. A notify's body holds the payer's openid and WeChat's sign: lapin writes down whole bodies
/// when the broker returns a message, and whole frames when it is asked for more than [`Level::INFO`]. A program that logs
/// asks this besides its own filter, so that no wish for more can bring them back.
#[must_use]
pub fn may_be_logged(line: &Metadata<'_>) -> bool {
    let target = line.target();
    if target.starts_with(RETURNED) {
        return false;
    }
    !BELOW.iter().any(|library| target.starts_with(library)) || *line.level() <= Level::INFO
}
