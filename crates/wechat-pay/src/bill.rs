//! The bill: a text table with back-ticks, amounts in yuan, columns found by their names.
//!
//! Official page: `/doc/v2/merchant/4011987833`. Every value has a back-tick before it and nothing is quoted, so rows
//! are split on comma plus back-tick: a product's name may hold either of them.

mod table;

use std::io::Read;

use flate2::read::MultiGzDecoder;
use jiff::Timestamp;

use crate::fields::Fields;
use crate::money::{Fen, MicroYuan};
use crate::payment::OpenId;
use crate::xml::XmlError;

/// The longest bill that is read, in bytes, compressed or not: some 150,000 rows.
pub const CAP: usize = 64 * 1024 * 1024;

/// The columns of [`BillType::All`].
pub const HEADER_ALL: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
/// The columns of [`BillType::Success`].
pub const HEADER_SUCCESS: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,商品名称,商户数据包,手续费,费率,订单金额,费率备注";
/// The columns of [`BillType::Refund`].
pub const HEADER_REFUND: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,退款申请时间,退款成功时间,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
/// The summary's columns.
pub const HEADER_SUMMARY: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

/// Which rows a bill has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BillType {
    /// Payments and refunds.
    #[default]
    All,
    /// Payments.
    Success,
    /// Refunds.
    Refund,
}

impl BillType {
    /// The value of the field `bill_type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Success => "SUCCESS",
            Self::Refund => "REFUND",
        }
    }
}

/// A day's bill. A refunded order has a row for its payment and one for each refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// Which rows it has, by its columns.
    pub kind: BillType,
    /// The transactions, in WeChat's order.
    pub rows: Vec<BillRow>,
    /// The totals as WeChat gives them.
    pub summary: BillSummary,
}

/// One transaction. Amounts are never negative but for the fee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillRow {
    /// When it was paid, or when the refund was accepted.
    pub time: Timestamp,
    /// The app.
    pub appid: String,
    /// The merchant.
    pub mch_id: String,
    /// The order's `device_info`: the till.
    pub device_info: String,
    /// WeChat's number of the payment.
    pub transaction_id: String,
    /// The merchant's number of the order.
    pub out_trade_no: String,
    /// The payer.
    pub openid: OpenId,
    /// `NATIVE` …
    pub trade_type: String,
    /// `SUCCESS`, `REFUND` or `REVOKED`.
    pub trade_state: String,
    /// Which bank or purse.
    pub bank_type: String,
    /// The currency.
    pub fee_type: String,
    /// What is settled (应结订单金额; 总金额 in the old format).
    pub settlement_total_fee: Fen,
    /// What coupons paid.
    pub coupon_fee: Fen,
    /// The refund, in a refund's row.
    pub refund: Option<BillRefund>,
    /// What the payer read.
    pub body: String,
    /// The order's `attach`.
    pub attach: String,
    /// WeChat's fee; negative where it is given back. `None` where the cell is empty.
    pub fee: Option<MicroYuan>,
    /// The fee's rate, as written: `0.60%`.
    pub rate: String,
    /// The order's amount (订单金额); absent in the old format.
    pub total_fee: Option<Fen>,
}

/// The refund of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillRefund {
    /// When it was asked for; in bills of refunds only.
    pub applied_at: Option<Timestamp>,
    /// When it arrived; in bills of refunds only, and only once it has.
    pub succeeded_at: Option<Timestamp>,
    /// WeChat's number.
    pub refund_id: String,
    /// The merchant's number.
    pub out_refund_no: String,
    /// What was given back.
    pub refund_fee: Fen,
    /// What coupons were given back.
    pub coupon_refund_fee: Fen,
    /// `ORIGINAL` …
    pub kind: String,
    /// `SUCCESS`, `PROCESSING` … as it was when the bill was made.
    pub status: String,
    /// What was asked to be given back; absent in the old format.
    pub applied_fee: Option<Fen>,
}

/// The totals as WeChat gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BillSummary {
    /// How many rows.
    pub count: u64,
    /// What is settled (应结订单总金额; 总交易额 in the old format).
    pub settlement_total: Fen,
    /// What was given back.
    pub refund_total: Option<Fen>,
    /// What coupons were given back.
    pub coupon_refund_total: Option<Fen>,
    /// WeChat's fees.
    pub fee_total: Option<MicroYuan>,
    /// The orders' amounts.
    pub order_total: Option<Fen>,
    /// What was asked to be given back.
    pub applied_refund_total: Option<Fen>,
}

/// Why there is no bill.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BillError {
    /// Nothing happened on that day.
    #[error("nothing happened on that day")]
    NoBillExist,
    /// Not made yet: ask later.
    #[error("not made yet")]
    BillCreating,
    /// WeChat doesn't know: ask again.
    #[error("WeChat's system error")]
    SystemError,
    /// Our sign was wrong.
    #[error("WeChat found our sign wrong")]
    SignError,
    /// The request was wrong in another way, in WeChat's words.
    #[error("WeChat refused: {return_msg} ({error_code})")]
    Refused {
        /// In words.
        return_msg: String,
        /// A number such as 20002; may be empty.
        error_code: String,
    },
    /// The error that came instead of a bill can't be read.
    #[error("the error that came instead can't be read: {0}")]
    Xml(#[from] XmlError),
    /// Longer than [`CAP`], as it came or decompressed.
    #[error("too long")]
    TooLarge,
    /// The compression is broken.
    #[error("can't be decompressed")]
    Gzip,
    /// Not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// A column is missing.
    #[error("has no column {0}")]
    Column(&'static str),
    /// A row can't be read.
    #[error("line {line}: {column} can't be read")]
    Row {
        /// The line, from 1.
        line: usize,
        /// The column.
        column: &'static str,
    },
    /// The summary is missing: the bill is cut off.
    #[error("is cut off before its summary")]
    CutOff,
}

/// Reads what `downloadbill` answered: a table, plain or compressed, or the XML of an error.
///
/// # Errors
/// WeChat's error, or a table that can't be read to the last fen.
pub fn read(body: &[u8]) -> Result<Bill, BillError> {
    read_within(body, CAP)
}

/// [`read`] with another limit on the size, before and after decompression.
///
/// # Errors
/// See [`read`].
pub fn read_within(body: &[u8], cap: usize) -> Result<Bill, BillError> {
    if body.len() > cap {
        return Err(BillError::TooLarge);
    }
    let inflated;
    let mut bytes = body;
    // By its first bytes and not by what was asked for: errors come as plain XML all the same.
    if bytes.starts_with(&[0x1f, 0x8b]) {
        inflated = inflate(bytes, cap)?;
        bytes = &inflated;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii_start().starts_with(b"<") {
        return Err(refusal(bytes));
    }
    table::read(std::str::from_utf8(bytes).map_err(|_| BillError::NotUtf8)?)
}

fn inflate(body: &[u8], cap: usize) -> Result<Vec<u8>, BillError> {
    let mut inflated = Vec::new();
    // One byte more than allowed is enough to know; a bomb is never unpacked further.
    let limit = u64::try_from(cap).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(body)
        .take(limit)
        .read_to_end(&mut inflated)
        .map_err(|_| BillError::Gzip)?;
    if inflated.len() > cap {
        Err(BillError::TooLarge)
    } else {
        Ok(inflated)
    }
}

/// What the XML that came instead of a bill says. Capital letters differ between pages, so they don't count.
fn refusal(body: &[u8]) -> BillError {
    let fields = match Fields::from_xml(body, 64 * 1024) {
        Ok(fields) => fields,
        Err(error) => return BillError::Xml(error),
    };
    let return_msg = fields.get("return_msg").unwrap_or_default().to_owned();
    let error_code = fields
        .present("error_code")
        .or_else(|| fields.present("err_code"))
        .unwrap_or_default();
    let says = |words: &str| return_msg.eq_ignore_ascii_case(words) || error_code.eq_ignore_ascii_case(words);
    if says("No Bill Exist") || says("NO_BILL_EXIST") || error_code == "20002" {
        BillError::NoBillExist
    } else if says("Bill Creating") || says("BILL_CREATING") {
        BillError::BillCreating
    } else if says("SYSTEMERROR") {
        BillError::SystemError
    } else if says("SIGN ERROR") || says("SIGNERROR") || return_msg == "签名失败" {
        BillError::SignError
    } else {
        BillError::Refused {
            return_msg,
            error_code: error_code.to_owned(),
        }
    }
}
