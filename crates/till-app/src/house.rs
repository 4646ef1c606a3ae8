//! The rules of the house: what a shop decides for itself about locking and counting.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use till_core::{DiscountLimit, Fen, TOTAL_MAX};
use till_store::{Database, StoreError};

use crate::approval::{Act, Approval};
use crate::till::{Refusal, Till, setting};

/// What a shop decides for itself. A rule that an earlier version did not know is as it would be in a new shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HouseRules {
    /// The till locks itself when nobody has done anything for so long; 1 to 240.
    pub idle_minutes: u32,
    /// Who counts the drawer is not told what should be in it.
    pub blind_count: bool,
    /// A larger difference than this needs a manager.
    pub difference_limit: Fen,
    /// A price that is lowered by more needs a manager.
    pub discount_limit: DiscountLimit,
    /// Opening the drawer without a sale needs a manager.
    pub drawer_needs_manager: bool,
}

impl Default for HouseRules {
    fn default() -> Self {
        Self {
            idle_minutes: 10,
            blind_count: false,
            difference_limit: Fen::new(500),
            discount_limit: DiscountLimit::Percent(10),
            drawer_needs_manager: false,
        }
    }
}

impl HouseRules {
    /// The rules as the ledger has them.
    pub(crate) fn load(db: &Database) -> Result<Self, StoreError> {
        Ok(db.read().settings().get(setting::HOUSE)?.unwrap_or_default())
    }
}

impl Till {
    /// The rules in force.
    #[must_use]
    pub fn house(&self) -> HouseRules {
        self.house
    }

    /// Changes the rules.
    pub fn set_house(
        &mut self,
        now: Timestamp,
        rules: HouseRules,
        approval: Approval,
    ) -> Result<(), Refusal> {
        let who = approval.spend(Act::HouseRules)?;
        let good = (1..=240).contains(&rules.idle_minutes)
            && (Fen::ZERO..=TOTAL_MAX).contains(&rules.difference_limit)
            && match rules.discount_limit {
                DiscountLimit::Percent(percent) => percent <= 100,
                DiscountLimit::OffEach(limit) => (Fen::ZERO..=TOTAL_MAX).contains(&limit),
            };
        if !good {
            return Err(Refusal::RulesOutOfRange);
        }
        let detail = format!(
            "lock after {} min, blind count {}, difference limit {}, discount limit {}, drawer needs manager {}; approved by {who}",
            rules.idle_minutes,
            rules.blind_count,
            rules.difference_limit,
            in_words(rules.discount_limit),
            rules.drawer_needs_manager
        );
        let written = self.db.write(|tx| {
            tx.settings().set(setting::HOUSE, &rules)?;
            tx.journal().add(now, "house_rules", None, None, &detail)
        });
        self.saved(written)?;
        self.house = rules;
        self.changed();
        Ok(())
    }
}

fn in_words(limit: DiscountLimit) -> String {
    match limit {
        DiscountLimit::Percent(percent) => format!("{percent} %"),
        DiscountLimit::OffEach(off) => format!("{off} a piece"),
    }
}
