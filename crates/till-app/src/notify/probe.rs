//! A test of the whole way: the till posts a message of its own to its notify address, the relay publishes it, and the
//! subscription brings it back.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::oneshot;
use wechat_pay::client::{HttpConfig, Transport as _};
use wechat_pay::{Fields, HttpCall, HttpTransport, Merchant, Nonce, sign};

use super::desk::NotifyLink;
use super::news::PROBE;
use crate::config::Config;
use crate::run::{Stopped, TillHandle};
use crate::till::Till;

/// How long the relay may take, and how long the message may take to come back.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes.
const ANSWER_CAP: usize = 16 * 1024;

/// What came of a probe: its time, or the leg on which it was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probed {
    /// There is no broker in the configuration.
    PollingOnly,
    /// The till is not connected to its broker: the probe could not come back, and was not sent.
    NotSubscribed,
    /// Nobody took it at the notify address.
    RelayNotReached,
    /// Somebody answered there, but not as a relay does.
    NotARelay,
    /// The relay refused it: it has another key for this merchant, or it can't reach the broker.
    RelayRefused,
    /// The relay took it, and it did not come back.
    NotBack,
    /// It came back.
    Back {
        /// From here to here.
        took: SignedDuration,
    },
}

/// A probe that is under way.
#[derive(Debug)]
pub(super) struct Awaited {
    probe: String,
    sent_at: Timestamp,
    back: oneshot::Sender<SignedDuration>,
}

/// Sends a probe round. A later one takes an earlier one's place.
pub async fn send(till: &TillHandle, config: &Config) -> Result<Probed, Stopped> {
    if config.broker.is_none() {
        return Ok(Probed::PollingOnly);
    }
    let probe = Nonce::random();
    let (back, came_back) = oneshot::channel();
    let text = probe.as_str().to_owned();
    let subscribed = till
        .call(move |till, now| till.expect_probe(now, text, back))
        .await?;
    if !subscribed {
        return Ok(Probed::NotSubscribed);
    }
    match post(config, &probe).await {
        Err(lost) => Ok(lost),
        Ok(()) => Ok(match tokio::time::timeout(PATIENCE, came_back).await {
            Ok(Ok(took)) => Probed::Back { took },
            // Time is over, or another probe has taken this one's place.
            Ok(Err(_)) | Err(_) => Probed::NotBack,
        }),
    }
}

async fn post(config: &Config, probe: &Nonce) -> Result<(), Probed> {
    let url = &config.gateway.notify_url;
    let http = HttpConfig {
        connect_timeout: PATIENCE,
        read_timeout: PATIENCE,
        total_timeout: PATIENCE,
        ..HttpConfig::new(url)
    };
    let transport = HttpTransport::new(&http).map_err(|_| Probed::RelayNotReached)?;
    let call = HttpCall {
        // The transport takes a slash off the end of its address.
        path: if url.ends_with('/') { "/" } else { "" },
        body: message(&config.merchant, config.shop.till.as_str(), probe).to_xml(),
        client_cert: false,
        repeatable: false,
        answer_cap: ANSWER_CAP,
    };
    let answer = transport.post(call).await.map_err(|error| {
        tracing::info!(%error, "the probe did not reach the relay");
        match error {
            wechat_pay::TransportError::Status(_)
            | wechat_pay::TransportError::Redirected
            | wechat_pay::TransportError::TooLarge => Probed::NotARelay,
            wechat_pay::TransportError::Timeout
            | wechat_pay::TransportError::NotConnected
            | wechat_pay::TransportError::CutOff
            | wechat_pay::TransportError::NoClientCert => Probed::RelayNotReached,
        }
    })?;
    let answer = Fields::from_xml(&answer.body, ANSWER_CAP).map_err(|_| Probed::NotARelay)?;
    match answer.get("return_code") {
        Some("SUCCESS") => Ok(()),
        Some("FAIL") => Err(Probed::RelayRefused),
        Some(_) | None => Err(Probed::NotARelay),
    }
}

/// A message of a notify's shape, signed like one, that no till takes for a payment.
fn message(merchant: &Merchant, till_id: &str, probe: &Nonce) -> Fields {
    let fields = Fields::new()
        .with("return_code", "SUCCESS")
        .with("result_code", "SUCCESS")
        .with("appid", &merchant.appid)
        .with("mch_id", &merchant.mch_id)
        .with("nonce_str", Nonce::random().as_str())
        .with("out_trade_no", format!("{till_id}-probe"))
        .with(PROBE, probe.as_str());
    sign::signed(fields, &merchant.api_key, merchant.sign_type)
}

impl Till {
    /// A probe is about to be sent; `false` when nothing can come back now.
    fn expect_probe(&mut self, now: Timestamp, probe: String, back: oneshot::Sender<SignedDuration>) -> bool {
        self.notify.probe = Some(Awaited {
            probe,
            sent_at: now,
            back,
        });
        matches!(self.notify.picture().link, NotifyLink::Up { .. })
    }

    /// A probe has come round. One that nobody waits for, or another till's, is nothing to this one.
    pub(super) fn probe_came_back(&mut self, now: Timestamp, probe: &str) {
        if let Some(awaited) = self.notify.probe.take_if(|awaited| awaited.probe == probe) {
            // Whoever asked may have gone away.
            let _ = awaited.back.send(now.duration_since(awaited.sent_at));
        }
    }
}
