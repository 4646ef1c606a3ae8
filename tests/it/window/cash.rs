//! Cash, people and shifts in the real window: by clicks and by keys, in both languages and both sizes.

use super::steps::*;
use super::*;

async fn customer_picture(counter: &Counter, app: &App, stage: &str, name: &str) -> anyhow::Result<()> {
    app.look_at(Pane::Customer).await?;
    app.customer_at(stage, PATIENCE).await?;
    counter.picture(app, name).await?;
    app.look_at(Pane::Till).await
}

async fn cart_of_both(app: &App) -> anyhow::Result<()> {
    for tile in app.all("tile-").await? {
        tile.click().await?;
    }
    reads(app, "cart-total", "17.80").await
}

#[tokio::test]
async fn fault_77_cash_with_change_by_clicking() -> anyhow::Result<()> {
    let counter = Counter::open("cash").await?;
    let app = counter.start_till().await?;
    app.resize(1366, 768).await?;
    counter.stock_up(&app).await?;
    cart_of_both(&app).await?;
    pictures(&counter, &app, "1-sell").await?;

    app.click("cash").await?;
    reads(&app, "cash-due", "17.80").await?;
    customer_picture(&counter, &app, "cash", "2-customer-cash").await?;
    app.click("quick-2000").await?;
    reads(&app, "change", "2.20").await?;
    pictures(&counter, &app, "3-cash").await?;
    // A double click takes the money once.
    let twice =
        "const button = document.querySelector('[data-testid=take-cash]'); button.click(); button.click();";
    app.ask(twice).await?;
    reads(&app, "paid-change", "2.20").await?;
    pictures(&counter, &app, "4-change").await?;
    customer_picture(&counter, &app, "paid_cash", "5-customer-change").await?;
    assert_eq!(counter.orders_at_wechat(), 0, "WeChat was not asked for anything");

    app.click("next").await?;
    app.element("search").await?;
    holds(&app, "tile-1", "9").await?;
    app.click("nav-day").await?;
    reads(&app, "day-net", "17.80").await?;
    app.look_at(Pane::Customer).await?;
    app.customer_at("idle", PATIENCE).await?;
    counter.picture(&app, "6-customer-idle").await
}

#[tokio::test]
async fn by_keys_a_waiting_code_is_switched_to_cash_and_a_part_is_taken() -> anyhow::Result<()> {
    let counter = Counter::open("switch").await?;
    let app = counter.start_till().await?;
    app.resize(1366, 768).await?;
    counter.stock_up(&app).await?;
    let switched = ring_up(&app).await?;
    pictures(&counter, &app, "1-pay").await?;
    app.type_keys(F6).await?;
    app.element("cash-view").await?;
    customer_picture(&counter, &app, "cash", "2-customer").await?;
    app.type_keys(ESCAPE).await?;
    app.element("qr").await?;
    customer_picture(&counter, &app, "scan", "3-customer-code-again").await?;
    app.type_keys(F6).await?;
    app.element("cash-view").await?;
    app.type_keys("10").await?;
    reads(&app, "change", "7.80").await?;
    pictures(&counter, &app, "4-too-little").await?;
    app.type_keys(F12).await?;
    app.element("qr").await?;
    reads(&app, "amount", "7.80").await?;
    let rest = app.text("order-no").await?;
    assert_ne!(rest, switched, "the rest is an order of its own");
    pictures(&counter, &app, "5-rest").await?;

    app.type_keys(F6).await?;
    reads(&app, "cash-due", "7.80").await?;
    app.type_keys(&format!("10{ENTER}")).await?;
    reads(&app, "paid-change", "2.20").await?;
    put_change_away(&app).await?;

    // The customer had the first code on the phone.
    counter.customer.pay(&switched).await?;
    app.element("review-banner").await?;
    pictures(&counter, &app, "6-paid-twice").await?;
    assert_eq!(
        counter.orders_at_wechat(),
        2,
        "two orders, and a person knows of the money of one"
    );
    Ok(())
}

#[tokio::test]
async fn people_sign_in_open_a_shift_sell_and_count_the_drawer() -> anyhow::Result<()> {
    let counter = Counter::open("shift").await?;
    let app = counter.start_till().await?;
    app.resize(1366, 768).await?;
    counter.stock_up(&app).await?;
    app.click("nav-settings").await?;
    name_user(&app, "李娜", MANAGERS_PIN).await?;
    counter.picture(&app, "1-first-manager").await?;
    app.click("user-save").await?;
    holds(&app, "lock", "李娜").await?;
    name_user(&app, "王敏", CASHIERS_PIN).await?;
    app.click("user-save").await?;
    app.element("approval").await?;
    counter.picture(&app, "2-approval").await?;
    enter_pin(&app, MANAGERS_PIN).await?;
    app.gone("user-dialog").await?;
    pictures(&counter, &app, "3-settings").await?;

    app.click("lock").await?;
    app.element("sign-in").await?;
    app.click("user-2").await?;
    enter_pin(&app, "9999").await?;
    holds(&app, "pin-problem", "PIN").await?;
    pictures(&counter, &app, "4-sign-in").await?;
    app.type_keys(&format!("1234{ENTER}")).await?;
    holds(&app, "lock", "王敏").await?;

    app.click("nav-sell").await?;
    cart_of_both(&app).await?;
    app.click("pay").await?;
    holds(&app, "notice", "开班").await?;
    counter.picture(&app, "5-no-shift").await?;
    app.type_keys(F11).await?;
    app.element("open-shift").await?;
    app.type_keys("200").await?;
    holds(&app, "nav-shift", "未开班").await?;
    pictures(&counter, &app, "6-open-shift").await?;
    app.click("open-shift-ok").await?;
    app.element("cash").await?;
    app.type_keys(F6).await?;
    app.element("cash-view").await?;
    app.type_keys(&format!("20{ENTER}")).await?;
    reads(&app, "paid-change", "2.20").await?;
    app.type_keys(ENTER).await?;

    app.type_keys(F11).await?;
    app.click("cash-out").await?;
    app.element("move-dialog").await?;
    app.type_keys("12.50").await?;
    app.element("move-reason").await?.send_keys("买垃圾袋").await?;
    counter.picture(&app, "7-out").await?;
    app.click("move-ok").await?;
    app.gone("move-dialog").await?;
    reads(&app, "expected", "205.30").await?;
    pictures(&counter, &app, "8-shift").await?;
    app.click("count").await?;
    app.element("count-dialog").await?;
    app.type_keys("1").await?;
    app.element("pieces-5000").await?.send_keys("1").await?;
    reads(&app, "counted", "150.00").await?;
    counter.picture(&app, "9-count").await
}
