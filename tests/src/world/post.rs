//! WeChat's notifies of a simulated day: posted, lost, doubled and late, through the callback service's own reading, and to
//! the till as the broker would bring them. And the broker's deadlines. A message waits while its till is dark, and comes
//! again when the power or the line fails before it was settled.

use anyhow::{Context, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use notify_bus::Kind;
use notify_relay::notify::{Merchants, Served, read};
use rand::RngExt as _;
use till_app::notify::{Fate, Incoming};
use till_core::{Attempt, OutTradeNo};
use wechat_pay::ApiKey;
use wechat_pay::pay_notify::{NotifyReply, notify_reply};

use super::{Event, World};
use crate::counter::{API_KEY, APPID, MCH_ID};
use crate::network::later;

/// How a day's notifies go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Post {
    /// How many of a thousand posts never reach the callback service.
    lost_per_mille: u32,
    /// When WeChat's next post is planned.
    planned: Option<Timestamp>,
}

/// A message on its way to a till.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    counter: usize,
    message: Incoming,
}

impl Post {
    pub(super) fn draw(rng: &mut rand::rngs::StdRng) -> Self {
        Self {
            // Now and then the callback is simply broken.
            lost_per_mille: [0, 20, 200, 600, 1000][rng.random_range(0..5)],
            planned: None,
        }
    }
}

impl World {
    /// Plans the next post of WeChat's, if there is one before the night.
    pub(super) fn plan_post(&mut self) {
        let Some(at) = self.network.with(|gateway, _| gateway.next_notify()) else {
            return;
        };
        let night = later(self.last_trouble, super::SETTLED_WITHIN);
        let known = self.post.planned.is_some_and(|planned| planned <= at);
        if at <= night && !known {
            self.post.planned = Some(at);
            self.plan(at.max(self.now), Event::Post);
        }
    }

    /// WeChat posts what is due.
    pub(super) fn posted(&mut self) -> anyhow::Result<()> {
        self.post.planned = None;
        let posts = self.network.with(|gateway, now| gateway.notifies_due(now));
        let served = Served::new(APPID.to_owned(), MCH_ID.to_owned(), ApiKey::parse(API_KEY)?, None)?;
        let merchants = Merchants::new(vec![served]).context("one merchant is not there twice")?;
        for post in posts {
            self.tally.posts += 1;
            let stormy = self.now < self.calm_from;
            if stormy && self.rng.random_range(0..1000) < self.post.lost_per_mille {
                self.tally.posts_lost += 1;
                continue;
            }
            let authentic = read(&post.body, &merchants).context("WeChat's own notifies are authentic")?;
            let till = authentic.message.route.till_id().to_owned();
            let counter = self
                .counters
                .iter()
                .position(|counter| counter.id() == till)
                .with_context(|| format!("{till} is a till of this shop"))?;
            let (kind, fields) = (authentic.message.kind, authentic.message.fields);
            let message = Incoming {
                content: Ok((kind, fields)),
                message_id: authentic.message.message_id,
                length: post.body.len(),
            };
            let copies = if stormy && self.rng.random_bool(0.1) { 2 } else { 1 };
            for _ in 0..copies {
                let on_the_way = self.on_the_way(stormy);
                let message = message.clone();
                self.plan(
                    later(self.now, on_the_way),
                    Event::Letter(Letter { counter, message }),
                );
            }
            // The confirm may be lost after the message was published: then WeChat posts it again.
            let confirmed = !stormy || self.rng.random_bool(0.95);
            if let (Some(id), true) = (post.id, confirmed) {
                let taken = notify_reply(NotifyReply::Taken).as_bytes();
                self.network
                    .with(|gateway, now| gateway.notify_answered(now, id, Some(taken)));
            }
        }
        Ok(())
    }

    /// How long the broker takes: mostly moments, sometimes minutes, so that messages overtake each other.
    fn on_the_way(&mut self, stormy: bool) -> SignedDuration {
        let longest = match self.rng.random_range(0..20) {
            0 if stormy => 40 * 60_000,
            1..=3 if stormy => 20_000,
            _ => 200,
        };
        SignedDuration::from_millis(self.rng.random_range(5..longest))
    }

    /// The broker is told an order's deadline, and brings it back by its own clock.
    pub(super) fn hand_deadline_over(&mut self, counter: usize, attempt: &Attempt) {
        if !self.rng.random_bool(0.7) {
            return;
        }
        let drift = SignedDuration::from_millis(self.rng.random_range(-50_000..90_000));
        let message = deadline(&attempt.out_trade_no);
        let wait = attempt.deadline.duration_since(attempt.placed_at);
        self.plan(
            later(self.now, wait + drift),
            Event::Letter(Letter { counter, message }),
        );
    }

    /// A message reaches its till.
    pub(super) fn delivered(&mut self, letter: Letter) -> anyhow::Result<()> {
        let counter = letter.counter;
        let now = self.clock(counter);
        let again = later(
            self.now,
            SignedDuration::from_millis(self.rng.random_range(100..5_000)),
        );
        let Some(till) = &mut self.counters[counter].till else {
            self.plan(again, Event::Letter(letter));
            return Ok(());
        };
        match till.take_in(now, &letter.message) {
            Fate::Done => {}
            Fate::Later => bail!("a ledger with room takes every message"),
            Fate::DeadLetter(why) => bail!("every message of the day is of use, but: {why:?}"),
        }
        self.tally.letters += 1;
        self.look_into_journal(counter)?;
        let line_lost = self.now < self.calm_from && self.rng.random_bool(0.02);
        if self.lights_out(counter)? || line_lost {
            // Committed, and the broker was never told.
            self.tally.letters_again += 1;
            self.plan(again, Event::Letter(letter));
        }
        Ok(())
    }

    /// In the evening no message may have been of no use.
    pub(super) fn no_dead_letters(&self) -> anyhow::Result<()> {
        for counter in &self.counters {
            let till = counter.till.as_ref().context("the power is on in the evening")?;
            let letters = till.dead_letters()?;
            ensure!(letters.is_empty(), "no message is of no use: {letters:?}");
        }
        Ok(())
    }
}

fn deadline(number: &OutTradeNo) -> Incoming {
    Incoming {
        content: Ok((
            Kind::Deadline,
            [("out_trade_no".to_owned(), number.to_string())].into(),
        )),
        message_id: number.to_string(),
        length: 100,
    }
}
