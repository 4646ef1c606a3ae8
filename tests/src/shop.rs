//! A shop on the whole chain: the real till on a real file, the real simulator over HTTP on a port of its own. Time is the
//! simulator's, pushed ahead by hand: half an hour takes as long as its questions.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use till_app::approval::{Act, Credential};
use till_app::{AgreementPicture, Config, Database, Step, Till, bill_file};
use till_core::{Evidence, EvidenceKind, LineNo, OutTradeNo, ProductId, State};
use till_store::StockRow;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wechat_pay::beijing::OFFSET as BEIJING;
use wechat_pay::client::HttpConfig;
use wechat_pay::{ApiKey, Client, HttpTransport};
use wechat_pay_sim::{Call, Fault, Gateway, GatewayConfig, PayWith, Receipt, Simulator, Times, serve};

use crate::counter::{API_KEY, APPID, MCH_ID, config, goods_csv};
use crate::network::later;
use crate::world::attempt;

/// 农夫山泉, 2.00 yuan, 500 pieces.
pub const WATER: ProductId = ProductId(1);
/// 康师傅红烧牛肉面, 4.50 yuan, 40 pieces.
pub const NOODLES: ProductId = ProductId(2);
/// 蓝牙耳机, 199.00 yuan, one piece.
pub const LAST_PIECE: ProductId = ProductId(4);
/// When a test begins, Beijing time.
const MORNING: Time = Time::constant(10, 0, 0, 0);
/// More questions than any test of half an hour needs.
const STEPS_MAX: u32 = 5_000;

/// WeChat's side: the simulator, and the line to it.
#[derive(Debug)]
pub struct Line {
    /// The simulator; its clock is the test's.
    pub simulator: Simulator,
    address: SocketAddr,
    serving: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

/// A till on the line.
#[derive(Debug)]
pub struct Shop {
    /// The till.
    pub till: Till,
    /// Its way to the gateway.
    pub client: Client<HttpTransport>,
    folder: TempDir,
    config: Config,
    simulator: Simulator,
    starts: u8,
}

impl Line {
    /// Opens a simulator and serves it, at ten in the morning of an invented day: a test that lives through hours crosses no
    /// midnight it does not mean to.
    pub async fn open() -> anyhow::Result<Self> {
        let line = Self::open_now().await?;
        let now = line.simulator.now();
        let today = BEIJING.to_datetime(now).date();
        let morning = |day: Date| BEIJING.to_timestamp(day.to_datetime(MORNING));
        let mut ten = morning(today)?;
        if ten < now {
            ten = morning(today.tomorrow()?)?;
        }
        line.simulator.advance(ten.duration_since(now));
        Ok(line)
    }

    /// The same at the real time, for a till that has a clock of its own.
    pub async fn open_now() -> anyhow::Result<Self> {
        Self::of(Simulator::new(gateway()?)).await
    }

    /// The same with a simulator that keeps its orders in a file, as in training.
    pub async fn open_on(state_file: &Path) -> anyhow::Result<Self> {
        Self::of(Simulator::open(gateway()?, state_file)?).await
    }

    async fn of(simulator: Simulator) -> anyhow::Result<Self> {
        let mut line = Self {
            simulator,
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            serving: None,
        };
        line.restore().await?;
        Ok(line)
    }

    /// The simulator's program ends and is started again from its file, at the same address and by the machine's clock.
    pub async fn start_again(&mut self, state_file: &Path) -> anyhow::Result<()> {
        self.cut().await?;
        self.simulator = Simulator::open(gateway()?, state_file)?;
        self.restore().await
    }

    /// The simulator can be reached, at the same address as before if there was one.
    pub async fn restore(&mut self) -> anyhow::Result<()> {
        let listener = TcpListener::bind(self.address).await?;
        self.address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let simulator = self.simulator.clone();
        let task = tokio::spawn(async move {
            let until = async { drop(stopped.await) };
            if let Err(error) = serve(listener, simulator, until).await {
                eprintln!("the simulator stopped: {error}");
            }
        });
        self.serving = Some((stop, task));
        Ok(())
    }

    /// The simulator can't be reached any more; its orders live on.
    pub async fn cut(&mut self) -> anyhow::Result<()> {
        let (stop, task) = self.serving.take().context("the line is cut already")?;
        drop(stop);
        Ok(task.await?)
    }

    /// Where it listens.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes a call of the gateway go wrong that often.
    pub fn fault(&self, call: Call, fault: Fault, times: Times) {
        self.simulator
            .with(|gateway, _| gateway.faults_mut().set(call, fault, times));
    }

    /// Takes all faults back.
    pub fn clear_faults(&self) {
        self.simulator.with(|gateway, _| gateway.faults_mut().clear());
    }

    /// The customer pays the newest code of this order.
    pub fn pay(&self, number: &OutTradeNo) -> anyhow::Result<Receipt> {
        let with = PayWith::default();
        Ok(self
            .simulator
            .with(|gateway, now| gateway.pay(now, number.as_str(), &with))?)
    }

    /// What WeChat's book says of an order.
    pub fn order(&self, number: &OutTradeNo) -> Option<wechat_pay_sim::OrderView> {
        self.simulator
            .with(|gateway, now| Gateway::order(gateway, now, number.as_str()))
    }
}

impl Shop {
    /// Opens a till with full shelves; asks every three seconds, half an hour long.
    pub async fn open(line: &Line, till_id: &str) -> anyhow::Result<Self> {
        Self::open_with(line, till_id, |_| {}).await
    }

    /// The same, configured further.
    pub async fn open_with(
        line: &Line,
        till_id: &str,
        further: impl FnOnce(&mut Config),
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut config = config(till_id, &line.base(), 3, 30)?;
        further(&mut config);
        let mut http = HttpConfig::new(&config.gateway.base_url);
        // What hangs in a test is meant to hang.
        http.read_timeout = Duration::from_millis(400);
        http.total_timeout = Duration::from_millis(800);
        let client = Client::new(config.merchant.clone(), HttpTransport::new(&http)?);
        let till = open_till(&folder, &config, &line.simulator, 0)?;
        let mut shop = Self {
            till,
            client,
            folder,
            config,
            simulator: line.simulator.clone(),
            starts: 0,
        };
        shop.till.import(shop.now(), &goods_csv())?;
        Ok(shop)
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        now(&self.simulator)
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The ledger's write-ahead log as it lies on the disk: every commit changes it.
    pub fn log(&self) -> anyhow::Result<Vec<u8>> {
        Ok(std::fs::read(self.folder.path().join("scantill.db-wal"))?)
    }

    /// Rings up so many pieces, as one line.
    pub fn ring(&mut self, product: ProductId, pieces: u32) -> anyhow::Result<LineNo> {
        self.till.add(product, None)?;
        let cart = self.till.snapshot().cart;
        let line = cart.lines().last().context("it is in the cart")?.line;
        self.till.set_pieces(self.now(), line, pieces)?;
        Ok(line)
    }

    /// Rings up one piece and presses 收款.
    pub fn sell(&mut self, product: ProductId, click: &str) -> anyhow::Result<OutTradeNo> {
        self.till.add(product, None)?;
        Ok(self.till.pay(self.now(), click)?)
    }

    /// Sells one piece, and serves the next customer while its code waits.
    pub async fn park(&mut self, product: ProductId, click: &str) -> anyhow::Result<OutTradeNo> {
        let number = self.sell(product, click)?;
        self.catch_up().await?;
        self.till.to_background();
        Ok(number)
    }

    /// Carries out everything that is due now.
    pub async fn catch_up(&mut self) -> anyhow::Result<()> {
        for _ in 0..STEPS_MAX {
            match self.till.step(self.now(), &self.client).await {
                Step::Done => {}
                Step::IdleUntil(_) => return Ok(()),
            }
        }
        bail!("the till asks in a circle")
    }

    /// Lets that much time go by, the till at work.
    pub async fn live(&mut self, span: SignedDuration) -> anyhow::Result<()> {
        let end = later(self.now(), span);
        for _ in 0..STEPS_MAX {
            match self.till.step(self.now(), &self.client).await {
                Step::Done => {}
                Step::IdleUntil(Some(at)) if at <= end => {
                    self.simulator.advance(at.duration_since(self.now()))
                }
                Step::IdleUntil(_) => {
                    let left = end.duration_since(self.now());
                    self.simulator.advance(left.max(SignedDuration::ZERO));
                    return self.catch_up().await;
                }
            }
        }
        bail!("the till asks in a circle")
    }

    /// Lets time go by, the till at work, until the clock in Beijing shows this for the next time.
    pub async fn live_until(&mut self, time: Time) -> anyhow::Result<()> {
        let now = BEIJING.to_datetime(self.now());
        let today = now.date().to_datetime(time);
        let next = if today > now {
            today
        } else {
            now.date().tomorrow()?.to_datetime(time)
        };
        let at = BEIJING.to_timestamp(next)?;
        self.live(at.duration_since(self.now())).await
    }

    /// Asks for every bill that is due, once each.
    pub async fn fetch_bills(&mut self) -> anyhow::Result<()> {
        for _ in 0..STEPS_MAX {
            if !self.till.step_bill(self.now(), &self.client).await {
                return Ok(());
            }
        }
        bail!("the till asks for bills in a circle")
    }

    /// A day held against its bill.
    pub fn agreement(&self, date: Date) -> anyhow::Result<AgreementPicture> {
        Ok(self.till.agreement(self.now(), date)?.run()?)
    }

    /// The file of a day's bill, as the till keeps it.
    pub fn bill_file(&self, date: Date) -> anyhow::Result<Vec<u8>> {
        let bills = self.till.db().read().bills();
        let row = bills.newest(date)?.context("a bill is kept")?;
        Ok(bills.file(row.id)?)
    }

    /// A person brings a bill's file.
    pub fn import_bill(&mut self, file: &[u8]) -> anyhow::Result<()> {
        let bill = bill_file::read(file, &self.config.merchant)?;
        let now = self.now();
        let approval = self.till.approve(now, Act::Bill, Some(&Credential::Confirmed))?;
        Ok(self.till.import_bill(now, bill.date, file, approval)?)
    }

    /// The power fails for that long.
    pub fn restart(mut self, dark: SignedDuration) -> anyhow::Result<Self> {
        let Self { till, .. } = self;
        drop(till);
        self.simulator.advance(dark);
        self.starts += 1;
        self.till = open_till(&self.folder, &self.config, &self.simulator, self.starts)?;
        Ok(self)
    }

    /// The till ends and is started again by the clock of the line, which was started again as well.
    pub fn restart_on(self, line: &Line) -> anyhow::Result<Self> {
        let simulator = line.simulator.clone();
        Self { simulator, ..self }.restart(SignedDuration::ZERO)
    }

    /// The till itself, for its own thread. The folder must be kept as long.
    pub fn into_parts(self) -> (Till, Client<HttpTransport>, TempDir) {
        (self.till, self.client, self.folder)
    }

    /// What the ledger says of an order.
    pub fn state(&self, number: &OutTradeNo) -> anyhow::Result<State> {
        Ok(attempt(&self.till, number)?.state)
    }

    /// What was sent and received about an order, as the screen shows it.
    pub fn evidence(&self, number: &OutTradeNo) -> anyhow::Result<Vec<Evidence>> {
        Ok(self.till.picture(number)?.evidence)
    }

    /// How often this question got this answer.
    pub fn times(&self, number: &OutTradeNo, kind: EvidenceKind, outcome: &str) -> anyhow::Result<u32> {
        let rows = self.evidence(number)?;
        let same = rows
            .iter()
            .filter(|row| row.kind == kind && row.outcome == outcome);
        Ok(same.map(|row| row.count).sum())
    }

    /// The shelf: pieces that can be sold, held and sold.
    pub fn shelf(&self, product: ProductId) -> anyhow::Result<(Option<i64>, i64, i64)> {
        let rows = self.till.db().read().stock().all()?;
        let row: &StockRow = rows
            .iter()
            .find(|row| row.product == product)
            .context("a stock row")?;
        anyhow::ensure!(
            self.till.db().read().stock().drift()?.is_empty(),
            "the stock follows from the sales"
        );
        Ok((row.available(), row.reserved, row.sold))
    }
}

fn gateway() -> anyhow::Result<GatewayConfig> {
    Ok(GatewayConfig::new(APPID, MCH_ID, ApiKey::parse(API_KEY)?))
}

fn open_till(folder: &TempDir, config: &Config, simulator: &Simulator, start: u8) -> anyhow::Result<Till> {
    let db = Database::open(&folder.path().join("scantill.db"))?;
    Ok(Till::open(config.clone(), db, now(simulator), [start; 32])?)
}

/// The simulator's time in whole milliseconds, as the ledger keeps it.
fn now(simulator: &Simulator) -> Timestamp {
    let now = simulator.now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
