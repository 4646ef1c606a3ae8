//! The drawer in the real window: it opens for cash by itself, and by a key for a reason, told by what the printer got.

use till_paper::escpos::OPEN_DRAWER;

use super::day_end::{next_paper, printer};
use super::steps::*;
use super::*;

fn opens(got: &[u8]) -> bool {
    got.windows(OPEN_DRAWER.len()).any(|it| it == OPEN_DRAWER)
}

#[tokio::test]
async fn the_drawer_opens_for_cash_and_for_a_reason() -> anyhow::Result<()> {
    let counter = Counter::open("drawer").await?;
    let (port, printed) = printer()?;
    let config = counter.folder.path().join("till.toml");
    let mut text = std::fs::read_to_string(&config)?;
    text.push_str(&format!(
        "\n[printer]\naddress = \"127.0.0.1:{port}\"\ndrawer = true\n"
    ));
    std::fs::write(&config, text)?;
    let app = counter.start_till().await?;
    app.resize(1366, 768).await?;
    counter.stock_up(&app).await?;
    for tile in app.all("tile-").await? {
        tile.click().await?;
    }
    reads(&app, "cart-total", "17.80").await?;
    app.click("cash").await?;
    app.element("cash-view").await?;
    app.type_keys(&format!("20{ENTER}")).await?;
    reads(&app, "paid-change", "2.20").await?;
    let (printed, got) = next_paper(printed).await?;
    assert!(opens(&got), "the change can be taken out: {got:?}");
    put_change_away(&app).await?;

    app.type_keys(F5).await?;
    app.element("drawer-dialog").await?;
    app.click("drawer-often-change").await?;
    counter.picture(&app, "1-dialog").await?;
    app.click("drawer-ok").await?;
    app.gone("drawer-dialog").await?;
    let (_printed, got) = next_paper(printed).await?;
    assert!(opens(&got), "and for a reason it opens again: {got:?}");
    app.click("nav-day").await?;
    holds(&app, "paper", "无销售开钱箱").await?;
    pictures(&counter, &app, "2-x").await
}

#[tokio::test]
async fn a_drawer_that_stays_shut_is_said_and_the_sale_goes_on() -> anyhow::Result<()> {
    let counter = Counter::open("drawer-shut").await?;
    let closed = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    let nobody = closed.local_addr()?;
    drop(closed);
    let config = counter.folder.path().join("till.toml");
    let mut text = std::fs::read_to_string(&config)?;
    text.push_str(&format!("\n[printer]\naddress = \"{nobody}\"\ndrawer = true\n"));
    std::fs::write(&config, text)?;
    let app = counter.start_till().await?;
    app.resize(1366, 768).await?;
    counter.stock_up(&app).await?;
    for tile in app.all("tile-").await? {
        tile.click().await?;
    }
    reads(&app, "cart-total", "17.80").await?;
    app.click("cash").await?;
    app.element("cash-view").await?;
    app.type_keys(&format!("20{ENTER}")).await?;
    reads(&app, "paid-change", "2.20").await?;
    holds(&app, "drawer-shut", "钱箱没有打开").await?;
    holds(&app, "drawer-shut", "钱已入账").await?;
    pictures(&counter, &app, "1-paid").await?;
    put_change_away(&app).await?;
    holds(&app, "drawer-shut", "请用钥匙开钱箱").await?;
    app.type_keys(F5).await?;
    app.element("drawer-dialog").await?;
    Ok(())
}
