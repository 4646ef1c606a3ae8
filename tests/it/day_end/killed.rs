//! The real till process killed with SIGKILL over the closing of a day: the Z is there whole, or not at all, and its number
//! is given once.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use jiff::SignedDuration;
use scantill_tests::simulator::Gateway;
use scantill_tests::till_process::{Kill, Says, TillProcess, Told};
use till_app::{Config, Database, Till};
use till_core::{Fen, State};
use wechat_pay_sim::PayWith;

const TILL: &str = env!("CARGO_BIN_EXE_till_under_test");
const PRODUCTS: &str = "品名,条码,价格,库存\n农夫山泉 550ml,6921168509256,2.00,100\n";
const WATER: &str = "6921168509256";
/// A run that takes longer than this hangs.
const RUN_MAX: Duration = Duration::from_secs(30);

struct World {
    folder: tempfile::TempDir,
    gateway: Gateway,
    till: Option<TillProcess>,
    sold: i64,
}

/// What a dead till's ledger says: the number and net of each Z, oldest first.
type Zs = Vec<(u32, Fen)>;

impl World {
    async fn open() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let gateway = Gateway::open(5).await?;
        std::fs::write(folder.path().join("till.toml"), gateway.till_config())?;
        let config = Config::parse(&gateway.till_config())?;
        let db = Database::open(&folder.path().join("scantill.db"))?;
        let now = gateway.simulator().now();
        Till::open(config, db, now, [0; 32])?.import(now, PRODUCTS)?;
        Ok(Self {
            folder,
            gateway,
            till: None,
            sold: 0,
        })
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
        if said.is_some() {
            self.till = Some(till);
        }
        Ok(said)
    }

    /// A bottle sold and paid, and nothing left to ask.
    #[expect(clippy::disallowed_methods, reason = "real processes take real time")]
    async fn sell(&mut self) -> anyhow::Result<()> {
        self.ask(&Told::Scan(WATER.to_owned())).await?;
        let click = format!("sale {}", self.sold);
        let Some(Says::Order(number)) = self.ask(&Told::Pay(click)).await? else {
            bail!("nobody kills it before it has sold");
        };
        self.sold += 1;
        let started = Instant::now();
        loop {
            let Some(Says::Picture(picture)) = self.ask(&Told::Look).await? else {
                bail!("nobody kills it while it sells");
            };
            let order = picture.orders.last().context("the order is there")?;
            match order.state {
                State::AwaitingPayment { .. } => {
                    let with = PayWith::default();
                    let simulator = self.gateway.simulator();
                    // Refused the second time: it is paid.
                    let _ = simulator.with(|gateway, now| gateway.pay(now, &number, &with));
                }
                State::Paid(_) if order.next.is_none() => return Ok(()),
                _ => {}
            }
            ensure!(started.elapsed() < RUN_MAX, "the payment does not come");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The Zs of a copy of the dead till's ledger, whose proof must hold.
    fn zs(&self) -> anyhow::Result<Zs> {
        let copy = tempfile::tempdir()?;
        for name in ["scantill.db", "scantill.db-wal"] {
            let from = self.folder.path().join(name);
            if from.exists() {
                std::fs::copy(from, copy.path().join(name))?;
            }
        }
        let db = Database::open(&copy.path().join("scantill.db"))?;
        let check = db.read().self_check();
        ensure!(
            check.holds(),
            "whenever it dies, what it leaves proves itself: {check:?}"
        );
        let zs = db.read().z_reports().before(None, 99)?;
        let told: anyhow::Result<Zs> = zs
            .iter()
            .rev()
            .map(|z| Ok((z.number.0, z.report.takings.net()?)))
            .collect();
        told
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_8_killed_over_a_closing_the_z_is_whole_or_not_there_and_no_number_is_lost()
-> anyhow::Result<()> {
    let mut world = World::open().await?;
    let mut expected = Zs::new();
    for (day, point) in ["store.before_commit", "store.after_commit"]
        .repeat(3)
        .into_iter()
        .enumerate()
    {
        world.sell().await?;
        let kill = Kill {
            point: point.to_owned(),
            nth: 1,
        };
        world.ask(&Told::Arm(kill)).await?;
        let close = Told::CloseDay(format!("day {day}"));
        let answer = world.ask(&close).await?;
        assert!(answer.is_none(), "{point}: it died over the answer, {answer:?}");
        let number = u32::try_from(day)? + 1;
        let z = (number, Fen::new(200));
        let mut left = expected.clone();
        if point == "store.after_commit" {
            left.push(z);
        }
        assert_eq!(
            world.zs()?,
            left,
            "{point}: before the commit there is no Z {number}, after it all of it"
        );
        let again = world.ask(&close).await?;
        assert!(
            matches!(again, Some(Says::Z(made)) if made == number),
            "{point}: the same click at the next start makes Z {number} or finds it: {again:?}"
        );
        expected.push(z);
    }
    if let Some(till) = world.till.take() {
        till.kill().await?;
    }
    assert_eq!(
        world.zs()?,
        expected,
        "six days, six Zs without a gap, every bottle in one of them"
    );
    Ok(())
}
