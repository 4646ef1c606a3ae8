//! `refundquery`: what has become of refunds.

use jiff::Timestamp;

use crate::beijing;
use crate::envelope::{Judged, Request, judge, required, required_fen, same_number};
use crate::fields::Fields;
use crate::limits::{self, FieldError};
use crate::merchant::Merchant;
use crate::money::{Fen, parse_fen};
use crate::order_query::OrderNumber;
use crate::outcome::Doubt;
use crate::sign::SignType;

/// How refunds are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundNumber {
    /// One refund, by WeChat's number.
    RefundId(String),
    /// One refund, by the merchant's number.
    OutRefundNo(String),
    /// All refunds of an order.
    Order(OrderNumber),
}

impl RefundNumber {
    fn as_field(&self) -> (&'static str, &str) {
        match self {
            Self::RefundId(number) => ("refund_id", number),
            Self::OutRefundNo(number) => ("out_refund_no", number),
            Self::Order(number) => number.as_field(),
        }
    }
}

/// Asks what has become of refunds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundQuery {
    number: RefundNumber,
    offset: Option<u32>,
}

impl RefundQuery {
    /// About the refunds of this number; `offset` leaves the first ones out, for orders with many.
    ///
    /// # Errors
    /// The number can't be one.
    pub fn new(number: RefundNumber, offset: Option<u32>) -> Result<Self, FieldError> {
        match &number {
            RefundNumber::RefundId(number) => limits::wechat_number("refund_id", number)?,
            RefundNumber::OutRefundNo(number) => limits::out_refund_no(number)?,
            RefundNumber::Order(number) => number.check()?,
        }
        Ok(Self { number, offset })
    }
}

/// The refunds of an order, or the one asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundList {
    /// WeChat's number of the payment.
    pub transaction_id: String,
    /// The merchant's number of the order.
    pub out_trade_no: String,
    /// The order's amount.
    pub total_fee: Fen,
    /// How many refunds the order has in all, where WeChat says so.
    pub total_refund_count: Option<u32>,
    /// Those in this answer.
    pub refunds: Vec<RefundItem>,
}

/// One refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundItem {
    /// The merchant's number.
    pub out_refund_no: String,
    /// WeChat's number.
    pub refund_id: String,
    /// The amount.
    pub refund_fee: Fen,
    /// How far it is.
    pub status: RefundStatus,
    /// `ORIGINAL`, `BALANCE` …
    pub channel: Option<String>,
    /// Where the money went, in words.
    pub recv_account: Option<String>,
    /// When it arrived.
    pub success_time: Option<Timestamp>,
}

/// How far a refund is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundStatus {
    /// Done.
    Success,
    /// Under way.
    Processing,
    /// Failed.
    Fail,
    /// The payer's card is void: the money is back at the merchant, a person must see to it.
    Change,
    /// Closed.
    RefundClose,
    /// A status this crate doesn't know.
    Unknown(String),
}

impl RefundStatus {
    /// The status of this name on the wire.
    pub fn parse(text: &str) -> Self {
        match text {
            "SUCCESS" => Self::Success,
            "PROCESSING" => Self::Processing,
            "FAIL" => Self::Fail,
            "CHANGE" => Self::Change,
            "REFUNDCLOSE" => Self::RefundClose,
            other => Self::Unknown(other.to_owned()),
        }
    }

    /// The name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Success => "SUCCESS",
            Self::Processing => "PROCESSING",
            Self::Fail => "FAIL",
            Self::Change => "CHANGE",
            Self::RefundClose => "REFUNDCLOSE",
            Self::Unknown(other) => other,
        }
    }
}

/// An order has at most 50 refunds.
const REFUNDS_MAX: u32 = 50;

impl Request for RefundQuery {
    const PATH: &'static str = "/pay/refundquery";
    const CLIENT_CERT: bool = false;
    const REPEATABLE: bool = true;
    const ANSWER_CAP: usize = 256 * 1024;
    type Answer = RefundList;

    fn fields(&self) -> Fields {
        let (name, number) = self.number.as_field();
        Fields::new()
            .with(name, number)
            .with_some("offset", self.offset.map(|offset| offset.to_string()))
    }

    fn judge(&self, body: &[u8], merchant: &Merchant, kind: SignType) -> Judged<RefundList> {
        judge(body, Self::ANSWER_CAP, merchant, kind, |answer| {
            read(answer, &self.number)
        })
    }
}

fn read(answer: &Fields, asked: &RefundNumber) -> Result<RefundList, Doubt> {
    let count: u32 = required(answer, "refund_count")?
        .parse()
        .map_err(|_| Doubt::FieldWrong("refund_count"))?;
    if count > REFUNDS_MAX {
        return Err(Doubt::FieldWrong("refund_count"));
    }
    let refunds = (0..count)
        .map(|n| read_item(answer, n))
        .collect::<Result<Vec<_>, _>>()?;
    match asked {
        RefundNumber::RefundId(number) if refunds.iter().any(|item| item.refund_id != *number) => {
            return Err(Doubt::OtherOrder);
        }
        RefundNumber::OutRefundNo(number) if refunds.iter().any(|item| item.out_refund_no != *number) => {
            return Err(Doubt::OtherOrder);
        }
        RefundNumber::Order(number) => {
            let (name, number) = number.as_field();
            same_number(answer, name, number)?;
        }
        RefundNumber::RefundId(_) | RefundNumber::OutRefundNo(_) => {}
    }
    let total = answer.present("total_refund_count").map(str::parse).transpose();
    Ok(RefundList {
        transaction_id: required(answer, "transaction_id")?.to_owned(),
        out_trade_no: required(answer, "out_trade_no")?.to_owned(),
        total_fee: required_fen(answer, "total_fee")?,
        total_refund_count: total.map_err(|_| Doubt::FieldWrong("total_refund_count"))?,
        refunds,
    })
}

fn read_item(answer: &Fields, n: u32) -> Result<RefundItem, Doubt> {
    let get = |name: &str| answer.present(&format!("{name}_{n}"));
    let refund_fee = get("refund_fee").ok_or(Doubt::FieldMissing("refund_fee_$n"))?;
    let success_time = match get("refund_success_time") {
        None => None,
        Some(text) => Some(beijing::parse_spaced(text).ok_or(Doubt::FieldWrong("refund_success_time_$n"))?),
    };
    Ok(RefundItem {
        out_refund_no: get("out_refund_no")
            .ok_or(Doubt::FieldMissing("out_refund_no_$n"))?
            .to_owned(),
        refund_id: get("refund_id")
            .ok_or(Doubt::FieldMissing("refund_id_$n"))?
            .to_owned(),
        refund_fee: parse_fen(refund_fee).map_err(|_| Doubt::FieldWrong("refund_fee_$n"))?,
        status: RefundStatus::parse(get("refund_status").ok_or(Doubt::FieldMissing("refund_status_$n"))?),
        channel: get("refund_channel").map(str::to_owned),
        // The wire's own spelling.
        recv_account: get("refund_recv_accout").map(str::to_owned),
        success_time,
    })
}
