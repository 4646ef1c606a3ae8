//! Copies of what can't be used, with the reason, on a connection of their own that is opened when it is needed: an alarmed
//! broker blocks connections that publish, and acknowledgements must not wait behind that.

use std::time::Duration;

use lapin::types::{AMQPValue, FieldTable};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::delivery::Raw;
use crate::{Address, Health, Publisher, PublisherLimits, Route, topology};

/// For the first one, which opens the connection.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// For the confirm.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes of a reason.
const REASON_MAX: usize = 1024;

/// The way of one till's queue to [`topology::DEAD`].
#[derive(Debug)]
pub(crate) struct DeadLetters {
    address: Address,
    name: String,
    queue: String,
    /// One copy at a time.
    publisher: Mutex<Option<Publisher>>,
}

impl DeadLetters {
    pub(crate) fn new(address: Address, name: &str, route: &Route) -> Self {
        Self {
            address,
            name: format!("{name}, dead letters"),
            queue: topology::till_queue(route),
            publisher: Mutex::new(None),
        }
    }

    /// Whether a copy lies there now, with the headers `reason` and `queue`.
    pub(crate) async fn copy(&self, raw: &Raw, reason: &str) -> bool {
        let mut publisher = self.publisher.lock().await;
        let publisher = publisher.get_or_insert_with(|| {
            let limits = PublisherLimits {
                channels: 1,
                in_flight: 1,
            };
            Publisher::start(self.address.clone(), &self.name, limits)
        });
        let mut health = publisher.health();
        let up = health.wait_for(|health| *health == Health::Up);
        if !matches!(timeout(CONNECT_MAX, up).await, Ok(Ok(_))) {
            return false;
        }
        let mut headers = FieldTable::default();
        let reason = &reason[..reason.floor_char_boundary(REASON_MAX)];
        headers.insert("reason".into(), AMQPValue::LongString(reason.into()));
        headers.insert("queue".into(), AMQPValue::LongString(self.queue.as_str().into()));
        publisher
            .publish_dead(
                raw.routing_key.clone(),
                raw.message_id.clone(),
                raw.kind.clone(),
                headers,
                raw.body.clone(),
                PATIENCE,
            )
            .await
            .is_ok()
    }
}
