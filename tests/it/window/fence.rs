//! What the pages can't do: the customer display hears and changes nothing of the till's, and no page runs foreign code.

use super::*;

/// Asks for the till's news in every way a page can, keeps what comes in `window.heard`, and answers what it was told.
const LISTEN: &str = r"
    const done = arguments[0];
    window.heard = [];
    const keep = (event) => window.heard.push(event.event);
    const targets = [
        { kind: 'Any' },
        { kind: 'App' },
        ...['AnyLabel', 'Window', 'Webview', 'WebviewWindow'].map((kind) => ({ kind, label: 'till' })),
    ];
    const wishes = ['snapshot', 'export-progress'].flatMap((event) => targets.map((target) => ({ event, target })));
    const { invoke, transformCallback } = window.__TAURI_INTERNALS__;
    const ask = (wish) => invoke('plugin:event|listen', { ...wish, handler: transformCallback(keep) });
    Promise.all(wishes.map((wish) => ask(wish).then(() => 'listens', (error) => JSON.stringify(error)))).then(done);
";

/// The news that the page in sight has heard of since [`LISTEN`].
async fn heard(app: &App) -> anyhow::Result<usize> {
    let news = app.ask("return window.heard.length").await?;
    Ok(usize::try_from(news.as_u64().unwrap_or_default())?)
}

#[tokio::test]
async fn the_customer_display_can_not_hear_what_the_till_is_told() -> anyhow::Result<()> {
    let counter = Counter::open("hearing").await?;
    let app = counter.start_till().await?;
    counter.stock_up(&app).await?;
    let answers = app.ask_later(LISTEN).await?;
    assert!(
        answers.to_string().contains("listens"),
        "the till's own page may listen, or what follows shows nothing: {answers}"
    );
    app.look_at(Pane::Customer).await?;
    app.customer_at("idle", PATIENCE).await?;
    let answers = app.ask_later(LISTEN).await?;
    let answers = answers.as_array().cloned().unwrap_or_default();
    assert_eq!(answers.len(), 12, "asked for everything: {answers:?}");
    for answer in &answers {
        assert!(
            answer.to_string().contains("not allowed"),
            "the customer's page may not listen, whatever it asks for, but was told {answer}"
        );
    }

    app.look_at(Pane::Till).await?;
    ring_up(&app).await?;
    assert!(heard(&app).await? > 0, "the till's page was told of the sale");
    app.look_at(Pane::Customer).await?;
    app.customer_at("scan", PATIENCE).await?;
    assert_eq!(
        heard(&app).await?,
        0,
        "the customer's page was not, and shows its own picture all the same"
    );
    Ok(())
}

#[tokio::test]
async fn a_customer_display_that_was_loaded_again_goes_on_showing() -> anyhow::Result<()> {
    let counter = Counter::open("customer-reload").await?;
    let app = counter.start_till().await?;
    counter.stock_up(&app).await?;
    app.look_at(Pane::Customer).await?;
    app.reload().await?;
    app.customer_at("idle", PATIENCE).await?;
    app.look_at(Pane::Till).await?;
    ring_up(&app).await?;
    app.look_at(Pane::Customer).await?;
    app.customer_at("scan", PATIENCE).await?;
    app.reload().await?;
    app.customer_at("scan", PATIENCE).await
}

#[tokio::test]
async fn the_customer_display_may_look_and_nothing_else() -> anyhow::Result<()> {
    let counter = Counter::open("customer").await?;
    let app = counter.start_till().await?;
    app.look_at(Pane::Customer).await?;
    let invoke = |command: &str| {
        format!(
            "return window.__TAURI_INTERNALS__.invoke({command}).then(() => 'done', error => 'refused: ' + JSON.stringify(error))"
        )
    };
    let own = app.ask(&invoke("'customer'")).await?;
    assert_eq!(own, json!("done"), "its own picture is what it is for");
    for command in [
        "'snapshot'",
        "'cancel', { outTradeNo: 'x' }",
        "'pay', { click: 'x' }",
        "'settings'",
        "'plugin:app|version'",
    ] {
        let answer = app.ask(&invoke(command)).await?.to_string();
        assert!(
            answer.contains("not allowed"),
            "{command} is not the customer's business, but the answer was {answer}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_page_can_run_no_code_but_its_own() -> anyhow::Result<()> {
    let counter = Counter::open("content-rules").await?;
    let app = counter.start_till().await?;
    let inline = app
        .ask("const s = document.createElement('script'); s.textContent = 'window.foreign = 1'; document.head.append(s); return window.foreign === undefined")
        .await?;
    assert_eq!(
        inline,
        json!(true),
        "a script that was slipped into the page does not run"
    );
    let reachable = format!("{}/sim/orders", counter.gateway.base());
    reqwest::get(&reachable).await?.error_for_status()?;
    let fetched = app
        .ask(&format!(
            "return fetch('{reachable}', {{ mode: 'no-cors' }}).then(() => 'reached', () => 'blocked')"
        ))
        .await?;
    assert_eq!(
        fetched,
        json!("blocked"),
        "a page talks to the till and to nobody else, not even to a server that would answer"
    );
    Ok(())
}
