//! Exchanges, queues and their arguments: declared by whoever connects, idempotently; whoever may not declare finds them
//! there or says what is missing.

use std::time::Duration;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};
use tokio::time::{sleep, timeout};

use crate::link::{ANSWER_MAX, Link, silent};
use crate::{Route, Trouble, trouble};

/// Topic exchange of everything for tills; routing key `{mch_id}.{till_id}`.
pub const NOTIFY: &str = "scantill.notify";
/// Alternate exchange of [`NOTIFY`], and the queue behind it: messages for tills without a queue.
pub const UNROUTED: &str = "scantill.unrouted";
/// Dead letters: exchange and queue.
pub const DEAD: &str = "scantill.dead";
/// Exchange and queue where deadlines wait; dead-lettered back through [`NOTIFY`] with the routing key they came with.
pub const DEADLINE: &str = "scantill.deadline";
/// How long a message may wait in [`DEADLINE`].
pub const DEADLINE_MAX: Duration = Duration::from_mins(30);
/// Deliveries of one message without an acknowledgement before it becomes a dead letter.
pub const DELIVERIES_MAX: i64 = 20;

/// A night of a large chain; beyond that the broker refuses, and the sender sends again.
const TILL_QUEUE_MAX: i64 = 1_000_000;
/// These wait for a person. Dead letters beyond it push out the oldest; an unrouted message beyond it is refused.
const ODD_QUEUE_MAX: i64 = 100_000;

/// How long a new quorum queue has to lie still before it is used. RabbitMQ answers its declaration before it has written
/// down which files are that queue's (seen with 3.10: half a second after the last such change). Killed before that, it
/// starts again without knowing them, and what was confirmed in that queue is gone.
const TO_WRITE_DOWN_A_QUEUE: Duration = Duration::from_secs(1);

/// The till's queue: `scantill.till.{mch_id}.{till_id}`.
#[must_use]
pub fn till_queue(route: &Route) -> String {
    format!("scantill.till.{}.{}", route.mch_id(), route.till_id())
}

/// An exclusive queue without messages that stands for being the one who reads [`till_queue`]: RabbitMQ gives it to one
/// connection. (It does not hold exclusive consumers to that on a quorum queue, and lets a second one wait in silence.)
#[must_use]
pub fn reader_lock(route: &Route) -> String {
    format!("{}.reader", till_queue(route))
}

/// Something to be declared.
#[derive(Debug)]
enum Item {
    Exchange {
        name: &'static str,
        kind: ExchangeKind,
        arguments: Vec<(&'static str, AMQPValue)>,
    },
    Queue {
        name: String,
        arguments: Vec<(&'static str, AMQPValue)>,
    },
    Binding {
        queue: String,
        exchange: &'static str,
        key: String,
    },
}

/// What everybody shares, and this till's queue.
fn items(till: Option<&Route>) -> Vec<Item> {
    let mut items = Vec::new();
    for (name, overflow) in [(UNROUTED, "reject-publish"), (DEAD, "drop-head")] {
        items.push(exchange(name, ExchangeKind::Fanout, vec![]));
        let arguments = vec![
            ("x-max-length", AMQPValue::LongLongInt(ODD_QUEUE_MAX)),
            text("x-overflow", overflow),
        ];
        items.push(queue(name.to_owned(), arguments));
        items.push(binding(name.to_owned(), name, String::new()));
    }
    let alternate = vec![text("alternate-exchange", UNROUTED)];
    items.push(exchange(NOTIFY, ExchangeKind::Topic, alternate));

    items.push(exchange(DEADLINE, ExchangeKind::Fanout, vec![]));
    let ttl = i64::try_from(DEADLINE_MAX.as_millis()).unwrap_or(i64::MAX);
    let mut arguments = vec![("x-message-ttl", AMQPValue::LongLongInt(ttl))];
    arguments.extend(dead_letters_to(NOTIFY));
    items.push(queue(DEADLINE.to_owned(), arguments));
    items.push(binding(DEADLINE.to_owned(), DEADLINE, String::new()));

    if let Some(route) = till {
        let mut arguments = vec![
            ("x-delivery-limit", AMQPValue::LongLongInt(DELIVERIES_MAX)),
            ("x-single-active-consumer", AMQPValue::Boolean(true)),
        ];
        arguments.extend(dead_letters_to(DEAD));
        items.push(queue(till_queue(route), arguments));
        items.push(binding(till_queue(route), NOTIFY, route.to_string()));
    }
    items
}

/// A message leaves the queue only when it has arrived there. All three are needed, or RabbitMQ falls back to "at most
/// once" without a word.
fn dead_letters_to(exchange: &'static str) -> [(&'static str, AMQPValue); 4] {
    [
        text("x-dead-letter-exchange", exchange),
        text("x-dead-letter-strategy", "at-least-once"),
        text("x-overflow", "reject-publish"),
        ("x-max-length", AMQPValue::LongLongInt(TILL_QUEUE_MAX)),
    ]
}

fn text(name: &'static str, value: &str) -> (&'static str, AMQPValue) {
    (name, AMQPValue::LongString(value.into()))
}

fn exchange(name: &'static str, kind: ExchangeKind, arguments: Vec<(&'static str, AMQPValue)>) -> Item {
    Item::Exchange {
        name,
        kind,
        arguments,
    }
}

fn queue(name: String, mut arguments: Vec<(&'static str, AMQPValue)>) -> Item {
    arguments.push(text("x-queue-type", "quorum"));
    Item::Queue { name, arguments }
}

fn binding(queue: String, exchange: &'static str, key: String) -> Item {
    Item::Binding { queue, exchange, key }
}

/// What of it this user may not declare: it is there, and whether it is as it should be can't be seen.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct OnlyFound(pub(crate) Vec<String>);

/// Declares what everybody shares, and this till's queue.
///
/// A new queue is bound only after [`TO_WRITE_DOWN_A_QUEUE`]: until then nothing gets into it, so that nothing that was
/// confirmed can be lost with it.
pub(crate) async fn declare(link: &Link, till: Option<&Route>) -> Result<OnlyFound, Trouble> {
    let (bindings, things): (Vec<Item>, Vec<Item>) = items(till)
        .into_iter()
        .partition(|item| matches!(item, Item::Binding { .. }));
    let mut declaring = Declaring {
        link,
        channel: link.channel().await?,
        only_found: OnlyFound::default(),
    };
    if in_time(declaring.all(&things)).await? == Declared::SomeNew {
        sleep(TO_WRITE_DOWN_A_QUEUE).await;
    }
    in_time(declaring.all(&bindings)).await?;
    // An error here is the connection's, which its owner sees.
    let _ = timeout(ANSWER_MAX, declaring.channel.close(200, "OK".into())).await;
    Ok(declaring.only_found)
}

async fn in_time<T>(what: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    timeout(ANSWER_MAX, what).await.unwrap_or_else(|_| Err(silent()))
}

/// Whether queues were made that nobody knew before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Declared {
    AllKnown,
    SomeNew,
}

/// Declaring under way.
struct Declaring<'a> {
    link: &'a Link,
    /// Each refusal closes one.
    channel: Channel,
    only_found: OnlyFound,
}

impl Declaring<'_> {
    async fn all(&mut self, items: &[Item]) -> Result<Declared, Trouble> {
        let mut all = Declared::AllKnown;
        for item in items {
            if self.one(item).await? == Declared::SomeNew {
                all = Declared::SomeNew;
            }
        }
        Ok(all)
    }

    async fn one(&mut self, item: &Item) -> Result<Declared, Trouble> {
        // Declared, a queue that was there and one that is new are answered alike.
        let declared = if matches!(item, Item::Queue { .. }) && !self.finds(item).await? {
            Declared::SomeNew
        } else {
            Declared::AllKnown
        };
        let Err(error) = item.declare(&self.channel, Mode::Make).await else {
            return Ok(declared);
        };
        if !trouble::is_refused_right(&error) {
            return Err(trouble::declaring(&error, &item.subject()));
        }
        self.channel = self.link.channel().await?;
        if let Err(error) = item.declare(&self.channel, Mode::Find).await {
            return Err(trouble::declaring(&error, &item.subject()));
        }
        self.only_found.0.push(item.subject());
        Ok(Declared::AllKnown)
    }

    async fn finds(&mut self, item: &Item) -> Result<bool, Trouble> {
        let Err(error) = item.declare(&self.channel, Mode::Find).await else {
            return Ok(true);
        };
        if !trouble::is_missing(&error) {
            return Err(trouble::declaring(&error, &item.subject()));
        }
        self.channel = self.link.channel().await?;
        Ok(false)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Make,
    /// AMQP's "passive", which needs no right.
    Find,
}

impl Item {
    async fn declare(&self, channel: &Channel, mode: Mode) -> lapin::Result<()> {
        let passive = mode == Mode::Find;
        match self {
            Self::Exchange {
                name,
                kind,
                arguments,
            } => {
                let options = ExchangeDeclareOptions {
                    durable: true,
                    passive,
                    ..ExchangeDeclareOptions::default()
                };
                channel
                    .exchange_declare((*name).into(), kind.clone(), options, table(arguments))
                    .await
            }
            Self::Queue { name, arguments } => {
                let options = QueueDeclareOptions {
                    durable: true,
                    passive,
                    ..QueueDeclareOptions::default()
                };
                channel
                    .queue_declare(name.as_str().into(), options, table(arguments))
                    .await
                    .map(drop)
            }
            Self::Binding { queue, exchange, key } if mode == Mode::Make => {
                let none = FieldTable::default();
                channel
                    .queue_bind(
                        queue.as_str().into(),
                        (*exchange).into(),
                        key.as_str().into(),
                        QueueBindOptions::default(),
                        none,
                    )
                    .await
            }
            // AMQP has no way to look for one: whoever made the queue has bound it.
            Self::Binding { .. } => Ok(()),
        }
    }

    /// What it is, in a sentence to the operator.
    fn subject(&self) -> String {
        match self {
            Self::Exchange { name, .. } => format!("the exchange {name}"),
            Self::Queue { name, .. } => format!("the queue {name}"),
            Self::Binding { queue, exchange, .. } => format!("the binding of {queue} to {exchange}"),
        }
    }
}

fn table(arguments: &[(&'static str, AMQPValue)]) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in arguments {
        table.insert((*name).into(), value.clone());
    }
    table
}
