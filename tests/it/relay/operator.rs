//! What docs/relay.md has the operator do at the broker: it is enough, and it is the same as what the programs do themselves.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use notify_bus::{Address, Health, Route, Subscription, Trouble};
use scantill_tests::broker::{Broker, Rights, VirtualHost};
use scantill_tests::counter::MCH_ID;
use scantill_tests::relay::{Setup, notify};
use scantill_tests::wait::PATIENCE;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{UNROUTED, program};

fn tree() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(super) fn page() -> anyhow::Result<String> {
    Ok(fs::read_to_string(tree().join("docs/relay.md"))?)
}

fn definitions() -> anyhow::Result<Value> {
    Ok(serde_json::from_slice(&fs::read(
        tree().join("packaging/relay/definitions.json"),
    )?)?)
}

/// The rights that docs/relay.md gives to a user: three patterns in single quotes after its name.
fn rights_of(user: &str, page: &str) -> Vec<String> {
    let (_, rest) = page
        .split_once(&format!("set_permissions -p scantill {user}"))
        .unwrap_or(("", ""));
    rest.split('\'')
        .skip(1)
        .step_by(2)
        .take(3)
        .map(str::to_owned)
        .collect()
}

fn till(url: &str) -> anyhow::Result<Subscription> {
    Ok(Subscription::start(
        Address::parse(url)?,
        "till",
        &Route::new(MCH_ID, "T01")?,
        8,
    ))
}

/// Everything declared, without what the broker adds.
async fn declared(vhost: &VirtualHost) -> anyhow::Result<BTreeSet<String>> {
    let mut all = BTreeSet::new();
    for what in ["exchanges", "queues", "bindings"] {
        for found in vhost.list(what).await? {
            let name = found["name"].as_str().unwrap_or_default();
            let ours = |field: &str| {
                found[field]
                    .as_str()
                    .is_some_and(|text| text.starts_with("scantill."))
            };
            // A till's lock is there while its connection is.
            if (ours("name") || ours("source")) && !name.ends_with(".reader") {
                let parts = [
                    "type",
                    "durable",
                    "source",
                    "destination",
                    "routing_key",
                    "arguments",
                ];
                let said = parts.map(|part| found[part].to_string()).join(" ");
                all.insert(format!("{what} {name} {said}"));
            }
        }
    }
    Ok(all)
}

#[tokio::test]
async fn what_is_declared_beforehand_is_what_the_programs_would_declare() -> anyhow::Result<()> {
    let broker = Broker::shared().await?;
    let (by_hand, by_itself) = (broker.vhost().await?, broker.vhost().await?);
    by_hand.import(definitions()?).await?;
    let till = till(&by_itself.amqp_url())?;
    till.health().wait_for(|health| *health == Health::Up).await?;
    let declared_by_itself = declared(&by_itself).await?;
    assert!(
        declared_by_itself.len() >= 12,
        "there is something to compare: {declared_by_itself:?}"
    );
    assert_eq!(
        declared(&by_hand).await?,
        declared_by_itself,
        "packaging/relay/definitions.json is what notify-bus has"
    );
    Ok(())
}

#[tokio::test]
async fn the_rights_of_the_page_are_enough_and_no_more() -> anyhow::Result<()> {
    let page = page()?;
    let vhost = Broker::shared().await?.vhost().await?;
    vhost.import(definitions()?).await?;
    let user = async |user: &str| -> anyhow::Result<String> {
        let rights = rights_of(user, &page);
        let [configure, write, read] = rights.as_slice() else {
            anyhow::bail!("docs/relay.md gives no three rights to {user}: {rights:?}");
        };
        let rights = Rights {
            configure,
            write,
            read,
        };
        vhost.user(&format!("{}-{user}", vhost.name()), rights).await
    };
    let (relay_url, till_url) = (user("relay").await?, user("till-T01").await?);
    let setup = Setup::new(program(), &relay_url);
    let check = setup.check()?;
    assert!(
        check.status.success(),
        "--check is content with the relay's rights: {check:?}"
    );
    let relay = setup.start()?;
    relay.until_ready(true).await?;
    let mut ours = till(&till_url)?;
    ours.health().wait_for(|health| *health == Health::Up).await?;
    for order in ["T01-1", "T01-2"] {
        assert!(
            relay.post(notify(order)).await?.is_success(),
            "{order}: the relay may write"
        );
    }
    let delivery = ours.next().await;
    assert_eq!(delivery.message_id, "4200-T01-1", "the till may read");
    delivery.ack().await;
    ours.next().await.dead_letter("a test").await;
    let dead = vhost.take(notify_bus::topology::DEAD, 2).await?;
    assert_eq!(dead.len(), 1, "and put aside what it can't use");
    assert_eq!(dead[0].header("reason"), Some("a test"), "with the reason");

    drop(ours);
    let neighbour = Route::new(MCH_ID, "T02")?;
    let arguments = json!({ "x-queue-type": "quorum" });
    vhost
        .declare_queue(&notify_bus::topology::till_queue(&neighbour), arguments)
        .await?;
    for (who, reads) in [
        (
            "another till's queue",
            Subscription::start(Address::parse(&till_url)?, "till", &neighbour, 8),
        ),
        ("a till's queue, for the relay", till(&relay_url)?),
    ] {
        let mut health = reads.health();
        let forbidden = health.wait_for(|health| matches!(health, Health::Down(Trouble::Forbidden(_))));
        let settled = timeout(PATIENCE, forbidden).await;
        assert!(
            settled.is_ok(),
            "{who} is closed to it: {:?}",
            *reads.health().borrow()
        );
    }
    let as_till = Setup::new(program(), &till_url).check()?;
    assert!(
        !as_till.status.success(),
        "nor a till publish notifies: {as_till:?}"
    );
    assert_eq!(vhost.depth(UNROUTED).await?.0, 0, "nothing went astray");
    Ok(())
}

#[test]
fn the_example_configuration_is_read() -> anyhow::Result<()> {
    let text = fs::read_to_string(tree().join("packaging/relay/relay.toml"))?;
    let folder = tempfile::tempdir()?;
    fs::write(
        folder.path().join("amqp-url"),
        "amqps://relay:password@broker.example.com:5671/scantill\n",
    )?;
    fs::write(
        folder.path().join("api-key"),
        "0123456789abcdefghijKLMNOPQRSTUV\n",
    )?;
    let config = notify_relay::Config::parse(&text, folder.path(), &notify_relay::Variables::new())?;
    assert_eq!(config.listen.port(), 18_092, "as the page says");
    // What stands there as a comment is what counts when it is left out.
    let spelt_out = text.replace("# [limits]", "[limits]");
    let spelt_out: String = spelt_out
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest)
                if rest
                    .split_once(" = ")
                    .is_some_and(|(_, value)| value.starts_with(char::is_numeric)) =>
            {
                format!("{rest}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    let spelt_out = notify_relay::Config::parse(&spelt_out, folder.path(), &notify_relay::Variables::new())?;
    assert_eq!(
        spelt_out.limits, config.limits,
        "the limits in the example are the ones that hold"
    );
    Ok(())
}

#[tokio::test]
async fn a_broker_whose_authority_the_system_trusts_is_trusted() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let setup = Setup::new(program(), &vhost.amqps_url());
    let check = setup.check()?;
    let said = String::from_utf8_lossy(&check.stderr).into_owned();
    assert!(
        !check.status.success() && said.contains("UnknownIssuer"),
        "an authority of its own, that this system does not know: {check:?}"
    );
    // Where a system has its authorities is told to the programs by this variable, if not by the usual places.
    let trusting = setup.variable("SSL_CERT_FILE", vhost.broker().authority());
    let check = trusting.check()?;
    assert!(
        check.status.success(),
        "the same broker on a system that trusts its authority, without amqp_ca: {check:?}"
    );
    let relay = trusting.start()?;
    relay.until_ready(true).await?;
    assert!(
        relay.post(notify("T01-1")).await?.is_success(),
        "and a notify goes that way"
    );
    assert_eq!(vhost.take(UNROUTED, 10).await?.len(), 1, "to the end");
    Ok(())
}
