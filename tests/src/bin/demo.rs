//! `make demo`: the whole chain on this machine, a broker, the callback service, the simulator posting real notifies, and
//! the till in its window. Ctrl-C, or closing the till, ends what it started and nothing else.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};
use std::time::Duration;

use scantill_tests::broker::Broker;
use scantill_tests::process::Owned;
use scantill_tests::whole::{Whole, built, notify_url};
use tokio::signal::unix::{SignalKind, signal};

/// Between two looks whether the window is still open.
const LOOK_EVERY: Duration = Duration::from_millis(200);

#[tokio::main]
async fn main() -> ExitCode {
    match demo().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("The demonstration broke off: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn demo() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    println!("Starting a RabbitMQ node of this demonstration's own; that takes some seconds …");
    let broker = Broker::start_new().await?;
    let vhost = broker.vhost().await?;
    println!("  broker       127.0.0.1:{}", broker.port());
    let whole = Whole::start(folder.path(), vhost).await?;
    println!("  relay        {}", notify_url(&whole.relay));
    println!("  simulator    {}", whole.simulator.base());
    println!("  your phone   {}/phone", whole.simulator.base());

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
    println!(
        "Ring something up, press 收款, and pay on the phone page: the notify shows it as paid within a moment."
    );
    println!("Ctrl-C, or closing the till's window, ends everything.");
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let closed = async {
        loop {
            if let Some(status) = till.ended()? {
                return anyhow::Ok(status);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::select! {
        status = closed => {
            let status = status?;
            anyhow::ensure!(status.success(), "the till ended with {status}");
        }
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    println!("Ending what was started.");
    Ok(())
}
