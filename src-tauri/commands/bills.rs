//! Commands about the agreement with WeChat's bill.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use till_app::approval::Act;
use till_app::{AgreementPicture, Refusal, bill_file};
use till_core::bill_date;

use super::{Answer, TheShop, acting, internal, reading};
use crate::convert::{bills as convert, staff};
use crate::shop::Shop;
use crate::view::{
    AgreementView, BillFaultCode, BillFaultView, BillImportResult, BillSubject, CommandError, Shown,
};

fn day_of(day: &str) -> Result<Date, Refusal> {
    day.parse().map_err(|_| Refusal::DayWrong)
}

/// The till hands out what is needed; the work is done beside it.
async fn agreed(shop: &Shop, day: Option<String>) -> Answer<AgreementPicture> {
    let job = reading(shop, move |till, now| {
        let day = match day {
            Some(day) => day_of(&day)?,
            None => bill_date(now).yesterday().map_err(|_| Refusal::DayWrong)?,
        };
        till.agreement(now, day)
    })
    .await?;
    tauri::async_runtime::spawn_blocking(|| job.run())
        .await
        .map_err(internal)?
        .map_err(CommandError::from)
}

/// A day (in Beijing) held against WeChat's bill; `None` for the last day that is over.
#[tauri::command]
#[specta::specta]
pub async fn agreement(shop: TheShop<'_>, day: Option<String>) -> Answer<AgreementView> {
    agreed(&shop, day)
        .await
        .map(|picture| convert::agreement(&picture))
}

/// Writes down what a difference is about, as it was shown.
#[tauri::command]
#[specta::specta]
pub async fn note_difference(
    shop: TheShop<'_>,
    day: String,
    subject: BillSubject,
    as_of: String,
    text: String,
) -> Answer<()> {
    let picture = agreed(&shop, Some(day)).await?;
    acting(&shop, move |till, now| {
        let difference = picture.difference(&subject.into(), &as_of)?;
        till.note_difference(now, picture.date, difference, &text)
    })
    .await
}

/// Signs a day off as it stands now; a manager approves it.
#[tauri::command]
#[specta::specta]
pub async fn sign_off(shop: TheShop<'_>, day: String, shown: Option<Shown>) -> Answer<()> {
    let shown = staff::shown(shown)?;
    let picture = agreed(&shop, Some(day)).await?;
    acting(&shop, move |till, now| {
        let approval = till.approve(now, Act::SignOff, shown.as_ref())?;
        till.sign_off(now, &picture, approval)
    })
    .await
}

/// Takes a bill's file, plain or compressed, in base64; a manager approves it.
#[tauri::command]
#[specta::specta]
pub async fn import_bill(shop: TheShop<'_>, file: String, shown: Option<Shown>) -> Answer<BillImportResult> {
    let shown = staff::shown(shown)?;
    let wrong = |fault: BillFaultView| Ok(BillImportResult::Wrong { fault });
    let Ok(file) = STANDARD.decode(file) else {
        return wrong(BillFaultView {
            code: BillFaultCode::NotText,
            subject: String::new(),
            line: None,
        });
    };
    let merchant = reading(&shop, |till, _| Ok(till.config().merchant.clone())).await?;
    let read = tauri::async_runtime::spawn_blocking(move || {
        bill_file::read(&file, &merchant).map(|bill| (bill.date, file))
    });
    let (date, file) = match read.await.map_err(internal)? {
        Ok(read) => read,
        Err(fault) => return wrong(convert::fault(&fault)),
    };
    let taken = acting(&shop, move |till, now| {
        let approval = till.approve(now, Act::Bill, shown.as_ref())?;
        match till.import_bill(now, date, &file, approval) {
            Err(Refusal::Bill(fault)) => Ok(Err(fault)),
            Err(other) => Err(other),
            Ok(()) => Ok(Ok(())),
        }
    });
    match taken.await? {
        Ok(()) => Ok(BillImportResult::Imported {
            day: date.to_string(),
        }),
        Err(fault) => wrong(convert::fault(&fault)),
    }
}
