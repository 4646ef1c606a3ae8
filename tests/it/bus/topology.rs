//! Exchanges, queues and rights: as designed, declared by whoever comes first, and a clear word when they are not so.

use std::collections::BTreeMap;
use std::time::Duration;

use notify_bus::{Health, NotConfirmed, Publisher, Subscription, Trouble, topology};
use scantill_tests::broker::{Broker, Rights, VirtualHost};
use scantill_tests::wait::until;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::desk::{
    LIMITS, SOON, TILL_QUEUE, address, address_of, both, down, health_is, next, notify, notify_for,
    publish_at_last, publisher, route, route_to, subscription, up,
};

/// Twelve of the tests' heartbeats, and what a loaded machine adds.
const LOOKED_AFTER: Duration = Duration::from_secs(30);

async fn named(vhost: &VirtualHost, what: &str) -> anyhow::Result<BTreeMap<String, Value>> {
    let all = vhost.list(what).await?;
    let ours = all.into_iter().filter_map(|one| {
        let name = one["name"].as_str()?.to_owned();
        name.starts_with("scantill.").then_some((name, one))
    });
    Ok(ours.collect())
}

#[tokio::test]
async fn the_topology_is_the_one_of_the_design() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let (_publisher, _subscription) = both(&vhost).await?;

    let exchanges = named(&vhost, "exchanges").await?;
    let kinds: Vec<(&str, &str)> = exchanges
        .iter()
        .map(|(name, one)| (name.as_str(), one["type"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(
        kinds,
        [
            ("scantill.dead", "fanout"),
            ("scantill.deadline", "fanout"),
            ("scantill.notify", "topic"),
            ("scantill.unrouted", "fanout")
        ],
        "a topic for the tills, and one exchange before each odd queue"
    );
    assert_eq!(
        exchanges["scantill.notify"]["arguments"],
        json!({ "alternate-exchange": "scantill.unrouted" }),
        "nothing that is confirmed is dropped"
    );

    let mut queues = named(&vhost, "queues").await?;
    let lock = queues.remove(&topology::reader_lock(&route()));
    assert_eq!(
        lock.map(|lock| (lock["exclusive"].clone(), lock["durable"].clone())),
        Some((json!(true), json!(false))),
        "being the reader is an exclusive queue, which goes with its connection"
    );
    let arguments: BTreeMap<&str, &Value> = queues
        .iter()
        .map(|(name, one)| (name.as_str(), &one["arguments"]))
        .collect();
    let expected = [
        (
            "scantill.dead",
            json!({ "x-queue-type": "quorum", "x-max-length": 100_000, "x-overflow": "drop-head" }),
        ),
        (
            "scantill.deadline",
            json!({
                "x-queue-type": "quorum", "x-message-ttl": 1_800_000, "x-max-length": 1_000_000,
                "x-dead-letter-exchange": "scantill.notify", "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish"
            }),
        ),
        (
            TILL_QUEUE,
            json!({
                "x-queue-type": "quorum", "x-delivery-limit": 20, "x-single-active-consumer": true,
                "x-max-length": 1_000_000, "x-dead-letter-exchange": "scantill.dead",
                "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"
            }),
        ),
        (
            "scantill.unrouted",
            json!({ "x-queue-type": "quorum", "x-max-length": 100_000, "x-overflow": "reject-publish" }),
        ),
    ];
    assert_eq!(
        arguments,
        expected.iter().map(|(name, one)| (*name, one)).collect(),
        "quorum queues, bounded; dead letters leave only when they have arrived"
    );
    assert!(
        queues.values().all(|queue| queue["durable"] == true),
        "all of them survive"
    );

    let bindings = vhost.list("bindings").await?;
    let ours = bindings.iter().filter_map(|one| {
        let text = |name: &str| one[name].as_str().unwrap_or_default();
        // Every queue is bound to the exchange without a name.
        (!text("source").is_empty()).then_some((text("source"), text("destination"), text("routing_key")))
    });
    let mut ours: Vec<_> = ours.collect();
    ours.sort_unstable();
    assert_eq!(
        ours,
        [
            ("scantill.dead", "scantill.dead", ""),
            ("scantill.deadline", "scantill.deadline", ""),
            ("scantill.notify", TILL_QUEUE, "1900000109.T01"),
            ("scantill.unrouted", "scantill.unrouted", "")
        ],
        "the till's queue under the till's key"
    );
    Ok(())
}

#[tokio::test]
async fn whoever_comes_later_finds_everything_as_it_is() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let first = both(&vhost).await?;
    let before = (named(&vhost, "exchanges").await?, vhost.list("bindings").await?);
    let _second = publisher(&vhost).await?;
    drop(first);
    let _third = subscription(&vhost).await?;
    let after = (named(&vhost, "exchanges").await?, vhost.list("bindings").await?);
    assert_eq!(before, after, "declaring twice changes nothing");
    Ok(())
}

#[tokio::test]
async fn fault_46_what_exists_with_other_settings_is_named_and_tried_again() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    vhost
        .declare_queue(
            TILL_QUEUE,
            json!({ "x-queue-type": "quorum", "x-delivery-limit": 3 }),
        )
        .await?;
    vhost
        .declare_exchange("scantill.dead", "direct", json!({}))
        .await?;
    let publisher = Publisher::start(address(&vhost), "a relay", LIMITS);
    let trouble = down(publisher.health(), "other settings", is_other_settings).await?;
    assert!(
        trouble
            .to_string()
            .starts_with("the exchange scantill.dead exists with other settings: PRECONDITION_FAILED"),
        "it says which one, what the broker says, and what to do: {trouble}"
    );
    assert_eq!(
        publisher.publish(notify(1), SOON).await,
        Err(NotConfirmed::NotConnected),
        "nothing is sent on a guess"
    );
    vhost.delete_exchange("scantill.dead").await?;
    up(publisher.health()).await?;

    let subscription = Subscription::start(address(&vhost), "a till", &route(), 8);
    let trouble = down(subscription.health(), "other settings", is_other_settings).await?;
    assert!(
        trouble
            .to_string()
            .contains("the queue scantill.till.1900000109.T01"),
        "it says which one: {trouble}"
    );
    vhost.delete_queue(TILL_QUEUE).await?;
    up(subscription.health()).await?;
    Ok(())
}

#[tokio::test]
async fn a_till_whose_exchange_is_deleted_under_it_hears_again_by_itself() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let (publisher, mut till) = both(&vhost).await?;
    vhost.delete_exchange("scantill.notify").await?;
    // The publisher makes the exchange again and knows nothing of the till's binding: this lies with the unrouted ones.
    publish_at_last(&publisher, notify("unheard")).await?;
    assert!(
        timeout(SOON / 10, till.next()).await.is_err(),
        "the till's queue gets nothing, and nobody tells the till"
    );
    let heard = until("the till to look after its binding", LOOKED_AFTER, async || {
        publish_at_last(&publisher, notify("heard")).await?;
        Ok(timeout(SOON / 50, till.next()).await.ok())
    })
    .await?;
    assert_eq!(heard.message_id, "heard", "on the connection it has");
    heard.ack().await;
    Ok(())
}

fn is_other_settings(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::OtherSettings { .. })
}

#[tokio::test]
async fn a_relay_may_only_write_and_a_till_only_read_its_own_queue() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let name = vhost.name().to_owned();
    let relay_rights = Rights {
        write: "^scantill\\.notify$",
        ..Rights::NONE
    };
    let relay_url = vhost.user(&format!("{name}-relay"), relay_rights).await?;
    let relay = Publisher::start(address_of(&relay_url), "a relay", LIMITS);
    let trouble = down(relay.health(), "a missing exchange", |trouble| {
        matches!(trouble, Trouble::Missing { .. })
    })
    .await?;
    assert_eq!(
        trouble.to_string(),
        "the exchange scantill.unrouted is missing at the broker and this user may not declare it",
        "it says what an operator has to declare"
    );

    // What the operator declares once, with a user who may.
    drop(both(&vhost).await?);
    let operator = Subscription::start(address(&vhost), "an operator", &route_to("T02"), 1);
    up(operator.health()).await?;
    drop(operator);
    up(relay.health()).await?;

    let till_rights = Rights {
        configure: "^scantill\\.till\\.1900000109\\.T01(\\.reader)?$",
        write: "^scantill\\.(deadline|dead)$",
        read: "^scantill\\.till\\.1900000109\\.T01$",
    };
    let till_url = vhost.user(&format!("{name}-till"), till_rights).await?;
    let mut till = Subscription::start(address_of(&till_url), "a till", &route(), 8);
    up(till.health()).await?;
    let deadlines = Publisher::start(address_of(&till_url), "a till's deadlines", LIMITS);
    up(deadlines.health()).await?;

    assert_eq!(relay.publish(notify("n"), SOON).await, Ok(()), "the relay may");
    let delivery = next(&mut till).await?;
    assert_eq!(delivery.message_id, "n", "the till may");
    delivery.ack().await;
    assert_eq!(
        deadlines.publish_later(notify("d"), SOON / 50, SOON).await,
        Ok(()),
        "the till may leave itself a deadline"
    );
    let delivery = next(&mut till).await?;
    assert_eq!(delivery.message_id, "d", "which comes back");
    delivery.dead_letter("a test").await;

    let forbidden = |trouble: &Trouble| matches!(trouble, Trouble::Forbidden(_));
    assert_ne!(
        deadlines.publish(notify_for(route_to("T02"), "x"), SOON).await,
        Ok(()),
        "no till writes to another"
    );
    let trouble = down(deadlines.health(), "a refused right", forbidden).await?;
    assert!(
        trouble.to_string().contains("scantill.notify"),
        "it says which right: {trouble}"
    );
    let other = Subscription::start(address_of(&till_url), "a till", &route_to("T02"), 8);
    down(other.health(), "a refused right", forbidden).await?;
    health_is(deadlines.health(), "up again", |health| *health == Health::Up).await?;
    Ok(())
}

#[tokio::test]
async fn a_second_till_with_the_same_id_is_refused_and_takes_over_when_the_first_leaves() -> anyhow::Result<()>
{
    let vhost = Broker::shared().await?.vhost().await?;
    let first = subscription(&vhost).await?;
    let taken = |trouble: &Trouble| matches!(trouble, Trouble::QueueTaken { .. });
    let second = Subscription::start(address(&vhost), "the same till", &route(), 8);
    let trouble = down(second.health(), "a taken queue", taken).await?;
    assert_eq!(
        trouble.to_string(),
        format!("another till with the same id reads {TILL_QUEUE}"),
        "it says so in words"
    );
    // Without the right to the lock it is the queue's own consumer that tells.
    let rights = Rights {
        configure: "^scantill\\.till\\.1900000109\\.T01$",
        ..Rights::ALL
    };
    let url = vhost.user(&format!("{}-third", vhost.name()), rights).await?;
    let third = Subscription::start(address_of(&url), "the same till", &route(), 8);
    down(third.health(), "a taken queue", taken).await?;
    assert_eq!(*first.health().borrow(), Health::Up, "the first is not disturbed");
    drop(third);
    drop(first);
    up(second.health()).await?;
    Ok(())
}

#[tokio::test]
async fn of_two_tills_that_start_at_once_one_reads() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    for _ in 0..5 {
        let tills: Vec<Subscription> = (0..4)
            .map(|_| Subscription::start(address(&vhost), "a till", &route(), 8))
            .collect();
        for till in &tills {
            health_is(till.health(), "a verdict", |health| *health != Health::Starting).await?;
        }
        let up = tills
            .iter()
            .filter(|till| *till.health().borrow() == Health::Up)
            .count();
        assert_eq!(up, 1, "never two, never none");
    }
    Ok(())
}
