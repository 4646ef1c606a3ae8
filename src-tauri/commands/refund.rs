//! Commands about giving money back, and about late and double payments.

use till_app::approval::Act;

use super::{Answer, TheShop, acting, number, reading};
use crate::convert::refund as convert;
use crate::convert::staff::shown as credential;
use crate::view::{RefundPart, RefundableView, Shown};

/// What may be given back of a paid order; `None`: it is not paid, or a person has to decide about it first.
#[tauri::command]
#[specta::specta]
pub async fn refundable(shop: TheShop<'_>, out_trade_no: String) -> Answer<Option<RefundableView>> {
    let number = number(&out_trade_no)?;
    reading(&shop, move |till, now| {
        let found = till.refundable(now, &number)?;
        Ok(found.map(|found| convert::refundable(&found, now)))
    })
    .await
}

/// Gives a part of a paid order back; a manager approves it. Answers with the refund's number; the same `click` gives the
/// same refund.
#[tauri::command]
#[specta::specta]
pub async fn refund(
    shop: TheShop<'_>,
    out_trade_no: String,
    part: RefundPart,
    reason: String,
    click: String,
    shown: Option<Shown>,
) -> Answer<String> {
    let (number, part) = (number(&out_trade_no)?, convert::part(part));
    let shown = credential(shown)?;
    acting(&shop, move |till, now| {
        let approval = till.approve(now, Act::Refund, shown.as_ref())?;
        till.refund(now, &number, part, &reason, &click, approval)
    })
    .await
    .map(String::from)
}

/// Sends a refused refund again, under its number; a manager approves it.
#[tauri::command]
#[specta::specta]
pub async fn refund_again(shop: TheShop<'_>, out_refund_no: String, shown: Option<Shown>) -> Answer<()> {
    let number = convert::number(&out_refund_no)?;
    let shown = credential(shown)?;
    acting(&shop, move |till, now| {
        let approval = till.approve(now, Act::Refund, shown.as_ref())?;
        till.try_refund_again(now, &number, approval)
    })
    .await
}

/// Gives a refund up that WeChat does not have; a manager approves it.
#[tauri::command]
#[specta::specta]
pub async fn refund_withdraw(shop: TheShop<'_>, out_refund_no: String, shown: Option<Shown>) -> Answer<()> {
    let number = convert::number(&out_refund_no)?;
    let shown = credential(shown)?;
    acting(&shop, move |till, now| {
        let approval = till.approve(now, Act::Refund, shown.as_ref())?;
        till.withdraw_refund(now, &number, approval)
    })
    .await
}

/// Marks a refund as seen to, with a note; a manager approves it.
#[tauri::command]
#[specta::specta]
pub async fn refund_settle(
    shop: TheShop<'_>,
    out_refund_no: String,
    note: String,
    shown: Option<Shown>,
) -> Answer<()> {
    let number = convert::number(&out_refund_no)?;
    let shown = credential(shown)?;
    acting(&shop, move |till, now| {
        let approval = till.approve(now, Act::Refund, shown.as_ref())?;
        till.settle_refund(now, &number, &note, approval)
    })
    .await
}

/// Asks WeChat now how a refund stands.
#[tauri::command]
#[specta::specta]
pub async fn refund_check(shop: TheShop<'_>, out_refund_no: String) -> Answer<()> {
    let number = convert::number(&out_refund_no)?;
    acting(&shop, move |till, now| till.check_refund_now(now, &number)).await
}

/// Takes a late or double payment over as a sale; a manager approves it.
#[tauri::command]
#[specta::specta]
pub async fn adopt(shop: TheShop<'_>, out_trade_no: String, shown: Option<Shown>) -> Answer<()> {
    let number = number(&out_trade_no)?;
    let shown = credential(shown)?;
    acting(&shop, move |till, now| {
        let approval = till.approve(now, Act::Review, shown.as_ref())?;
        till.adopt(now, &number, approval)
    })
    .await
}

/// No money came, whatever a notify had said; a manager approves it.
#[tauri::command]
#[specta::specta]
pub async fn deny(shop: TheShop<'_>, out_trade_no: String, shown: Option<Shown>) -> Answer<()> {
    let number = number(&out_trade_no)?;
    let shown = credential(shown)?;
    acting(&shop, move |till, now| {
        let approval = till.approve(now, Act::Review, shown.as_ref())?;
        till.deny(now, &number, approval)
    })
    .await
}

/// Gives a late or double payment back, all of it; a manager approves it. The same `click` gives the same refund.
#[tauri::command]
#[specta::specta]
pub async fn refund_review(
    shop: TheShop<'_>,
    out_trade_no: String,
    goods_back: bool,
    reason: String,
    click: String,
    shown: Option<Shown>,
) -> Answer<String> {
    let number = number(&out_trade_no)?;
    let shown = credential(shown)?;
    acting(&shop, move |till, now| {
        let approval = till.approve(now, Act::Review, shown.as_ref())?;
        till.refund_review(now, &number, goods_back, &reason, &click, approval)
    })
    .await
    .map(String::from)
}
