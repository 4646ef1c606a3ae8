//! Publishing with confirms: many at once on few channels, each waiting for its own confirm, all bounded.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use lapin::BasicProperties;
use lapin::types::{FieldTable, ShortString};
use thiserror::Error;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::warn;

use crate::lane::{self, End, Job, Jobs, Place, Sign};
use crate::link::{Link, Turn, silent};
use crate::stalled::Stalled;
use crate::supervisor::{Told, Work, keep_up};
use crate::{Address, Health, Message, Trouble, body, topology};

/// AMQP's `delivery_mode` of a message that survives the broker's end.
const PERSISTENT: u8 = 2;
/// For what is on its way when the last publisher is dropped.
const LAST_MAX: Duration = Duration::from_secs(5);
/// More than any machine has room for; [`Semaphore`] counts no further.
const IN_FLIGHT_MAX: usize = (u32::MAX >> 3) as usize;
/// Between two declarations, or two channels, because something was amiss.
const MEND: Duration = Duration::from_secs(2);
/// Channels that the broker does not even close, before a new connection is better.
const STUCK_MAX: u32 = 32;

/// Bounds of a publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublisherLimits {
    /// Channels on its connection; at least one is opened.
    pub channels: u16,
    /// Messages on their way or waiting for their confirm; more are turned away with [`NotConfirmed::Full`].
    pub in_flight: usize,
}

/// A message that may not be called delivered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotConfirmed {
    /// There is no connection that takes messages, or this till's queue is stalled: it was not sent.
    #[error("not connected to the broker")]
    NotConnected,
    /// Too many are on their way: it was not sent.
    #[error("too many messages on their way")]
    Full,
    /// The broker has no queue for it, not even for the unrouted: it is kept nowhere.
    #[error("the broker has no queue for it")]
    Returned,
    /// The broker refused it, or it is too long (its body for [`Message::CAP`], its id for 255 bytes): it is kept nowhere.
    #[error("the broker refused it")]
    Refused,
    /// No confirm in time, or the connection was lost before it came: it may or may not be kept.
    #[error("no confirm: it may or may not be kept")]
    Unknown,
}

/// The way to publish; clones share one connection. Dropping the last one ends it.
#[derive(Debug, Clone)]
pub struct Publisher {
    shared: Arc<Shared>,
    /// The supervisor sees the last one go.
    _alive: mpsc::Sender<()>,
}

#[derive(Debug)]
struct Shared {
    health: watch::Receiver<Health>,
    /// One for each message on its way.
    permits: Arc<Semaphore>,
    in_flight: usize,
    lanes: RwLock<Vec<Jobs>>,
    turn: AtomicUsize,
    stalled: Stalled,
}

impl Publisher {
    /// Starts connecting, on the runtime of the caller. `name` is the `connection_name` that the broker lists.
    #[must_use]
    pub fn start(address: Address, name: &str, limits: PublisherLimits) -> Self {
        let (health, seen) = watch::channel(Health::Starting);
        let in_flight = limits.in_flight.clamp(1, IN_FLIGHT_MAX);
        let shared = Arc::new(Shared {
            health: seen,
            permits: Arc::new(Semaphore::new(in_flight)),
            in_flight,
            lanes: RwLock::default(),
            turn: AtomicUsize::new(0),
            stalled: Stalled::default(),
        });
        let (alive, mut gone) = mpsc::channel(1);
        let told = Told::new(health, name, &address);
        let work = Sending {
            shared: Arc::clone(&shared),
            channels: usize::from(limits.channels.max(1)),
        };
        let last = Arc::clone(&shared);
        let stop = async move {
            // Nothing is ever sent; it ends when the last sender does.
            gone.recv().await;
            let _ = timeout(LAST_MAX, last.drain()).await;
        };
        tokio::spawn(keep_up(address, told, work, stop));
        Self {
            shared,
            _alive: alive,
        }
    }

    /// How the connection is doing.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Health> {
        self.shared.health.clone()
    }

    /// Publishes to the till's queue through [`topology::NOTIFY`]: persistent, mandatory. `Ok` only when the broker
    /// has confirmed it and it lies in a queue, the unrouted one included.
    ///
    /// Goes on by itself when the caller goes away, so that a confirm is never left behind.
    ///
    /// # Errors
    /// Everything but a clean confirm within `patience`.
    pub async fn publish(&self, message: Message, patience: Duration) -> Result<(), NotConfirmed> {
        let properties = BasicProperties::default();
        self.publish_message(topology::NOTIFY, message, properties, patience)
            .await
    }

    /// The same, to lie in [`topology::DEADLINE`] for `delay` (whole milliseconds, at most the queue's thirty
    /// minutes) and then come to the till's queue. A shorter delay than that of the message ahead of it waits for that
    /// one: a quorum queue looks at its head only.
    ///
    /// # Errors
    /// Everything but a clean confirm within `patience`.
    pub async fn publish_later(
        &self,
        message: Message,
        delay: Duration,
        patience: Duration,
    ) -> Result<(), NotConfirmed> {
        let delay = delay.min(topology::DEADLINE_MAX).as_millis().to_string();
        let properties = BasicProperties::default().with_expiration(delay.into());
        self.publish_message(topology::DEADLINE, message, properties, patience)
            .await
    }

    /// Waits until what is on its way has been confirmed or given up.
    pub async fn drain(&self) {
        self.shared.drain().await;
    }

    async fn publish_message(
        &self,
        exchange: &str,
        message: Message,
        properties: BasicProperties,
        patience: Duration,
    ) -> Result<(), NotConfirmed> {
        let body = body::write(&message.fields).ok_or(NotConfirmed::Refused)?;
        let to = Place {
            exchange: exchange.into(),
            routing_key: message.route.to_string().into(),
            message_id: ShortString::try_new(message.message_id).map_err(|_| NotConfirmed::Refused)?,
        };
        let properties = properties.with_type(message.kind.as_str().into());
        self.send(to, body, properties, patience).await
    }

    /// A copy of a delivery to [`topology::DEAD`]. Only one may be on its way: without a `message_id` they can't be told
    /// apart.
    pub(crate) async fn publish_dead(
        &self,
        routing_key: ShortString,
        message_id: ShortString,
        kind: Option<ShortString>,
        headers: FieldTable,
        body: Vec<u8>,
        patience: Duration,
    ) -> Result<(), NotConfirmed> {
        let to = Place {
            exchange: topology::DEAD.into(),
            routing_key,
            message_id,
        };
        let mut properties = BasicProperties::default().with_headers(headers);
        if let Some(kind) = kind {
            properties = properties.with_type(kind);
        }
        self.send(to, body, properties, patience).await
    }

    async fn send(
        &self,
        to: Place,
        body: Vec<u8>,
        properties: BasicProperties,
        patience: Duration,
    ) -> Result<(), NotConfirmed> {
        let route = (to.exchange.clone(), to.routing_key.clone());
        if *self.shared.health.borrow() != Health::Up || !self.shared.stalled.may_try(&route, Instant::now())
        {
            return Err(NotConfirmed::NotConnected);
        }
        let permits = Arc::clone(&self.shared.permits);
        let permit = permits.try_acquire_owned().map_err(|_| NotConfirmed::Full)?;
        let (tell, told) = oneshot::channel();
        let properties = properties
            .with_content_type("application/json".into())
            .with_delivery_mode(PERSISTENT)
            .with_message_id(to.message_id.clone());
        let job = Job {
            to,
            body,
            properties,
            deadline: Instant::now() + patience,
            tell,
            permit,
        };
        self.shared.hand_over(job)?;
        match timeout(patience, told).await {
            Ok(Ok(outcome)) => {
                if outcome.is_ok() {
                    self.shared.stalled.clear(&route);
                }
                outcome
            }
            // Too late, or the lane is gone with the runtime.
            Ok(Err(_)) | Err(_) => Err(NotConfirmed::Unknown),
        }
    }
}

impl Shared {
    /// To the next lane that takes it.
    fn hand_over(&self, job: Job) -> Result<(), NotConfirmed> {
        let lanes = self.lanes.read().unwrap_or_else(PoisonError::into_inner);
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut job = job;
        for nth in 0..lanes.len() {
            match lanes[first.wrapping_add(nth) % lanes.len()].send(job) {
                Ok(()) => return Ok(()),
                Err(back) => job = back.0,
            }
        }
        Err(NotConfirmed::NotConnected)
    }

    async fn drain(&self) {
        let all = u32::try_from(self.in_flight).unwrap_or(u32::MAX);
        // It is never closed.
        let _ = self.permits.acquire_many(all).await;
    }

    fn set_lanes(&self, lanes: Vec<Jobs>) {
        *self.lanes.write().unwrap_or_else(PoisonError::into_inner) = lanes;
    }

    /// Puts new lanes into the places of those that take nothing more.
    fn replace_closed(&self, mut new: Vec<Jobs>) {
        let mut lanes = self.lanes.write().unwrap_or_else(PoisonError::into_inner);
        for lane in lanes.iter_mut().filter(|lane| lane.is_closed()) {
            if let Some(jobs) = new.pop() {
                *lane = jobs;
            }
        }
    }

    fn closed_lanes(&self) -> usize {
        let lanes = self.lanes.read().unwrap_or_else(PoisonError::into_inner);
        lanes.iter().filter(|lane| lane.is_closed()).count()
    }
}

/// The work on one connection: the lanes, and mending what is amiss without giving up the connection.
struct Sending {
    shared: Arc<Shared>,
    channels: usize,
}

impl Work for Sending {
    async fn run(&mut self, link: &mut Link, told: &Told) -> Trouble {
        let Err(ended) = self.work(link, told).await;
        // Nothing more is taken. What was taken and not told is unknown.
        self.shared.set_lanes(Vec::new());
        ended
    }
}

impl Sending {
    async fn work(&self, link: &mut Link, told: &Told) -> Result<Infallible, Trouble> {
        topology::declare(link, None).await?;
        let mut lanes = JoinSet::new();
        let (say, mut signs) = mpsc::unbounded_channel();
        let jobs = self.open_lanes(link, self.channels, &mut lanes, &say).await?;
        self.shared.set_lanes(jobs);
        // What stood still did so because of the last connection, or will be found again.
        self.shared.stalled.forget();
        told.set(Health::Up);
        let mut mended = None;
        let mut amiss = Amiss::default();
        let mut stuck = 0;
        loop {
            let mend_at = mended.map_or_else(Instant::now, |last: Instant| last + MEND);
            let blocked = *self.shared.health.borrow() == Health::Blocked;
            tokio::select! {
                turn = link.turn() => match turn {
                    Turn::Blocked => told.set(Health::Blocked),
                    Turn::Unblocked => told.set(Health::Up),
                    Turn::Ended(trouble) => return Err(trouble),
                },
                Some(sign) = signs.recv() => match sign {
                    Sign::Returned => {
                        warn!("a message had no queue, not even that for the unrouted");
                        amiss.topology = true;
                    }
                    Sign::Stalled(place) => {
                        let (exchange, routing_key) = (place.exchange, place.routing_key);
                        warn!(%exchange, %routing_key, "no confirm: its channel is replaced");
                        self.shared.stalled.add((exchange, routing_key), Instant::now());
                        amiss.lanes = true;
                    }
                },
                Some(end) = lanes.join_next() => match end {
                    Ok(End::Done) => {}
                    // Nothing that this side could mend.
                    Ok(End::Closed(trouble @ Trouble::Forbidden(_))) => return Err(trouble),
                    Ok(End::Closed(trouble)) => {
                        warn!(%trouble, "a channel was closed and is replaced");
                        amiss = Amiss { topology: true, lanes: true };
                    }
                    Ok(End::Stuck) => {
                        stuck += 1;
                        if stuck > STUCK_MAX {
                            return Err(silent());
                        }
                    }
                    Err(error) => return Err(Trouble::Other(error.to_string())),
                },
                // A blocked connection sends nothing, not even this.
                () = sleep_until(mend_at), if amiss != Amiss::default() && !blocked => {
                    // What is missing is made again. Where that may not be, the rest goes on.
                    if amiss.topology
                        && let Err(trouble) = topology::declare(link, None).await
                    {
                        warn!(%trouble, "the exchanges and queues are not whole");
                    }
                    let closed = self.shared.closed_lanes();
                    let new = self.open_lanes(link, closed, &mut lanes, &say).await?;
                    self.shared.replace_closed(new);
                    amiss = Amiss::default();
                    mended = Some(Instant::now());
                }
            }
        }
    }

    async fn open_lanes(
        &self,
        link: &Link,
        count: usize,
        lanes: &mut JoinSet<End>,
        say: &mpsc::UnboundedSender<Sign>,
    ) -> Result<Vec<Jobs>, Trouble> {
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            let channel = lane::open(link).await?;
            let (jobs, taken) = mpsc::unbounded_channel();
            lanes.spawn(lane::run(channel, taken, say.clone(), self.shared.health.clone()));
            all.push(jobs);
        }
        Ok(all)
    }
}

/// What has to be looked after.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Amiss {
    topology: bool,
    lanes: bool,
}
