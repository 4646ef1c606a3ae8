//! Reads a message: what it tells this till, or why it is of no use here. Whoever brought it, a notify is verified with the
//! till's own key.

use notify_bus::{Kind, MessageError};
use till_core::{FoundBy, OutTradeNo, Payment};
use wechat_pay::pay_notify::{self, Notify, NotifyRefusal};
use wechat_pay::refund_notify::{self, RefundNotify};
use wechat_pay::{Fields, sign};

use super::take_in::Incoming;
use crate::config::Config;
use crate::order;

/// The field by which a till knows its own probe.
pub(super) const PROBE: &str = "scantill_probe";

/// What a message tells this till.
#[derive(Debug)]
pub(super) enum News {
    /// An order of this till is paid.
    Paid(OutTradeNo, Payment),
    /// Authentic, about an order of this till, but no payment; WeChat's code for why.
    NotPaid(OutTradeNo, String),
    /// A refund of an order of this till has ended.
    Refund(OutTradeNo, Box<RefundNotify>),
    /// An order's time is up, says the broker.
    Deadline(OutTradeNo),
    /// A probe has come round.
    Probe(String),
}

/// Why a message is of no use to this till.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Useless {
    /// No map of text fields, or names that no message has.
    Unreadable,
    /// No kind of ours.
    UnknownKind,
    /// Longer than any message of ours.
    TooLong,
    /// `return_code` is not SUCCESS: nothing in it is signed.
    ReturnFail,
    /// Not signed.
    Unsigned,
    /// Signed, but not with this till's key.
    WrongSign,
    /// A refund that this till's key does not open.
    WrongCipher,
    /// Another merchant's or another app's.
    OtherMerchant,
    /// A field is missing or can't be read.
    WrongField,
    /// About another till's order.
    OtherTill,
    /// About an order of this till's that is not in its ledger: a ledger that was restored, or another till with this id.
    UnknownOrder,
    /// The ledger refuses it, and would again.
    NotSavable,
}

impl Useless {
    /// All there are.
    pub const ALL: [Self; 12] = [
        Self::Unreadable,
        Self::UnknownKind,
        Self::TooLong,
        Self::ReturnFail,
        Self::Unsigned,
        Self::WrongSign,
        Self::WrongCipher,
        Self::OtherMerchant,
        Self::WrongField,
        Self::OtherTill,
        Self::UnknownOrder,
        Self::NotSavable,
    ];

    /// The reason of this code.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.word() == word)
    }

    /// A short code; the page has the words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::UnknownKind => "unknown_kind",
            Self::TooLong => "too_long",
            Self::ReturnFail => "return_fail",
            Self::Unsigned => "unsigned",
            Self::WrongSign => "wrong_sign",
            Self::WrongCipher => "wrong_cipher",
            Self::OtherMerchant => "other_merchant",
            Self::WrongField => "wrong_field",
            Self::OtherTill => "other_till",
            Self::UnknownOrder => "unknown_order",
            Self::NotSavable => "not_savable",
        }
    }
}

impl From<NotifyRefusal> for Useless {
    fn from(refusal: NotifyRefusal) -> Self {
        match refusal {
            NotifyRefusal::Xml(_) => Self::Unreadable,
            NotifyRefusal::ReturnFail => Self::ReturnFail,
            NotifyRefusal::Sign(error) => error.into(),
            NotifyRefusal::OtherMerchant => Self::OtherMerchant,
            NotifyRefusal::FieldMissing(_) | NotifyRefusal::FieldWrong(_) => Self::WrongField,
            NotifyRefusal::Cipher => Self::WrongCipher,
        }
    }
}

impl From<sign::SignError> for Useless {
    fn from(error: sign::SignError) -> Self {
        match error {
            sign::SignError::Missing => Self::Unsigned,
            sign::SignError::Wrong | sign::SignError::UnknownType | sign::SignError::TypeDiffers => {
                Self::WrongSign
            }
        }
    }
}

/// Reads a message.
pub(super) fn read(config: &Config, message: &Incoming) -> Result<News, Useless> {
    let (kind, fields) = message.content.as_ref().map_err(|error| match error {
        MessageError::Kind => Useless::UnknownKind,
        MessageError::Length => Useless::TooLong,
        MessageError::Form => Useless::Unreadable,
    })?;
    let fields = Fields::try_from_iter(fields).map_err(|_| Useless::Unreadable)?;
    match kind {
        Kind::Notify if fields.present("req_info").is_some() => {
            let refund = refund_notify::read(&fields, &config.merchant)?;
            Ok(News::Refund(
                own(config, Some(&refund.out_trade_no))?,
                Box::new(refund),
            ))
        }
        Kind::Notify => match pay_notify::read(&fields, &config.merchant)? {
            Notify::Paid(payment) => Ok(News::Paid(
                own(config, Some(&payment.out_trade_no))?,
                order::paid(&payment, FoundBy::Notify),
            )),
            Notify::NotPaid {
                out_trade_no,
                err_code,
                ..
            } => {
                let word = err_code.map_or_else(|| "FAIL".to_owned(), |code| code.as_str().to_owned());
                Ok(News::NotPaid(own(config, out_trade_no.as_deref())?, word))
            }
        },
        Kind::Deadline => Ok(News::Deadline(own(config, fields.present("out_trade_no"))?)),
        Kind::Probe => {
            config
                .merchant
                .with_its_key(|key| sign::verify(&fields, key, None))?;
            let probe = fields.present(PROBE).ok_or(Useless::WrongField)?;
            Ok(News::Probe(probe.to_owned()))
        }
    }
}

/// The order's number, if it is one of this till's.
fn own(config: &Config, out_trade_no: Option<&str>) -> Result<OutTradeNo, Useless> {
    let text = out_trade_no.ok_or(Useless::WrongField)?;
    // A number that can't be one of ours is another system's.
    let number = OutTradeNo::parse(text).map_err(|_| Useless::OtherTill)?;
    if number.till() == config.shop.till.as_str() {
        Ok(number)
    } else {
        Err(Useless::OtherTill)
    }
}
