//! Cash given back in the real window: sold with change, a line of it refunded with a manager's PIN, the drawer and the X less.

use super::steps::*;
use super::*;

#[tokio::test]
async fn a_line_of_a_sale_in_cash_is_given_back_with_a_managers_pin() -> anyhow::Result<()> {
    let counter = Counter::open("cash-refund").await?;
    let app = counter.start_till().await?;
    app.resize(1366, 768).await?;
    counter.stock_up(&app).await?;
    add_manager(&app).await?;
    app.type_keys(F11).await?;
    app.element("open-shift").await?;
    app.type_keys("200").await?;
    app.click("open-shift-ok").await?;
    app.element("cash").await?;
    app.click("nav-sell").await?;
    for tile in app.all("tile-").await? {
        tile.click().await?;
    }
    reads(&app, "cart-total", "17.80").await?;
    app.click("cash").await?;
    app.element("cash-view").await?;
    app.type_keys(&format!("20{ENTER}")).await?;
    reads(&app, "paid-change", "2.20").await?;
    put_change_away(&app).await?;

    app.click("nav-orders").await?;
    app.click("order-row-cash-1").await?;
    holds(&app, "cash-tendered", "20.00").await?;
    holds(&app, "cash-change", "2.20").await?;
    holds(&app, "cash-part", "李娜").await?;
    pictures(&counter, &app, "1-sale-in-cash").await?;
    app.click("cash-refund-open").await?;
    app.element("refund-dialog").await?;
    app.click("refund-part-lines").await?;
    app.click("refund-more-1").await?;
    app.click("refund-quick-faulty").await?;
    holds(&app, "refund-submit", "从钱箱退").await?;
    counter.picture(&app, "2-dialog").await?;
    app.click("refund-submit").await?;
    app.element("approval").await?;
    counter.picture(&app, "3-approval").await?;
    enter_pin(&app, MANAGERS_PIN).await?;
    app.gone("refund-dialog").await?;
    app.element("cash-refund-1-R1").await?;
    holds(&app, "cash-refunded", "2.00").await?;
    holds(&app, "cash-sale-state", "已退一部分").await?;
    pictures(&counter, &app, "4-given-back").await?;

    app.type_keys(F11).await?;
    reads(&app, "expected", "215.80").await?;
    counter.picture(&app, "5-drawer").await?;
    app.click("nav-day").await?;
    reads(&app, "day-net", "15.80").await?;
    holds(&app, "paper", "现金退款（1）").await?;
    counter.picture(&app, "6-x").await?;
    assert_eq!(counter.orders_at_wechat(), 0, "WeChat was not asked for anything");
    Ok(())
}
