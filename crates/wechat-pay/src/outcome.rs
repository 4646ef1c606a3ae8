//! What came of an exchange: yes, no, or unknown.

use jiff::SignedDuration;

use crate::bill::BillError;
use crate::xml::XmlError;

/// What came of an exchange. There is no fourth way, and no way to read "unknown" as "no".
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome<A> {
    /// WeChat has done it, says its signature.
    Yes(A),
    /// WeChat has not done it and won't, says its signature.
    No(Refusal),
    /// It may be done or not: ask again.
    Unknown(Doubt),
}

impl<A> Outcome<A> {
    /// The same outcome with another answer.
    pub fn map<B>(self, change: impl FnOnce(A) -> B) -> Outcome<B> {
        match self {
            Self::Yes(answer) => Outcome::Yes(change(answer)),
            Self::No(refusal) => Outcome::No(refusal),
            Self::Unknown(doubt) => Outcome::Unknown(doubt),
        }
    }
}

/// A verified `result_code=FAIL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub err_code: ErrCode,
    /// WeChat's words for it; may be empty.
    pub err_code_des: String,
}

impl Refusal {
    /// Whether the order number is taken by an order with other parameters. WeChat has two ways to say so:
    /// `OUT_TRADE_NO_USED` (older), and `INVALID_REQUEST` with the words "201 商户订单号重复".
    pub fn is_number_taken(&self) -> bool {
        let says_so = || self.err_code_des.starts_with("201") || self.err_code_des.contains("商户订单号重复");
        self.err_code == ErrCode::OutTradeNoUsed || (self.err_code == ErrCode::InvalidRequest && says_so())
    }
}

/// Every way in which an answer wasn't given or can't be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// No answer within the time allowed.
    #[error("no answer in time")]
    Timeout,
    /// No connection: no such host, refused, or TLS not to be trusted. Nothing was sent.
    #[error("no connection")]
    NotConnected,
    /// The connection broke before the answer was whole.
    #[error("the answer was cut off")]
    CutOff,
    /// The call needs the merchant's client certificate and there is none. Nothing was sent.
    #[error("the client certificate is missing")]
    NoClientCert,
    /// Not HTTP 200: V2 answers errors with 200 too, so this wasn't V2 speaking.
    #[error("HTTP status {0}")]
    HttpStatus(u16),
    /// Sent elsewhere; not followed.
    #[error("redirected")]
    Redirected,
    /// A longer answer than any V2 answer.
    #[error("the answer is too long")]
    TooLarge,
    /// The answer isn't a V2 document.
    #[error("the answer can't be read: {0}")]
    Xml(#[from] XmlError),
    /// `return_code=FAIL`: unsigned, so nothing in it can be trusted.
    #[error("refused without a signature: {return_msg}")]
    ReturnFail {
        /// What it said.
        return_msg: String,
    },
    /// The answer isn't signed.
    #[error("the answer is not signed")]
    SignMissing,
    /// The answer is signed wrongly.
    #[error("the answer is signed wrongly")]
    SignWrong,
    /// The answer is signed by another type than the request, or by an unknown one.
    #[error("the answer is signed by another type than the request")]
    SignTypeDiffers,
    /// The answer, or a request saved earlier, is another merchant's. Such a request isn't sent.
    #[error("another merchant's")]
    OtherMerchant,
    /// The answer is about another order or refund than the one asked about.
    #[error("the answer is about another order")]
    OtherOrder,
    /// The answer lacks a field.
    #[error("the answer lacks {0}")]
    FieldMissing(&'static str),
    /// A field of the answer can't be read.
    #[error("the answer's {0} can't be read")]
    FieldWrong(&'static str),
    /// A code by which WeChat itself says that it doesn't know, or that it didn't look.
    #[error("WeChat is in doubt: {err_code:?}")]
    SystemError {
        /// `SYSTEMERROR`, `BANKERROR`, `BIZERR_NEED_RETRY`, `FREQUENCY_LIMITED` …
        err_code: ErrCode,
    },
    /// The bill can't be read, or isn't made yet.
    #[error("the bill: {0}")]
    Bill(#[from] BillError),
}

impl Doubt {
    /// How long WeChat wants to be left alone about the same thing before it is asked again, unchanged; zero where it asks for
    /// nothing of the kind. How often and how slowly to try beyond that is for the caller, who knows what is at stake.
    pub fn retry_after(&self) -> SignedDuration {
        match self {
            Self::HttpStatus(429)
            | Self::SystemError {
                err_code: ErrCode::FrequencyLimited,
            } => SignedDuration::from_secs(10),
            // WeChat blocks for about a minute.
            Self::SystemError {
                err_code: ErrCode::InvalidReqTooMuch,
            } => SignedDuration::from_secs(65),
            Self::SystemError { .. }
            | Self::Timeout
            | Self::NotConnected
            | Self::CutOff
            | Self::NoClientCert
            | Self::HttpStatus(_)
            | Self::Redirected
            | Self::TooLarge
            | Self::Xml(_)
            | Self::ReturnFail { .. }
            | Self::SignMissing
            | Self::SignWrong
            | Self::SignTypeDiffers
            | Self::OtherMerchant
            | Self::OtherOrder
            | Self::FieldMissing(_)
            | Self::FieldWrong(_)
            | Self::Bill(_) => SignedDuration::ZERO,
        }
    }
}

macro_rules! err_codes {
    ($($(#[$doc:meta])* $name:ident = $wire:literal,)*) => {
        /// `err_code` of the calls in this crate.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum ErrCode {
            $($(#[$doc])* $name,)*
            /// Any other code.
            Other(String),
        }

        impl ErrCode {
            /// The code of this name on the wire.
            pub fn parse(text: &str) -> Self {
                match text {
                    $($wire => Self::$name,)*
                    other => Self::Other(other.to_owned()),
                }
            }

            /// The name on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $wire,)*
                    Self::Other(other) => other,
                }
            }
        }
    };
}

err_codes! {
    /// The order is paid.
    OrderPaid = "ORDERPAID",
    /// The order is closed; its number is burnt.
    OrderClosed = "ORDERCLOSED",
    /// There is no such order: placing it never succeeded.
    OrderNotExist = "ORDERNOTEXIST",
    /// The number is taken by an order with other parameters.
    OutTradeNoUsed = "OUT_TRADE_NO_USED",
    /// Not allowed as asked; "201 商户订单号重复" is told by [`Refusal::is_number_taken`].
    InvalidRequest = "INVALID_REQUEST",
    /// The order's state doesn't allow it.
    TradeStateError = "TRADE_STATE_ERROR",
    /// There is no such refund.
    RefundNotExist = "REFUNDNOTEXIST",
    /// Not enough money, the merchant's in a refund.
    NotEnough = "NOTENOUGH",
    /// Too old to be refunded.
    TradeOverdue = "TRADE_OVERDUE",
    /// The payer's account can't take a refund.
    UserAccountAbnormal = "USER_ACCOUNT_ABNORMAL",
    /// A business error told in words.
    Error = "ERROR",
    /// No such transaction number.
    InvalidTransactionId = "INVALID_TRANSACTIONID",
    /// The merchant may not use this call.
    NoAuth = "NOAUTH",
    /// No such appid.
    AppidNotExist = "APPID_NOT_EXIST",
    /// No such merchant.
    MchidNotExist = "MCHID_NOT_EXIST",
    /// The appid isn't bound to the merchant.
    AppidMchidNotMatch = "APPID_MCHID_NOT_MATCH",
    /// A parameter is missing.
    LackParams = "LACK_PARAMS",
    /// A parameter is wrong.
    ParamError = "PARAM_ERROR",
    /// Our sign is wrong.
    SignError = "SIGNERROR",
    /// Our XML is wrong.
    XmlFormatError = "XML_FORMAT_ERROR",
    /// Not a POST.
    RequirePostMethod = "REQUIRE_POST_METHOD",
    /// Nothing was posted.
    PostDataEmpty = "POST_DATA_EMPTY",
    /// Our body isn't UTF-8.
    NotUtf8 = "NOT_UTF8",
    /// Nothing happened on the bill's day.
    NoBillExist = "NO_BILL_EXIST",
    /// WeChat doesn't know; ask again.
    SystemError = "SYSTEMERROR",
    /// The bank doesn't know; ask again.
    BankError = "BANKERROR",
    /// Ask again with the same number.
    BizerrNeedRetry = "BIZERR_NEED_RETRY",
    /// Too many calls; not looked at.
    FrequencyLimited = "FREQUENCY_LIMITED",
    /// Too many wrong calls; not looked at for about a minute.
    InvalidReqTooMuch = "INVALID_REQ_TOO_MUCH",
    /// The payer is typing a password.
    UserPaying = "USERPAYING",
}

impl ErrCode {
    /// Whether the code leaves it open if the thing asked for has happened.
    pub fn leaves_doubt(&self) -> bool {
        matches!(
            self,
            Self::SystemError
                | Self::BankError
                | Self::BizerrNeedRetry
                | Self::FrequencyLimited
                | Self::InvalidReqTooMuch
                | Self::UserPaying
        )
    }
}
