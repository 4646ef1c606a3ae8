//! The account of a ledger: noted when it is first opened, and held against the configuration ever after.

use std::path::Path;

use jiff::Timestamp;
use till_core::{Account, Belongs, GatewayKind, OtherAccount};
use till_store::{Database, OpenError};

use crate::config::Config;

impl Config {
    /// Whose payments these are.
    #[must_use]
    pub fn account(&self) -> Account {
        Account {
            gateway: match self.gateway.simulator() {
                Some(_) => GatewayKind::Simulator,
                None => GatewayKind::Wechat,
            },
            mch_id: self.merchant.mch_id.clone(),
        }
    }
}

/// Lets an account go on with a ledger, which from then on says to whom it belongs.
pub(crate) fn go_on(account: &Account, db: &mut Database, now: Timestamp) -> Result<(), OpenError> {
    let noted = db.read().journal().account()?;
    match account.goes_on_with(noted.as_ref(), db.read().holdings()?)? {
        Belongs::Already => Ok(()),
        Belongs::FromNow => Ok(db.write(|tx| tx.journal().belongs_to(now, account))?),
    }
}

/// Whether an account may go on with a copy. A copy that can't be looked at is not refused here.
pub(crate) fn may_go_on_with_copy(account: &Account, copy: &Path) -> Result<(), OtherAccount> {
    match till_store::account_of(copy) {
        Ok(Some((noted, holds))) => account.goes_on_with(Some(&noted), holds).map(drop),
        Ok(None) | Err(_) => Ok(()),
    }
}
