//! A manager's yes to one act: made only by a manager's right PIN, or, where nobody has a PIN yet, by confirming.

use jiff::Timestamp;
use till_core::{Pin, Role, User, UserId};

use crate::till::{Refusal, Till};

/// Stands for a manager's name, in the ledger and for the pages, where the till had no users.
pub const NO_USERS: &str = "confirmed, no users";

/// An act that a cashier may not do alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Giving money back to a customer who had paid.
    Refund,
    /// Deciding what becomes of a payment in review.
    Review,
    /// Opening or closing a shift whose drawer differs by more than the limit.
    ShiftDifference,
    /// Signing a day off against WeChat's bill.
    SignOff,
    /// Changing the rules of the house.
    HouseRules,
    /// Adding or changing people.
    Users,
    /// Putting a copy in the ledger's place.
    Restore,
    /// Comparing with a bill that a person has brought.
    Bill,
    /// Asking less for a line than the house leaves to a cashier.
    Discount,
    /// Opening the drawer without a sale.
    Drawer,
}

/// What was shown to get a yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A manager's PIN, entered on the spot; whoever is signed in stays so.
    Pin {
        /// Whose.
        manager: UserId,
        /// As entered.
        pin: Pin,
    },
    /// Whoever is at the till has confirmed it. Counts only while there are no users.
    Confirmed,
}

/// A yes to one act. It is used up by the act, and nothing but [`Till::approve`] makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct Approval {
    act: Act,
    by: Option<User>,
    at: Timestamp,
}

impl Act {
    /// The act in one word, as the journal has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Refund => "refund",
            Self::Review => "review",
            Self::ShiftDifference => "shift_difference",
            Self::SignOff => "sign_off",
            Self::HouseRules => "house_rules",
            Self::Users => "users",
            Self::Restore => "restore",
            Self::Bill => "bill",
            Self::Discount => "discount",
            Self::Drawer => "drawer",
        }
    }
}

impl Approval {
    /// What was approved.
    #[must_use]
    pub fn act(&self) -> Act {
        self.act
    }

    /// Which manager; `None`: the till had no users, and whoever was there confirmed it.
    #[must_use]
    pub fn by(&self) -> Option<&User> {
        self.by.as_ref()
    }

    /// When.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Uses it up for the act it was given for, and says who gave it, for the journal.
    pub(crate) fn spend(self, act: Act) -> Result<String, Refusal> {
        if self.act == act {
            Ok(self.who().to_owned())
        } else {
            Err(Refusal::NeedsManager)
        }
    }

    /// Who, for the journal.
    #[must_use]
    pub fn who(&self) -> &str {
        self.by.as_ref().map_or(NO_USERS, |user| user.name.as_str())
    }
}

impl Till {
    /// What would have to be shown for a yes.
    pub(crate) fn no_yes_yet(&self) -> Refusal {
        if self.staff.is_empty() {
            Refusal::NeedsConfirmation
        } else {
            Refusal::NeedsManager
        }
    }

    /// Asks for a yes to an act. Every yes is in the journal, and so is every wrong PIN.
    ///
    /// [`Refusal::NeedsManager`] and [`Refusal::NeedsConfirmation`] say what would have to be shown.
    pub fn approve(
        &mut self,
        now: Timestamp,
        act: Act,
        shown: Option<&Credential>,
    ) -> Result<Approval, Refusal> {
        let by = match (self.staff.is_empty(), shown) {
            (true, Some(Credential::Confirmed)) => None,
            (true, Some(Credential::Pin { .. }) | None) => return Err(Refusal::NeedsConfirmation),
            (false, Some(Credential::Pin { manager, pin })) => {
                let user = self.check_pin(now, *manager, pin)?;
                match user.role {
                    Role::Manager => Some(user),
                    Role::Cashier => return Err(Refusal::NeedsManager),
                }
            }
            (false, Some(Credential::Confirmed) | None) => return Err(Refusal::NeedsManager),
        };
        let approval = Approval { act, by, at: now };
        let at_till = self.staff.at_till().map_or("nobody", |user| user.name.as_str());
        let detail = format!("{}: {}; at the till: {at_till}", act.word(), approval.who());
        let written = self
            .db
            .write(|tx| tx.journal().add(now, "approved", None, None, &detail));
        self.saved(written)?;
        Ok(approval)
    }
}
