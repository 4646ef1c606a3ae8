//! `make demo`: the whole chain on this machine, a broker, the callback service, the simulator posting real notifies, and
//! the till in its window. Ctrl-C, closing the terminal, or closing the till ends what it started and nothing else.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::Context;
use scantill_tests::broker::Broker;
use scantill_tests::process::Owned;
use scantill_tests::whole::{Whole, built, notify_url};
use tokio::signal::unix::{SignalKind, signal};

/// Between two looks whether the window is still open.
const LOOK_EVERY: Duration = Duration::from_millis(200);

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "The demonstration broke off: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    // Before the first process is started: what there is when it comes is dropped, and so ended.
    let asked = asked_to_end()?;
    tokio::select! {
        biased;
        () = asked => say("What was started has been ended."),
        shown = show() => shown?,
    }
    Ok(())
}

/// Starts everything, and waits until the till's window is closed.
async fn show() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    say("Starting a RabbitMQ node of this demonstration's own; that takes some seconds …");
    let broker = Broker::start_new().await?;
    let vhost = broker.vhost().await?;
    say(&format!("  broker       127.0.0.1:{}", broker.port()));
    let whole = Whole::start(folder.path(), vhost).await?;
    say(&format!("  relay        {}", notify_url(&whole.relay)));
    say(&format!("  simulator    {}", whole.simulator.base()));
    say(&format!("  your phone   {}/phone", whole.simulator.base()));

    let data = folder.path().join("data");
    whole.fill_shelves(&data)?;

    let mut command = Command::new(built("scantill")?);
    command
        .arg("--config")
        .arg(&whole.till_config)
        .arg("--data-dir")
        .arg(&data)
        .process_group(0);
    let mut till = Owned::start(&mut command, "scantill")?;
    say(
        "Ring something up, press 收款, and pay on the phone page: the notify shows it as paid within a moment.",
    );
    say("Ctrl-C, or closing the till's window, ends everything.");
    let status = loop {
        if let Some(status) = till.ended()? {
            break status;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    };
    anyhow::ensure!(status.success(), "the till ended with {status}");
    Ok(())
}

/// Resolves at Ctrl-C, when asked to end, and when the terminal is closed.
fn asked_to_end() -> anyhow::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut hang_up = signal(SignalKind::hangup()).context("listening for SIGHUP")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    })
}

/// To the terminal, if there still is one.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
