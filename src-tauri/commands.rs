//! What the pages may ask for. Each command parses, calls, and shows; rules live below.

use std::path::PathBuf;

use tauri::ipc::Channel;
use tauri::{AppHandle, State, Wry};
use till_app::{Refusal, Till};
use till_core::{Fen, LineNo, OutTradeNo, ProductId};

use crate::customer::CustomerPage;
use crate::shop::{self, Shop};
use crate::view::*;
use crate::{convert, windows};

pub mod bills;
pub mod cash;
pub mod cash_refund;
pub mod keeping;
pub mod notify;
pub mod open_drawer;
pub mod refund;
pub mod report;
pub mod staff;

type Answer<T> = Result<T, CommandError>;
type TheShop<'a> = State<'a, Shop>;

/// Folder of the web view's own files, for windows that are opened later.
#[derive(Debug)]
pub struct WebviewFolder(pub PathBuf);

fn not_ready(problem: Problem) -> CommandError {
    CommandError {
        code: ErrorCode::NotReady,
        detail: problem.detail,
    }
}

fn internal(error: impl std::fmt::Display) -> CommandError {
    CommandError {
        code: ErrorCode::Internal,
        detail: error.to_string(),
    }
}

fn number(out_trade_no: &str) -> Answer<OutTradeNo> {
    OutTradeNo::parse(out_trade_no).map_err(|error| CommandError {
        code: ErrorCode::NoSuchOrder,
        detail: error.to_string(),
    })
}

/// Does something with the till on its own thread.
async fn with_till<T: Send + 'static>(
    shop: &Shop,
    act: impl FnOnce(&mut Till, jiff::Timestamp) -> Result<T, Refusal> + Send + 'static,
) -> Answer<T> {
    let till = shop.till().map_err(not_ready)?;
    till.call(act)
        .await
        .map_err(internal)?
        .map_err(CommandError::from)
}

/// The same for looking something up: refused while the till is locked.
async fn reading<T: Send + 'static>(
    shop: &Shop,
    look: impl FnOnce(&mut Till, jiff::Timestamp) -> Result<T, Refusal> + Send + 'static,
) -> Answer<T> {
    with_till(shop, move |till, now| {
        till.unlocked()?;
        look(till, now)
    })
    .await
}

/// The same for what somebody at the till does: refused while it is locked, and the idle time begins anew.
async fn acting<T: Send + 'static>(
    shop: &Shop,
    act: impl FnOnce(&mut Till, jiff::Timestamp) -> Result<T, Refusal> + Send + 'static,
) -> Answer<T> {
    with_till(shop, move |till, now| {
        till.attend(now)?;
        act(till, now)
    })
    .await
}

/// The till window's whole picture, asked for on load.
#[tauri::command]
#[specta::specta]
pub async fn snapshot(shop: TheShop<'_>) -> Answer<Snapshot> {
    let training = shop.known().simulator().is_some();
    match shop.till() {
        Ok(till) => {
            let picture = till.call(|till, _| till.snapshot()).await.map_err(internal)?;
            Ok(convert::snapshot(picture, training))
        }
        Err(problem) => Ok(convert::no_till(&problem, shop::first_locale())),
    }
}

/// The customer display's whole picture, asked for on load.
#[tauri::command]
#[specta::specta]
pub async fn customer(shop: TheShop<'_>) -> Answer<CustomerView> {
    let training = shop.known().simulator().is_some();
    match shop.till() {
        Ok(till) => {
            let picture = till.call(|till, _| till.customer()).await.map_err(internal)?;
            Ok(convert::customer(picture, training))
        }
        Err(_) => Ok(convert::no_customer(shop::first_locale())),
    }
}

/// The customer display's further pictures, from now on and until the page is loaded anew.
#[tauri::command]
#[specta::specta]
pub fn watch_customer(page: State<'_, CustomerPage>, news: Channel<CustomerView>) {
    page.loaded(news);
}

/// Tiles: at most 200 products matching name, barcode or pinyin initials, in one category or in all.
#[tauri::command]
#[specta::specta]
pub async fn products(
    shop: TheShop<'_>,
    query: String,
    category: Option<String>,
) -> Answer<Vec<ProductView>> {
    let found = reading(&shop, move |till, _| {
        Ok(till.products(&query, category.as_deref()))
    })
    .await?;
    Ok(found.iter().map(convert::product).collect())
}

/// Categories in the shop's order.
#[tauri::command]
#[specta::specta]
pub async fn categories(shop: TheShop<'_>) -> Answer<Vec<String>> {
    reading(&shop, |till, _| Ok(till.categories())).await
}

/// Puts one piece of the product into the cart; `price_fen` only for a product without a price.
#[tauri::command]
#[specta::specta]
pub async fn cart_add(shop: TheShop<'_>, product_id: u32, price_fen: Option<u32>) -> Answer<()> {
    let (product, price) = (
        ProductId(i64::from(product_id)),
        price_fen.map(|fen| Fen::new(i64::from(fen))),
    );
    acting(&shop, move |till, _| till.add(product, price)).await
}

/// Puts the product with this barcode into the cart.
#[tauri::command]
#[specta::specta]
pub async fn cart_scan(shop: TheShop<'_>, barcode: String) -> Answer<()> {
    acting(&shop, move |till, _| till.scan(&barcode)).await
}

/// Sets the pieces of a line; 0 removes it.
#[tauri::command]
#[specta::specta]
pub async fn cart_set_quantity(shop: TheShop<'_>, line: u32, quantity: u32) -> Answer<()> {
    acting(&shop, move |till, now| {
        till.set_pieces(now, LineNo(line), quantity)
    })
    .await
}

/// Asks something else for a line than its list price, or that again; past the limit of the house a manager approves it.
#[tauri::command]
#[specta::specta]
pub async fn cart_reprice(shop: TheShop<'_>, line: u32, wish: PriceWish, shown: Option<Shown>) -> Answer<()> {
    let shown = convert::staff::shown(shown)?;
    acting(&shop, move |till, now| {
        till.reprice(now, LineNo(line), convert::cart::price_wish(wish), shown.as_ref())
    })
    .await
}

/// Empties the cart.
#[tauri::command]
#[specta::specta]
pub async fn cart_clear(shop: TheShop<'_>) -> Answer<()> {
    acting(&shop, Till::clear_cart).await
}

/// Puts the cart on hold and opens an empty one.
#[tauri::command]
#[specta::specta]
pub async fn cart_hold(shop: TheShop<'_>) -> Answer<()> {
    acting(&shop, Till::hold).await
}

/// Fetches a held cart; the one in hand goes on hold if it is not empty.
#[tauri::command]
#[specta::specta]
pub async fn cart_fetch(shop: TheShop<'_>, id: u32) -> Answer<()> {
    acting(&shop, move |till, now| till.fetch(now, i64::from(id))).await
}

/// 收款: makes the cart a sale and places the order; answers with its `out_trade_no`. The same `click` gives the same sale.
#[tauri::command]
#[specta::specta]
pub async fn pay(shop: TheShop<'_>, click: String) -> Answer<String> {
    acting(&shop, move |till, now| till.pay(now, &click))
        .await
        .map(String::from)
}

/// Asks WeChat now instead of at the next 3 seconds.
#[tauri::command]
#[specta::specta]
pub async fn check_now(shop: TheShop<'_>, out_trade_no: String) -> Answer<()> {
    let number = number(&out_trade_no)?;
    acting(&shop, move |till, now| till.check_now(now, &number)).await
}

/// The payment goes on; the window is free for the next customer.
#[tauri::command]
#[specta::specta]
pub async fn to_background(shop: TheShop<'_>) -> Answer<()> {
    acting(&shop, |till, _| {
        till.to_background();
        Ok(())
    })
    .await
}

/// Shows this payment in the pay view.
#[tauri::command]
#[specta::specta]
pub async fn to_front(shop: TheShop<'_>, out_trade_no: String) -> Answer<()> {
    let number = number(&out_trade_no)?;
    acting(&shop, move |till, _| till.to_front(&number)).await
}

/// The cashier has seen how a payment in the background ended; it leaves the list.
#[tauri::command]
#[specta::specta]
pub async fn seen(shop: TheShop<'_>, out_trade_no: String) -> Answer<()> {
    let number = number(&out_trade_no)?;
    acting(&shop, move |till, _| {
        till.seen(&number);
        Ok(())
    })
    .await
}

/// Asks for the payment to be cancelled; the QR code is gone at once, the order is watched until WeChat has closed it.
#[tauri::command]
#[specta::specta]
pub async fn cancel(shop: TheShop<'_>, out_trade_no: String) -> Answer<()> {
    let number = number(&out_trade_no)?;
    acting(&shop, move |till, now| till.cancel(now, &number)).await
}

/// A new QR code for the same sale, the old order being closed or watched; answers with the new `out_trade_no`.
#[tauri::command]
#[specta::specta]
pub async fn pay_again(shop: TheShop<'_>, out_trade_no: String) -> Answer<String> {
    let number = number(&out_trade_no)?;
    acting(&shop, move |till, now| till.pay_again(now, &number))
        .await
        .map(String::from)
}

/// Leaves the paid, closed or refused view and goes back to selling.
#[tauri::command]
#[specta::specta]
pub async fn done(shop: TheShop<'_>) -> Answer<()> {
    acting(&shop, |till, _| {
        till.done();
        Ok(())
    })
    .await
}

/// Orders and sales in cash of a day, or those that match a text, newest first, at most 500.
#[tauri::command]
#[specta::specta]
pub async fn orders(shop: TheShop<'_>, query: OrderQuery) -> Answer<Vec<OrderBrief>> {
    let found = reading(&shop, move |till, now| match query {
        OrderQuery { text: Some(text), .. } if !text.trim().is_empty() => till.find_all_orders(&text),
        OrderQuery { day: Some(day), .. } => till.all_orders_of(day.parse().map_err(|_| Refusal::DayWrong)?),
        OrderQuery { .. } => till.all_orders_of(till.day_of(now)),
    })
    .await?;
    Ok(found.iter().map(convert::cash_refund::order).collect())
}

/// One order whole, with its evidence.
#[tauri::command]
#[specta::specta]
pub async fn order(shop: TheShop<'_>, out_trade_no: String) -> Answer<PaymentView> {
    let number = number(&out_trade_no)?;
    reading(&shop, move |till, _| till.picture(&number))
        .await
        .map(convert::payment)
}

/// Figures of a business day, `None` for today.
#[tauri::command]
#[specta::specta]
pub async fn day(shop: TheShop<'_>, day: Option<String>) -> Answer<DayView> {
    let training = shop.known().simulator().is_some();
    let picture = reading(&shop, move |till, now| {
        let day = match day {
            Some(day) => day.parse().map_err(|_| Refusal::DayWrong)?,
            None => till.day_of(now),
        };
        till.day(day, training)
    })
    .await?;
    Ok(convert::day(picture))
}

/// Reads a product list as CSV text: all of it, or nothing.
#[tauri::command]
#[specta::specta]
pub async fn import_products(shop: TheShop<'_>, csv: String) -> Answer<ImportResult> {
    acting(&shop, move |till, now| till.import(now, &csv))
        .await
        .map(convert::imported)
}

/// What the settings page shows; never a key.
#[tauri::command]
#[specta::specta]
pub async fn settings(shop: TheShop<'_>) -> Answer<SettingsView> {
    let known = shop.known();
    let place = shop.place();
    let text = |read: fn(&till_app::Config) -> String| known.config.as_ref().map(read).unwrap_or_default();
    let seconds = |span: jiff::SignedDuration| u32::try_from(span.as_secs()).unwrap_or_default();
    let timing = known.config.as_ref().map(|config| config.timing);
    Ok(SettingsView {
        config_path: place.config.display().to_string(),
        data_dir: place.data.display().to_string(),
        reports_dir: shop.reports_folder().display().to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        appid: text(|config| config.merchant.appid.clone()),
        mch_id: text(|config| config.merchant.mch_id.clone()),
        sign_type: text(|config| config.merchant.sign_type.as_str().to_owned()),
        base_url: text(|config| config.gateway.base_url.clone()),
        notify_url: text(|config| config.gateway.notify_url.clone()),
        broker: known
            .config
            .as_ref()
            .and_then(|config| config.broker.as_ref())
            .map(|broker| broker.address.place()),
        key_kept_in: key_place(place.training, known.config.as_ref()),
        poll_seconds: timing.map(|timing| seconds(timing.poll)).unwrap_or_default(),
        timeout_minutes: timing
            .map(|timing| seconds(timing.timeout) / 60)
            .unwrap_or_default(),
        phone_url: known.simulator().map(|base| format!("{base}/phone")),
    })
}

fn key_place(training: bool, config: Option<&till_app::Config>) -> KeyPlace {
    use till_app::key_store::KeyPlace as Found;
    match config.filter(|_| !training).map(|config| config.key_place) {
        None => KeyPlace::Nowhere,
        Some(Found::Keyring) => KeyPlace::Keyring,
        Some(Found::KeyFile) => KeyPlace::KeyFile,
        Some(Found::Config) => KeyPlace::Config,
        Some(Found::OpenConfig) => KeyPlace::OpenConfig,
    }
}

/// Chooses the language of both windows.
#[tauri::command]
#[specta::specta]
pub async fn set_locale(shop: TheShop<'_>, locale: Locale) -> Answer<()> {
    with_till(&shop, move |till, _| till.set_locale(locale.into())).await
}

/// Reads the configuration again after it was put right.
#[tauri::command]
#[specta::specta]
pub async fn reload_config(shop: TheShop<'_>, app: AppHandle<Wry>) -> Answer<()> {
    shop.reopen(&app).map_err(not_ready)
}

/// With a simulator only: opens the customer's phone in a window of its own.
#[tauri::command]
#[specta::specta]
pub async fn open_phone(
    shop: TheShop<'_>,
    folder: State<'_, WebviewFolder>,
    app: AppHandle<Wry>,
) -> Answer<()> {
    let known = shop.known();
    let Some(base) = known.simulator() else {
        return Err(CommandError {
            code: ErrorCode::NotReady,
            detail: "the simulator is not in use".to_owned(),
        });
    };
    let url = format!("{base}/phone").parse().map_err(internal)?;
    windows::open_phone(&app, url, &folder.0).map_err(internal)
}
