//! A simulated day: real tills, real ledgers, the real gateway simulator, customers and cashiers, on invented time and a
//! seeded whim. The same seed is the same day.

mod acts;
mod bills;
mod cash_back;
mod closing;
mod desk;
mod discounts;
mod drawer;
mod figures;
mod money;
mod place;
mod planted;
mod post;
mod staff;
mod tally;

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
use wechat_pay_sim::{EarlyClose, ExpiredReads, Gateway, GatewayConfig, OtherParameters, ScannedReads};

use crate::audit;
use crate::clocks::Clocks;
use crate::counter::{API_KEY, APPID, Counter, Drawn, MCH_ID, config_with, pieces_at_first};
use crate::network::{Network, Stray, Weather, later};
use crate::visit::{Act, Visit};
use desk::{Desk, Errand};
use post::{Letter, Post};

pub use figures::Money;
pub use place::Place;
pub use tally::{DeskTally, Tally, TimeTally};

/// Customers of one day.
pub const VISITS: usize = 7;
/// So long after the last fault and the last code nothing may be left to ask: the longest deadline, and two minutes to
/// notice it and to close.
const SETTLED_WITHIN: SignedDuration = SignedDuration::from_mins(32);
/// More steps than any day needs; a day that takes more is one that runs in a circle.
const STEPS_MAX: u64 = 400_000;

/// A day under way.
#[derive(Debug)]
pub struct World {
    /// The time, as WeChat has it.
    pub now: Timestamp,
    /// When it began.
    pub began: Timestamp,
    /// Where the shop is, and when its days begin.
    pub place: Place,
    /// The way to the gateway.
    pub network: Network,
    /// The counters.
    pub counters: Vec<Counter>,
    /// The visits.
    pub visits: Vec<Visit>,
    /// What came of it so far.
    pub tally: Tally,
    /// The counters as the test knows them, but for their tills.
    desks: Vec<Desk>,
    /// Orders that a till had given up and that were paid all the same, by nobody's decision.
    given_up: Vec<OutTradeNo>,
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
    /// Something is done there beside selling.
    Errand {
        counter: usize,
        errand: Errand,
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
        let place = Place::draw(&mut rng)?;
        let began = place.began;
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
        let lines = format!(
            "time_zone = \"{}\"\nday_starts_at = {}\n",
            place.zone_name, place.starts_at
        );
        let (mut counters, mut desks, mut tally) = (Vec::new(), Vec::new(), Tally::default());
        for n in 1..=tills {
            let config = config_with(&lines, &format!("T{n:02}"), "http://127.0.0.1:9", poll, timeout)?;
            let drawn = Drawn {
                seed: rng.random(),
                survives: crashes_per_myriad > 0 || rng.random_bool(0.3),
                staffed: rng.random_bool(0.35),
                clocks: clocks(&mut rng, &mut tally),
            };
            counters.push(Counter::open(config, &network, began, drawn)?);
            let in_shifts = rng.random_bool(0.25);
            desks.push(Desk::new(drawn.staffed, in_shifts, drawn.clocks.of_till(began)));
        }
        let mut world = Self {
            now: began,
            began,
            network,
            place,
            counters,
            desks,
            given_up: Vec::new(),
            visits: Vec::new(),
            tally,
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
        for counter in 0..tills {
            world.furnish(counter, span)?;
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
            self.look_up()?;
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
        let of = |(n, counter): (usize, &Counter)| {
            let shown = counter.till.as_ref()?.next_due()?;
            Some((counter.clocks.time_of(shown), n))
        };
        self.counters.iter().enumerate().filter_map(of).min()
    }

    /// What a counter's till takes the time for.
    fn clock(&self, counter: usize) -> Timestamp {
        self.counters[counter].clocks.of_till(self.now)
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
        let (now, shown) = (self.now, self.clock(counter));
        let Some(job) = self.till(counter)?.begin(shown) else {
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
                let shown = self.clock(counter);
                match &mut self.counters[counter] {
                    Counter {
                        till: Some(till),
                        starts: current,
                        ..
                    } if *current == starts => till.finish(shown, *reply),
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
            Event::Errand { counter, errand } => self.run_errand(counter, errand),
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
        self.desks[counter].staff.gone();
        self.tally.crashes += 1;
        let seconds = [0, 1, 5, 60, 600, 2400][self.rng.random_range(0..6)];
        let back = later(self.now, SignedDuration::from_secs(seconds)).min(self.calm_from);
        self.plan(back, Event::PowerOn { counter });
        Ok(true)
    }

    fn till(&mut self, counter: usize) -> anyhow::Result<&mut Till> {
        self.counters[counter].till.as_mut().context("the power is on")
    }

    /// Its till had given it up when it was found to be paid.
    #[must_use]
    pub fn was_given_up(&self, number: &OutTradeNo) -> bool {
        self.given_up.contains(number)
    }

    /// Looks at every change of a state as soon as it is saved.
    fn look_into_journal(&mut self, counter: usize) -> anyhow::Result<()> {
        let shop = &mut self.counters[counter];
        let Some(till) = &shop.till else { return Ok(()) };
        for row in till.db().read().journal().after(shop.journal_seen, 100)? {
            shop.journal_seen = row.id;
            if let (Some(number), "state") = (&row.out_trade_no, row.what.as_str()) {
                audit::step(till, &self.network, number, &row.detail)?;
                if row.detail == "closing -> paid" {
                    self.given_up.push(number.clone());
                }
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

/// A counter's clock: mostly WeChat's, often two minutes off at most, now and then several.
fn clocks(rng: &mut StdRng, tally: &mut Tally) -> Clocks {
    let (least, most) = match rng.random_range(0..100) {
        0..25 => (0, 120_000),
        25..35 => (120_000, 480_000),
        _ => return Clocks::default(),
    };
    tally.time.skewed += 1;
    tally.time.skewed_far += u64::from(least > 0);
    let off = SignedDuration::from_millis(rng.random_range(least..=most));
    Clocks::ahead_by(if rng.random_bool(0.5) { off } else { -off })
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
    if seed % 2 == 1 {
        config.rules.scanned_reads = ScannedReads::UserPaying;
    }
    Ok(Gateway::new(config))
}
