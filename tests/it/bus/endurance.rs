//! What only shows after many times: failures in a row, and callers that hang up.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use futures_util::FutureExt as _;
use notify_bus::{Address, Health, NotConfirmed, Publisher, PublisherLimits};
use scantill_tests::broker::Broker;
use scantill_tests::proxy::Proxy;

use super::desk::{LIMITS, SOON, TILL_QUEUE, address_of, notify, subscription, up};

/// Says where to publish, to the process that does it for a test.
const PUBLISH_TO: &str = "SCANTILL_TEST_PUBLISHES_TO";
const WARM_UP: u32 = 20_000;
const MESSAGES: u32 = 200_000;
/// A confirm that nobody awaits may take longer on a busy machine than a caller would wait.
const CONFIRMED_WITHIN: Duration = Duration::from_mins(1);

#[tokio::test]
async fn fault_56_after_hours_of_failures_it_still_tries() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    let proxy = Proxy::before(vhost.broker().port()).await?;
    proxy.accept(false);
    let publisher = Publisher::start(address_of(&vhost.amqp_url_at(proxy.port())), "a relay", LIMITS);
    // Every pause and patience passes at once; the refused connections are real.
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    while start.elapsed() < Duration::from_hours(2) {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    assert!(
        matches!(*publisher.health().borrow(), Health::Down(_)),
        "nobody was there"
    );
    let refused = proxy.refused();
    assert!(
        refused > 100,
        "far more often than lapin's own sixteen times: {refused}"
    );
    tokio::time::resume();
    proxy.accept(true);
    up(publisher.health()).await?;
    assert_eq!(
        publisher.publish(notify("n"), SOON).await,
        Ok(()),
        "as if nothing had been"
    );
    Ok(())
}

/// In a process that is not told where to publish this does nothing.
#[tokio::test(flavor = "multi_thread")]
async fn publishes_for_callers_that_hang_up() -> anyhow::Result<()> {
    let Some(url) = std::env::var_os(PUBLISH_TO) else {
        return Ok(());
    };
    let url = url.into_string().ok().context("an address")?;
    let limits = PublisherLimits {
        channels: 4,
        in_flight: 512,
    };
    // With the usual heartbeat: on a busy machine the broker may be silent for two seconds, and no fault is meant here.
    let address = Address::parse(&url)?;
    let publisher = Publisher::start(address, "a relay", limits);
    up(publisher.health()).await?;
    let (mut sent, mut hung_up) = (0, 0);
    for phase in [WARM_UP, MESSAGES] {
        while sent < phase {
            match publisher.publish(notify(sent), CONFIRMED_WITHIN).now_or_never() {
                // Hung up while the confirm was pending.
                None => {
                    sent += 1;
                    hung_up += 1;
                }
                // This thread lost the processor after the message was handed over; the confirm was there when it went on.
                Some(Ok(())) => sent += 1,
                Some(Err(refused)) => {
                    assert_eq!(refused, NotConfirmed::Full, "told at once: there was no room");
                    publisher.drain().await;
                }
            }
        }
        assert!(
            hung_up > sent / 2,
            "it is about callers that hang up, and {hung_up} of {sent} did"
        );
        publisher.drain().await;
        println!("\nresident after {sent}: {}", resident_kib()?);
    }
    Ok(())
}

fn resident_kib() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("a line about memory")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}

#[tokio::test]
async fn fault_47_callers_that_hang_up_leave_nothing_behind() -> anyhow::Result<()> {
    let vhost = Broker::shared().await?.vhost().await?;
    drop(subscription(&vhost).await?);
    let url = vhost.amqp_url();
    let said = tokio::task::spawn_blocking(move || -> anyhow::Result<Vec<u64>> {
        let mut process = Command::new(std::env::current_exe()?)
            .args([
                "bus::endurance::publishes_for_callers_that_hang_up",
                "--exact",
                "--nocapture",
            ])
            .env(PUBLISH_TO, url)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(process.stdout.take().context("piped")?).lines();
        let told = lines.map_while(Result::ok).filter_map(|line| {
            let (_, kib) = line.strip_prefix("resident after ")?.split_once(": ")?;
            kib.parse().ok()
        });
        let told = told.collect();
        anyhow::ensure!(process.wait()?.success(), "it failed");
        Ok(told)
    })
    .await??;
    let [warm, end] = said[..] else {
        anyhow::bail!("two figures, not {said:?}")
    };
    let (kept, _) = vhost.depth(TILL_QUEUE).await?;
    assert_eq!(
        kept, MESSAGES,
        "each was sent and confirmed, whoever had waited for it"
    );
    vhost.delete_queue(TILL_QUEUE).await?;
    // lapin alone keeps some hundred bytes for each confirm that nobody awaits.
    let grown = end.saturating_sub(warm);
    assert!(
        grown < 8 * 1024,
        "{grown} KiB more after {} further messages: {warm} to {end}",
        MESSAGES - WARM_UP
    );
    Ok(())
}
