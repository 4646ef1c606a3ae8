//! A till in a process of its own, killed between the commit and the broker, and frozen for longer than heartbeats last.

use std::path::Path;

use jiff::SignedDuration;
use scantill_tests::process::{is_frozen, signal};
use scantill_tests::till_process::{KILL_BEFORE_SETTLE, Kill, Picture, Says, TillProcess, Told};
use scantill_tests::wait::{PATIENCE, until};
use till_app::{Config, Database, Till};
use till_core::{Attempt, FoundBy, State};

use super::chain::Chain;

const WATER: &str = "6999000000000";

struct Process {
    chain: Chain,
    folder: tempfile::TempDir,
}

impl Process {
    /// A folder with a ledger with goods and a configuration on this chain.
    async fn open(heartbeat: u32) -> anyhow::Result<Self> {
        let chain = Chain::open().await?;
        // Not its first day: its queue is made and bound.
        chain.counter("T01", 60).await?.stop().await?;
        let folder = tempfile::tempdir()?;
        let url = format!("{}?heartbeat={heartbeat}", chain.vhost.amqp_url());
        let text = chain.config_text("T01", 60, &url);
        std::fs::write(folder.path().join("till.toml"), &text)?;
        let db = Database::open(&folder.path().join("scantill.db"))?;
        let now = chain.line.simulator.now();
        let mut till = Till::open(Config::parse(&text)?, db, now, [1; 32])?;
        till.import(now, &scantill_tests::counter::goods_csv())?;
        Ok(Self { chain, folder })
    }

    async fn start(&self, kill: Option<&Kill>) -> anyhow::Result<TillProcess> {
        let program = Path::new(env!("CARGO_BIN_EXE_till_under_test"));
        let (now, minute) = (SignedDuration::ZERO, SignedDuration::from_mins(1));
        let started = TillProcess::start_asking_every(program, self.folder.path(), now, kill, minute).await?;
        started.ok_or_else(|| anyhow::anyhow!("it is open before anything kills it"))
    }

    /// The ledger's one order, as it lies on the disk.
    fn on_the_disk(&self) -> anyhow::Result<(Attempt, usize, i64)> {
        let db = Database::open(&self.folder.path().join("scantill.db"))?;
        let order = db.read().attempts().search("", None)?.remove(0).attempt;
        let inbox = db.read().inbox().latest(100)?.len();
        let sold = db.read().stock().all()?.iter().map(|row| row.sold).sum();
        Ok((order, inbox, sold))
    }
}

async fn sell(till: &mut TillProcess) -> anyhow::Result<()> {
    till.ask(&Told::Scan(WATER.to_owned())).await?;
    till.ask(&Told::Pay("click".to_owned())).await?;
    Ok(())
}

async fn look(till: &mut TillProcess) -> anyhow::Result<Option<Picture>> {
    match till.ask(&Told::Look).await? {
        Some(Says::Picture(picture)) => Ok(Some(picture)),
        None => Ok(None),
        Some(other) => anyhow::bail!("asked for a picture, the till says {other:?}"),
    }
}

async fn see(
    till: &mut TillProcess,
    what: &str,
    there: impl Fn(&Attempt) -> bool,
) -> anyhow::Result<Attempt> {
    until(what, PATIENCE, async || {
        let picture = look(till).await?.ok_or_else(|| anyhow::anyhow!("it died"))?;
        Ok(picture.orders.into_iter().next().filter(&there))
    })
    .await
}

fn is_paid(order: &Attempt) -> bool {
    matches!(order.state, State::Paid(_)) && order.is_done()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_06_killed_after_the_commit_and_before_the_ack_the_redelivery_changes_nothing()
-> anyhow::Result<()> {
    let shop = Process::open(5).await?;
    let kill = Kill {
        point: KILL_BEFORE_SETTLE.to_owned(),
        nth: 1,
    };
    let mut till = shop.start(Some(&kill)).await?;
    sell(&mut till).await?;
    let order = see(&mut till, "the code", |order| {
        matches!(order.state, State::AwaitingPayment { .. })
    })
    .await?;
    shop.chain.line.pay(&order.out_trade_no)?;
    until("the till to die", PATIENCE, async || {
        Ok(look(&mut till).await?.is_none().then_some(()))
    })
    .await?;
    drop(till);
    let (dead, inbox, sold) = shop.on_the_disk()?;
    let State::Paid(payment) = &dead.state else {
        panic!("the commit was made before the kill: {dead:?}")
    };
    assert_eq!(
        payment.found_by,
        FoundBy::Notify,
        "by the message that was not acknowledged"
    );
    assert_eq!((inbox, sold), (1, 1), "with the message, and the goods");
    shop.chain.until_waiting("T01", 1).await?;

    let mut till = shop.start(None).await?;
    see(&mut till, "paid and confirmed", is_paid).await?;
    shop.chain.until_empty("T01").await?;
    till.stop().await?;
    assert_eq!(
        shop.chain.waiting("T01").await?,
        0,
        "acknowledged this time: it does not come back when the till goes"
    );
    let (after, inbox, sold) = shop.on_the_disk()?;
    assert_eq!(after.payment(), dead.payment(), "the same payment");
    assert_eq!((inbox, sold), (1, 1), "taken in once, sold once");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_54_frozen_for_longer_than_heartbeats_last_the_redelivery_changes_nothing() -> anyhow::Result<()>
{
    let shop = Process::open(1).await?;
    let mut till = shop.start(None).await?;
    sell(&mut till).await?;
    let order = see(&mut till, "the code", |order| {
        matches!(order.state, State::AwaitingPayment { .. })
    })
    .await?;
    let reading = || async {
        let names = shop.chain.vhost.connections().await?;
        anyhow::Ok(names.iter().filter(|name| name.contains("reading")).count())
    };
    until("the till to read its queue", PATIENCE, async || {
        Ok((reading().await? == 1).then_some(()))
    })
    .await?;
    // Between the commit and the word to the broker.
    let frozen = Kill {
        point: KILL_BEFORE_SETTLE.to_owned(),
        nth: 1,
    };
    till.ask(&Told::Freeze(frozen)).await?;
    shop.chain.line.pay(&order.out_trade_no)?;
    let id = till.id()?;
    until("the till to be frozen", PATIENCE, async || {
        Ok(is_frozen(id).then_some(()))
    })
    .await?;
    until("the broker to give the till up", PATIENCE, async || {
        Ok((reading().await? == 0).then_some(()))
    })
    .await?;
    shop.chain.until_waiting("T01", 1).await?;
    signal(id, "CONT")?;
    see(&mut till, "paid and confirmed", is_paid).await?;
    shop.chain.until_empty("T01").await?;
    till.stop().await?;
    assert_eq!(shop.chain.waiting("T01").await?, 0, "acknowledged in the end");
    let (order, inbox, sold) = shop.on_the_disk()?;
    assert_eq!(
        order.payment().map(|payment| payment.found_by),
        Some(FoundBy::Notify),
        "by the notify that was in hand when the till froze"
    );
    assert_eq!(
        (inbox, sold),
        (1, 1),
        "taken in once though it was delivered twice, and sold once"
    );
    Ok(())
}
