//! Whose money a ledger is about: a merchant's at WeChat, or a simulator's. The two are never in one ledger, and neither are
//! two merchants: what an X or a Z adds up has one account.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Who takes the payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayKind {
    /// WeChat Pay: real money.
    Wechat,
    /// The simulator: no money.
    Simulator,
}

/// A merchant at a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Who takes the payments.
    pub gateway: GatewayKind,
    /// As whom the shop is known there.
    pub mch_id: String,
}

/// What a ledger holds that belongs to its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holdings {
    /// An order that was not refused: it was paid, or may be, or might have been.
    pub orders: bool,
    /// Cash that came or went.
    pub cash: bool,
}

/// A ledger belongs to another account.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the ledger belongs to {ledger}, and {asked} was to go on with it")]
pub struct OtherAccount {
    /// To which it belongs.
    pub ledger: Account,
    /// Which was to go on with it.
    pub asked: Account,
}

/// How a ledger stands to the account that is to go on with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belongs {
    /// It is that account's.
    Already,
    /// It is nobody's yet, or holds nothing that would be mixed up: from now on it is that account's.
    FromNow,
}

/// A text that names no account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not an account")]
pub struct AccountError;

impl Account {
    /// Whether this account may go on with a ledger. `noted` is what the ledger says of itself: nothing, where it is new or was
    /// begun before ledgers said so.
    ///
    /// # Errors
    /// It is another account's. Cash is the shop's own whoever its merchant is, but what was sold for practice is no sale.
    pub fn goes_on_with(&self, noted: Option<&Self>, holds: Holdings) -> Result<Belongs, OtherAccount> {
        let Some(ledger) = noted else {
            return Ok(Belongs::FromNow);
        };
        if ledger == self {
            return Ok(Belongs::Already);
        }
        let mixed = holds.orders || (holds.cash && ledger.gateway != self.gateway);
        match mixed {
            false => Ok(Belongs::FromNow),
            true => Err(OtherAccount {
                ledger: ledger.clone(),
                asked: self.clone(),
            }),
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gateway = match self.gateway {
            GatewayKind::Wechat => "wechat",
            GatewayKind::Simulator => "simulator",
        };
        write!(f, "{gateway} {}", self.mch_id)
    }
}

impl FromStr for Account {
    type Err = AccountError;

    fn from_str(text: &str) -> Result<Self, AccountError> {
        let (gateway, mch_id) = text.split_once(' ').ok_or(AccountError)?;
        let gateway = match gateway {
            "wechat" => GatewayKind::Wechat,
            "simulator" => GatewayKind::Simulator,
            _ => return Err(AccountError),
        };
        if mch_id.is_empty() || mch_id.contains(' ') {
            return Err(AccountError);
        }
        Ok(Self {
            gateway,
            mch_id: mch_id.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Holdings = Holdings {
        orders: false,
        cash: false,
    };
    const CASH: Holdings = Holdings {
        orders: false,
        cash: true,
    };
    const ORDERS: Holdings = Holdings {
        orders: true,
        cash: false,
    };

    fn account(text: &str) -> Account {
        text.parse().unwrap()
    }

    #[test]
    fn a_ledger_goes_on_under_its_own_account_alone() {
        let ours = account("wechat 1900000109");
        for (noted, holds, stands, why) in [
            (None, NOTHING, Some(Belongs::FromNow), "a new ledger is noted"),
            (
                None,
                ORDERS,
                Some(Belongs::FromNow),
                "so is one from before accounts were noted",
            ),
            (
                Some("wechat 1900000109"),
                ORDERS,
                Some(Belongs::Already),
                "every day's start",
            ),
            (
                Some("wechat 1900000110"),
                NOTHING,
                Some(Belongs::FromNow),
                "a slip, put right in time",
            ),
            (
                Some("wechat 1900000110"),
                CASH,
                Some(Belongs::FromNow),
                "cash has no merchant number",
            ),
            (
                Some("wechat 1900000110"),
                ORDERS,
                None,
                "its orders are at another merchant",
            ),
            (
                Some("simulator 1900000109"),
                NOTHING,
                Some(Belongs::FromNow),
                "nothing was practised",
            ),
            (
                Some("simulator 1900000109"),
                CASH,
                None,
                "cash that nobody handed over",
            ),
            (
                Some("simulator 1900000109"),
                ORDERS,
                None,
                "payments that nobody made",
            ),
        ] {
            let noted = noted.map(account);
            let found = ours.goes_on_with(noted.as_ref(), holds);
            assert_eq!(found.as_ref().ok(), stands.as_ref(), "{why}");
            if let Err(other) = found {
                assert_eq!(Some(other.ledger), noted, "both are named: {why}");
                assert_eq!(other.asked, ours, "both are named: {why}");
            }
        }
    }

    #[test]
    fn an_account_is_read_as_it_was_written() {
        for text in ["wechat 1900000109", "simulator 1900000001"] {
            assert_eq!(account(text).to_string(), text, "the journal is its only place");
        }
        for text in ["", "wechat", "wechat ", "alipay 1", "wechat 1 2"] {
            assert_eq!(text.parse::<Account>(), Err(AccountError), "{text:?} is none");
        }
    }
}
