//! A simulated day: real tills, real ledgers, the real gateway simulator, customers and cashiers, on invented time and a
//! seeded whim. The same seed is the same day.

mod acts;
mod bills;
mod cash_back;
mod closing;
mod discounts;
mod money;
mod post;

use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context as Wake, Poll, Waker};

use anyhow::{Context, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use till_app::{Reply, Till, carry_out};
use till_core::{Attempt, OutTradeNo};
use wechat_pay::ApiKey;
use wechat_pay_sim::{EarlyClose, ExpiredReads, Gateway, GatewayConfig, OtherParameters};

use crate::audit;
use crate::counter::{API_KEY, APPID, Counter, MCH_ID, config, pieces_at_first};
use crate::network::{Network, Stray, Traffic, Weather, later};
use crate::visit::{Act, Visit};
use post::{Letter, Post};

/// Customers of one day.
pub const VISITS: usize = 7;
/// So long after the last fault and the last code nothing may be left to ask: the longest deadline, and two minutes to
/// notice it and to close.
const SETTLED_WITHIN: SignedDuration = SignedDuration::from_mins(32);
/// More steps than any day needs; a day that takes more is one that runs in a circle.
const STEPS_MAX: u64 = 400_000;

/// What came of a day that went well.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Orders placed.
    pub orders: u64,
    /// How many of them ended paid.
    pub paid: u64,
    /// Closed, by the deadline.
    pub closed_by_deadline: u64,
    /// Closed otherwise.
    pub closed_otherwise: u64,
    /// Refused by WeChat.
    pub refused: u64,
    /// Paid after the cashier had cancelled.
    pub paid_after_cancel: u64,
    /// Paid twice.
    pub paid_twice: u64,
    /// Other reviews.
    pub other_reviews: u64,
    /// Customers who were told that something is sold out.
    pub sold_out: u64,
    /// How often a till went dark.
    pub crashes: u64,
    /// Questions whose answer a crash swallowed.
    pub answers_lost_in_crash: u64,
    /// Payments that a notify found first.
    pub found_by_notify: u64,
    /// Notifies posted by WeChat.
    pub posts: u64,
    /// How many of them were lost.
    pub posts_lost: u64,
    /// Messages that reached a till.
    pub letters: u64,
    /// How many of them came again because the power or the line failed before the broker was told.
    pub letters_again: u64,
    /// Days that were held against WeChat's bill.
    pub bills: u64,
    /// Tries to fetch a bill that went wrong.
    pub bills_troubled: u64,
    /// Payments that the agreement had to name after an honest day.
    pub late_named: u64,
    /// Alterations of bills that the agreement had to name.
    pub planted: u64,
    /// Sales paid in cash, or in cash in part.
    pub cash_sales: u64,
    /// Of them, paid in cash instead of by a code that was on show.
    pub cash_instead: u64,
    /// Refunds that WeChat has taken on.
    pub refunds: u64,
    /// Of them, those that did not end well.
    pub refunds_ill: u64,
    /// Refunds in cash.
    pub cash_refunds: u64,
    /// Reviews that a person took over as sales.
    pub adopted: u64,
    /// Reviews whose money a person gave back.
    pub given_back: u64,
    /// Days that were closed.
    pub zs: u64,
    /// Zs with something that is not settled.
    pub zs_carrying: u64,
    /// Zs that name money of an earlier day.
    pub zs_of_earlier_days: u64,
    /// What went over the network.
    pub traffic: Traffic,
}

impl Tally {
    /// Adds another day's.
    pub fn add(&mut self, day: &Self) {
        self.orders += day.orders;
        self.paid += day.paid;
        self.closed_by_deadline += day.closed_by_deadline;
        self.closed_otherwise += day.closed_otherwise;
        self.refused += day.refused;
        self.paid_after_cancel += day.paid_after_cancel;
        self.paid_twice += day.paid_twice;
        self.other_reviews += day.other_reviews;
        self.sold_out += day.sold_out;
        self.crashes += day.crashes;
        self.answers_lost_in_crash += day.answers_lost_in_crash;
        self.found_by_notify += day.found_by_notify;
        self.posts += day.posts;
        self.posts_lost += day.posts_lost;
        self.letters += day.letters;
        self.letters_again += day.letters_again;
        self.bills += day.bills;
        self.bills_troubled += day.bills_troubled;
        self.late_named += day.late_named;
        self.planted += day.planted;
        self.cash_sales += day.cash_sales;
        self.cash_instead += day.cash_instead;
        self.refunds += day.refunds;
        self.refunds_ill += day.refunds_ill;
        self.cash_refunds += day.cash_refunds;
        self.adopted += day.adopted;
        self.given_back += day.given_back;
        self.zs += day.zs;
        self.zs_carrying += day.zs_carrying;
        self.zs_of_earlier_days += day.zs_of_earlier_days;
        self.traffic.calls += day.traffic.calls;
        self.traffic.troubled += day.traffic.troubled;
        self.traffic.arrived_late += day.traffic.arrived_late;
        self.traffic.paid_at_close += day.traffic.paid_at_close;
    }
}

/// A day under way.
#[derive(Debug)]
pub struct World {
    /// The time.
    pub now: Timestamp,
    /// When it began.
    pub began: Timestamp,
    /// The way to the gateway.
    pub network: Network,
    /// The counters.
    pub counters: Vec<Counter>,
    /// The visits.
    pub visits: Vec<Visit>,
    /// What came of it so far.
    pub tally: Tally,
    rng: StdRng,
    agenda: BTreeMap<(Timestamp, u64), Event>,
    events: u64,
    /// How many of ten thousand steps end in the dark.
    crashes_per_myriad: u32,
    calm_from: Timestamp,
    /// When the last fault may have struck or the last order was placed.
    last_trouble: Timestamp,
    post: Post,
}

#[derive(Debug)]
enum Event {
    Visit {
        which: usize,
        act: Act,
    },
    Answer {
        counter: usize,
        starts: u64,
        reply: Box<Reply>,
    },
    Stray(Stray),
    PowerOn {
        counter: usize,
    },
    /// The day is closed at a counter.
    Close {
        counter: usize,
    },
    /// WeChat has notifies to post.
    Post,
    /// The broker brings a message.
    Letter(Letter),
}

/// Lives through one day and checks it. An error names the promise that was broken.
pub fn live(seed: u64) -> anyhow::Result<Tally> {
    let mut world = World::begin(seed)?;
    world.run()?;
    audit::evening(&mut world)?;
    closing::last(&mut world)?;
    world.no_dead_letters()?;
    bills::morning(&mut world)?;
    world.tally.traffic = world.network.traffic();
    Ok(world.tally)
}

impl World {
    fn begin(seed: u64) -> anyhow::Result<Self> {
        let mut rng = StdRng::seed_from_u64(seed);
        // Beijing's morning, so that some days run into the next.
        let midnight: Timestamp = "2026-11-22T16:00:00Z".parse()?;
        let hour = rng.random_range(8..23);
        let began = later(
            midnight,
            SignedDuration::from_millis(hour * 3_600_000 + rng.random_range(0..3_600_000)),
        );
        let last_visit = later(began, SignedDuration::from_mins(rng.random_range(20..150)));
        let calm_from = later(last_visit, SignedDuration::from_mins(rng.random_range(0..60)));
        let weather = weather(&mut rng, began, calm_from);
        let crashes_per_myriad = if rng.random_bool(0.3) {
            rng.random_range(5..40)
        } else {
            0
        };
        let (poll, timeout) = if rng.random_bool(0.25) {
            (3, 30)
        } else {
            ([3, 5, 10][rng.random_range(0..3)], rng.random_range(6..31))
        };
        let network = Network::new(gateway(&mut rng, seed)?, weather, began, rng.random());
        let tills = if rng.random_bool(0.25) { 2 } else { 1 };
        let counters = (1..=tills)
            .map(|n| {
                let config = config(&format!("T{n:02}"), "http://127.0.0.1:9", poll, timeout)?;
                Counter::open(config, &network, began, rng.random(), crashes_per_myriad > 0)
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        let mut world = Self {
            now: began,
            began,
            network,
            counters,
            visits: Vec::new(),
            tally: Tally::default(),
            agenda: BTreeMap::new(),
            events: 0,
            crashes_per_myriad,
            calm_from,
            last_trouble: calm_from,
            post: Post::draw(&mut rng),
            rng,
        };
        let span = last_visit.duration_since(began).as_millis();
        let span = i64::try_from(span).context("a day is shorter than that")?;
        for which in 0..VISITS {
            let counter = world.rng.random_range(0..tills);
            let visit = Visit::draw(&mut world.rng, counter, pieces_at_first().len());
            world.visits.push(visit);
            let after = SignedDuration::from_millis(world.rng.random_range(0..span));
            world.plan(
                later(began, after),
                Event::Visit {
                    which,
                    act: Act::Arrive,
                },
            );
        }
        world.plan_closings(span)?;
        Ok(world)
    }

    fn run(&mut self) -> anyhow::Result<()> {
        for _ in 0..STEPS_MAX {
            self.plan_post();
            let planned = self.agenda.first_key_value().map(|((at, _), _)| *at);
            let due = self.due();
            let next = match (planned, due) {
                (None, None) => return Ok(()),
                (Some(at), None) | (None, Some((at, _))) => at,
                (Some(planned), Some((due, _))) => planned.min(due),
            };
            self.now = self.now.max(next);
            self.network.set_now(self.now);
            if planned.is_some_and(|at| at <= self.now) {
                if let Some((_, event)) = self.agenda.pop_first() {
                    self.happen(event)?;
                }
            } else if let Some((_, counter)) = due {
                ensure!(
                    self.now <= later(self.last_trouble, SETTLED_WITHIN),
                    "every order ends within {SETTLED_WITHIN} of the last fault and the last code, but: {:?}",
                    self.unsettled()
                );
                self.ask(counter)?;
            }
        }
        bail!("a day has fewer than {STEPS_MAX} steps: a till asks in a circle")
    }

    /// The till that has to look first.
    fn due(&self) -> Option<(Timestamp, usize)> {
        let of = |(n, counter): (usize, &Counter)| Some((counter.till.as_ref()?.next_due()?, n));
        self.counters.iter().enumerate().filter_map(of).min()
    }

    fn unsettled(&self) -> Vec<String> {
        let tills = self.counters.iter().filter_map(|counter| counter.till.as_ref());
        let waiting = tills.flat_map(|till| till.snapshot().waiting);
        waiting
            .map(|brief| format!("{} {:?}", brief.attempt.out_trade_no, brief.attempt.state))
            .collect()
    }

    fn plan(&mut self, at: Timestamp, event: Event) {
        self.events += 1;
        self.agenda.insert((at, self.events), event);
    }

    fn plan_act(&mut self, which: usize, after: SignedDuration, act: Act) {
        self.plan(later(self.now, after), Event::Visit { which, act });
    }

    /// One due question: sent, and its answer put on its way. The power may fail on either side of the sending.
    fn ask(&mut self, counter: usize) -> anyhow::Result<()> {
        let now = self.now;
        let Some(job) = self.till(counter)?.begin(now) else {
            // A deadline was dealt with.
            return self.look_into_journal(counter);
        };
        if self.lights_out(counter)? {
            return Ok(());
        }
        let reply = at_once(carry_out(&self.counters[counter].client, job))?;
        for stray in self.network.take_strays() {
            self.plan(stray.at, Event::Stray(stray));
        }
        let arrives = later(now, self.network.took());
        let starts = self.counters[counter].starts;
        let reply = Box::new(reply);
        self.plan(
            arrives,
            Event::Answer {
                counter,
                starts,
                reply,
            },
        );
        self.look_into_journal(counter)?;
        self.lights_out(counter).map(drop)
    }

    fn happen(&mut self, event: Event) -> anyhow::Result<()> {
        match event {
            Event::Visit { which, act } => self.act(which, act),
            Event::Answer {
                counter,
                starts,
                reply,
            } => {
                let now = self.now;
                match &mut self.counters[counter] {
                    Counter {
                        till: Some(till),
                        starts: current,
                        ..
                    } if *current == starts => till.finish(now, *reply),
                    _ => {
                        self.tally.answers_lost_in_crash += 1;
                        return Ok(());
                    }
                }
                self.look_into_journal(counter)?;
                self.lights_out(counter).map(drop)
            }
            Event::Stray(stray) => {
                self.network.arrive(&stray);
                Ok(())
            }
            Event::PowerOn { counter } => {
                let now = self.now;
                self.counters[counter].power_on(now)
            }
            Event::Close { counter } => self.close_day(counter),
            Event::Post => self.posted(),
            Event::Letter(letter) => self.delivered(letter),
        }
    }

    /// Perhaps the power fails now.
    fn lights_out(&mut self, counter: usize) -> anyhow::Result<bool> {
        let fails = self.now < self.calm_from && self.rng.random_range(0..10_000) < self.crashes_per_myriad;
        if !fails || !self.counters[counter].survives() {
            return Ok(false);
        }
        let torn = self.rng.random_bool(0.5);
        self.counters[counter].power_off(torn)?;
        self.tally.crashes += 1;
        let seconds = [0, 1, 5, 60, 600, 2400][self.rng.random_range(0..6)];
        let back = later(self.now, SignedDuration::from_secs(seconds)).min(self.calm_from);
        self.plan(back, Event::PowerOn { counter });
        Ok(true)
    }

    fn till(&mut self, counter: usize) -> anyhow::Result<&mut Till> {
        self.counters[counter].till.as_mut().context("the power is on")
    }

    /// Looks at every change of a state as soon as it is saved.
    fn look_into_journal(&mut self, counter: usize) -> anyhow::Result<()> {
        let shop = &mut self.counters[counter];
        let Some(till) = &shop.till else { return Ok(()) };
        for row in till.db().read().journal().after(shop.journal_seen, 100)? {
            shop.journal_seen = row.id;
            if let (Some(number), "state") = (&row.out_trade_no, row.what.as_str()) {
                audit::step(till, &self.network, number, &row.detail)?;
            }
        }
        Ok(())
    }
}

/// An order as the ledger has it.
pub fn attempt(till: &Till, number: &OutTradeNo) -> anyhow::Result<Attempt> {
    let attempt = till.db().read().attempts().get(number)?;
    attempt.with_context(|| format!("{number} is in the ledger"))
}

/// Runs what never waits: everything behind it is in this process.
fn at_once<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    match pin!(work).poll(&mut Wake::from_waker(Waker::noop())) {
        Poll::Ready(done) => Ok(done),
        Poll::Pending => bail!("a question to a gateway in this process waits for nothing"),
    }
}

fn weather(rng: &mut StdRng, began: Timestamp, calm_from: Timestamp) -> Weather {
    let per_mille = [0, 10, 50, 150, 400][rng.random_range(0..5)];
    let span = i64::try_from(calm_from.duration_since(began).as_millis())
        .unwrap_or(1)
        .max(1);
    let outages = (0..[0, 0, 1, 2][rng.random_range(0..4)])
        .map(|_| {
            let from = later(began, SignedDuration::from_millis(rng.random_range(0..span)));
            (
                from,
                later(from, SignedDuration::from_secs(rng.random_range(5..2400))),
            )
        })
        .collect();
    Weather {
        per_mille,
        outages,
        calm_from: Some(calm_from),
    }
}

fn gateway(rng: &mut StdRng, seed: u64) -> anyhow::Result<Gateway> {
    let mut config = GatewayConfig::new(APPID, MCH_ID, ApiKey::parse(API_KEY)?);
    config.seed = seed;
    if rng.random_bool(0.3) {
        config.rules.early_close = EarlyClose::Allow;
    }
    if rng.random_bool(0.5) {
        config.rules.expired_reads = ExpiredReads::NotPay;
    }
    if rng.random_bool(0.5) {
        config.rules.other_parameters = OtherParameters::OutTradeNoUsed;
    }
    Ok(Gateway::new(config))
}
