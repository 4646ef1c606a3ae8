//! The calls of the API that the simulator answers, one file each.

mod closeorder;
mod downloadbill;
mod orderquery;
mod refund;
mod refundquery;
mod unifiedorder;

use serde::{Deserialize, Serialize};

use crate::gateway::Gateway;
use crate::wire::Params;
use jiff::Timestamp;

/// A call of the API. In JSON its name at WeChat, in small letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Call {
    /// Places a NATIVE order.
    UnifiedOrder,
    /// Asks how an order stands.
    OrderQuery,
    /// Closes an unpaid order.
    CloseOrder,
    /// Asks for a refund; needs the client certificate.
    Refund,
    /// Asks how refunds stand.
    RefundQuery,
    /// A day's bill.
    DownloadBill,
}

impl Call {
    /// The call behind a path of `api.mch.weixin.qq.com`.
    pub fn of_path(path: &str) -> Option<Self> {
        match path {
            "/pay/unifiedorder" => Some(Self::UnifiedOrder),
            "/pay/orderquery" => Some(Self::OrderQuery),
            "/pay/closeorder" => Some(Self::CloseOrder),
            "/secapi/pay/refund" => Some(Self::Refund),
            "/pay/refundquery" => Some(Self::RefundQuery),
            "/pay/downloadbill" => Some(Self::DownloadBill),
            _ => None,
        }
    }

    /// Its path.
    pub const fn path(self) -> &'static str {
        match self {
            Self::UnifiedOrder => "/pay/unifiedorder",
            Self::OrderQuery => "/pay/orderquery",
            Self::CloseOrder => "/pay/closeorder",
            Self::Refund => "/secapi/pay/refund",
            Self::RefundQuery => "/pay/refundquery",
            Self::DownloadBill => "/pay/downloadbill",
        }
    }

    /// Whether WeChat wants the client certificate for it.
    pub const fn needs_certificate(self) -> bool {
        matches!(self, Self::Refund)
    }

    pub(crate) fn run(
        self,
        gateway: &mut Gateway,
        now: Timestamp,
        request: &Params,
    ) -> Result<Done, Refusal> {
        match self {
            Self::UnifiedOrder => unifiedorder::run(gateway, now, request).map(Done::Fields),
            Self::OrderQuery => orderquery::run(gateway, now, request).map(Done::Fields),
            Self::CloseOrder => closeorder::run(gateway, now, request).map(Done::Fields),
            Self::Refund => refund::run(gateway, now, request).map(Done::Fields),
            Self::RefundQuery => refundquery::run(gateway, now, request).map(Done::Fields),
            Self::DownloadBill => downloadbill::run(gateway, now, request),
        }
    }
}

/// What a call that was carried out answers.
#[derive(Debug)]
pub(crate) enum Done {
    /// The fields beside the common envelope.
    Fields(Params),
    /// A bill: no XML, no signature.
    Bill { bytes: Vec<u8>, gzip: bool },
    /// A bill's refusal: unsigned XML with `error_code`.
    BillRefused {
        message: &'static str,
        code: &'static str,
    },
}

/// `result_code=FAIL` with its code and description: the request was understood and refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) description: String,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, description: impl Into<String>) -> Self {
        Self {
            code,
            description: description.into(),
        }
    }
}

pub(crate) use orderquery::add_payment;
