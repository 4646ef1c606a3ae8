//! The till's side of the callback: its subscription at the broker, the messages that come by it, and the deadlines it hands
//! over. Without a broker none of this runs, and with one nothing depends on it: polling alone finishes every payment.
//!
//! A message is told to the broker as done only after the till's thread has committed what follows from it ([`Till::take_in`]).
//! Until then it stays in the queue, so that nothing that goes wrong in between loses it.

mod deadline;
mod desk;
mod news;
pub mod probe;
mod take_in;

use std::time::Duration;

use notify_bus::{Delivery, Publisher, PublisherLimits, Settled, Subscription};
pub use notify_bus::{Trouble, may_be_logged};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub(crate) use self::deadline::Placed;
pub(crate) use self::desk::NotifyDesk;
pub use self::desk::{DeadLetter, NotifyLink, NotifyPicture};
pub use self::news::Useless;
pub(crate) use self::take_in::Heard;
pub use self::take_in::{Fate, Incoming};
use crate::config::Broker;
use crate::run::{Stopped, TillHandle};
use crate::till::Till;

/// While the ledger takes nothing, the message in hand is tried again after this long, doubled each time …
const TRY_AGAIN: Duration = Duration::from_millis(250);
/// … up to this.
const TRY_AGAIN_MAX: Duration = Duration::from_secs(15);

/// What a till with a broker needs to be connected.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) broker: Broker,
    pub(crate) till_id: String,
    pub(crate) placed: mpsc::Receiver<Placed>,
}

/// The running tasks; they end when dropped, and what was not settled is delivered again.
#[derive(Debug)]
pub(crate) struct Connected {
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Connected {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Connects the till, and keeps it connected.
pub(crate) fn connect(connection: Connection, till: &TillHandle, runtime: &Handle) -> Connected {
    let Connection {
        broker,
        till_id,
        placed,
    } = connection;
    let _runtime = runtime.enter();
    let subscription = Subscription::start(
        broker.address.clone(),
        &format!("scantill {till_id}, reading"),
        &broker.route,
        broker.prefetch,
    );
    let limits = PublisherLimits {
        channels: 1,
        in_flight: deadline::ON_THE_WAY_MAX,
    };
    let publisher = Publisher::start(broker.address, &format!("scantill {till_id}, publishing"), limits);
    let health = subscription.health();
    let tasks = vec![
        runtime.spawn(read(subscription, till.clone())),
        runtime.spawn(watch(health, till.clone())),
        runtime.spawn(deadline::publish(publisher, broker.route, placed)),
    ];
    Connected { tasks }
}

/// Hands each delivery to the till and settles it after the commit, one after the other, in the queue's order.
async fn read(mut subscription: Subscription, till: TillHandle) {
    loop {
        let delivery = subscription.next().await;
        if settle(delivery, &till).await.is_err() {
            return;
        }
    }
}

async fn settle(delivery: Delivery, till: &TillHandle) -> Result<(), Stopped> {
    let mut message = Incoming {
        content: delivery.content.clone(),
        message_id: delivery.message_id.clone(),
        length: delivery.length,
    };
    let mut pause = TRY_AGAIN;
    let fate = loop {
        let (fate, back) = till
            .call(move |till, now| (till.take_in(now, &message), message))
            .await?;
        match fate {
            Fate::Done | Fate::DeadLetter(_) => break fate,
            // Kept in hand: put back, it would come again at once and use up the tries that the queue allows.
            Fate::Later => {
                message = back;
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(TRY_AGAIN_MAX);
            }
        }
    };
    #[cfg(feature = "failpoints")]
    fail::fail_point!("notify.before_settle");
    let settled = match fate {
        Fate::DeadLetter(why) => delivery.dead_letter(why.word()).await,
        Fate::Done | Fate::Later => delivery.ack().await,
    };
    if settled == Settled::ComesAgain {
        tracing::debug!(
            "the broker went away before it could be told; the message comes again and changes nothing"
        );
    }
    Ok(())
}

/// Tells the till how its subscription is doing.
async fn watch(mut health: tokio::sync::watch::Receiver<notify_bus::Health>, till: TillHandle) {
    loop {
        let now_so = health.borrow_and_update().clone();
        if till
            .call(move |till, now| till.subscribed(now, now_so))
            .await
            .is_err()
        {
            return;
        }
        if health.changed().await.is_err() {
            return;
        }
    }
}

impl Till {
    /// What is needed to connect this till, if its configuration names a broker. Asked for once.
    pub(crate) fn connection(&mut self) -> Option<Connection> {
        let broker = self.config.broker.clone()?;
        let (sender, placed) = mpsc::channel(deadline::ON_THE_WAY_MAX);
        self.notify.hand_deadlines_to(sender);
        Some(Connection {
            broker,
            till_id: self.config.shop.till.to_string(),
            placed,
        })
    }
}
