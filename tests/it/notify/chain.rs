//! The whole chain but the window: the simulator posts over HTTP to a callback service in a process of its own, that
//! publishes at a real broker, whose messages come to a real till on its own thread and a real file.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use notify_bus::{Route, topology};
use scantill_tests::broker::{Broker, VirtualHost};
use scantill_tests::counter::{API_KEY, APPID, MCH_ID, goods_csv};
use scantill_tests::network::later;
use scantill_tests::relay::{NOTIFY_PATH, Relay, Setup};
use scantill_tests::shop::{Line, WATER};
use scantill_tests::wait::{PATIENCE, until};
use scantill_tests::world::attempt;
use tempfile::TempDir;
use till_app::clock::{Clock, steady};
use till_app::notify::NotifyPicture;
use till_app::run::{self, Running, TillHandle};
use till_app::snapshot::Snapshot;
use till_app::{Config, Database, Till};
use till_core::{Attempt, Evidence, EvidenceKind, OutTradeNo, State};
use till_store::Options;
use tokio::runtime::Handle;
use tokio::sync::watch;
use wechat_pay::client::HttpConfig;
use wechat_pay::{Client, HttpTransport};

/// Long after every test's patience: what is known before was told, not asked.
pub(super) const NEVER: u32 = 60;

/// A ledger that somebody else holds is waited for no longer than this.
const BUSY: Duration = Duration::from_millis(20);

/// WeChat, callback service and broker.
pub(super) struct Chain {
    pub(super) line: Line,
    pub(super) relay: Relay,
    pub(super) vhost: VirtualHost,
}

/// A till at work.
pub(super) struct Counter {
    running: Option<Running>,
    pub(super) till: TillHandle,
    shown: watch::Receiver<Option<Snapshot>>,
    pictures: Arc<AtomicU32>,
    pub(super) folder: TempDir,
    pub(super) config: Config,
}

pub(super) fn relay_program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_relay_under_test"))
}

impl Chain {
    /// Everything up, on a virtual host of its own.
    pub(super) async fn open() -> anyhow::Result<Self> {
        Self::on(Broker::shared().await?.vhost().await?).await
    }

    pub(super) async fn on(vhost: VirtualHost) -> anyhow::Result<Self> {
        let relay = Setup::new(relay_program(), &vhost.amqp_url()).start()?;
        relay.until_ready(true).await?;
        Ok(Self {
            line: Line::open_now().await?,
            relay,
            vhost,
        })
    }

    /// A till's configuration file on this chain, that asks every so many seconds.
    pub(super) fn config_text(&self, till: &str, poll_seconds: u32, amqp_url: &str) -> String {
        let (base, relay) = (self.line.base(), self.relay.address());
        format!(
            "[till]\nid = \"{till}\"\nshop_name = \"小满便利店\"\n\
             [wechat]\nappid = \"{APPID}\"\nmch_id = \"{MCH_ID}\"\napi_key = \"{API_KEY}\"\n\
             base_url = \"{base}\"\nnotify_url = \"http://{relay}{NOTIFY_PATH}\"\n\
             [notify]\namqp_url = \"{amqp_url}\"\nprefetch = 8\n\
             [payment]\npoll_seconds = {poll_seconds}\n"
        )
    }

    /// The same, read.
    pub(super) fn config(&self, till: &str, poll_seconds: u32) -> anyhow::Result<Config> {
        let text = self.config_text(till, poll_seconds, &self.vhost.amqp_url());
        Ok(Config::parse(&text)?)
    }

    /// A till at work, subscribed.
    pub(super) async fn counter(&self, till: &str, poll_seconds: u32) -> anyhow::Result<Counter> {
        let counter = Counter::open(self.config(till, poll_seconds)?, tempfile::tempdir()?, steady())?;
        counter.until_up().await?;
        Ok(counter)
    }

    /// Messages that wait in a till's queue.
    pub(super) async fn waiting(&self, till: &str) -> anyhow::Result<u32> {
        Ok(self.vhost.depth(&queue(till)?).await?.0)
    }

    /// Waits until nothing waits in a till's queue and nothing of it is in hand: whoever reads it is told to go, and then
    /// nothing is there.
    pub(super) async fn until_empty(&self, till: &str) -> anyhow::Result<()> {
        until("the queue to be empty", PATIENCE, async || {
            Ok((self.waiting(till).await? == 0).then_some(()))
        })
        .await
    }

    /// Waits until so many messages wait in a till's queue.
    pub(super) async fn until_waiting(&self, till: &str, count: u32) -> anyhow::Result<()> {
        until("messages in the queue", PATIENCE, async || {
            Ok((self.waiting(till).await? >= count).then_some(()))
        })
        .await
    }
}

pub(super) fn queue(till: &str) -> anyhow::Result<String> {
    Ok(topology::till_queue(&Route::new(MCH_ID, till)?))
}

impl Counter {
    /// Opens a till on what is in the folder; an empty one gets goods.
    pub(super) fn open(config: Config, folder: TempDir, clock: Clock) -> anyhow::Result<Self> {
        let file = folder.path().join("scantill.db");
        let fresh = !file.exists();
        let now = clock();
        let options = Options {
            busy_timeout: BUSY,
            ..Options::default()
        };
        let db = Database::open_with(&file, options)?;
        let mut till = Till::open(config.clone(), db, now, rand::random())?;
        if fresh {
            till.import(now, &goods_csv())?;
        }
        let transport = HttpTransport::new(&HttpConfig::new(&config.gateway.base_url))?;
        let client = Client::new(config.merchant.clone(), transport);
        let (show, shown) = watch::channel(None);
        let pictures = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&pictures);
        let running = run::start(till, client, clock, Handle::current(), move |snapshot, _| {
            counted.fetch_add(1, Ordering::Relaxed);
            show.send_replace(Some(snapshot));
        })?;
        Ok(Self {
            till: running.handle.clone(),
            running: Some(running),
            shown,
            pictures,
            folder,
            config,
        })
    }

    /// Ends the till as a closed window does; gives back its folder.
    pub(super) async fn stop(mut self) -> anyhow::Result<(Config, TempDir)> {
        let Self { till, .. } = &self;
        let handle = till.clone();
        drop(handle);
        let running = self.running.take().context("it runs")?;
        let Self {
            till,
            folder,
            config,
            shown,
            ..
        } = self;
        drop(till);
        drop(shown);
        tokio::time::timeout(PATIENCE, tokio::task::spawn_blocking(move || running.stop()))
            .await
            .context("the till does not end")??;
        Ok((config, folder))
    }

    /// Does something with the till.
    pub(super) async fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Till, Timestamp) -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        self.till.call(act).await?
    }

    /// Sells a bottle of water.
    pub(super) async fn sell(&self, click: &str) -> anyhow::Result<OutTradeNo> {
        let click = click.to_owned();
        self.with(move |till, now| {
            till.add(WATER, None)?;
            Ok(till.pay(now, &click)?)
        })
        .await
    }

    /// Sells a bottle of water and waits for its code.
    pub(super) async fn on_show(&self, click: &str) -> anyhow::Result<OutTradeNo> {
        let number = self.sell(click).await?;
        self.until(&number, "the code", |attempt| {
            matches!(attempt.state, State::AwaitingPayment { .. })
        })
        .await?;
        Ok(number)
    }

    /// An order as the ledger has it.
    pub(super) async fn attempt(&self, number: &OutTradeNo) -> anyhow::Result<Attempt> {
        let number = number.clone();
        self.with(move |till, _| attempt(till, &number)).await
    }

    /// What was sent and received about an order.
    pub(super) async fn evidence(&self, number: &OutTradeNo) -> anyhow::Result<Vec<Evidence>> {
        let number = number.clone();
        self.with(move |till, _| Ok(till.picture(&number)?.evidence))
            .await
    }

    /// How often there was this in an order's record.
    pub(super) async fn times(
        &self,
        number: &OutTradeNo,
        kind: EvidenceKind,
        outcome: &str,
    ) -> anyhow::Result<u32> {
        let rows = self.evidence(number).await?;
        let same = rows
            .iter()
            .filter(|row| row.kind == kind && row.outcome == outcome);
        Ok(same.map(|row| row.count).sum())
    }

    /// Waits until an order is so.
    pub(super) async fn until(
        &self,
        number: &OutTradeNo,
        what: &str,
        is_so: impl Fn(&Attempt) -> bool,
    ) -> anyhow::Result<Attempt> {
        until(what, PATIENCE, async || {
            let attempt = self.attempt(number).await?;
            Ok(is_so(&attempt).then_some(attempt))
        })
        .await
    }

    /// Waits until an order is paid and confirmed.
    pub(super) async fn until_paid(&self, number: &OutTradeNo) -> anyhow::Result<Attempt> {
        self.until(number, "paid, and nothing left to ask", |attempt| {
            matches!(attempt.state, State::Paid(_)) && attempt.is_done()
        })
        .await
    }

    /// Waits until the screen tells of notifies so.
    pub(super) async fn until_notify(
        &self,
        what: &str,
        is_so: impl Fn(&NotifyPicture) -> bool,
    ) -> anyhow::Result<NotifyPicture> {
        let mut shown = self.shown.clone();
        let seen = shown.wait_for(|snapshot| snapshot.as_ref().is_some_and(|it| is_so(&it.notify)));
        let snapshot = tokio::time::timeout(PATIENCE, seen)
            .await
            .with_context(|| format!("waited for {what}"))??;
        Ok(snapshot.as_ref().context("it was just there")?.notify.clone())
    }

    /// Waits until the till is subscribed.
    pub(super) async fn until_up(&self) -> anyhow::Result<()> {
        self.until_notify("the subscription", |notify| {
            matches!(notify.link, till_app::notify::NotifyLink::Up { .. })
        })
        .await
        .map(drop)
    }

    /// How many pictures the screens were given.
    pub(super) fn pictures(&self) -> u32 {
        self.pictures.load(Ordering::Relaxed)
    }
}

/// A clock that runs so many times as fast as WeChat's. It begins ten minutes ahead: WeChat takes no order that is to
/// expire within five minutes by its own clock, and a test can't wait for that long.
pub(super) fn clock_running(times: f64) -> Clock {
    let machine = steady();
    let start = later(machine(), SignedDuration::from_mins(10));
    let begun = machine();
    Box::new(move || {
        let gone = machine().duration_since(begun).as_secs_f64() * times;
        let gone = SignedDuration::try_from_secs_f64(gone).unwrap_or(SignedDuration::ZERO);
        let at = start.saturating_add(gone).unwrap_or(start);
        Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
    })
}

/// A deadline so soon that a test can wait for it.
pub(super) fn deadline_in(mut config: Config, span: Duration) -> anyhow::Result<Config> {
    config.timing.timeout = SignedDuration::try_from(span)?;
    Ok(config)
}
