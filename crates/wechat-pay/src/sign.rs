//! Signing and verifying over **all** fields, known or not (official rules: `/doc/v2/merchant/4011985891`).

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::fields::Fields;

/// The API V2 key, set by the merchant at WeChat's platform: 32 bytes. The only secret that protects a notify.
///
/// Wiped from memory when dropped; `Debug` shows nothing of it.
#[derive(Clone)]
pub struct ApiKey(Zeroizing<[u8; 32]>);

/// The text isn't an API V2 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// Not 32 bytes long.
    #[error("an API key has exactly 32 characters, this one has {0} bytes")]
    Length(usize),
    /// Blanks, control characters or characters outside ASCII: a slip of copying.
    #[error("an API key has letters, digits and ASCII signs only")]
    Characters,
}

impl ApiKey {
    /// Reads a key of exactly 32 visible ASCII characters.
    ///
    /// # Errors
    /// Another length, or a character that no key holds.
    pub fn parse(text: &str) -> Result<Self, ApiKeyError> {
        let bytes: [u8; 32] = text
            .as_bytes()
            .try_into()
            .map_err(|_| ApiKeyError::Length(text.len()))?;
        if !bytes.iter().all(u8::is_ascii_graphic) {
            return Err(ApiKeyError::Characters);
        }
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// The key itself.
    pub(crate) fn expose(&self) -> &[u8] {
        self.0.as_slice()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(hidden)")
    }
}

/// How a message is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SignType {
    /// 32 hexadecimal digits. WeChat's default, kept for merchants that are bound to it.
    #[serde(rename = "MD5")]
    Md5,
    /// 64 hexadecimal digits. Our default.
    #[default]
    #[serde(rename = "HMAC-SHA256")]
    HmacSha256,
}

impl SignType {
    /// The value of the field `sign_type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::HmacSha256 => "HMAC-SHA256",
        }
    }

    /// The type of this name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "MD5" => Some(Self::Md5),
            "HMAC-SHA256" => Some(Self::HmacSha256),
            _ => None,
        }
    }

    /// The type that gives a sign of this length.
    fn of_length(length: usize) -> Option<Self> {
        match length {
            32 => Some(Self::Md5),
            64 => Some(Self::HmacSha256),
            _ => None,
        }
    }
}

/// Why a message's sign isn't accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// No sign, or an empty one.
    #[error("the message carries no sign")]
    Missing,
    /// The sign isn't that of these fields under this key.
    #[error("the sign is wrong")]
    Wrong,
    /// `sign_type` names no type we know.
    #[error("the message names an unknown type of sign")]
    UnknownType,
    /// The type isn't the one that was asked for, or doesn't agree with the sign's length.
    #[error("the message is signed by another type than it should be")]
    TypeDiffers,
}

/// The sign of these fields: upper-case hexadecimal. A field `sign` among them is left out.
pub fn sign(fields: &Fields, key: &ApiKey, kind: SignType) -> String {
    sign_with(fields, key.expose(), kind)
}

/// [`sign`] under a key of any length; published test vectors have shorter keys.
pub fn sign_with(fields: &Fields, key: &[u8], kind: SignType) -> String {
    let (digits, length) = digest(fields, key, kind);
    digits[..length].iter().map(|byte| char::from(*byte)).collect()
}

/// The fields with their sign added; an older sign is replaced.
#[must_use]
pub fn signed(fields: Fields, key: &ApiKey, kind: SignType) -> Fields {
    let sign = sign(&fields, key, kind);
    fields.with("sign", sign)
}

/// Checks a message's sign and says of which type it is.
///
/// The type is that of the field `sign_type`, if there is one, else it is told by the sign's length: a notify is
/// signed by the type the order was placed with and usually doesn't say which. The comparison takes the same time
/// wherever the difference lies.
///
/// # Errors
/// No sign, a wrong one, an unknown type, or another type than `expected`.
pub fn verify(fields: &Fields, key: &ApiKey, expected: Option<SignType>) -> Result<SignType, SignError> {
    let claimed = fields.present("sign").ok_or(SignError::Missing)?.as_bytes();
    let by_length = SignType::of_length(claimed.len()).ok_or(SignError::Wrong)?;
    let kind = match fields.present("sign_type") {
        None => by_length,
        Some(name) => SignType::parse(name).ok_or(SignError::UnknownType)?,
    };
    if kind != by_length || expected.is_some_and(|expected| expected != kind) {
        return Err(SignError::TypeDiffers);
    }
    let (digits, length) = digest(fields, key.expose(), kind);
    if bool::from(digits[..length].ct_eq(claimed)) {
        Ok(kind)
    } else {
        Err(SignError::Wrong)
    }
}

/// The sign as hexadecimal digits, and how many there are.
fn digest(fields: &Fields, key: &[u8], kind: SignType) -> ([u8; 64], usize) {
    let mut text = string_to_sign(fields, key);
    let mut digits = [0; 64];
    let length = match kind {
        SignType::Md5 => hex_upper(&Md5::digest(text.as_slice()), &mut digits),
        SignType::HmacSha256 => {
            // An HMAC takes a key of any length, so this can't fail; an impossible failure must not sign.
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
                unreachable!("HMAC takes any key")
            };
            mac.update(&text);
            hex_upper(&mac.finalize().into_bytes(), &mut digits)
        }
    };
    // Only the key at the end is a secret; wiping the rest as well would cost as much as the digest.
    let key_at = text.len() - key.len();
    text[key_at..].zeroize();
    (digits, length)
}

/// `a=1&b=2&key=…`: names in ASCII order, values as decoded, empty ones and `sign` left out.
fn string_to_sign(fields: &Fields, key: &[u8]) -> Vec<u8> {
    // `collect` can't know how many a filter leaves, and would grow from four.
    let mut parts: Vec<(&str, &str)> = Vec::with_capacity(fields.len());
    parts.extend(
        fields
            .iter()
            .filter(|(name, value)| *name != "sign" && !value.is_empty()),
    );
    parts.sort_unstable_by_key(|(name, _)| *name);
    let room: usize = parts
        .iter()
        .map(|(name, value)| name.len() + value.len() + 2)
        .sum();
    // The room is exact, so that no half-written copy with the key in it is left behind by growing.
    let mut text = Vec::with_capacity(room + 4 + key.len());
    for (name, value) in parts {
        text.extend_from_slice(name.as_bytes());
        text.push(b'=');
        text.extend_from_slice(value.as_bytes());
        text.push(b'&');
    }
    text.extend_from_slice(b"key=");
    text.extend_from_slice(key);
    text
}

fn hex_upper(bytes: &[u8], digits: &mut [u8; 64]) -> usize {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for (byte, pair) in bytes.iter().zip(digits.chunks_exact_mut(2)) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    bytes.len() * 2
}
