//! What travels: a map of text fields, where it goes, and what it is.

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

/// What a message is; AMQP's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `wechat.notify`: a notify's fields, `sign` included, so that whoever reads it can verify it.
    Notify,
    /// `payment.deadline`: an order's thirty minutes are over.
    Deadline,
    /// `scantill.probe`: a test on its way round.
    Probe,
}

/// Which till a message is for: `{mch_id}.{till_id}` as routing key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route {
    mch_id: String,
    till_id: String,
}

/// A part of a route that would not survive as a word of a routing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a merchant number and a till id have 1 to 32 letters, digits, - and _")]
pub struct RouteError;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub kind: Kind,
    /// For whom.
    pub route: Route,
    /// Transaction id of a notify, order number of a deadline: the same for the same news.
    pub message_id: String,
    /// What it says. JSON object of strings on the wire.
    pub fields: BTreeMap<String, String>,
}

/// Why a body can't be read as a message. Does not quote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MessageError {
    /// AMQP `type` is missing or none of ours.
    #[error("the message has no type of ours")]
    Kind,
    /// The body is longer than [`Message::CAP`].
    #[error("the message is too long")]
    Length,
    /// The body isn't a JSON object of strings, or names a field twice.
    #[error("the message is not a map of text fields")]
    Form,
}

impl Kind {
    /// AMQP's `type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notify => "wechat.notify",
            Self::Deadline => "payment.deadline",
            Self::Probe => "scantill.probe",
        }
    }

    /// Reads AMQP's `type`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Notify, Self::Deadline, Self::Probe]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

impl Route {
    /// To the till of this id of this merchant.
    ///
    /// # Errors
    /// A part is empty, too long, or holds another character than letters, digits, `-` and `_`.
    pub fn new(mch_id: &str, till_id: &str) -> Result<Self, RouteError> {
        let word = |text: &str| {
            (1..=32).contains(&text.len())
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        if word(mch_id) && word(till_id) {
            Ok(Self {
                mch_id: mch_id.to_owned(),
                till_id: till_id.to_owned(),
            })
        } else {
            Err(RouteError)
        }
    }

    /// The merchant.
    #[must_use]
    pub fn mch_id(&self) -> &str {
        &self.mch_id
    }

    /// The till.
    #[must_use]
    pub fn till_id(&self) -> &str {
        &self.till_id
    }
}

/// The routing key.
impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.mch_id, self.till_id)
    }
}

impl Message {
    /// The longest body, in bytes; what fits into a notify fits into this.
    pub const CAP: usize = 256 * 1024;
}
