//! `orderquery`: what has become of an order.

use crate::envelope::{Judged, Request, judge, required, same_number};
use crate::fields::Fields;
use crate::limits::{self, FieldError};
use crate::merchant::Merchant;
use crate::outcome::Doubt;
use crate::payment::Payment;
use crate::sign::SignType;

/// How an order is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderNumber {
    /// By the merchant's number.
    OutTradeNo(String),
    /// By WeChat's number of its payment.
    TransactionId(String),
}

impl OrderNumber {
    /// The field that holds it, and its value.
    pub(crate) fn as_field(&self) -> (&'static str, &str) {
        match self {
            Self::OutTradeNo(number) => ("out_trade_no", number),
            Self::TransactionId(number) => ("transaction_id", number),
        }
    }

    pub(crate) fn check(&self) -> Result<(), FieldError> {
        match self {
            Self::OutTradeNo(number) => limits::out_trade_no(number),
            Self::TransactionId(number) => limits::wechat_number("transaction_id", number),
        }
    }
}

/// Asks what has become of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderQuery {
    number: OrderNumber,
    of: Fields,
}

impl OrderQuery {
    /// About the order of this number.
    ///
    /// # Errors
    /// The number can't be one.
    pub fn new(number: OrderNumber) -> Result<Self, FieldError> {
        number.check()?;
        let of = Fields::new();
        Ok(Self { number, of })
    }

    /// The same question, to this merchant only: with another merchant's key it is not sent, for WeChat would say that there is
    /// no such order.
    #[must_use]
    pub fn of(self, appid: &str, mch_id: &str) -> Self {
        let of = Fields::new().with("appid", appid).with("mch_id", mch_id);
        Self { of, ..self }
    }

    /// About the order of this merchant's number.
    ///
    /// # Errors
    /// The number can't be one.
    pub fn by_out_trade_no(number: &str) -> Result<Self, FieldError> {
        Self::new(OrderNumber::OutTradeNo(number.to_owned()))
    }
}

/// `trade_state`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderState {
    /// Paid.
    Success(Box<Payment>),
    /// Paid, and a refund has been asked for, of all or of a part, done or not.
    Refund(Box<Payment>),
    /// Not paid so far; also after a declined try.
    NotPay,
    /// Closed: can't be paid. (Seen after full refunds too.)
    Closed,
    /// Reversed; not for NATIVE orders.
    Revoked,
    /// The payer is typing a password.
    UserPaying,
    /// The payment failed for good; not for NATIVE orders.
    PayError,
    /// Accepted, to be debited; not for NATIVE orders.
    Accept,
    /// A state this crate doesn't know.
    Unknown(String),
}

impl OrderState {
    /// The payment, if there is one.
    pub fn payment(&self) -> Option<&Payment> {
        match self {
            Self::Success(payment) | Self::Refund(payment) => Some(payment),
            Self::NotPay
            | Self::Closed
            | Self::Revoked
            | Self::UserPaying
            | Self::PayError
            | Self::Accept
            | Self::Unknown(_) => None,
        }
    }
}

impl Request for OrderQuery {
    const PATH: &'static str = "/pay/orderquery";
    const CLIENT_CERT: bool = false;
    const REPEATABLE: bool = true;
    const ANSWER_CAP: usize = 64 * 1024;
    type Answer = OrderState;

    fn fields(&self) -> Fields {
        let (name, value) = self.number.as_field();
        // Room for the envelope too: this is the question that every poll asks.
        let fields = Fields::with_capacity(256).with(name, value);
        self.of
            .iter()
            .fold(fields, |fields, (name, value)| fields.with(name, value))
    }

    fn judge(&self, body: &[u8], merchant: &Merchant, kind: SignType) -> Judged<OrderState> {
        judge(body, Self::ANSWER_CAP, merchant, kind, |answer| {
            read(answer, self)
        })
    }
}

fn read(answer: &Fields, asked: &OrderQuery) -> Result<OrderState, Doubt> {
    let (name, number) = asked.number.as_field();
    let state = match required(answer, "trade_state")? {
        "SUCCESS" => OrderState::Success(Box::new(Payment::read(answer)?)),
        "REFUND" => OrderState::Refund(Box::new(Payment::read(answer)?)),
        "NOTPAY" => OrderState::NotPay,
        "CLOSED" => OrderState::Closed,
        "REVOKED" => OrderState::Revoked,
        "USERPAYING" => OrderState::UserPaying,
        "PAYERROR" => OrderState::PayError,
        "ACCEPT" => OrderState::Accept,
        other => OrderState::Unknown(other.to_owned()),
    };
    // Every state comes with the merchant's number; WeChat's own exists only once something was paid.
    if name == "out_trade_no" {
        required(answer, name)?;
    }
    same_number(answer, name, number)?;
    Ok(state)
}
