//! Child processes that end with their owner: each by its own id, never by name.

use std::ffi::OsStr;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;

/// The children that run now, for [`end_all`].
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// A process we started; killed and reaped when dropped, with everything it started in turn.
#[derive(Debug)]
pub struct Owned {
    child: Child,
}

impl Owned {
    /// Starts `command` with no input. `what` is for the error: which program, and where Debian has it.
    pub fn start(command: &mut Command, what: &str) -> anyhow::Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {what}"))?;
        running().push(child.id());
        Ok(Self { child })
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, or `None` while it runs.
    pub fn ended(&mut self) -> anyhow::Result<Option<std::process::ExitStatus>> {
        let mut running = running();
        let ended = self.child.try_wait()?;
        if ended.is_some() {
            running.retain(|id| *id != self.child.id());
        }
        Ok(ended)
    }

    /// Its standard output, when it was piped and not yet taken.
    pub fn take_stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // Grandchildren first seen while their parent lives: afterwards they belong to nobody.
        let below = descendants(self.child.id());
        // An error here means that it has ended already, which is what is wanted.
        let _ = self.child.kill();
        running().retain(|id| *id != self.child.id());
        let _ = self.child.wait();
        for id in below {
            let _ = kill_now(id);
        }
    }
}

/// Ends everything that [`Owned::start`] started and that still runs, for a program that is about to end without dropping
/// anything.
pub fn end_all() {
    // Held to the end: nobody reaps one of them meanwhile, whose id might then be another's.
    for id in running().iter() {
        for id in descendants(*id).into_iter().chain([*id]) {
            // An error means that it has ended already.
            let _ = kill_now(id);
        }
    }
}

fn running() -> std::sync::MutexGuard<'static, Vec<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// SIGKILL to one process: no handler runs, nothing is flushed.
pub fn kill_now(id: u32) -> anyhow::Result<()> {
    signal(id, "KILL")
}

/// The signal of this name, such as `STOP`, to one process.
pub fn signal(id: u32, name: &str) -> anyhow::Result<()> {
    // The shell's own `kill`: a bare Debian has no other.
    let status = Command::new("sh")
        .args(["-c", "kill -s \"$1\" \"$0\"", &id.to_string(), name])
        .stderr(Stdio::null())
        .status()
        .context("running the shell's kill")?;
    anyhow::ensure!(status.success(), "process {id} was gone already");
    Ok(())
}

/// The signal of this name to a process and everything in its group, as a terminal sends it.
pub fn signal_group(leader: u32, name: &str) -> anyhow::Result<()> {
    let status = Command::new("sh")
        .args(["-c", "kill -s \"$1\" -- \"-$0\"", &leader.to_string(), name])
        .stderr(Stdio::null())
        .status()
        .context("running the shell's kill")?;
    anyhow::ensure!(status.success(), "the group of {leader} was gone already");
    Ok(())
}

/// From now on, counts how often a failpoint of this program is passed, and kills the process at the nth time.
pub fn die_at(point: &str, nth: u32) -> anyhow::Result<()> {
    at(point, nth, || {
        // SIGKILL to itself: nothing is flushed, no destructor runs.
        let _ = kill_now(std::process::id());
        std::process::abort();
    })
}

/// The same, and stops the process as it is, until somebody lets it go on.
pub fn freeze_at(point: &str, nth: u32) -> anyhow::Result<()> {
    at(point, nth, || {
        let _ = signal(std::process::id(), "STOP");
    })
}

fn at(point: &str, nth: u32, act: impl Fn() + Send + Sync + 'static) -> anyhow::Result<()> {
    let left = AtomicU32::new(nth);
    fail::cfg_callback(point, move || {
        if left.fetch_sub(1, Ordering::SeqCst) == 1 {
            act();
        }
    })
    .map_err(anyhow::Error::msg)
    .context("arming a failpoint")
}

/// Which measure of a process's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// What it has in hand.
    Now,
    /// The most it ever had.
    Most,
}

/// Memory of a process, in bytes.
pub fn memory(id: u32, which: Memory) -> anyhow::Result<u64> {
    let name = match which {
        Memory::Now => "VmRSS:",
        Memory::Most => "VmHWM:",
    };
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kilobytes.with_context(|| format!("no {name}"))?.parse::<u64>()? * 1024)
}

/// Every process started by `id`, directly or not, parents before children.
pub fn descendants(id: u32) -> Vec<u32> {
    let mut found = vec![id];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(children(parent));
        next += 1;
    }
    found.split_off(1)
}

/// The first descendant of `id` whose program is `program`.
pub fn descendant_running(id: u32, program: &OsStr) -> Option<u32> {
    descendants(id).into_iter().find(|id| {
        fs::read_link(format!("/proc/{id}/exe")).is_ok_and(|path| path.file_name() == Some(program))
    })
}

/// Whether a process with this id is still there and not merely waiting to be reaped.
pub fn is_running(id: u32) -> bool {
    fs::read_to_string(format!("/proc/{id}/stat"))
        .ok()
        .and_then(|stat| Some(stat.rsplit_once(") ")?.1.starts_with('Z')))
        .is_some_and(|zombie| !zombie)
}

/// Whether a process was stopped by a signal.
pub fn is_frozen(id: u32) -> bool {
    fs::read_to_string(format!("/proc/{id}/stat"))
        .ok()
        .and_then(|stat| Some(stat.rsplit_once(") ")?.1.starts_with('T')))
        .unwrap_or(false)
}

/// A process has one list of children for each of its threads.
fn children(id: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{id}/task")) else {
        return Vec::new();
    };
    threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|list| {
            list.split_whitespace()
                .filter_map(|id| id.parse().ok())
                .collect::<Vec<_>>()
        })
        .collect()
}
