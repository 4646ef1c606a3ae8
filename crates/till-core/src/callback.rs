//! Whether the callback works: payments that only a query finds, one after the other, say that notifies do not come.

/// How the callback has been doing. Pure; told of each payment found and each notify heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallbackHealth {
    by_query_alone: u32,
}

impl CallbackHealth {
    /// So many payments in a row that no notify told of are no chance: a notify needs a second, a poll comes every three.
    pub const BROKEN_FROM: u32 = 3;

    /// A query was the first to find a payment. It says something about the callback only while the till is `subscribed`.
    #[must_use]
    pub fn found_by_query(self, subscribed: bool) -> Self {
        Self {
            by_query_alone: self.by_query_alone.saturating_add(u32::from(subscribed)),
        }
    }

    /// A verified notify came, early or late: the way is open.
    #[must_use]
    pub fn notified(self) -> Self {
        Self::default()
    }

    /// How many payments in a row came without a notify, once they are too many.
    #[must_use]
    pub fn broken(self) -> Option<u32> {
        (self.by_query_alone >= Self::BROKEN_FROM).then_some(self.by_query_alone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_payments_in_a_row_without_a_notify_are_a_warning() {
        let two = CallbackHealth::default()
            .found_by_query(true)
            .found_by_query(true);
        assert_eq!(
            two.broken(),
            None,
            "a poll may be quicker than a notify now and then"
        );
        let three = two.found_by_query(true);
        assert_eq!(three.broken(), Some(3), "three times in a row it is not chance");
        assert_eq!(
            three.found_by_query(true).broken(),
            Some(4),
            "and it goes on counting"
        );
        assert_eq!(
            three.notified().broken(),
            None,
            "one notify and the way is open again"
        );
        assert_eq!(
            two.notified().found_by_query(true).broken(),
            None,
            "the row begins anew after a notify"
        );
    }

    #[test]
    fn without_a_subscription_queries_say_nothing_about_the_callback() {
        let mut health = CallbackHealth::default();
        for _ in 0..10 {
            health = health.found_by_query(false);
        }
        assert_eq!(health.broken(), None, "nobody was listening");
    }
}
