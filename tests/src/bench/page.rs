//! Scripts that measure inside a page of the till: by its own clock, and without the driver of the window in between.

use anyhow::Context;
use scantill_tests::app::App;
use serde::de::DeserializeOwned;

/// What every script has at hand.
const HELP: &str = r#"
const done = arguments[0];
const at = (id) => document.querySelector(`[data-testid="${id}"]`);
const frame = () => new Promise(requestAnimationFrame);
const found = async (look) => {
    const end = performance.now() + 20000;
    for (;;) {
        const it = look();
        if (it) return it;
        if (performance.now() > end) throw new Error(`waited too long for ${look}`);
        await frame();
    }
};
const ready = (id) => () => { const it = at(id); return it && !it.disabled ? it : null; };
// When an element that is not there yet is in the page, and when that has been painted.
const appears = (id, clock) => new Promise((resolve) => {
    const look = new MutationObserver(() => {
        if (!at(id)) return;
        look.disconnect();
        const there = clock();
        requestAnimationFrame(() => {
            // After the painting that follows this callback.
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => resolve({ there, painted: clock() });
            port2.postMessage(0);
        });
    });
    look.observe(document.body, { subtree: true, childList: true });
});
"#;

/// Runs the body of an asynchronous function in the page in sight; what it returns.
pub(crate) async fn ask<T: DeserializeOwned>(app: &App, body: &str) -> anyhow::Result<T> {
    let script = format!(
        "{HELP}(async () => {{{body}}})().then(done).catch((error) => done({{ error: String(error) }}));"
    );
    let answer = app.ask_later(&script).await?;
    serde_json::from_value(answer.clone()).with_context(|| format!("the page answered {answer}"))
}
