//! A cashier's walk through the real window by keyboard and scanner: what only WebKit can show.

use scantill_tests::counter::MCH_ID;

use super::steps::*;
use super::*;

/// A product whose price the cashier enters, and one whose pieces nobody counts.
const MORE_PRODUCTS: &str = "品名,条码,价格\n散装苹果,,自定义\n可口可乐 330ml,6928804011111,3.00\n";
const COLA: &str = "6928804011111";

async fn on_page(app: &App, page: &str) -> anyhow::Result<()> {
    until(&format!("the page {page:?}"), PATIENCE, async || {
        let tab = app.element_within(&format!("nav-{page}"), Duration::ZERO).await?;
        Ok(tab.attr("aria-current").await?.map(drop))
    })
    .await
}

/// Holds a code before the scanner while the search for orders has the focus, which has its own use for digits.
///
/// A scanner's keys come within 35 ms of each other. A machine under load may type them slower; then that was no scan
/// but typing, and it is done over.
async fn scan(app: &App, code: &str) -> anyhow::Result<()> {
    let listen = "window.pressed = []; \
                  window.note ??= event => window.pressed.push(event.timeStamp); \
                  window.addEventListener('keydown', window.note, true)";
    let longest = "return Math.max(...window.pressed.map((at, nth, all) => nth ? at - all[nth - 1] : 0))";
    until("the keys to come as fast as a scanner's", PATIENCE, async || {
        app.type_keys(F8).await?;
        on_page(app, "orders").await?;
        app.click("order-search").await?;
        app.ask(listen).await?;
        app.type_keys(&format!("{code}{ENTER}")).await?;
        let longest = app.ask(longest).await?;
        Ok(longest.as_f64().is_some_and(|gap| gap < 35.0).then_some(()))
    })
    .await?;
    on_page(app, "sell").await
}

async fn more_products(counter: &Counter, app: &App) -> anyhow::Result<()> {
    std::fs::write(counter.folder.path().join("products.csv"), MORE_PRODUCTS)?;
    counter.stock_up(app).await?;
    app.element("tile-2").await.map(drop)
}

#[tokio::test]
async fn a_cart_is_rung_up_by_keyboard_and_scanner_alone() -> anyhow::Result<()> {
    let counter = Counter::open("keys").await?;
    let app = counter.start_till().await?;
    app.resize(1366, 768).await?;
    more_products(&counter, &app).await?;

    scan(&app, COLA).await?;
    reads(&app, "cart-total", "3.00").await?;
    app.type_keys(F3).await?;
    app.element("quantity-dialog").await?;
    counter.picture(&app, "quantity").await?;
    // The first digit replaces the old number: "7" is seven pieces and never "71".
    app.type_keys(&format!("7{ENTER}")).await?;
    reads(&app, "cart-total", "21.00").await?;

    app.type_keys("sz").await?;
    until(
        "the pinyin initials sz to find one product",
        PATIENCE,
        async || Ok((app.all("tile-").await?.len() == 1).then_some(())),
    )
    .await?;
    app.type_keys(ENTER).await?;
    app.element("price-input").await?;
    app.type_keys("12.35").await?;
    counter.picture(&app, "price").await?;
    app.type_keys(ENTER).await?;
    reads(&app, "cart-total", "33.35").await?;

    for (key, page) in [(F8, "orders"), (F9, "day"), (F10, "settings"), (ESCAPE, "sell")] {
        app.type_keys(key).await?;
        on_page(&app, page).await?;
    }
    app.type_keys(F1).await?;
    app.element("help").await?;
    counter.picture(&app, "help").await?;
    app.type_keys(ESCAPE).await?;
    app.gone("help").await?;

    scan(&app, COLA).await?;
    reads(&app, "cart-total", "36.35").await?;

    app.type_keys(F7).await?;
    reads(&app, "cart-total", "0.00").await?;
    app.type_keys(F7).await?;
    app.all("held-").await?;
    counter.picture(&app, "held").await?;
    app.type_keys(ENTER).await?;
    reads(&app, "cart-total", "36.35").await
}

#[tokio::test]
async fn a_payment_after_the_cancel_is_told_at_once_and_hides_nothing() -> anyhow::Result<()> {
    let counter = Counter::open("review").await?;
    let app = counter.start_till().await?;
    app.resize(1366, 768).await?;
    more_products(&counter, &app).await?;

    app.click("tile-2").await?;
    reads(&app, "cart-total", "3.00").await?;
    app.type_keys(F12).await?;
    app.element("qr").await?;
    let cancelled = app.text("order-no").await?;
    app.type_keys(ESCAPE).await?;
    app.element("cancel-yes").await?;
    app.type_keys(ENTER).await?;
    app.gone("qr").await?;
    reads(&app, "state", "正在关单").await?;
    counter.picture(&app, "closing").await?;
    app.element("pay-again").await?;
    assert!(
        !app.element_shown("time-left").await?,
        "nobody is to pay this order any more: no time to pay is left"
    );
    app.type_keys(F12).await?;
    app.element("qr").await?;
    let again = app.text("order-no").await?;
    assert_ne!(again, cancelled, "the new code is a new order");

    app.type_keys(F7).await?;
    app.element("search").await?;
    app.type_keys(F4).await?;
    app.element(&format!("waiting-{cancelled}")).await?;
    app.element(&format!("waiting-{again}")).await?;
    counter.picture(&app, "two-waiting").await?;
    app.type_keys(ESCAPE).await?;
    app.gone("waiting").await?;

    counter.customer.pay(&cancelled).await?;
    app.element("review-banner").await?;
    app.type_keys(F9).await?;
    on_page(&app, "day").await?;
    app.element("day-net").await?;
    counter.picture(&app, "day-under-a-review").await?;
    let overlap = "const banner = document.querySelector('[data-testid=review-banner]').getBoundingClientRect(); \
                   return [...document.querySelectorAll('main .card')].some(card => card.getBoundingClientRect().bottom > banner.top)";
    assert_eq!(
        app.ask(overlap).await?,
        json!(false),
        "a table of figures ends above the message that stays"
    );
    app.type_keys(ESCAPE).await?;
    on_page(&app, "sell").await?;
    app.type_keys(F4).await?;
    app.click(&format!("waiting-{cancelled}")).await?;
    // The driver takes a line that is cut off where it is too long for hidden: its text is asked of the page.
    let money = "return document.querySelector('[data-testid=money]')?.textContent ?? ''";
    until("the review to say that the money is here", PATIENCE, async || {
        let said = app.ask(money).await?;
        Ok(said
            .as_str()
            .is_some_and(|said| said.contains("已收到"))
            .then_some(()))
    })
    .await?;
    counter.picture(&app, "review").await
}

#[tokio::test]
async fn a_parked_payment_that_is_paid_is_told_at_once_and_is_none_of_the_next_customer_s()
-> anyhow::Result<()> {
    let counter = Counter::open("parked").await?;
    let app = counter.start_till().await?;
    app.resize(1366, 768).await?;
    counter.stock_up(&app).await?;
    let number = ring_up(&app).await?;
    app.type_keys(F7).await?;
    app.element("search").await?;
    app.click("tile-1").await?;
    reads(&app, "badge", "未了结 1").await?;

    counter.customer.pay(&number).await?;
    let message = format!("settled-{number}");
    reads(&app, &message, "已收款").await?;
    reads(&app, &message, "17.80").await?;
    let spoken = "return document.querySelector('[data-testid=spoken-settled]').textContent";
    let spoken = app.ask(spoken).await?;
    assert!(
        spoken.as_str().is_some_and(|it| it.contains("17.80")),
        "a screen reader says it too: {spoken}"
    );
    reads(&app, "badge", "已了结 1").await?;
    counter.picture(&app, "parked-and-paid").await?;

    app.type_keys(F4).await?;
    app.click(&format!("waiting-{number}")).await?;
    app.element("paid-amount").await?;
    app.look_at(Pane::Customer).await?;
    app.customer_at("cart", PATIENCE).await?;
    counter.picture(&app, "parked-and-paid-customer").await?;
    app.look_at(Pane::Till).await?;
    app.gone("badge").await?;
    app.gone(&message).await
}

#[tokio::test]
async fn thanks_leave_the_customer_display_while_the_cashier_looks_at_the_day() -> anyhow::Result<()> {
    let counter = Counter::open("thanks").await?;
    let app = counter.start_till().await?;
    counter.stock_up(&app).await?;
    let number = ring_up(&app).await?;
    app.type_keys(F9).await?;
    on_page(&app, "day").await?;
    counter.customer.pay(&number).await?;
    app.look_at(Pane::Customer).await?;
    app.customer_at("paid", PATIENCE).await?;
    app.customer_at("idle", PATIENCE).await
}

#[tokio::test]
async fn a_reloaded_page_comes_back_to_the_same_payment() -> anyhow::Result<()> {
    let counter = Counter::open("reload").await?;
    let app = counter.start_till().await?;
    counter.stock_up(&app).await?;
    let number = ring_up(&app).await?;
    app.reload().await?;
    app.element("qr").await?;
    assert_eq!(
        app.text("order-no").await?,
        number,
        "the page holds no truth of its own: the payment in front is the same"
    );
    assert_eq!(counter.orders_at_wechat(), 1, "a reload places nothing");
    app.look_at(Pane::Customer).await?;
    app.reload().await?;
    app.customer_at("scan", PATIENCE).await
}

#[tokio::test]
async fn a_wrong_configuration_is_told_and_can_be_put_right_without_a_restart() -> anyhow::Result<()> {
    let counter = Counter::open("problem").await?;
    let file = counter.folder.path().join("till.toml");
    let right = std::fs::read_to_string(&file)?;
    let line = |name: &str| {
        let found = right.lines().find(|line| line.starts_with(name));
        found.map(str::to_owned).unwrap_or_default()
    };
    std::fs::write(
        &file,
        right.replace(&line("api_key"), "api_key = \"0123456789abcdefghijKLMNOPQRSTU\""),
    )?;
    let start = Start {
        folder: counter.folder.path(),
        flags: &[],
        config: Some(&file),
    };
    let app = App::start(&counter.screen, &start).await?;
    app.look_at(Pane::Till).await?;
    reads(&app, "problem", "api_key").await?;
    app.click("locale").await?;
    reads(&app, "problem", "can't sell yet").await?;
    counter.picture(&app, "api-key-en").await?;

    std::fs::write(&file, right.replace(&line("appid"), "appid = \"\""))?;
    app.click("reload").await?;
    reads(&app, "problem", "appid").await?;

    let no_certificate = "[wechat]\nclient_cert = \"cert.pem\"\nclient_key = \"key.pem\"";
    std::fs::write(&file, right.replace("[wechat]", no_certificate))?;
    app.click("reload").await?;
    reads(&app, "problem", "client_cert").await?;
    reads(&app, "problem", "client_cert = \"apiclient_cert.pem\"").await?;
    let ledger = start.data_dir().join("scantill.db");
    assert!(
        !ledger.exists(),
        "told before there is a ledger: none of it is the ledger's fault"
    );

    std::fs::write(&file, &right)?;
    app.click("reload").await?;
    app.element("search").await?;
    // The language that was chosen before there was a till is now the till's: both windows speak it.
    reads(&app, "pay", "first").await
}

#[tokio::test]
async fn a_ledger_of_practice_takes_no_real_money() -> anyhow::Result<()> {
    let counter = Counter::open("practised").await?;
    let app = counter.start_till().await?;
    counter.stock_up(&app).await?;
    ring_up(&app).await?;
    app.kill().await?;
    let file = counter.folder.path().join("till.toml");
    let simulated = std::fs::read_to_string(&file)?;
    let of_wechat = |line: &&str| !line.starts_with("base_url");
    let real: Vec<&str> = simulated.lines().filter(of_wechat).collect();
    std::fs::write(&file, real.join("\n"))?;
    let start = Start {
        folder: counter.folder.path(),
        flags: &[],
        config: Some(&file),
    };
    let app = App::start(&counter.screen, &start).await?;
    app.look_at(Pane::Till).await?;
    reads(&app, "problem", "里面的销售都是练习，没有真钱").await?;
    reads(&app, "problem", "钱在微信，不会丢").await?;
    counter.picture(&app, "practised").await?;
    app.click("locale").await?;
    reads(&app, "problem", "no real money").await?;
    counter.picture(&app, "practised-en").await?;

    let other = simulated.replace(MCH_ID, "1900000999");
    std::fs::write(&file, other)?;
    app.click("reload").await?;
    reads(&app, "problem", &format!("belongs to merchant {MCH_ID}")).await?;
    reads(&app, "problem", "mch_id = \"1900000999\"").await?;

    std::fs::write(&file, simulated)?;
    app.click("reload").await?;
    app.element("nav-sell").await.map(drop)
}

#[tokio::test]
async fn a_second_till_on_the_same_folder_says_that_there_is_one() -> anyhow::Result<()> {
    let counter = Counter::open("second").await?;
    let first = counter.start_till().await?;
    let config = counter.folder.path().join("till.toml");
    let start = Start {
        folder: counter.folder.path(),
        flags: &[],
        config: Some(&config),
    };
    let second = App::start(&counter.screen, &start).await?;
    second.look_at(Pane::Till).await?;
    reads(&second, "problem", "另一个收银程序正在使用").await?;
    counter.picture(&second, "second").await?;
    drop(second);
    counter.stock_up(&first).await?;
    ring_up(&first).await.map(drop)
}
