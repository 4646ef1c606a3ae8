//! A till on a real file, WeChat in this process, and invented time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use scantill_tests::till_process::Picture;
use till_app::{Config, Database, Imported, Refusal, Step, Till};
use till_core::OutTradeNo;
use till_store::Options;
use wechat_pay::{Client, HttpCall, Posted, Transport, TransportError};
use wechat_pay_sim::{Gateway, GatewayConfig, PayWith};

pub(super) const WATER: &str = "6921168509256";
pub(super) const DUMPLINGS: &str = "6920912345678";
pub(super) const PRODUCTS: &str = "品名,条码,价格,库存\n农夫山泉 550ml,6921168509256,2.00,2000\n三全鲜肉水饺 500g,6920912345678,15.80,5\n手机壳,6920912345999,自定义,\n";
pub(super) const CONFIG: &str = r#"
[till]
id = "T01"
shop_name = "小满便利店"
[wechat]
appid = "wxd930ea5d5a258f4f"
mch_id = "1900000109"
api_key = "0123456789abcdefghijKLMNOPQRSTUV"
notify_url = "https://pay.example.com/weixin/pay/notify/url"
"#;

/// WeChat without a wire, its clock, and what it was asked.
#[derive(Debug, Clone)]
pub(super) struct Wechat {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    gateway: Gateway,
    now: Timestamp,
    asked: Vec<&'static str>,
}

impl Wechat {
    pub(super) fn new(config: &Config, now: Timestamp) -> Self {
        let merchant = config.merchant.clone();
        let config = GatewayConfig::new(merchant.appid, merchant.mch_id, merchant.api_key);
        let shared = Shared {
            gateway: Gateway::new(config),
            now,
            asked: Vec::new(),
        };
        Self {
            shared: Arc::new(Mutex::new(shared)),
        }
    }

    /// The paths of all requests so far.
    pub(super) fn asked(&self) -> Vec<&'static str> {
        self.with(|shared| shared.asked.clone())
    }

    /// How many orders it has.
    pub(super) fn orders(&self) -> usize {
        self.with(|shared| shared.gateway.orders(shared.now).len())
    }

    /// The customer pays.
    pub(super) fn pay(&self, number: &OutTradeNo) {
        self.with(|shared| {
            shared
                .gateway
                .pay(shared.now, number.as_str(), &PayWith::default())
        })
        .expect("the order can be paid");
    }

    fn set_now(&self, now: Timestamp) {
        self.with(|shared| shared.now = now);
    }

    fn with<R>(&self, act: impl FnOnce(&mut Shared) -> R) -> R {
        act(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Transport for Wechat {
    async fn post(&self, call: HttpCall) -> Result<Posted, TransportError> {
        self.with(|shared| {
            shared.asked.push(call.path);
            let answer = shared
                .gateway
                .answer(shared.now, call.path, call.body.as_bytes(), false);
            Ok(answer.body.into())
        })
    }
}

/// A till, its folder, its time.
pub(super) struct Counter {
    pub(super) till: Till,
    pub(super) wechat: Wechat,
    pub(super) now: Timestamp,
    client: Client<Wechat>,
    folder: tempfile::TempDir,
}

impl Counter {
    /// A till with three products: water, dumplings (5 pieces), and a phone case without a price of its own.
    pub(super) fn open() -> Self {
        let now: Timestamp = "2026-11-23T12:00:00+08:00".parse().unwrap();
        let config = Config::parse(CONFIG).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let wechat = Wechat::new(&config, now);
        let client = Client::new(config.merchant.clone(), wechat.clone());
        let db = Database::open(&file_in(folder.path())).unwrap();
        let mut till = Till::open(config, db, now, [7; 32]).unwrap();
        let taken = till.import(now, PRODUCTS).unwrap();
        assert!(
            matches!(taken, Imported::Products(3)),
            "the shelf is filled: {taken:?}"
        );
        Self {
            till,
            wechat,
            now,
            client,
            folder,
        }
    }

    /// The ledger.
    pub(super) fn file(&self) -> PathBuf {
        file_in(self.folder.path())
    }

    /// Ends the till and starts it again.
    pub(super) fn reopen(self, options: Options) -> Self {
        let Self {
            till,
            wechat,
            now,
            client,
            folder,
        } = self;
        let config = till.config().clone();
        till.db().checkpoint().unwrap();
        drop(till);
        let db = Database::open_with(&file_in(folder.path()), options).unwrap();
        let till = Till::open(config, db, now, [8; 32]).unwrap();
        Self {
            till,
            wechat,
            now,
            client,
            folder,
        }
    }

    /// The till alone, and what keeps its folder alive.
    pub(super) fn take_apart(self) -> (Till, tempfile::TempDir) {
        (self.till, self.folder)
    }

    /// Lets time go by, doing everything that falls due.
    pub(super) async fn run(&mut self, span: SignedDuration) {
        let end = self.now + span;
        loop {
            self.wechat.set_now(self.now);
            match self.till.step(self.now, &self.client).await {
                Step::Done => {}
                Step::IdleUntil(Some(at)) if at <= end => self.now = self.now.max(at),
                Step::IdleUntil(_) => break,
            }
        }
        self.now = end;
        self.wechat.set_now(end);
    }

    /// Rings up one piece of water and presses 收款.
    pub(super) fn sell(&mut self, click: &str) -> Result<OutTradeNo, Refusal> {
        self.till.scan(WATER)?;
        self.till.pay(self.now, click)
    }

    /// Everything that a refused act must leave as it is.
    pub(super) fn everything(&self) -> String {
        let read = self.till.db().read();
        let picture = Picture {
            in_cart: self.till.snapshot().cart.pieces(),
            orders: self.orders(),
            refunds: Vec::new(),
            on_show: None,
        };
        format!(
            "{picture:?} {:?} {:?} {:?} {:?}",
            self.till.snapshot().cart,
            read.stock().all().unwrap(),
            read.held_carts().all().unwrap(),
            read.journal().after(0, 10_000).unwrap().len(),
        )
    }

    /// The ledger's orders, oldest first.
    pub(super) fn orders(&self) -> Vec<till_core::Attempt> {
        let rows = self.till.db().read().attempts().search("", None).unwrap();
        rows.into_iter().rev().map(|row| row.attempt).collect()
    }

    /// One order of the ledger.
    pub(super) fn order(&self, number: &OutTradeNo) -> till_core::Attempt {
        self.till.db().read().attempts().get(number).unwrap().unwrap()
    }
}

fn file_in(folder: &Path) -> PathBuf {
    folder.join("scantill.db")
}
