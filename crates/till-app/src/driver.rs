//! The driver: carries out what the saved payments wait for, one question at a time an order, and feeds the answers back.

use jiff::{SignedDuration, Timestamp};
use till_core::{Ask, Evidence, Input, OutTradeNo, PlaceAnswer, QueryAnswer, SignVerdict, Timer};
use wechat_pay::{Client, CloseOrder, Exchange, Fields, Nonce, OrderQuery, Outcome, Transport, UnifiedOrder};

use crate::order;
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
    /// About which order.
    pub out_trade_no: OutTradeNo,
    question: Question,
    asked_at: Timestamp,
}

#[derive(Debug)]
enum Question {
    Place(UnifiedOrder),
    Query(OrderQuery),
    Close(CloseOrder),
}

/// What came of a job.
#[derive(Debug)]
pub struct Reply {
    out_trade_no: OutTradeNo,
    asked_at: Timestamp,
    ask: Ask,
    input: Input,
    word: String,
    sent: String,
    received: Option<String>,
    verdict: wechat_pay::SignVerdict,
    trusted: bool,
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
    let Job {
        out_trade_no,
        question,
        asked_at,
    } = job;
    #[cfg(feature = "failpoints")]
    fail::fail_point!("driver.before_send");
    let nonce = Nonce::random();
    match question {
        Question::Place(order) => {
            let exchange = client.send(&order, nonce).await;
            reply(out_trade_no, asked_at, Ask::Place, exchange, order::placed)
        }
        Question::Query(query) => {
            let exchange = client.send(&query, nonce).await;
            reply(out_trade_no, asked_at, Ask::Query, exchange, order::queried)
        }
        Question::Close(close) => {
            let exchange = client.send(&close, nonce).await;
            reply(out_trade_no, asked_at, Ask::Close, exchange, order::closed)
        }
    }
}

fn reply<A>(
    out_trade_no: OutTradeNo,
    asked_at: Timestamp,
    ask: Ask,
    exchange: Exchange<A>,
    read: fn(Outcome<A>) -> (Input, String),
) -> Reply {
    let Exchange {
        outcome,
        sent,
        received,
        verdict,
    } = exchange;
    let trusted = !matches!(outcome, Outcome::Unknown(_));
    let (input, word) = read(outcome);
    Reply {
        out_trade_no,
        asked_at,
        ask,
        input,
        word,
        sent,
        received,
        verdict,
        trusted,
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

    /// The next question that is due, its order marked as being asked after. `None` when nothing is due or as many are
    /// under way as may be.
    pub fn begin(&mut self, now: Timestamp) -> Option<Job> {
        while self.in_flight.len() < self.config.at_once {
            let (at, number) = self.timetable.first().cloned()?;
            if at > now {
                return None;
            }
            if let Some(job) = self.prepare(now, &number) {
                self.timetable.remove(&(at, number.clone()));
                self.due.remove(&number);
                self.in_flight.insert(number);
                return Some(job);
            }
        }
        None
    }

    /// When the driver has to look again.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        if self.in_flight.len() >= self.config.at_once {
            // An answer comes first.
            return None;
        }
        self.timetable.first().map(|(at, _)| *at)
    }

    /// Takes an answer in.
    pub fn finish(&mut self, now: Timestamp, reply: Reply) {
        #[cfg(feature = "failpoints")]
        fail::fail_point!("driver.before_finish");
        let number = reply.out_trade_no.clone();
        self.in_flight.remove(&number);
        self.note_connection(now, &reply);
        let evidence = Evidence {
            first_at: now,
            last_at: now,
            count: 1,
            kind: order::kind(reply.ask),
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
        if let Err(error) = self.apply(now, &number, reply.input, Some(evidence)) {
            // The answer is lost, the order is not: it is asked after again.
            tracing::error!(out_trade_no = %number, %error, "an answer could not be saved");
            self.schedule_at(&number, self.after_a_poll(now));
        }
    }

    /// What is to be asked about an order now, its deadline dealt with first. `None`: it is not due any more.
    fn prepare(&mut self, now: Timestamp, number: &OutTradeNo) -> Option<Job> {
        let watched = self.orders.get(number).and_then(|id| self.sales.get(id));
        let Some(attempt) = watched.and_then(|it| it.sale.attempt(number)) else {
            // Nobody watches it any more; left in the timetable it would be due for ever.
            self.unschedule(number);
            return None;
        };
        if attempt.can_cancel() && now >= attempt.deadline {
            if let Err(error) = self.apply(now, number, Input::Deadline(Timer::Own), None) {
                tracing::error!(out_trade_no = %number, %error, "a deadline could not be saved");
                self.schedule_at(number, self.after_a_poll(now));
            }
            return None;
        }
        let Some(due) = attempt.next.filter(|due| due.at <= now) else {
            self.schedule(number);
            return None;
        };
        match self.question(due.ask, number) {
            Ok(question) => Some(Job {
                out_trade_no: number.clone(),
                question,
                asked_at: now,
            }),
            Err(what) => {
                tracing::error!(out_trade_no = %number, what, "a saved order can't be sent");
                let input = match due.ask {
                    Ask::Place => Input::Place(PlaceAnswer::Refused {
                        code: "SAVED_ORDER_UNREADABLE".to_owned(),
                    }),
                    Ask::Query | Ask::Close => Input::Query(QueryAnswer::Unknown),
                };
                if self.apply(now, number, input, None).is_err() {
                    self.schedule_at(number, self.after_a_poll(now));
                }
                None
            }
        }
    }

    fn question(&self, ask: Ask, number: &OutTradeNo) -> Result<Question, String> {
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
                    .map(Question::Place)
                    .map_err(|error| text(&error))
            }
            Ask::Query => order::query(number.as_str())
                .map(Question::Query)
                .map_err(|error| text(&error)),
            Ask::Close => order::close(number.as_str())
                .map(Question::Close)
                .map_err(|error| text(&error)),
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
        match attempt.and_then(till_core::Attempt::due_at) {
            Some(at) if !self.in_flight.contains(number) => self.schedule_at(number, at),
            Some(_) | None => self.unschedule(number),
        }
    }

    pub(crate) fn schedule_at(&mut self, number: &OutTradeNo, at: Timestamp) {
        self.unschedule(number);
        self.timetable.insert((at, number.clone()));
        self.due.insert(number.clone(), at);
    }

    fn unschedule(&mut self, number: &OutTradeNo) {
        if let Some(at) = self.due.remove(number) {
            self.timetable.remove(&(at, number.clone()));
        }
    }

    fn after_a_poll(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.config.timing.poll)
            .unwrap_or(Timestamp::MAX)
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
            out_trade_no: OutTradeNo::parse("T01261123061502000147K3Q9").unwrap(),
            asked_at,
            ask: Ask::Query,
            input: Input::Query(QueryAnswer::NotPaid { user_paying: false }),
            word: "NOTPAY".to_owned(),
            sent: String::new(),
            received: None,
            verdict: wechat_pay::SignVerdict::Right,
            trusted,
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
