//! What is done with a body: verified, handed to the broker, and answered SUCCESS once that is confirmed.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use notify_bus::{Health, NotConfirmed, Publisher, PublisherLimits};
use prometheus_client::registry::Registry;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use wechat_pay::pay_notify::{NotifyRefusal, NotifyReply};

use crate::allowance::Senders;
use crate::config::{Config, Limits};

use crate::metrics::{Metrics, TurnedAway};
use crate::notify::{self, Authentic, Merchants};
use crate::places::{Place, Places, Standing};
use crate::quiet::Quiet;
use crate::sender::{Networks, Sender};

/// How long the broker has for its confirm. WeChat waits five seconds for the answer.
pub(crate) const CONFIRM_WITHIN: Duration = Duration::from_secs(3);
/// Channels to the broker: several of them wait for the disk side by side.
const CHANNELS: u16 = 4;
/// The name by which the broker lists the relay's connection.
pub(crate) const CONNECTION_NAME: &str = "scantill-relay";
/// Log lines a minute that forgers can cause.
const REFUSALS_LOGGED: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// Reminders of a proxy that nobody has named.
const REMINDERS: NonZeroU32 = NonZeroU32::MIN;

/// Everything that requests share.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) trusted_proxies: Networks,
    pub(crate) status_from: Networks,
    pub(crate) senders: Senders,
    pub(crate) metrics: Metrics,
    pub(crate) publisher: Publisher,
    limits: Limits,
    merchants: Merchants,
    connections: Places,
    in_flight: Arc<Semaphore>,
    registry: Registry,
    refusals: Quiet,
    unnamed_proxy: Quiet,
}

/// The address that a request is reckoned to, and the sender there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    pub(crate) address: IpAddr,
    pub(crate) sender: Sender,
}

impl Relay {
    /// Starts connecting to the broker.
    pub(crate) fn start(config: Config) -> Self {
        let limits = config.limits;
        let publisher = Publisher::start(
            config.broker,
            CONNECTION_NAME,
            PublisherLimits {
                channels: CHANNELS,
                in_flight: limits.in_flight,
            },
        );
        let (metrics, registry) = Metrics::new();
        Self {
            trusted_proxies: config.trusted_proxies,
            status_from: config.status_from,
            senders: Senders::new(limits.allowance),
            metrics,
            publisher,
            limits,
            merchants: config.merchants,
            connections: Places::new(limits.connections, limits.connections_per_sender),
            in_flight: Arc::new(Semaphore::new(limits.in_flight)),
            registry,
            refusals: Quiet::per_minute(REFUSALS_LOGGED),
            unnamed_proxy: Quiet::per_minute(REMINDERS),
        }
    }

    /// A place for a connection from this address.
    pub(crate) fn connect(&self, peer: IpAddr) -> Option<Place> {
        let sender = Sender::at(peer);
        let standing = if self.trusted_proxies.contain(peer) || self.senders.is_known(sender) {
            Standing::Known
        } else {
            Standing::Stranger
        };
        let place = self.connections.take(sender, standing);
        if place.is_none() {
            self.metrics.turned_away(TurnedAway::Connections);
        }
        place
    }

    /// Takes a body that was posted to the notify address. Goes on with an authentic one when the caller goes away.
    ///
    /// # Errors
    /// Too many wait for the broker.
    pub(crate) async fn take(
        self: Arc<Self>,
        body: &[u8],
        origin: Origin,
    ) -> Result<NotifyReply, TurnedAway> {
        self.metrics.received();
        let authentic = match notify::read(body, &self.merchants) {
            Ok(authentic) => authentic,
            Err(refusal) => {
                self.refuse(refusal, body.len(), origin);
                return Ok(NotifyReply::SendAgain);
            }
        };
        self.metrics.accepted(&authentic);
        self.senders.vouch(origin.sender);
        // Only authentic notifies wait here, so forgers can't take the places.
        let Ok(place) = Arc::clone(&self.in_flight).try_acquire_owned() else {
            return Err(TurnedAway::InFlight);
        };
        // A task of its own: its place is taken, and its outcome counted, until the broker has answered.
        let published = tokio::spawn(self.publish(authentic, place)).await;
        Ok(match published {
            Ok(Ok(())) => NotifyReply::Taken,
            Ok(Err(_)) | Err(_) => NotifyReply::SendAgain,
        })
    }

    async fn publish(
        self: Arc<Self>,
        authentic: Authentic,
        _place: OwnedSemaphorePermit,
    ) -> Result<(), NotConfirmed> {
        #[cfg(feature = "failpoints")]
        fail::fail_point!("relay.before_publish");
        let Authentic { news, message, .. } = authentic;
        let started = Instant::now();
        let confirmed = self.publisher.publish(message, CONFIRM_WITHIN).await;
        match &confirmed {
            Ok(()) => self.metrics.published(news, started.elapsed()),
            Err(why) => {
                self.metrics.unconfirmed(why);
                tracing::warn!(%why, "an authentic notify is not confirmed; WeChat is asked to send it again");
            }
        }
        #[cfg(feature = "failpoints")]
        fail::fail_point!("relay.after_confirm");
        confirmed
    }

    fn refuse(&self, refusal: NotifyRefusal, length: usize, origin: Origin) {
        self.metrics.refused(notify::reason(refusal));
        self.senders.refused(origin.sender);
        if let Some(unsaid) = self.refusals.speak() {
            tracing::info!(from = %origin.address, length, unsaid, "a body is refused: {refusal}");
        }
    }

    /// Says that somebody near speaks for others and has not been allowed to.
    pub(crate) fn remind_of_proxy(&self, peer: IpAddr) {
        let near = match peer.to_canonical() {
            IpAddr::V4(peer) => peer.is_loopback() || peer.is_private(),
            IpAddr::V6(peer) => peer.is_loopback() || peer.is_unique_local(),
        };
        if near && let Some(unsaid) = self.unnamed_proxy.speak() {
            tracing::warn!(
                %peer,
                unsaid,
                "X-Forwarded-For comes from an address that is not in trusted_proxies: all its senders count as one"
            );
        }
    }

    /// Whether the broker takes messages.
    pub(crate) fn is_ready(&self) -> bool {
        matches!(*self.publisher.health().borrow(), Health::Up)
    }

    /// Everything counted, as text.
    pub(crate) fn counted(&self) -> Result<String, std::fmt::Error> {
        let in_flight = self.limits.in_flight - self.in_flight.available_permits();
        let health = self.publisher.health().borrow().clone();
        self.metrics
            .text(&self.registry, in_flight, self.connections.taken(), &health)
    }
}
