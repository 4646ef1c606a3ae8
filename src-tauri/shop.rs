//! The till behind the windows: opened from its place on the disk, or the reason why it can't be.

use std::path::PathBuf;
use std::sync::Mutex;

use tauri::{AppHandle, Runtime};
use tauri_specta::Event as _;
use till_app::lock::{self, FolderLock, LockError};
use till_app::run::{self, Running, TillHandle};
use till_app::snapshot::CustomerPicture;
use till_app::{Config, Database, Till, clock, gateway};
use tokio::runtime::Handle;

use crate::view::{Locale, Problem, ProblemCode};
use crate::{convert, training, windows};

/// Where the till finds its things.
#[derive(Debug, Clone)]
pub struct Place {
    /// The configuration file.
    pub config: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    /// The simulator takes WeChat's place.
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
    /// Training: where the simulator listens.
    simulator: Option<String>,
    _lock: FolderLock,
}

/// What the settings page may know.
#[derive(Debug, Clone)]
pub struct Known {
    /// The configuration in use, if there is one.
    pub config: Option<Config>,
    /// Training: where the simulator listens.
    pub simulator: Option<String>,
}

impl Shop {
    /// Opens the till, or keeps the reason why not; the windows open either way.
    pub fn open<R: Runtime>(place: Place, runtime: Handle, app: &AppHandle<R>) -> Self {
        let state = match open(&place, &runtime, app) {
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
        match open(&self.place, &self.runtime, app) {
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
                simulator: open.simulator.clone(),
            },
            State::Problem(_) => Known {
                config: None,
                simulator: None,
            },
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

/// The figures of a business day as text, without a window; reads only.
pub fn day_text(place: &Place, day: jiff::civil::Date) -> anyhow::Result<String> {
    let config = if place.training {
        training::config("http://127.0.0.1")?
    } else {
        Config::load(&place.config)?
    };
    let file = place.data.join("scantill.db");
    anyhow::ensure!(file.is_file(), "{} is not there", file.display());
    let clock = clock::steady();
    let till = Till::open(config, Database::open(&file)?, clock(), rand::random())?;
    Ok(till.day(day, place.training)?.text)
}

/// The language before anybody could choose one.
pub fn first_locale() -> Locale {
    let chinese = |name: String| name.starts_with("zh") || name.starts_with('C') || name.is_empty();
    let english = std::env::var("LANG").map(|name| !chinese(name)).unwrap_or(false);
    if english { Locale::En } else { Locale::ZhCn }
}

fn open<R: Runtime>(place: &Place, runtime: &Handle, app: &AppHandle<R>) -> Result<Open, Problem> {
    let unusable = |error: &dyn std::fmt::Display| Problem {
        code: ProblemCode::DatabaseUnusable,
        subject: place.data.display().to_string(),
        detail: error.to_string(),
        example: String::new(),
    };
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
    let (config, simulator) = match config {
        Some(config) => (config, None),
        None => {
            let training =
                training::start(&place.data, runtime).map_err(|error| unusable(&format!("{error:#}")))?;
            (training.config, Some(training.base_url))
        }
    };
    let file = place.data.join("scantill.db");
    let db = Database::open(&file).map_err(|error| convert::ledger_problem(&error, &file))?;
    let clock = clock::steady();
    let mut till =
        Till::open(config.clone(), db, clock(), rand::random()).map_err(|error| unusable(&error))?;
    if place.training {
        till.stock_for_training().map_err(|error| unusable(&error))?;
    }
    let client = gateway::connect(&config).map_err(|error| unusable(&format!("{error:#}")))?;
    let (app, training) = (app.clone(), place.training);
    let show = move |till, customer: Option<CustomerPicture>| {
        // Each window is told what concerns it; the customer's never gets the till's picture.
        let told = [
            Some(convert::snapshot(till, training).emit_to(&app, windows::TILL)),
            customer.map(|customer| convert::customer(customer, training).emit_to(&app, windows::CUSTOMER)),
        ];
        for error in told.into_iter().flatten().filter_map(Result::err) {
            tracing::warn!(%error, "a window was not told; it asks again when it is loaded");
        }
    };
    let running = run::start(till, client, clock, runtime.clone(), show).map_err(|error| unusable(&error))?;
    Ok(Open {
        running,
        config,
        simulator,
        _lock: lock,
    })
}
