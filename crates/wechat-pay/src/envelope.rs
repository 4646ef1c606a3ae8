//! What all calls have in common: the envelope around a request, and the judgement over an answer.

use jiff::Timestamp;

use crate::beijing;
use crate::fields::Fields;
use crate::merchant::{Merchant, Nonce};
use crate::money::{Fen, parse_fen};
use crate::outcome::{Doubt, ErrCode, Outcome, Refusal};
use crate::sign::{self, SignError, SignType};
use crate::xml::XmlLimits;

/// A call to WeChat: the request knows its path, its answer, whether it needs the client certificate, and whether
/// sending it twice does no more than sending it once.
pub trait Request {
    /// The path on the gateway.
    const PATH: &'static str;
    /// Whether WeChat wants the merchant's client certificate (mTLS).
    const CLIENT_CERT: bool;
    /// Whether the transport may send it again by itself, to the backup host.
    const REPEATABLE: bool;
    /// The longest answer that is read, in bytes.
    const ANSWER_CAP: usize;
    /// What a yes holds.
    type Answer;

    /// The call's own fields. Those of the envelope (`appid`, `mch_id`, `sign_type`) may be among them, as they
    /// are in a saved order; `nonce_str` and `sign` never are.
    fn fields(&self) -> Fields;

    /// Judges the body of an answer with HTTP status 200. `kind` is the type of sign the request was sent with.
    fn judge(&self, body: &[u8], merchant: &Merchant, kind: SignType) -> Judged<Self::Answer>;
}

/// What was found about an answer's sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignVerdict {
    /// Signed by WeChat.
    Right,
    /// Signed, but not by WeChat or not as asked.
    Wrong,
    /// Should be signed and isn't.
    Missing,
    /// Nothing that could be signed: no answer, an unreadable one, or one that WeChat never signs.
    None,
}

/// An answer judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged<A> {
    /// What came of it.
    pub outcome: Outcome<A>,
    /// About its sign.
    pub verdict: SignVerdict,
}

/// The request ready to be written: envelope filled in, nonce and sign added.
///
/// # Errors
/// The request was saved for another merchant ([`Doubt::OtherMerchant`]), or holds an impossible `sign_type`.
pub fn seal(fields: Fields, merchant: &Merchant, nonce: &Nonce) -> Result<(Fields, SignType), Doubt> {
    let mut sealed = fields;
    for (name, ours) in [("appid", &merchant.appid), ("mch_id", &merchant.mch_id)] {
        match sealed.get(name) {
            None => sealed.set(name, ours),
            Some(theirs) if theirs == ours => {}
            Some(_) => return Err(Doubt::OtherMerchant),
        }
    }
    let kind = match sealed.get("sign_type") {
        Some(name) => SignType::parse(name).ok_or(Doubt::FieldWrong("sign_type"))?,
        None => {
            sealed.set("sign_type", merchant.sign_type.as_str());
            merchant.sign_type
        }
    };
    sealed.set("nonce_str", nonce.as_str());
    Ok((sign::signed(sealed, &merchant.api_key, kind), kind))
}

/// Judges a signed XML answer: three levels, `return_code` (unsigned if it fails), sign and merchant, `result_code`.
pub(crate) fn judge<A>(
    body: &[u8],
    cap: usize,
    merchant: &Merchant,
    kind: SignType,
    read: impl FnOnce(&Fields) -> Result<A, Doubt>,
) -> Judged<A> {
    let unsigned = |doubt| Judged {
        outcome: Outcome::Unknown(doubt),
        verdict: SignVerdict::None,
    };
    // Answers that list refunds have more fields than any notify.
    let answer = match Fields::from_xml_within(
        body,
        XmlLimits {
            bytes: cap,
            fields: 1024,
        },
    ) {
        Ok(answer) => answer,
        Err(error) => return unsigned(Doubt::Xml(error)),
    };
    match answer.get("return_code") {
        Some("SUCCESS") => {}
        Some("FAIL") => {
            let return_msg = answer.get("return_msg").unwrap_or_default().to_owned();
            return unsigned(Doubt::ReturnFail { return_msg });
        }
        Some(_) => return unsigned(Doubt::FieldWrong("return_code")),
        None => return unsigned(Doubt::FieldMissing("return_code")),
    }
    if let Err(error) = merchant.with_its_key(|key| sign::verify(&answer, key, Some(kind))) {
        let (doubt, verdict) = match error {
            SignError::Missing => (Doubt::SignMissing, SignVerdict::Missing),
            SignError::Wrong => (Doubt::SignWrong, SignVerdict::Wrong),
            SignError::UnknownType | SignError::TypeDiffers => (Doubt::SignTypeDiffers, SignVerdict::Wrong),
        };
        return Judged {
            outcome: Outcome::Unknown(doubt),
            verdict,
        };
    }
    let outcome = result(&answer, merchant, read).unwrap_or_else(Outcome::Unknown);
    Judged {
        outcome,
        verdict: SignVerdict::Right,
    }
}

/// What a verified answer says.
fn result<A>(
    answer: &Fields,
    merchant: &Merchant,
    read: impl FnOnce(&Fields) -> Result<A, Doubt>,
) -> Result<Outcome<A>, Doubt> {
    let succeeded = match required(answer, "result_code")? {
        "SUCCESS" => true,
        "FAIL" => false,
        _ => return Err(Doubt::FieldWrong("result_code")),
    };
    for (name, ours) in [("appid", &merchant.appid), ("mch_id", &merchant.mch_id)] {
        match answer.present(name) {
            Some(theirs) if theirs == ours => {}
            Some(_) => return Err(Doubt::OtherMerchant),
            // A refusal may come from before the merchant was looked up; it is signed by our key all the same.
            None if succeeded => return Err(Doubt::FieldMissing(name)),
            None => {}
        }
    }
    if succeeded {
        return read(answer).map(Outcome::Yes);
    }
    let err_code = ErrCode::parse(required(answer, "err_code")?);
    if err_code.leaves_doubt() {
        return Err(Doubt::SystemError { err_code });
    }
    let err_code_des = answer.get("err_code_des").unwrap_or_default().to_owned();
    Ok(Outcome::No(Refusal {
        err_code,
        err_code_des,
    }))
}

/// What is wrong with a field of a message whose sign is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    Missing(&'static str),
    Wrong(&'static str),
}

impl From<Unreadable> for Doubt {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Missing(name) => Self::FieldMissing(name),
            Unreadable::Wrong(name) => Self::FieldWrong(name),
        }
    }
}

/// A field that must be there.
pub(crate) fn required<'a>(message: &'a Fields, name: &'static str) -> Result<&'a str, Unreadable> {
    message.present(name).ok_or(Unreadable::Missing(name))
}

/// An amount that must be there.
pub(crate) fn required_fen(message: &Fields, name: &'static str) -> Result<Fen, Unreadable> {
    parse_fen(required(message, name)?).map_err(|_| Unreadable::Wrong(name))
}

/// An amount that may be there.
pub(crate) fn optional_fen(message: &Fields, name: &'static str) -> Result<Option<Fen>, Unreadable> {
    message
        .present(name)
        .map(parse_fen)
        .transpose()
        .map_err(|_| Unreadable::Wrong(name))
}

/// A time in the refunds' spelling that may be there.
pub(crate) fn optional_time(message: &Fields, name: &'static str) -> Result<Option<Timestamp>, Unreadable> {
    match message.present(name) {
        None => Ok(None),
        Some(text) => beijing::parse_spaced(text)
            .map(Some)
            .ok_or(Unreadable::Wrong(name)),
    }
}

/// A text that may be there.
pub(crate) fn optional_text(message: &Fields, name: &str) -> Option<String> {
    message.present(name).map(str::to_owned)
}

/// Refuses an answer that names another number than the one asked about; one that names none passes.
pub(crate) fn same_number(answer: &Fields, name: &str, asked: &str) -> Result<(), Doubt> {
    match answer.present(name) {
        Some(theirs) if theirs != asked => Err(Doubt::OtherOrder),
        Some(_) | None => Ok(()),
    }
}
