//! Commands about X and Z: looking at them, closing the day, and taking them out of the till.

use till_core::ZNumber;

use super::{Answer, TheShop, acting, internal, reading};
use crate::convert::report as convert;
use crate::view::{
    CommandError, ExportFormat, ExportedView, PrintedView, ProviderView, ReportView, ZBriefView,
};

/// How many Zs the list asks for at a time.
const Z_LIST: u32 = 60;

/// What a Z would be if the day were closed now. Changes nothing.
#[tauri::command]
#[specta::specta]
pub async fn x_report(shop: TheShop<'_>) -> Answer<ReportView> {
    let picture = reading(&shop, |till, now| till.x_report(now)).await?;
    convert::report(&picture).map_err(internal)
}

/// A Z as it was made.
#[tauri::command]
#[specta::specta]
pub async fn z_report(shop: TheShop<'_>, number: u32) -> Answer<ReportView> {
    let picture = reading(&shop, move |till, _| till.z_report(ZNumber(number))).await?;
    convert::report(&picture).map_err(internal)
}

/// The Zs before this one, or the last ones; at most 60, newest first.
#[tauri::command]
#[specta::specta]
pub async fn z_reports(shop: TheShop<'_>, before: Option<u32>) -> Answer<Vec<ZBriefView>> {
    let found = reading(&shop, move |till, _| till.z_reports(before.map(ZNumber), Z_LIST)).await?;
    Ok(found.iter().map(convert::brief).collect())
}

/// What WeChat's bills say to a Z. The till hands out what is needed; the work is done beside it.
#[tauri::command]
#[specta::specta]
pub async fn z_provider(shop: TheShop<'_>, number: u32) -> Answer<ProviderView> {
    let job = reading(&shop, move |till, _| till.provider(ZNumber(number))).await?;
    let column = tauri::async_runtime::spawn_blocking(|| job.run())
        .await
        .map_err(internal)?
        .map_err(CommandError::from)?;
    Ok(convert::provider(&column))
}

/// Closes the day: makes the next Z. The same `click` is the same Z.
#[tauri::command]
#[specta::specta]
pub async fn close_day(shop: TheShop<'_>, click: String, note: String) -> Answer<ReportView> {
    let picture = acting(&shop, move |till, now| till.close_day(now, &click, &note)).await?;
    convert::report(&picture).map_err(internal)
}

/// Writes a Z, or what a Z would be now, to a file; answers with where it is.
#[tauri::command]
#[specta::specta]
pub async fn export_report(
    shop: TheShop<'_>,
    number: Option<u32>,
    format: ExportFormat,
) -> Answer<ExportedView> {
    let _ = (&shop, number, format);
    Err(not_yet())
}

/// Prints a Z, or what a Z would be now, on the receipt printer.
#[tauri::command]
#[specta::specta]
pub async fn print_report(shop: TheShop<'_>, number: Option<u32>) -> Answer<PrintedView> {
    let _ = (&shop, number);
    Err(not_yet())
}

fn not_yet() -> CommandError {
    internal("reports are not written or printed yet")
}
