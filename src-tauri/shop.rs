//! The till behind the windows: opened from its place on the disk, or the reason why it can't be.

use std::path::PathBuf;
use std::sync::Mutex;

use tauri::{AppHandle, Manager as _, Runtime};
use tauri_specta::Event as _;
use till_app::backup::{self, RestoreError, Restored};
use till_app::lock::{self, FolderLock, LockError};
use till_app::run::{self, Running, TillHandle};
use till_app::snapshot::CustomerPicture;
use till_app::{Config, Database, OpenError, Till, clock, gateway, report};
use till_core::{Account, OtherAccount, TillId};
use tokio::runtime::Handle;

use crate::customer::CustomerPage;
use crate::view::{Locale, Problem, ProblemCode};
use crate::{convert, training, windows};

/// Where the till finds its things.
#[derive(Debug, Clone)]
pub struct Place {
    /// The configuration file.
    pub config: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// The simulator inside the program takes WeChat's place.
    pub training: bool,
}

/// The till behind the windows.
#[derive(Debug)]
pub struct Shop {
    place: Place,
    runtime: Handle,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Open(Box<Open>),
    Problem(Problem),
}

/// A till that is open.
#[derive(Debug)]
struct Open {
    running: Running,
    config: Config,
    lock: FolderLock,
}

/// What the settings page may know.
#[derive(Debug, Clone)]
pub struct Known {
    /// The configuration in use, if there is one.
    pub config: Option<Config>,
}

impl Known {
    /// Where the simulator listens, if it takes WeChat's place.
    #[must_use]
    pub fn simulator(&self) -> Option<&str> {
        self.config.as_ref()?.gateway.simulator()
    }
}

/// Where the ledger and its copies are, whether or not the till could be opened.
#[derive(Debug, Clone)]
pub struct Keeping {
    /// The ledger.
    pub ledger: PathBuf,
    /// Its copies.
    pub folder: PathBuf,
    /// The configuration names the folder.
    pub chosen: bool,
    /// All copies of so many days are kept.
    pub keep_days: u16,
    /// Which till it is; `None`: the configuration can't be read.
    pub till: Option<TillId>,
    /// Whose payments it takes; where the configuration can't be read, whose the ledger says it holds.
    pub account: Option<Account>,
}

impl Keeping {
    /// Whether a copy is another till's.
    pub fn is_anothers(&self, name: &str) -> bool {
        backup::is_anothers(&self.folder, name, &self.ledger, self.till.as_ref())
    }

    /// Whether this till could go on with a copy: not with one that is another merchant's, or a simulator's.
    pub fn is_for(&self, name: &str) -> Result<(), OtherAccount> {
        let account = self.account.as_ref();
        account.map_or(Ok(()), |account| backup::is_for(&self.folder, name, account))
    }
}

/// Why no copy took the ledger's place.
#[derive(Debug)]
pub enum NotRestored {
    /// The ledger is where it was.
    Refused(RestoreError),
    /// Another program has the data folder, or what was put in the ledger's place can't be opened.
    NotReady(Problem),
}

/// What goes on from one till to the next when the ledger is exchanged under it.
#[derive(Debug)]
struct Kept {
    lock: FolderLock,
    config: Config,
    /// The version of the last picture: the pages drop what is older.
    version: u32,
}

impl Shop {
    /// Opens the till, or keeps the reason why not; the windows open either way.
    pub fn open<R: Runtime>(place: Place, runtime: Handle, app: &AppHandle<R>) -> Self {
        let state = match open(&place, &runtime, app, None) {
            Ok(open) => State::Open(Box::new(open)),
            Err(problem) => State::Problem(problem),
        };
        Self {
            place,
            runtime,
            state: Mutex::new(state),
        }
    }

    /// Tries again after the configuration was put right. An open till stays as it is.
    pub fn reopen<R: Runtime>(&self, app: &AppHandle<R>) -> Result<(), Problem> {
        let mut state = self.state();
        if let State::Open(_) = &*state {
            return Ok(());
        }
        match open(&self.place, &self.runtime, app, None) {
            Ok(open) => {
                *state = State::Open(Box::new(open));
                Ok(())
            }
            Err(problem) => {
                *state = State::Problem(problem.clone());
                Err(problem)
            }
        }
    }

    /// The way to the till.
    pub fn till(&self) -> Result<TillHandle, Problem> {
        match &*self.state() {
            State::Open(open) => Ok(open.running.handle.clone()),
            State::Problem(problem) => Err(problem.clone()),
        }
    }

    /// Where the till finds its things.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What the settings page may know.
    pub fn known(&self) -> Known {
        match &*self.state() {
            State::Open(open) => Known {
                config: Some(open.config.clone()),
            },
            State::Problem(_) => Known { config: None },
        }
    }

    /// Where reports are written as files.
    pub fn reports_folder(&self) -> PathBuf {
        let chosen = self.known().config.and_then(|config| config.reports.folder);
        chosen.unwrap_or_else(|| self.place.reports())
    }

    /// Where the ledger and its copies are.
    pub fn keeping(&self) -> Keeping {
        let known = self.known().config;
        let config = known.or_else(|| match self.place.training {
            true => None,
            // What keeps the till from opening may be another thing than the configuration.
            false => Config::load(&self.place.config).ok(),
        });
        let plan = config.as_ref().map(|config| &config.backup);
        let ledger = self.place.ledger();
        Keeping {
            folder: backup::folder(config.as_ref(), &ledger),
            chosen: plan.is_some_and(|plan| plan.folder.is_some()),
            keep_days: plan.map_or(14, |plan| plan.keep_days),
            till: config.as_ref().map(|config| config.shop.till.clone()),
            account: match &config {
                Some(config) => Some(config.account()),
                None => backup::account_of(&ledger),
            },
            ledger,
        }
    }

    /// Puts a copy in the ledger's place: the till is closed for it and opened again, whatever came of it. Blocks.
    pub fn restore<R: Runtime>(
        &self,
        name: &str,
        who: &str,
        last_z: u32,
        app: &AppHandle<R>,
    ) -> Result<Restored, NotRestored> {
        let place = self.keeping();
        let closed = Problem {
            code: ProblemCode::DatabaseUnusable,
            subject: place.ledger.display().to_string(),
            detail: "a copy is being put in the ledger's place".to_owned(),
            example: String::new(),
        };
        // The commands that come meanwhile are refused, and let go of the till.
        let before = std::mem::replace(&mut *self.state(), State::Problem(closed));
        let (kept, lock) = match before {
            State::Open(open) => (Some(open.close(&self.runtime)), None),
            State::Problem(problem) => match lock::take(&self.place.data) {
                Ok(lock) => (None, Some(lock)),
                Err(_) => {
                    *self.state() = State::Problem(problem.clone());
                    return Err(NotRestored::NotReady(problem));
                }
            },
        };
        let now = clock::steady()();
        let restored = backup::restore(&place.folder, name, &place.ledger, now, who, last_z);
        // Taken again by opening.
        drop(lock);
        let opened = open(&self.place, &self.runtime, app, kept);
        let problem = match opened {
            Ok(open) => {
                *self.state() = State::Open(Box::new(open));
                None
            }
            Err(problem) => {
                *self.state() = State::Problem(problem.clone());
                Some(problem)
            }
        };
        match (restored, problem) {
            (Err(error), _) => Err(NotRestored::Refused(error)),
            (Ok(_), Some(problem)) => Err(NotRestored::NotReady(problem)),
            (Ok(restored), None) => Ok(restored),
        }
    }

    /// Lets the till write down what it has in memory; the program ends after this.
    pub fn close(&self) {
        let ended = Problem {
            code: ProblemCode::DatabaseUnusable,
            subject: String::new(),
            detail: "the program is ending".to_owned(),
            example: String::new(),
        };
        if let State::Open(open) = std::mem::replace(&mut *self.state(), State::Problem(ended)) {
            open.running.stop();
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // The state is replaced whole: a panic elsewhere leaves it sound.
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Open {
    /// Ends the till, and keeps what the next one goes on with.
    fn close(self, runtime: &Handle) -> Kept {
        let Self {
            running,
            config,
            lock,
        } = self;
        let version = runtime
            .block_on(running.handle.call(|till, _| till.version()))
            .unwrap_or_default();
        running.stop();
        Kept {
            lock,
            config,
            version,
        }
    }
}

impl Place {
    /// The ledger.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        self.data.join("scantill.db")
    }

    /// Where reports are written as files, if the configuration names no other folder.
    #[must_use]
    pub fn reports(&self) -> PathBuf {
        self.data.join("reports")
    }
}

/// The figures of a business day as text, without a window; changes nothing, and may run beside an open till.
pub fn day_text(place: &Place, day: jiff::civil::Date) -> anyhow::Result<String> {
    let config = if place.training {
        training::config("http://127.0.0.1")?
    } else {
        Config::load(&place.config)?
    };
    till_app::day_of_ledger(&place.ledger(), &config, day)
}

/// The language before anybody could choose one.
pub fn first_locale() -> Locale {
    let chinese = |name: String| name.starts_with("zh") || name.starts_with('C') || name.is_empty();
    let english = std::env::var("LANG").map(|name| !chinese(name)).unwrap_or(false);
    if english { Locale::En } else { Locale::ZhCn }
}

fn open<R: Runtime>(
    place: &Place,
    runtime: &Handle,
    app: &AppHandle<R>,
    kept: Option<Kept>,
) -> Result<Open, Problem> {
    let unusable = |error: &dyn std::fmt::Display| unusable(place, error);
    let kept = match kept {
        Some(kept) => kept,
        None => start(place, runtime)?,
    };
    let Kept {
        lock,
        config,
        version,
    } = kept;
    // What is wrong in the configuration is told before the ledger is touched.
    let client = gateway::connect(&config).map_err(Problem::from)?;
    let file = place.ledger();
    for folder in [Some(place.reports()), config.reports.folder.clone()]
        .iter()
        .flatten()
    {
        report::remove_unfinished(folder, &config.shop.till);
    }
    let not_opened = |error: &OpenError| convert::ledger_problem(error, &file, &config);
    let db = Database::open(&file).map_err(|error| not_opened(&error))?;
    let clock = clock::steady();
    let mut till =
        Till::open(config.clone(), db, clock(), rand::random()).map_err(|error| not_opened(&error))?;
    till.go_on_from(version);
    if place.training {
        till.stock_for_training().map_err(|error| unusable(&error))?;
    }
    let (app, training) = (app.clone(), config.gateway.simulator().is_some());
    let show = move |till, customer: Option<CustomerPicture>| {
        let page = app.state::<CustomerPage>();
        // Each window is told what concerns it; the customer's never gets the till's picture.
        let told = [
            Some(convert::snapshot(till, training).emit_to(&app, windows::TILL)),
            customer.map(|customer| page.show(convert::customer(customer, training))),
        ];
        for error in told.into_iter().flatten().filter_map(Result::err) {
            tracing::warn!(%error, "a window was not told; it asks again when it is loaded");
        }
    };
    let running = run::start(till, client, clock, runtime.clone(), show).map_err(|error| unusable(&error))?;
    Ok(Open {
        running,
        config,
        lock,
    })
}

fn unusable(place: &Place, error: &dyn std::fmt::Display) -> Problem {
    Problem {
        code: ProblemCode::DatabaseUnusable,
        subject: place.data.display().to_string(),
        detail: error.to_string(),
        example: String::new(),
    }
}

/// What a till needs before it opens its ledger.
fn start(place: &Place, runtime: &Handle) -> Result<Kept, Problem> {
    let unusable = |error: &dyn std::fmt::Display| unusable(place, error);
    let config = if place.training {
        None
    } else {
        Some(Config::load(&place.config).map_err(Problem::from)?)
    };
    let lock = lock::take(&place.data).map_err(|error| match error {
        LockError::Taken => Problem {
            code: ProblemCode::FolderInUse,
            ..unusable(&error)
        },
        LockError::Unusable(_) => unusable(&error),
    })?;
    let config = match config {
        Some(config) => config,
        None => training::start(&place.data, runtime).map_err(|error| unusable(&format!("{error:#}")))?,
    };
    Ok(Kept {
        lock,
        config,
        version: 0,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    use jiff::civil::date;

    use super::*;

    /// Everything in a folder, but for what SQLite shares between those who have a file open.
    fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let kept = entries.filter(|path| !path.to_string_lossy().ends_with("-shm"));
        kept.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    #[test]
    fn the_figures_of_a_day_leave_the_folder_of_an_open_till_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place {
            config: folder.path().join("till.toml"),
            data: folder.path().to_owned(),
            training: true,
        };
        let open = Database::open(&place.ledger()).unwrap();
        // A copy that is to take the ledger's place at the next start of the till: that start's business, and no other's.
        fs::write(
            folder.path().join("scantill.db.restoring-20261123T120000Z"),
            "a copy",
        )
        .unwrap();
        let before = files(folder.path());
        let text = day_text(&place, date(2026, 11, 23)).unwrap();
        assert!(text.contains("2026-11-23"), "the figures of that day: {text}");
        assert_eq!(files(folder.path()), before, "to the byte");
        drop(open);
    }
}
