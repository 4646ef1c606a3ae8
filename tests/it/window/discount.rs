//! A price lowered in the real window: within the limit alone, past it with a manager's PIN, all of it by clicking; and what the
//! order, WeChat and the X say of it then.

use super::steps::*;
use super::*;

#[tokio::test]
async fn a_price_is_lowered_approved_and_told_by_order_and_x() -> anyhow::Result<()> {
    let counter = Counter::open("discount").await?;
    let app = counter.start_till().await?;
    app.resize(1366, 768).await?;
    counter.stock_up(&app).await?;
    add_manager(&app).await?;
    app.type_keys(F11).await?;
    app.click("open-shift-ok").await?;
    app.click("nav-sell").await?;
    app.element("search").await?;
    for tile in app.all("tile-").await? {
        tile.click().await?;
    }
    reads(&app, "cart-total", "17.80").await?;

    // The dumplings, rung up last: 15.80, a tenth off alone.
    app.type_keys("/").await?;
    app.element("reprice-dialog").await?;
    app.click("reprice-percent-10").await?;
    reads(&app, "reprice-after", "14.22").await?;
    counter.picture(&app, "1-dialog").await?;
    app.click("reprice-ok").await?;
    reads(&app, "cart-total", "16.22").await?;
    pictures(&counter, &app, "2-cart").await?;

    // Less than that is for a manager.
    app.type_keys("/").await?;
    app.element("reprice-dialog").await?;
    app.type_keys(&format!("10{ENTER}")).await?;
    app.element("approval").await?;
    counter.picture(&app, "3-approval").await?;
    enter_pin(&app, MANAGERS_PIN).await?;
    reads(&app, "cart-total", "12.00").await?;
    reads(&app, "cart-off", "5.80").await?;
    app.look_at(Pane::Customer).await?;
    reads(&app, "customer-total", "12.00").await?;
    counter.picture(&app, "4-customer").await?;
    assert!(
        !app.text("reduced").await?.contains("李娜"),
        "the customer reads no name of those who work here"
    );
    app.look_at(Pane::Till).await?;

    app.click("pay").await?;
    app.element("qr").await?;
    let number = app.text("order-no").await?;
    let asked: Vec<_> = counter
        .gateway
        .simulator()
        .with(|gateway, now| gateway.orders(now).iter().map(|it| it.total_fee.get()).collect());
    assert_eq!(asked, [1200], "WeChat is asked for what the customer was asked");
    counter.customer.pay(&number).await?;
    app.element("paid-amount").await?;
    app.click("next").await?;
    app.click("nav-orders").await?;
    app.click(&format!("order-row-{number}")).await?;
    holds(&app, "reduced", "15.80").await?;
    holds(&app, "reduced", "李娜").await?;
    pictures(&counter, &app, "5-order").await?;

    app.click("nav-day").await?;
    reads(&app, "day-net", "12.00").await?;
    reads(&app, "paper-at-list", "17.80").await?;
    reads(&app, "paper-discounts", "5.80").await?;
    holds(&app, "paper", "超限折扣").await?;
    pictures(&counter, &app, "6-x").await
}
