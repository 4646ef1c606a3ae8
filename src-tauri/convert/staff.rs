//! People and the rules of the house: from the till's pictures to what crosses, and back from what was typed.

use till_app::approval::Credential;
use till_app::house::HouseRules;
use till_app::snapshot::StaffPicture;
use till_core::{Fen, Pin, User, UserError, UserId, UserName};

use super::{fen, id};
use crate::view::{CommandError, DiscountLimit, ErrorCode, HouseView, Role, Shown, StaffView, UserView};

/// Who works here.
pub(crate) fn staff(picture: &StaffPicture) -> StaffView {
    StaffView {
        users: picture.users.iter().map(user).collect(),
        at_till: picture.at_till.as_ref().map(user),
        locked: picture.locked,
    }
}

/// Nobody, when the till can't be opened.
pub(crate) fn no_staff() -> StaffView {
    StaffView {
        users: Vec::new(),
        at_till: None,
        locked: false,
    }
}

fn user(user: &User) -> UserView {
    UserView {
        id: id(user.id.0),
        name: user.name.to_string(),
        role: user.role.into(),
    }
}

/// The rules in force.
pub(crate) fn house(rules: HouseRules) -> HouseView {
    HouseView {
        idle_minutes: rules.idle_minutes,
        blind_count: rules.blind_count,
        difference_limit_fen: fen(rules.difference_limit),
        discount_limit: match rules.discount_limit {
            till_core::DiscountLimit::Percent(percent) => DiscountLimit::Percent { percent },
            till_core::DiscountLimit::OffEach(off) => DiscountLimit::OffEach { off_fen: fen(off) },
        },
        drawer_needs_manager: rules.drawer_needs_manager,
    }
}

impl From<HouseView> for HouseRules {
    fn from(view: HouseView) -> Self {
        Self {
            idle_minutes: view.idle_minutes,
            blind_count: view.blind_count,
            difference_limit: Fen::new(i64::from(view.difference_limit_fen)),
            discount_limit: match view.discount_limit {
                DiscountLimit::Percent { percent } => till_core::DiscountLimit::Percent(percent),
                DiscountLimit::OffEach { off_fen } => {
                    till_core::DiscountLimit::OffEach(Fen::new(i64::from(off_fen)))
                }
            },
            drawer_needs_manager: view.drawer_needs_manager,
        }
    }
}

impl From<till_core::Role> for Role {
    fn from(role: till_core::Role) -> Self {
        match role {
            till_core::Role::Cashier => Self::Cashier,
            till_core::Role::Manager => Self::Manager,
        }
    }
}

impl From<Role> for till_core::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Cashier => Self::Cashier,
            Role::Manager => Self::Manager,
        }
    }
}

impl From<UserError> for CommandError {
    fn from(error: UserError) -> Self {
        let code = match error {
            UserError::Name => ErrorCode::NameWrong,
            UserError::Pin => ErrorCode::PinFormat,
        };
        Self {
            code,
            detail: error.to_string(),
        }
    }
}

pub(crate) fn user_id(number: u32) -> UserId {
    UserId(i64::from(number))
}

pub(crate) fn user_name(text: &str) -> Result<UserName, CommandError> {
    Ok(UserName::parse(text)?)
}

pub(crate) fn pin(text: &str) -> Result<Pin, CommandError> {
    Ok(Pin::parse(text)?)
}

/// What was shown to have an act approved.
pub(crate) fn shown(shown: Option<Shown>) -> Result<Option<Credential>, CommandError> {
    shown
        .map(|shown| match shown {
            Shown::Manager {
                user_id: number,
                pin: digits,
            } => Ok(Credential::Pin {
                manager: user_id(number),
                pin: pin(&digits)?,
            }),
            Shown::Confirmed => Ok(Credential::Confirmed),
        })
        .transpose()
}
