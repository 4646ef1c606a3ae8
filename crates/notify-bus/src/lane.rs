//! One confirmed channel: messages go out in order, each waits for its own confirm, and a confirm is believed only when
//! nothing that the broker returned can have been meant by it.
//!
//! Two things about lapin 4.12.3 shape this. Publishing on one channel from two threads can swap the two confirms
//! (`basic_publish` numbers the message and queues its frames in separate steps), so a single task owns the channel. And a
//! returned message is handed to whichever confirm is resolved next, not to its own (`Inner::complete_pending`), so that
//! an unroutable message can get a clean `Ack(None)` after another got its return. The return is then always in an earlier
//! confirm, which is why confirms are judged in batches of [`InFlight`], and returns are remembered in [`Returns`].

use std::collections::HashMap;
use std::time::Duration;

use lapin::message::BasicReturnMessage;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::in_flight::InFlight;
use crate::link::{ANSWER_MAX, Link, silent};
use crate::{Health, NotConfirmed, Trouble, trouble};

/// A confirm so late that its queue counts as stalled: RabbitMQ takes the messages of a channel in turn, and one queue
/// without a leader holds up whatever comes behind it there.
const STALL: Duration = Duration::from_secs(2);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// For the broker to close a channel.
const CLOSE_MAX: Duration = Duration::from_secs(3);
/// Messages taken over at once.
const INBOX: usize = 64;

/// A message to be sent, and whom to tell.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) to: Place,
    pub(crate) body: Vec<u8>,
    pub(crate) properties: BasicProperties,
    /// When whoever waits for it gives up.
    pub(crate) deadline: Instant,
    pub(crate) tell: oneshot::Sender<Result<(), NotConfirmed>>,
    /// Given back when it is settled, not when its caller goes away.
    pub(crate) permit: OwnedSemaphorePermit,
}

/// Where a message goes, and which it is there. Two of the same place are the same news.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) exchange: ShortString,
    pub(crate) routing_key: ShortString,
    pub(crate) message_id: ShortString,
}

/// What a lane tells its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sign {
    /// A message had no queue: the topology has a hole.
    Returned,
    /// What was sent there first has no confirm yet, and everything behind it waits. The lane takes nothing more and wants
    /// to be replaced.
    Stalled(Place),
}

/// How a lane ended.
#[derive(Debug)]
pub(crate) enum End {
    /// Nobody wants to send any more, or it was replaced.
    Done,
    /// The broker closed the channel, or the connection is gone.
    Closed(Trouble),
    /// The broker does not even close the channel.
    Stuck,
}

/// A way to a lane. Bounded by the permits in the jobs.
pub(crate) type Jobs = mpsc::UnboundedSender<Job>;

/// Opens a channel in confirm mode.
pub(crate) async fn open(link: &Link) -> Result<Channel, Trouble> {
    let channel = link.channel().await?;
    let selecting = channel.confirm_select(ConfirmSelectOptions::default());
    let selected = timeout(ANSWER_MAX, selecting).await.map_err(|_| silent())?;
    selected.map_err(|error| trouble::running(&error))?;
    Ok(channel)
}

/// Sends what comes until the channel or the jobs end.
pub(crate) async fn run(
    channel: Channel,
    mut jobs: mpsc::UnboundedReceiver<Job>,
    signs: mpsc::UnboundedSender<Sign>,
    health: watch::Receiver<Health>,
) -> End {
    let mut in_flight = InFlight::<Kept, Confirmed>::new();
    let mut returns = Returns::default();
    let mut inbox = Vec::with_capacity(INBOX);
    let mut retired = false;
    let mut why = None;
    // A blocked connection is no fault of a queue.
    let mut free_since = Instant::now();
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = loop {
        tokio::select! {
            biased;
            batch = std::future::poll_fn(|context| in_flight.poll_batch(context)) => {
                if let Some(error) = batch.iter().find_map(|(_, confirmed)| confirmed.as_ref().err()) {
                    why = Some(trouble::running(error));
                }
                if returns.judge(batch) {
                    // Nobody listens any more only when the owner is gone.
                    let _ = signs.send(Sign::Returned);
                }
                if in_flight.is_empty() {
                    returns.forget();
                }
            }
            count = jobs.recv_many(&mut inbox, INBOX), if !retired => {
                retired = count == 0;
                for job in inbox.drain(..) {
                    send(&channel, job, &mut in_flight);
                }
            }
            _ = look.tick() => {
                let now = Instant::now();
                if *health.borrow() == Health::Blocked {
                    free_since = now;
                }
                let oldest = in_flight.kept().min_by_key(|kept| kept.since);
                let stalls = |kept: &&Kept| now >= kept.since.max(free_since) + STALL;
                if let Some(oldest) = oldest.filter(|oldest| !retired && stalls(oldest)) {
                    retired = true;
                    let _ = signs.send(Sign::Stalled(oldest.to.clone()));
                    jobs.close();
                    while let Ok(job) = jobs.try_recv() {
                        settle(job.tell, Err(NotConfirmed::NotConnected));
                    }
                }
                if retired && in_flight.kept().all(|kept| now >= kept.deadline) {
                    break End::Done;
                }
            }
        }
        if !channel.status().connected() {
            // Without an error nothing was on its way, and nobody was hurt.
            break End::Closed(why.unwrap_or_else(|| Trouble::Other("a channel was closed".to_owned())));
        }
        if retired && in_flight.is_empty() {
            break End::Done;
        }
    };
    jobs.close();
    while let Ok(job) = jobs.try_recv() {
        settle(job.tell, Err(NotConfirmed::NotConnected));
    }
    for kept in in_flight.into_kept() {
        settle(kept.tell, Err(NotConfirmed::Unknown));
    }
    if matches!(end, End::Done) && timeout(CLOSE_MAX, channel.close(200, "OK".into())).await.is_err() {
        return End::Stuck;
    }
    end
}

/// What is kept of a message under way.
#[derive(Debug)]
struct Kept {
    to: Place,
    since: Instant,
    deadline: Instant,
    tell: oneshot::Sender<Result<(), NotConfirmed>>,
    _permit: OwnedSemaphorePermit,
}

type Confirmed = lapin::Result<Confirmation>;

fn send(channel: &Channel, job: Job, in_flight: &mut InFlight<Kept, Confirmed>) {
    let Job {
        to,
        body,
        properties,
        deadline,
        tell,
        permit,
    } = job;
    let kept = Kept {
        to,
        since: Instant::now(),
        deadline,
        tell,
        _permit: permit,
    };
    let channel = channel.clone();
    let (exchange, key) = (kept.to.exchange.clone(), kept.to.routing_key.clone());
    let options = BasicPublishOptions {
        mandatory: true,
        immediate: false,
    };
    in_flight.begin(kept, async move {
        channel
            .basic_publish(exchange, key, options, &body, properties)
            .await?
            .await
    });
}

/// Messages that came back in the confirm of another and whose own confirm is still to come.
#[derive(Debug, Default)]
struct Returns {
    owed: HashMap<Place, u32>,
}

impl Returns {
    /// Tells each of the batch how it went; whether anything had no queue.
    fn judge(&mut self, batch: Vec<(Kept, Confirmed)>) -> bool {
        // All returns of the batch are known before its first clean confirm is believed.
        for (kept, confirmed) in &batch {
            let Some(place) = confirmed.as_ref().ok().and_then(returned) else {
                continue;
            };
            if place != kept.to {
                *self.owed.entry(place).or_default() += 1;
            }
        }
        let mut hole = false;
        for (kept, confirmed) in batch {
            let outcome = self.outcome(&kept.to, &confirmed);
            hole |= outcome == Err(NotConfirmed::Returned);
            settle(kept.tell, outcome);
        }
        hole
    }

    fn outcome(&mut self, to: &Place, confirmed: &Confirmed) -> Result<(), NotConfirmed> {
        match confirmed {
            Ok(Confirmation::Ack(None)) => match self.owed.get_mut(to) {
                Some(times) => {
                    *times -= 1;
                    if *times == 0 {
                        self.owed.remove(to);
                    }
                    Err(NotConfirmed::Returned)
                }
                None => Ok(()),
            },
            Ok(Confirmation::Nack(None)) => Err(NotConfirmed::Refused),
            Ok(confirmation @ (Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)))) => {
                // The other one's return: this one was confirmed, but its own return may still be on its way to a third.
                if returned(confirmation).as_ref() == Some(to) {
                    Err(NotConfirmed::Returned)
                } else {
                    Err(NotConfirmed::Unknown)
                }
            }
            // The first never comes in confirm mode.
            Ok(Confirmation::NotRequested) | Err(_) => Err(NotConfirmed::Unknown),
        }
    }

    /// With nothing under way, what is still owed was somebody's who has been told already.
    fn forget(&mut self) {
        self.owed.clear();
    }
}

/// What the broker sent back in a confirm.
fn returned(confirmed: &Confirmation) -> Option<Place> {
    let (Confirmation::Ack(Some(message)) | Confirmation::Nack(Some(message))) = confirmed else {
        return None;
    };
    let BasicReturnMessage { delivery, .. } = message;
    Some(Place {
        exchange: delivery.exchange.clone(),
        routing_key: delivery.routing_key.clone(),
        message_id: delivery.properties.message_id().clone().unwrap_or_default(),
    })
}

/// An error means that the caller has gone away.
fn settle(tell: oneshot::Sender<Result<(), NotConfirmed>>, outcome: Result<(), NotConfirmed>) {
    let _ = tell.send(outcome);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lapin::message::Delivery;
    use tokio::sync::Semaphore;

    use super::*;

    type Answer = oneshot::Receiver<Result<(), NotConfirmed>>;

    fn place(id: &str) -> Place {
        Place {
            exchange: "e".into(),
            routing_key: format!("to.{id}").into(),
            message_id: id.into(),
        }
    }

    fn kept(id: &str) -> (Kept, Answer) {
        let permits = Arc::new(Semaphore::new(1));
        let (tell, told) = oneshot::channel();
        let kept = Kept {
            to: place(id),
            since: Instant::now(),
            deadline: Instant::now(),
            tell,
            _permit: permits.try_acquire_owned().unwrap(),
        };
        (kept, told)
    }

    fn back(id: &str) -> Option<BasicReturnMessage> {
        let to = place(id);
        let mut delivery = Delivery::mock(0, to.exchange, to.routing_key, false, Vec::new());
        delivery.properties = BasicProperties::default().with_message_id(to.message_id);
        Some(BasicReturnMessage {
            delivery,
            reply_code: 312,
            reply_text: "NO_ROUTE".into(),
        })
    }

    fn judge(returns: &mut Returns, batch: Vec<(&str, Confirmed)>) -> Vec<Result<(), NotConfirmed>> {
        let (batch, told): (Vec<_>, Vec<Answer>) = batch
            .into_iter()
            .map(|(id, confirmed)| {
                let (kept, told) = kept(id);
                ((kept, confirmed), told)
            })
            .unzip();
        returns.judge(batch);
        told.into_iter()
            .map(|mut told| told.try_recv().unwrap())
            .collect()
    }

    #[tokio::test]
    async fn only_a_clean_ack_is_a_yes() {
        let mut returns = Returns::default();
        for (confirmed, outcome, why) in [
            (Ok(Confirmation::Ack(None)), Ok(()), "the broker has it"),
            (
                Ok(Confirmation::Ack(back("a"))),
                Err(NotConfirmed::Returned),
                "an ack of what was returned",
            ),
            (Ok(Confirmation::Nack(None)), Err(NotConfirmed::Refused), "a nack"),
            (
                Ok(Confirmation::NotRequested),
                Err(NotConfirmed::Unknown),
                "no confirm was asked for",
            ),
            (
                Err(lapin::ErrorKind::MissingHeartbeatError.into()),
                Err(NotConfirmed::Unknown),
                "the connection is gone",
            ),
        ] {
            assert_eq!(judge(&mut returns, vec![("a", confirmed)]), [outcome], "{why}");
        }
    }

    #[tokio::test]
    async fn a_return_that_comes_with_anothers_confirm_is_given_to_its_own() {
        let mut returns = Returns::default();
        let batch = vec![
            ("lost", Ok(Confirmation::Ack(None))),
            ("kept", Ok(Confirmation::Ack(None))),
            ("other", Ok(Confirmation::Ack(back("lost")))),
        ];
        assert_eq!(
            judge(&mut returns, batch),
            [Err(NotConfirmed::Returned), Ok(()), Err(NotConfirmed::Unknown)],
            "in one batch, even when the clean confirm stands before the return"
        );
        let first = judge(&mut returns, vec![("other", Ok(Confirmation::Ack(back("lost"))))]);
        assert_eq!(
            first,
            [Err(NotConfirmed::Unknown)],
            "its own return may still come"
        );
        let batch = vec![
            ("lost", Ok(Confirmation::Ack(None))),
            ("lost", Ok(Confirmation::Ack(None))),
        ];
        assert_eq!(
            judge(&mut returns, batch),
            [Err(NotConfirmed::Returned), Ok(())],
            "in a later batch, and once"
        );
        judge(&mut returns, vec![("other", Ok(Confirmation::Ack(back("lost"))))]);
        returns.forget();
        assert_eq!(
            judge(&mut returns, vec![("lost", Ok(Confirmation::Ack(None)))]),
            [Ok(())],
            "with nothing under way no return can be owed"
        );
    }
}
