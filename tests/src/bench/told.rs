//! From the customer's payment to the word in the till's window: told by a notify, and found by asking every three seconds.
//! Simulator, callback service, broker and two tills in their windows, each a process of its own; both tills in turns.
//!
//! The time begins before the phone's request leaves for the simulator and ends when the till's page has the paid amount in
//! it, by the page's own clock (whole milliseconds of the same machine), and again when that has been painted. The driver of
//! the window is not in it. WeChat's own time before it posts is not in it either: this simulator posts at once.

use std::fs;
use std::time::Duration;

use anyhow::Context;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use scantill_tests::app::{App, Pane, Start};
use scantill_tests::broker::Broker;
use scantill_tests::screen::Screen;
use scantill_tests::simulator::Customer;
use scantill_tests::whole::{SimulatorProcess, Whole, till_config, write_private};
use serde::Deserialize;
use tempfile::TempDir;

use crate::cost::{epoch, percentile};
use crate::page;
use crate::scale::Scale;
use crate::table::{Goal, Row, Unit};
use crate::window::stock_up;

/// As a till asks unless told otherwise.
const ASKS_EVERY: Duration = Duration::from_secs(3);
/// The till that is told asks no sooner than this: whatever it knows was told.
const NEVER_SECONDS: u32 = 60;
/// Payments told for each that is asked after.
const TOLD_FOR_EACH: usize = 3;

/// Rings up one article and presses 收款; answers when the code is on the screen. From then on the page watches for the paid
/// amount.
const RING_UP: &str = r#"
    (await found(ready('tile-5'))).click();
    (await found(ready('pay'))).click();
    await found(() => at('qr'));
    window.benchPaid = appears('paid-amount', () => Date.now());
    await frame();
    await frame();
"#;

/// Waits for that amount, and makes the till ready for the next customer.
const PAID: &str = r#"
    const paid = await window.benchPaid;
    (await found(ready('next'))).click();
    await found(ready('tile-5'));
    return paid;
"#;

/// What [`PAID`] answers: milliseconds since 1970.
#[derive(Debug, Deserialize)]
struct Paid {
    there: f64,
    painted: f64,
}

/// A till in its window.
struct Counter {
    id: &'static str,
    app: App,
    _folder: TempDir,
    there: Vec<f64>,
    painted: Vec<f64>,
}

/// Measures both ways.
pub(crate) fn measure(scale: Scale) -> anyhow::Result<Vec<Row>> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(measure_both(scale.of(24, 2)))
}

async fn measure_both(asked_after: usize) -> anyhow::Result<Vec<Row>> {
    let broker = Broker::start_new().await?;
    let folder = tempfile::tempdir()?;
    let simulator = SimulatorProcess::start_with(&["--notify-after-ms", "0"])?;
    let mut whole = Whole::start_on(simulator, folder.path(), broker.vhost().await?).await?;
    whole.ask_every(NEVER_SECONDS)?;
    let base = whole.simulator.base();
    let asking = till_config("T02", base, &whole.relay, &whole.vhost.amqp_url());
    let (asking, _) = asking
        .split_once("[notify]")
        .context("the broker comes last in a till's configuration")?;
    let screen = Screen::open(1920, 1080)?;
    let told = fs::read_to_string(&whole.till_config)?;
    let mut told = Counter::open("T01", &screen, &told).await?;
    let mut asking = Counter::open("T02", &screen, asking).await?;
    let customer = whole.simulator.customer();

    // The first payment of each loads what no later one does.
    told.pay(&customer, Duration::ZERO).await?;
    asking.pay(&customer, Duration::ZERO).await?;
    told.forget();
    asking.forget();
    for pause in moments(asked_after) {
        asking.pay(&customer, pause).await?;
        for _ in 0..TOLD_FOR_EACH {
            told.pay(&customer, Duration::ZERO).await?;
        }
    }
    let slowest = percentile(&told.there, 100);
    anyhow::ensure!(
        slowest < f64::from(NEVER_SECONDS) / 2.0,
        "the slowest was told too, not found: {slowest} s"
    );
    let row = |name: String, told: &[f64], asked: &[f64], percent| {
        Row::plain(name, percentile(told, percent), Unit::Seconds)
            .against(percentile(asked, percent), "asked every 3 s, no broker")
    };
    let (count, asked) = (told.there.len(), asking.there.len());
    Ok(vec![
        row(
            format!("payment to paid in the till's page, told ({count}), p50"),
            &told.there,
            &asking.there,
            50,
        )
        .goal(Goal::RatioAtMost(0.01)),
        row("  p99".to_owned(), &told.there, &asking.there, 99),
        row("  to painted, p50".to_owned(), &told.painted, &asking.painted, 50),
        row("  to painted, p99".to_owned(), &told.painted, &asking.painted, 99),
        Row::plain(
            "  payments found by asking, at even moments of the 3 s",
            asked as f64,
            Unit::Count,
        ),
    ])
}

/// So many moments spread evenly over the time between two questions, in any order.
fn moments(count: usize) -> Vec<Duration> {
    let mut rng = StdRng::seed_from_u64(1);
    let each = ASKS_EVERY.as_secs_f64() / count as f64;
    let mut moments: Vec<Duration> = (0..count)
        .map(|nth| Duration::from_secs_f64(each * (nth as f64 + rng.random_range(0.0..1.0))))
        .collect();
    moments.shuffle(&mut rng);
    moments
}

impl Counter {
    async fn open(id: &'static str, screen: &Screen, config: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("till.toml");
        write_private(&file, config)?;
        let start = Start {
            folder: folder.path(),
            flags: &[],
            config: Some(&file),
        };
        stock_up(&start, config)?;
        let app = App::start(screen, &start).await?;
        app.look_at(Pane::Till).await?;
        app.resize(1366, 768).await?;
        app.element("tile-5").await?;
        Ok(Self {
            id,
            app,
            _folder: folder,
            there: Vec::new(),
            painted: Vec::new(),
        })
    }

    /// A sale whose customer pays so long after the code is on the screen.
    async fn pay(&mut self, customer: &Customer, pause: Duration) -> anyhow::Result<()> {
        page::ask::<()>(&self.app, RING_UP).await?;
        let number = customer.order_of(self.id).await?;
        tokio::time::sleep(pause).await;
        let began = epoch();
        customer.pay(&number).await?;
        let paid: Paid = page::ask(&self.app, PAID).await?;
        self.there.push(paid.there / 1e3 - began);
        self.painted.push(paid.painted / 1e3 - began);
        Ok(())
    }

    fn forget(&mut self) {
        self.there.clear();
        self.painted.clear();
    }
}
