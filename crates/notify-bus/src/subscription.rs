//! A till's own queue, read with manual acknowledgement by one consumer, over any number of connections.

use tokio::sync::watch;

use crate::{Address, Health, Kind, MessageError, Route};
use std::collections::BTreeMap;

/// The deliveries of one till's queue. Dropping it ends the connection; what was not settled is delivered again.
#[derive(Debug)]
pub struct Subscription {}

/// One delivery, to be settled. Dropped unsettled, it comes again when the connection ends.
#[derive(Debug)]
pub struct Delivery {
    /// What it is and says, or why it can't be read.
    pub content: Result<(Kind, BTreeMap<String, String>), MessageError>,
    /// AMQP's `message_id`; empty when there is none.
    pub message_id: String,
    /// The routing key it came with.
    pub routing_key: String,
    /// The broker has tried before; a hint only.
    pub redelivered: bool,
    /// The body's length in bytes.
    pub length: usize,
}

/// What the broker was told; no answer to it exists in AMQP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Told.
    Told,
    /// The connection is gone: it will be delivered again.
    ComesAgain,
}

impl Subscription {
    /// Starts connecting, on the runtime of the caller. At most `prefetch` deliveries are in hand at once. A queue that
    /// another consumer reads is left alone: [`crate::Trouble::QueueTaken`], and tried again.
    #[must_use]
    pub fn start(_address: Address, _name: &str, _route: &Route, _prefetch: u16) -> Self {
        todo!()
    }

    /// How the connection is doing.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Health> {
        todo!()
    }

    /// The next delivery, in the queue's order; waits as long as it takes, over reconnects too. Cancel safe.
    pub async fn next(&mut self) -> Delivery {
        todo!()
    }
}

impl Delivery {
    /// It is safely written down: the broker may forget it.
    pub async fn ack(self) -> Settled {
        todo!()
    }

    /// It is of no use here: to [`crate::topology::DEAD`] with this reason in the header `reason` (a copy, confirmed, then
    /// the ack; if that fails a plain reject, which dead-letters it without a reason).
    pub async fn dead_letter(self, _reason: &str) -> Settled {
        todo!()
    }

    /// Not now: delivered again, up to the queue's delivery limit.
    pub async fn put_back(self) -> Settled {
        todo!()
    }
}
