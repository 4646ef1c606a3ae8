//! What a person does again and again in the window, and what is seen again and again.

use super::*;

/// WebDriver's names of keys.
pub(super) const ENTER: &str = "\u{e007}";
pub(super) const ESCAPE: &str = "\u{e00c}";
pub(super) const F1: &str = "\u{e031}";
pub(super) const F3: &str = "\u{e033}";
pub(super) const F4: &str = "\u{e034}";
pub(super) const F5: &str = "\u{e035}";
pub(super) const F6: &str = "\u{e036}";
pub(super) const F7: &str = "\u{e037}";
pub(super) const F8: &str = "\u{e038}";
pub(super) const F9: &str = "\u{e039}";
pub(super) const F10: &str = "\u{e03a}";
pub(super) const F11: &str = "\u{e03b}";
pub(super) const F12: &str = "\u{e03c}";

pub(super) const MANAGERS_PIN: &str = "4711";
pub(super) const CASHIERS_PIN: &str = "1234";

const SIZES: [(u32, u32); 2] = [(1366, 768), (1920, 1080)];

/// Waits for the text of an element to hold `part`.
pub(super) async fn reads(app: &App, testid: &str, part: &str) -> anyhow::Result<()> {
    until(&format!("{testid:?} to read {part:?}"), PATIENCE, async || {
        Ok(app.text(testid).await?.contains(part).then_some(()))
    })
    .await
}

/// Goes on after the change. In its first half second the page takes an Enter for the second half of the press before: whoever
/// means it presses again.
pub(super) async fn put_change_away(app: &App) -> anyhow::Result<()> {
    until("the change to be put away", PATIENCE, async || {
        if app.find("search").await?.is_some() {
            return Ok(Some(()));
        }
        app.type_keys(ENTER).await?;
        Ok(None)
    })
    .await
}

/// Waits for an element to have `part` in its text. The driver takes a line that is cut off where it is too long for hidden,
/// so that its text is asked of the page.
pub(super) async fn holds(app: &App, testid: &str, part: &str) -> anyhow::Result<()> {
    let script = format!("return document.querySelector('[data-testid=\"{testid}\"]')?.textContent ?? ''");
    until(&format!("{testid:?} to hold {part:?}"), PATIENCE, async || {
        let text = app.ask(&script).await?;
        Ok(text
            .as_str()
            .is_some_and(|text| text.contains(part))
            .then_some(()))
    })
    .await
}

/// Pictures of what the till shows in both sizes and both languages; Chinese again afterwards.
pub(super) async fn pictures(counter: &Counter, app: &App, name: &str) -> anyhow::Result<()> {
    for language in ["zh", "en"] {
        for (width, height) in SIZES {
            app.resize(width, height).await?;
            counter
                .picture(app, &format!("{name}-{language}-{width}"))
                .await?;
        }
        app.click("locale").await?;
    }
    app.resize(1366, 768).await
}

/// Types a PIN on the big keypad.
pub(super) async fn enter_pin(app: &App, digits: &str) -> anyhow::Result<()> {
    for digit in digits.chars() {
        app.click(&format!("pin-{digit}")).await?;
    }
    app.click("pin-Enter").await
}

/// Gives somebody a name and a PIN on the settings page, and does not save it yet.
pub(super) async fn name_user(app: &App, name: &str, pin: &str) -> anyhow::Result<()> {
    app.click("add-user").await?;
    app.element("user-dialog").await?;
    for (field, text) in [("user-name", name), ("user-pin", pin), ("user-pin-again", pin)] {
        app.element(field).await?.send_keys(text).await?;
    }
    Ok(())
}

/// The shop's first manager, who is signed in by that.
pub(super) async fn add_manager(app: &App) -> anyhow::Result<()> {
    app.click("nav-settings").await?;
    name_user(app, "李娜", MANAGERS_PIN).await?;
    app.click("user-save").await?;
    holds(app, "lock", "李娜").await
}
