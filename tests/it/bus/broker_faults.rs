//! A broker that is killed, frozen, alarmed or silent: what was confirmed is kept, what was not is never called so, and
//! everything goes on when it is back.

use std::collections::BTreeSet;
use std::time::Duration;

use notify_bus::{Health, NotConfirmed, Publisher, Settled, Subscription, Trouble};
use scantill_tests::broker::Broker;
use scantill_tests::proxy::Proxy;
use scantill_tests::wait::{PATIENCE, until};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::desk::{
    LIMITS, SOON, TILL_QUEUE, address, address_of, both, down, health_is, next, notify, notify_for,
    publish_at_last, publisher, route, route_to, subscription, up,
};

/// A relay's own.
const PATIENCE_OF_A_RELAY: Duration = Duration::from_secs(1);
/// For what must not depend on how long the broker is away.
const SLACK: Duration = Duration::from_millis(500);

fn is_unreachable(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Unreachable(_))
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_41_what_was_confirmed_before_a_kill_is_in_the_queue_after_it() -> anyhow::Result<()> {
    what_was_confirmed_is_kept(async |broker| broker.kill(), async |broker| broker.start().await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_41_what_was_confirmed_before_a_stop_is_in_the_queue_after_it() -> anyhow::Result<()> {
    what_was_confirmed_is_kept(
        async |broker| broker.stop_app().await,
        async |broker| broker.start_app().await,
    )
    .await
}

async fn what_was_confirmed_is_kept(
    end: impl AsyncFnOnce(&Broker) -> anyhow::Result<()>,
    begin: impl AsyncFnOnce(&Broker) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let broker = Broker::own().await?;
    let vhost = broker.vhost().await?;
    drop(subscription(&vhost).await?);
    let publisher = publisher(&vhost).await?;
    let mut tasks = JoinSet::new();
    for task in 0..64 {
        let publisher = publisher.clone();
        tasks.spawn(async move {
            let (mut confirmed, mut in_doubt) = (BTreeSet::new(), 0);
            for nth in 0.. {
                let id = format!("{task}-{nth}");
                match publisher.publish(notify(&id), PATIENCE_OF_A_RELAY).await {
                    Ok(()) => {
                        confirmed.insert(id);
                    }
                    Err(NotConfirmed::Unknown) => in_doubt += 1,
                    Err(NotConfirmed::NotConnected) => break,
                    Err(other) => anyhow::bail!("{other:?} is no word of a dead broker"),
                }
            }
            Ok((confirmed, in_doubt))
        });
    }
    // In the midst of it.
    until("a few hundred to be kept", PATIENCE, async || {
        Ok((vhost.depth(TILL_QUEUE).await?.0 > 300).then_some(()))
    })
    .await?;
    end(&broker).await?;
    let dead = Instant::now();
    let (mut confirmed, mut in_doubt) = (BTreeSet::new(), 0);
    for told in tasks.join_all().await {
        let (ids, doubts) = told?;
        confirmed.extend(ids);
        in_doubt += doubts;
    }
    assert!(
        in_doubt > 0 && confirmed.len() > 300,
        "the end came in the midst: {} confirmed, {in_doubt} in doubt after {:?}",
        confirmed.len(),
        dead.elapsed()
    );
    assert!(
        dead.elapsed() < PATIENCE,
        "whoever published was told soon, with the broker still dead"
    );
    begin(&broker).await?;
    up(publisher.health()).await?;
    publish_at_last(&publisher, notify("last")).await?;
    let mut till = subscription(&vhost).await?;
    let mut found = BTreeSet::new();
    loop {
        let delivery = next(&mut till).await?;
        let id = delivery.message_id.clone();
        delivery.ack().await;
        if id == "last" {
            break;
        }
        found.insert(id);
    }
    let lost: Vec<_> = confirmed.difference(&found).collect();
    assert!(lost.is_empty(), "told yes and lost: {lost:?}");
    Ok(())
}

#[tokio::test]
async fn fault_43_a_frozen_broker_is_an_unknown_within_the_patience() -> anyhow::Result<()> {
    let broker = Broker::own().await?;
    let vhost = broker.vhost().await?;
    let (publisher, mut till) = both(&vhost).await?;
    broker.freeze()?;
    let asked = Instant::now();
    assert_eq!(
        publisher.publish(notify("frozen"), PATIENCE_OF_A_RELAY).await,
        Err(NotConfirmed::Unknown),
        "it may or may not be kept"
    );
    assert!(
        asked.elapsed() < PATIENCE_OF_A_RELAY + SLACK,
        "told when the patience was over"
    );
    down(publisher.health(), "the silence to be noticed", is_unreachable).await?;
    down(till.health(), "the silence to be noticed", is_unreachable).await?;
    let asked = Instant::now();
    assert_eq!(
        publisher.publish(notify("later"), PATIENCE_OF_A_RELAY).await,
        Err(NotConfirmed::NotConnected),
        "from then on nothing is sent"
    );
    assert!(asked.elapsed() < SLACK, "and nobody waits for it");
    broker.thaw()?;
    up(publisher.health()).await?;
    publish_at_last(&publisher, notify("after")).await?;
    let first = next(&mut till).await?;
    assert!(
        ["frozen", "after"].contains(&first.message_id.as_str()),
        "what was in doubt may have come or not"
    );
    Ok(())
}

#[tokio::test]
async fn fault_43_an_alarmed_broker_blocks_and_nothing_is_sent_until_it_takes_messages_again()
-> anyhow::Result<()> {
    let broker = Broker::own().await?;
    let vhost = broker.vhost().await?;
    let (publisher, mut till) = both(&vhost).await?;
    for alarm in ["memory", "disk"] {
        assert_eq!(
            publisher.publish(notify("before"), SOON).await,
            Ok(()),
            "{alarm}: confirmed"
        );
        let before = next(&mut till).await?;
        match alarm {
            "memory" => broker.alarm_memory().await?,
            _ => broker.alarm_disk().await?,
        }
        // The first message shows the broker that this connection publishes.
        let asked = Instant::now();
        let told = publisher.publish(notify("first"), PATIENCE_OF_A_RELAY).await;
        assert!(
            matches!(told, Ok(()) | Err(NotConfirmed::Unknown)),
            "{alarm}: kept or in doubt, not {told:?}"
        );
        assert!(asked.elapsed() < PATIENCE_OF_A_RELAY + SLACK, "in time");
        health_is(publisher.health(), "blocked", |health| *health == Health::Blocked).await?;
        let asked = Instant::now();
        assert_eq!(
            publisher.publish(notify("blocked"), PATIENCE_OF_A_RELAY).await,
            Err(NotConfirmed::NotConnected),
            "{alarm}: not sent, and so no doubt"
        );
        assert!(asked.elapsed() < SLACK, "{alarm}: at once");
        assert_eq!(
            before.ack().await,
            Settled::Told,
            "{alarm}: settling goes on meanwhile"
        );
        // More than twice the heartbeat.
        sleep(Duration::from_secs(3)).await;
        assert_eq!(
            *publisher.health().borrow(),
            Health::Blocked,
            "{alarm}: a blocked connection is not a dead one"
        );
        broker.clear_alarms().await?;
        up(publisher.health()).await?;
        assert_eq!(
            publisher.publish(notify("after"), SOON).await,
            Ok(()),
            "{alarm}: free"
        );
        loop {
            let came = next(&mut till).await?;
            let id = came.message_id.clone();
            came.ack().await;
            // What was in doubt was on its way and may come now.
            assert!(
                ["first", "after"].contains(&id.as_str()),
                "{alarm}: {id} was not to be sent"
            );
            if id == "after" {
                break;
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn fault_54_a_half_open_connection_is_given_up_and_the_message_comes_again() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let proxy = Proxy::before(vhost.broker().port()).await?;
    let publisher = publisher(&vhost).await?;
    let far = address_of(&vhost.amqp_url_at(proxy.port()));
    let mut till = Subscription::start(far, "a till", &route(), 8);
    up(till.health()).await?;
    assert_eq!(publisher.publish(notify("n"), SOON).await, Ok(()), "confirmed");
    let in_hand = next(&mut till).await?;
    let gone = Instant::now();
    proxy.stop_forwarding();
    let trouble = down(till.health(), "the silence to be noticed", is_unreachable).await?;
    assert_eq!(
        trouble.to_string(),
        "the broker can't be reached: it has gone silent",
        "in words"
    );
    assert!(
        gone.elapsed() < Duration::from_secs(4),
        "after two heartbeats of one second, not two minutes: {:?}",
        gone.elapsed()
    );
    assert_eq!(in_hand.ack().await, Settled::ComesAgain, "nobody hears this");
    // The broker may still hold the queue for the connection that is no more: no other till is blamed for that.
    let mut health = till.health();
    let watching = tokio::spawn(async move {
        let blamed = |health: &Health| matches!(health, Health::Down(Trouble::QueueTaken { .. }));
        timeout(PATIENCE, health.wait_for(blamed))
            .await
            .is_ok_and(|found| found.is_ok())
    });
    proxy.forward();
    let again = next(&mut till).await?;
    assert_eq!(
        (again.message_id.as_str(), again.redelivered),
        ("n", true),
        "the broker gave up the other end too"
    );
    again.ack().await;
    drop(till);
    assert!(!watching.await?, "nobody but this till was here");
    Ok(())
}

#[tokio::test]
async fn fault_55_a_message_kept_too_long_is_taken_away_and_comes_again() -> anyhow::Result<()> {
    let broker = Broker::own().await?;
    broker.set_consumer_timeout(Duration::from_secs(1)).await?;
    let vhost = broker.vhost().await?;
    let (publisher, mut till) = both(&vhost).await?;
    assert_eq!(publisher.publish(notify("n"), SOON).await, Ok(()), "confirmed");
    let kept = next(&mut till).await?;
    let trouble = down(till.health(), "the broker's patience to end", |_| true).await?;
    assert!(
        matches!(&trouble, Trouble::Other(said) if said.contains("timed out")),
        "it is no matter of settings: {trouble:?}"
    );
    let again = next(&mut till).await?;
    assert_eq!(again.message_id, "n", "it comes again");
    assert_eq!(
        kept.ack().await,
        Settled::ComesAgain,
        "the first one is of no use any more"
    );
    assert_eq!(again.ack().await, Settled::Told, "in time this time");
    Ok(())
}

#[tokio::test]
async fn one_queue_that_stands_still_does_not_hold_up_the_others_for_long() -> anyhow::Result<()> {
    let broker = Broker::own().await?;
    let vhost = broker.vhost().await?;
    let (publisher, mut till) = both(&vhost).await?;
    let sick = Subscription::start(address(&vhost), "a sick till", &route_to("T02"), 8);
    up(sick.health()).await?;
    drop(sick);
    // As a queue without a leader does: it takes messages and never confirms one, and whatever comes behind them on their
    // channel waits.
    let process = format!("'{}_scantill.till.1900000109.T02'", vhost.name());
    broker.evaluate(&format!("sys:suspend({process}).")).await?;
    let mut doubted = JoinSet::new();
    for id in 0..20 {
        let publisher = publisher.clone();
        let message = notify_for(route_to("T02"), id);
        doubted.spawn(async move { publisher.publish(message, PATIENCE_OF_A_RELAY).await });
    }
    for told in doubted.join_all().await {
        assert_eq!(told, Err(NotConfirmed::Unknown), "no confirm, no word");
    }
    publish_at_last(&publisher, notify("n")).await?;
    assert_eq!(
        next(&mut till).await?.message_id,
        "n",
        "the other till has its own, by a new channel"
    );
    for id in 0..20 {
        let asked = Instant::now();
        assert_eq!(
            publisher.publish(notify_for(route_to("T02"), id), SOON).await,
            Err(NotConfirmed::NotConnected),
            "for a while nothing is sent there, so that no other channel is lost to it"
        );
        assert!(asked.elapsed() < SLACK, "told at once");
        assert_eq!(
            publisher.publish(notify(id), SOON).await,
            Ok(()),
            "the others go on"
        );
    }
    assert_eq!(*publisher.health().borrow(), Health::Up, "on the same connection");
    broker.evaluate(&format!("sys:resume({process}).")).await?;
    publish_at_last(&publisher, notify_for(route_to("T02"), "well")).await
}

#[tokio::test]
async fn fault_40_a_broker_that_comes_later_is_found() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let proxy = Proxy::before(vhost.broker().port()).await?;
    proxy.accept(false);
    let publisher = Publisher::start(address_of(&vhost.amqp_url_at(proxy.port())), "a relay", LIMITS);
    down(publisher.health(), "a refused connection", is_unreachable).await?;
    assert_eq!(
        publisher.publish(notify("n"), SOON).await,
        Err(NotConfirmed::NotConnected),
        "told at once"
    );
    proxy.accept(true);
    up(publisher.health()).await?;
    assert_eq!(
        publisher.publish(notify("n"), SOON).await,
        Ok(()),
        "as if nothing had been"
    );
    Ok(())
}
