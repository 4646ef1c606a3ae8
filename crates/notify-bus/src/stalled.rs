//! Where messages go that the broker doesn't confirm while it confirms others: not sent there again at once, so that one
//! till's queue without a leader takes no channel after another from everybody else.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lapin::types::ShortString;
use tokio::time::Instant;

/// Between two tries.
const PAUSE: Duration = Duration::from_secs(10);
/// Nobody has tried for so long: forgotten.
const FORGET: Duration = Duration::from_mins(5);

/// Exchange and routing key.
pub(crate) type Route = (ShortString, ShortString);

/// The routes that are stalled, and when each may be tried again.
#[derive(Debug, Default)]
pub(crate) struct Stalled(Mutex<HashMap<Route, Instant>>);

impl Stalled {
    /// Whether a message may be sent there. Of a stalled route one message in a while may.
    pub(crate) fn may_try(&self, route: &Route, now: Instant) -> bool {
        match self.routes().get_mut(route) {
            None => true,
            Some(again) if now < *again => false,
            Some(again) => {
                *again = now + PAUSE;
                true
            }
        }
    }

    /// A confirm is missing.
    pub(crate) fn add(&self, route: Route, now: Instant) {
        let mut routes = self.routes();
        routes.retain(|_, again| now < *again + FORGET);
        routes.insert(route, now + PAUSE);
    }

    /// A confirm has come.
    pub(crate) fn clear(&self, route: &Route) {
        let mut routes = self.routes();
        if !routes.is_empty() {
            routes.remove(route);
        }
    }

    /// Everything may be tried again.
    pub(crate) fn forget(&self) {
        self.routes().clear();
    }

    fn routes(&self) -> MutexGuard<'_, HashMap<Route, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stalled_route_is_tried_once_in_a_while_until_it_is_confirmed() {
        let route = |key: &str| (ShortString::from("e"), ShortString::from(key));
        let stalled = Stalled::default();
        let start = Instant::now();
        stalled.add(route("sick"), start);
        assert!(
            stalled.may_try(&route("well"), start),
            "the others are not touched"
        );
        assert!(!stalled.may_try(&route("sick"), start), "not at once");
        let later = start + PAUSE;
        assert!(stalled.may_try(&route("sick"), later), "after a pause");
        assert!(!stalled.may_try(&route("sick"), later), "one message");
        stalled.clear(&route("sick"));
        assert!(stalled.may_try(&route("sick"), later), "a confirm ends it");
        stalled.add(route("sick"), start);
        stalled.add(route("other"), start + PAUSE + FORGET);
        assert_eq!(stalled.routes().len(), 1, "nothing is kept for ever");
    }
}
