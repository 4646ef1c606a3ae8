//! The driver: carries out what the saved payments and refunds wait for, one question at a time about each, and feeds the
//! answers back.

use jiff::{SignedDuration, Timestamp};
use till_core::{
    Ask, Evidence, EvidenceKind, Input, OutRefundNo, OutTradeNo, PlaceAnswer, QueryAnswer, RefundInput,
    RetryAfter, SignVerdict, Timer,
};
use wechat_pay::{
    Client, CloseOrder, Exchange, Fields, Nonce, OrderQuery, Outcome, Refund, RefundQuery, Transport,
    UnifiedOrder,
};

use crate::order;
use crate::refunds::order::{self as refund_order, Identity};
use crate::snapshot::WechatLamp;
use crate::till::Till;

/// From this many unanswered questions in a row on, the connection counts as unstable.
pub const UNSTABLE_FROM: u32 = 3;
/// A good lamp is drawn anew at most this often: with many orders waiting, answers come faster than anybody reads, and
/// each change is a picture of everything.
const LAMP_EVERY: SignedDuration = SignedDuration::from_secs(1);

/// A question that is due, ready to be sent.
#[derive(Debug)]
pub struct Job {
    question: Question,
    asked_at: Timestamp,
}

#[derive(Debug)]
pub(crate) enum Question {
    Place(OutTradeNo, UnifiedOrder),
    Query(OutTradeNo, OrderQuery),
    Close(OutTradeNo, CloseOrder),
    Refund(Identity, Refund),
    RefundQuery(Identity, RefundQuery),
}

/// What came of a job.
#[derive(Debug)]
pub struct Reply {
    came: Came,
    kind: EvidenceKind,
    asked_at: Timestamp,
    word: String,
    sent: String,
    received: Option<String>,
    verdict: wechat_pay::SignVerdict,
    trusted: bool,
}

/// About what, and what it means there.
#[derive(Debug)]
enum Came {
    Order(OutTradeNo, Input),
    Refund(OutRefundNo, RefundInput),
}

/// What is due first.
enum Due {
    Order(OutTradeNo),
    Refund(OutRefundNo),
}

/// What [`Till::step`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It asked something and took the answer in, or a deadline passed.
    Done,
    /// Nothing is due before this; `None`: nothing at all.
    IdleUntil(Option<Timestamp>),
}

/// Sends a job and reads the answer. Touches nothing of the till's.
pub async fn carry_out<T: Transport>(client: &Client<T>, job: Job) -> Reply {
    let Job { question, asked_at } = job;
    #[cfg(feature = "failpoints")]
    fail::fail_point!("driver.before_send");
    let nonce = Nonce::random();
    match question {
        Question::Place(number, ask) => {
            let exchange = client.send(&ask, nonce).await;
            let after_loss = exchange.after_loss;
            reply(asked_at, EvidenceKind::Unifiedorder, exchange, |outcome| {
                of_order(number, order::placed(outcome, after_loss))
            })
        }
        Question::Query(number, ask) => {
            let exchange = client.send(&ask, nonce).await;
            reply(asked_at, EvidenceKind::Orderquery, exchange, |outcome| {
                of_order(number, order::queried(outcome))
            })
        }
        Question::Close(number, ask) => {
            let exchange = client.send(&ask, nonce).await;
            reply(asked_at, EvidenceKind::Closeorder, exchange, |outcome| {
                of_order(number, order::closed(outcome))
            })
        }
        Question::Refund(of, ask) => {
            let exchange = client.send(&ask, nonce).await;
            reply(asked_at, EvidenceKind::Refund, exchange, |outcome| {
                of_refund(&of, refund_order::sent(outcome, &of))
            })
        }
        Question::RefundQuery(of, ask) => {
            let exchange = client.send(&ask, nonce).await;
            reply(asked_at, EvidenceKind::Refundquery, exchange, |outcome| {
                of_refund(&of, refund_order::queried(outcome, &of))
            })
        }
    }
}

fn of_order(number: OutTradeNo, (input, word): (Input, String)) -> (Came, String) {
    (Came::Order(number, input), word)
}

fn of_refund(of: &Identity, (input, word): (RefundInput, String)) -> (Came, String) {
    (Came::Refund(of.out_refund_no().clone(), input), word)
}

fn reply<A>(
    asked_at: Timestamp,
    kind: EvidenceKind,
    exchange: Exchange<A>,
    read: impl FnOnce(Outcome<A>) -> (Came, String),
) -> Reply {
    let Exchange {
        outcome,
        sent,
        received,
        verdict,
        // Placing alone looks at it.
        after_loss: _,
    } = exchange;
    let trusted = !matches!(outcome, Outcome::Unknown(_));
    let (came, word) = read(outcome);
    Reply {
        came,
        kind,
        asked_at,
        word,
        sent,
        received,
        verdict,
        trusted,
    }
}

impl Job {
    pub(crate) fn new(question: Question, asked_at: Timestamp) -> Self {
        Self { question, asked_at }
    }
}

impl Till {
    /// Carries out one due thing and takes the answer in. Production runs many jobs at once instead; tests step.
    pub async fn step<T: Transport>(&mut self, now: Timestamp, client: &Client<T>) -> Step {
        match self.begin(now) {
            Some(job) => {
                let reply = carry_out(client, job).await;
                self.finish(now, reply);
                Step::Done
            }
            None => Step::IdleUntil(self.next_due()),
        }
    }

    /// The next question that is due, what it is about marked as being asked after. `None` when nothing is due or as many are
    /// under way as may be.
    pub fn begin(&mut self, now: Timestamp) -> Option<Job> {
        self.pass_time(now);
        while self.asking() < self.config.at_once {
            match self.first_due(now)? {
                Due::Order(number) => {
                    if let Some(job) = self.prepare(now, &number) {
                        self.timetable.begin(number);
                        return Some(job);
                    }
                }
                Due::Refund(number) => {
                    if let Some(job) = self.prepare_refund(now, &number) {
                        self.refunds.timetable.begin(number);
                        return Some(job);
                    }
                }
            }
        }
        None
    }

    /// When the driver has to look again.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        if self.asking() >= self.config.at_once {
            // An answer comes first.
            return None;
        }
        let refund = self.first_refund().map(|(at, _)| *at);
        self.timetable.next().into_iter().chain(refund).min()
    }

    /// Whichever is due first; of two at the same time the payment, for a customer waits at the counter.
    fn first_due(&self, now: Timestamp) -> Option<Due> {
        let refund = self.first_refund();
        let refund_first = |at: Timestamp| refund.is_some_and(|(refund_at, _)| *refund_at < at);
        match (self.timetable.first(), refund) {
            (Some((at, number)), _) if *at <= now && !refund_first(*at) => Some(Due::Order(number.clone())),
            (_, Some((at, number))) if *at <= now => Some(Due::Refund(number.clone())),
            (Some(_) | None, _) => None,
        }
    }

    /// The refund that is due first; none while refunds hold a quarter of the places, so that slow ones keep no payment
    /// waiting.
    fn first_refund(&self) -> Option<&(Timestamp, OutRefundNo)> {
        let places = (self.config.at_once / 4).max(1);
        let desk = &self.refunds.timetable;
        desk.first().filter(|_| desk.asking() < places)
    }

    /// Questions under way.
    fn asking(&self) -> usize {
        self.timetable.asking() + self.refunds.timetable.asking()
    }

    /// Takes an answer in.
    pub fn finish(&mut self, now: Timestamp, reply: Reply) {
        #[cfg(feature = "failpoints")]
        fail::fail_point!("driver.before_finish");
        self.note_connection(now, &reply);
        let evidence = Evidence {
            first_at: now,
            last_at: now,
            count: 1,
            kind: reply.kind,
            outcome: reply.word,
            sign: match reply.verdict {
                wechat_pay::SignVerdict::Right => SignVerdict::Right,
                wechat_pay::SignVerdict::Wrong => SignVerdict::Wrong,
                wechat_pay::SignVerdict::Missing => SignVerdict::Missing,
                wechat_pay::SignVerdict::None => SignVerdict::None,
            },
            request: (!reply.sent.is_empty()).then_some(reply.sent),
            answer: reply.received,
        };
        match reply.came {
            Came::Refund(number, input) => self.finish_refund(now, &number, input, evidence),
            Came::Order(number, input) => {
                self.timetable.end(&number);
                if let Err(error) = self.apply(now, &number, input, Some(evidence)) {
                    // The answer is lost, the order is not: it is asked after again.
                    tracing::error!(out_trade_no = %number, %error, "an answer could not be saved");
                    self.put_off(now, &number);
                }
            }
        }
    }

    /// What is to be asked about an order now, its deadline dealt with first. `None`: it is not due any more.
    fn prepare(&mut self, now: Timestamp, number: &OutTradeNo) -> Option<Job> {
        let watched = self.orders.get(number).and_then(|id| self.sales.get(id));
        let Some(attempt) = watched.and_then(|it| it.sale.attempt(number)) else {
            // Nobody watches it any more; left in the timetable it would be due for ever.
            self.timetable.take_out(number);
            return None;
        };
        if attempt.is_overdue(now) {
            if let Err(error) = self.apply(now, number, Input::Deadline(Timer::Own), None) {
                tracing::error!(out_trade_no = %number, %error, "a deadline could not be saved");
                self.put_off(now, number);
            }
            return None;
        }
        let Some(due) = attempt.next.filter(|due| due.at <= now) else {
            self.schedule(number);
            return None;
        };
        match self.question(due.ask, number) {
            Ok(question) => Some(Job::new(question, now)),
            Err(what) => {
                tracing::error!(out_trade_no = %number, what, "a saved order can't be sent");
                let input = match due.ask {
                    Ask::Place => Input::Place(PlaceAnswer::Refused {
                        code: "SAVED_ORDER_UNREADABLE".to_owned(),
                    }),
                    Ask::Query | Ask::Close => Input::Query(QueryAnswer::Unknown(RetryAfter::NONE)),
                };
                if self.apply(now, number, input, None).is_err() {
                    self.put_off(now, number);
                }
                None
            }
        }
    }

    fn question(&mut self, ask: Ask, number: &OutTradeNo) -> Result<Question, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        match ask {
            Ask::Place => {
                let saved = self
                    .db
                    .read()
                    .attempts()
                    .request(number)
                    .map_err(|error| text(&error))?;
                let saved = saved.ok_or_else(|| "the request is not in the ledger".to_owned())?;
                let fields: Fields = serde_json::from_str(&saved).map_err(|error| text(&error))?;
                UnifiedOrder::from_saved(fields)
                    .map(|order| Question::Place(number.clone(), order))
                    .map_err(|error| text(&error))
            }
            Ask::Query => {
                let query = order::query(number.as_str()).map_err(|error| text(&error))?;
                let query = match self.other_merchant(number)? {
                    Some((appid, mch_id)) => query.of(&appid, &mch_id),
                    None => query,
                };
                Ok(Question::Query(number.clone(), query))
            }
            Ask::Close => {
                let close = order::close(number.as_str()).map_err(|error| text(&error))?;
                let close = match self.other_merchant(number)? {
                    Some((appid, mch_id)) => close.of(&appid, &mch_id),
                    None => close,
                };
                Ok(Question::Close(number.clone(), close))
            }
        }
    }

    /// The `appid` and `mch_id` that an order was placed for, if that is not the merchant in the configuration: that one knows
    /// nothing of it, and must not be believed.
    fn other_merchant(&mut self, number: &OutTradeNo) -> Result<Option<(String, String)>, String> {
        let id = self.orders.get(number).copied();
        let Some(watched) = id.and_then(|id| self.sales.get_mut(&id)) else {
            return Ok(None);
        };
        let note = watched.notes.of(number);
        if note.ours {
            return Ok(None);
        }
        let saved = self.db.read().attempts().request(number);
        let saved = saved.map_err(|error| error.to_string())?;
        let fields = saved.and_then(|saved| serde_json::from_str::<Fields>(&saved).ok());
        let merchant = &self.config.merchant;
        // Of a request that can't be read nothing better is known.
        let whose = fields
            .as_ref()
            .and_then(|it| it.get("appid").zip(it.get("mch_id")));
        match whose {
            Some((appid, mch_id)) if (appid, mch_id) != (&*merchant.appid, &*merchant.mch_id) => {
                Ok(Some((appid.to_owned(), mch_id.to_owned())))
            }
            Some(_) | None => {
                note.ours = true;
                Ok(None)
            }
        }
    }

    /// Puts an order into the timetable at the time it names itself; out of it while a question is under way or nothing
    /// is left to ask.
    pub(crate) fn schedule(&mut self, number: &OutTradeNo) {
        let attempt = self
            .orders
            .get(number)
            .and_then(|id| self.sales.get(id))
            .and_then(|it| it.sale.attempt(number));
        let at = attempt.and_then(till_core::Attempt::due_at);
        self.timetable.set(number, at);
    }

    /// The disk did not take it: again after a while.
    fn put_off(&mut self, now: Timestamp, number: &OutTradeNo) {
        let at = now.saturating_add(self.config.timing.poll);
        self.timetable.put(number, at.unwrap_or(Timestamp::MAX));
    }

    fn note_connection(&mut self, now: Timestamp, reply: &Reply) {
        let before = self.wechat;
        if reply.trusted {
            self.doubts = 0;
            self.doubts_since = None;
            let millis = u32::try_from(now.duration_since(reply.asked_at).as_millis()).unwrap_or(u32::MAX);
            let fresh = matches!(self.wechat, WechatLamp::Good { at, .. } if now.duration_since(at).abs() < LAMP_EVERY);
            if !fresh {
                self.wechat = WechatLamp::Good { at: now, millis };
            }
        } else {
            self.doubts = self.doubts.saturating_add(1);
            let since = *self.doubts_since.get_or_insert(reply.asked_at);
            if self.doubts >= UNSTABLE_FROM {
                self.wechat = WechatLamp::Unstable { since };
            }
        }
        if before != self.wechat {
            self.changed();
        }
    }
}

#[cfg(test)]
mod tests {
    use till_store::Database;

    use super::*;
    use crate::config::Config;

    fn till(now: Timestamp) -> Till {
        let config = Config::parse(
            "[till]\nid = \"T01\"\nshop_name = \"小满便利店\"\n\
             [wechat]\nappid = \"wxd930ea5d5a258f4f\"\nmch_id = \"1900000109\"\n\
             api_key = \"0123456789abcdefghijKLMNOPQRSTUV\"\nbase_url = \"http://127.0.0.1:9\"\n\
             notify_url = \"http://127.0.0.1:9/notify\"\n",
        );
        Till::open(config.unwrap(), Database::in_memory().unwrap(), now, [0; 32]).unwrap()
    }

    fn reply(asked_at: Timestamp, trusted: bool) -> Reply {
        Reply {
            came: Came::Order(
                OutTradeNo::parse("T01261123061502000147K3Q9").unwrap(),
                Input::Query(QueryAnswer::NotPaid { user_paying: false }),
            ),
            kind: EvidenceKind::Orderquery,
            asked_at,
            word: "NOTPAY".to_owned(),
            sent: String::new(),
            received: None,
            verdict: wechat_pay::SignVerdict::Right,
            trusted,
        }
    }

    #[test]
    fn an_order_is_asked_after_as_the_merchants_that_it_was_placed_for() {
        use wechat_pay::Request as _;
        let now = Timestamp::from_second(1_795_000_000).unwrap();
        let mut till = till(now);
        till.import(now, "品名,条码,价格,库存,分类\n水,6999000000001,2.00,9,全部\n")
            .unwrap();
        till.add(till_core::ProductId(1), None).unwrap();
        let number = till.pay(now, "click").unwrap();
        let whose = |till: &mut Till, ask| {
            let fields = match till.question(ask, &number).unwrap() {
                Question::Place(_, it) => it.fields(),
                Question::Query(_, it) => it.fields(),
                Question::Close(_, it) => it.fields(),
                Question::Refund(..) | Question::RefundQuery(..) => panic!("it is an order"),
            };
            fields.get("mch_id").map(str::to_owned)
        };
        assert_eq!(
            (whose(&mut till, Ask::Query), whose(&mut till, Ask::Close)),
            (None, None),
            "its own merchant is the one that asks"
        );
        till.config.merchant.mch_id = "1900000999".to_owned();
        let sale = till.orders[&number];
        till.sales.get_mut(&sale).unwrap().notes = crate::till::Notes::default();
        for ask in [Ask::Place, Ask::Query, Ask::Close] {
            assert_eq!(
                whose(&mut till, ask).as_deref(),
                Some("1900000109"),
                "another merchant's WeChat knows nothing of it: {ask:?} is not sent with its key"
            );
        }
    }

    #[test]
    fn a_good_lamp_is_drawn_once_a_second_and_a_bad_one_at_once() {
        let start = Timestamp::from_second(1_795_000_000).unwrap();
        let at = |millis| start + SignedDuration::from_millis(millis);
        let mut till = till(start);
        let mut drawn = |millis, trusted| {
            let before = till.version();
            till.note_connection(at(millis), &reply(at(millis), trusted));
            till.version() != before
        };
        assert!(drawn(0, true), "the first answer lights the lamp");
        assert!(!drawn(1, true), "the next of many answers is no news");
        assert!(!drawn(999, true), "nor is any within the second");
        assert!(drawn(1000, true), "a second later the lamp has a new time");
        assert!(drawn(-5000, true), "a clock turned back must not freeze the lamp");
        assert!(!drawn(1001, false), "one doubt is no outage");
        assert!(!drawn(1002, false), "nor are two");
        assert!(drawn(1003, false), "three are, and that is news at once");
        assert!(drawn(1004, true), "so is the end of it, within the same second");
    }
}
