//! Notifies: from the till's picture to what crosses to the web views.

use till_app::notify::probe::Probed;
use till_app::notify::{DeadLetter, NotifyLink as Link, NotifyPicture, Trouble, Useless};

use super::time;
use crate::view::{DeadLetterView, DeadReason, NotifyLink, NotifyTrouble, NotifyView, ProbeResult};

/// How notifies come.
pub(crate) fn notify(picture: NotifyPicture) -> NotifyView {
    NotifyView {
        link: match picture.link {
            Link::PollingOnly => NotifyLink::PollingOnly,
            Link::Connecting => NotifyLink::Connecting,
            Link::Up { since } => NotifyLink::Up { since: time(since) },
            Link::Down { since, trouble } => NotifyLink::Down {
                since: time(since),
                detail: trouble.to_string(),
                trouble: trouble.into(),
            },
        },
        last_message: picture.last_message.map(time),
        callback_broken: picture.callback_broken,
        dead_letters: picture.dead_letters,
    }
}

/// No way at all, when the till can't be opened.
pub(crate) fn no_notify() -> NotifyView {
    NotifyView {
        link: NotifyLink::PollingOnly,
        last_message: None,
        callback_broken: None,
        dead_letters: 0,
    }
}

/// A message that was of no use.
pub(crate) fn dead_letter(letter: DeadLetter) -> DeadLetterView {
    DeadLetterView {
        at: time(letter.at),
        out_trade_no: letter.out_trade_no,
        reason: letter.reason.into(),
    }
}

/// What came of a probe.
pub(crate) fn probed(probed: Probed) -> ProbeResult {
    match probed {
        Probed::PollingOnly => ProbeResult::PollingOnly,
        Probed::NotSubscribed => ProbeResult::NotSubscribed,
        Probed::RelayNotReached => ProbeResult::RelayNotReached,
        Probed::NotARelay => ProbeResult::NotARelay,
        Probed::RelayRefused => ProbeResult::RelayRefused,
        Probed::NotBack => ProbeResult::NotBack,
        Probed::Back { took } => ProbeResult::Back {
            millis: u32::try_from(took.as_millis()).unwrap_or_default(),
        },
    }
}

impl From<Trouble> for NotifyTrouble {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Unreachable(_) => Self::Unreachable,
            Trouble::Login => Self::Login,
            Trouble::Tls(_) => Self::Tls,
            Trouble::OtherSettings { .. } => Self::OtherSettings,
            Trouble::Missing { .. } => Self::Missing,
            Trouble::Forbidden(_) => Self::Forbidden,
            Trouble::QueueTaken { .. } => Self::QueueTaken,
            Trouble::Other(_) => Self::Other,
        }
    }
}

impl From<Useless> for DeadReason {
    fn from(why: Useless) -> Self {
        match why {
            Useless::Unreadable => Self::Unreadable,
            Useless::UnknownKind => Self::UnknownKind,
            Useless::TooLong => Self::TooLong,
            Useless::ReturnFail => Self::ReturnFail,
            Useless::Unsigned => Self::Unsigned,
            Useless::WrongSign => Self::WrongSign,
            Useless::WrongCipher => Self::WrongCipher,
            Useless::OtherMerchant => Self::OtherMerchant,
            Useless::WrongField => Self::WrongField,
            Useless::OtherTill => Self::OtherTill,
            Useless::UnknownOrder => Self::UnknownOrder,
            Useless::NotSavable => Self::NotSavable,
        }
    }
}
