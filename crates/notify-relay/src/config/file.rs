//! What stands in `relay.toml`, before it is understood.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;

use super::{ConfigProblem, Limits, problem};
use crate::allowance::Allowance;
use crate::sender::Networks;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileText {
    #[serde(default = "listen")]
    pub(super) listen: String,
    pub(super) amqp_url: Option<String>,
    pub(super) amqp_url_file: Option<PathBuf>,
    pub(super) amqp_ca: Option<PathBuf>,
    #[serde(default)]
    pub(super) trusted_proxies: Vec<String>,
    #[serde(default = "private")]
    pub(super) status_from: Vec<String>,
    pub(super) tls: Option<TlsText>,
    #[serde(default)]
    pub(super) limits: LimitsText,
    #[serde(default)]
    pub(super) merchant: Vec<MerchantText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TlsText {
    pub(super) cert: PathBuf,
    pub(super) key: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MerchantText {
    pub(super) appid: String,
    pub(super) mch_id: String,
    pub(super) api_key: Option<String>,
    pub(super) api_key_file: Option<PathBuf>,
    pub(super) previous_api_key: Option<String>,
    pub(super) previous_api_key_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LimitsText {
    connections: u32,
    connections_per_sender: u32,
    in_flight: u32,
    requests_per_second: u32,
    burst: u32,
    refusals_per_minute: u32,
}

impl Default for LimitsText {
    fn default() -> Self {
        Self {
            connections: 2048,
            connections_per_sender: 64,
            in_flight: 2048,
            requests_per_second: 1000,
            burst: 10_000,
            refusals_per_minute: 120,
        }
    }
}

fn listen() -> String {
    "127.0.0.1:18092".to_owned()
}

/// This machine and private networks: the pages tell a stranger more than he needs to know.
fn private() -> Vec<String> {
    [
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    ]
    .map(str::to_owned)
    .to_vec()
}

impl FileText {
    /// Whether a key or a password stands in it.
    pub(super) fn holds_secret(&self) -> bool {
        let of_merchant = |one: &MerchantText| one.api_key.is_some() || one.previous_api_key.is_some();
        self.amqp_url.is_some() || self.merchant.iter().any(of_merchant)
    }

    pub(super) fn read(text: &str) -> Result<Self, ConfigProblem> {
        toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            // Only the first line: the rest quotes the file, which may hold a key.
            let what = without_quotes(error.message().lines().next().unwrap_or("not TOML"));
            let example = "amqp_url_file = \"/etc/scantill-relay/amqp-url\"";
            problem(format_args!("line {line}"), what, example)
        })
    }
}

/// A value that stands in the wrong place may be a key or a password: it is left out of the sentence.
fn without_quotes(what: &str) -> String {
    match (what.find('"'), what.rfind('"')) {
        (Some(first), Some(last)) if first < last => format!("{}…{}", &what[..=first], &what[last..]),
        _ => what.to_owned(),
    }
}

impl LimitsText {
    pub(super) fn read(&self) -> Result<Limits, ConfigProblem> {
        let within = |name: &str, value: u32, most: u32| {
            let what = format!("1 to {most}, not {value}");
            match NonZeroU32::new(value) {
                Some(value) if value.get() <= most => Ok(value),
                Some(_) | None => Err(problem(
                    format_args!("[limits] {name}"),
                    what,
                    &format!("{name} = {}", 64.min(most)),
                )),
            }
        };
        let count = |name, value, most| {
            let value = within(name, value, most)?.get();
            Ok::<_, ConfigProblem>(usize::try_from(value).unwrap_or(usize::MAX))
        };
        Ok(Limits {
            connections: count("connections", self.connections, 65_536)?,
            connections_per_sender: count("connections_per_sender", self.connections_per_sender, 65_536)?,
            in_flight: count("in_flight", self.in_flight, 65_536)?,
            allowance: Allowance {
                per_second: within("requests_per_second", self.requests_per_second, 1_000_000)?,
                burst: within("burst", self.burst, 1_000_000)?,
                refusals_per_minute: within("refusals_per_minute", self.refusals_per_minute, 1_000_000)?,
            },
        })
    }
}

/// Addresses and networks, `10.0.0.7` or `10.0.0.0/8`.
pub(super) fn networks(key: &str, texts: &[String]) -> Result<Networks, ConfigProblem> {
    let read = |(at, text): (usize, &String)| {
        let address = text.parse::<IpAddr>().map(IpNet::from);
        address.or_else(|_| text.parse::<IpNet>()).map_err(|_| {
            // Not quoted: it may be anything that was pasted into the wrong line.
            let what = format!("number {} is neither an address nor a network", at + 1);
            problem(key, what, &format!("{key} = [\"127.0.0.1\", \"10.0.0.0/8\"]"))
        })
    };
    texts
        .iter()
        .enumerate()
        .map(read)
        .collect::<Result<_, _>>()
        .map(Networks::new)
}
