//! A till in a process of its own, for tests that kill it: what the process is told, what it says, and its two ends.

use std::path::Path;
use std::process::Stdio;

use anyhow::Context;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use till_core::{Attempt, Refund};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::wait::PATIENCE;

/// Where a till can be made to die: the name of a failpoint, and at which time of coming by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kill {
    /// One of [`KILL_POINTS`].
    pub point: String,
    /// 1 for the first time.
    pub nth: u32,
}

/// The failpoints of the store and of the driver.
pub const KILL_POINTS: [&str; 4] = [
    "store.before_commit",
    "store.after_commit",
    "driver.before_send",
    "driver.before_finish",
];

/// So quick that half an hour fits into a test.
const POLL: SignedDuration = SignedDuration::from_millis(15);
/// After a message was committed, before the broker is told. Passed by a till with a broker alone.
pub const KILL_BEFORE_SETTLE: &str = "notify.before_settle";

/// What a line to the process asks for; one JSON value a line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Told {
    /// Rings up one piece.
    Scan(String),
    /// 收款, with the name of the click.
    Pay(String),
    /// A new code for the sale of this order.
    PayAgain(String),
    /// The cashier does not want this order any more.
    Cancel(String),
    /// So much of this order goes back, with the name of the click.
    Refund {
        /// Which order.
        order: String,
        /// How much.
        fen: i64,
        /// The click.
        click: String,
    },
    /// The day is closed, with the name of the click.
    CloseDay(String),
    /// The till's clock goes ahead by so many milliseconds.
    Advance(i64),
    /// Counts from now on towards this end.
    Arm(Kill),
    /// Counts from now on towards being frozen there.
    Freeze(Kill),
    /// Says what the ledger and the screens have.
    Look,
}

/// What the process answers; one JSON value a line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Says {
    /// Open and working.
    Ready,
    /// Done.
    Done,
    /// The order, or the refund, that came of it.
    Order(String),
    /// The number of the Z that came of it.
    Z(u32),
    /// Not done, and why.
    Refused(String),
    /// What there is.
    Picture(Picture),
}

/// What the ledger and the screens of a till have.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Picture {
    /// Pieces in the cart.
    pub in_cart: u32,
    /// Every order in the ledger, oldest first.
    pub orders: Vec<Attempt>,
    /// Every refund in the ledger, oldest first.
    pub refunds: Vec<Refund>,
    /// The order whose QR code the till window draws.
    pub on_show: Option<String>,
}

/// A running till process, killed when dropped.
#[derive(Debug)]
pub struct TillProcess {
    child: Child,
    told: ChildStdin,
    says: Lines<BufReader<ChildStdout>>,
}

impl std::fmt::Display for Kill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.point, self.nth)
    }
}

impl std::str::FromStr for Kill {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (point, nth) = text.split_once(':').context("a kill is POINT:NTH")?;
        let known = KILL_POINTS.contains(&point) || point == KILL_BEFORE_SETTLE;
        anyhow::ensure!(known, "there is no point {point}");
        Ok(Self {
            point: point.to_owned(),
            nth: nth.parse().context("NTH is a number from 1 on")?,
        })
    }
}

impl TillProcess {
    /// Starts the till at `program` on a folder that has a `till.toml`, its clock ahead of the machine's. `None` when it
    /// died before it was open, as `kill` may have it.
    pub async fn start(
        program: &Path,
        folder: &Path,
        ahead: SignedDuration,
        kill: Option<&Kill>,
    ) -> anyhow::Result<Option<Self>> {
        Self::start_asking_every(program, folder, ahead, kill, POLL).await
    }

    /// The same with another pause from one question to the next.
    pub async fn start_asking_every(
        program: &Path,
        folder: &Path,
        ahead: SignedDuration,
        kill: Option<&Kill>,
        poll: SignedDuration,
    ) -> anyhow::Result<Option<Self>> {
        let mut command = Command::new(program);
        command
            .arg(folder)
            .args(["--ahead-millis", &ahead.as_millis().to_string()])
            .args(["--poll-millis", &poll.as_millis().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if let Some(kill) = kill {
            command.args(["--kill", &kill.to_string()]);
        }
        let mut child = command.spawn().context("starting the till")?;
        let told = child.stdin.take().context("the till's input was piped")?;
        let says = child.stdout.take().context("the till's output was piped")?;
        let mut started = Self {
            child,
            told,
            says: BufReader::new(says).lines(),
        };
        match started.hear().await? {
            Some(Says::Ready) => Ok(Some(started)),
            Some(other) => anyhow::bail!("the till began with {other:?}"),
            None => Ok(None),
        }
    }

    /// Asks for something and waits for the answer. `None` when the till was killed meanwhile; an end of another kind is
    /// an error.
    pub async fn ask(&mut self, what: &Told) -> anyhow::Result<Option<Says>> {
        let mut line = serde_json::to_string(what)?;
        line.push('\n');
        // A till that has just died can't be told anything; its end is heard below.
        let _ = self.told.write_all(line.as_bytes()).await;
        self.hear().await
    }

    /// Process id.
    pub fn id(&self) -> anyhow::Result<u32> {
        self.child.id().context("the till has ended")
    }

    /// Kills it from outside.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Lets it end by itself, as when its window is closed.
    pub async fn stop(self) -> anyhow::Result<()> {
        let Self {
            mut child,
            told,
            says,
        } = self;
        drop(told);
        let status = tokio::time::timeout(PATIENCE, child.wait())
            .await
            .context("the till does not end")??;
        drop(says);
        anyhow::ensure!(status.success(), "the till ended with {status}");
        Ok(())
    }

    async fn hear(&mut self) -> anyhow::Result<Option<Says>> {
        let line = tokio::time::timeout(PATIENCE, self.says.next_line()).await;
        match line.context("the till does not answer")?? {
            Some(line) => Ok(Some(serde_json::from_str(&line)?)),
            None => {
                let status = self.child.wait().await?;
                let signal = std::os::unix::process::ExitStatusExt::signal(&status);
                anyhow::ensure!(
                    signal == Some(SIGKILL),
                    "the till ended with {status}, not by a kill"
                );
                Ok(None)
            }
        }
    }
}

/// The same number on every Unix.
const SIGKILL: i32 = 9;
