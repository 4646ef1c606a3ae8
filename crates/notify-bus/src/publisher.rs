//! Publishing with confirms: many at once on few channels, each waiting for its own confirm, all bounded.

use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;

use crate::{Address, Health, Message};

/// Bounds of a publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublisherLimits {
    /// Channels on its connection.
    pub channels: u16,
    /// Messages on their way or waiting for their confirm; more are turned away with [`NotConfirmed::Full`].
    pub in_flight: usize,
}

/// A message that may not be called delivered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotConfirmed {
    /// There is no connection: it was not sent.
    #[error("not connected to the broker")]
    NotConnected,
    /// Too many are on their way: it was not sent.
    #[error("too many messages on their way")]
    Full,
    /// The broker has no queue for it, not even for the unrouted: it is kept nowhere.
    #[error("the broker has no queue for it")]
    Returned,
    /// The broker refused it: it is kept nowhere.
    #[error("the broker refused it")]
    Refused,
    /// No confirm in time, or the connection was lost before it came: it may or may not be kept.
    #[error("no confirm: it may or may not be kept")]
    Unknown,
}

/// The way to publish; clones share one connection. Dropping the last one ends it.
#[derive(Debug, Clone)]
pub struct Publisher {}

impl Publisher {
    /// Starts connecting, on the runtime of the caller. `name` is the `connection_name` that the broker lists.
    #[must_use]
    pub fn start(_address: Address, _name: &str, _limits: PublisherLimits) -> Self {
        todo!()
    }

    /// How the connection is doing.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Health> {
        todo!()
    }

    /// Publishes to the till's queue through [`crate::topology::NOTIFY`]: persistent, mandatory. `Ok` only when the broker
    /// has confirmed it and it lies in a queue, the unrouted one included.
    ///
    /// Goes on in a task of its own when the caller goes away, so that a confirm is never left behind.
    ///
    /// # Errors
    /// Everything but a clean confirm within `patience`.
    pub async fn publish(&self, _message: Message, _patience: Duration) -> Result<(), NotConfirmed> {
        todo!()
    }

    /// The same, to lie in [`crate::topology::DEADLINE`] for `delay` (whole milliseconds, at most the queue's thirty
    /// minutes) and then come to the till's queue.
    ///
    /// # Errors
    /// Everything but a clean confirm within `patience`.
    pub async fn publish_later(
        &self,
        _message: Message,
        _delay: Duration,
        _patience: Duration,
    ) -> Result<(), NotConfirmed> {
        todo!()
    }

    /// Waits until what is on its way has been confirmed or given up.
    pub async fn drain(&self) {
        todo!()
    }
}
