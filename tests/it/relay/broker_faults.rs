//! The broker down, frozen, alarmed, or without rights for us; and senders who do not wait for it.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context;
use notify_bus::{Address, Health, Route, Subscription, topology};
use scantill_tests::broker::{Broker, Rights};
use scantill_tests::caller::{Caller, request};
use scantill_tests::counter::MCH_ID;
use scantill_tests::proxy::Proxy;
use scantill_tests::relay::{NOTIFY_PATH, Relay, Setup, notify};
use scantill_tests::wait::{PATIENCE, until};
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::{UNROUTED, program, relay, relay_with};

/// Three seconds for the confirm, and what a loaded machine adds.
const ANSWER_MAX: Duration = Duration::from_millis(4_500);

/// Posts a notify again and again until it is taken, as WeChat does: the broker's connection may still be on its way back.
async fn until_taken(relay: &Relay, order: &str) -> anyhow::Result<()> {
    until("a notify to be taken", PATIENCE, async || {
        Ok(relay.post(notify(order)).await?.is_success().then_some(()))
    })
    .await
}

#[tokio::test]
async fn fault_40_without_a_broker_every_notify_is_answered_fail_until_it_comes() -> anyhow::Result<()> {
    let broker = Broker::own().await?;
    let vhost = broker.vhost().await?;
    broker.kill()?;
    let relay = Setup::new(program(), &vhost.amqp_url()).start()?;
    assert_eq!(
        relay.page("/healthz").await?.status,
        200,
        "it runs without a broker"
    );
    assert_eq!(
        relay.page("/readyz").await?.status,
        503,
        "and says that it is of no use"
    );
    let asked = Instant::now();
    assert!(
        relay.post(notify("T01-1")).await?.is_fail(),
        "WeChat is to send it again"
    );
    assert!(asked.elapsed() < ANSWER_MAX, "and hears so in time");
    let not_connected = "scantill_relay_unconfirmed_total{reason=\"not_connected\"}";
    assert_eq!(relay.counted(not_connected).await?, 1, "counted by its reason");
    broker.start().await?;
    relay.until_ready(true).await?;
    assert!(
        relay.post(notify("T01-1")).await?.is_success(),
        "sent again, it is taken"
    );
    assert_eq!(vhost.take(UNROUTED, 10).await?.len(), 1, "and lies there once");
    Ok(())
}

#[tokio::test]
async fn fault_44_what_a_full_queue_refuses_is_answered_fail() -> anyhow::Result<()> {
    let (relay, vhost) = relay().await?;
    let route = Route::new(MCH_ID, "T01")?;
    let till = Subscription::start(Address::parse(&vhost.amqp_url())?, "till", &route, 8);
    let mut health = till.health();
    timeout(PATIENCE, health.wait_for(|health| *health == Health::Up)).await??;
    // It has made its queue and is switched off.
    drop(till);
    vhost
        .set_policy("^scantill\\.till\\.", json!({ "max-length": 1 }))
        .await?;
    let (mut taken, mut refused) = (BTreeSet::new(), 0);
    for nth in 0..60 {
        let order = format!("T01-{nth}");
        let answer = relay.post(notify(&order)).await?;
        if answer.is_success() {
            taken.insert(format!("4200-{order}"));
        } else {
            assert!(answer.is_fail(), "one or the other: {answer:?}");
            refused += 1;
        }
    }
    assert!(refused > 30, "the queue was full: {refused} of 60 were refused");
    let counted = "scantill_relay_unconfirmed_total{reason=\"refused\"}";
    assert_eq!(relay.counted(counted).await?, refused, "an operator sees why");
    vhost.clear_policy().await?;
    until_taken(&relay, "T01-0").await?;
    let kept = vhost.take(&topology::till_queue(&route), 100).await?;
    let kept: BTreeSet<_> = kept
        .iter()
        .filter_map(|letter| letter.properties["message_id"].as_str().map(str::to_owned))
        .collect();
    let lost: Vec<_> = taken.difference(&kept).collect();
    assert!(lost.is_empty(), "answered SUCCESS and kept nowhere: {lost:?}");
    Ok(())
}

#[tokio::test]
async fn fault_45_what_no_queue_takes_is_answered_fail_until_there_is_one() -> anyhow::Result<()> {
    // Whatever is asked for, the log is not the place for what a notify holds.
    let (relay, vhost) = relay_with(|setup| setup.log("debug,lapin=trace")).await?;
    // No till has a queue yet, and now the one for that is gone too.
    vhost.delete_queue(UNROUTED).await?;
    assert!(
        relay.post(notify("T01-1")).await?.is_fail(),
        "the broker said yes and kept it nowhere"
    );
    let counted = "scantill_relay_unconfirmed_total{reason=\"returned\"}";
    assert_eq!(relay.counted(counted).await?, 1, "an operator sees why");
    until_taken(&relay, "T01-1").await?;
    let kept = vhost.take(UNROUTED, 10).await?;
    assert!(!kept.is_empty(), "sent again, it lies where the operator looks");
    let log = relay.log();
    assert!(
        log.contains("a message had no queue"),
        "the log tells that it came back: {log}"
    );
    for secret in ["4200-T01-1", "oUpF8uN95-Ptaags6E_roPHg7AG0"] {
        let bytes = format!("{:?}", secret.as_bytes());
        let bytes = bytes.trim_matches(['[', ']']);
        assert!(
            !log.contains(secret) && !log.contains(bytes),
            "nothing of a notify's body is in the log, as text or as bytes: {secret}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn fault_43_a_confirm_that_never_comes_is_a_fail_after_three_seconds() -> anyhow::Result<()> {
    let broker = Broker::own().await?;
    let vhost = broker.vhost().await?;
    let setup = Setup::new(program(), &vhost.amqp_url());
    let relay = setup.start()?;
    relay.until_ready(true).await?;

    broker.freeze()?;
    let asked = Instant::now();
    assert!(
        relay.post(notify("T01-1")).await?.is_fail(),
        "frozen: nobody confirms"
    );
    let took = asked.elapsed();
    assert!(
        (Duration::from_millis(2_900)..ANSWER_MAX).contains(&took),
        "WeChat waits five seconds, the relay three: {took:?}"
    );
    broker.thaw()?;
    until_taken(&relay, "T01-1")
        .await
        .context("thawed, it confirms")?;

    broker.alarm_memory().await?;
    let asked = Instant::now();
    assert!(
        relay.post(notify("T01-2")).await?.is_fail(),
        "out of memory: nothing is taken"
    );
    assert!(asked.elapsed() < ANSWER_MAX, "and WeChat hears so in time");
    relay.until_ready(false).await?;
    assert_eq!(
        relay.counted("scantill_relay_broker{state=\"blocked\"}").await?,
        1,
        "the operator sees why"
    );
    let check = setup.check()?;
    assert!(
        !check.status.success() && String::from_utf8_lossy(&check.stderr).contains("memory or disk"),
        "--check says so too: {check:?}"
    );
    broker.clear_alarms().await?;
    until_taken(&relay, "T01-2")
        .await
        .context("the alarm over, it is taken")?;
    let letters = vhost.take(UNROUTED, 10).await?;
    for order in ["4200-T01-1", "4200-T01-2"] {
        let lie = letters
            .iter()
            .filter(|letter| letter.properties["message_id"] == order)
            .count();
        assert!(
            lie >= 1,
            "{order}: what was answered SUCCESS lies there, perhaps more than once: {lie}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn fault_47_senders_who_hang_up_leave_nothing_behind() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let wire = Proxy::before(vhost.broker().port()).await?;
    let relay = Setup::new(program(), &vhost.amqp_url_at(wire.port()))
        .table("[limits]\nin_flight = 200\nconnections_per_sender = 1000")
        .start()?;
    relay.until_ready(true).await?;
    assert!(relay.post(notify("T01-0")).await?.is_success(), "it works");
    let before = relay.memory()?;
    wire.stop_forwarding();
    let mut waiting = Vec::new();
    for number in 1..=200 {
        let mut caller = Caller::to(relay.address()).await?;
        let body = notify(&format!("T01-{number}"));
        caller.send(&request(NOTIFY_PATH, body.as_bytes())).await?;
        waiting.push(caller);
    }
    until("two hundred to wait", PATIENCE, async || {
        let waiting = relay.counted("scantill_relay_in_flight").await?;
        Ok((waiting == 200).then_some(()))
    })
    .await?;
    for number in 201..=250 {
        let answer = relay.post(notify(&format!("T01-{number}"))).await?;
        assert_eq!(answer.status, 503, "only so many wait; the rest is to come again");
    }
    // They hang up, without an answer.
    drop(waiting);
    until("those who hung up to be given up", PATIENCE, async || {
        Ok((relay.counted("scantill_relay_in_flight").await? == 0).then_some(()))
    })
    .await?;
    assert_eq!(
        relay
            .counted("scantill_relay_unconfirmed_total{reason=\"no_confirm\"}")
            .await?,
        200,
        "each is counted, though nobody waited for it"
    );
    let grown = relay.memory()?.saturating_sub(before);
    assert!(grown < 32 * 1024 * 1024, "nothing piles up: {grown} bytes");
    wire.forward();
    until_taken(&relay, "T01-301").await
}

#[tokio::test]
async fn a_user_who_may_only_write_is_enough() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    // The operator, or the first relay with all rights, declares what there is.
    let owner = Setup::new(program(), &vhost.amqp_url());
    owner.start()?.until_ready(true).await?;
    let only_found = "may not declare the exchange scantill.unrouted, the queue scantill.unrouted";
    let check = owner.check()?;
    assert!(
        check.status.success() && !String::from_utf8_lossy(&check.stdout).contains("may not declare"),
        "declared again, all of it is as it should be: {check:?}"
    );
    let rights = Rights {
        configure: "",
        write: "^scantill\\.notify$",
        read: "",
    };
    let url = vhost.user(&format!("{}-relay", vhost.name()), rights).await?;
    let setup = Setup::new(program(), &url);
    let relay = setup.start()?;
    relay.until_ready(true).await?;
    assert!(
        relay.post(notify("T01-1")).await?.is_success(),
        "it may write, and needs no more"
    );
    let check = setup.check()?;
    assert!(check.status.success(), "and --check says so: {check:?}");
    assert!(
        String::from_utf8_lossy(&check.stdout).contains(only_found),
        "and also what it could not see: {check:?}"
    );
    Ok(())
}
