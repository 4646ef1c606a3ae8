//! `make demo`: ended at any moment it leaves nothing behind, and touches nothing that it did not start.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use scantill_tests::app::{Start, surroundings};
use scantill_tests::process::{Owned, descendant_running, kill_now, signal_group};
use scantill_tests::screen::Screen;
use scantill_tests::wait::{PATIENCE, until};
use scantill_tests::whole::SimulatorProcess;

/// Whatever the demonstration starts inherits this, and can be found by it when its parents are gone.
const MARK: &str = "SCANTILL_TEST_OF_THE_DEMO";
/// For RabbitMQ, the other programs and a window, one after the other.
const START_MAX: Duration = Duration::from_secs(120);

/// When the demonstration is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// The broker is being started.
    First,
    /// The simulator runs, and nothing that comes after it.
    Early,
    /// The till's window is open.
    Late,
}

/// Runs the demonstration until `moment`, sends the signal to it as a terminal does, and looks at what is left.
async fn ended_by(signal: &str, moment: Moment) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let temporary = folder.path().join("tmp");
    fs::create_dir(&temporary)?;
    let screen = Screen::open(1366, 768)?;
    // Another's, of the same name.
    let bystander = SimulatorProcess::start()?;
    let mark = format!("{MARK}={}-{moment:?}", std::process::id());

    let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
    let start = Start {
        folder: folder.path(),
        flags: &[],
        config: None,
    };
    surroundings(&mut command, &screen, &start)?;
    let (name, value) = mark.split_once('=').unwrap_or_default();
    let said = folder.path().join("said");
    command
        .env(name, value)
        .env("TMPDIR", &temporary)
        .process_group(0)
        .stdout(File::create(&said)?)
        .stderr(File::create(folder.path().join("log"))?);
    let mut demo = Owned::start(&mut command, "the demonstration")?;
    until(&format!("the moment {moment:?}"), START_MAX, async || {
        let is_running = |program: &str| descendant_running(demo.id(), OsStr::new(program)).is_some();
        let reached = match moment {
            Moment::First => is_running("epmd"),
            Moment::Early => is_running("wechat-pay-sim"),
            Moment::Late => is_running("WebKitWebProcess"),
        };
        Ok(reached.then_some(()))
    })
    .await?;
    assert!(
        marked(&mark).len() > 1,
        "{moment:?}: what it starts is found by its mark"
    );

    signal_group(demo.id(), signal)?;
    let status = until("the demonstration's end", PATIENCE, async || demo.ended()).await?;
    assert!(
        status.success(),
        "{moment:?}: asked to end, it ends well: {status}; it said {:?} and {:?}",
        fs::read_to_string(&said)?,
        fs::read_to_string(folder.path().join("log"))?
    );
    let left = until("all that it started to end", PATIENCE, async || {
        Ok(marked(&mark).is_empty().then_some(()))
    });
    let _ = left.await;
    let left: Vec<_> = marked(&mark)
        .into_iter()
        .map(|id| {
            let program = program(id);
            // Not left to the machine either.
            let _ = kill_now(id);
            program
        })
        .collect();
    assert!(
        left.is_empty(),
        "{moment:?}: it leaves none of its processes behind: {left:?}"
    );
    let files: Vec<_> = fs::read_dir(&temporary)?
        .map(|file| file.map(|file| file.file_name()))
        .collect::<Result<_, _>>()?;
    assert!(files.is_empty(), "{moment:?}: nor any of its files: {files:?}");
    let answer = reqwest::get(format!("{}/sim/orders", bystander.base())).await?;
    assert!(
        answer.status().is_success(),
        "{moment:?}: what it did not start goes on"
    );
    Ok(())
}

/// The processes that have this in their environment.
fn marked(mark: &str) -> Vec<u32> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|id| {
            let surroundings = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            surroundings
                .split(|byte| *byte == 0)
                .any(|one| one == mark.as_bytes())
        })
        .collect()
}

fn program(id: u32) -> String {
    let path = fs::read_link(Path::new("/proc").join(id.to_string()).join("exe"));
    path.map_or_else(|_| format!("{id}"), |path| format!("{id} {}", path.display()))
}

#[tokio::test]
async fn the_demonstration_ended_by_ctrl_c_while_it_starts_leaves_nothing_behind() -> anyhow::Result<()> {
    ended_by("INT", Moment::First).await?;
    ended_by("INT", Moment::Early).await
}

#[tokio::test]
async fn the_demonstration_ended_by_ctrl_c_with_its_window_open_leaves_nothing_behind() -> anyhow::Result<()>
{
    ended_by("INT", Moment::Late).await
}

#[tokio::test]
async fn the_demonstration_whose_terminal_is_closed_leaves_nothing_behind() -> anyhow::Result<()> {
    ended_by("HUP", Moment::Early).await
}
