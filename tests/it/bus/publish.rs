//! Publishing: what is confirmed lies in a queue, what does not is told apart, and nothing is without a bound.

use std::time::Duration;

use futures_util::FutureExt as _;
use notify_bus::{Kind, Message, NotConfirmed, Publisher, PublisherLimits};
use scantill_tests::broker::{Broker, Rights};
use scantill_tests::proxy::Proxy;
use scantill_tests::wait::{PATIENCE, until};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::desk::{
    LIMITS, ROUTING_KEY, SOON, TILL_QUEUE, address, address_of, both, next, notify, notify_for,
    publish_at_last, publisher, route_to, subscription, up,
};

#[tokio::test]
async fn a_confirmed_message_lies_in_the_tills_queue_as_designed() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    drop(subscription(&vhost).await?);
    let publisher = publisher(&vhost).await?;
    let sent = notify("4200000001");
    assert_eq!(publisher.publish(sent.clone(), SOON).await, Ok(()), "confirmed");
    let [letter] = &vhost.take(TILL_QUEUE, 9).await?[..] else {
        anyhow::bail!("one message")
    };
    assert_eq!(
        letter.json()?,
        json!(sent.fields),
        "the fields, all of them texts"
    );
    assert_eq!(
        (letter.exchange.as_str(), letter.routing_key.as_str()),
        ("scantill.notify", ROUTING_KEY),
        "by the way of the design"
    );
    let property = |name: &str| letter.properties[name].clone();
    assert_eq!(
        [property("type"), property("message_id"), property("content_type")],
        [
            json!("wechat.notify"),
            json!("4200000001"),
            json!("application/json")
        ],
        "another order system can read it"
    );
    assert_eq!(
        property("delivery_mode"),
        json!(2),
        "it survives the broker's end"
    );
    Ok(())
}

#[tokio::test]
async fn a_deadline_comes_to_the_till_when_it_is_due_and_in_order() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let (publisher, mut subscription) = both(&vhost).await?;
    let sent = Instant::now();
    for (id, delay) in [("first", 400), ("second", 500)] {
        let message = Message {
            kind: Kind::Deadline,
            ..notify(id)
        };
        let delay = Duration::from_millis(delay);
        assert_eq!(
            publisher.publish_later(message, delay, SOON).await,
            Ok(()),
            "confirmed"
        );
    }
    for (id, due) in [("first", 400), ("second", 500)] {
        let delivery = next(&mut subscription).await?;
        let content = delivery.content.as_ref().map(|(kind, fields)| (*kind, fields));
        assert_eq!(
            (delivery.message_id.as_str(), content),
            (id, Ok((Kind::Deadline, &notify(id).fields))),
            "it is still what it was"
        );
        assert_eq!(delivery.routing_key, ROUTING_KEY, "and still for this till");
        assert!(
            sent.elapsed() >= Duration::from_millis(due),
            "not before it is due"
        );
        delivery.ack().await;
    }
    Ok(())
}

#[tokio::test]
async fn fault_44_a_broker_that_refuses_is_a_no() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let (publisher, mut subscription) = both(&vhost).await?;
    vhost
        .set_policy("^scantill\\.till\\.", json!({ "max-length": 1 }))
        .await?;
    // The consumer has these in hand; the queue counts them all the same.
    let mut refused = 0;
    for id in 0..200 {
        match publisher.publish(notify(id), SOON).await {
            Ok(()) => {}
            Err(NotConfirmed::Refused) => refused += 1,
            Err(other) => anyhow::bail!("{other:?} is no word of a full queue"),
        }
    }
    assert!(refused > 100, "the queue is full: {refused} of 200 were refused");
    vhost.clear_policy().await?;
    while timeout(Duration::from_millis(300), subscription.next())
        .await
        .map(|delivery| tokio::spawn(delivery.ack()))
        .is_ok()
    {}
    publish_at_last(&publisher, notify("again")).await?;
    assert_eq!(
        next(&mut subscription).await?.message_id,
        "again",
        "with room it goes on, on the same connection"
    );
    Ok(())
}

#[tokio::test]
async fn fault_45_without_a_queue_it_goes_to_the_unrouted_and_without_that_it_is_returned()
-> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let publisher = publisher(&vhost).await?;
    assert_eq!(
        publisher.publish(notify("unrouted"), SOON).await,
        Ok(()),
        "kept, though this till has no queue yet"
    );
    let [letter] = &vhost.take("scantill.unrouted", 9).await?[..] else {
        anyhow::bail!("one message")
    };
    assert_eq!(
        letter.routing_key, ROUTING_KEY,
        "an operator sees for which till it was"
    );
    vhost.delete_queue("scantill.unrouted").await?;
    assert_eq!(
        publisher.publish(notify("returned"), SOON).await,
        Err(NotConfirmed::Returned),
        "an ack, but kept nowhere: not a yes"
    );
    publish_at_last(&publisher, notify("again")).await?;
    let kept = vhost.take("scantill.unrouted", 9).await?;
    assert_eq!(
        kept.last().map(|letter| letter.properties["message_id"].clone()),
        Some(json!("again")),
        "the hole is mended by whoever fell into it"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_45_among_many_no_unroutable_message_is_taken_for_a_routed_one() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    drop(both(&vhost).await?);
    // May not mend the hole.
    let rights = Rights {
        write: ".*",
        ..Rights::NONE
    };
    let url = vhost.user(&format!("{}-relay", vhost.name()), rights).await?;
    let relay = Publisher::start(address_of(&url), "a relay", LIMITS);
    up(relay.health()).await?;
    vhost.delete_queue("scantill.unrouted").await?;
    let mut all = JoinSet::new();
    for id in 0..1000 {
        for till in ["T01", "T99"] {
            let relay = relay.clone();
            all.spawn(async move { (till, relay.publish(notify_for(route_to(till), id), SOON).await) });
        }
    }
    let (mut routed, mut doubted) = (0, 0);
    for (till, outcome) in all.join_all().await {
        match (till, outcome) {
            ("T01", Ok(())) => routed += 1,
            // The broker's word about it came with another's return.
            ("T01", Err(NotConfirmed::Unknown)) | (_, Err(NotConfirmed::Full)) => doubted += 1,
            ("T99", Err(NotConfirmed::Returned | NotConfirmed::Unknown)) => {}
            (till, outcome) => anyhow::bail!("{till} was told {outcome:?}"),
        }
    }
    assert!(
        routed > 0,
        "the others are not hurt: {routed} routed, {doubted} doubted"
    );
    let (kept, _) = vhost.depth(TILL_QUEUE).await?;
    assert!(kept >= routed, "{routed} were told yes, {kept} are kept");
    Ok(())
}

#[tokio::test]
async fn what_no_till_would_read_is_not_sent() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let publisher = publisher(&vhost).await?;
    let mut long = notify("long");
    long.fields.insert("attach".to_owned(), "x".repeat(Message::CAP));
    assert_eq!(
        publisher.publish(long, SOON).await,
        Err(NotConfirmed::Refused),
        "longer than any message may be"
    );
    assert_eq!(
        publisher.publish(notify("i".repeat(256)), SOON).await,
        Err(NotConfirmed::Refused),
        "AMQP has no room for such an id"
    );
    assert_eq!(
        publisher.publish(notify("short"), SOON).await,
        Ok(()),
        "the connection is none the worse"
    );
    Ok(())
}

#[tokio::test]
async fn no_more_are_on_their_way_than_allowed() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let proxy = Proxy::before(vhost.broker().port()).await?;
    let limits = PublisherLimits {
        channels: 2,
        in_flight: 4,
    };
    let publisher = Publisher::start(address_of(&vhost.amqp_url_at(proxy.port())), "a relay", limits);
    up(publisher.health()).await?;
    proxy.stop_forwarding();
    let mut waiting = JoinSet::new();
    for id in 0..4 {
        let publisher = publisher.clone();
        waiting.spawn(async move { publisher.publish(notify(id), SOON).await });
    }
    // On this one thread they all begin now.
    tokio::task::yield_now().await;
    until("the fifth to be turned away", PATIENCE, async || {
        let asked = Instant::now();
        let told = publisher.publish(notify(5), Duration::from_millis(1)).await;
        assert!(
            asked.elapsed() < Duration::from_millis(500),
            "turned away at once, however long the others wait"
        );
        Ok((told == Err(NotConfirmed::Full)).then_some(()))
    })
    .await?;
    proxy.forward();
    for told in waiting.join_all().await {
        assert_eq!(told, Ok(()), "the four were only held up");
    }
    timeout(PATIENCE, publisher.drain()).await?;
    assert_eq!(
        publisher.publish(notify(6), SOON).await,
        Ok(()),
        "there is room again"
    );
    Ok(())
}

#[tokio::test]
async fn dropping_the_last_publisher_says_goodbye_after_the_last_confirm() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    drop(subscription(&vhost).await?);
    let publisher = Publisher::start(address(&vhost), "a leaving relay", LIMITS);
    up(publisher.health()).await?;
    let other = publisher.clone();
    for id in 0..50 {
        let hung_up = publisher.publish(notify(id), SOON).now_or_never();
        assert_eq!(hung_up, None, "its caller goes away while the confirm is pending");
    }
    drop(publisher);
    assert_eq!(
        other.publish(notify(50), SOON).await,
        Ok(()),
        "a clone keeps the connection"
    );
    drop(other);
    until("the connection to be gone", PATIENCE, async || {
        let names = vhost.connections().await?;
        Ok((!names.iter().any(|name| name == "a leaving relay")).then_some(()))
    })
    .await?;
    assert_eq!(
        vhost.depth(TILL_QUEUE).await?.0,
        51,
        "what was handed over was sent, whoever waited for it"
    );
    Ok(())
}
