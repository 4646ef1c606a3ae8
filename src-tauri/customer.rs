//! The way to the customer display's page: a channel that belongs to that page alone.
//!
//! It is no event, for a page that may listen to events is also given those for another window when it asks for them. So the
//! customer's page may listen to none, and what a cashier sees can't reach it.

use std::sync::{Mutex, PoisonError};

use tauri::ipc::Channel;

use crate::view::CustomerView;

/// The channel to the customer display's page, once it is loaded.
#[derive(Default)]
pub struct CustomerPage(Mutex<Option<Channel<CustomerView>>>);

impl CustomerPage {
    /// The page was loaded; the channel of the page before leads nowhere any more.
    pub(crate) fn loaded(&self, news: Channel<CustomerView>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(news);
    }

    /// Shows a picture. A page that is not loaded yet asks for one when it is.
    pub(crate) fn show(&self, picture: CustomerView) -> tauri::Result<()> {
        let news = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        news.map_or(Ok(()), |news| news.send(picture))
    }
}

impl std::fmt::Debug for CustomerPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CustomerPage")
    }
}
