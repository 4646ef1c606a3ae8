//! The callback service as a process of its own on a real broker: what it answers SUCCESS lies in a queue, everything else
//! is answered FAIL, and nobody can make it stop doing so.

mod broker_faults;
mod cluster;
mod config;
mod forged;
mod hostile;
mod load;
mod notifies;
mod operator;
mod pages;
mod proxies;
mod stop;

use std::path::Path;

use scantill_tests::broker::{Broker, VirtualHost};
use scantill_tests::relay::{Relay, Setup};

/// Where messages lie for which no till has a queue.
const UNROUTED: &str = notify_bus::topology::UNROUTED;

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_relay_under_test"))
}

/// A relay as it is unless told otherwise, ready, on a virtual host of its own.
async fn relay() -> anyhow::Result<(Relay, VirtualHost)> {
    relay_with(|setup| setup).await
}

/// The same with changes to its configuration.
async fn relay_with(change: impl FnOnce(Setup) -> Setup) -> anyhow::Result<(Relay, VirtualHost)> {
    let vhost = Broker::shared().await?.vhost().await?;
    let relay = change(Setup::new(program(), &vhost.amqp_url())).start()?;
    relay.until_ready(true).await?;
    Ok((relay, vhost))
}
