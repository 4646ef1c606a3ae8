//! Commits per sale, counted in the write-ahead log, and their rate against writing and flushing the same bytes to a plain
//! file on the same disk.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use scantill_tests::counter::{config, goods_csv};
use scantill_tests::simulator::Gateway;
use till_app::{Database, Till, carry_out};
use till_core::{OutTradeNo, ProductId};
use wechat_pay::{Client, HttpConfig, HttpTransport};
use wechat_pay_sim::PayWith;

use crate::cost::{median, now, wall};
use crate::scale::Scale;
use crate::table::{Goal, Row, Unit};

/// Not counted: never sold out.
const EGG: ProductId = ProductId(5);
/// Pieces rung up in each sale.
const PIECES: usize = 3;
const SALES_PER_ROUND: usize = 10;
/// No longer than this, however slow the disk.
const SECONDS_MAX: f64 = 25.0;
/// SQLite starts its log anew after a thousand pages.
const LOG_PAGES: u64 = 1000;

/// What one sale left in the write-ahead log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Logged {
    commits: u32,
    bytes: u64,
}

/// A till with its way to a simulator.
struct Counter {
    till: Till,
    client: Client<HttpTransport>,
    gateway: Gateway,
    now: Timestamp,
    sales: u32,
    /// Seconds that the till's own calls took, since they were last taken.
    seconds: f64,
}

/// Measures commits.
pub(crate) fn measure(scale: Scale) -> anyhow::Result<Vec<Row>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    // Beside the built program: in memory, as /tmp may be, nothing is ever flushed.
    let folder = tempfile::tempdir_in(scantill_tests::picture_folder("bench")?)?;
    runtime.block_on(measure_in(folder.path(), scale.of(15, 2)))
}

async fn measure_in(folder: &Path, rounds: usize) -> anyhow::Result<Vec<Row>> {
    let file = folder.join("scantill.db");
    let mut counter = Counter::open(&file).await?;
    counter.sell().await?;
    let ring_up = counter.logged(&file, async |counter| counter.ring_up()).await?;
    let sale = counter
        .logged(&file, async |counter| counter.take_payment().await)
        .await?;
    let all = Logged {
        commits: ring_up.commits + sale.commits,
        bytes: ring_up.bytes + sale.bytes,
    };
    let mut bare = Bare::open(&folder.join("bare"), all.bytes / u64::from(all.commits))?;

    let (mut ours, mut fsync, mut fdatasync) = (Vec::new(), Vec::new(), Vec::new());
    let commits = f64::from(all.commits) * SALES_PER_ROUND as f64;
    let start = now();
    while ours.len() < rounds && start.elapsed().as_secs_f64() < SECONDS_MAX {
        counter.seconds = 0.0;
        for _ in 0..SALES_PER_ROUND {
            counter.sell().await?;
        }
        ours.push(commits / counter.seconds);
        fsync.push(commits / bare.write(commits as u32, File::sync_all)?);
        fdatasync.push(commits / bare.write(commits as u32, File::sync_data)?);
    }
    let rate = |name: &str| Row::plain(name, median(&ours), Unit::PerSecond);
    let kept = median(&fsync);
    Ok(vec![
        Row::plain(
            "commits per sale, from pay to paid (placed, asked twice)",
            f64::from(sale.commits),
            Unit::Count,
        ),
        Row::plain(
            "  and for each piece rung up",
            f64::from(ring_up.commits) / PIECES as f64,
            Unit::Count,
        ),
        Row::plain(
            "  bytes of one commit",
            (all.bytes / u64::from(all.commits)) as f64,
            Unit::Bytes,
        ),
        rate("commits per second while selling")
            .against(kept, "bare write + fsync of the same bytes")
            .goal(Goal::RatioAtLeast(0.9)),
        rate("  the same").against(median(&fdatasync), "bare write + fdatasync"),
        // What the ratio hides where a flush costs next to nothing, as on a virtual disk.
        Row::plain(
            "  a commit's time beyond the bare flush",
            1.0 / median(&ours) - 1.0 / kept,
            Unit::Seconds,
        ),
    ])
}

impl Counter {
    async fn open(file: &Path) -> anyhow::Result<Self> {
        let gateway = Gateway::open(1).await?;
        let mut config = config("T01", gateway.base(), 3, 30)?;
        // The clock is pushed from question to question; real and invented time stay together.
        config.timing.poll = SignedDuration::from_millis(1);
        let transport = HttpTransport::new(&HttpConfig::new(gateway.base()))?;
        let client = Client::new(config.merchant.clone(), transport);
        let now = real_time();
        let mut till = Till::open(config, Database::open(file)?, now, [1; 32])?;
        till.import(now, &goods_csv())?;
        Ok(Self {
            till,
            client,
            gateway,
            now,
            sales: 0,
            seconds: 0.0,
        })
    }

    /// A whole sale.
    async fn sell(&mut self) -> anyhow::Result<()> {
        self.ring_up()?;
        self.take_payment().await
    }

    fn ring_up(&mut self) -> anyhow::Result<()> {
        for _ in 0..PIECES {
            self.timed(|till, _| till.add(EGG, None))?;
        }
        Ok(())
    }

    /// Placed, asked after while nobody has paid, paid, asked after again.
    async fn take_payment(&mut self) -> anyhow::Result<()> {
        self.sales += 1;
        let click = format!("click-{}", self.sales);
        let number: OutTradeNo = self.timed(|till, now| till.pay(now, &click))?;
        self.ask().await?;
        self.ask().await?;
        self.gateway
            .simulator()
            .with(|gateway, now| gateway.pay(now, number.as_str(), &PayWith::default()))?;
        self.ask().await?;
        let settled = self.timed(|till, _| till.next_due().is_none());
        anyhow::ensure!(settled, "the order {number} is settled after its second question");
        self.timed(|till, _| till.done());
        Ok(())
    }

    /// Asks what is due next. The question's way to the gateway and back is not the till's time.
    async fn ask(&mut self) -> anyhow::Result<()> {
        let due = self.till.next_due().context("something is due")?;
        self.now = self.now.max(due);
        let job = self
            .timed(|till, now| till.begin(now))
            .context("a question is due")?;
        let reply = carry_out(&self.client, job).await;
        self.timed(|till, now| till.finish(now, reply));
        Ok(())
    }

    fn timed<T>(&mut self, work: impl FnOnce(&mut Till, Timestamp) -> T) -> T {
        let (seconds, done) = wall(|| work(&mut self.till, self.now));
        self.seconds += seconds;
        done
    }

    /// What `work` leaves in an empty write-ahead log.
    async fn logged(
        &mut self,
        file: &Path,
        work: impl AsyncFnOnce(&mut Self) -> anyhow::Result<()>,
    ) -> anyhow::Result<Logged> {
        anyhow::ensure!(self.till.db().checkpoint()?, "nobody else reads the file");
        work(self).await?;
        read_log(&std::fs::read(format!("{}-wal", file.display()))?)
    }
}

/// Counts the commits in a write-ahead log (format: sqlite.org/fileformat2.html#the_write_ahead_log): a header of 32 bytes
/// with the page size at 8; before each page 24 bytes, of which those at 4 are not 0 where a commit ends.
fn read_log(log: &[u8]) -> anyhow::Result<Logged> {
    let number = |at: usize| -> anyhow::Result<usize> {
        let bytes = log.get(at..at + 4).context("the log is cut short")?;
        Ok(u32::from_be_bytes(bytes.try_into()?) as usize)
    };
    let frame = 24 + number(8)?;
    let mut found = Logged { commits: 0, bytes: 0 };
    let mut at = 32;
    while at + frame <= log.len() {
        found.bytes += frame as u64;
        found.commits += u32::from(number(at + 4)? != 0);
        at += frame;
    }
    Ok(found)
}

/// A file written round and round like the log, each piece flushed.
struct Bare {
    file: File,
    piece: Vec<u8>,
    length: u64,
    at: u64,
}

impl Bare {
    fn open(path: &Path, piece: u64) -> anyhow::Result<Self> {
        let length = LOG_PAGES * 2072;
        let file = File::create_new(path)?;
        file.write_all_at(&vec![1; usize::try_from(length)?], 0)?;
        file.sync_all()?;
        Ok(Self {
            file,
            piece: vec![2; usize::try_from(piece)?],
            length,
            at: 0,
        })
    }

    /// Seconds that so many pieces take.
    fn write(&mut self, pieces: u32, flush: fn(&File) -> std::io::Result<()>) -> anyhow::Result<f64> {
        let (seconds, done) = wall(|| -> std::io::Result<()> {
            for _ in 0..pieces {
                if self.at + self.piece.len() as u64 > self.length {
                    self.at = 0;
                }
                self.file.write_all_at(&self.piece, self.at)?;
                self.at += self.piece.len() as u64;
                flush(&self.file)?;
            }
            Ok(())
        });
        done?;
        Ok(seconds)
    }
}

/// The machine's time, in whole milliseconds as the ledger keeps it.
pub(crate) fn real_time() -> Timestamp {
    let now = till_app::clock::steady()();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
