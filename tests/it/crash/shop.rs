//! One sale, its till in a process of its own, and WeChat; what each of them has in the books.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use jiff::SignedDuration;
use scantill_tests::simulator::Gateway;
use scantill_tests::till_process::{Kill, Picture, Says, TillProcess, Told};
use scantill_tests::wire_tap::WireTap;
use till_app::{Config, Database, Imported, Till};
use till_core::{Attempt, CloseReason, State, StockHold};
use wechat_pay_sim::{OrderView, PayWith, TradeState};

pub(super) const TILL: &str = env!("CARGO_BIN_EXE_till_under_test");
const PRODUCTS: &str =
    "品名,条码,价格,库存\n农夫山泉 550ml,6921168509256,2.00,10\n三全鲜肉水饺 500g,6920912345678,15.80,5\n";
/// What is rung up, in this order; 19.80 in all.
const BASKET: [&str; 3] = ["6921168509256", "6921168509256", "6920912345678"];
pub(super) const CLICK: &str = "click-1";
/// A run that takes longer than this hangs.
const RUN_MAX: Duration = Duration::from_secs(40);
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
/// How the sale goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Story {
    /// The customer pays the code on show.
    Paid,
    /// The till is dead while the customer pays.
    PaidWhileDead,
    /// The cashier cancels when the code is on show.
    Cancelled,
    /// The cashier cancels as soon as there is an order, whether WeChat has it or not.
    CancelledAtOnce,
    /// The till is dead while the deadline passes.
    DeadlineWhileDead,
    /// Cancelled, a new code for the same sale, and that one is paid.
    PaidAgain,
    /// Cancelled, and paid by the old code all the same.
    PaidAfterCancel,
}

pub(super) const STORIES: [Story; 7] = [
    Story::Paid,
    Story::PaidWhileDead,
    Story::Cancelled,
    Story::CancelledAtOnce,
    Story::DeadlineWhileDead,
    Story::PaidAgain,
    Story::PaidAfterCancel,
];

/// One sale, its till and WeChat.
pub(super) struct World {
    pub(super) folder: tempfile::TempDir,
    pub(super) gateway: Gateway,
    pub(super) tap: WireTap,
    story: Story,
    /// Where the next lives of the till end.
    kills: Vec<Kill>,
    till: Option<TillProcess>,
    /// How far both clocks are ahead of the machine's.
    pub(super) ahead: SignedDuration,
    /// Kills at a point, not counting those from outside.
    pub(super) killed: Vec<Kill>,
    /// Orders that the cashier was told of.
    answered: BTreeSet<String>,
    late_since: Option<SignedDuration>,
}

impl World {
    pub(super) async fn open(seed: u64, story: Story, mut kills: Vec<Kill>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let gateway = Gateway::open(seed).await?;
        let tap = WireTap::before(gateway.base()).await?;
        let config = gateway.till_config().replace(gateway.base(), tap.base());
        std::fs::write(folder.path().join("till.toml"), &config)?;
        stock_up(folder.path(), &config)?;
        kills.reverse();
        Ok(Self {
            folder,
            gateway,
            tap,
            story,
            kills,
            till: None,
            ahead: SignedDuration::ZERO,
            killed: Vec::new(),
            answered: BTreeSet::new(),
            late_since: None,
        })
    }

    /// Asks the till, which is started if it is dead. `None` when it died over it.
    pub(super) async fn ask(&mut self, what: &Told) -> anyhow::Result<Option<Says>> {
        let mut till = match self.till.take() {
            Some(till) => till,
            None => match self.start().await? {
                Some(till) => till,
                None => return Ok(None),
            },
        };
        let said = till.ask(what).await?;
        match &said {
            Some(Says::Order(number)) => {
                self.answered.insert(number.clone());
            }
            Some(Says::Ready | Says::Done | Says::Z(_) | Says::Refused(_) | Says::Picture(_)) => {}
            None => {
                self.died_at_a_point();
                return Ok(None);
            }
        }
        self.till = Some(till);
        Ok(said)
    }

    async fn start(&mut self) -> anyhow::Result<Option<TillProcess>> {
        let program = Path::new(TILL);
        let started = TillProcess::start(program, self.folder.path(), self.ahead, self.kills.last()).await?;
        if started.is_none() {
            self.died_at_a_point();
        }
        Ok(started)
    }

    fn died_at_a_point(&mut self) {
        if let Some(kill) = self.kills.pop() {
            self.killed.push(kill);
        }
        self.while_dead();
    }

    /// Kills the till from outside.
    pub(super) async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(till) = self.till.take() {
            till.kill().await?;
        }
        self.while_dead();
        Ok(())
    }

    /// What happens in the shop before the till is started again.
    fn while_dead(&mut self) {
        match self.story {
            Story::PaidWhileDead => self.customer_pays(None),
            Story::DeadlineWhileDead => {
                let half_hour = SignedDuration::from_mins(31);
                self.gateway.simulator().advance(half_hour);
                self.ahead += half_hour;
            }
            Story::Paid
            | Story::Cancelled
            | Story::CancelledAtOnce
            | Story::PaidAgain
            | Story::PaidAfterCancel => {}
        }
    }

    /// Pays one order, or any that can be paid; a second try or a closed order is the simulator's to refuse.
    pub(super) fn customer_pays(&self, number: Option<&str>) {
        self.gateway.simulator().with(|gateway, now| {
            for order in gateway.orders(now) {
                if number.is_none_or(|number| number == order.out_trade_no) {
                    let _ = gateway.pay(now, &order.out_trade_no, &PayWith::default());
                }
            }
        });
    }

    pub(super) async fn advance(&mut self, by: SignedDuration) -> anyhow::Result<()> {
        self.gateway.simulator().advance(by);
        self.ahead += by;
        if self.till.is_some() {
            self.ask(&Told::Advance(i64::try_from(by.as_millis())?)).await?;
        }
        Ok(())
    }

    pub(super) async fn look(&mut self) -> anyhow::Result<Option<Picture>> {
        match self.ask(&Told::Look).await? {
            Some(Says::Picture(picture)) => Ok(Some(picture)),
            None => Ok(None),
            Some(other) => bail!("asked for a picture, the till says {other:?}"),
        }
    }

    /// Looks until there is what is looked for; an error when the till dies meanwhile.
    pub(super) async fn see(
        &mut self,
        what: &str,
        mut there: impl FnMut(&Picture) -> bool,
    ) -> anyhow::Result<Picture> {
        let start = started();
        loop {
            let picture = self
                .look()
                .await?
                .with_context(|| format!("died before {what}"))?;
            if there(&picture) {
                return Ok(picture);
            }
            ensure!(
                start.elapsed() < RUN_MAX,
                "waited for {what}; there is {picture:?}"
            );
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Waits for the till to die where it was told to.
    pub(super) async fn see_it_die(&mut self) -> anyhow::Result<()> {
        let start = started();
        while let Some(picture) = self.look().await? {
            ensure!(start.elapsed() < RUN_MAX, "the till lives on: {picture:?}");
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        Ok(())
    }

    /// Puts the basket into the cart.
    pub(super) async fn fill_cart(&mut self) -> anyhow::Result<()> {
        for barcode in BASKET {
            self.told(Told::Scan(barcode.to_owned())).await?;
        }
        Ok(())
    }

    /// Counts from now on towards the end of the till's life.
    pub(super) async fn arm(&mut self, point: &str, nth: u32) -> anyhow::Result<()> {
        let kill = Kill {
            point: point.to_owned(),
            nth,
        };
        self.told(Told::Arm(kill)).await
    }

    /// The ledger as the dead till left it: a copy, so that the next life finds what it would have found.
    pub(super) fn ledger(&self) -> anyhow::Result<Ledger> {
        let copy = tempfile::tempdir()?;
        for name in ["scantill.db", "scantill.db-wal"] {
            let from = self.folder.path().join(name);
            if from.exists() {
                std::fs::copy(from, copy.path().join(name))?;
            }
        }
        let db = Database::open(&copy.path().join("scantill.db"))?;
        Ok(Ledger { db, _folder: copy })
    }

    /// WeChat's orders, the newest first.
    pub(super) fn at_wechat(&self) -> Vec<OrderView> {
        self.gateway.simulator().with(|gateway, now| gateway.orders(now))
    }

    /// Does what the story wants next until nothing is left open, however often the till dies over it.
    pub(super) async fn play(&mut self) -> anyhow::Result<()> {
        let start = started();
        let mut last = None;
        loop {
            ensure!(
                start.elapsed() < RUN_MAX,
                "not finished after {RUN_MAX:?}; the last that was seen: {last:?}"
            );
            let Some(picture) = self.look().await? else {
                continue;
            };
            let open = picture.orders.iter().any(|order| !order.is_final());
            if !self.act(&picture).await? && !open {
                return Ok(());
            }
            last = Some(picture);
            // The till is at work; asking it all the time would only slow it down.
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// One thing that the cashier or the customer does; `false` when there is nothing for them to do.
    async fn act(&mut self, picture: &Picture) -> anyhow::Result<bool> {
        let Some(order) = picture.orders.last() else {
            self.ring_up(picture).await?;
            return Ok(true);
        };
        let number = order.out_trade_no.as_str().to_owned();
        let first = picture.orders.len() == 1;
        match (&order.state, self.story) {
            (State::Placing, Story::CancelledAtOnce) => self.told(Told::Cancel(number)).await?,
            (State::AwaitingPayment { .. }, story) => match story {
                Story::Paid => self.customer_pays(Some(&number)),
                Story::PaidAgain if !first => self.customer_pays(Some(&number)),
                Story::PaidWhileDead | Story::DeadlineWhileDead => self.kill().await?,
                Story::Cancelled | Story::CancelledAtOnce | Story::PaidAgain | Story::PaidAfterCancel => {
                    self.told(Told::Cancel(number)).await?;
                }
            },
            (State::Closing { .. }, Story::PaidAgain) if first => self.told(Told::PayAgain(number)).await?,
            (State::Closing { .. }, Story::PaidAfterCancel) => {
                if self.late_since.is_none() {
                    // More than the second that counts as "in time".
                    self.advance(SignedDuration::from_secs(3)).await?;
                    self.late_since = Some(self.ahead);
                }
                self.customer_pays(Some(&number));
            }
            // Time passes until WeChat may close it.
            (State::Closing { .. }, _) => self.advance(SignedDuration::from_secs(40)).await?,
            (State::Paid(_), Story::PaidAgain) if picture.orders.iter().any(|it| !it.is_final()) => {
                self.advance(SignedDuration::from_secs(40)).await?;
            }
            (
                State::Placing
                | State::Paid(_)
                | State::Closed { .. }
                | State::Refused { .. }
                | State::GivenBack { .. }
                | State::Review { .. },
                _,
            ) => return Ok(false),
        }
        Ok(true)
    }

    pub(super) async fn told(&mut self, what: Told) -> anyhow::Result<()> {
        match self.ask(&what).await? {
            Some(Says::Done | Says::Order(_)) | None => Ok(()),
            Some(other) => bail!("{what:?} was answered by {other:?}"),
        }
    }

    async fn ring_up(&mut self, picture: &Picture) -> anyhow::Result<()> {
        match BASKET.get(usize::try_from(picture.in_cart)?) {
            Some(barcode) => self.told(Told::Scan((*barcode).to_owned())).await,
            None => self.told(Told::Pay(CLICK.to_owned())).await,
        }
    }

    /// Ends the till as a person would, and compares its ledger with WeChat's books.
    pub(super) async fn compare(&mut self) -> anyhow::Result<()> {
        self.kills.clear();
        if let Some(till) = self.till.take() {
            till.kill().await?;
        }
        // A start with nothing to do, to see that there is nothing to do.
        self.look().await?.context("nobody killed it")?;
        if let Some(till) = self.till.take() {
            till.stop().await?;
        }
        let db = Database::open(&self.folder.path().join("scantill.db"))?;
        let orders = self.compare_money(&db)?;
        self.compare_stock(&db)?;
        self.compare_requests(&orders)?;
        self.check_story(&orders)
    }

    fn compare_money(&self, db: &Database) -> anyhow::Result<Vec<Attempt>> {
        let rows = db.read().attempts().search("", None)?;
        let orders: Vec<Attempt> = rows.into_iter().rev().map(|row| row.attempt).collect();
        let books = self.at_wechat();
        for order in &orders {
            ensure!(order.is_final(), "left open: {order:?}");
        }
        for at_wechat in &books {
            let number = &at_wechat.out_trade_no;
            let order = orders.iter().find(|it| it.out_trade_no.as_str() == number);
            let order = order.with_context(|| format!("WeChat has {number}, the ledger has not"))?;
            let paid = order.payment();
            match at_wechat.state {
                TradeState::Success => {
                    let paid = paid.with_context(|| format!("WeChat has money for {order:?}"))?;
                    ensure!(
                        u64::try_from(paid.total_fee.get())? == at_wechat.total_fee.get(),
                        "not the same money: {at_wechat:?}, {order:?}"
                    );
                    ensure!(
                        at_wechat.transaction_id.as_ref() == Some(&paid.transaction_id),
                        "not the same payment: {at_wechat:?}, {order:?}"
                    );
                }
                _ => {
                    ensure!(paid.is_none(), "money that WeChat has not: {order:?}");
                    ensure!(
                        at_wechat.unpayable.is_some(),
                        "still payable, and nobody asks after it: {at_wechat:?}, {order:?}"
                    );
                }
            }
        }
        for number in &self.answered {
            ensure!(
                orders.iter().any(|it| it.out_trade_no.as_str() == number),
                "the cashier was told of {number}, the ledger does not have it"
            );
        }
        Ok(orders)
    }

    fn compare_stock(&self, db: &Database) -> anyhow::Result<()> {
        let drift = db.read().stock().drift()?;
        ensure!(drift.is_empty(), "stock and sales disagree: {drift:?}");
        let stored = db.read().sales().by_click(CLICK)?;
        let sale = stored.context("the click made a sale")?.sale;
        ensure!(
            db.read().sales().by_id(till_core::SaleId(2))?.is_none(),
            "one click, two sales"
        );
        let sold = sale
            .attempts
            .iter()
            .filter(|it| matches!(it.state, State::Paid(_)))
            .count();
        let review = sale
            .attempts
            .iter()
            .any(|it| matches!(it.state, State::Review { .. }));
        ensure!(sold <= 1, "sold more than once: {sale:?}");
        let hold = match (sold, review) {
            (1, _) => StockHold::Sold,
            (_, true) => StockHold::Held,
            (_, false) => StockHold::Returned,
        };
        ensure!(sale.stock == hold, "the goods should be {hold:?}: {sale:?}");
        let pieces: i64 = db
            .read()
            .stock()
            .all()?
            .iter()
            .filter_map(|row| row.available())
            .sum();
        let away = if hold == StockHold::Returned { 0 } else { 3 };
        ensure!(
            pieces == 15 - away,
            "{pieces} pieces are left, of 15, with {away} away"
        );
        Ok(())
    }

    /// Whatever was sent about an order a second time had the same fields, but for the nonce and the signature over it.
    fn compare_requests(&self, orders: &[Attempt]) -> anyhow::Result<()> {
        let mut placed: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for heard in self.tap.heard() {
            if heard.path != "/pay/unifiedorder" {
                continue;
            }
            let fields: Vec<(String, String)> = heard
                .fields
                .iter()
                .filter(|(name, _)| !["nonce_str", "sign"].contains(name))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            let number = heard.fields.get("out_trade_no").unwrap_or_default().to_owned();
            let first = placed.entry(number.clone()).or_insert_with(|| fields.clone());
            ensure!(
                *first == fields,
                "{number} was placed again as another order: {first:?}, {fields:?}"
            );
        }
        for number in placed.keys() {
            ensure!(
                orders.iter().any(|it| it.out_trade_no.as_str() == number),
                "{number} was sent before it was saved"
            );
        }
        Ok(())
    }

    fn check_story(&self, orders: &[Attempt]) -> anyhow::Result<()> {
        let ends: Vec<&State> = orders.iter().map(|it| &it.state).collect();
        let right = match self.story {
            Story::Paid | Story::PaidWhileDead => matches!(ends[..], [State::Paid(_)]),
            Story::Cancelled | Story::CancelledAtOnce => {
                matches!(
                    ends[..],
                    [State::Closed {
                        why: CloseReason::Cancelled
                    }]
                )
            }
            // Which of the two words it is depends on whether the till or WeChat noticed first.
            Story::DeadlineWhileDead => matches!(
                ends[..],
                [State::Closed {
                    why: CloseReason::Deadline
                }]
            ),
            Story::PaidAgain => matches!(ends[..], [State::Closed { .. }, State::Paid(_)]),
            Story::PaidAfterCancel => matches!(ends[..], [State::Review { payment: Some(_), .. }]),
        };
        ensure!(right, "{:?} ended as {ends:?}", self.story);
        Ok(())
    }
}

/// A copy of a ledger, gone when dropped.
pub(super) struct Ledger {
    pub(super) db: Database,
    _folder: tempfile::TempDir,
}

impl Ledger {
    /// Every order, oldest first.
    pub(super) fn orders(&self) -> anyhow::Result<Vec<Attempt>> {
        let rows = self.db.read().attempts().search("", None)?;
        Ok(rows.into_iter().rev().map(|row| row.attempt).collect())
    }

    /// Pieces that can be sold.
    pub(super) fn available(&self) -> anyhow::Result<i64> {
        let rows = self.db.read().stock().all()?;
        Ok(rows.iter().filter_map(till_store::StockRow::available).sum())
    }
}

#[expect(clippy::disallowed_methods, reason = "bounds a run in real time")]
fn started() -> Instant {
    Instant::now()
}

/// Puts the goods on the shelf, before any life of the till.
fn stock_up(folder: &Path, config: &str) -> anyhow::Result<()> {
    let db = Database::open(&folder.join("scantill.db"))?;
    let now = "2026-11-23T09:00:00+08:00".parse()?;
    let mut till = Till::open(Config::parse(config)?, db, now, [7; 32])?;
    match till.import(now, PRODUCTS)? {
        Imported::Products(2) => Ok(()),
        other => bail!("the goods were not taken in: {other:?}"),
    }
}
