//! Opens the two windows: the cashier's till, and the customer display on a second monitor where there is one.

use std::path::Path;

use tauri::webview::WebviewWindow;
use tauri::{
    AppHandle, Manager, Monitor, Runtime, Url, WebviewUrl, WebviewWindowBuilder, Window, WindowEvent,
};

/// Label of the cashier's window; the capability `till` belongs to it.
pub const TILL: &str = "till";
/// Label of the customer display; the capability `customer` belongs to it.
pub const CUSTOMER: &str = "customer";
/// Label of the simulated customer's phone, in training only. No capability: it can't call the till.
const PHONE: &str = "phone";

const TILL_TITLE: &str = "ScanTill 扫码收银";
const CUSTOMER_TITLE: &str = "ScanTill 顾客屏";
const PHONE_TITLE: &str = "ScanTill 顾客手机";

/// Opens the till and the customer display.
///
/// The web view keeps nothing the till relies on; what it does keep goes to `webview_dir`, one folder for both windows, so
/// that training and the real till never share it.
pub fn open<R: Runtime>(app: &AppHandle<R>, webview_dir: &Path) -> tauri::Result<()> {
    let till = WebviewWindowBuilder::new(app, TILL, WebviewUrl::App("index.html".into()))
        .title(TILL_TITLE)
        .inner_size(1366.0, 768.0)
        .min_inner_size(1280.0, 720.0)
        .data_directory(webview_dir.to_owned())
        .on_navigation(is_own_page)
        .build()?;
    let customer = WebviewWindowBuilder::new(app, CUSTOMER, WebviewUrl::App("customer.html".into()))
        .title(CUSTOMER_TITLE)
        .inner_size(1024.0, 600.0)
        .focused(false)
        .data_directory(webview_dir.to_owned())
        .on_navigation(is_own_page)
        .build()?;
    if let Some(monitor) = second_monitor(&till)? {
        customer.set_position(*monitor.position())?;
        customer.set_fullscreen(true)?;
    }
    till.set_focus()
}

/// Brings the till to the front: a second start of the program ends here instead of opening a second till.
pub fn bring_to_front<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<()> {
    let Some(till) = app.get_webview_window(TILL) else {
        return Ok(());
    };
    till.unminimize()?;
    till.show()?;
    till.set_focus()
}

/// Opens the simulated customer's phone; `phone_url` is the simulator's page on this machine. Training only.
pub fn open_phone<R: Runtime>(app: &AppHandle<R>, phone_url: Url, webview_dir: &Path) -> tauri::Result<()> {
    if let Some(phone) = app.get_webview_window(PHONE) {
        return phone.set_focus();
    }
    let origin = phone_url.origin();
    WebviewWindowBuilder::new(app, PHONE, WebviewUrl::External(phone_url))
        .title(PHONE_TITLE)
        .inner_size(412.0, 732.0)
        .data_directory(webview_dir.to_owned())
        .on_navigation(move |url| url.origin() == origin)
        .build()
        .map(drop)
}

/// Closing the till ends the program; the customer display can't be closed on its own, or a customer would stand before nothing.
pub fn on_window_event<R: Runtime>(window: &Window<R>, event: &WindowEvent) {
    if let WindowEvent::CloseRequested { api, .. } = event {
        match window.label() {
            TILL => window.app_handle().exit(0),
            CUSTOMER => api.prevent_close(),
            _ => {}
        }
    }
}

/// Pages come out of the program (`tauri://localhost`, on Windows `http://tauri.localhost`) and from nowhere else.
fn is_own_page(url: &Url) -> bool {
    url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost")
}

/// A monitor the till window is not on.
fn second_monitor<R: Runtime>(till: &WebviewWindow<R>) -> tauri::Result<Option<Monitor>> {
    let Some(here) = till.current_monitor()?.or(till.primary_monitor()?) else {
        return Ok(None);
    };
    let monitors = till.available_monitors()?;
    Ok(monitors
        .into_iter()
        .find(|other| other.position() != here.position()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_pages_can_be_opened() {
        let own = |text: &str| is_own_page(&text.parse().expect("the URLs below are well formed"));
        assert!(
            own("tauri://localhost/index.html"),
            "the till's page is the program's own"
        );
        assert!(own("http://tauri.localhost/customer.html"), "the same on Windows");
        assert!(
            !own("https://example.com/"),
            "a link can't turn the till into a browser"
        );
        assert!(
            !own("http://tauri.localhost.example.com/"),
            "a host that merely begins alike is foreign"
        );
    }
}
