//! Ten thousand payments waiting at once: after an outage, and after a start.

use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use jiff::{SignedDuration, Timestamp};
use scantill_tests::counter::{API_KEY, APPID, Counter, Drawn, MCH_ID, config};
use scantill_tests::network::{Network, Weather, later};
use till_app::{Till, carry_out};
use till_core::{ProductId, State};
use wechat_pay::ApiKey;
use wechat_pay_sim::{Gateway, GatewayConfig};

const ORDERS: usize = 10_000;
/// A product whose pieces are not counted.
const EGG: ProductId = ProductId(5);
const MILLI: SignedDuration = SignedDuration::from_millis(1);

/// Questions under way, by the time their answer comes.
struct Traffic {
    now: Timestamp,
    under_way: BTreeMap<(Timestamp, u64), till_app::Reply>,
    asked: u64,
    most_at_once: usize,
    /// Questions in each tenth of a second.
    per_tenth: BTreeMap<i64, u64>,
}

impl Traffic {
    fn new(now: Timestamp) -> Self {
        Self {
            now,
            under_way: BTreeMap::new(),
            asked: 0,
            most_at_once: 0,
            per_tenth: BTreeMap::new(),
        }
    }

    /// Lets the till ask and hear until `end`, as its own thread does, each answer taking as long as the network says.
    fn run(&mut self, counter: &mut Counter, network: &Network, end: Timestamp) {
        let till: &mut Till = counter.till.as_mut().expect("the power is on");
        while self.now < end {
            network.set_now(self.now);
            while let Some(job) = till.begin(self.now) {
                let mut work = pin!(carry_out(&counter.client, job));
                let Poll::Ready(reply) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
                    panic!("a gateway in this process never waits")
                };
                self.asked += 1;
                self.under_way
                    .insert((later(self.now, network.took()), self.asked), reply);
                self.most_at_once = self.most_at_once.max(self.under_way.len());
                *self.per_tenth.entry(self.now.as_millisecond() / 100).or_default() += 1;
            }
            let answer = self.under_way.first_key_value().map(|((at, _), _)| *at);
            let next = [answer, till.next_due(), Some(end)].into_iter().flatten().min();
            self.now = next.unwrap_or(end).max(later(self.now, MILLI));
            while let Some(entry) = self.under_way.first_entry().filter(|it| it.key().0 <= self.now) {
                till.finish(self.now, entry.remove());
            }
        }
    }
}

#[test]
fn fault_79_ten_thousand_waiting_orders_are_asked_after_in_turn() -> anyhow::Result<()> {
    let began: Timestamp = "2026-11-23T02:00:00Z".parse()?;
    let gateway = Gateway::new(GatewayConfig::new(APPID, MCH_ID, ApiKey::parse(API_KEY)?));
    let outage = (
        later(began, SignedDuration::from_secs(120)),
        later(began, SignedDuration::from_secs(150)),
    );
    let weather = Weather {
        outages: vec![outage],
        ..Weather::default()
    };
    let network = Network::new(gateway, weather, began, 79);
    let config = config("T01", "http://127.0.0.1:9", 3, 30)?;
    let at_once = config.at_once;
    let mut counter = Counter::open(config, &network, began, Drawn::plain(79, true))?;
    let mut numbers = Vec::new();
    for n in 0..ORDERS {
        let till = counter.till.as_mut().expect("the power is on");
        till.add(EGG, None)?;
        numbers.push(till.pay(began, &format!("click-{n}"))?);
    }
    let mut traffic = Traffic::new(began);
    // A tenth of a second for sixteen answers: all are placed within two minutes.
    traffic.run(
        &mut counter,
        &network,
        later(began, SignedDuration::from_secs(200)),
    );
    assert_eq!(
        traffic.most_at_once, at_once,
        "the till asks as many at once as it may, outage or not, and never more"
    );
    let most = traffic.per_tenth.values().max().copied().unwrap_or(0);
    let at_most = u64::try_from(at_once)? * 7;
    assert!(
        most <= at_most,
        "with answers that take 15 ms and more, a tenth of a second has {at_most} questions at most, not {most}"
    );
    let book = network.with(|gateway, now| gateway.orders(now));
    assert_eq!(book.len(), ORDERS, "each was placed once");

    // Everybody pays; the till is started anew in the middle of it.
    counter.power_off(false)?;
    for number in &numbers {
        network.with(|gateway, now| gateway.pay(now, number.as_str(), &Default::default()))?;
    }
    counter.power_on(traffic.now)?;
    let mut traffic = Traffic::new(traffic.now);
    let end = later(traffic.now, SignedDuration::from_secs(120));
    traffic.run(&mut counter, &network, end);
    assert!(traffic.most_at_once <= at_once, "also after a start");
    let till = counter.till.as_ref().expect("the power is on");
    for number in &numbers {
        let state = scantill_tests::world::attempt(till, number)?.state;
        assert!(
            matches!(state, State::Paid(_)),
            "{number}: each payment is found within two minutes: {state:?}"
        );
    }
    assert_eq!(
        traffic.asked,
        u64::try_from(ORDERS)?,
        "one question each was enough"
    );
    assert_eq!(till.next_due(), None, "nothing is left to ask");
    Ok(())
}

#[test]
fn fault_79_after_a_start_the_first_questions_are_spread_over_one_interval() -> anyhow::Result<()> {
    const WAITING: usize = 60;
    let began: Timestamp = "2026-11-23T02:00:00Z".parse()?;
    let gateway = Gateway::new(GatewayConfig::new(APPID, MCH_ID, ApiKey::parse(API_KEY)?));
    let network = Network::new(gateway, Weather::default(), began, 79);
    let config = config("T01", "http://127.0.0.1:9", 3, 30)?;
    let mut counter = Counter::open(config, &network, began, Drawn::plain(79, true))?;
    for n in 0..WAITING {
        let till = counter.till.as_mut().expect("the power is on");
        till.add(EGG, None)?;
        till.pay(began, &format!("click-{n}"))?;
    }
    let mut traffic = Traffic::new(began);
    traffic.run(
        &mut counter,
        &network,
        later(began, SignedDuration::from_secs(10)),
    );
    counter.power_off(true)?;
    counter.power_on(traffic.now)?;
    let mut traffic = Traffic::new(traffic.now);
    let end = later(traffic.now, SignedDuration::from_secs(3) - MILLI);
    traffic.run(&mut counter, &network, end);
    assert_eq!(
        traffic.asked,
        u64::try_from(WAITING)?,
        "each is asked after once within one interval"
    );
    let most = traffic.per_tenth.values().max().copied().unwrap_or(0);
    assert!(most <= 4, "two a tenth of a second, evenly; not {most}");
    Ok(())
}
