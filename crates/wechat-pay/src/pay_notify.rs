//! The notify by which WeChat tells of a payment: read and verified by merchants, written by simulators.
//!
//! Official page: `/doc/v2/merchant/4011937248`. A notify has no time stamp, so a replay can be told only by what
//! the order's state already is; that is the caller's part, as is comparing the amount with the order's.

use crate::envelope::{Unreadable, required};
use crate::fields::Fields;
use crate::merchant::{Merchant, Nonce};
use crate::outcome::ErrCode;
use crate::payment::Payment;
use crate::sign::{self, SignError};
use crate::xml::XmlError;

/// The longest notify that is read, in bytes.
pub const CAP: usize = 64 * 1024;

/// An authentic notify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notify {
    /// The order is paid.
    Paid(Box<Payment>),
    /// `result_code=FAIL`: authentic, to be acknowledged, but no payment.
    NotPaid {
        /// The order, if the notify names it.
        out_trade_no: Option<String>,
        /// Why.
        err_code: Option<ErrCode>,
        /// Why, in words.
        err_code_des: Option<String>,
    },
}

/// Why a notify isn't believed. Holds nothing of the body, so that it can be logged and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotifyRefusal {
    /// It can't be read.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// `return_code` isn't SUCCESS: such a notify carries no sign.
    #[error("the notify says return_code FAIL")]
    ReturnFail,
    /// It isn't signed, or not by WeChat.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// Another merchant's, or another app's.
    #[error("the notify is for another merchant")]
    OtherMerchant,
    /// A field is missing.
    #[error("the notify lacks {0}")]
    FieldMissing(&'static str),
    /// A field can't be read.
    #[error("the notify's {0} can't be read")]
    FieldWrong(&'static str),
    /// `req_info` of a refund notify isn't base64, or not encrypted by our key.
    #[error("the refund notify can't be decrypted")]
    Cipher,
}

impl From<Unreadable> for NotifyRefusal {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Missing(name) => Self::FieldMissing(name),
            Unreadable::Wrong(name) => Self::FieldWrong(name),
        }
    }
}

/// Reads and verifies a notify's body.
///
/// # Errors
/// Anything that isn't an authentic notify for this merchant.
pub fn from_bytes(body: &[u8], merchant: &Merchant) -> Result<(Fields, Notify), NotifyRefusal> {
    let fields = Fields::from_xml(body, CAP)?;
    let notify = read(&fields, merchant)?;
    Ok((fields, notify))
}

/// Verifies a notify that has been parsed already, for instance one that came over a message broker.
///
/// The type of sign is told by the sign itself: WeChat signs by the type the order was placed with and usually
/// sends no `sign_type`.
///
/// # Errors
/// Anything that isn't an authentic notify for this merchant.
pub fn read(fields: &Fields, merchant: &Merchant) -> Result<Notify, NotifyRefusal> {
    if required(fields, "return_code")? != "SUCCESS" {
        return Err(NotifyRefusal::ReturnFail);
    }
    merchant.with_its_key(|key| sign::verify(fields, key, None))?;
    check_merchant(fields, merchant)?;
    match required(fields, "result_code")? {
        "SUCCESS" => Ok(Notify::Paid(Box::new(Payment::read(fields)?))),
        "FAIL" => Ok(Notify::NotPaid {
            out_trade_no: fields.present("out_trade_no").map(str::to_owned),
            err_code: fields.present("err_code").map(ErrCode::parse),
            err_code_des: fields.present("err_code_des").map(str::to_owned),
        }),
        _ => Err(NotifyRefusal::FieldWrong("result_code")),
    }
}

pub(crate) fn check_merchant(fields: &Fields, merchant: &Merchant) -> Result<(), NotifyRefusal> {
    for (name, ours) in [("appid", &merchant.appid), ("mch_id", &merchant.mch_id)] {
        if required(fields, name)? != ours {
            return Err(NotifyRefusal::OtherMerchant);
        }
    }
    Ok(())
}

/// Whether a written notify names its type of sign; WeChat's usually don't.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignTypeField {
    /// The field is there, and signed.
    Present,
    /// It isn't.
    Absent,
}

/// Writes the notify of a payment, signed by the merchant's type: WeChat's part, for simulators and tests.
pub fn write(payment: &Payment, merchant: &Merchant, nonce: &Nonce, field: SignTypeField) -> Fields {
    let mut fields = Fields::new()
        .with("return_code", "SUCCESS")
        .with("appid", &merchant.appid)
        .with("mch_id", &merchant.mch_id)
        .with("nonce_str", nonce.as_str())
        .with("result_code", "SUCCESS");
    match field {
        SignTypeField::Present => fields.set("sign_type", merchant.sign_type.as_str()),
        SignTypeField::Absent => {}
    }
    for (name, value) in payment.to_fields().iter() {
        fields.set(name, value);
    }
    sign::signed(fields, &merchant.api_key, merchant.sign_type)
}

/// What WeChat is answered: taken over, or to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotifyReply {
    /// Taken over: WeChat stops sending.
    Taken,
    /// Not taken over: WeChat sends it again.
    SendAgain,
}

/// The body of the answer to a notify, to be sent with HTTP 200. Constant, without a reason: it tells a forger
/// nothing.
pub const fn notify_reply(reply: NotifyReply) -> &'static str {
    match reply {
        NotifyReply::Taken => {
            "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>"
        }
        NotifyReply::SendAgain => {
            "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[FAIL]]></return_msg></xml>"
        }
    }
}
