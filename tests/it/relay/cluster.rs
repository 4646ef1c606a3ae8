//! Three nodes of RabbitMQ, as docs/relay.md has them, one of which dies.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};
use notify_bus::{Address, Health, Route, Subscription, topology};
use scantill_tests::broker::Cluster;
use scantill_tests::counter::MCH_ID;
use scantill_tests::relay::{Setup, notify};
use scantill_tests::wait::{PATIENCE, until};
use tokio::time::timeout;

use super::program;

const NOTIFIES: usize = 200;

async fn till(url: &str, route: &Route) -> anyhow::Result<Subscription> {
    let till = Subscription::start(Address::parse(url)?, "till", route, 8);
    let mut health = till.health();
    timeout(PATIENCE, health.wait_for(|health| *health == Health::Up)).await??;
    Ok(till)
}

#[tokio::test]
async fn fault_58_a_till_s_queue_whose_leader_dies_keeps_every_confirmed_notify() -> anyhow::Result<()> {
    let cluster = Cluster::start().await?;
    let vhost = cluster.vhost().await?;
    let url = cluster.amqp_url(&vhost);
    let route = Route::new(MCH_ID, "T01")?;
    let queue = topology::till_queue(&route);
    // It has made its queue and is switched off.
    drop(till(&url, &route).await?);
    assert_eq!(
        cluster.members(&vhost, &queue).await?,
        3,
        "the queue is on each node"
    );
    let setup = Setup::new(program(), &url);
    let relay = setup.start()?;
    relay.until_ready(true).await?;
    let answers = stream::iter(0..NOTIFIES)
        .map(|nth| {
            let relay = &relay;
            async move { relay.post(notify(&format!("T01-{nth}"))).await }
        })
        .buffer_unordered(16)
        .collect::<Vec<_>>();
    for answer in answers.await {
        let answer = answer?;
        assert!(
            answer.is_success(),
            "with three nodes each is confirmed: {answer:?}"
        );
    }

    let mut till = till(&url, &route).await?;
    let mut came = BTreeSet::new();
    for _ in 0..10 {
        let message = timeout(PATIENCE, till.next()).await?;
        came.insert(message.message_id.clone());
        message.ack().await;
    }
    cluster.kill_leader(&vhost, &queue).await?;
    until(
        "a notify to be taken by the nodes that are left",
        PATIENCE,
        async || Ok(relay.post(notify("T01-after")).await?.is_success().then_some(())),
    )
    .await?;
    let check = setup.check()?;
    let said = String::from_utf8_lossy(&check.stdout);
    assert!(
        check.status.success() && said.contains("the relay goes to the others"),
        "--check is content with two nodes, and names the third: {check:?}"
    );
    while came.len() <= NOTIFIES {
        let message = timeout(PATIENCE, till.next()).await;
        let Ok(message) = message else {
            panic!("{} of {} came after one node died", came.len(), NOTIFIES + 1);
        };
        came.insert(message.message_id.clone());
        message.ack().await;
    }
    for order in (0..NOTIFIES)
        .map(|nth| nth.to_string())
        .chain(["after".to_owned()])
    {
        assert!(
            came.contains(&format!("4200-T01-{order}")),
            "answered SUCCESS, and never came: {order}"
        );
    }
    Ok(())
}
