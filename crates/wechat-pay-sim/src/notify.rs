//! Notifications: what is posted, when it is posted again, and which reply counts.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::beijing::later;
use crate::faults::NotifyFault;
use crate::gateway::Gateway;
use crate::wire;

/// The pauses after each unanswered post; 24 h 4 min in all. The first post goes out at once, then fifteen repeats.
pub const RETRY_AFTER: [SignedDuration; 15] = [
    SignedDuration::from_secs(15),
    SignedDuration::from_secs(15),
    SignedDuration::from_secs(30),
    SignedDuration::from_mins(3),
    SignedDuration::from_mins(10),
    SignedDuration::from_mins(20),
    SignedDuration::from_mins(30),
    SignedDuration::from_mins(30),
    SignedDuration::from_mins(30),
    SignedDuration::from_mins(60),
    SignedDuration::from_hours(3),
    SignedDuration::from_hours(3),
    SignedDuration::from_hours(3),
    SignedDuration::from_hours(6),
    SignedDuration::from_hours(6),
];

/// How long the merchant has for its reply.
pub const REPLY_WITHIN: SignedDuration = SignedDuration::from_secs(5);

/// One POST that is to go out now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifyPost {
    /// Names the notification in [`Gateway::notify_answered`]; nothing for a forged post, whose reply nobody reads.
    pub id: Option<u64>,
    /// The order it is about.
    pub out_trade_no: String,
    /// Where to.
    pub url: String,
    /// The XML.
    pub body: Vec<u8>,
    /// 1 for the first post.
    pub attempt: u32,
}

/// A notification that hasn't been accepted yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Notify {
    out_trade_no: String,
    url: String,
    body: String,
    /// Posts sent so far.
    sent: u32,
    /// When the last one went out.
    last: Option<Timestamp>,
    /// When the next one goes out.
    pub(crate) due: Timestamp,
}

impl Gateway {
    /// Queues a notification.
    pub(crate) fn notify(&mut self, out_trade_no: &str, url: &str, body: Vec<u8>, due: Timestamp) {
        let mut due = due;
        if self.faults.notify.strike(NotifyFault::Late) {
            let late = i64::try_from(self.faults.notify.late_ms).unwrap_or(i64::MAX);
            due = later(due, SignedDuration::from_millis(late));
        }
        self.book.notify_ids += 1;
        let notify = Notify {
            out_trade_no: out_trade_no.to_owned(),
            url: url.to_owned(),
            // Our own XML is UTF-8.
            body: String::from_utf8_lossy(&body).into_owned(),
            sent: 0,
            last: None,
            due,
        };
        self.book.notifies.insert(self.book.notify_ids, notify);
    }

    /// When [`Self::notifies_due`] has something to do next.
    pub fn next_notify(&self) -> Option<Timestamp> {
        let refunds = self.book.settling.iter().next().map(|(at, _)| *at);
        self.book
            .notifies
            .values()
            .map(|notify| notify.due)
            .chain(refunds)
            .min()
    }

    /// How many notifications about an order the merchant hasn't accepted yet.
    pub(crate) fn open_notifies(&self, out_trade_no: &str) -> usize {
        self.book
            .notifies
            .values()
            .filter(|notify| notify.out_trade_no == out_trade_no)
            .count()
    }

    /// The posts that go out now. Each is rescheduled as if unanswered; [`Self::notify_answered`] ends it.
    pub fn notifies_due(&mut self, now: Timestamp) -> Vec<NotifyPost> {
        self.settle_refunds(now);
        // Given up: the last post's time to reply is over.
        let over = |notify: &Notify| notify.last.is_some_and(|last| now > later(last, REPLY_WITHIN));
        self.book
            .notifies
            .retain(|_, notify| notify.due < Timestamp::MAX || !over(notify));
        let due: Vec<u64> = self
            .book
            .notifies
            .iter()
            .filter(|(_, notify)| notify.due <= now)
            .map(|(id, _)| *id)
            .collect();
        let mut posts = Vec::new();
        for id in due {
            self.post(now, id, &mut posts);
        }
        posts
    }

    fn post(&mut self, now: Timestamp, id: u64, posts: &mut Vec<NotifyPost>) {
        let Some(notify) = self.book.notifies.get_mut(&id) else {
            return;
        };
        let pause = RETRY_AFTER.get(usize::try_from(notify.sent).unwrap_or(usize::MAX));
        notify.sent += 1;
        notify.last = Some(now);
        let post = NotifyPost {
            id: Some(id),
            out_trade_no: notify.out_trade_no.clone(),
            url: notify.url.clone(),
            body: notify.body.clone().into_bytes(),
            attempt: notify.sent,
        };
        // The last post: nothing follows, but its reply is still waited for.
        notify.due = pause.map_or(Timestamp::MAX, |pause| later(now, *pause));
        self.changed();
        if self.faults.notify.strike(NotifyFault::Forged) {
            let body = wire::forged(&post.body);
            posts.push(NotifyPost {
                id: None,
                body,
                ..post.clone()
            });
        }
        if self.faults.notify.strike(NotifyFault::WrongAmount) {
            let body = wire::with_more_money(&post.body, &self.config.api_key);
            posts.push(NotifyPost {
                id: None,
                body,
                ..post.clone()
            });
        }
        if self.faults.notify.strike(NotifyFault::Lost) {
            return;
        }
        if self.faults.notify.strike(NotifyFault::Doubled) {
            posts.push(post.clone());
        }
        posts.push(post);
    }

    /// The merchant's reply to a post: the body of an HTTP 200, or nothing when there was none in time.
    ///
    /// Only XML whose `return_code` is SUCCESS ends the notification; `ok`, `success`, JSON, HTML, an empty body or
    /// stray characters between the tags leave it to be sent again. Returns whether it was accepted.
    pub fn notify_answered(&mut self, now: Timestamp, id: u64, reply: Option<&[u8]>) -> bool {
        // A doubled post is answered twice: the second answer finds nothing.
        let Some(notify) = self.book.notifies.get(&id) else {
            return false;
        };
        let in_time = notify.last.is_some_and(|last| now <= later(last, REPLY_WITHIN));
        let accepted = in_time && reply.is_some_and(wire::is_success);
        if accepted || notify.due == Timestamp::MAX {
            self.book.notifies.remove(&id);
            self.changed();
        }
        accepted
    }
}
