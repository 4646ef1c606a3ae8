//! Money given back: over real HTTP, from a real file, once.

mod crash;
mod endings;
mod faults;
mod mtls;
mod notified;
mod parts;
mod review;

use jiff::SignedDuration;

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
