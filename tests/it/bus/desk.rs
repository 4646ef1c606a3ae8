//! What the bus's tests have in hand: a till's route, messages for it, and a publisher and a subscription that are up.

use std::collections::BTreeMap;
use std::time::Duration;

use notify_bus::{
    Address, Delivery, Health, Kind, Message, NotConfirmed, Publisher, PublisherLimits, Route, Subscription,
    Trouble,
};
use scantill_tests::broker::VirtualHost;
use scantill_tests::wait::PATIENCE;
use tokio::sync::watch;
use tokio::time::timeout;

/// More than a confirm ever takes on a working broker.
pub(crate) const SOON: Duration = Duration::from_secs(5);
pub(crate) const LIMITS: PublisherLimits = PublisherLimits {
    channels: 2,
    in_flight: 1024,
};
pub(crate) const TILL_QUEUE: &str = "scantill.till.1900000109.T01";
pub(crate) const ROUTING_KEY: &str = "1900000109.T01";

/// Till T01 of the simulator's merchant.
pub(crate) fn route() -> Route {
    route_to("T01")
}

pub(crate) fn route_to(till: &str) -> Route {
    Route::new("1900000109", till).expect("a till's id")
}

/// A notify for T01 with this id.
pub(crate) fn notify(id: impl ToString) -> Message {
    notify_for(route(), id)
}

pub(crate) fn notify_for(route: Route, id: impl ToString) -> Message {
    let id = id.to_string();
    let fields = [
        ("transaction_id", id.as_str()),
        ("attach", "小满便利店"),
        ("sign", "ABC"),
    ];
    let field = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Message {
        kind: Kind::Notify,
        route,
        fields: BTreeMap::from(fields.map(field)),
        message_id: id,
    }
}

/// The virtual host's address for its first user, with the shortest heartbeat.
pub(crate) fn address(vhost: &VirtualHost) -> Address {
    address_of(&vhost.amqp_url())
}

pub(crate) fn address_of(url: &str) -> Address {
    Address::parse(&format!("{url}?heartbeat=1")).expect("an address")
}

/// A publisher that is connected.
pub(crate) async fn publisher(vhost: &VirtualHost) -> anyhow::Result<Publisher> {
    let publisher = Publisher::start(address(vhost), "a relay", LIMITS);
    up(publisher.health()).await?;
    Ok(publisher)
}

/// T01's subscription, connected.
pub(crate) async fn subscription(vhost: &VirtualHost) -> anyhow::Result<Subscription> {
    let subscription = Subscription::start(address(vhost), "a till", &route(), 32);
    up(subscription.health()).await?;
    Ok(subscription)
}

/// Both.
pub(crate) async fn both(vhost: &VirtualHost) -> anyhow::Result<(Publisher, Subscription)> {
    Ok((publisher(vhost).await?, subscription(vhost).await?))
}

/// Waits until it is up.
pub(crate) async fn up(health: watch::Receiver<Health>) -> anyhow::Result<()> {
    health_is(health, "up", |health| *health == Health::Up)
        .await
        .map(drop)
}

/// Waits until it is down for a reason like this one.
pub(crate) async fn down(
    health: watch::Receiver<Health>,
    what: &str,
    like: impl Fn(&Trouble) -> bool,
) -> anyhow::Result<Trouble> {
    let found = health_is(health, what, |health| match health {
        Health::Down(trouble) => like(trouble),
        Health::Starting | Health::Up | Health::Blocked => false,
    });
    match found.await? {
        Health::Down(trouble) => Ok(trouble),
        other => anyhow::bail!("{other:?} is not down"),
    }
}

pub(crate) async fn health_is(
    mut health: watch::Receiver<Health>,
    what: &str,
    like: impl Fn(&Health) -> bool,
) -> anyhow::Result<Health> {
    let finding = async {
        health
            .wait_for(|health| like(health))
            .await
            .map(|found| found.clone())
    };
    if let Ok(found) = timeout(PATIENCE, finding).await {
        return Ok(found?);
    }
    anyhow::bail!("waited for {what}, it is {:?}", *health.borrow())
}

/// The next delivery, in time.
pub(crate) async fn next(subscription: &mut Subscription) -> anyhow::Result<Delivery> {
    timeout(PATIENCE, subscription.next()).await.map_err(|_| {
        anyhow::anyhow!(
            "waited for a delivery, the health is {:?}",
            *subscription.health().borrow()
        )
    })
}

/// Publishes until it is confirmed, as WeChat makes a relay do.
pub(crate) async fn publish_at_last(publisher: &Publisher, message: Message) -> anyhow::Result<()> {
    let trying = async {
        loop {
            match publisher.publish(message.clone(), SOON).await {
                Ok(()) => return,
                Err(
                    NotConfirmed::NotConnected
                    | NotConfirmed::Full
                    | NotConfirmed::Returned
                    | NotConfirmed::Refused
                    | NotConfirmed::Unknown,
                ) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    timeout(PATIENCE, trying).await.map_err(|_| {
        anyhow::anyhow!(
            "never confirmed, the health is {:?}",
            *publisher.health().borrow()
        )
    })
}
