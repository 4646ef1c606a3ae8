//! A till that was away for a night: its queue at a real broker is full, and it takes everything in while its window is in
//! use.
//!
//! What lies there after a bad night: the till had lost its way to the broker in the afternoon and had found its payments by
//! asking, and the callback service's answers were lost on their way to WeChat, so that WeChat sent each notify sixteen times,
//! as often as it does. The first of them is news to the till and is kept with the order; the other fifteen find themselves in
//! the inbox. One in a hundred is about an order that is not in this ledger, as after a restored backup: a dead letter. All of
//! them are signed by the simulator, and published as the callback service publishes.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::SignedDuration;
use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};
use notify_bus::{Address, Health, Kind, Message, Publisher, PublisherLimits, Route, Subscription, topology};
use rusqlite::OpenFlags;
use scantill_tests::app::{App, Pane, Start};
use scantill_tests::broker::{Broker, VirtualHost};
use scantill_tests::counter::{API_KEY, APPID, MCH_ID, config, fast_folder, goods_csv};
use scantill_tests::network::{Network, Weather, later};
use scantill_tests::process::{Memory, memory};
use scantill_tests::relay::notify;
use scantill_tests::screen::Screen;
use scantill_tests::simulator::Gateway;
use scantill_tests::wait::{PATIENCE, until};
use scantill_tests::whole::write_private;
use serde::Deserialize;
use till_app::{Config, Database, Step, Till};
use till_core::ProductId;
use tokio::time::{Instant, sleep};
use wechat_pay::pay_notify::CAP;
use wechat_pay::{ApiKey, Client, Fields};
use wechat_pay_sim::{GatewayConfig, PayWith};

use crate::commits::real_time;
use crate::cost::percentile;
use crate::page;
use crate::scale::Scale;
use crate::table::{Goal, Row, Unit};

const LEDGER: &str = "scantill.db";
/// Not counted: never sold out.
const EGG: ProductId = ProductId(5);
/// WeChat's post and its fifteen repeats.
const POSTS: u32 = 16;
/// One message of so many is about an order that this ledger does not have.
const UNKNOWN_EVERY: u32 = 100;
/// Published, and not yet confirmed.
const ON_THE_WAY: usize = 500;
/// The window with nothing to take in.
const IDLE: Duration = Duration::from_secs(10);
/// However slow: a minute is the goal.
const DRAINED_MAX: Duration = Duration::from_mins(5);
/// The till tries to connect again within ten seconds.
const CONNECTED_MAX: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Notes the gaps between frames, and how long the cart takes to show an article after its tile was clicked, from now on.
const BEGIN: &str = r#"
    const bench = (window.bench = { runs: true, gaps: [], clicks: [] });
    const total = () => at('cart-total').textContent;
    const changes = (before) => new Promise((resolve) => {
        const look = new MutationObserver(() => {
            if (total() === before) return;
            look.disconnect();
            resolve();
        });
        look.observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await frame();
    let last = performance.now();
    const next = () => {
        const now = performance.now();
        bench.gaps.push(now - last);
        last = now;
        if (bench.runs) requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
    (async () => {
        while (bench.runs) {
            const shown = changes(total());
            const start = performance.now();
            at('tile-5').click();
            await shown;
            bench.clicks.push(performance.now() - start);
            await new Promise((resolve) => setTimeout(resolve, 250));
        }
    })();
"#;

/// Ends it.
const END: &str =
    "window.bench.runs = false; return { gaps: window.bench.gaps, clicks: window.bench.clicks };";

/// What [`END`] answers, in milliseconds.
#[derive(Debug, Deserialize)]
struct Smoothness {
    gaps: Vec<f64>,
    clicks: Vec<f64>,
}

/// Measures how long so many messages take.
pub(crate) fn measure(scale: Scale, messages: u32) -> anyhow::Result<Vec<Row>> {
    ensure!(messages >= UNKNOWN_EVERY, "at least {UNKNOWN_EVERY} messages");
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(measure_drain(scale.of(IDLE, IDLE / 4), messages))
}

async fn measure_drain(idle: Duration, messages: u32) -> anyhow::Result<Vec<Row>> {
    let broker = Broker::start_new().await?;
    let vhost = broker.vhost().await?;
    let gateway = Gateway::open(1).await?;
    let folder = tempfile::tempdir_in(scantill_tests::picture_folder("bench")?)?;
    let config = folder.path().join("till.toml");
    let text = format!(
        "{}[notify]\namqp_url = \"{}\"\n",
        gateway.till_config(),
        vhost.amqp_url()
    );
    write_private(&config, &text)?;
    let prefetch = Config::parse(&text)?.broker.context("a broker")?.prefetch;
    let start = Start {
        folder: folder.path(),
        flags: &[],
        config: Some(&config),
    };
    std::fs::create_dir_all(start.data_dir())?;
    let ledger = start.data_dir().join(LEDGER);
    let unknown = messages / UNKNOWN_EVERY;
    let orders = (messages - unknown).div_ceil(POSTS);
    let bodies = day_before(&ledger, orders).await?;
    publish(&vhost, &night(&bodies, messages)?).await?;

    let reader = Reader::instead_of_the_till(&vhost).await?;
    let screen = Screen::open(1920, 1080)?;
    let app = App::start(&screen, &start).await?;
    app.look_at(Pane::Till).await?;
    app.resize(1366, 768).await?;
    // The cart shows its sum from the first article on.
    app.click("tile-5").await?;
    app.element("cart-total").await?;
    page::ask::<()>(&app, BEGIN).await?;
    sleep(idle).await;
    let quiet: Smoothness = page::ask(&app, END).await?;
    let before = memory(app.id(), Memory::Now)?;

    let (channel, waiting) = (&reader.channel, reader.waiting().await?);
    ensure!(waiting.0 == messages, "all are queued: {waiting:?}");
    let looking = tokio::spawn(in_hand(vhost.clone()));
    reader.let_the_till_in().await?;
    let began = until("the till to read its queue", CONNECTED_MAX, async || {
        let (_, readers) = depth(channel).await?;
        Ok((readers > 0).then(Instant::now))
    })
    .await?;
    page::ask::<()>(&app, BEGIN).await?;
    let drained = loop {
        let (left, _) = depth(channel).await?;
        if left == 0 {
            break began.elapsed();
        }
        ensure!(
            began.elapsed() < DRAINED_MAX,
            "{left} are still queued after {DRAINED_MAX:?}"
        );
        sleep(LOOK_EVERY).await;
    };
    let busy: Smoothness = page::ask(&app, END).await?;
    let most = memory(app.id(), Memory::Most)?;
    let (in_hand, looks) = looking.await??;
    ensure!(looks > 0, "messages were seen in hand");
    until("the last ones to be settled", PATIENCE, async || {
        let inbox = inbox(&ledger)?;
        let expected = BTreeMap::from([
            ("taken_in".to_owned(), orders),
            ("dead_letter".to_owned(), unknown),
        ]);
        ensure!(
            inbox == expected,
            "each piece of news is in the inbox once: {inbox:?}"
        );
        Ok(Some(()))
    })
    .await?;
    drop(app);
    let (dead, _) = vhost.depth(topology::DEAD).await?;
    ensure!(dead == unknown, "{unknown} dead letters, {dead} found");

    let seconds = drained.as_secs_f64();
    let against_quiet = |name: &str, busy: &[f64], quiet: &[f64], percent| {
        let of = |values: &[f64]| percentile(values, percent) / 1e3;
        Row::plain(name, of(busy), Unit::Seconds).against(of(quiet), "the same window, idle")
    };
    Ok(vec![
        Row::plain(
            format!("{messages} messages that waited for a till, taken in"),
            seconds,
            Unit::Seconds,
        )
        .goal(Goal::AtMost(60.0)),
        Row::plain("  messages", f64::from(messages) / seconds, Unit::PerSecond),
        Row::plain(
            format!("  in hand at once, at most, in {looks} looks"),
            f64::from(in_hand),
            Unit::Count,
        )
        .goal(Goal::AtMost(f64::from(prefetch))),
        against_quiet(
            "  from frame to frame in its window meanwhile, p99",
            &busy.gaps,
            &quiet.gaps,
            99,
        )
        .goal(Goal::RatioAtMost(1.5)),
        against_quiet("  from frame to frame, p50", &busy.gaps, &quiet.gaps, 50),
        against_quiet("  the longest time without a frame", &busy.gaps, &quiet.gaps, 100),
        against_quiet(
            "  a tile clicked to the cart's new sum, p95",
            &busy.clicks,
            &quiet.clicks,
            95,
        ),
        Row::plain(
            "  memory of the till meanwhile, at most",
            most as f64,
            Unit::Bytes,
        )
        .against(before as f64, "before"),
    ])
}

/// Sells to so many customers the day before, each payment found by asking; what WeChat has to say about each, signed.
async fn day_before(ledger: &Path, orders: u32) -> anyhow::Result<Vec<String>> {
    let folder = fast_folder()?;
    let file = folder.path().join(LEDGER);
    let config = config("T01", "http://127.0.0.1:9", 3, 30)?;
    let mut now = later(real_time(), SignedDuration::from_hours(-12));
    let gateway = GatewayConfig::new(APPID, MCH_ID, ApiKey::parse(API_KEY)?);
    let network = Network::new(wechat_pay_sim::Gateway::new(gateway), Weather::default(), now, 1);
    let client = Client::new(config.merchant.clone(), network.clone());
    let mut till = Till::open(config, Database::open(&file)?, now, [1; 32])?;
    till.import(now, &goods_csv())?;
    for order in 0..orders {
        till.add(EGG, None)?;
        let number = till.pay(now, &format!("click-{order}"))?;
        till.step(now, &client).await;
        network.with(|gateway, now| gateway.pay(now, number.as_str(), &PayWith::default()))?;
        while let Some(due) = till.next_due() {
            now = now.max(due);
            network.set_now(now);
            ensure!(
                till.step(now, &client).await == Step::Done,
                "what is due is asked"
            );
        }
        till.done();
        now = later(now, SignedDuration::from_secs(1));
        network.set_now(now);
    }
    till.db().checkpoint()?;
    drop(till);
    std::fs::copy(&file, ledger)?;
    let posts = network.with(|gateway, now| gateway.notifies_due(now));
    ensure!(posts.len() == usize::try_from(orders)?, "one about each order");
    posts
        .into_iter()
        .map(|post| Ok(String::from_utf8(post.body)?))
        .collect()
}

/// The queue's messages in their order.
fn night(bodies: &[String], messages: u32) -> anyhow::Result<Vec<Message>> {
    let news: Vec<Message> = bodies
        .iter()
        .map(|body| message(body))
        .collect::<anyhow::Result<_>>()?;
    let mut posts = news.iter().cycle();
    (1..=messages)
        .map(|nth| match nth % UNKNOWN_EVERY {
            0 => message(&notify(&format!("T01-{nth}"))),
            _ => posts.next().cloned().context("at least one order"),
        })
        .collect()
}

/// As the callback service makes it.
fn message(notify: &str) -> anyhow::Result<Message> {
    let fields = Fields::from_xml(notify.as_bytes(), CAP)?;
    let fields: BTreeMap<String, String> = fields
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Ok(Message {
        kind: Kind::Notify,
        route: route()?,
        message_id: fields.get("transaction_id").cloned().unwrap_or_default(),
        fields,
    })
}

fn route() -> anyhow::Result<Route> {
    Ok(Route::new(MCH_ID, "T01")?)
}

/// Makes the till's queue as a till does, and fills it.
async fn publish(vhost: &VirtualHost, messages: &[Message]) -> anyhow::Result<()> {
    let address = Address::parse(&vhost.amqp_url())?;
    let till = Subscription::start(address.clone(), "bench", &route()?, 1);
    till.health()
        .wait_for(|health| *health == Health::Up)
        .await
        .map(drop)?;
    drop(till);
    let limits = PublisherLimits {
        channels: 4,
        in_flight: ON_THE_WAY,
    };
    let publisher = Publisher::start(address, "bench", limits);
    publisher
        .health()
        .wait_for(|health| *health == Health::Up)
        .await
        .map(drop)?;
    stream::iter(messages)
        .map(Ok)
        .try_for_each_concurrent(ON_THE_WAY, async |message| {
            publisher.publish(message.clone(), PATIENCE).await
        })
        .await?;
    Ok(())
}

/// Reads the till's queue in its place, so that the till is kept out.
struct Reader {
    lock: Connection,
    _looking: Connection,
    channel: Channel,
}

impl Reader {
    async fn instead_of_the_till(vhost: &VirtualHost) -> anyhow::Result<Self> {
        let connect =
            || async { Connection::connect(&vhost.amqp_url(), ConnectionProperties::default()).await };
        let (lock, looking) = (connect().await?, connect().await?);
        let options = QueueDeclareOptions {
            exclusive: true,
            ..QueueDeclareOptions::default()
        };
        let name = topology::reader_lock(&route()?);
        // The one who made the queue may still hold it for a moment.
        until("the queue to be free", PATIENCE, async || {
            let channel = lock.create_channel().await?;
            channel
                .queue_declare(name.as_str().into(), options, FieldTable::default())
                .await?;
            Ok(Some(()))
        })
        .await?;
        let channel = looking.create_channel().await?;
        Ok(Self {
            lock,
            _looking: looking,
            channel,
        })
    }

    async fn waiting(&self) -> anyhow::Result<(u32, u32)> {
        depth(&self.channel).await
    }

    async fn let_the_till_in(&self) -> anyhow::Result<()> {
        Ok(self.lock.close(200, "OK".into()).await?)
    }
}

/// Messages that nobody has in hand, and how many read the queue.
async fn depth(channel: &Channel) -> anyhow::Result<(u32, u32)> {
    let options = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    let queue = topology::till_queue(&route()?);
    let found = channel
        .queue_declare(queue.as_str().into(), options, FieldTable::default())
        .await?;
    Ok((found.message_count(), found.consumer_count()))
}

/// The most that the till had in hand in the next fifteen seconds by the queue's own count, and how many looks saw some.
async fn in_hand(vhost: VirtualHost) -> anyhow::Result<(u32, u32)> {
    let look = format!(
        "{{ok, Queue}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<\"{}\">>, queue, <<\"{}\">>)), \
         Counts = [begin timer:sleep(12), \
                   {{ok, {{_, Count}}, _}} = ra:local_query(amqqueue:get_pid(Queue), \
                                                            fun rabbit_fifo:query_messages_checked_out/1), \
                   Count end || _ <- lists:seq(1, 1100)], \
         integer_to_binary(lists:max(Counts) * 10000 + length([Count || Count <- Counts, Count > 0])).",
        vhost.name(),
        topology::till_queue(&route()?)
    );
    let said: u32 = vhost.broker().evaluate(&look).await?.trim().parse()?;
    Ok((said / 10_000, said % 10_000))
}

/// What became of how many pieces of news.
fn inbox(ledger: &Path) -> anyhow::Result<BTreeMap<String, u32>> {
    let ledger = rusqlite::Connection::open_with_flags(ledger, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut counts = ledger.prepare("SELECT became, count(*) FROM inbox GROUP BY became")?;
    let rows = counts.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
