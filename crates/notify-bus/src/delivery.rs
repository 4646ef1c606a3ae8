//! One message in hand: what it says, and what to tell the broker about it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use lapin::options::{BasicAckOptions, BasicRejectOptions};
use lapin::types::ShortString;

use crate::dead_letters::DeadLetters;
use crate::{Kind, MessageError, body};

/// One delivery, to be settled. Dropped unsettled, it comes again when the connection ends.
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
    pub(crate) raw: Raw,
    acker: lapin::Acker,
    dead: Arc<DeadLetters>,
}

/// As it came.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) kind: Option<ShortString>,
    pub(crate) message_id: ShortString,
    pub(crate) routing_key: ShortString,
    pub(crate) body: Vec<u8>,
}

/// What the broker was told; no answer to it exists in AMQP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Told.
    Told,
    /// The connection is gone: it will be delivered again.
    ComesAgain,
}

impl Delivery {
    pub(crate) fn new(came: lapin::message::Delivery, dead: Arc<DeadLetters>) -> Self {
        let raw = Raw {
            kind: came.properties.kind().clone(),
            message_id: came.properties.message_id().clone().unwrap_or_default(),
            routing_key: came.routing_key,
            body: came.data,
        };
        Self {
            content: raw.read(),
            message_id: raw.message_id.to_string(),
            routing_key: raw.routing_key.to_string(),
            redelivered: came.redelivered,
            length: raw.body.len(),
            raw,
            acker: came.acker,
            dead,
        }
    }

    /// It is safely written down: the broker may forget it.
    pub async fn ack(self) -> Settled {
        told(self.acker.ack(BasicAckOptions::default()).await)
    }

    /// It is of no use here: to [`crate::topology::DEAD`] with this reason in the header `reason` (a copy, confirmed, then
    /// the ack; if that fails a plain reject, which dead-letters it without a reason).
    pub async fn dead_letter(self, reason: &str) -> Settled {
        if self.is_lost() {
            return Settled::ComesAgain;
        }
        if self.dead.copy(&self.raw, reason).await {
            return self.ack().await;
        }
        told(self.acker.reject(BasicRejectOptions { requeue: false }).await)
    }

    /// Not now: delivered again, at once, up to the queue's delivery limit.
    pub async fn put_back(self) -> Settled {
        told(self.acker.reject(BasicRejectOptions { requeue: true }).await)
    }

    /// Its connection is gone.
    pub(crate) fn is_lost(&self) -> bool {
        !self.acker.usable()
    }
}

impl Raw {
    fn read(&self) -> Result<(Kind, BTreeMap<String, String>), MessageError> {
        let kind = self.kind.as_ref().and_then(|kind| Kind::parse(kind.as_str()));
        Ok((kind.ok_or(MessageError::Kind)?, body::read(&self.body)?))
    }
}

/// Neither the body nor the fields: they hold an openid.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.content.as_ref().map(|(kind, _)| kind);
        f.debug_struct("Delivery")
            .field("kind", &kind)
            .field("message_id", &self.message_id)
            .field("routing_key", &self.routing_key)
            .field("redelivered", &self.redelivered)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

fn told(done: lapin::Result<bool>) -> Settled {
    match done {
        Ok(true) => Settled::Told,
        Ok(false) | Err(_) => Settled::ComesAgain,
    }
}
