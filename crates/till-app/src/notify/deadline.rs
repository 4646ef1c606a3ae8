//! Hands each new order's deadline to the broker, which gives it back when time is up. Best effort: the till has a timer of
//! its own, and whichever comes first does the work.

use std::time::Duration;

use jiff::Timestamp;
use notify_bus::{Kind, Message, Publisher, Route};
use till_core::{Attempt, OutTradeNo};
use tokio::sync::mpsc;

use crate::till::Till;

/// Deadlines on their way to the broker; more than a cashier can place while it takes its time.
pub(crate) const ON_THE_WAY_MAX: usize = 64;
/// A confirm that takes longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// The broker's deadline queue lets go of a message after this. A longer deadline has the till's own timer alone.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// An order that was just saved.
#[derive(Debug)]
pub(crate) struct Placed {
    number: OutTradeNo,
    placed_at: Timestamp,
    deadline: Timestamp,
}

impl Till {
    /// Hands an order's deadline over, after the order was committed.
    pub(crate) fn tell_deadline(&mut self, attempt: &Attempt) {
        self.notify.hand_over(Placed {
            number: attempt.out_trade_no.clone(),
            placed_at: attempt.placed_at,
            deadline: attempt.deadline,
        });
    }
}

pub(super) async fn publish(publisher: Publisher, route: Route, mut placed: mpsc::Receiver<Placed>) {
    while let Some(order) = placed.recv().await {
        let wait = order.deadline.duration_since(order.placed_at);
        let Some(wait) = Duration::try_from(wait).ok().filter(|wait| *wait <= LONGEST) else {
            continue;
        };
        let message = message(&route, &order);
        let publisher = publisher.clone();
        // Not one after the other: a broker that hangs would make later deadlines late.
        tokio::spawn(async move {
            if let Err(error) = publisher.publish_later(message, wait, PATIENCE).await {
                tracing::debug!(out_trade_no = %order.number, %error, "the till's own timer watches this deadline alone");
            }
        });
    }
}

fn message(route: &Route, order: &Placed) -> Message {
    let fields = [
        ("out_trade_no", order.number.to_string()),
        ("placed_at", order.placed_at.to_string()),
        ("deadline", order.deadline.to_string()),
    ];
    Message {
        kind: Kind::Deadline,
        route: route.clone(),
        message_id: order.number.to_string(),
        fields: fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    }
}
