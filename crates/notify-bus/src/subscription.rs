//! A till's own queue, read with manual acknowledgement by one consumer, over any number of connections.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::options::{BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use crate::dead_letters::DeadLetters;
use crate::delivery::Delivery;
use crate::link::{ANSWER_MAX, Link, Turn, silent};
use crate::supervisor::{Told, Work, keep_up};
use crate::{Address, Health, Route, Trouble, topology, trouble};

/// Heartbeats without which the broker takes a connection for dead: until then it may hold the queue for a consumer of
/// ours that is no more.
const HEARTBEATS_OF_A_GHOST: u32 = 4;

/// Heartbeats between two declarations on a connection that works. An exchange or a binding that somebody deleted is not
/// told to whoever reads: the queue would merely stay empty.
const HEARTBEATS_BETWEEN_LOOKS: u32 = 12;

/// The deliveries of one till's queue. Dropping it ends the connection; what was not settled is delivered again.
#[derive(Debug)]
pub struct Subscription {
    health: watch::Receiver<Health>,
    deliveries: mpsc::Receiver<Delivery>,
}

impl Subscription {
    /// Starts connecting, on the runtime of the caller. At most `prefetch` deliveries (at least one) are in hand at once. A
    /// queue that another consumer reads is left alone: [`Trouble::QueueTaken`], and tried again.
    #[must_use]
    pub fn start(address: Address, name: &str, route: &Route, prefetch: u16) -> Self {
        let (health, seen) = watch::channel(Health::Starting);
        let prefetch = prefetch.max(1);
        let (put, deliveries) = mpsc::channel(usize::from(prefetch));
        let told = Told::new(health, name, &address);
        let work = Reading {
            route: route.clone(),
            prefetch,
            put: put.clone(),
            dead: Arc::new(DeadLetters::new(address.clone(), name, route)),
            ghost_for: address.heartbeat() * HEARTBEATS_OF_A_GHOST,
            look_every: address.heartbeat() * HEARTBEATS_BETWEEN_LOOKS,
            ghost_until: None,
        };
        let stop = async move { put.closed().await };
        tokio::spawn(keep_up(address, told, work, stop));
        Self {
            health: seen,
            deliveries,
        }
    }

    /// How the connection is doing.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }

    /// The next delivery, in the queue's order; waits as long as it takes, over reconnects too. Cancel safe.
    pub async fn next(&mut self) -> Delivery {
        loop {
            match self.deliveries.recv().await {
                // One of a lost connection comes again, and can't be settled any more.
                Some(delivery) if delivery.is_lost() => {}
                Some(delivery) => return delivery,
                // The runtime is ending.
                None => std::future::pending().await,
            }
        }
    }
}

/// The work on one connection.
struct Reading {
    route: Route,
    prefetch: u16,
    put: mpsc::Sender<Delivery>,
    dead: Arc<DeadLetters>,
    ghost_for: Duration,
    look_every: Duration,
    /// The broker may not have noticed yet that our last connection is lost.
    ghost_until: Option<Instant>,
}

impl Work for Reading {
    async fn run(&mut self, link: &mut Link, told: &Told) -> Trouble {
        let Err(ended) = self.work(link, told).await;
        ended
    }
}

impl Reading {
    async fn work(&mut self, link: &mut Link, told: &Told) -> Result<Infallible, Trouble> {
        topology::declare(link, Some(&self.route)).await?;
        // Held as long as this connection.
        let _lock = self.be_the_reader(link).await?;
        let channel = link.channel().await?;
        let consumer = timeout(ANSWER_MAX, self.consume(&channel))
            .await
            .map_err(|_| silent())??;
        told.set(Health::Up);
        let ended = self.read(link, consumer).await;
        self.ghost_until = Some(Instant::now() + self.ghost_for);
        ended
    }

    /// Makes sure that nobody else reads this queue.
    async fn be_the_reader(&self, link: &Link) -> Result<Option<Channel>, Trouble> {
        let channel = link.channel().await?;
        let lock = topology::reader_lock(&self.route);
        let options = QueueDeclareOptions {
            exclusive: true,
            ..QueueDeclareOptions::default()
        };
        let declaring = channel.queue_declare(lock.as_str().into(), options, FieldTable::default());
        match timeout(ANSWER_MAX, declaring).await.map_err(|_| silent())? {
            Ok(_) => Ok(Some(channel)),
            Err(error) if trouble::is_locked(&error) => Err(self.taken()),
            // Without the right to it the count of consumers has to do: a second one that begins in the same instant is
            // kept waiting by the queue, but not told.
            Err(error) if trouble::is_refused_right(&error) => Ok(None),
            Err(error) => Err(trouble::declaring(&error, &format!("the queue {lock}"))),
        }
    }

    async fn consume(&self, channel: &Channel) -> Result<Consumer, Trouble> {
        let queue = topology::till_queue(&self.route);
        let running = |error: lapin::Error| trouble::running(&error);
        let looking = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let found = channel
            .queue_declare(queue.as_str().into(), looking, FieldTable::default())
            .await
            .map_err(running)?;
        if found.consumer_count() > 0 {
            return Err(self.taken());
        }
        channel
            .basic_qos(self.prefetch, BasicQosOptions::default())
            .await
            .map_err(running)?;
        channel
            .basic_consume(
                queue.as_str().into(),
                "".into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await
            .map_err(running)
    }

    /// Another till, unless it is our own ghost.
    fn taken(&self) -> Trouble {
        if self.ghost_until.is_some_and(|until| Instant::now() < until) {
            return Trouble::Unreachable("it still holds this till's last connection".to_owned());
        }
        Trouble::QueueTaken {
            queue: topology::till_queue(&self.route),
        }
    }

    /// Hands on what comes, until the consumer or the connection ends.
    async fn read(&self, link: &mut Link, mut consumer: Consumer) -> Result<Infallible, Trouble> {
        let mut waiting = None;
        let mut look = interval_at(Instant::now() + self.look_every, self.look_every);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = look.tick() => {
                    topology::declare(link, Some(&self.route)).await?;
                }
                turn = link.turn() => {
                    if let Turn::Ended(trouble) = turn {
                        return Err(trouble);
                    }
                }
                // Nobody reads any more: the supervisor is about to stop.
                slot = self.put.reserve(), if waiting.is_some() => {
                    if let (Ok(slot), Some(delivery)) = (slot, waiting.take()) {
                        slot.send(delivery);
                    }
                }
                came = consumer.next(), if waiting.is_none() => match came {
                    Some(Ok(came)) => waiting = Some(Delivery::new(came, Arc::clone(&self.dead))),
                    Some(Err(error)) => return Err(trouble::running(&error)),
                    None => {
                        return Err(Trouble::Other("the queue was deleted under its reader".to_owned()));
                    }
                },
            }
        }
    }
}
