//! The seam to the protocol crate: XML, signatures and the cipher are `wechat-pay`'s, in one place for both sides.

use std::collections::BTreeMap;

use wechat_pay::sign::{signed, verify};
use wechat_pay::{ApiKey, Fields, SignError, SignType, XmlError, refund_notify};

use crate::config::GatewayConfig;

/// A message's fields by name.
pub(crate) type Params = BTreeMap<String, String>;

/// The longest request that is read: the field maxima add up to less than 20 KB, CDATA and tags included.
pub(crate) const LONGEST_BODY: usize = 64 * 1024;

/// Reads a request.
pub(crate) fn read(body: &[u8]) -> Result<Params, XmlError> {
    let fields = Fields::from_xml(body, LONGEST_BODY)?;
    Ok(fields
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}

/// Which signature a request carries, checked over everything that was received.
pub(crate) fn checked_sign_type(request: &Params, key: &ApiKey) -> Result<SignType, SignError> {
    let named = request.get("sign_type").map_or("", String::as_str);
    let expected = if named.is_empty() {
        SignType::Md5
    } else {
        SignType::parse(named).ok_or(SignError::UnknownType)?
    };
    verify(&fields(request), key, Some(expected))
}

/// The map in the protocol crate's form, the envelope's codes first as WeChat writes them.
pub(crate) fn fields(params: &Params) -> Fields {
    const FIRST: [&str; 4] = ["return_code", "return_msg", "result_code", "err_code"];
    let mut fields = Fields::new();
    for name in FIRST {
        if let Some(value) = params.get(name) {
            fields.set(name, value);
        }
    }
    for (name, value) in params.iter().filter(|(name, _)| !FIRST.contains(&name.as_str())) {
        fields.set(name, value);
    }
    fields
}

/// Unsigned XML.
pub(crate) fn plain(params: &Params) -> String {
    fields(params).to_xml()
}

/// Signed XML.
pub(crate) fn with_sign(params: &Params, key: &ApiKey, kind: SignType) -> String {
    signed(fields(params), key, kind).to_xml()
}

/// A refund notification: unsigned outside, its content encrypted with the key's digest.
pub(crate) fn refund_notify(config: &GatewayConfig, nonce: &str, inner: &Params) -> String {
    let outer = [
        ("return_code", "SUCCESS"),
        ("appid", &config.appid),
        ("mch_id", &config.mch_id),
        ("nonce_str", nonce),
        (
            "req_info",
            &refund_notify::encrypt(&fields(inner), &config.api_key),
        ),
    ];
    outer
        .iter()
        .fold(Fields::new(), |fields, (name, value)| fields.with(name, value))
        .to_xml()
}

/// Whether a merchant's reply to a notification accepts it: XML that says `return_code=SUCCESS`, nothing else.
pub(crate) fn is_success(reply: &[u8]) -> bool {
    read(reply).is_ok_and(|fields| fields.get("return_code").is_some_and(|code| code == "SUCCESS"))
}

/// The same notification signed with a key that nobody has.
pub(crate) fn forged(body: &[u8]) -> Vec<u8> {
    let Ok(key) = ApiKey::parse("forgedforgedforgedforgedforged00") else {
        return body.to_vec();
    };
    signed_again(body, &key, |_| {})
}

/// The same notification with one fen more, rightly signed.
pub(crate) fn with_more_money(body: &[u8], key: &ApiKey) -> Vec<u8> {
    signed_again(body, key, add_a_fen)
}

/// Raises the amounts of a message by one fen.
pub(crate) fn add_a_fen(params: &mut Params) {
    for name in ["total_fee", "cash_fee", "settlement_total_fee"] {
        if let Some(value) = params.get_mut(name)
            && let Ok(fen) = value.parse::<u64>()
        {
            *value = fen.saturating_add(1).to_string();
        }
    }
}

fn signed_again(body: &[u8], key: &ApiKey, change: impl FnOnce(&mut Params)) -> Vec<u8> {
    let Ok(mut params) = read(body) else {
        return body.to_vec();
    };
    let kind = match params.get("sign").map(String::len) {
        Some(64) => SignType::HmacSha256,
        Some(_) | None => SignType::Md5,
    };
    change(&mut params);
    with_sign(&params, key, kind).into_bytes()
}
