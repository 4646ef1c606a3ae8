//! The callback service: notifies a second with confirms against its two halves done bare, and good notifies' times while
//! others attack.

mod attack;
mod callers;

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueuePurgeOptions};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use notify_bus::{Address, Health, Route, Subscription, topology};
use scantill_tests::broker::{Broker, VirtualHost};
use scantill_tests::counter::MCH_ID;
use scantill_tests::process::Owned;
use scantill_tests::relay::{NOTIFY_PATH, Relay, Setup, notify};
use scantill_tests::whole::built;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;
use wechat_pay::Fields;
use wechat_pay::pay_notify::{CAP, NotifyReply, notify_reply};

use crate::cost::{median, percentile};
use crate::scale::Scale;
use crate::table::{Goal, Row, Unit};
use callers::{Letters, as_fast_as_possible, at_a_rate};

/// On their way at once: of the relay's callers, of the bare publisher's messages, of the bare server's callers.
const WINDOW: usize = 64;
/// As many as the relay has.
const CHANNELS: usize = 4;
/// One turn of each; of several the middle one counts.
const TURN: Duration = Duration::from_secs(1);
/// Different notifies, signed beforehand: signing them is WeChat's work.
const NOTIFIES: usize = 5_000;

/// Measures both.
pub(crate) fn measure(scale: Scale) -> anyhow::Result<Vec<Row>> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let broker = Broker::start_new().await?;
        let vhost = broker.vhost().await?;
        declare_the_till(&vhost).await?;
        let mut rows = throughput(&vhost, scale).await?;
        rows.extend(attack::measure(&vhost, scale).await?);
        Ok(rows)
    })
}

/// Serves the relay's path with nothing behind it; the benchmark starts itself like this.
pub(crate) fn be_bare() -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let taken = notify_reply(NotifyReply::Taken);
        let router = Router::new().route(NOTIFY_PATH, post(async move |_body: Bytes| taken));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        Ok(axum::serve(listener, router).await?)
    })
}

/// The queue that everything goes to, as a till declares it.
async fn declare_the_till(vhost: &VirtualHost) -> anyhow::Result<()> {
    let till = Subscription::start(Address::parse(&vhost.amqp_url())?, "bench", &route()?, 1);
    till.health()
        .wait_for(|health| *health == Health::Up)
        .await
        .map(drop)?;
    Ok(())
}

fn route() -> anyhow::Result<Route> {
    Ok(Route::new(MCH_ID, "T01")?)
}

/// A relay, built for release, without a bound on what one sender may send.
fn relay(vhost: &VirtualHost, table: &str) -> anyhow::Result<Relay> {
    Setup::new(&built("scantill-relay")?, &vhost.amqp_url())
        .table(table)
        .quiet()
        .start()
}

async fn throughput(vhost: &VirtualHost, scale: Scale) -> anyhow::Result<Vec<Row>> {
    let relay = relay(
        vhost,
        "[limits]\nrequests_per_second = 1000000\nburst = 1000000\nconnections_per_sender = 1000",
    )?;
    relay.until_ready(true).await?;
    let at_rest = relay.memory()?;
    let (_bare_process, bare) = bare_server()?;
    let publisher = BarePublisher::open(vhost).await?;
    let letters = Arc::new(Letters::new(
        (0..NOTIFIES).map(|number| notify(&format!("T01-{number}"))),
    ));

    let (mut published, mut answered, mut relayed) = (Vec::new(), Vec::new(), Vec::new());
    // The first round warms everything up; it is not counted.
    for round in 0..=scale.of(9, 1) {
        let turn = [
            publisher.turn(&letters).await?,
            as_fast_as_possible(bare, &letters, WINDOW, TURN).await?,
            as_fast_as_possible(relay.address(), &letters, WINDOW, TURN).await?,
        ];
        publisher.purge().await?;
        if round > 0 {
            published.push(turn[0]);
            answered.push(turn[1]);
            relayed.push(turn[2]);
        }
    }
    let ideal: Vec<f64> = published
        .iter()
        .zip(&answered)
        .map(|(published, answered)| 1.0 / (1.0 / published + 1.0 / answered))
        .collect();
    let rate = median(&relayed);
    let long = Duration::from_secs(scale.of(10, 2));
    let times = at_a_rate(relay.address(), &letters, WINDOW, rate / 2.0, long).await?;
    publisher.purge().await?;
    let most = relay.memory_most()?;
    let per_second = |name: &str, rates: &[f64]| Row::plain(name, median(rates), Unit::PerSecond);
    Ok(vec![
        per_second(
            "relay: notifies answered SUCCESS, quorum queue, 64 at once",
            &relayed,
        )
        .against(median(&ideal), "1/(1/R1 + 1/R2)")
        .goal(Goal::RatioAtLeast(0.9)),
        per_second("  R1: bare lapin, confirmed, same window, same queue", &published),
        per_second("  R2: bare axum, answers 200", &answered),
        Row::plain(
            format!("  p50 at half of that rate ({:.0}/s)", rate / 2.0),
            percentile(&times, 50),
            Unit::Seconds,
        ),
        Row::plain(
            "  p99 at half of that rate",
            percentile(&times, 99),
            Unit::Seconds,
        ),
        Row::plain(
            "  memory of the relay under load, at most",
            most as f64,
            Unit::Bytes,
        )
        .against(at_rest as f64, "at rest"),
    ])
}

fn bare_server() -> anyhow::Result<(Owned, SocketAddr)> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--bare-server").stdout(Stdio::piped());
    let mut process = Owned::start(&mut command, "the bare server")?;
    let stdout = process.take_stdout().context("standard output was piped above")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    Ok((process, line.trim().parse()?))
}

/// What the relay does after verifying, with nothing around it.
struct BarePublisher {
    _connection: Connection,
    channels: Vec<Channel>,
}

impl BarePublisher {
    async fn open(vhost: &VirtualHost) -> anyhow::Result<Self> {
        let connection = Connection::connect(&vhost.amqp_url(), ConnectionProperties::default()).await?;
        let mut channels = Vec::new();
        for _ in 0..CHANNELS {
            let channel = connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            channels.push(channel);
        }
        Ok(Self {
            _connection: connection,
            channels,
        })
    }

    /// Confirmed messages a second.
    async fn turn(&self, letters: &Arc<Letters>) -> anyhow::Result<f64> {
        let key = route()?.to_string();
        let started = Instant::now();
        let mut workers = JoinSet::new();
        for worker in 0..WINDOW {
            let channel = self.channels[worker % CHANNELS].clone();
            let (letters, key) = (Arc::clone(letters), key.clone());
            workers.spawn(async move {
                let mut confirmed = 0_u32;
                while started.elapsed() < TURN {
                    let (body, message_id) = letters.next_message();
                    let properties = BasicProperties::default()
                        .with_delivery_mode(2)
                        .with_type("wechat.notify".into())
                        .with_message_id(message_id.as_str().into());
                    let options = BasicPublishOptions {
                        mandatory: true,
                        immediate: false,
                    };
                    let confirm = channel
                        .basic_publish(
                            topology::NOTIFY.into(),
                            key.as_str().into(),
                            options,
                            &body,
                            properties,
                        )
                        .await?
                        .await?;
                    anyhow::ensure!(
                        matches!(confirm, Confirmation::Ack(None)),
                        "not confirmed: {confirm:?}"
                    );
                    confirmed += 1;
                }
                Ok(confirmed)
            });
        }
        let mut sum = 0;
        while let Some(confirmed) = workers.join_next().await {
            sum += confirmed??;
        }
        Ok(f64::from(sum) / started.elapsed().as_secs_f64())
    }

    /// Empties the till's queue, so that every turn finds the same.
    async fn purge(&self) -> anyhow::Result<()> {
        let queue = topology::till_queue(&route()?);
        let purging = self.channels[0].queue_purge(queue.as_str().into(), QueuePurgeOptions::default());
        purging.await.map(drop)?;
        Ok(())
    }
}

/// The message that a notify becomes, as JSON.
fn message(notify: &str) -> (Vec<u8>, String) {
    let fields = Fields::from_xml(notify.as_bytes(), CAP).unwrap_or_default();
    let map: serde_json::Map<_, _> = fields
        .iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let id = fields.get("transaction_id").unwrap_or_default().to_owned();
    (serde_json::Value::Object(map).to_string().into_bytes(), id)
}
