//! Commands about opening the drawer. The printer is told beside the till; it may take its time.

use till_app::open_drawer::DrawerJob;
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
    let told = tauri::async_runtime::spawn_blocking(move || job.run());
    told.await.map(convert::printed).map_err(internal)
}

/// Opens the drawer for cash that has just come or gone, if one hangs on a printer. Nobody waits for it: the money is on the
/// books either way, and a drawer has a key.
pub(super) async fn open_for_cash(shop: &Shop) {
    let job = with_till(shop, |till, _| Ok(till.drawer_job())).await;
    if let Ok(Some(job)) = job {
        tauri::async_runtime::spawn_blocking(move || tell(&job));
    }
}

fn tell(job: &DrawerJob) {
    match job.run() {
        Printed::Yes => {}
        Printed::No(why) | Printed::Unknown(why) => tracing::warn!(why, "the drawer may be shut"),
    }
}
