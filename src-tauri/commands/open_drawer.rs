//! Commands about opening the drawer. The printer is told beside the till; it may take its time.

use till_app::report::Printed;

use super::{Answer, TheShop, acting, internal, with_till};
use crate::convert::report as convert;
use crate::convert::staff::shown as credential;
use crate::shop::Shop;
use crate::view::{PrintedView, Shown};

/// Opens the drawer without a sale, for a reason; by the rules of some houses a manager approves it. Answers with what came of
/// telling the printer.
#[tauri::command]
#[specta::specta]
pub async fn open_drawer(shop: TheShop<'_>, reason: String, shown: Option<Shown>) -> Answer<PrintedView> {
    let shown = credential(shown)?;
    let job = acting(&shop, move |till, now| {
        till.open_drawer(now, &reason, shown.as_ref())
    })
    .await?;
    let told = tauri::async_runtime::spawn_blocking(move || job.run())
        .await
        .map_err(internal)?;
    if let Printed::Yes = told {
        with_till(&shop, |till, now| {
            till.drawer_told(now, &Printed::Yes);
            Ok(())
        })
        .await?;
    }
    Ok(convert::printed(told))
}

/// Opens the drawer for cash that has just come or gone, if one hangs on a printer. Nobody waits for it: the money is on the
/// books either way, and a drawer has a key. Where it stays shut, the pages say so.
pub(super) async fn open_for_cash(shop: &Shop) {
    let Ok(till) = shop.till() else { return };
    let Ok(Some(job)) = till.call(|till, _| till.drawer_for_cash()).await else {
        return;
    };
    tauri::async_runtime::spawn(async move {
        let told = tauri::async_runtime::spawn_blocking(move || job.run()).await;
        let told = told.unwrap_or_else(|error| Printed::Unknown(error.to_string()));
        // A till that has ended meanwhile has nobody to tell.
        let _ = till.call(move |till, now| till.drawer_told(now, &told)).await;
    });
}
