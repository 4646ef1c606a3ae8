//! The real till process killed with SIGKILL at each commit and each question of a refund: the customer gets the money once.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use jiff::SignedDuration;
use scantill_tests::simulator::Gateway;
use scantill_tests::till_process::{KILL_POINTS, Kill, Picture, Says, TillProcess, Told};
use till_app::{Config, Database, Till};
use till_core::{Goods, Refund, RefundState, State};
use wechat_pay_sim::{Call, Fault, PayWith, Times};

const TILL: &str = env!("CARGO_BIN_EXE_till_under_test");
const PRODUCTS: &str = "品名,条码,价格,库存\n农夫山泉 550ml,6921168509256,2.00,10\n";
const WATER: &str = "6921168509256";
const CLICK: &str = "refund-1";
/// A run that takes longer than this hangs.
const RUN_MAX: Duration = Duration::from_secs(30);

/// One paid sale, its till and WeChat.
struct World {
    folder: tempfile::TempDir,
    gateway: Gateway,
    till: Option<TillProcess>,
    order: String,
    deaths: u32,
}

impl World {
    async fn open() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let gateway = Gateway::open(5).await?;
        // Twenty seconds on its way would be twenty real seconds.
        gateway.simulator().with(|gateway, _| {
            gateway.rules_mut().refund_takes = SignedDuration::from_millis(60);
        });
        std::fs::write(folder.path().join("till.toml"), gateway.till_config())?;
        let config = Config::parse(&gateway.till_config())?;
        let db = Database::open(&folder.path().join("scantill.db"))?;
        let now = gateway.simulator().now();
        Till::open(config, db, now, [0; 32])?.import(now, PRODUCTS)?;
        let mut world = Self {
            folder,
            gateway,
            till: None,
            order: String::new(),
            deaths: 0,
        };
        world.sell().await?;
        Ok(world)
    }

    async fn sell(&mut self) -> anyhow::Result<()> {
        for _ in 0..2 {
            self.ask(&Told::Scan(WATER.to_owned())).await?;
        }
        let Some(Says::Order(number)) = self.ask(&Told::Pay("sale-1".to_owned())).await? else {
            bail!("nobody kills it before it has sold anything");
        };
        self.order = number;
        let order = self.order.clone();
        self.until("the code", |it| it.on_show.is_some()).await?;
        self.gateway
            .simulator()
            .with(|gateway, now| gateway.pay(now, &order, &PayWith::default()))?;
        let paid = |it: &Picture| it.orders.iter().all(|it| matches!(it.state, State::Paid(_)));
        self.until("the payment", paid).await.map(drop)
    }

    /// Asks the till, which is started if it is dead. `None`: it died over it.
    async fn ask(&mut self, what: &Told) -> anyhow::Result<Option<Says>> {
        let mut till = match self.till.take() {
            Some(till) => till,
            None => TillProcess::start(Path::new(TILL), self.folder.path(), SignedDuration::ZERO, None)
                .await?
                .context("nothing is armed at a start")?,
        };
        let said = till.ask(what).await?;
        match said {
            Some(_) => self.till = Some(till),
            None => self.deaths += 1,
        }
        Ok(said)
    }

    async fn look(&mut self) -> anyhow::Result<Option<Picture>> {
        match self.ask(&Told::Look).await? {
            Some(Says::Picture(picture)) => Ok(Some(picture)),
            None => Ok(None),
            Some(other) => bail!("asked for a picture, the till says {other:?}"),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "real processes take real time")]
    async fn until(&mut self, what: &str, there: impl Fn(&Picture) -> bool) -> anyhow::Result<Picture> {
        let started = Instant::now();
        loop {
            if let Some(picture) = self.look().await?
                && there(&picture)
            {
                return Ok(picture);
            }
            ensure!(started.elapsed() < RUN_MAX, "{what} does not come");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The button is pressed; pressed again by somebody who has seen the till die over it.
    async fn refund(&mut self) -> anyhow::Result<()> {
        let wish = Told::Refund {
            order: self.order.clone(),
            fen: 150,
            click: CLICK.to_owned(),
        };
        for _ in 0..5 {
            match self.ask(&wish).await? {
                Some(Says::Order(_)) => return Ok(()),
                Some(other) => bail!("the till says {other:?}"),
                None => {}
            }
        }
        bail!("the till dies again and again")
    }

    async fn kill_at(&mut self, point: &str, nth: u32) -> anyhow::Result<()> {
        let point = point.to_owned();
        self.ask(&Told::Arm(Kill { point, nth })).await.map(drop)
    }

    /// The refund as it ends; the till is left alone with it.
    async fn end(&mut self) -> anyhow::Result<Refund> {
        let over = |it: &Picture| {
            let ended = |it: &Refund| matches!(it.state, RefundState::Refunded { .. });
            !it.refunds.is_empty() && it.refunds.iter().all(ended)
        };
        let mut picture = self.until("the refund", over).await?;
        ensure!(picture.refunds.len() == 1, "one click is one refund: {picture:?}");
        let book = self.gateway.simulator().with(|gateway, now| gateway.refunds(now));
        ensure!(
            book.len() == 1 && book[0].refund_fee.get() == 150 && book[0].status == "SUCCESS",
            "and one refund at WeChat, of 1.50: {book:?}"
        );
        let refund = picture.refunds.remove(0);
        ensure!(
            refund.out_refund_no.as_str() == book[0].out_refund_no,
            "under the number that was saved"
        );
        if let Some(till) = self.till.take() {
            till.stop().await?;
        }
        let db = Database::open(&self.folder.path().join("scantill.db"))?;
        ensure!(
            db.read().stock().drift()?.is_empty(),
            "the stock follows the books"
        );
        Ok(refund)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_each_place_of_a_refund_the_customer_gets_the_money_once() -> anyhow::Result<()> {
    let mut deaths = 0;
    for point in KILL_POINTS {
        for nth in 1..=5 {
            let mut world = World::open().await?;
            world.kill_at(point, nth).await?;
            let told = || format!("killed at {point}:{nth}");
            world.refund().await.with_context(told)?;
            let refund = world.end().await.with_context(told)?;
            ensure!(refund.goods == Goods::Stay, "an amount moves no goods");
            deaths += world.deaths;
        }
    }
    println!("{deaths} deaths");
    assert!(
        deaths >= 15,
        "of twenty runs most end in a death, or the points are not passed: {deaths}"
    );
    Ok(())
}

#[tokio::test]
async fn fault_2_killed_after_the_wish_is_saved_it_is_sent_at_the_next_start() -> anyhow::Result<()> {
    let mut world = World::open().await?;
    // The approval is the first commit, the wish the second.
    world.kill_at("store.after_commit", 2).await?;
    let wish = Told::Refund {
        order: world.order.clone(),
        fen: 150,
        click: CLICK.to_owned(),
    };
    let answer = world.ask(&wish).await?;
    assert!(answer.is_none(), "it died over the answer: {answer:?}");
    let db = Database::open(&world.folder.path().join("scantill.db"))?;
    let saved = db.read().refunds().open()?;
    assert!(
        matches!(&saved[..], [it] if it.refund.state == RefundState::Waiting && it.refund.sent_at.is_none()),
        "the wish is saved, and that nothing was sent: {saved:?}"
    );
    let at_wechat = world
        .gateway
        .simulator()
        .with(|gateway, now| gateway.refunds(now));
    assert!(at_wechat.is_empty(), "WeChat knows nothing");
    drop(db);
    world.end().await.map(drop)
}

#[tokio::test]
async fn fault_3_killed_before_the_answer_is_saved_wechat_is_asked_and_nothing_is_sent_again()
-> anyhow::Result<()> {
    for lost in [None, Some(Fault::DropAfter)] {
        let mut world = World::open().await?;
        if let Some(fault) = lost {
            world.gateway.simulator().with(|gateway, _| {
                gateway.faults_mut().set(Call::Refund, fault, Times::Count(1));
            });
        }
        world.kill_at("driver.before_finish", 1).await?;
        world.refund().await?;
        // The first question after the start, and its answer.
        let refund = world.end().await?;
        let db = Database::open(&world.folder.path().join("scantill.db"))?;
        let rows = db.read().evidence().of_refund(&refund.out_refund_no)?;
        let sent = rows
            .iter()
            .filter(|(_, row)| row.kind == till_core::EvidenceKind::Refund)
            .count();
        assert_eq!(
            sent, 0,
            "{lost:?}: the one sending whose answer died with the till was not repeated: {rows:?}"
        );
    }
    Ok(())
}
