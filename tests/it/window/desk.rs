//! The program among a desktop's other parts: a second monitor, a second start.

use scantill_tests::app::{App, Pane, Start, start_again};
use scantill_tests::screen::Screen;
use scantill_tests::wait::{PATIENCE, until};
use serde_json::json;

fn training(folder: &std::path::Path) -> Start<'_> {
    Start {
        folder,
        flags: &["--training"],
        config: None,
    }
}

/// Left edge, top edge, width and height of the window in sight, in pixels of the whole desktop.
async fn place(app: &App) -> anyhow::Result<serde_json::Value> {
    app.ask("return [screenX, screenY, innerWidth, innerHeight]")
        .await
}

#[tokio::test]
async fn the_customer_display_covers_the_second_monitor_and_nothing_of_the_first() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let screen = Screen::open_two((1366, 768), (1920, 1080))?.with_window_manager()?;
    let app = App::start(&screen, &training(folder.path())).await?;
    app.look_at(Pane::Customer).await?;
    let whole = json!([1366, 0, 1920, 1080]);
    let covered = until("the second monitor to be covered", PATIENCE, async || {
        Ok((place(&app).await? == whole).then_some(()))
    });
    if covered.await.is_err() {
        assert_eq!(
            place(&app).await?,
            whole,
            "the customer display covers the second monitor"
        );
    }
    let pictures = scantill_tests::picture_folder("window-test/desk")?;
    app.save_picture(&pictures.join("customer-on-the-second-monitor.png"))
        .await?;
    app.look_at(Pane::Till).await?;
    let till = place(&app).await?;
    let left = till[0].as_i64().unwrap_or(i64::MAX);
    let width = till[2].as_i64().unwrap_or(i64::MAX);
    assert!(
        left + width <= 1366,
        "the till stays on the first monitor, where the cashier sits: {till}"
    );
    Ok(())
}

#[tokio::test]
async fn without_a_second_monitor_the_customer_display_is_a_window_beside_the_till() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let screen = Screen::open(1920, 1080)?.with_window_manager()?;
    let app = App::start(&screen, &training(folder.path())).await?;
    app.look_at(Pane::Customer).await?;
    let size = app.ask("return [innerWidth, innerHeight]").await?;
    assert_eq!(
        size,
        json!([1024, 600]),
        "on the only monitor it must not hide the till"
    );
    Ok(())
}

#[tokio::test]
async fn a_second_start_brings_the_first_window_to_the_front_and_ends() -> anyhow::Result<()> {
    const IN_FRONT: &str = "return document.visibilityState === 'visible' && document.hasFocus()";
    let folder = tempfile::tempdir()?;
    let screen = Screen::open(1920, 1080)?
        .with_window_manager()?
        .with_session_bus()?;
    let start = training(folder.path());
    let app = App::start(&screen, &start).await?;
    app.look_at(Pane::Till).await?;
    app.minimise().await?;
    until("the till to be out of the way", PATIENCE, async || {
        Ok((app.ask(IN_FRONT).await? == json!(false)).then_some(()))
    })
    .await?;

    let mut again = start_again(&screen, &start)?;
    let ended = until("the second start to end by itself", PATIENCE, async || {
        again.ended()
    })
    .await?;
    assert!(
        ended.success(),
        "it has done what the cashier wanted, which is no error: {ended}"
    );
    until("the first till to be in front", PATIENCE, async || {
        Ok((app.ask(IN_FRONT).await? == json!(true)).then_some(()))
    })
    .await
}
