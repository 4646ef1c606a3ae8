//! What the crate promises, tested from outside: published vectors, hostile bodies, and a loopback gateway.

// A test may stop at the first thing that isn't as it should be.
#![allow(clippy::unwrap_used)]

mod bill;
mod calls;
mod gateway;
mod http;
mod money;
mod notify_bodies;
mod properties;
mod refund_notify;
mod refunds;
mod retry;
mod secrets;
mod signing;
mod tls;
mod xml;

use wechat_pay::{ApiKey, Merchant, SignType};

/// The key of WeChat's own published example.
const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

fn key() -> ApiKey {
    ApiKey::parse(KEY).unwrap()
}

fn merchant(sign_type: SignType) -> Merchant {
    Merchant {
        appid: "wxd930ea5d5a258f4f".to_owned(),
        mch_id: "10000100".to_owned(),
        api_key: key(),
        previous_key: None,
        sign_type,
    }
}

/// A file of `tests/vectors`.
fn vector(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}
