//! Opens the two windows: the cashier's till, and the customer display on a second monitor where there is one.

use std::path::Path;

use tauri::webview::WebviewWindow;
use tauri::{AppHandle, Manager, Runtime, Url, WebviewUrl, WebviewWindowBuilder, Window, WindowEvent};

/// Label of the cashier's window; the capability `till` belongs to it.
pub const TILL: &str = "till";
/// Label of the customer display; the capability `customer` belongs to it.
pub const CUSTOMER: &str = "customer";
/// Label of the simulated customer's phone, with a simulator only. No capability: it can't call the till.
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
    cover_second_monitor(&till, &customer)?;
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

/// Opens the simulated customer's phone; `phone_url` is the simulator's page on this machine.
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

/// Puts the customer display on the monitor that the till is not on, all over it, now or as soon as there is one.
#[cfg(target_os = "linux")]
fn cover_second_monitor<R: Runtime>(
    _till: &WebviewWindow<R>,
    customer: &WebviewWindow<R>,
) -> tauri::Result<()> {
    use gtk::gdk::Display;
    use gtk::prelude::{GtkWindowExt as _, MonitorExt as _, WidgetExt};

    // Through the toolkit itself: a window that is only moved is put back by window managers, and can't be moved at all
    // where Wayland is in use.
    let window = customer.gtk_window()?;
    let display = window.display();
    let cover = move |display: &Display| {
        let monitors: Vec<_> = (0..display.n_monitors())
            .filter_map(|number| Some((number, display.monitor(number)?)))
            .collect();
        // The till opens on the primary monitor; without one, on the first.
        let primary = monitors.iter().position(|(_, it)| it.is_primary()).unwrap_or(0);
        let mut others = monitors.iter().enumerate().filter(|(at, _)| *at != primary);
        if let (Some((_, (number, monitor))), Some(screen)) = (others.next(), WidgetExt::screen(&window)) {
            let place = monitor.geometry();
            // Where no window manager runs, this alone does it.
            window.move_(place.x(), place.y());
            window.resize(place.width(), place.height());
            window.fullscreen_on_monitor(&screen, *number);
        }
    };
    cover(&display);
    display.connect_monitor_added(move |display, _| cover(display));
    Ok(())
}

/// Puts the customer display on a monitor that the till is not on, all over it.
#[cfg(not(target_os = "linux"))]
fn cover_second_monitor<R: Runtime>(
    till: &WebviewWindow<R>,
    customer: &WebviewWindow<R>,
) -> tauri::Result<()> {
    let Some(here) = till.current_monitor()?.or(till.primary_monitor()?) else {
        return Ok(());
    };
    let monitors = till.available_monitors()?;
    if let Some(other) = monitors.iter().find(|it| it.position() != here.position()) {
        customer.set_position(*other.position())?;
        customer.set_fullscreen(true)?;
    }
    Ok(())
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
