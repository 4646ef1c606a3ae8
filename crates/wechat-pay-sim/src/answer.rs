//! What the gateway sends back, and how.

use std::time::Duration;

use crate::calls::Call;

/// How an answer reaches the merchant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// After that long.
    After(Duration),
    /// Never; the connection stays open.
    Hang,
    /// Never; the connection is cut.
    Drop,
}

/// What one request leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How it reaches the merchant.
    pub delivery: Delivery,
    /// HTTP status; 200 for everything that WeChat itself says.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `Location` of a redirect.
    pub location: Option<&'static str>,
    /// The body, whole or as a fault left it. Empty when it is never delivered.
    pub body: Vec<u8>,
    /// What the log says of it.
    pub record: Record,
}

/// A request and its result in words that may be logged: no key, no openid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The call, if the path names one.
    pub call: Option<Call>,
    /// The order it names, as far as it could be read.
    pub out_trade_no: String,
    /// The verdict on its signature.
    pub signature: Signature,
    /// The result: `SUCCESS`, an error code, or what cut it short.
    pub result: String,
}

/// The verdict on a request's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// Not looked at: the request was refused or lost before.
    Unchecked,
    /// Right, MD5.
    Md5,
    /// Right, HMAC-SHA256.
    HmacSha256,
    /// There is none.
    Missing,
    /// There is one and it is wrong, or of another type than the request says.
    Wrong,
}

impl Signature {
    /// One word for the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unchecked => "unchecked",
            Self::Md5 => "md5",
            Self::HmacSha256 => "hmac-sha256",
            Self::Missing => "missing",
            Self::Wrong => "wrong",
        }
    }
}

impl Record {
    pub(crate) fn of(call: Option<Call>) -> Self {
        Self {
            call,
            out_trade_no: String::new(),
            signature: Signature::Unchecked,
            result: String::new(),
        }
    }

    pub(crate) fn result(mut self, result: impl Into<String>) -> Self {
        self.result = result.into();
        self
    }
}

pub(crate) const XML: &str = "text/xml; charset=utf-8";
pub(crate) const HTML: &str = "text/html; charset=utf-8";

impl Answer {
    pub(crate) fn text(body: impl Into<Vec<u8>>, content_type: &'static str, record: Record) -> Self {
        let delivery = Delivery::After(Duration::ZERO);
        Self {
            delivery,
            status: 200,
            content_type,
            location: None,
            body: body.into(),
            record,
        }
    }

    /// A page of the web server before the gateway.
    pub(crate) fn page(status: u16, title: &str, record: Record) -> Self {
        let body = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body><center><h1>{title}</h1></center></body>\r\n</html>\r\n"
        );
        Self {
            status,
            ..Self::text(body, HTML, record.result(format!("HTTP {status}")))
        }
    }

    pub(crate) fn lost(delivery: Delivery, record: Record) -> Self {
        Self {
            delivery,
            ..Self::text(Vec::new(), XML, record)
        }
    }
}
