//! A payment as WeChat tells of it, the same in a query's answer and in a notify.

use std::fmt;

use jiff::Timestamp;

use crate::beijing;
use crate::envelope::{Unreadable, optional_fen, optional_text, required};
use crate::fields::Fields;
use crate::money::{Fen, parse_fen, parse_fen_positive};

/// A payment. Whether `total_fee` and `fee_type` are those of the order is the caller's to compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// WeChat's number of the payment, 28 digits.
    pub transaction_id: String,
    /// The merchant's number of the order.
    pub out_trade_no: String,
    /// The order's amount; the one to compare with the till's.
    pub total_fee: Fen,
    /// The currency, `CNY` where the message names none.
    pub fee_type: String,
    /// What the payer paid in money.
    pub cash_fee: Option<Fen>,
    /// What coupons paid; 0 where the message names none.
    pub coupon_fee: Fen,
    /// `total_fee` less coupons that WeChat doesn't settle; only where such a coupon was used.
    pub settlement_total_fee: Option<Fen>,
    /// The coupons, in the order of their indices.
    pub coupons: Vec<Coupon>,
    /// Which bank or purse: `OTHERS`, `CMB_DEBIT` …
    pub bank_type: Option<String>,
    /// `NATIVE` for orders of this crate.
    pub trade_type: Option<String>,
    /// Who paid.
    pub openid: Option<OpenId>,
    /// When, by WeChat's clock, to the second.
    pub time_end: Timestamp,
    /// The order's `attach`, given back.
    pub attach: Option<String>,
    /// The order's `device_info`, given back.
    pub device_info: Option<String>,
}

/// A coupon used in a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coupon {
    /// The coupon's number.
    pub id: Option<String>,
    /// `CASH` (bought) or `NO_CASH`; another text on some messages.
    pub kind: Option<String>,
    /// What it paid.
    pub fee: Option<Fen>,
}

/// The payer's number with this appid. Personal data: `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenId(String);

impl OpenId {
    /// Takes the number as it came.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The number itself, not to be logged.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OpenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenId(hidden)")
    }
}

/// More coupons than this on one payment aren't read.
const COUPONS_MAX: usize = 64;

impl Payment {
    /// Reads the payment out of a verified message.
    pub(crate) fn read(message: &Fields) -> Result<Self, Unreadable> {
        let total_fee = required(message, "total_fee")?;
        let total_fee = parse_fen_positive(total_fee).map_err(|_| Unreadable::Wrong("total_fee"))?;
        let time_end = required(message, "time_end")?;
        let time_end = beijing::parse_compact(time_end).ok_or(Unreadable::Wrong("time_end"))?;
        Ok(Self {
            transaction_id: required(message, "transaction_id")?.to_owned(),
            out_trade_no: required(message, "out_trade_no")?.to_owned(),
            total_fee,
            fee_type: message.present("fee_type").unwrap_or("CNY").to_owned(),
            cash_fee: optional_fen(message, "cash_fee")?,
            coupon_fee: optional_fen(message, "coupon_fee")?.unwrap_or(Fen::ZERO),
            settlement_total_fee: optional_fen(message, "settlement_total_fee")?,
            coupons: coupons(message)?,
            bank_type: optional_text(message, "bank_type"),
            trade_type: optional_text(message, "trade_type"),
            openid: message.present("openid").map(OpenId::new),
            time_end,
            attach: optional_text(message, "attach"),
            device_info: optional_text(message, "device_info"),
        })
    }

    /// The fields by which a message tells of this payment, in WeChat's manner.
    pub fn to_fields(&self) -> Fields {
        let mut fields = Fields::new()
            .with_some("device_info", self.device_info.as_deref())
            .with_some("openid", self.openid.as_ref().map(OpenId::reveal))
            .with("is_subscribe", "N")
            .with_some("trade_type", self.trade_type.as_deref())
            .with_some("bank_type", self.bank_type.as_deref())
            .with("total_fee", self.total_fee.to_string())
            .with_some(
                "settlement_total_fee",
                self.settlement_total_fee.map(|fee| fee.to_string()),
            )
            .with("fee_type", &self.fee_type)
            .with_some("cash_fee", self.cash_fee.map(|fee| fee.to_string()));
        if !self.coupons.is_empty() {
            fields.set("coupon_fee", self.coupon_fee.to_string());
            fields.set("coupon_count", self.coupons.len().to_string());
        }
        for (n, coupon) in self.coupons.iter().enumerate() {
            fields = fields
                .with_some(&format!("coupon_type_{n}"), coupon.kind.as_deref())
                .with_some(&format!("coupon_id_{n}"), coupon.id.as_deref())
                .with_some(&format!("coupon_fee_{n}"), coupon.fee.map(|fee| fee.to_string()));
        }
        fields
            .with("transaction_id", &self.transaction_id)
            .with("out_trade_no", &self.out_trade_no)
            .with_some("attach", self.attach.as_deref())
            .with("time_end", beijing::format_compact(self.time_end))
    }
}

/// The coupons by index from 0 until none of an index's three fields is there.
fn coupons(message: &Fields) -> Result<Vec<Coupon>, Unreadable> {
    let mut coupons = Vec::new();
    for n in 0..COUPONS_MAX {
        let fee = message.present(&format!("coupon_fee_{n}"));
        let coupon = Coupon {
            id: optional_text(message, &format!("coupon_id_{n}")),
            kind: optional_text(message, &format!("coupon_type_{n}")),
            fee: fee
                .map(parse_fen)
                .transpose()
                .map_err(|_| Unreadable::Wrong("coupon_fee_$n"))?,
        };
        if coupon.id.is_none() && coupon.kind.is_none() && coupon.fee.is_none() {
            break;
        }
        coupons.push(coupon);
    }
    Ok(coupons)
}
