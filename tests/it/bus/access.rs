//! Who may come, and whom to trust: passwords, rights and certificates that are wrong or change while everything runs.

use std::path::PathBuf;

use notify_bus::{Address, Health, Publisher, Subscription, Trouble};
use scantill_tests::broker::{Broker, Rights};
use scantill_tests::proxy::Proxy;
use scantill_tests::wait::{PATIENCE, until};

use super::desk::{LIMITS, SOON, address, address_of, both, down, next, notify, publish_at_last, route, up};

fn is_login(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Login)
}

fn is_tls(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Tls(_))
}

#[tokio::test]
async fn fault_57_a_wrong_password_is_said_and_tried_again() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    vhost.change_password(vhost.name(), "another").await?;
    let publisher = Publisher::start(address(&vhost), "a relay", LIMITS);
    let trouble = down(publisher.health(), "a refused login", is_login).await?;
    assert_eq!(
        trouble.to_string(),
        "the broker refuses the user name, the password or the virtual host",
        "what to look at, and no password in it"
    );
    vhost.restore_password(vhost.name()).await?;
    up(publisher.health()).await?;
    assert_eq!(publisher.publish(notify(1), SOON).await, Ok(()), "as ever");

    let elsewhere = vhost.amqp_url().replace("/v", "/nowhere");
    let lost = Publisher::start(address_of(&elsewhere), "a relay", LIMITS);
    down(lost.health(), "a refused virtual host", is_login).await?;
    Ok(())
}

#[tokio::test]
async fn fault_57_a_password_changed_while_connected_counts_from_the_next_connection() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let (publisher, mut till) = both(&vhost).await?;
    vhost.change_password(vhost.name(), "another").await?;
    assert_eq!(
        publisher.publish(notify("before"), SOON).await,
        Ok(()),
        "who is in stays in"
    );
    next(&mut till).await?.ack().await;
    vhost.close_connections("a ").await?;
    down(publisher.health(), "a refused login", is_login).await?;
    down(till.health(), "a refused login", is_login).await?;
    vhost.restore_password(vhost.name()).await?;
    publish_at_last(&publisher, notify("after")).await?;
    assert_eq!(next(&mut till).await?.message_id, "after", "both are back");
    Ok(())
}

#[tokio::test]
async fn fault_57_revoked_rights_are_said_and_work_again_when_they_are_given_back() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    drop(both(&vhost).await?);
    let name = format!("{}-relay", vhost.name());
    let rights = Rights {
        write: "^scantill\\.notify$",
        ..Rights::NONE
    };
    let url = vhost.user(&name, rights).await?;
    let publisher = Publisher::start(address_of(&url), "a relay", LIMITS);
    up(publisher.health()).await?;
    assert_eq!(publisher.publish(notify(1), SOON).await, Ok(()), "it may");
    vhost.permit(&name, Rights::NONE).await?;
    let health = publisher.health();
    let trouble = until("the broker to refuse", PATIENCE, async || {
        let _ = publisher.publish(notify(2), SOON).await;
        Ok(match &*health.borrow() {
            Health::Down(trouble) => Some(trouble.clone()),
            Health::Starting | Health::Up | Health::Blocked => None,
        })
    })
    .await?;
    assert!(
        matches!(&trouble, Trouble::Forbidden(said) if said.contains("scantill.notify")),
        "which right is missing: {trouble:?}"
    );
    vhost.permit(&name, rights).await?;
    publish_at_last(&publisher, notify(3)).await
}

#[tokio::test]
async fn fault_57_only_the_given_authority_is_trusted_and_a_rotated_certificate_is_noticed()
-> anyhow::Result<()> {
    let broker = Broker::own().await?;
    let vhost = broker.vhost().await?;
    let folder = tempfile::tempdir()?;
    let trusted = folder.path().join("ca.pem");
    std::fs::copy(broker.authority(), &trusted)?;
    let secure = |ca: Option<&PathBuf>| -> anyhow::Result<Address> {
        let address = Address::parse(&format!("{}?heartbeat=1", vhost.amqps_url()))?;
        Ok(match ca {
            Some(ca) => address.with_ca(ca.clone()),
            None => address,
        })
    };
    let publisher = Publisher::start(secure(Some(&trusted))?, "a relay", LIMITS);
    up(publisher.health()).await?;
    let mut till = Subscription::start(secure(Some(&trusted))?, "a till", &route(), 8);
    up(till.health()).await?;
    assert_eq!(publisher.publish(notify("n"), SOON).await, Ok(()), "over TLS");
    next(&mut till).await?.ack().await;

    let stranger = Publisher::start(secure(None)?, "a stranger", LIMITS);
    let trouble = down(stranger.health(), "an untrusted certificate", is_tls).await?;
    assert!(
        trouble.to_string().contains("UnknownIssuer"),
        "the system's authorities did not sign it: {trouble}"
    );
    let plain = vhost
        .amqps_url()
        .replace(&broker.tls_port().to_string(), &broker.port().to_string());
    let plain = Address::parse(&plain)?.with_ca(trusted.clone());
    let plain = Publisher::start(plain, "a stranger", LIMITS);
    down(plain.health(), "a broker without TLS there", is_tls).await?;
    let missing = secure(Some(&folder.path().join("nothing.pem")))?;
    let missing = Publisher::start(missing, "a stranger", LIMITS);
    let trouble = down(missing.health(), "a missing file", is_tls).await?;
    assert!(
        trouble.to_string().contains("nothing.pem"),
        "which file: {trouble}"
    );

    broker.rotate_certificate().await?;
    assert_eq!(
        publisher.publish(notify("before"), SOON).await,
        Ok(()),
        "a connection keeps the certificate it began with"
    );
    vhost.close_connections("a relay").await?;
    down(publisher.health(), "the new certificate to be refused", is_tls).await?;
    std::fs::copy(broker.authority(), &trusted)?;
    publish_at_last(&publisher, notify("after")).await?;
    assert_eq!(
        next(&mut till).await?.message_id,
        "before",
        "nothing was lost meanwhile"
    );
    Ok(())
}

#[tokio::test]
async fn a_node_that_is_gone_is_left_for_the_next_of_the_list() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let port = vhost.broker().port();
    let nodes = [Proxy::before(port).await?, Proxy::before(port).await?];
    let places = format!("127.0.0.1:{},127.0.0.1:{}", nodes[0].port(), nodes[1].port());
    let url = vhost.amqp_url().replace(&format!("127.0.0.1:{port}"), &places);
    let publisher = Publisher::start(address_of(&url), "a relay", LIMITS);
    let mut till = Subscription::start(address_of(&url), "a till", &route(), 8);
    up(till.health()).await?;
    // Whichever of them they began at, and whichever they went to.
    for (gone, nth) in nodes.iter().chain(&nodes).zip(0..) {
        gone.accept(false);
        gone.cut();
        publish_at_last(&publisher, notify(nth)).await?;
        until("the till to read on", PATIENCE, async || {
            let came = next(&mut till).await?;
            let this = came.message_id == nth.to_string();
            came.ack().await;
            Ok(this.then_some(()))
        })
        .await?;
        gone.accept(true);
    }
    Ok(())
}
