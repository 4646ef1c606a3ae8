//! The relay's end, asked for or not.

use std::time::Duration;

use scantill_tests::broker::{Broker, VirtualHost};
use scantill_tests::caller::{Answer, Caller, request};
use scantill_tests::proxy::Proxy;
use scantill_tests::relay::{NOTIFY_PATH, Relay, Setup, notify};
use scantill_tests::wait::{PATIENCE, until};
use tokio::time::Instant;

use super::{UNROUTED, program, relay};

/// A relay whose broker is behind a wire.
async fn behind_a_wire() -> anyhow::Result<(Relay, VirtualHost, Proxy)> {
    let vhost = Broker::shared().await?.vhost().await?;
    let wire = Proxy::before(vhost.broker().port()).await?;
    let relay = Setup::new(program(), &vhost.amqp_url_at(wire.port())).start()?;
    relay.until_ready(true).await?;
    Ok((relay, vhost, wire))
}

async fn in_flight(relay: &Relay, count: u64) -> anyhow::Result<()> {
    until("notifies on their way to the broker", PATIENCE, async || {
        Ok((relay.counted("scantill_relay_in_flight").await? == count).then_some(()))
    })
    .await
}

#[tokio::test]
async fn asked_to_stop_it_finishes_what_is_in_flight() -> anyhow::Result<()> {
    let (mut relay, vhost, wire) = behind_a_wire().await?;
    let mut idle = Caller::to(relay.address()).await?;
    assert!(
        idle.post(NOTIFY_PATH, notify("T01-0").as_bytes())
            .await?
            .is_success(),
        "a connection that is kept open afterwards"
    );
    wire.stop_forwarding();
    let mut waiting = Vec::new();
    for number in 1..=5 {
        let mut caller = Caller::to(relay.address()).await?;
        let body = notify(&format!("T01-{number}"));
        caller.send(&request(NOTIFY_PATH, body.as_bytes())).await?;
        waiting.push(caller);
    }
    in_flight(&relay, 5).await?;
    relay.terminate()?;
    idle.rest().await?;
    assert!(
        until("new connections to be refused", PATIENCE, async || {
            Ok(Caller::to(relay.address()).await.is_err().then_some(()))
        })
        .await
        .is_ok(),
        "nobody is let in any more"
    );
    assert!(relay.is_running(), "it waits for the broker's confirms");
    wire.forward();
    for mut caller in waiting {
        let answer = caller.answer().await?;
        assert!(
            answer.is_success(),
            "who was in flight gets his SUCCESS: {answer:?}"
        );
        assert!(answer.head.contains("connection: close"), "and then the end");
    }
    assert!(relay.ended().await?.success(), "it ends well");
    assert_eq!(vhost.depth(UNROUTED).await?.0, 6, "all of it is in the queue");
    Ok(())
}

#[tokio::test]
async fn asked_to_stop_it_does_not_wait_for_ever() -> anyhow::Result<()> {
    let (mut relay, _vhost, wire) = behind_a_wire().await?;
    wire.stop_forwarding();
    let mut caller = Caller::to(relay.address()).await?;
    caller
        .send(&request(NOTIFY_PATH, notify("T01-1").as_bytes()))
        .await?;
    in_flight(&relay, 1).await?;
    let asked = Instant::now();
    relay.terminate()?;
    assert!(
        caller.answer().await?.is_fail(),
        "no confirm came in three seconds"
    );
    assert!(relay.ended().await?.success(), "it ends well all the same");
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(9), "in time: {took:?}");
    Ok(())
}

/// Dies at `kill` while it handles one notify, then a fresh one is asked again as WeChat does. How often the notify lies
/// in the queue after the first, and whether that was answered.
async fn killed_at(kill: &'static str) -> anyhow::Result<(u32, bool)> {
    let vhost = Broker::shared().await?.vhost().await?;
    let setup = Setup::new(program(), &vhost.amqp_url());
    let mut dying = setup.clone().kill_at(kill).start()?;
    // Not by its pages: their answers would pass the failpoints too.
    until("the broker", PATIENCE, async || {
        Ok(dying.log().contains("connected to the broker").then_some(()))
    })
    .await?;
    let body = notify("T01-1");
    let answered = match dying.post(&body).await {
        Ok(answer) => {
            assert!(
                answer.is_success(),
                "{kill}: an answer is the right one or none: {answer:?}"
            );
            true
        }
        Err(_) => false,
    };
    assert!(!dying.ended().await?.success(), "{kill}: it was killed");
    let (queued, _) = vhost.depth(UNROUTED).await?;
    assert!(
        !answered || queued == 1,
        "{kill}: what was answered SUCCESS lies in the queue"
    );
    let next = setup.start()?;
    next.until_ready(true).await?;
    assert!(
        next.post(&body).await?.is_success(),
        "{kill}: WeChat sends again, and it is taken"
    );
    let letters = vhost.take(UNROUTED, 10).await?;
    assert_eq!(
        letters.len(),
        usize::try_from(queued)? + 1,
        "{kill}: never none, at most once more"
    );
    assert!(
        letters.iter().all(|letter| letter.body == letters[0].body),
        "{kill}: all of them the same news"
    );
    Ok((queued, answered))
}

#[tokio::test]
async fn fault_42_killed_before_publishing_nothing_was_promised() -> anyhow::Result<()> {
    assert_eq!(
        killed_at("relay.before_publish:1").await?,
        (0, false),
        "not sent, not answered"
    );
    Ok(())
}

#[tokio::test]
async fn fault_42_killed_after_publishing_nothing_was_promised() -> anyhow::Result<()> {
    let (mut dying, vhost, wire) = behind_a_wire().await?;
    // The broker's confirm does not come back.
    wire.hold_answers();
    let body = notify("T01-1");
    let mut caller = Caller::to(dying.address()).await?;
    caller.send(&request(NOTIFY_PATH, body.as_bytes())).await?;
    until("the broker to have it", PATIENCE, async || {
        Ok((vhost.depth(UNROUTED).await?.0 == 1).then_some(()))
    })
    .await?;
    dying.kill()?;
    let answer = caller.answer().await;
    assert!(
        !answer.as_ref().is_ok_and(Answer::is_success),
        "it lies in the queue, and nobody was told so: {answer:?}"
    );
    assert!(!dying.ended().await?.success(), "it was killed");
    let next = Setup::new(program(), &vhost.amqp_url()).start()?;
    next.until_ready(true).await?;
    assert!(
        next.post(&body).await?.is_success(),
        "WeChat sends again, and it is taken"
    );
    let letters = vhost.take(UNROUTED, 10).await?;
    assert_eq!(letters.len(), 2, "once more, which the till makes harmless");
    assert_eq!(letters[0].body, letters[1].body, "both of them the same news");
    Ok(())
}

#[tokio::test]
async fn fault_42_killed_after_the_confirm_the_message_lies_there() -> anyhow::Result<()> {
    assert_eq!(
        killed_at("relay.after_confirm:1").await?,
        (1, false),
        "kept, and sent again for want of an answer"
    );
    Ok(())
}

#[tokio::test]
async fn fault_42_killed_after_the_reply_the_promise_holds() -> anyhow::Result<()> {
    assert_eq!(
        killed_at("relay.after_reply:1").await?,
        (1, true),
        "told, and kept"
    );
    Ok(())
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_promised() -> anyhow::Result<()> {
    let (relay, vhost) = relay().await?;
    let address = relay.address();
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..8 {
        senders.spawn(async move {
            let mut promised = 0;
            let Ok(mut caller) = Caller::to(address).await else {
                return promised;
            };
            for number in 0.. {
                let body = notify(&format!("T01-{sender}-{number}"));
                match caller.post(NOTIFY_PATH, body.as_bytes()).await {
                    Ok(answer) if answer.is_success() => promised += 1,
                    Ok(_) | Err(_) => break,
                }
            }
            promised
        });
    }
    until("it to be at work", PATIENCE, async || {
        let published = relay
            .counted("scantill_relay_published_total{kind=\"payment\"}")
            .await?;
        Ok((published >= 100).then_some(()))
    })
    .await?;
    relay.kill()?;
    let mut promised: u32 = 0;
    while let Some(count) = senders.join_next().await {
        promised += count?;
    }
    let (queued, _) = vhost.depth(UNROUTED).await?;
    assert!(promised >= 90, "it was at work: {promised}");
    assert!(
        (promised..=promised + 8).contains(&queued),
        "all that was promised, and at most what was on its way: {promised} and {queued}"
    );
    Ok(())
}
