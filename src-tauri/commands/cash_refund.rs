//! Commands about sales paid in cash, and about giving their cash back.

use till_app::approval::Act;

use super::open_drawer::open_for_cash;
use super::{Answer, TheShop, acting, reading};
use crate::convert::cash_refund as convert;
use crate::convert::refund::part as wanted;
use crate::convert::staff::shown as credential;
use crate::view::{CashSaleView, RefundPart, RefundableView, Shown};

/// A sale paid in cash alone, whole.
#[tauri::command]
#[specta::specta]
pub async fn cash_sale(shop: TheShop<'_>, sale: u32) -> Answer<CashSaleView> {
    reading(&shop, move |till, _| {
        let picture = till.cash_sale(convert::number(sale))?;
        Ok(convert::sale(&picture))
    })
    .await
}

/// What may be given back of a sale's cash; `None`: no cash was kept for it.
#[tauri::command]
#[specta::specta]
pub async fn cash_refundable(shop: TheShop<'_>, sale: u32) -> Answer<Option<RefundableView>> {
    reading(&shop, move |till, _| {
        let found = till.cash_refundable(convert::number(sale))?;
        Ok(found.as_ref().map(convert::refundable))
    })
    .await
}

/// Gives a part of a sale's cash back out of the drawer; a manager approves it. Answers with the refund's number; the same
/// `click` gives the same refund.
#[tauri::command]
#[specta::specta]
pub async fn cash_refund(
    shop: TheShop<'_>,
    sale: u32,
    part: RefundPart,
    reason: String,
    click: String,
    shown: Option<Shown>,
) -> Answer<String> {
    let (sale, part) = (convert::number(sale), wanted(part));
    let shown = credential(shown)?;
    let number = acting(&shop, move |till, now| {
        let approval = till.approve(now, Act::Refund, shown.as_ref())?;
        till.refund_cash(now, sale, part, &reason, &click, approval)
    })
    .await?;
    open_for_cash(&shop).await;
    Ok(number.to_string())
}
