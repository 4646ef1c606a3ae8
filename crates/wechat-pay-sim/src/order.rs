//! One order as WeChat sees it: how it was placed, its code, the customer before it, and how it ended.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::beijing::later;
use crate::config::{ExpiredReads, Rules, ScannedReads};
use crate::fen::Fen;
use crate::wire::Params;

/// How long a `code_url` can be paid; fixed, whatever `time_expire` says.
pub(crate) const CODE_LIFE: SignedDuration = SignedDuration::from_hours(2);
/// How long an unpaid order without `time_expire` lives.
pub(crate) const ORDER_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// `trade_state` of a NATIVE order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TradeState {
    /// Not paid; failed attempts stay here.
    #[serde(rename = "NOTPAY")]
    NotPay,
    /// The customer has the pay sheet open.
    #[serde(rename = "USERPAYING")]
    UserPaying,
    /// Paid.
    Success,
    /// Paid, and a refund of at least a part has been asked for.
    Refund,
    /// Can't be paid any more.
    Closed,
}

impl TradeState {
    /// The word on the wire.
    pub const fn wire(self) -> &'static str {
        match self {
            Self::NotPay => "NOTPAY",
            Self::UserPaying => "USERPAYING",
            Self::Success => "SUCCESS",
            Self::Refund => "REFUND",
            Self::Closed => "CLOSED",
        }
    }

    /// `trade_state_desc`.
    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::NotPay => "订单未支付",
            Self::UserPaying => "需要用户输入支付密码",
            Self::Success => "支付成功",
            Self::Refund => "订单发生过退款，退款详情请查询退款单",
            Self::Closed => "订单已关闭",
        }
    }
}

/// A coupon that paid a part of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// `coupon_id_$n`; drawn when empty.
    #[serde(default)]
    pub id: String,
    /// `coupon_fee_$n` in fen.
    pub fee: Fen,
    /// `coupon_type_$n`.
    #[serde(default)]
    pub kind: CouponKind,
}

/// What a coupon was paid with; decides whether it counts into the settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CouponKind {
    /// Recharge coupon (充值券): the merchant gets the money.
    Cash,
    /// Non-recharge coupon (免充值券): the merchant doesn't.
    #[default]
    NoCash,
}

impl CouponKind {
    pub(crate) const fn wire(self) -> &'static str {
        match self {
            Self::Cash => "CASH",
            Self::NoCash => "NO_CASH",
        }
    }
}

/// A payment that went through.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub(crate) transaction_id: String,
    pub(crate) openid: String,
    pub(crate) bank_type: String,
    pub(crate) coupons: Vec<Coupon>,
    pub(crate) cash: Fen,
    /// What the merchant gets: the total less non-recharge coupons.
    pub(crate) settlement: Fen,
    pub(crate) at: Timestamp,
}

impl Payment {
    pub(crate) fn coupon_fee(&self) -> Fen {
        Fen::total(self.coupons.iter().map(|coupon| coupon.fee))
    }

    pub(crate) fn has_no_cash_coupon(&self) -> bool {
        self.coupons
            .iter()
            .any(|coupon| coupon.kind == CouponKind::NoCash)
    }
}

/// The QR code's text and since when it can be paid.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) url: String,
    pub(crate) since: Timestamp,
}

/// The pay sheet on a customer's phone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PaySheet {
    pub(crate) code_url: String,
    pub(crate) openid: String,
}

/// How an order stands, apart from time passing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Standing {
    Open,
    Paid(Payment),
    Closed(Timestamp),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    /// Every field of the first unifiedorder but nonce and sign: a repeat must match all of them.
    pub(crate) placed: Params,
    pub(crate) total: Fen,
    pub(crate) created: Timestamp,
    /// From then on it can't be paid.
    pub(crate) expires: Timestamp,
    pub(crate) code: Code,
    pub(crate) sheet: Option<PaySheet>,
    pub(crate) declined: u32,
    pub(crate) standing: Standing,
    /// The numbers of its refunds at WeChat (refund_id), oldest first.
    pub(crate) refunds: Vec<String>,
}

impl Order {
    /// What `orderquery` says of it at that instant.
    pub(crate) fn state(&self, now: Timestamp, rules: &Rules) -> TradeState {
        match &self.standing {
            Standing::Paid(_) if self.refunds.is_empty() => TradeState::Success,
            Standing::Paid(_) => TradeState::Refund,
            Standing::Closed(_) => TradeState::Closed,
            Standing::Open if now >= later(self.created, ORDER_LIFE) => TradeState::Closed,
            Standing::Open if now >= self.expires => match rules.expired_reads {
                ExpiredReads::Closed => TradeState::Closed,
                ExpiredReads::NotPay => TradeState::NotPay,
            },
            Standing::Open if self.is_scanned() => match rules.scanned_reads {
                ScannedReads::NotPay => TradeState::NotPay,
                ScannedReads::UserPaying => TradeState::UserPaying,
            },
            Standing::Open => TradeState::NotPay,
        }
    }

    /// Whether a phone shows the pay sheet of the code that is valid now.
    pub(crate) fn is_scanned(&self) -> bool {
        self.sheet
            .as_ref()
            .is_some_and(|sheet| sheet.code_url == self.code.url)
    }

    pub(crate) fn payment(&self) -> Option<&Payment> {
        match &self.standing {
            Standing::Paid(payment) => Some(payment),
            Standing::Open | Standing::Closed(_) => None,
        }
    }

    /// A field of the order as it was placed, empty when it wasn't there.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.placed.get(name).map_or("", String::as_str)
    }

    pub(crate) fn out_trade_no(&self) -> &str {
        self.field("out_trade_no")
    }
}
