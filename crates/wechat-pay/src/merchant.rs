//! Who asks, and the random string that goes with each request.

use rand::RngExt;
use rand::distr::Alphanumeric;

use crate::sign::{ApiKey, SignType};

/// The merchant on whose behalf requests are signed and answers verified.
#[derive(Clone, Debug)]
pub struct Merchant {
    /// The app or official account bound to the merchant number, `wx…`.
    pub appid: String,
    /// The merchant number.
    pub mch_id: String,
    /// The API V2 key.
    pub api_key: ApiKey,
    /// The key before, while it is being replaced: what WeChat made with it is believed too, nothing of ours is signed with it.
    pub previous_key: Option<ApiKey>,
    /// How requests are signed; WeChat answers in kind.
    pub sign_type: SignType,
}

impl Merchant {
    /// Verifies or opens what WeChat made with one of this merchant's keys: the one in use, or else the one before.
    ///
    /// # Errors
    /// Neither fits; why the one in use doesn't.
    pub fn with_its_key<T, E>(&self, open: impl Fn(&ApiKey) -> Result<T, E>) -> Result<T, E> {
        open(&self.api_key).or_else(|error| match &self.previous_key {
            Some(previous) => open(previous).map_err(|_| error),
            None => Err(error),
        })
    }
}

/// `nonce_str`: makes every request's sign unpredictable. 32 of `[0-9A-Za-z]`, some 190 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce(String);

/// The text isn't 1 to 32 of `[0-9A-Za-z]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a nonce is 1 to 32 letters and digits")]
pub struct NonceError;

impl Nonce {
    /// A fresh one from the process's cryptographic generator.
    pub fn random() -> Self {
        Self(
            rand::rng()
                .sample_iter(Alphanumeric)
                .take(32)
                .map(char::from)
                .collect(),
        )
    }

    /// One that is given, for tests and simulators.
    ///
    /// # Errors
    /// Not 1 to 32 of `[0-9A-Za-z]`.
    pub fn parse(text: &str) -> Result<Self, NonceError> {
        let fits = (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(NonceError)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
