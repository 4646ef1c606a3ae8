//! Who the merchant is and which of WeChat's disputed rules apply.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use wechat_pay::ApiKey;

/// Everything the gateway is told at its creation. Not part of a snapshot: the key stays out of files.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// The one appid it knows.
    pub appid: String,
    /// The one merchant it knows.
    pub mch_id: String,
    /// That merchant's API key.
    pub api_key: ApiKey,
    /// Where all random numbers come from: the same seed and calls give the same answers.
    pub seed: u64,
    /// The disputed rules.
    pub rules: Rules,
}

impl GatewayConfig {
    /// A gateway for one merchant with the default rules and seed 0.
    pub fn new(appid: impl Into<String>, mch_id: impl Into<String>, api_key: ApiKey) -> Self {
        Self {
            appid: appid.into(),
            mch_id: mch_id.into(),
            api_key,
            seed: 0,
            rules: Rules::default(),
        }
    }
}

/// What WeChat's documents and observed behaviour disagree on, or what depends on the merchant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Whether a close in the first five minutes is refused (V2 page of closeorder) or done (V3 page).
    pub early_close: EarlyClose,
    /// The code for a repeated number with other parameters.
    pub other_parameters: OtherParameters,
    /// What an unpaid order reads once its `time_expire` has passed.
    pub expired_reads: ExpiredReads,
    /// What an order reads while its customer types the password.
    pub scanned_reads: ScannedReads,
    /// Whether notifications carry the field `sign_type`. In practice they don't.
    pub notify_sign_type: bool,
    /// How long after the payment the first notification goes out.
    pub notify_latency: SignedDuration,
    /// How long a refund is PROCESSING.
    pub refund_takes: SignedDuration,
    /// Whether `/secapi/…` is refused without a client certificate.
    pub require_certificate: bool,
    /// Whether bills start with a byte order mark.
    pub bill_bom: bool,
    /// Whether the lines of bills end with CR LF instead of LF.
    pub bill_crlf: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            early_close: EarlyClose::Refuse,
            other_parameters: OtherParameters::InvalidRequest,
            expired_reads: ExpiredReads::Closed,
            scanned_reads: ScannedReads::NotPay,
            notify_sign_type: false,
            notify_latency: SignedDuration::from_millis(300),
            refund_takes: SignedDuration::from_secs(20),
            require_certificate: false,
            bill_bom: true,
            bill_crlf: true,
        }
    }
}

/// The answer to a close in the first five minutes of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlyClose {
    /// `TRADE_STATE_ERROR`. Which code WeChat really gives isn't published.
    Refuse,
    /// The order is closed.
    Allow,
}

/// The answer to a repeated `out_trade_no` with any other parameter changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherParameters {
    /// `INVALID_REQUEST`, `201 商户订单号重复`, as seen in 2023.
    InvalidRequest,
    /// `OUT_TRADE_NO_USED`, `商户订单号重复`, as seen in 2016.
    OutTradeNoUsed,
}

/// How an unpaid order reads after its `time_expire`; both have been reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiredReads {
    /// CLOSED; a close answers ORDERCLOSED.
    Closed,
    /// NOTPAY until somebody closes it; it can't be paid all the same.
    NotPay,
}

/// How an order reads between scan and payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScannedReads {
    /// NOTPAY, as a NATIVE order does: WeChat's page has USERPAYING for payment codes that the shop scans.
    NotPay,
    /// USERPAYING. A client has to take it from any order.
    UserPaying,
}
