//! Commands about cash, the drawer and shifts.

use till_app::Till;
use till_app::approval::Act;

use super::open_drawer::open_for_cash;
use super::{Answer, TheShop, acting, number, reading};
use crate::convert::cash as convert;
use crate::view::{CashDirection, ClosingView, DrawerView, ShiftView, Shown};

/// Opens the cash view for the cart, or for what is due instead of an order. The customer display shows no code meanwhile.
#[tauri::command]
#[specta::specta]
pub async fn open_cash(shop: TheShop<'_>, out_trade_no: Option<String>) -> Answer<()> {
    let of = out_trade_no.as_deref().map(number).transpose()?;
    acting(&shop, move |till, _| till.open_cash(of.as_ref())).await
}

/// Goes back to where the cash view was opened from.
#[tauri::command]
#[specta::specta]
pub async fn shut_cash(shop: TheShop<'_>) -> Answer<()> {
    acting(&shop, |till, _| {
        till.shut_cash();
        Ok(())
    })
    .await
}

/// The customer pays all that is due in cash. The same `click` is the same payment.
#[tauri::command]
#[specta::specta]
pub async fn take_cash(
    shop: TheShop<'_>,
    click: String,
    out_trade_no: Option<String>,
    tendered_fen: u32,
) -> Answer<()> {
    let of = out_trade_no.as_deref().map(number).transpose()?;
    let tendered = convert::amount(tendered_fen);
    acting(&shop, move |till, now| {
        till.take_cash(now, &click, of.as_ref(), tendered).map(drop)
    })
    .await?;
    open_for_cash(&shop).await;
    Ok(())
}

/// The customer pays a part in cash; answers with the `out_trade_no` of the order for the rest. The same `click` is the same
/// payment.
#[tauri::command]
#[specta::specta]
pub async fn take_part(
    shop: TheShop<'_>,
    click: String,
    out_trade_no: Option<String>,
    part_fen: u32,
) -> Answer<String> {
    let of = out_trade_no.as_deref().map(number).transpose()?;
    let part = convert::amount(part_fen);
    let number = acting(&shop, move |till, now| {
        till.take_part(now, &click, of.as_ref(), part)
    })
    .await?;
    open_for_cash(&shop).await;
    Ok(String::from(number))
}

/// The customer gets back the cash that no sale was made of; answers with how much that is.
#[tauri::command]
#[specta::specta]
pub async fn give_cash_back(shop: TheShop<'_>, click: String, out_trade_no: String) -> Answer<u32> {
    let of = number(&out_trade_no)?;
    let amount = acting(&shop, move |till, now| till.give_cash_back(now, &click, &of)).await?;
    open_for_cash(&shop).await;
    Ok(crate::convert::fen(amount))
}

/// The shift page.
#[tauri::command]
#[specta::specta]
pub async fn drawer(shop: TheShop<'_>) -> Answer<DrawerView> {
    reading(&shop, |till, _| till.drawer()).await.map(convert::drawer)
}

/// Begins a shift with what is in the drawer; far from what the last one left there, it needs a manager.
#[tauri::command]
#[specta::specta]
pub async fn open_shift(shop: TheShop<'_>, float_fen: u32, shown: Option<Shown>) -> Answer<()> {
    let float = convert::amount(float_fen);
    let shown = crate::convert::staff::shown(shown)?;
    acting(&shop, move |till: &mut Till, now| {
        let opened = match shown {
            None => till.open_shift(now, float),
            Some(shown) => {
                let approval = till.approve(now, Act::ShiftDifference, Some(&shown))?;
                till.open_shift_approved(now, float, approval)
            }
        };
        opened.map(drop)
    })
    .await
}

/// Puts cash into the drawer or takes it out. The same `click` is the same movement.
#[tauri::command]
#[specta::specta]
pub async fn move_cash(
    shop: TheShop<'_>,
    click: String,
    direction: CashDirection,
    amount_fen: u32,
    reason: String,
) -> Answer<()> {
    let (direction, amount) = (convert::direction(direction), convert::amount(amount_fen));
    acting(&shop, move |till, now| {
        till.move_cash(now, &click, direction, amount, &reason)
    })
    .await
}

/// Ends the shift with a count; a difference over the limit needs a manager.
#[tauri::command]
#[specta::specta]
pub async fn close_shift(shop: TheShop<'_>, closing: ClosingView, shown: Option<Shown>) -> Answer<ShiftView> {
    let closing = convert::closing(closing)?;
    let shown = crate::convert::staff::shown(shown)?;
    acting(&shop, move |till: &mut Till, now| {
        till.close_shift(now, closing, shown.as_ref())
    })
    .await
    .map(convert::shift)
}
