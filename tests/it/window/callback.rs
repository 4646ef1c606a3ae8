//! The whole chain with real processes: simulator, callback service, broker, and the till in its windows.

use std::time::{Duration, Instant};

use scantill_tests::app::{App, Pane, Start};
use scantill_tests::broker::Broker;
use scantill_tests::screen::Screen;
use scantill_tests::wait::PATIENCE;
use scantill_tests::whole::Whole;

/// The till asks no sooner than this, so that what it knows before was told by the notify.
const ASKS_EVERY_SECONDS: u32 = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "the promise is about real seconds")]
async fn a_payment_is_seen_by_its_notify_long_before_the_till_would_have_asked() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let broker = Broker::shared().await?;
    let mut whole = Whole::start(folder.path(), broker.vhost().await?).await?;
    whole.ask_every(ASKS_EVERY_SECONDS)?;
    let start = Start {
        folder: folder.path(),
        flags: &[],
        config: Some(&whole.till_config),
    };
    whole.fill_shelves(&start.data_dir())?;
    let pictures = scantill_tests::picture_folder("window-test/callback")?;
    let screen = Screen::open(1920, 1080)?;
    let app = App::start(&screen, &start).await?;
    app.look_at(Pane::Till).await?;
    app.resize(1366, 768).await?;

    for tile in app.all("tile-").await?.iter().take(2) {
        tile.click().await?;
    }
    app.click("pay").await?;
    app.element("qr").await?;
    let placed_at = Instant::now();
    let customer = whole.simulator.customer();
    let number = customer.scan(&app.read_qr().await?).await?;
    customer.pay(&number).await?;
    let paid_at = Instant::now();
    app.element("paid-amount").await?;
    println!("paid in the till's window after {:?}", paid_at.elapsed());
    let page = app.ask("return document.body.innerText").await?;
    assert!(
        page.as_str().is_some_and(|text| text.contains("由通知确认")),
        "the till says itself that the notify was its evidence: {page}"
    );
    assert!(
        placed_at.elapsed() < Duration::from_secs(u64::from(ASKS_EVERY_SECONDS)),
        "no question had been due when the till knew: it was told"
    );
    app.save_picture(&pictures.join("1-paid-by-notify-zh-CN.png"))
        .await?;
    app.look_at(Pane::Customer).await?;
    app.customer_at("paid", PATIENCE).await?;

    app.look_at(Pane::Till).await?;
    app.click("next").await?;
    app.click("nav-orders").await?;
    app.click(&format!("order-row-{number}")).await?;
    app.element("evidence-row").await?;
    app.save_picture(&pictures.join("2-evidence-zh-CN.png")).await?;
    Ok(())
}
