//! A gateway with a clock and, where asked for, a state file: what the HTTP face serves and programs hold on to.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::beijing::later;
use crate::config::GatewayConfig;
use crate::gateway::{Gateway, SnapshotError};

/// A shared gateway. Clones are handles to the same one: one goes to [`crate::serve`], others poke it.
#[derive(Debug, Clone)]
pub struct Simulator {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    gateway: Mutex<Gateway>,
    clock: Mutex<Clock>,
    state_file: Option<PathBuf>,
    /// Wakes the task that posts notifications.
    changed: Notify,
}

/// Why a simulator can't go on with its state file.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file can't be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The state file.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The file is no snapshot of this merchant. It is left as it is.
    #[error("{}: {source}", path.display())]
    Snapshot {
        /// The state file.
        path: PathBuf,
        /// What is wrong with it.
        source: SnapshotError,
    },
}

impl Simulator {
    /// A simulator without a state file: its orders are gone when it is.
    pub fn new(config: GatewayConfig) -> Self {
        Self::with_gateway(Gateway::new(config), None, machine_time())
    }

    /// A simulator that keeps its orders in a file, written after every change; goes on with it when it is there, by the
    /// machine's clock like the tills that ask it.
    ///
    /// # Errors
    /// The file is there but can't be read or isn't a snapshot of this merchant.
    pub fn open(config: GatewayConfig, state_file: &Path) -> Result<Self, OpenError> {
        let path = state_file.to_owned();
        let now = machine_time();
        let gateway = match std::fs::read_to_string(state_file) {
            Ok(json) => Gateway::from_json(config, &json, now).map_err(|source| OpenError::Snapshot {
                path: path.clone(),
                source,
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Gateway::new(config),
            Err(source) => return Err(OpenError::Read { path, source }),
        };
        Ok(Self::with_gateway(gateway, Some(path), now))
    }

    fn with_gateway(gateway: Gateway, state_file: Option<PathBuf>, now: Timestamp) -> Self {
        let clock = Clock::starting_at(now);
        let shared = Shared {
            gateway: Mutex::new(gateway),
            clock: Mutex::new(clock),
            state_file,
            changed: Notify::new(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The simulator's time.
    pub fn now(&self) -> Timestamp {
        self.clock().now()
    }

    /// How many simulated seconds go by in a real one.
    pub fn speed(&self) -> f64 {
        self.clock().speed
    }

    /// Makes time go by at that speed from now on. Not positive or not a number: refused, `false`.
    pub fn set_speed(&self, speed: f64) -> bool {
        let takes = speed.is_finite() && speed > 0.0 && speed <= 1e6;
        if takes {
            let mut clock = self.clock();
            *clock = Clock {
                speed,
                ..Clock::starting_at(clock.now())
            };
            drop(clock);
            self.shared.changed.notify_one();
        }
        takes
    }

    /// Jumps ahead.
    pub fn advance(&self, by: SignedDuration) {
        let mut clock = self.clock();
        *clock = Clock {
            speed: clock.speed,
            ..Clock::starting_at(later(clock.now(), by))
        };
        drop(clock);
        self.shared.changed.notify_one();
    }

    /// Does something with the gateway at the simulator's present time; saves what that changed.
    ///
    /// The gateway is locked meanwhile: `act` must not call this simulator again.
    pub fn with<R>(&self, act: impl FnOnce(&mut Gateway, Timestamp) -> R) -> R {
        // Nothing that holds the lock leaves the gateway half-changed, a panic in a test's closure included.
        let mut gateway = self.shared.gateway.lock().unwrap_or_else(PoisonError::into_inner);
        let before = gateway.changes();
        let now = self.now();
        let result = act(&mut gateway, now);
        if gateway.changes() != before {
            // Under the lock, so that an older state never overwrites a newer one.
            self.save(&gateway);
            self.shared.changed.notify_one();
        }
        result
    }

    fn save(&self, gateway: &Gateway) {
        let Some(path) = &self.shared.state_file else {
            return;
        };
        let saved = gateway
            .to_json()
            .map_err(std::io::Error::other)
            .and_then(|json| replace(path, &json));
        if let Err(error) = saved {
            tracing::error!(path = %path.display(), %error, "the simulator's state could not be saved");
        }
    }

    /// Waits until something has changed since the last wait.
    pub(crate) async fn changed(&self) {
        self.shared.changed.notified().await;
    }

    /// How long it really takes until that simulated time.
    pub(crate) fn real_until(&self, at: Timestamp) -> Duration {
        let clock = self.clock();
        let left = Duration::try_from(at.duration_since(clock.now())).unwrap_or(Duration::ZERO);
        Duration::try_from_secs_f64(left.as_secs_f64() / clock.speed).unwrap_or(Duration::MAX)
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.shared.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the edge where the real clock is read; the core is told"
)]
fn machine_time() -> Timestamp {
    Timestamp::now()
}

/// Writes beside the file and renames: whoever reads it sees the old or the new one.
fn replace(path: &Path, json: &str) -> std::io::Result<()> {
    let beside = path.with_extension("json.new");
    let mut file = File::create(&beside)?;
    file.write_all(json.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

/// Simulated time: started somewhere, going by at some speed on the monotonic clock.
#[derive(Debug, Clone, Copy)]
struct Clock {
    start: Timestamp,
    since: Instant,
    speed: f64,
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "simulated time is counted in the machine's own"
    )]
    fn starting_at(start: Timestamp) -> Self {
        Self {
            start,
            since: Instant::now(),
            speed: 1.0,
        }
    }

    fn now(&self) -> Timestamp {
        let gone = self.since.elapsed().as_secs_f64() * self.speed;
        later(
            self.start,
            SignedDuration::try_from_secs_f64(gone).unwrap_or(SignedDuration::MAX),
        )
    }
}
