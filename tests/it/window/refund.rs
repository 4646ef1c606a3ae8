//! A refund by WeChat in the real window: one line of a paid order goes back, with a manager's PIN, all of it by clicking.

use super::steps::*;
use super::*;

#[tokio::test]
async fn one_line_of_a_paid_order_goes_back_by_wechat_with_a_managers_pin() -> anyhow::Result<()> {
    let counter = Counter::open("refund").await?;
    let app = counter.start_till().await?;
    app.resize(1366, 768).await?;
    counter.stock_up(&app).await?;
    add_manager(&app).await?;
    name_user(&app, "王敏", CASHIERS_PIN).await?;
    app.click("user-save").await?;
    app.element("approval").await?;
    enter_pin(&app, MANAGERS_PIN).await?;
    app.gone("user-dialog").await?;
    app.click("lock").await?;
    app.element("sign-in").await?;
    app.click("user-2").await?;
    enter_pin(&app, CASHIERS_PIN).await?;
    holds(&app, "lock", "王敏").await?;
    app.type_keys(F11).await?;
    app.click("open-shift-ok").await?;
    app.element("search").await?;

    let number = ring_up(&app).await?;
    counter.customer.pay(&number).await?;
    app.element("paid-amount").await?;
    app.click("next").await?;
    app.click("nav-orders").await?;
    app.click(&format!("order-row-{number}")).await?;
    app.click("refund-open").await?;
    app.element("refund-dialog").await?;
    holds(&app, "refund-left", "17.80").await?;
    app.click("refund-part-lines").await?;
    app.click("refund-more-1").await?;
    app.click("refund-quick-faulty").await?;
    holds(&app, "refund-submit", "2.00").await?;
    counter.picture(&app, "1-wish").await?;
    app.click("refund-submit").await?;
    app.element("approval").await?;
    counter.picture(&app, "2-approval").await?;
    let refunds = || {
        counter
            .gateway
            .simulator()
            .with(|gateway, now| gateway.refunds(now))
    };
    assert_eq!(
        refunds().len(),
        0,
        "nothing is sent before a manager has said yes"
    );
    enter_pin(&app, MANAGERS_PIN).await?;
    app.gone("refund-dialog").await?;
    holds(&app, "refund-state", "退款处理中").await?;
    counter.picture(&app, "3-processing").await?;
    assert_eq!(
        refunds().iter().map(|it| it.status).collect::<Vec<_>>(),
        ["PROCESSING"],
        "and WeChat says the same: it has taken the refund on"
    );
    until("the money to be with the customer", PATIENCE * 2, async || {
        if app.text("refund-state").await?.contains("已退到顾客") {
            return Ok(Some(()));
        }
        if let Some(check) = app.find("refund-check").await? {
            check.click().await?;
        }
        Ok(None)
    })
    .await?;
    counter.picture(&app, "4-refunded").await?;
    holds(&app, "refunded", "2.00").await?;
    let book = refunds();
    assert_eq!(
        (book.len(), book[0].status, book[0].refund_fee.get()),
        (1, "SUCCESS", 200),
        "WeChat has given back the bottle of water, once"
    );

    app.click("nav-day").await?;
    holds(&app, "day-refunds", "2.00").await?;
    holds(&app, "day-net", "15.80").await?;
    counter.picture(&app, "5-x").await?;
    // Back on the orders page the order tells of it, in English too.
    app.click("nav-orders").await?;
    app.click(&format!("order-row-{number}")).await?;
    app.click("locale").await?;
    until("the state in English", PATIENCE, async || {
        let state = app.text("refund-state").await?;
        Ok((!state.is_empty() && state.is_ascii()).then_some(()))
    })
    .await?;
    counter.picture(&app, "6-orders-en").await
}
