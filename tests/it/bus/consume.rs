//! Reading a till's queue: in order, bounded, and nothing that can't be used is lost or comes for ever.

use std::time::Duration;

use notify_bus::{Kind, MessageError, Settled, Subscription, topology};
use scantill_tests::broker::{Broker, Letter, Rights, VirtualHost};
use scantill_tests::wait::{PATIENCE, until};
use serde_json::json;
use tokio::time::timeout;

use super::desk::{
    ROUTING_KEY, SOON, TILL_QUEUE, address, address_of, both, next, notify, publish_at_last, publisher,
    route, subscription, up,
};

/// What lies among the dead letters, when so many do.
async fn dead(vhost: &VirtualHost, count: usize) -> anyhow::Result<Vec<Letter>> {
    let mut found = Vec::new();
    until("the dead letters", PATIENCE, async || {
        found.extend(vhost.take(topology::DEAD, 99).await?);
        Ok((found.len() >= count).then_some(()))
    })
    .await?;
    anyhow::ensure!(found.len() == count, "{} dead letters", found.len());
    Ok(found)
}

#[tokio::test]
async fn a_night_of_messages_comes_in_order_with_few_in_hand() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    drop(subscription(&vhost).await?);
    let publisher = publisher(&vhost).await?;
    for id in 0..500 {
        assert_eq!(publisher.publish(notify(id), SOON).await, Ok(()), "confirmed");
    }
    let mut till = Subscription::start(address(&vhost), "a till", &route(), 10);
    let first = next(&mut till).await?;
    let (waiting, _) = vhost.depth(TILL_QUEUE).await?;
    assert!(
        waiting >= 490,
        "the broker keeps what is not in hand: {waiting} of 500"
    );
    assert_eq!(first.message_id, "0", "the oldest first");
    first.ack().await;
    for id in 1..500 {
        let delivery = next(&mut till).await?;
        assert_eq!(delivery.message_id, id.to_string(), "in the order of the queue");
        assert_eq!(delivery.ack().await, Settled::Told, "the broker was told");
    }
    assert_eq!(vhost.depth(TILL_QUEUE).await?.0, 0, "all taken");
    assert!(
        timeout(Duration::from_millis(200), till.next()).await.is_err(),
        "and none twice"
    );
    Ok(())
}

#[tokio::test]
async fn what_was_not_settled_comes_again() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let (publisher, mut first) = both(&vhost).await?;
    for id in ["a", "b"] {
        assert_eq!(publisher.publish(notify(id), SOON).await, Ok(()), "confirmed");
    }
    next(&mut first).await?.ack().await;
    let in_hand = next(&mut first).await?;
    assert!(!in_hand.redelivered, "the first time");
    drop(first);
    let mut second = subscription(&vhost).await?;
    let again = next(&mut second).await?;
    assert_eq!(
        (again.message_id.as_str(), again.redelivered),
        ("b", true),
        "what was not acknowledged, and that only"
    );
    assert_eq!(
        in_hand.ack().await,
        Settled::ComesAgain,
        "the old one can't be settled any more"
    );
    again.ack().await;
    Ok(())
}

#[tokio::test]
async fn fault_50_a_message_for_another_till_is_seen_and_laid_aside_with_the_reason() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let mut till = subscription(&vhost).await?;
    // By hand, past the exchange that would not have done this.
    let body = serde_json::to_vec(&notify("x").fields)?;
    let properties = json!({ "type": "wechat.notify", "message_id": "x" });
    vhost.publish("", TILL_QUEUE, &body, properties).await?;
    let delivery = next(&mut till).await?;
    assert_ne!(
        delivery.routing_key, ROUTING_KEY,
        "the till sees that it came another way"
    );
    assert_eq!(
        delivery.dead_letter("for another till").await,
        Settled::Told,
        "it is off the queue"
    );
    let [letter] = &dead(&vhost, 1).await?[..] else {
        anyhow::bail!("one dead letter")
    };
    assert_eq!(
        (letter.header("reason"), letter.header("queue")),
        (Some("for another till"), Some(TILL_QUEUE)),
        "an operator sees why and whose"
    );
    assert_eq!(
        (
            &letter.body,
            &letter.properties["message_id"],
            &letter.properties["type"]
        ),
        (&body, &json!("x"), &json!("wechat.notify")),
        "the message as it was"
    );
    assert_eq!(vhost.depth(TILL_QUEUE).await?.0, 0, "once, not in both");
    Ok(())
}

#[tokio::test]
async fn fault_51_what_can_t_be_read_is_handed_over_as_such_and_laid_aside() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let mut till = subscription(&vhost).await?;
    let long = vec![b'x'; 300 * 1024];
    let kind = json!({ "type": "wechat.notify" });
    let cases: [(&[u8], serde_json::Value, MessageError); 6] = [
        (b"{}", json!({}), MessageError::Kind),
        (b"{}", json!({ "type": "wechat.other" }), MessageError::Kind),
        (b"<xml/>", kind.clone(), MessageError::Form),
        (b"", kind.clone(), MessageError::Form),
        (br#"{"sign":"A","sign":"B"}"#, kind.clone(), MessageError::Form),
        (&long, kind, MessageError::Length),
    ];
    for (body, properties, error) in &cases {
        assert!(
            vhost
                .publish(topology::NOTIFY, ROUTING_KEY, body, properties.clone())
                .await?,
            "it is in the queue"
        );
        let delivery = next(&mut till).await?;
        assert_eq!(
            (delivery.content.as_ref().err(), delivery.length),
            (Some(error), body.len()),
            "no crash, and the length to be logged"
        );
        delivery.dead_letter(&error.to_string()).await;
    }
    let letters = dead(&vhost, cases.len()).await?;
    for (letter, (body, _, error)) in letters.iter().zip(&cases) {
        assert_eq!(
            (letter.header("reason"), letter.body.len()),
            (Some(error.to_string().as_str()), body.len()),
            "each with its reason, whole"
        );
    }
    let body = serde_json::to_vec(&notify("good").fields)?;
    let properties = json!({ "type": "scantill.probe" });
    vhost
        .publish(topology::NOTIFY, ROUTING_KEY, &body, properties)
        .await?;
    let good = next(&mut till).await?;
    assert_eq!(
        good.content,
        Ok((Kind::Probe, notify("good").fields)),
        "the next good one is read as ever"
    );
    good.ack().await;
    Ok(())
}

#[tokio::test]
async fn fault_51_a_message_that_is_put_back_for_ever_becomes_a_dead_letter() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let (publisher, mut till) = both(&vhost).await?;
    assert_eq!(publisher.publish(notify("p"), SOON).await, Ok(()), "confirmed");
    let mut times = 0;
    while let Ok(delivery) = timeout(Duration::from_secs(1), till.next()).await {
        times += 1;
        assert!(times <= 21, "the broker puts an end to it");
        delivery.put_back().await;
    }
    assert_eq!(times, 21, "the first time and twenty more");
    let [letter] = &dead(&vhost, 1).await?[..] else {
        anyhow::bail!("one dead letter")
    };
    assert_eq!(
        letter.properties["headers"]["x-death"][0]["reason"],
        json!("delivery_limit"),
        "the broker's own reason"
    );
    Ok(())
}

#[tokio::test]
async fn fault_52_a_dead_letter_without_a_queue_for_it_is_kept_until_there_is_one() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    drop(both(&vhost).await?);
    // May not mend the hole.
    let rights = Rights {
        configure: "",
        ..Rights::ALL
    };
    let url = vhost.user(&format!("{}-till", vhost.name()), rights).await?;
    let mut till = Subscription::start(address_of(&url), "a till", &route(), 8);
    up(till.health()).await?;
    let body = serde_json::to_vec(&notify("n").fields)?;
    let properties = json!({ "type": "wechat.notify", "message_id": "n", "delivery_mode": 2 });
    vhost
        .publish(topology::NOTIFY, ROUTING_KEY, &body, properties)
        .await?;
    let delivery = next(&mut till).await?;
    vhost.delete_queue(topology::DEAD).await?;
    assert_eq!(
        delivery.dead_letter("no use here").await,
        Settled::Told,
        "the copy can't be made, the reject can"
    );
    assert!(
        timeout(Duration::from_secs(2), till.next()).await.is_err(),
        "it does not come back to the till"
    );
    assert_eq!(
        vhost.depth(TILL_QUEUE).await?.0,
        0,
        "and does not wait for a reader any more"
    );
    let operator = publisher(&vhost).await?;
    let [letter] = &dead(&vhost, 1).await?[..] else {
        anyhow::bail!("one dead letter")
    };
    assert_eq!(
        (
            &letter.body,
            &letter.properties["headers"]["x-death"][0]["reason"]
        ),
        (&body, &json!("rejected")),
        "the broker had kept it, and brings it as soon as there is a queue again"
    );
    drop(operator);
    Ok(())
}

#[tokio::test]
async fn fault_48_a_deleted_queue_is_made_and_read_again() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let (publisher, mut till) = both(&vhost).await?;
    vhost.delete_queue(TILL_QUEUE).await?;
    // First unrouted, then in the new queue.
    let arrived = until("a message to arrive again", PATIENCE, async || {
        publisher.publish(notify("n"), SOON).await?;
        let delivery = timeout(Duration::from_millis(100), till.next()).await;
        Ok(delivery.ok())
    })
    .await?;
    assert_eq!(arrived.message_id, "n", "by the new queue");
    arrived.ack().await;
    Ok(())
}

#[tokio::test]
async fn fault_48_closed_connections_come_back_by_themselves() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let (publisher, mut till) = both(&vhost).await?;
    assert_eq!(
        publisher.publish(notify("before"), SOON).await,
        Ok(()),
        "confirmed"
    );
    let in_hand = next(&mut till).await?;
    let mut names = vhost.connections().await?;
    names.sort_unstable();
    assert_eq!(
        names,
        ["a relay", "a till"],
        "one connection each, by its name: an operator can tell them apart"
    );
    for name in ["a relay", "a till"] {
        assert_eq!(vhost.close_connections(name).await?, 1, "closed by an operator");
    }
    let again = next(&mut till).await?;
    assert_eq!(
        (again.message_id.as_str(), again.redelivered),
        ("before", true),
        "what was in hand comes again"
    );
    assert_eq!(in_hand.ack().await, Settled::ComesAgain, "and was not settled");
    again.ack().await;
    up(publisher.health()).await?;
    assert_eq!(publisher.publish(notify("after"), SOON).await, Ok(()), "and back");
    assert_eq!(next(&mut till).await?.message_id, "after", "both ways");
    Ok(())
}

#[tokio::test]
async fn fault_48_a_channel_that_the_broker_closes_is_replaced() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let (publisher, mut till) = both(&vhost).await?;
    let mut health = publisher.health();
    health.mark_unchanged();
    vhost.delete_exchange(topology::NOTIFY).await?;
    assert_ne!(
        publisher.publish(notify("lost"), SOON).await,
        Ok(()),
        "the broker closes the channel over it"
    );
    publish_at_last(&publisher, notify("unrouted")).await?;
    assert!(
        !health.has_changed()?,
        "the exchange is made again and the channel opened again, on the same connection"
    );
    // The till's binding went with the exchange; its next connection brings it back.
    assert_eq!(vhost.close_connections("a till").await?, 1, "one connection");
    let arrived = until("a message to arrive again", PATIENCE, async || {
        publisher.publish(notify("n"), SOON).await?;
        Ok(timeout(Duration::from_millis(100), till.next()).await.ok())
    })
    .await?;
    assert_eq!(arrived.message_id, "n", "routed again");
    Ok(())
}
