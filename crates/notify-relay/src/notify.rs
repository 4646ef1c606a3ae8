//! Whether a body is an authentic notify, and the message that it becomes. No I/O, no clock.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use notify_bus::{Kind, Message, Route, RouteError};
use wechat_pay::pay_notify::{self, Notify, NotifyRefusal};
use wechat_pay::{ApiKey, Fields, Merchant, SignError, SignType, XmlError, refund_notify, sign};

/// The field by which a till's own test is told from WeChat's notifies; its value is the message's id.
pub const PROBE: &str = "scantill_probe";
/// Longest value of [`PROBE`].
const PROBE_CAP: usize = 64;
/// In the place of a till's id when a notify names none. No till can have it: an id ends before the first `-`.
const NO_TILL: &str = "-";

/// A merchant whose notifies are taken.
#[derive(Debug, Clone)]
pub struct Served {
    current: Merchant,
    previous: Option<Merchant>,
    /// Where a notify goes that names no till: no queue has this route, so it lies with the unrouted ones.
    nowhere: Route,
}

/// The merchants whose notifies are taken: at least one, each pair of appid and merchant number once.
#[derive(Debug, Clone)]
pub struct Merchants {
    first: Served,
    more: Vec<Served>,
}

/// What an authentic notify tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum News {
    /// A payment.
    Payment,
    /// A payment that came to nothing: `result_code=FAIL`.
    NoPayment,
    /// A refund.
    Refund,
    /// Nothing: a till tests its way to itself.
    Probe,
}

/// Which of a merchant's keys a notify was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyAge {
    /// The one in use.
    Current,
    /// The one before, while it is being replaced.
    Previous,
}

/// An authentic notify, ready for the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authentic {
    /// What it tells of.
    pub news: News,
    /// By which key.
    pub key: KeyAge,
    /// What the till gets.
    pub message: Message,
}

/// What is known of a verified notify besides its fields.
struct Verified {
    news: News,
    message_id: Option<String>,
    out_trade_no: Option<String>,
}

impl Served {
    /// A merchant with its key, and the key before while that is still in use.
    ///
    /// # Errors
    /// The merchant number is no word of a routing key.
    pub fn new(
        appid: String,
        mch_id: String,
        api_key: ApiKey,
        previous: Option<ApiKey>,
    ) -> Result<Self, RouteError> {
        let nowhere = Route::new(&mch_id, NO_TILL)?;
        let with = |api_key| Merchant {
            appid: appid.clone(),
            mch_id: mch_id.clone(),
            api_key,
            // Which key it was is counted: each is tried by itself.
            previous_key: None,
            // A notify's type is told by its sign; this one only counts for what is sent.
            sign_type: SignType::HmacSha256,
        };
        Ok(Self {
            current: with(api_key),
            previous: previous.map(with),
            nowhere,
        })
    }

    /// The appid.
    #[must_use]
    pub fn appid(&self) -> &str {
        &self.current.appid
    }

    /// The merchant number.
    #[must_use]
    pub fn mch_id(&self) -> &str {
        &self.current.mch_id
    }

    fn verify(&self, fields: &Fields) -> Result<(Verified, KeyAge), NotifyRefusal> {
        let refusal = match verify(fields, &self.current) {
            Ok(verified) => return Ok((verified, KeyAge::Current)),
            Err(refusal) => refusal,
        };
        let by_previous = self.previous.as_ref().map(|previous| verify(fields, previous));
        match by_previous {
            Some(Ok(verified)) => Ok((verified, KeyAge::Previous)),
            Some(Err(_)) | None => Err(refusal),
        }
    }

    /// To the till named by the order number's first part, or by `device_info`.
    fn route(&self, out_trade_no: Option<&str>, device_info: Option<&str>) -> Route {
        let in_number = out_trade_no.and_then(|number| number.split_once('-'));
        [in_number.map(|(till, _)| till), device_info]
            .into_iter()
            .flatten()
            .find_map(|till| Route::new(self.mch_id(), till).ok())
            .unwrap_or_else(|| self.nowhere.clone())
    }
}

impl Merchants {
    /// These merchants. Nothing when there are none, or a pair of appid and merchant number is there twice.
    #[must_use]
    pub fn new(served: Vec<Served>) -> Option<Self> {
        let doubled = served.iter().enumerate().any(|(at, one)| {
            served[..at]
                .iter()
                .any(|other| (other.appid(), other.mch_id()) == (one.appid(), one.mch_id()))
        });
        let mut served = served.into_iter();
        let first = served.next().filter(|_| !doubled)?;
        Some(Self {
            first,
            more: served.collect(),
        })
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Served> {
        std::iter::once(&self.first).chain(&self.more)
    }

    fn named_in(&self, fields: &Fields) -> Option<&Served> {
        let (appid, mch_id) = (fields.present("appid")?, fields.present("mch_id")?);
        self.iter()
            .find(|served| served.appid() == appid && served.mch_id() == mch_id)
    }
}

/// Reads and verifies a body.
///
/// # Errors
/// Anything that isn't an authentic notify for one of these merchants.
pub fn read(body: &[u8], merchants: &Merchants) -> Result<Authentic, NotifyRefusal> {
    let fields = Fields::from_xml(body, pay_notify::CAP)?;
    let Some(served) = merchants.named_in(&fields) else {
        // As much work as for a wrong sign: the time of the answer doesn't tell whose notifies are taken here.
        return Err(merchants
            .first
            .verify(&fields)
            .err()
            .unwrap_or(NotifyRefusal::OtherMerchant));
    };
    let (verified, key) = served.verify(&fields)?;
    let out_trade_no = verified.out_trade_no.as_deref();
    let route = served.route(out_trade_no, fields.present("device_info"));
    // An authentic failure may name neither; its sign tells it from others.
    let message_id = [
        verified.message_id.as_deref(),
        out_trade_no,
        fields.present("sign"),
    ];
    let message = Message {
        kind: match verified.news {
            News::Payment | News::NoPayment | News::Refund => Kind::Notify,
            News::Probe => Kind::Probe,
        },
        route,
        message_id: message_id
            .into_iter()
            .flatten()
            .next()
            .unwrap_or_default()
            .to_owned(),
        fields: owned(&fields),
    };
    Ok(Authentic {
        news: verified.news,
        key,
        message,
    })
}

/// Every word of [`reason`].
pub const REASONS: [&str; 8] = [
    "too_large",
    "unreadable",
    "return_fail",
    "unsigned",
    "wrong_sign",
    "other_merchant",
    "wrong_field",
    "wrong_cipher",
];

/// One word for a refusal, for counters.
#[must_use]
pub fn reason(refusal: NotifyRefusal) -> &'static str {
    match refusal {
        NotifyRefusal::Xml(XmlError::TooLarge) => "too_large",
        NotifyRefusal::Xml(_) => "unreadable",
        NotifyRefusal::ReturnFail => "return_fail",
        NotifyRefusal::Sign(SignError::Missing) => "unsigned",
        NotifyRefusal::Sign(SignError::Wrong | SignError::UnknownType | SignError::TypeDiffers) => {
            "wrong_sign"
        }
        NotifyRefusal::OtherMerchant => "other_merchant",
        NotifyRefusal::FieldMissing(_) | NotifyRefusal::FieldWrong(_) => "wrong_field",
        NotifyRefusal::Cipher => "wrong_cipher",
    }
}

fn verify(fields: &Fields, merchant: &Merchant) -> Result<Verified, NotifyRefusal> {
    // A refund notify carries no sign: what vouches for it is that our key opens it.
    if fields.present("req_info").is_some() {
        let refund = refund_notify::read(fields, merchant)?;
        return Ok(Verified {
            news: News::Refund,
            message_id: Some(refund.refund_id),
            out_trade_no: Some(refund.out_trade_no),
        });
    }
    if fields.present(PROBE).is_some() && fields.present("transaction_id").is_none() {
        return verify_probe(fields, merchant);
    }
    Ok(match pay_notify::read(fields, merchant)? {
        Notify::Paid(payment) => Verified {
            news: News::Payment,
            message_id: Some(payment.transaction_id),
            out_trade_no: Some(payment.out_trade_no),
        },
        Notify::NotPaid { out_trade_no, .. } => Verified {
            news: News::NoPayment,
            message_id: fields.present("transaction_id").map(str::to_owned),
            out_trade_no,
        },
    })
}

/// A till's test of its own way; the merchant was found by its numbers.
fn verify_probe(fields: &Fields, merchant: &Merchant) -> Result<Verified, NotifyRefusal> {
    if fields.present("return_code") != Some("SUCCESS") {
        return Err(NotifyRefusal::ReturnFail);
    }
    sign::verify(fields, &merchant.api_key, None)?;
    if fields.present("result_code") != Some("SUCCESS") {
        return Err(NotifyRefusal::FieldWrong("result_code"));
    }
    let out_trade_no = fields
        .present("out_trade_no")
        .ok_or(NotifyRefusal::FieldMissing("out_trade_no"))?;
    let probe = fields.present(PROBE).ok_or(NotifyRefusal::FieldMissing(PROBE))?;
    if probe.len() > PROBE_CAP {
        return Err(NotifyRefusal::FieldWrong(PROBE));
    }
    Ok(Verified {
        news: News::Probe,
        message_id: Some(probe.to_owned()),
        out_trade_no: Some(out_trade_no.to_owned()),
    })
}

fn owned(fields: &Fields) -> BTreeMap<String, String> {
    fields
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
