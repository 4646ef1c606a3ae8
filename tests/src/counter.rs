//! One counter of a simulated day: a till on its ledger, its questions under way, and the power that can fail.

use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::Timestamp;
use tempfile::TempDir;
use till_app::{Config, Database, Till};
use till_core::ProductId;
use wechat_pay::Client;

use crate::clocks::Clocks;
use crate::network::Network;
use crate::people;

/// Merchant of all tests in one process.
pub const APPID: &str = "wxd930ea5d5a258f4f";
/// Its number.
pub const MCH_ID: &str = "1900000109";
/// Its key.
pub const API_KEY: &str = "0123456789abcdefghijKLMNOPQRSTUV";

/// The goods: name, price in yuan, pieces. Few of some, so that they run out.
const GOODS: &[(&str, &str, Option<u32>)] = &[
    ("农夫山泉 550ml", "2.00", Some(500)),
    ("康师傅红烧牛肉面", "4.50", Some(40)),
    ("三全鲜肉水饺 500g", "15.80", Some(3)),
    ("蓝牙耳机", "199.00", Some(1)),
    ("茶叶蛋", "1.50", None),
    ("最后一包薯片", "7.99", Some(1)),
];

/// A counter of the shop.
#[derive(Debug)]
pub struct Counter {
    /// Its till; `None` while the power is off.
    pub till: Option<Till>,
    /// How often the power came back: what was under way before is lost.
    pub starts: u64,
    /// The last journal row that was looked at.
    pub journal_seen: i64,
    /// Its way to the gateway.
    pub client: Client<Network>,
    /// Its clocks.
    pub clocks: Clocks,
    config: Config,
    seed: u64,
    ledger: Ledger,
}

/// What was drawn for a counter.
#[derive(Debug, Clone, Copy)]
pub struct Drawn {
    /// What its till draws its own numbers from.
    pub seed: u64,
    /// It can be switched off: its ledger is in a file.
    pub survives: bool,
    /// Its people have PINs.
    pub staffed: bool,
    /// Its clocks.
    pub clocks: Clocks,
}

impl Drawn {
    /// A counter without anything out of the ordinary.
    #[must_use]
    pub fn plain(seed: u64, survives: bool) -> Self {
        Self {
            seed,
            survives,
            staffed: false,
            clocks: Clocks::default(),
        }
    }
}

#[derive(Debug)]
enum Ledger {
    /// Dies with the till.
    Memory,
    /// Outlives it.
    Folder { folder: TempDir, file: PathBuf },
}

/// A till's configuration; the address is never asked by a network in this process.
pub fn config(till: &str, base_url: &str, poll_seconds: u32, timeout_minutes: u32) -> anyhow::Result<Config> {
    config_with("", till, base_url, poll_seconds, timeout_minutes)
}

/// The same with more lines about the till.
pub fn config_with(
    more: &str,
    till: &str,
    base_url: &str,
    poll_seconds: u32,
    timeout_minutes: u32,
) -> anyhow::Result<Config> {
    let text = format!(
        "[till]\nid = \"{till}\"\nshop_name = \"小满便利店\"\n{more}\
         [wechat]\nappid = \"{APPID}\"\nmch_id = \"{MCH_ID}\"\napi_key = \"{API_KEY}\"\n\
         base_url = \"{base_url}\"\nnotify_url = \"http://127.0.0.1:9/weixin/pay/notify/url\"\n\
         [payment]\npoll_seconds = {poll_seconds}\ntimeout_minutes = {timeout_minutes}\n"
    );
    Ok(Config::parse(&text)?)
}

/// The goods as an import file.
pub fn goods_csv() -> String {
    let rows = GOODS.iter().enumerate().map(|(n, (name, price, pieces))| {
        let pieces = pieces.map_or_else(String::new, |pieces| pieces.to_string());
        format!("{name},69990000{n:05},{price},{pieces},全部\n")
    });
    std::iter::once("品名,条码,价格,库存,分类\n".to_owned())
        .chain(rows)
        .collect()
}

/// A folder of a test's own, in memory where the machine has such a place: what is tested there is not the disk.
pub fn fast_folder() -> anyhow::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir()
        && let Ok(folder) = tempfile::tempdir_in(memory)
    {
        return Ok(folder);
    }
    Ok(tempfile::tempdir()?)
}

impl Counter {
    /// Opens a counter with full shelves, as the draw has it.
    pub fn open(config: Config, network: &Network, now: Timestamp, drawn: Drawn) -> anyhow::Result<Self> {
        let ledger = if drawn.survives {
            let folder = fast_folder()?;
            let file = folder.path().join("scantill.db");
            Ledger::Folder { folder, file }
        } else {
            Ledger::Memory
        };
        let mut counter = Self {
            till: None,
            starts: 0,
            journal_seen: 0,
            client: Client::new(config.merchant.clone(), network.clone()),
            clocks: drawn.clocks,
            config,
            seed: drawn.seed,
            ledger,
        };
        let mut db = counter.ledger()?;
        if drawn.staffed {
            people::employ(&mut db, counter.clocks.of_till(now))?;
        }
        counter.start(db, now)?;
        let shown = counter.clocks.of_till(now);
        let till = counter.till.as_mut().context("the till was just opened")?;
        till.import(shown, &goods_csv())?;
        Ok(counter)
    }

    /// The till's id.
    pub fn id(&self) -> &str {
        self.config.shop.till.as_str()
    }

    /// Whether it can be switched off without losing its ledger.
    pub fn survives(&self) -> bool {
        matches!(self.ledger, Ledger::Folder { .. })
    }

    /// The power fails. With `torn`, the files are taken as they lie there with the till still open, so that the next
    /// start finds a write-ahead log; without, as a stopped process leaves them.
    pub fn power_off(&mut self, torn: bool) -> anyhow::Result<()> {
        if let (Ledger::Folder { folder, file }, true) = (&mut self.ledger, torn) {
            let copy = folder.path().join(format!("after-{}.db", self.starts));
            std::fs::copy(&*file, &copy)?;
            let log = |file: &Path| PathBuf::from(format!("{}-wal", file.display()));
            if log(file).exists() {
                std::fs::copy(log(file), log(&copy))?;
            }
            *file = copy;
        }
        self.till = None;
        Ok(())
    }

    /// The power is back.
    pub fn power_on(&mut self, now: Timestamp) -> anyhow::Result<()> {
        let db = self.ledger()?;
        self.start(db, now)
    }

    fn ledger(&self) -> anyhow::Result<Database> {
        Ok(match &self.ledger {
            Ledger::Memory => Database::in_memory()?,
            Ledger::Folder { file, .. } => Database::open(file)?,
        })
    }

    fn start(&mut self, db: Database, now: Timestamp) -> anyhow::Result<()> {
        self.clocks.started();
        let now = self.clocks.of_till(now);
        self.starts += 1;
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        seed[8..16].copy_from_slice(&self.starts.to_le_bytes());
        self.till = Some(Till::open(self.config.clone(), db, now, seed)?);
        Ok(())
    }
}

/// How many of each product there were at first; `None`: not counted.
pub fn pieces_at_first() -> Vec<(ProductId, Option<i64>)> {
    let numbered = (1..).zip(GOODS);
    numbered
        .map(|(id, (_, _, pieces))| (ProductId(id), pieces.map(i64::from)))
        .collect()
}
