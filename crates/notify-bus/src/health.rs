//! How a connection to the broker is doing, for lamps, metrics and the operator.

use thiserror::Error;

/// How a connection is doing. Told through a `tokio::sync::watch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// The first try is under way.
    Starting,
    /// Connected, declared, working.
    Up,
    /// Connected, but the broker takes no messages for now (memory or disk alarm).
    Blocked,
    /// Not connected; it is tried again and again.
    Down(Trouble),
}

/// Why there is no working connection.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Trouble {
    /// Nobody answers there, or the connection was lost.
    #[error("the broker can't be reached: {0}")]
    Unreachable(String),
    /// Wrong user or password, or no right to the virtual host.
    #[error("the broker refuses the user name, the password or the virtual host")]
    Login,
    /// The certificate isn't trusted, or TLS failed otherwise.
    #[error("the broker's certificate isn't trusted: {0}")]
    Tls(String),
    /// An exchange or queue is there with other arguments than ours (406).
    #[error("{subject} exists with other settings: {said}; delete it or change it at the broker")]
    OtherSettings {
        /// Which one.
        subject: String,
        /// What the broker said.
        said: String,
    },
    /// An exchange or queue is missing and this user may not declare it.
    #[error("{subject} is missing at the broker and this user may not declare it")]
    Missing {
        /// Which one.
        subject: String,
    },
    /// The user may not read or write where it has to.
    #[error("the broker's user has no right: {0}")]
    Forbidden(String),
    /// Another consumer has the queue: a second till with the same id.
    #[error("another till with the same id reads {queue}")]
    QueueTaken {
        /// The queue.
        queue: String,
    },
    /// Anything else, in the broker's words.
    #[error("the broker closed the connection: {0}")]
    Other(String),
}
