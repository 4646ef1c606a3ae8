//! Good notifies' times while a thousand connections stall and forged notifies pour in, against the same without them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use scantill_tests::broker::VirtualHost;
use scantill_tests::caller::{Caller, request};
use scantill_tests::relay::{NOTIFY_PATH, forged, notify};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use super::callers::{Letters, at_a_rate};
use crate::cost::percentile;
use crate::scale::Scale;
use crate::table::{Goal, Row, Unit};

/// Connections that send a byte of their headers a second.
const STALLERS: u32 = 1_000;
/// Forged notifies a second, from this many connections. More would measure how the machine divides its two cores between
/// the sender of the flood and everybody else.
const FLOOD: u32 = 2_000;
const FLOODERS: u32 = 20;
/// Good notifies a second, and their connections.
const GOOD: f64 = 200.0;
const GOOD_CONNECTIONS: usize = 16;
const TURN: Duration = Duration::from_secs(5);
/// For the attack to begin, and to be over.
const BETWEEN: Duration = Duration::from_secs(2);

pub(super) async fn measure(vhost: &VirtualHost, scale: Scale) -> anyhow::Result<Vec<Row>> {
    let relay = super::relay(vhost, "")?;
    relay.until_ready(true).await?;
    let address = relay.address();
    let letters = Arc::new(Letters::new(
        (0..1_000).map(|number| notify(&format!("T01-{number}"))),
    ));
    // Known from the first one on.
    at_a_rate(address, &letters, 1, GOOD, Duration::from_secs(1)).await?;

    let (mut quiet, mut attacked) = (Vec::new(), Vec::new());
    let (mut held, mut forgeries) = (u64::MAX, 0);
    let rounds = scale.of(5, 1);
    for _ in 0..rounds {
        quiet.extend(at_a_rate(address, &letters, GOOD_CONNECTIONS, GOOD, TURN).await?);
        let attack = Attack::begin(address);
        sleep(BETWEEN).await;
        let before = attack.forgeries();
        attacked.extend(at_a_rate(address, &letters, GOOD_CONNECTIONS, GOOD, TURN).await?);
        forgeries += attack.forgeries() - before;
        held = held.min(relay.counted("scantill_relay_connections").await?);
        attack.end().await;
        sleep(BETWEEN).await;
    }
    let flood = f64::from(forgeries) / (f64::from(rounds) * TURN.as_secs_f64());
    let row = |percent| {
        Row::plain(
            format!("good notifies' p{percent} under attack, 200/s"),
            percentile(&attacked, percent),
            Unit::Seconds,
        )
        .against(percentile(&quiet, percent), "the same without the attack")
    };
    Ok(vec![
        row(99).goal(Goal::RatioAtMost(2.0)),
        row(50),
        Row::plain("  connections held meanwhile, at least", held as f64, Unit::Count),
        Row::plain("  forged notifies sent meanwhile", flood, Unit::PerSecond),
        Row::plain(
            "  memory of the relay meanwhile, at most",
            relay.memory_most()? as f64,
            Unit::Bytes,
        ),
    ])
}

struct Attack {
    tasks: JoinSet<()>,
    over: Arc<AtomicBool>,
    forgeries: Arc<AtomicU32>,
}

impl Attack {
    fn begin(relay: SocketAddr) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let forgeries = Arc::new(AtomicU32::new(0));
        let mut tasks = JoinSet::new();
        for number in 0..STALLERS {
            tasks.spawn(stall(address(20, number % 50), relay, Arc::clone(&over)));
        }
        for number in 0..FLOODERS {
            tasks.spawn(flood(
                address(21, number),
                relay,
                Arc::clone(&over),
                Arc::clone(&forgeries),
            ));
        }
        Self {
            tasks,
            over,
            forgeries,
        }
    }

    fn forgeries(&self) -> u32 {
        self.forgeries.load(Ordering::Relaxed)
    }

    async fn end(mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.tasks.shutdown().await;
    }
}

/// One of this machine's own addresses, for a sender.
fn address(third: u8, number: u32) -> Ipv4Addr {
    let [.., last] = (number + 1).to_be_bytes();
    Ipv4Addr::new(127, 0, third, last)
}

/// A byte of headers a second, again and again from the start when it is cut.
async fn stall(own: Ipv4Addr, relay: SocketAddr, over: Arc<AtomicBool>) {
    let whole = request(NOTIFY_PATH, b"x");
    while !over.load(Ordering::Relaxed) {
        match Caller::from(own, relay).await {
            Ok(mut caller) => caller.drip(&whole, Duration::from_secs(1)).await,
            Err(_) => sleep(Duration::from_millis(200)).await,
        }
    }
}

/// Its part of the flood; comes again when it is turned away.
async fn flood(own: Ipv4Addr, relay: SocketAddr, over: Arc<AtomicBool>, sent: Arc<AtomicU32>) {
    let whole = request(NOTIFY_PATH, forged("T01-1").as_bytes());
    let mut ticks = interval(Duration::from_secs(1) * FLOODERS / FLOOD);
    let mut caller = None;
    while !over.load(Ordering::Relaxed) {
        ticks.tick().await;
        let mut connection = match caller.take() {
            Some(connection) => connection,
            None => match Caller::from(own, relay).await {
                Ok(connection) => connection,
                Err(_) => continue,
            },
        };
        if connection.send(&whole).await.is_ok() {
            sent.fetch_add(1, Ordering::Relaxed);
            if connection.answer().await.is_ok_and(|answer| answer.status == 200) {
                caller = Some(connection);
            }
        }
    }
}
