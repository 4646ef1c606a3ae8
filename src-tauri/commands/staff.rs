//! Commands about people at the till and the rules of the house.

use till_app::Till;
use till_app::approval::Act;
use till_core::User;

use super::{Answer, TheShop, acting, with_till};
use crate::convert::staff as convert;
use crate::view::{HouseView, Role, Shown};

/// Signs somebody in.
#[tauri::command]
#[specta::specta]
pub async fn sign_in(shop: TheShop<'_>, user_id: u32, pin: String) -> Answer<()> {
    let (id, pin) = (convert::user_id(user_id), convert::pin(&pin)?);
    with_till(&shop, move |till, now| till.sign_in(now, id, &pin)).await
}

/// Locks the till; payments under way go on.
#[tauri::command]
#[specta::specta]
pub async fn lock_till(shop: TheShop<'_>) -> Answer<()> {
    with_till(&shop, Till::lock).await
}

/// Somebody touches the window without asking for anything: the till does not lock itself.
#[tauri::command]
#[specta::specta]
pub async fn still_here(shop: TheShop<'_>) -> Answer<()> {
    acting(&shop, |_, _| Ok(())).await
}

/// The first person, a manager, of a till that has none; is signed in at once.
#[tauri::command]
#[specta::specta]
pub async fn add_first_manager(shop: TheShop<'_>, name: String, pin: String) -> Answer<()> {
    let (name, pin) = (convert::user_name(&name)?, convert::pin(&pin)?);
    acting(&shop, move |till, now| till.add_first_manager(now, &name, &pin)).await
}

/// Adds somebody; a manager approves it.
#[tauri::command]
#[specta::specta]
pub async fn add_user(
    shop: TheShop<'_>,
    name: String,
    role: Role,
    pin: String,
    shown: Option<Shown>,
) -> Answer<()> {
    let (name, pin) = (convert::user_name(&name)?, convert::pin(&pin)?);
    let shown = convert::shown(shown)?;
    acting(&shop, move |till, now| {
        let approval = till.approve(now, Act::Users, shown.as_ref())?;
        till.add_user(now, &name, role.into(), &pin, approval)
    })
    .await
}

/// Changes somebody's name and role, and their PIN when one is given; a manager approves it.
#[tauri::command]
#[specta::specta]
pub async fn change_user(
    shop: TheShop<'_>,
    user_id: u32,
    name: String,
    role: Role,
    pin: Option<String>,
    shown: Option<Shown>,
) -> Answer<()> {
    let user = User {
        id: convert::user_id(user_id),
        name: convert::user_name(&name)?,
        role: role.into(),
    };
    let pin = pin.as_deref().map(convert::pin).transpose()?;
    let shown = convert::shown(shown)?;
    acting(&shop, move |till, now| {
        let approval = till.approve(now, Act::Users, shown.as_ref())?;
        till.change_user(now, &user, pin.as_ref(), approval)
    })
    .await
}

/// Somebody does not work here any more; a manager approves it.
#[tauri::command]
#[specta::specta]
pub async fn put_off_duty(shop: TheShop<'_>, user_id: u32, shown: Option<Shown>) -> Answer<()> {
    let (id, shown) = (convert::user_id(user_id), convert::shown(shown)?);
    acting(&shop, move |till, now| {
        let approval = till.approve(now, Act::Users, shown.as_ref())?;
        till.put_off_duty(now, id, approval)
    })
    .await
}

/// Changes the rules of the house; a manager approves it.
#[tauri::command]
#[specta::specta]
pub async fn set_house(shop: TheShop<'_>, house: HouseView, shown: Option<Shown>) -> Answer<()> {
    let shown = convert::shown(shown)?;
    acting(&shop, move |till, now| {
        let approval = till.approve(now, Act::HouseRules, shown.as_ref())?;
        till.set_house(now, house.into(), approval)
    })
    .await
}
