//! A gateway that is started again on a machine whose clock was turned back meanwhile.

use jiff::Timestamp;

use crate::beijing::later;
use crate::gateway::Gateway;
use crate::order::Standing;

impl Gateway {
    /// Goes on at this time, which may lie before everything it remembers. What has happened keeps its time, for the merchant's
    /// books have it too; what is still open waits no longer than it would have to if it had begun now.
    pub(crate) fn go_on_at(&mut self, now: Timestamp) {
        if now >= self.book.latest {
            return;
        }
        let open = |standing: &Standing| matches!(standing, Standing::Open);
        for order in self.book.orders.values_mut().filter(|it| open(&it.standing)) {
            order.created = order.created.min(now);
            order.code.since = order.code.since.min(now);
        }
        for (settles, refund_id) in std::mem::take(&mut self.book.settling) {
            let settles = self.book.refunds.get_mut(&refund_id).map_or(settles, |refund| {
                let takes = refund.settles.duration_since(refund.requested);
                refund.settles = refund.settles.min(later(now, takes));
                refund.settles
            });
            self.book.settling.insert((settles, refund_id));
        }
        // One that has been given up is never due again.
        for notify in self
            .book
            .notifies
            .values_mut()
            .filter(|it| it.due < Timestamp::MAX)
        {
            notify.due = notify.due.min(now);
        }
        self.book.latest = now;
    }
}
