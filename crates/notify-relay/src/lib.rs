//! The callback service: takes what WeChat posts, verifies it, hands it to the tills' broker, and answers SUCCESS only for
//! what the broker has confirmed. Anything else is answered FAIL, and WeChat sends it again.
//!
//! It keeps nothing: any number of relays may stand behind any balancer. [`notify`] decides what is authentic and what
//! message that becomes, without I/O; [`serve`] is the rest.
//!
//! # The probe
//!
//! A till tests its whole way, the address at WeChat's side included, by posting a notify of its own shape to the notify
//! address. It is signed with the merchant's key like any notify, and published as [`notify_bus::Kind::Probe`] to the till
//! that its order number names:
//!
//! | field | value |
//! |---|---|
//! | `return_code`, `result_code` | `SUCCESS` |
//! | `appid`, `mch_id` | the merchant's |
//! | `nonce_str` | random |
//! | `out_trade_no` | `{till_id}-probe` |
//! | `scantill_probe` | 1 to 64 characters by which the till knows its own; becomes the message's id |
//! | `sign` | over all of them, MD5 or HMAC-SHA256 |
//!
//! There is no `transaction_id`: a message with one is a payment, whatever else it holds.

#![deny(missing_docs)]

mod allowance;
mod config;
mod http;
mod metrics;
pub mod notify;
mod places;
pub mod program;
mod quiet;
mod relay;
mod sender;
mod tls;

pub use allowance::Allowance;
pub use config::{Config, ConfigProblem, Limits, Variables};
pub use http::{NOTIFY_PATH, listen, serve};
pub use sender::{Networks, Sender};
pub use tls::Tls;
