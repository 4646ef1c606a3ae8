//! When to ask again: a pure function of how often it was tried and what came of it.

use std::time::Duration;

use crate::outcome::{Doubt, ErrCode, Outcome};

/// What to do after an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Ask again, unchanged, after this time.
    Wait(Duration),
    /// Don't: it is answered, or was tried [`ATTEMPTS_MAX`] times. An unknown outcome stays unknown then; it does
    /// not become a no.
    Stop,
}

/// How often one thing is asked at most.
pub const ATTEMPTS_MAX: u32 = 10;

/// The longest wait.
pub const WAIT_MAX: Duration = Duration::from_secs(60);

/// What to do after the `attempt`th exchange (from 1).
///
/// The wait doubles from a base that depends on the doubt: a second where the network failed, five where WeChat
/// says it doesn't know, ten where it has had too many calls, and the longest where asking again the same way is
/// unlikely to help but nothing else can.
pub fn wait<A>(attempt: u32, outcome: &Outcome<A>) -> Retry {
    let doubt = match outcome {
        Outcome::Yes(_) | Outcome::No(_) => return Retry::Stop,
        Outcome::Unknown(doubt) => doubt,
    };
    if attempt >= ATTEMPTS_MAX {
        return Retry::Stop;
    }
    let base = base(doubt);
    let doubled = base.saturating_mul(1 << attempt.saturating_sub(1).min(16));
    Retry::Wait(doubled.min(WAIT_MAX))
}

fn base(doubt: &Doubt) -> Duration {
    match doubt {
        Doubt::Timeout | Doubt::NotConnected | Doubt::CutOff => Duration::from_secs(1),
        Doubt::HttpStatus(429) => Duration::from_secs(10),
        Doubt::HttpStatus(_)
        | Doubt::Redirected
        | Doubt::TooLarge
        | Doubt::Xml(_)
        | Doubt::SignMissing
        | Doubt::SignWrong
        | Doubt::SignTypeDiffers
        | Doubt::OtherOrder
        | Doubt::FieldMissing(_)
        | Doubt::FieldWrong(_) => Duration::from_secs(2),
        Doubt::SystemError {
            err_code: ErrCode::FrequencyLimited,
        } => Duration::from_secs(10),
        // WeChat blocks for about a minute.
        Doubt::SystemError {
            err_code: ErrCode::InvalidReqTooMuch,
        } => WAIT_MAX,
        Doubt::SystemError { .. } | Doubt::ReturnFail { .. } => Duration::from_secs(5),
        Doubt::NoClientCert | Doubt::OtherMerchant | Doubt::Bill(_) => WAIT_MAX,
    }
}
