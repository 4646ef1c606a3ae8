//! Connects, works until it ends, waits, and connects again, for ever.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tracing::{debug, info, warn};

use crate::backoff::Backoff;
use crate::link::Link;
use crate::{Address, Health, Trouble};

/// A connection that has worked for so long ends the growing of the pauses.
const PROVEN: Duration = Duration::from_secs(10);

/// What is done on a connection.
pub(crate) trait Work: Send {
    /// Declares what it needs, says [`Health::Up`], works, and says why it ended.
    fn run(&mut self, link: &mut Link, health: &Told) -> impl Future<Output = Trouble> + Send;
}

/// Where the health is told: to whoever watches, and to the log when it changes.
#[derive(Debug)]
pub(crate) struct Told {
    health: watch::Sender<Health>,
    name: String,
    place: String,
}

impl Told {
    pub(crate) fn new(health: watch::Sender<Health>, name: &str, address: &Address) -> Self {
        Self {
            health,
            name: name.to_owned(),
            place: address.place(),
        }
    }

    pub(crate) fn set(&self, health: Health) {
        let (name, place) = (&self.name, &self.place);
        let changed = self.health.send_if_modified(|now| {
            let changed = *now != health;
            now.clone_from(&health);
            changed
        });
        match health {
            _ if !changed => debug!(name, place, "no better"),
            Health::Starting => {}
            Health::Up => info!(name, place, "connected to the broker"),
            Health::Blocked => warn!(name, place, "the broker takes no messages for now"),
            Health::Down(trouble) => warn!(name, place, %trouble, "not connected to the broker"),
        }
    }
}

/// Goes on until `stop` is ready; then lets the connection go with a goodbye. In a cluster each try is at another node, the
/// first at any: a thousand tills are spread over them, and none waits for a node that is gone.
pub(crate) async fn keep_up(
    mut address: Address,
    told: Told,
    mut work: impl Work,
    stop: impl Future<Output = ()> + Send,
) {
    let mut stop = std::pin::pin!(stop);
    let mut backoff = Backoff::default();
    for _ in 0..rand::random_range(0..address.nodes()) {
        address.go_on();
    }
    loop {
        let opened = tokio::select! {
            biased;
            () = &mut stop => return,
            opened = Link::open(&address, &told.name) => opened,
        };
        let trouble = match opened {
            Ok(mut link) => {
                let since = Instant::now();
                let trouble = tokio::select! {
                    biased;
                    () = &mut stop => {
                        link.close().await;
                        return;
                    }
                    trouble = work.run(&mut link, &told) => trouble,
                };
                if since.elapsed() >= PROVEN {
                    backoff.reset();
                }
                trouble
            }
            Err(trouble) => trouble,
        };
        told.set(Health::Down(trouble));
        address.go_on();
        let pause = backoff.next(rand::random());
        tokio::select! {
            biased;
            () = &mut stop => return,
            () = sleep(pause) => {}
        }
    }
}
