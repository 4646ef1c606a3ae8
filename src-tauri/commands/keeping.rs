//! Commands about copies of the ledger, and the self-check.

use tauri::{AppHandle, Manager as _, Wry};
use till_app::approval::Act;
use till_app::{backup, clock};

use super::{Answer, TheShop, acting, internal, not_ready, reading};
use crate::convert::{keeping as convert, staff};
use crate::shop::{NotRestored, Shop};
use crate::view::{
    BackupCheck, BackupView, CommandError, ErrorCode, KeepingView, RestoredView, SelfCheckView, Shown,
};

/// How the copies of the ledger stand; also where the till can't be opened.
#[tauri::command]
#[specta::specta]
pub async fn keeping(shop: TheShop<'_>) -> Answer<KeepingView> {
    let picture = match shop.till() {
        Ok(_) => Some(reading(&shop, |till, _| Ok(till.backups())).await?),
        Err(_) => None,
    };
    let place = shop.keeping();
    let (place, backups, set_aside) = in_background(move || {
        let backups = backup::list(&place.folder).map_err(internal)?;
        let set_aside = backup::set_aside(&place.ledger).map_err(internal)?;
        Ok((place, backups, set_aside))
    })
    .await?;
    Ok(convert::keeping(
        &place.folder,
        place.chosen,
        place.keep_days,
        picture.as_ref(),
        &backups,
        &set_aside,
    ))
}

/// Makes a copy of the ledger now.
#[tauri::command]
#[specta::specta]
pub async fn back_up_now(shop: TheShop<'_>) -> Answer<BackupView> {
    acting(&shop, |_, _| Ok(())).await?;
    let till = shop.till().map_err(not_ready)?;
    let made = till.back_up().await.map_err(internal)??;
    Ok(convert::backup(&made))
}

/// Looks at everything in a copy, and how it stands to the ledger in use.
#[tauri::command]
#[specta::specta]
pub async fn check_backup(shop: TheShop<'_>, name: String) -> Answer<BackupCheck> {
    not_locked(&shop).await?;
    let place = shop.keeping();
    in_background(move || {
        let checked = backup::check(&place.folder, &name, &place.ledger).ok_or_else(no_such_backup)?;
        let (copy, relation) = checked.map_err(|error| convert::unsound(&error))?;
        let last_z = backup::last_z(&place.folder, &name, &place.ledger).ok_or_else(no_such_backup)?;
        let anothers = place.is_anothers(&name);
        Ok(convert::check(name, &copy, relation, anothers, &last_z))
    })
    .await
}

/// Puts a copy in the ledger's place; the ledger is set aside. A manager approves it, where there is a till to ask. A copy of
/// another till's is refused unless `anothers` says that it is meant, and one of another merchant's, or a simulator's, whatever is
/// said. `last_z` is the last Z on paper, 0 for none.
#[tauri::command]
#[specta::specta]
pub async fn restore_backup(
    shop: TheShop<'_>,
    app: AppHandle<Wry>,
    name: String,
    anothers: bool,
    last_z: u32,
    shown: Option<Shown>,
) -> Answer<RestoredView> {
    let place = shop.keeping();
    let (is_anothers, name) = in_background(move || {
        place.is_for(&name).map_err(convert::other_account)?;
        Ok((place.is_anothers(&name), name))
    })
    .await?;
    if is_anothers && !anothers {
        return Err(CommandError {
            code: ErrorCode::BackupAnothers,
            detail: name,
        });
    }
    let who = match shop.till() {
        Ok(_) => {
            let shown = staff::shown(shown)?;
            acting(&shop, move |till, now| {
                let approval = till.approve(now, Act::Restore, shown.as_ref())?;
                Ok(approval.who().to_owned())
            })
            .await?
        }
        Err(_) => "no till to ask".to_owned(),
    };
    let restored = in_background(move || {
        app.state::<Shop>()
            .restore(&name, &who, last_z, &app)
            .map_err(|error| match error {
                NotRestored::Refused(error) => convert::not_restored(&error),
                NotRestored::NotReady(problem) => not_ready(problem),
            })
    })
    .await?;
    Ok(convert::restored(&restored))
}

/// Checks the whole ledger, and changes nothing; also where the till can't be opened.
#[tauri::command]
#[specta::specta]
pub async fn self_check(shop: TheShop<'_>) -> Answer<SelfCheckView> {
    not_locked(&shop).await?;
    let ledger = shop.keeping().ledger;
    in_background(move || {
        let check = till_app::self_check(&ledger).map_err(|error| CommandError {
            code: ErrorCode::CheckImpossible,
            detail: error.to_string(),
        })?;
        Ok(convert::self_check(&check, &ledger, clock::steady()()))
    })
    .await
}

/// Somebody has signed in, or there is no till to sign in to.
async fn not_locked(shop: &Shop) -> Answer<()> {
    match shop.till() {
        Ok(_) => reading(shop, |_, _| Ok(())).await,
        Err(_) => Ok(()),
    }
}

fn no_such_backup() -> CommandError {
    CommandError {
        code: ErrorCode::NoSuchBackup,
        detail: String::new(),
    }
}

/// What takes as long as the ledger is large must not hold up the other commands.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CommandError> + Send + 'static,
) -> Answer<T> {
    tauri::async_runtime::spawn_blocking(work)
        .await
        .map_err(internal)?
}
