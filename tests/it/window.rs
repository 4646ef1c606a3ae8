//! The real program in real windows: what a cashier clicks, what a customer sees, what survives a kill.
//!
//! Pictures of each run are kept in `target/window-test/`.

mod bills;
mod callback;
mod cash;
mod cash_refund;
mod day_end;
mod demo;
mod desk;
mod discount;
mod drawer;
mod fence;
mod keeping;
mod keyring;
mod refund;
mod steps;
mod walk;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use scantill_tests::app::{App, Pane, Start};
use scantill_tests::process;
use scantill_tests::screen::Screen;
use scantill_tests::simulator::{Customer, Gateway};
use scantill_tests::wait::{PATIENCE, until};
use serde_json::json;

/// "See paid in both windows within 4 s": one question every 3 seconds, and one second for everything else.
const SEEN_PAID_WITHIN: Duration = Duration::from_secs(4);
const PRODUCTS: &str = "品名,条码,价格,库存,分类\n农夫山泉 550ml,6921168509256,2.00,10,饮料\n三全鲜肉水饺 500g,6920912345678,15.80,5,冷冻\n";

/// A counter with a till that is configured for a simulator outside it, which therefore outlives the till.
struct Counter {
    folder: tempfile::TempDir,
    screen: Screen,
    gateway: Gateway,
    customer: Customer,
    pictures: PathBuf,
}

impl Counter {
    async fn open(name: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let gateway = Gateway::open(7).await?;
        std::fs::write(folder.path().join("till.toml"), gateway.till_config())?;
        std::fs::write(folder.path().join("products.csv"), PRODUCTS)?;
        let pictures = scantill_tests::picture_folder(&format!("window-test/{name}"))?;
        Ok(Self {
            customer: gateway.customer(),
            screen: Screen::open(1920, 1080)?,
            folder,
            gateway,
            pictures,
        })
    }

    async fn start_till(&self) -> anyhow::Result<App> {
        let config = self.folder.path().join("till.toml");
        let start = Start {
            folder: self.folder.path(),
            flags: &[],
            config: Some(&config),
        };
        let app = App::start(&self.screen, &start).await?;
        app.look_at(Pane::Till).await?;
        // Not the search: a till that finds a payment waiting begins with that payment.
        app.element("nav-sell").await?;
        Ok(app)
    }

    /// Puts the two products on the shelf, through the settings page.
    async fn stock_up(&self, app: &App) -> anyhow::Result<()> {
        app.click("nav-settings").await?;
        app.give_file("import-file", &self.folder.path().join("products.csv"))
            .await?;
        app.element("import-result").await?;
        app.click("nav-sell").await?;
        app.element("search").await.map(drop)
    }

    async fn picture(&self, app: &App, name: &str) -> anyhow::Result<()> {
        app.save_picture(&self.pictures.join(format!("{name}.png"))).await
    }

    /// How many orders WeChat knows.
    fn orders_at_wechat(&self) -> usize {
        self.gateway
            .simulator()
            .with(|gateway, now| gateway.orders(now).len())
    }
}

/// Two pieces into the cart and 收款 pressed; the order number as the till shows it.
async fn ring_up(app: &App) -> anyhow::Result<String> {
    for tile in app.all("tile-").await? {
        tile.click().await?;
    }
    until("2.00 and 15.80 to make 17.80 in the cart", PATIENCE, async || {
        let total = app.text("cart-total").await?;
        Ok(total.contains("17.80").then_some(()))
    })
    .await?;
    app.click("pay").await?;
    app.element("qr").await?;
    app.text("order-no").await
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the promise is about real seconds")]
async fn a_scanned_code_is_seen_as_paid_in_both_windows_within_four_seconds() -> anyhow::Result<()> {
    let counter = Counter::open("sale").await?;
    let app = counter.start_till().await?;
    app.resize(1366, 768).await?;
    counter.stock_up(&app).await?;
    counter.picture(&app, "1-sell-zh-CN").await?;
    // The simulator is outside the program here, and takes no real money all the same.
    let band = "练习模式";
    assert!(app.text("training").await?.contains(band), "the till says so");
    assert_eq!(
        app.ask("return Object.isFrozen(Object.prototype)").await?,
        true,
        "what all objects of the page inherit can't be changed"
    );
    let number = ring_up(&app).await?;

    let at_the_till = app.read_qr().await?;
    counter.picture(&app, "2-pay-zh-CN").await?;
    app.look_at(Pane::Customer).await?;
    app.customer_at("scan", PATIENCE).await?;
    let at_the_customer = app.read_qr().await?;
    counter.picture(&app, "3-customer-scan-zh-CN").await?;
    assert!(
        app.text("training").await?.contains(band),
        "the customer display says so"
    );
    assert_eq!(
        at_the_till, at_the_customer,
        "both windows show the same order's code"
    );

    let scanned = counter.customer.scan(&at_the_customer).await?;
    assert_eq!(
        scanned, number,
        "the code in the pixels stands for the order the till names"
    );
    counter.customer.pay(&scanned).await?;
    let paid_at = Instant::now();
    let left = || SEEN_PAID_WITHIN.saturating_sub(paid_at.elapsed());
    app.customer_at("paid", left()).await?;
    app.look_at(Pane::Till).await?;
    app.element_within("paid-amount", left()).await?;
    println!("paid in both windows after {:?}", paid_at.elapsed());
    counter.picture(&app, "4-paid-zh-CN").await?;
    assert!(
        app.text("paid-amount").await?.contains("17.80"),
        "the amount that was paid is the amount that was rung up"
    );
    app.look_at(Pane::Customer).await?;
    counter.picture(&app, "5-customer-paid-zh-CN").await?;

    app.look_at(Pane::Till).await?;
    app.click("next").await?;
    app.click("locale").await?;
    let number = ring_up(&app).await?;
    counter.picture(&app, "6-pay-en").await?;
    let state = app.text("state").await?;
    assert!(
        state.is_ascii(),
        "switched live to English, the state reads {state:?}"
    );
    app.look_at(Pane::Customer).await?;
    app.customer_at("scan", PATIENCE).await?;
    counter.picture(&app, "7-customer-scan-en").await?;
    counter.customer.pay(&number).await?;
    app.look_at(Pane::Till).await?;
    app.element("paid-amount").await?;
    counter.picture(&app, "8-paid-en").await
}

#[tokio::test]
async fn a_payment_made_while_the_till_was_dead_is_found_at_its_start() -> anyhow::Result<()> {
    let counter = Counter::open("kill").await?;
    let app = counter.start_till().await?;
    counter.stock_up(&app).await?;
    let number = ring_up(&app).await?;
    app.look_at(Pane::Customer).await?;
    app.customer_at("scan", PATIENCE).await?;
    let code = app.read_qr().await?;

    app.kill().await?;
    let scanned = counter.customer.scan(&code).await?;
    counter.customer.pay(&scanned).await?;

    let app = counter.start_till().await?;
    app.click("nav-orders").await?;
    let row = format!("order-row-{number}");
    until(
        "the order to be paid in the list of orders",
        PATIENCE,
        async || Ok(app.text(&row).await?.contains("已收款").then_some(())),
    )
    .await?;
    counter.picture(&app, "found-at-start").await?;
    assert_eq!(
        counter.orders_at_wechat(),
        1,
        "the sale was not placed a second time"
    );

    app.look_at(Pane::Customer).await?;
    assert!(
        app.find("customer-qr").await?.is_none(),
        "no code of a paid order is left for the next customer"
    );
    Ok(())
}

#[tokio::test]
async fn two_clicks_on_pay_make_one_order() -> anyhow::Result<()> {
    let counter = Counter::open("double-click").await?;
    let app = counter.start_till().await?;
    counter.stock_up(&app).await?;
    for tile in app.all("tile-").await? {
        tile.click().await?;
    }
    app.element("cart-total").await?;
    app.ask("const pay = document.querySelector('[data-testid=pay]'); pay.click(); pay.click();")
        .await?;
    app.element("qr").await?;
    assert_eq!(
        counter.orders_at_wechat(),
        1,
        "the second click was the same 收款"
    );
    Ok(())
}

#[tokio::test]
async fn a_cancelled_code_is_gone_from_both_windows() -> anyhow::Result<()> {
    let counter = Counter::open("cancel").await?;
    let app = counter.start_till().await?;
    counter.stock_up(&app).await?;
    ring_up(&app).await?;
    app.look_at(Pane::Customer).await?;
    app.customer_at("scan", PATIENCE).await?;
    app.look_at(Pane::Till).await?;
    // For half a second after the pay view has come, a click counts as the second half of a double click on 收款.
    until("the question whether to cancel", PATIENCE, async || {
        app.click("cancel").await?;
        app.find("cancel-yes").await
    })
    .await?;
    counter.picture(&app, "question").await?;
    app.click("cancel-yes").await?;
    app.gone("qr").await?;
    app.look_at(Pane::Customer).await?;
    app.gone("customer-qr").await?;
    counter.picture(&app, "customer").await
}

#[tokio::test]
async fn the_end_of_a_test_ends_the_drivers_and_the_program_and_nothing_else() -> anyhow::Result<()> {
    let counter = Counter::open("end").await?;
    let before = process::descendants(std::process::id());
    let app = counter.start_till().await?;
    let started: Vec<_> = process::descendants(std::process::id())
        .into_iter()
        .filter(|id| !before.contains(id))
        .collect();
    assert!(
        started.len() > 3 && started.contains(&app.id()),
        "two drivers, the program and what draws its pages: {started:?}"
    );
    drop(app);
    until("all of them to be gone", PATIENCE, async || {
        Ok((!started.iter().any(|id| process::is_running(*id))).then_some(()))
    })
    .await?;
    let left = process::descendants(std::process::id());
    let others_gone: Vec<_> = before.iter().filter(|id| !left.contains(id)).collect();
    assert!(
        others_gone.is_empty(),
        "the screen and all else goes on: {others_gone:?}"
    );
    Ok(())
}
