//! A till that was away for a night: its queue at a real broker is full, and it takes everything in while its window is in
//! use.

mod night;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};
use notify_bus::topology;
use rusqlite::OpenFlags;
use scantill_tests::app::{App, Pane, Start};
use scantill_tests::broker::{Broker, VirtualHost};
use scantill_tests::process::{Memory, memory};
use scantill_tests::screen::Screen;
use scantill_tests::simulator::Gateway;
use scantill_tests::wait::{PATIENCE, until};
use scantill_tests::whole::write_private;
use serde::Deserialize;
use till_app::Config;
use tokio::time::{Instant, sleep};

use self::night::{POSTS, UNKNOWN_EVERY, day_before, messages, publish, route};
use crate::cost::percentile;
use crate::page;
use crate::scale::Scale;
use crate::table::{Goal, Row, Unit};

const LEDGER: &str = "scantill.db";
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

async fn measure_drain(idle: Duration, count: u32) -> anyhow::Result<Vec<Row>> {
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
    let unknown = count / UNKNOWN_EVERY;
    let orders = (count - unknown).div_ceil(POSTS);
    let bodies = day_before(&ledger, orders).await?;
    publish(&vhost, &messages(&bodies, count)?).await?;

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
    ensure!(waiting.0 == count, "all are queued: {waiting:?}");
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
            format!("{count} messages that waited for a till, taken in"),
            seconds,
            Unit::Seconds,
        )
        .goal(Goal::AtMost(60.0)),
        Row::plain("  messages", f64::from(count) / seconds, Unit::PerSecond),
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
