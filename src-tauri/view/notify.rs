//! What crosses to the web views about notifies: how they come, what was of no use, and the probe. No address with a
//! password in it.

use serde::Serialize;
use specta::Type;

/// How notifies come.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct NotifyView {
    #[serde(flatten)]
    pub link: NotifyLink,
    /// When the last message came.
    pub last_message: Option<String>,
    /// So many payments in a row were found by query although the till is subscribed: the callback is broken.
    pub callback_broken: Option<u32>,
    /// Messages of no use that nobody has looked at yet.
    pub dead_letters: u32,
}

/// The way to the broker.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "link", rename_all = "snake_case")]
pub enum NotifyLink {
    /// No broker is configured: payments are found by query alone.
    PollingOnly,
    /// The first connection is being made.
    Connecting,
    Up {
        since: String,
    },
    /// Tried again and again; payments are found by query.
    Down {
        since: String,
        trouble: NotifyTrouble,
        /// In the broker's words, for the curious.
        detail: String,
    },
}

/// Why there is no subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum NotifyTrouble {
    Unreachable,
    /// Wrong user, password or virtual host.
    Login,
    /// The certificate isn't trusted.
    Tls,
    /// An exchange or queue exists with other settings.
    OtherSettings,
    /// An exchange or queue is missing.
    Missing,
    /// The user has no right to read this till's queue.
    Forbidden,
    /// Another till with the same id reads this till's queue.
    QueueTaken,
    Other,
}

/// A message that was of no use to this till.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterView {
    pub at: String,
    /// The order it names.
    pub out_trade_no: Option<String>,
    pub reason: DeadReason,
}

/// Why a message was of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum DeadReason {
    Unreadable,
    UnknownKind,
    TooLong,
    ReturnFail,
    Unsigned,
    WrongSign,
    WrongCipher,
    OtherMerchant,
    WrongField,
    OtherTill,
    UnknownOrder,
    NotSavable,
}

/// What came of a probe: its time, or the leg on which it was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(tag = "probe", rename_all = "snake_case")]
pub enum ProbeResult {
    PollingOnly,
    /// The till is not connected to the broker; nothing was sent.
    NotSubscribed,
    /// Nobody took it at the notify address.
    RelayNotReached,
    /// Somebody answered there, but not as a relay does.
    NotARelay,
    /// The relay refused it.
    RelayRefused,
    /// The relay took it, and it did not come back.
    NotBack,
    Back {
        millis: u32,
    },
}
