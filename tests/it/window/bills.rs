//! The agreement with WeChat's bill in the real window: a till that sold on an earlier day is started in training, fetches
//! that day's bill by itself, and shows what differs.

use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use scantill_tests::app::{App, Pane, Start};
use scantill_tests::counter::goods_csv;
use scantill_tests::elsewhere::order_from_elsewhere;
use scantill_tests::network::{Network, Weather, later};
use scantill_tests::screen::Screen;
use scantill_tests::shop::{LAST_PIECE, WATER};
use scantill_tests::wait::{PATIENCE, until};
use till_app::{Config, Database, Step, Till};
use till_core::{OutTradeNo, ProductId, bill_bounds, bill_date};
use wechat_pay::{ApiKey, Client, Nonce, Outcome, UnifiedOrder};
use wechat_pay_sim::{Gateway, GatewayConfig, PayWith};

/// Who the till in training is.
const APPID: &str = "wx7261696e696e6730";
const MCH_ID: &str = "1900000001";
const API_KEY: &str = "TrainingTrainingTrainingTraining";

/// A till in training on a day of its own, and the gateway in its process.
struct Past {
    till: Till,
    client: Client<Network>,
    network: Network,
    now: Timestamp,
}

impl Past {
    fn open(data: &Path, day: Date) -> anyhow::Result<Self> {
        std::fs::create_dir_all(data)?;
        let config = Config::parse(&format!(
            "[till]\nid = \"T01\"\nshop_name = \"小满便利店\"\n\
             [wechat]\nappid = \"{APPID}\"\nmch_id = \"{MCH_ID}\"\napi_key = \"{API_KEY}\"\n\
             base_url = \"http://127.0.0.1:9\"\nnotify_url = \"http://127.0.0.1:9/sim/notify\"\n"
        ))?;
        let (midnight, _) = bill_bounds(day).context("a day")?;
        let now = later(midnight, SignedDuration::from_hours(12));
        let gateway = Gateway::new(GatewayConfig::new(APPID, MCH_ID, ApiKey::parse(API_KEY)?));
        let network = Network::new(gateway, Weather::default(), now, 7);
        let client = Client::new(config.merchant.clone(), network.clone());
        let db = Database::open(&data.join("scantill.db"))?;
        let mut till = Till::open(config, db, now, [7; 32])?;
        till.import(now, &goods_csv())?;
        Ok(Self {
            till,
            client,
            network,
            now,
        })
    }

    async fn live(&mut self, seconds: i64) -> anyhow::Result<()> {
        let end = later(self.now, SignedDuration::from_secs(seconds));
        loop {
            match self.till.step(self.now, &self.client).await {
                Step::Done => {}
                Step::IdleUntil(Some(at)) if at <= end => self.now = at,
                Step::IdleUntil(_) => break,
            }
            self.network.set_now(self.now);
        }
        self.now = end;
        self.network.set_now(end);
        Ok(())
    }

    async fn sell(&mut self, product: ProductId, click: &str) -> anyhow::Result<OutTradeNo> {
        self.till.add(product, None)?;
        let number = self.till.pay(self.now, click)?;
        self.live(5).await?;
        Ok(number)
    }

    fn pay(&self, number: &str) -> anyhow::Result<()> {
        self.network
            .with(|gateway, now| gateway.pay(now, number, &PayWith::default()))?;
        Ok(())
    }

    /// An order of this merchant's that this till knows nothing of.
    async fn stranger(&self, number: &str, fen: i64) -> anyhow::Result<()> {
        let request = order_from_elsewhere(number, fen);
        let order = UnifiedOrder::native(self.client.merchant(), &request)?;
        let placed = self.client.send(&order, Nonce::random()).await;
        anyhow::ensure!(matches!(placed.outcome, Outcome::Yes(_)), "placed");
        self.pay(number)
    }
}

/// A day whose bill can be had by now, and not the last one: the page is not to confuse the two.
#[expect(
    clippy::disallowed_methods,
    reason = "the program in the window reads the real clock"
)]
fn an_earlier_day() -> Date {
    bill_date(Timestamp::now() - SignedDuration::from_hours(58))
}

/// Sells for a day: two sales, a payment after the cancel, an order unknown here, and another till's.
async fn a_day(data: &Path, day: Date) -> anyhow::Result<OutTradeNo> {
    let mut past = Past::open(data, day)?;
    for (product, click) in [(WATER, "a"), (LAST_PIECE, "b")] {
        let number = past.sell(product, click).await?;
        past.pay(number.as_str())?;
        past.live(10).await?;
    }
    let late = past.sell(WATER, "c").await?;
    past.till.cancel(past.now, &late)?;
    past.live(5).await?;
    past.pay(late.as_str())?;
    past.live(3600).await?;
    past.stranger("T01-260101-000001-LOST", 1_999).await?;
    past.stranger("T02-260101-000001-AAAA", 500).await?;
    let book = past.network.with(|gateway, _| gateway.to_json())?;
    std::fs::write(data.join("simulator.json"), book)?;
    past.till.db().checkpoint()?;
    Ok(late)
}

async fn reads(app: &App, testid: &str, part: &str) -> anyhow::Result<()> {
    until(&format!("{testid:?} to read {part:?}"), PATIENCE, async || {
        Ok(app.text(testid).await?.contains(part).then_some(()))
    })
    .await
}

/// Day by day: a driver types a date as fast as a scanner, and it would be taken for a barcode.
async fn go_to(app: &App, day: Date) -> anyhow::Result<()> {
    app.click("nav-day").await?;
    let shown = "return document.querySelector('[data-testid=day-input]')?.value ?? ''";
    until(&format!("the day page at {day}"), PATIENCE, async || {
        let at = app.ask(shown).await?;
        // Until the page is there, it is at no day.
        let Some(at) = at.as_str().and_then(|at| at.parse::<Date>().ok()) else {
            return Ok(None);
        };
        if at == day {
            return Ok(Some(()));
        }
        // A click too many, made before the page was drawn anew, is taken back.
        let neighbour = if at > day { "previous" } else { "next" };
        app.ask(&format!(
            "document.querySelector('[data-testid=day-input]').{neighbour}ElementSibling.click()"
        ))
        .await?;
        Ok(None)
    })
    .await
}

#[tokio::test]
async fn a_days_bill_is_fetched_differences_are_settled_and_the_day_signed_off() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let start = Start {
        folder: folder.path(),
        flags: &["--training"],
        config: None,
    };
    let day = an_earlier_day();
    let late = a_day(&start.data_dir(), day).await?;
    let pictures = scantill_tests::picture_folder("window-test/bills")?;
    let picture = |name: &str| -> PathBuf { pictures.join(format!("{name}.png")) };
    let screen = Screen::open(1920, 1080)?;
    let app = App::start(&screen, &start).await?;
    app.look_at(Pane::Till).await?;
    app.resize(1366, 768).await?;

    go_to(&app, day).await?;
    reads(&app, "bill-state", "自动取得").await?;
    reads(&app, "bill-state", "2 处差异待处理").await?;
    reads(&app, "agreement-paid", "2 笔 ¥201.00").await?;
    reads(&app, "agreement-paid", "4 笔 ¥222.99").await?;
    reads(&app, "other-tills", "T02 1 笔 ¥5.00").await?;
    reads(&app, "difference-0", late.as_str()).await?;
    reads(&app, "difference-0", "取消以后顾客又付了款").await?;
    reads(&app, "difference-1", "T01-260101-000001-LOST").await?;
    let signing = app.element("sign-off").await?;
    assert!(
        !signing.is_enabled().await?,
        "a day with open differences is not signed off"
    );
    app.save_picture(&picture("differences-zh-CN-1366")).await?;
    app.click("locale").await?;
    reads(&app, "difference-1", "Only on WeChat's bill").await?;
    app.save_picture(&picture("differences-en-1366")).await?;
    app.resize(1920, 1080).await?;
    app.save_picture(&picture("differences-en-1920")).await?;
    app.click("locale").await?;
    reads(&app, "difference-1", "只在微信账单").await?;
    app.save_picture(&picture("differences-zh-CN-1920")).await?;

    for index in [0, 1] {
        app.click(&format!("difference-look-{index}")).await?;
        reads(&app, "difference", "怎么办").await?;
        if index == 0 {
            app.save_picture(&picture("dialog-zh-CN-1920")).await?;
        }
        app.element("note-text")
            .await?
            .send_keys("已在商户平台核对")
            .await?;
        app.click("note-save").await?;
        reads(&app, &format!("difference-{index}"), "已说明").await?;
        app.click("difference-close").await?;
        app.gone("difference").await?;
    }
    app.click("sign-off").await?;
    // Without users there is no PIN, and it is confirmed.
    app.click("approval-yes").await?;
    reads(&app, "bill-state", "已签核").await?;

    let menu = folder.path().join("menu.csv");
    std::fs::write(&menu, "品名,价格\n")?;
    app.give_file("bill-file", &menu).await?;
    reads(&app, "bill-import-result", "交易时间").await?;
    app.save_picture(&picture("wrong-file-zh-CN-1920")).await?;
    app.click("bill-import-close").await?;

    app.resize(1366, 768).await?;
    app.reload().await?;
    go_to(&app, day).await?;
    reads(&app, "bill-state", "已签核").await?;
    app.save_picture(&picture("signed-zh-CN-1366")).await
}
