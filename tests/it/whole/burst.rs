//! The broker is killed while two thousand notifies are on their way through the relay.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use scantill_tests::broker::Broker;
use scantill_tests::counter::MCH_ID;
use scantill_tests::relay::{Setup, notify};
use scantill_tests::wait::{PATIENCE, until};
use scantill_tests::whole::{built, notify_url};
use tokio::task::JoinSet;

const NOTIFIES: u32 = 2_000;
/// Notifies on their way at once.
const SENDERS: u32 = 64;
/// When so many have been answered, the broker dies.
const KILL_AFTER: usize = 600;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_41_every_notify_that_was_answered_success_is_in_the_queue_though_the_broker_was_killed()
-> anyhow::Result<()> {
    let broker = Broker::own().await?;
    let vhost = broker.vhost().await?;
    // No till has ever come: the relay's notifies wait with the unrouted ones.
    let relay = Setup::new(&built("scantill-relay")?, &vhost.amqp_url()).start()?;
    relay.until_ready(true).await?;

    let bodies: Arc<[String]> = (0..NOTIFIES).map(|nth| notify(&number(nth))).collect();
    let http = reqwest::Client::new();
    let answered = Arc::new(AtomicUsize::new(0));
    let mut senders = JoinSet::new();
    for first in 0..SENDERS {
        let (http, url, bodies, answered) =
            (http.clone(), notify_url(&relay), bodies.clone(), answered.clone());
        senders.spawn(async move {
            let mut taken = Vec::new();
            for nth in (first..NOTIFIES).step_by(SENDERS as usize) {
                let sent = http.post(&url).body(bodies[nth as usize].clone()).send().await?;
                if sent.text().await?.contains("SUCCESS") {
                    taken.push(nth);
                }
                answered.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(taken)
        });
    }
    until("the burst to be under way", PATIENCE, async || {
        Ok((answered.load(Ordering::Relaxed) >= KILL_AFTER).then_some(()))
    })
    .await?;
    broker.kill()?;
    let mut taken = BTreeSet::new();
    while let Some(sender) = senders.join_next().await {
        taken.extend(sender??.into_iter().map(number));
    }
    assert!(
        taken.len() >= KILL_AFTER / 2 && taken.len() < NOTIFIES as usize,
        "the broker died in the middle: {} of {NOTIFIES} were taken over",
        taken.len()
    );

    broker.start().await?;
    let (waiting, _) = vhost.depth("scantill.unrouted").await?;
    let mut kept = BTreeSet::new();
    for letter in vhost.take("scantill.unrouted", waiting).await? {
        assert_eq!(
            letter.routing_key,
            format!("{MCH_ID}.T01"),
            "the way to the till stays with the message"
        );
        kept.insert(
            letter.json()?["out_trade_no"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        );
    }
    let lost: Vec<_> = taken.difference(&kept).collect();
    assert!(
        lost.is_empty(),
        "WeChat was told SUCCESS and will never send these again, and the broker has them not: {lost:?}"
    );

    // Whatever was answered FAIL is sent again, and this time it is taken.
    relay.until_ready(true).await?;
    let again = (0..NOTIFIES).find(|&nth| !taken.contains(&number(nth)));
    let answer = relay.post(&bodies[again.unwrap_or_default() as usize]).await?;
    assert!(
        answer.is_success(),
        "the relay finds the broker again by itself and takes over what it had to refuse"
    );
    Ok(())
}

fn number(nth: u32) -> String {
    format!("T01-261123-{nth:06}-K3Q9")
}
