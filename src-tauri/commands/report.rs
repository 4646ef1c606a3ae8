//! Commands about X and Z: looking at them, closing the day, and taking them out of the till.

use tauri::{AppHandle, Wry};
use tauri_specta::Event as _;
use till_app::ProviderColumn;
use till_app::report::{ExportFormat as Format, Printed};
use till_core::ZNumber;

use super::{Answer, TheShop, acting, internal, reading, with_till};
use crate::convert::report as convert;
use crate::shop::Shop;
use crate::view::{
    CommandError, ExportFormat, ExportedView, PrintedView, ProviderView, ReportView, ZBriefView,
};
use crate::windows;

/// How many Zs the list asks for at a time.
const Z_LIST: u32 = 60;

/// What a Z would be if the day were closed now. Changes nothing.
#[tauri::command]
#[specta::specta]
pub async fn x_report(shop: TheShop<'_>) -> Answer<ReportView> {
    let picture = reading(&shop, |till, now| till.x_report(now)).await?;
    convert::report(&picture, false).map_err(internal)
}

/// A Z as it was made.
#[tauri::command]
#[specta::specta]
pub async fn z_report(shop: TheShop<'_>, number: u32) -> Answer<ReportView> {
    let (picture, printed) = reading(&shop, move |till, _| {
        let number = ZNumber(number);
        Ok((till.z_report(number)?, till.z_printed(number)?))
    })
    .await?;
    convert::report(&picture, printed).map_err(internal)
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
    convert::provider(&column(&shop, number).await?).map_err(internal)
}

/// Closes the day: makes the next Z. The same `click` is the same Z.
#[tauri::command]
#[specta::specta]
pub async fn close_day(shop: TheShop<'_>, click: String, note: String) -> Answer<ReportView> {
    let (picture, printed) = acting(&shop, move |till, now| {
        let picture = till.close_day(now, &click, &note)?;
        // The Z is in the ledger: what can't be read after it is no reason to say that it isn't.
        let printed = picture.report.head.number.map(|number| till.z_printed(number));
        let printed = printed.transpose().unwrap_or_else(|error| {
            tracing::warn!(%error, "whether this Z was printed is not known");
            None
        });
        Ok((picture, printed.unwrap_or_default()))
    })
    .await?;
    convert::report(&picture, printed).map_err(internal)
}

/// Writes a Z, or what a Z would be now, to a file in the folder for reports; answers with where it is. How far it is comes as
/// events; the work is done beside the till.
#[tauri::command]
#[specta::specta]
pub async fn export_report(
    shop: TheShop<'_>,
    app: AppHandle<Wry>,
    number: Option<u32>,
    format: ExportFormat,
) -> Answer<ExportedView> {
    let training = shop.known().simulator().is_some();
    let folder = shop.place().reports();
    let format = Format::from(format);
    let column = match number {
        Some(number) => Some(column(&shop, number).await?),
        None => None,
    };
    let job = acting(&shop, move |till, now| {
        let number = number.map(ZNumber);
        if format.is_paper() {
            till.pdf(now, number, training)
        } else {
            till.export(now, number, training)
        }
    })
    .await?
    .with(column);
    let counts = format.is_paper() && job.counts();
    let written = tauri::async_runtime::spawn_blocking(move || {
        job.run(&folder, format, |progress| {
            // A count that is missed is made up for by the next one.
            let _ = convert::progress(progress).emit_to(&app, windows::TILL);
        })
    });
    let written = written.await.map_err(internal)?;
    if let (Err(_), Some(number), true) = (&written, number, counts) {
        nothing_came_of_it(&shop, number).await;
    }
    let file = written.map_err(|error| convert::not_exported(&error))?;
    Ok(convert::exported(&file))
}

/// Prints a Z, or what a Z would be now, on the receipt printer. The work is done beside the till; a printer may take a
/// minute.
#[tauri::command]
#[specta::specta]
pub async fn print_report(shop: TheShop<'_>, number: Option<u32>) -> Answer<PrintedView> {
    let training = shop.known().simulator().is_some();
    let column = match number {
        Some(number) => Some(column(&shop, number).await?),
        None => None,
    };
    let job = acting(&shop, move |till, now| {
        till.print(now, number.map(ZNumber), training)
    })
    .await?
    .with(column);
    let counts = job.counts();
    let printed = tauri::async_runtime::spawn_blocking(move || job.run());
    let printed = printed.await.map_err(internal)?;
    if let (Printed::No(_), Some(number), true) = (&printed, number, counts) {
        nothing_came_of_it(&shop, number).await;
    }
    Ok(convert::printed(printed))
}

/// What WeChat's bills say to a Z.
async fn column(shop: &Shop, number: u32) -> Answer<ProviderColumn> {
    let job = reading(shop, move |till, _| till.provider(ZNumber(number))).await?;
    tauri::async_runtime::spawn_blocking(|| job.run())
        .await
        .map_err(internal)?
        .map_err(CommandError::from)
}

/// The next one is no copy. Also while the till has locked itself meanwhile; where it can't be noted, the next one is marked.
async fn nothing_came_of_it(shop: &Shop, number: u32) {
    let noted = with_till(shop, move |till, now| till.not_printed(now, ZNumber(number))).await;
    if let Err(error) = noted {
        tracing::warn!(?error, number, "the next print will be marked as a copy");
    }
}
