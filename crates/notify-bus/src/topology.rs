//! Exchanges, queues and their arguments: declared by whoever connects, idempotently; whoever may not declare finds them
//! there or says what is missing.

use crate::Route;

/// Topic exchange of everything for tills; routing key `{mch_id}.{till_id}`.
pub const NOTIFY: &str = "scantill.notify";
/// Alternate exchange of [`NOTIFY`], and the queue behind it: messages for tills without a queue.
pub const UNROUTED: &str = "scantill.unrouted";
/// Dead letters: exchange and queue.
pub const DEAD: &str = "scantill.dead";
/// Exchange and queue where deadlines wait; dead-lettered back through [`NOTIFY`] with the routing key they came with.
pub const DEADLINE: &str = "scantill.deadline";

/// The till's queue: `scantill.till.{mch_id}.{till_id}`.
#[must_use]
pub fn till_queue(route: &Route) -> String {
    format!("scantill.till.{}.{}", route.mch_id(), route.till_id())
}
