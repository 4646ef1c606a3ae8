//! The gateway in this process, behind a network that loses, mangles and delays on a seeded whim and on invented time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use wechat_pay::{HttpCall, Posted, Transport, TransportError};
use wechat_pay_sim::{Answer, Call, Delivery, Fault, Gateway, PayWith, Times};

/// The longest silence before the real client gives up.
const READ_TIMEOUT: SignedDuration = SignedDuration::from_secs(8);
/// Faults of single calls. None of them is a signed lie about money: those end as a review by design, and whoever tests
/// them has to say what is to be expected.
const FAULTS: &[Fault] = &[
    Fault::DropBefore,
    Fault::DropAfter,
    Fault::HangBefore,
    Fault::Hang,
    Fault::SystemError,
    Fault::SystemErrorAfter,
    Fault::FrequencyLimited,
    Fault::Html502,
    Fault::Redirect,
    Fault::EmptyBody,
    Fault::Truncated,
    Fault::WrongSign,
    Fault::NoSign,
    Fault::OtherSignType,
    Fault::WrongAppid,
    Fault::WrongMchId,
    Fault::WrongOutTradeNo,
    Fault::Stale,
    Fault::ExtraField,
    Fault::DoubledField,
    Fault::Bom,
    Fault::Doctype,
];

/// How bad it is.
#[derive(Debug, Clone, Default)]
pub struct Weather {
    /// How many of a thousand calls go wrong.
    pub per_mille: u32,
    /// Spans in which nobody can be reached.
    pub outages: Vec<(Timestamp, Timestamp)>,
    /// From then on nothing goes wrong.
    pub calm_from: Option<Timestamp>,
}

/// What has gone by.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traffic {
    /// Questions asked, answered or not.
    pub calls: u64,
    /// Answers lost, mangled or late.
    pub troubled: u64,
    /// Requests that arrived after their sender had given up.
    pub arrived_late: u64,
    /// Customers who paid in the instant in which a close arrived.
    pub paid_at_close: u64,
}

impl Traffic {
    /// Adds another day's.
    pub fn add(&mut self, day: &Self) {
        self.calls += day.calls;
        self.troubled += day.troubled;
        self.arrived_late += day.arrived_late;
        self.paid_at_close += day.paid_at_close;
    }
}

/// A way to the gateway; clones lead to the same one.
#[derive(Debug, Clone)]
pub struct Network {
    shared: Arc<Mutex<Shared>>,
}

/// A request under way that its sender has given up on.
#[derive(Debug)]
pub struct Stray {
    /// When it arrives.
    pub at: Timestamp,
    path: &'static str,
    body: String,
}

#[derive(Debug)]
struct Shared {
    gateway: Gateway,
    now: Timestamp,
    rng: StdRng,
    weather: Weather,
    traffic: Traffic,
    /// How long the last call took.
    took: SignedDuration,
    strays: Vec<Stray>,
    /// Orders whose customer presses "pay" just as a close arrives, and the code on the phone.
    pay_at_close: Vec<(String, String)>,
    /// Refunds that do not end well, by their numbers, and how they end.
    endings: Vec<(String, Fault)>,
}

impl Network {
    /// A network to this gateway.
    pub fn new(gateway: Gateway, weather: Weather, now: Timestamp, seed: u64) -> Self {
        let shared = Shared {
            gateway,
            now,
            rng: StdRng::seed_from_u64(seed),
            weather,
            traffic: Traffic::default(),
            took: SignedDuration::ZERO,
            strays: Vec::new(),
            pay_at_close: Vec::new(),
            endings: Vec::new(),
        };
        Self {
            shared: Arc::new(Mutex::new(shared)),
        }
    }

    /// Tells what time it is.
    pub fn set_now(&self, now: Timestamp) {
        self.shared().now = now;
    }

    /// Does something at the gateway.
    pub fn with<R>(&self, act: impl FnOnce(&mut Gateway, Timestamp) -> R) -> R {
        let mut shared = self.shared();
        let now = shared.now;
        act(&mut shared.gateway, now)
    }

    /// How long the last call took.
    pub fn took(&self) -> SignedDuration {
        self.shared().took
    }

    /// The requests that were given up since the last question.
    pub fn take_strays(&self) -> Vec<Stray> {
        std::mem::take(&mut self.shared().strays)
    }

    /// Lets one of them arrive; nobody hears the answer.
    pub fn arrive(&self, stray: &Stray) {
        let mut shared = self.shared();
        let now = shared.now;
        shared.traffic.arrived_late += 1;
        shared
            .gateway
            .answer(now, stray.path, stray.body.as_bytes(), false);
    }

    /// The customer with this code on the phone will pay in the instant in which a close arrives.
    pub fn pay_at_close(&self, out_trade_no: &str, code_url: &str) {
        let whose = (out_trade_no.to_owned(), code_url.to_owned());
        self.shared().pay_at_close.push(whose);
    }

    /// This refund will not end well.
    pub fn refund_ends(&self, out_refund_no: &str, ending: Fault) {
        self.shared().endings.push((out_refund_no.to_owned(), ending));
    }

    /// What has gone by so far.
    pub fn traffic(&self) -> Traffic {
        self.shared().traffic
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        // One thread steps a world; a panic in it ends the world.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Network {
    async fn post(&self, call: HttpCall) -> Result<Posted, TransportError> {
        self.shared().carry(&call).map(Posted::from)
    }
}

impl Shared {
    fn carry(&mut self, call: &HttpCall) -> Result<Vec<u8>, TransportError> {
        self.traffic.calls += 1;
        self.took = SignedDuration::from_millis(self.rng.random_range(15..120));
        let now = self.now;
        let stormy = self.weather.calm_from.is_none_or(|calm| now < calm);
        let out = |span: &(Timestamp, Timestamp)| (span.0..span.1).contains(&now);
        if stormy && self.weather.outages.iter().any(out) {
            self.traffic.troubled += 1;
            self.took = SignedDuration::from_millis(self.rng.random_range(0..6000));
            return Err(TransportError::NotConnected);
        }
        if stormy && self.rng.random_range(0..1000) < self.weather.per_mille {
            self.traffic.troubled += 1;
            if let Some(lost) = self.trouble(call) {
                return lost;
            }
        }
        if call.path == Call::CloseOrder.path() {
            self.customer_pays_first(call);
        }
        if call.path == Call::Refund.path()
            && let Some((_, ending)) = self.endings.iter().find(|(it, _)| call.body.contains(it))
        {
            self.gateway
                .faults_mut()
                .set(Call::Refund, *ending, Times::Count(1));
        }
        let answer = self.gateway.answer(now, call.path, call.body.as_bytes(), false);
        // A fault that found nothing to change is gone with its call.
        self.gateway.faults_mut().clear();
        self.deliver(answer, call.answer_cap)
    }

    /// Something goes wrong: with the request's way, the answer's way, or at the gateway.
    fn trouble(&mut self, call: &HttpCall) -> Option<Result<Vec<u8>, TransportError>> {
        match self.rng.random_range(0..10) {
            0 => {
                self.took = SignedDuration::from_millis(self.rng.random_range(1_000..13_900));
                None
            }
            1 => {
                let seconds = self.rng.random_range(1..60);
                self.took = READ_TIMEOUT;
                self.strays.push(Stray {
                    at: later(self.now, SignedDuration::from_secs(seconds)),
                    path: call.path,
                    body: call.body.clone(),
                });
                Some(Err(TransportError::Timeout))
            }
            _ => {
                let fault = FAULTS[self.rng.random_range(0..FAULTS.len())];
                if let Some(which) = Call::of_path(call.path) {
                    self.gateway.faults_mut().set(which, fault, Times::Count(1));
                }
                None
            }
        }
    }

    fn customer_pays_first(&mut self, call: &HttpCall) {
        let about = |(number, _): &(String, String)| call.body.contains(number.as_str());
        let Some(place) = self.pay_at_close.iter().position(about) else {
            return;
        };
        let (number, code_url) = self.pay_at_close.swap_remove(place);
        let with = PayWith {
            code_url: Some(code_url),
            ..PayWith::default()
        };
        if self.gateway.pay(self.now, &number, &with).is_ok() {
            self.traffic.paid_at_close += 1;
        }
    }

    fn deliver(&mut self, answer: Answer, cap: usize) -> Result<Vec<u8>, TransportError> {
        match answer.delivery {
            Delivery::Drop => return Err(TransportError::CutOff),
            Delivery::Hang => {
                self.took = READ_TIMEOUT;
                return Err(TransportError::Timeout);
            }
            Delivery::After(_) => {}
        }
        match answer.status {
            200 if answer.body.len() > cap => Err(TransportError::TooLarge),
            200 => Ok(answer.body),
            300..400 => Err(TransportError::Redirected),
            status => Err(TransportError::Status(status)),
        }
    }
}

/// That much later.
pub fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}
