//! Commands about notifies: the probe, and the messages that were of no use.

use till_app::Till;
use till_app::notify::probe;

use super::{Answer, TheShop, acting, internal, not_ready, reading};
use crate::convert::notify as convert;
use crate::view::{DeadLetterView, ProbeResult};

/// Sends a test message to the notify address and waits for it to come back by the broker; ten seconds at most.
#[tauri::command]
#[specta::specta]
pub async fn probe_notify(shop: TheShop<'_>) -> Answer<ProbeResult> {
    acting(&shop, |_, _| Ok(())).await?;
    let till = shop.till().map_err(not_ready)?;
    let config = till
        .call(|till, _| till.config().clone())
        .await
        .map_err(internal)?;
    probe::send(&till, &config)
        .await
        .map(convert::probed)
        .map_err(internal)
}

/// Messages that were of no use to this till, the newest first, at most 20.
#[tauri::command]
#[specta::specta]
pub async fn dead_letters(shop: TheShop<'_>) -> Answer<Vec<DeadLetterView>> {
    let letters = reading(&shop, |till, _| till.dead_letters()).await?;
    Ok(letters.into_iter().map(convert::dead_letter).collect())
}

/// Somebody has looked at them: the lamp goes out.
#[tauri::command]
#[specta::specta]
pub async fn dead_letters_seen(shop: TheShop<'_>) -> Answer<()> {
    acting(&shop, |till: &mut Till, _| till.dead_letters_seen()).await
}
