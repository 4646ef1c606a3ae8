//! What the till knows of its notify service: how the subscription is doing, when it last heard something, whether the
//! callback works, and the messages that were of no use.

use jiff::{SignedDuration, Timestamp};
use notify_bus::{Health, Trouble};
use till_core::{CallbackHealth, FoundBy};
use till_store::{Became, Database, InboxId, StoreError};
use tokio::sync::mpsc;

use super::deadline::Placed;
use super::news::Useless;
use super::probe::Awaited;
use crate::config::Config;
use crate::till::{Refusal, Till, setting};

/// Dead letters that are listed; the broker has all of them.
const LISTED_MAX: u32 = 20;
/// The time of the last message is drawn anew at most this often: with a long queue, messages come faster than anybody
/// reads.
const HEARD_EVERY: SignedDuration = SignedDuration::from_secs(1);

/// How notifies come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifyPicture {
    /// The way to the broker.
    pub link: NotifyLink,
    /// When the last message came.
    pub last_message: Option<Timestamp>,
    /// So many payments in a row were found by query although the subscription is up: the callback is broken.
    pub callback_broken: Option<u32>,
    /// Messages of no use that nobody has looked at yet.
    pub dead_letters: u32,
}

/// The way to the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotifyLink {
    /// There is no broker: payments are found by query alone.
    PollingOnly,
    /// The first connection is being made.
    Connecting,
    /// Connected.
    Up {
        /// Since when.
        since: Timestamp,
    },
    /// Not connected; it is tried again and again.
    Down {
        /// Since when.
        since: Timestamp,
        /// Why.
        trouble: Trouble,
    },
}

/// A message that was of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// When it came.
    pub at: Timestamp,
    /// The order it names.
    pub out_trade_no: Option<String>,
    /// Why it was of no use.
    pub reason: Useless,
}

/// The till's part in it.
#[derive(Debug)]
pub(crate) struct NotifyDesk {
    picture: NotifyPicture,
    callback: CallbackHealth,
    /// The last dead letter that somebody has looked at.
    seen: InboxId,
    deadlines: Option<mpsc::Sender<Placed>>,
    pub(super) probe: Option<Awaited>,
}

impl NotifyDesk {
    pub(crate) fn open(config: &Config, db: &Database) -> Result<Self, StoreError> {
        let seen = InboxId(db.read().settings().get(setting::INBOX_SEEN)?.unwrap_or(0));
        let last = db.read().inbox().latest(1)?.pop();
        let link = match config.broker {
            Some(_) => NotifyLink::Connecting,
            None => NotifyLink::PollingOnly,
        };
        Ok(Self {
            picture: NotifyPicture {
                link,
                last_message: last.map(|row| row.received_at),
                callback_broken: None,
                dead_letters: db.read().inbox().dead_letters_after(seen)?.0,
            },
            callback: CallbackHealth::default(),
            seen,
            deadlines: None,
            probe: None,
        })
    }

    /// How notifies come.
    pub(crate) fn picture(&self) -> &NotifyPicture {
        &self.picture
    }

    pub(super) fn hand_deadlines_to(&mut self, sender: mpsc::Sender<Placed>) {
        self.deadlines = Some(sender);
    }

    pub(super) fn hand_over(&self, placed: Placed) {
        if let Some(deadlines) = &self.deadlines
            && deadlines.try_send(placed).is_err()
        {
            tracing::debug!("too many deadlines on their way; the till's own timer watches this one alone");
        }
    }

    fn is_subscribed(&self) -> bool {
        matches!(self.picture.link, NotifyLink::Up { .. })
    }

    fn callback_is(&mut self, health: CallbackHealth) {
        self.callback = health;
        self.picture.callback_broken = health.broken();
    }
}

impl Till {
    /// The subscription is doing so now.
    pub(super) fn subscribed(&mut self, now: Timestamp, health: Health) {
        let link = match (health, &self.notify.picture.link) {
            (Health::Starting, NotifyLink::PollingOnly | NotifyLink::Connecting) => NotifyLink::Connecting,
            (Health::Starting, NotifyLink::Up { .. } | NotifyLink::Down { .. }) => return,
            // A blocked connection can't publish; this one only reads.
            (Health::Up | Health::Blocked, NotifyLink::Up { .. }) => return,
            (Health::Up | Health::Blocked, _) => NotifyLink::Up { since: now },
            (Health::Down(trouble), NotifyLink::Down { since, .. }) => NotifyLink::Down {
                since: *since,
                trouble,
            },
            (Health::Down(trouble), _) => NotifyLink::Down { since: now, trouble },
        };
        if link == self.notify.picture.link {
            return;
        }
        match &link {
            NotifyLink::Down { trouble, .. } => {
                tracing::warn!(%trouble, "no notifies for now; payments are found by query");
            }
            NotifyLink::Up { .. } => tracing::info!("subscribed to this till's notifies"),
            NotifyLink::PollingOnly | NotifyLink::Connecting => {}
        }
        self.notify.picture.link = link;
        self.changed();
    }

    /// A message came.
    pub(super) fn heard(&mut self, now: Timestamp) {
        let last = self.notify.picture.last_message;
        if last.is_none_or(|last| now.duration_since(last).abs() >= HEARD_EVERY) {
            self.notify.picture.last_message = Some(now);
            self.changed();
        }
    }

    /// A payment was found, by whichever evidence.
    pub(crate) fn found(&mut self, by: FoundBy) {
        let health = match by {
            FoundBy::Query => self.notify.callback.found_by_query(self.notify.is_subscribed()),
            FoundBy::Notify => self.notify.callback.notified(),
        };
        if health != self.notify.callback {
            self.notify.callback_is(health);
            self.changed();
        }
    }

    pub(super) fn dead_letter(&mut self) {
        let count = &mut self.notify.picture.dead_letters;
        *count = count.saturating_add(1);
        self.changed();
    }

    /// Messages that were of no use, the newest first.
    pub fn dead_letters(&self) -> Result<Vec<DeadLetter>, Refusal> {
        let rows = self.db.read().inbox().dead_letters(LISTED_MAX);
        let rows = rows.map_err(Refusal::NotSaved)?.into_iter();
        Ok(rows
            .map(|row| DeadLetter {
                at: row.received_at,
                out_trade_no: row.out_trade_no,
                reason: match row.became {
                    Became::DeadLetter { reason } => Useless::of_word(&reason),
                    Became::TakenIn | Became::Kept => None,
                }
                // Another version's word.
                .unwrap_or(Useless::Unreadable),
            })
            .collect())
    }

    /// Somebody has looked at the dead letters.
    pub fn dead_letters_seen(&mut self) -> Result<(), Refusal> {
        let seen = self.notify.seen;
        let written = self.db.write(|tx| {
            let (_, last) = tx.read().inbox().dead_letters_after(seen)?;
            tx.settings().set(setting::INBOX_SEEN, &last.0)?;
            Ok(last)
        });
        self.notify.seen = self.saved(written)?;
        self.notify.picture.dead_letters = 0;
        self.changed();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use till_core::{Fen, Input, Payment, ProductId, QueryAnswer};
    use till_store::Database;

    use super::*;
    use crate::approval::{Act, Credential};

    #[test]
    fn a_payment_is_found_once_whatever_a_person_makes_of_it() {
        let now = Timestamp::from_second(1_795_000_000).unwrap();
        let config = Config::parse(
            "[till]\nid = \"T01\"\nshop_name = \"小满便利店\"\n\
             [wechat]\nappid = \"wxd930ea5d5a258f4f\"\nmch_id = \"1900000109\"\n\
             api_key = \"0123456789abcdefghijKLMNOPQRSTUV\"\nbase_url = \"http://127.0.0.1:9\"\n\
             notify_url = \"http://127.0.0.1:9/notify\"\n",
        );
        let db = Database::in_memory().unwrap();
        let mut till = Till::open(config.unwrap(), db, now, [0; 32]).unwrap();
        till.import(now, "品名,条码,价格,库存,分类\n水,6999000000001,2.00,9,全部\n")
            .unwrap();
        till.notify.picture.link = NotifyLink::Up { since: now };
        till.add(ProductId(1), None).unwrap();
        let number = till.pay(now, "click").unwrap();
        till.cancel(now, &number).unwrap();
        let payment = Payment {
            transaction_id: "4200000000000000000000000001".to_owned(),
            total_fee: Fen::new(200),
            fee_type: "CNY".to_owned(),
            cash_fee: Fen::new(200),
            coupon_fee: Fen::ZERO,
            time_end: now.saturating_add(SignedDuration::from_secs(9)).unwrap(),
            found_by: FoundBy::Query,
        };
        till.apply(now, &number, Input::Query(QueryAnswer::Paid(payment)), None)
            .unwrap();
        let once = CallbackHealth::default().found_by_query(true);
        assert_eq!(till.notify.callback, once, "late, and found by a query alone");
        let yes = till
            .approve(now, Act::Review, Some(&Credential::Confirmed))
            .unwrap();
        till.adopt(now, &number, yes).unwrap();
        assert_eq!(
            till.notify.callback, once,
            "that somebody keeps it as a sale says nothing about the callback"
        );
    }
}
