//! What the relay counts, in the text that Prometheus reads.

use std::fmt;
use std::time::Duration;

use notify_bus::{Health, NotConfirmed};
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::notify::{self, Authentic, KeyAge, News};

/// What [`Metrics::text`] is.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the confirm times: a quorum queue on a quiet disk needs a few ms; at three seconds we give up.
const CONFIRM_SECONDS: [f64; 12] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0,
];

/// One label.
type Label = [(&'static str, &'static str); 1];
type Counts = Family<Label, Counter>;

/// Why a request is turned away before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnedAway {
    /// No place for another connection.
    Connections,
    /// The sender has used up its allowance.
    Allowance,
    /// Too many notifies wait for the broker.
    InFlight,
    /// The body is too long.
    TooLong,
    /// The body did not come in time.
    TooSlow,
    /// The body was cut off, or is none.
    CutOff,
    /// No such path, or not for this caller.
    NoSuchPage,
    /// Something else than POST to the notify address.
    WrongMethod,
}

/// What is counted. Clones count together.
#[derive(Clone)]
pub(crate) struct Metrics {
    received: Counter,
    accepted: Counts,
    previous_key: Counter,
    refused: Counts,
    turned_away: Counts,
    published: Counts,
    unconfirmed: Counts,
    confirm_seconds: Histogram,
    in_flight: Gauge,
    connections: Gauge,
    broker: Family<Label, Gauge>,
}

impl TurnedAway {
    const ALL: [Self; 8] = [
        Self::Connections,
        Self::Allowance,
        Self::InFlight,
        Self::TooLong,
        Self::TooSlow,
        Self::CutOff,
        Self::NoSuchPage,
        Self::WrongMethod,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Allowance => "allowance",
            Self::InFlight => "in_flight",
            Self::TooLong => "too_long",
            Self::TooSlow => "too_slow",
            Self::CutOff => "cut_off",
            Self::NoSuchPage => "no_such_page",
            Self::WrongMethod => "wrong_method",
        }
    }
}

impl Metrics {
    /// All at zero, and the registry that names them.
    pub(crate) fn new() -> (Self, Registry) {
        let metrics = Self {
            received: Counter::default(),
            accepted: Family::default(),
            previous_key: Counter::default(),
            refused: Family::default(),
            turned_away: Family::default(),
            published: Family::default(),
            unconfirmed: Family::default(),
            confirm_seconds: Histogram::new(CONFIRM_SECONDS),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
            broker: Family::default(),
        };
        // An alarm on a counter wants it to be there before it counts.
        for why in TurnedAway::ALL {
            metrics
                .turned_away
                .get_or_create(&[("why", why.as_str())])
                .inc_by(0);
        }
        for reason in notify::REASONS {
            metrics.refused.get_or_create(&[("reason", reason)]).inc_by(0);
        }
        for kind in [News::Payment, News::NoPayment, News::Refund, News::Probe].map(kind) {
            metrics.accepted.get_or_create(&kind).inc_by(0);
            metrics.published.get_or_create(&kind).inc_by(0);
        }
        for why in [
            NotConfirmed::NotConnected,
            NotConfirmed::Full,
            NotConfirmed::Returned,
            NotConfirmed::Refused,
            NotConfirmed::Unknown,
        ] {
            metrics.unconfirmed.get_or_create(&unconfirmed(&why)).inc_by(0);
        }
        let registry = metrics.registry();
        (metrics, registry)
    }

    fn registry(&self) -> Registry {
        let mut all = Registry::with_prefix("scantill_relay");
        let it = self.clone();
        all.register("received", "Bodies read at the notify address", it.received);
        all.register("accepted", "Authentic notifies", it.accepted);
        all.register(
            "previous_key",
            "Authentic notifies made with a merchant's previous key",
            it.previous_key,
        );
        all.register(
            "refused",
            "Bodies that are no authentic notify, by reason",
            it.refused,
        );
        all.register(
            "turned_away",
            "Connections and requests turned away unread, by reason",
            it.turned_away,
        );
        all.register(
            "published",
            "Notifies the broker has confirmed, and so answered SUCCESS",
            it.published,
        );
        all.register(
            "unconfirmed",
            "Authentic notifies answered FAIL, by reason: WeChat sends them again",
            it.unconfirmed,
        );
        all.register_with_unit(
            "confirm",
            "Time from publishing to the broker's confirm",
            Unit::Seconds,
            it.confirm_seconds,
        );
        all.register("in_flight", "Notifies waiting for the broker", it.in_flight);
        all.register("connections", "Open connections", it.connections);
        all.register(
            "broker",
            "1 at the state the broker's connection is in",
            it.broker,
        );
        all
    }

    pub(crate) fn received(&self) {
        self.received.inc();
    }

    pub(crate) fn accepted(&self, authentic: &Authentic) {
        self.accepted.get_or_create(&kind(authentic.news)).inc();
        match authentic.key {
            KeyAge::Current => {}
            KeyAge::Previous => {
                self.previous_key.inc();
            }
        }
    }

    pub(crate) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&[("reason", reason)]).inc();
    }

    pub(crate) fn turned_away(&self, why: TurnedAway) {
        self.turned_away.get_or_create(&[("why", why.as_str())]).inc();
    }

    pub(crate) fn published(&self, news: News, took: Duration) {
        self.published.get_or_create(&kind(news)).inc();
        self.confirm_seconds.observe(took.as_secs_f64());
    }

    pub(crate) fn unconfirmed(&self, why: &NotConfirmed) {
        self.unconfirmed.get_or_create(&unconfirmed(why)).inc();
    }

    /// All of it as text; what stands still is looked at now.
    pub(crate) fn text(
        &self,
        registry: &Registry,
        in_flight: usize,
        connections: usize,
        broker: &Health,
    ) -> Result<String, fmt::Error> {
        let count = |number| i64::try_from(number).unwrap_or(i64::MAX);
        self.in_flight.set(count(in_flight));
        self.connections.set(count(connections));
        for state in ["starting", "up", "blocked", "down"] {
            let now = i64::from(state == state_of(broker));
            self.broker.get_or_create(&[("state", state)]).set(now);
        }
        let mut text = String::new();
        text::encode(&mut text, registry)?;
        Ok(text)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

fn kind(news: News) -> Label {
    let kind = match news {
        News::Payment => "payment",
        News::NoPayment => "no_payment",
        News::Refund => "refund",
        News::Probe => "probe",
    };
    [("kind", kind)]
}

fn unconfirmed(why: &NotConfirmed) -> Label {
    let reason = match why {
        NotConfirmed::NotConnected => "not_connected",
        NotConfirmed::Full => "full",
        NotConfirmed::Returned => "returned",
        NotConfirmed::Refused => "refused",
        NotConfirmed::Unknown => "no_confirm",
    };
    [("reason", reason)]
}

fn state_of(health: &Health) -> &'static str {
    match health {
        Health::Starting => "starting",
        Health::Up => "up",
        Health::Blocked => "blocked",
        Health::Down(_) => "down",
    }
}
