//! What the pages may ask for. Each command parses, calls, and shows; rules live below.

use crate::view::*;

type Answer<T> = Result<T, CommandError>;

fn later<T>() -> Answer<T> {
    Err(CommandError {
        code: ErrorCode::NotReady,
        detail: String::new(),
    })
}

macro_rules! commands {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {
        $($(#[$doc])*
        #[tauri::command]
        #[specta::specta]
        pub async fn $name($($arg: $ty),*) -> Answer<$out> { $(let _ = $arg;)* later() })*
    };
}

commands! {
    /// The till window's whole picture, asked for on load.
    fn snapshot() -> Snapshot;
    /// The customer display's whole picture, asked for on load.
    fn customer() -> CustomerView;
    /// Tiles: at most 200 products matching name, barcode or pinyin initials, in one category or in all.
    fn products(query: String, category: Option<String>) -> Vec<ProductView>;
    /// Categories in the shop's order.
    fn categories() -> Vec<String>;
    /// Puts one piece of the product into the cart; `price_fen` only for a product without a price.
    fn cart_add(product_id: u32, price_fen: Option<u32>) -> ();
    /// Puts the product with this barcode into the cart.
    fn cart_scan(barcode: String) -> ();
    /// Sets the pieces of a line; 0 removes it.
    fn cart_set_quantity(line: u32, quantity: u32) -> ();
    fn cart_clear() -> ();
    /// Puts the cart on hold and opens an empty one.
    fn cart_hold() -> ();
    /// Fetches a held cart; the one in hand goes on hold if it is not empty.
    fn cart_fetch(id: u32) -> ();
    /// 收款: makes the cart a sale and places the order; answers with its `out_trade_no`. The same `click` gives the same sale.
    fn pay(click: String) -> String;
    /// Asks WeChat now instead of at the next 3 seconds.
    fn check_now(out_trade_no: String) -> ();
    /// The payment goes on; the window is free for the next customer.
    fn to_background() -> ();
    /// Shows this payment in the pay view.
    fn to_front(out_trade_no: String) -> ();
    /// Asks for the payment to be cancelled; the QR code is gone at once, the order is watched until WeChat has closed it.
    fn cancel(out_trade_no: String) -> ();
    /// A new QR code for the same sale, the old order being closed or watched; answers with the new `out_trade_no`.
    fn pay_again(out_trade_no: String) -> String;
    /// Leaves the paid, closed or refused view and goes back to selling.
    fn done() -> ();
    /// Orders of a day, or those that match a text, newest first, at most 500.
    fn orders(query: OrderQuery) -> Vec<PaymentBrief>;
    /// One order whole, with its evidence.
    fn order(out_trade_no: String) -> PaymentView;
    /// Figures of a business day, `None` for today.
    fn day(day: Option<String>) -> DayView;
    /// Reads a product list as CSV text: all of it, or nothing.
    fn import_products(csv: String) -> ImportResult;
    fn settings() -> SettingsView;
    fn set_locale(locale: Locale) -> ();
    /// Reads the configuration again after it was put right.
    fn reload_config() -> ();
    /// Training only: opens the customer's phone in a window of its own.
    fn open_phone() -> ();
}
