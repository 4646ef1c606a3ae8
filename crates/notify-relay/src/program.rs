//! The command line of `scantill-relay`.

use std::ffi::OsString;
use std::future::Future;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use notify_bus::{Checked, Health};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::prelude::*;

use crate::config::{Config, Variables};
use crate::relay::CONNECTION_NAME;

/// Takes WeChat Pay's notifies and hands them to the tills' broker.
#[derive(Debug, Parser)]
#[command(name = "scantill-relay", version)]
struct Args {
    /// The configuration.
    #[arg(long, env = "SCANTILL_RELAY_CONFIG", default_value = "relay.toml")]
    config: PathBuf,
    /// Only look at the configuration and at the broker; exits with 0 when both are right.
    #[arg(long)]
    check: bool,
}

/// Runs the program with these arguments, the first of which is its own name.
pub fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Help and version end well, anything else doesn't; clap knows which.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> anyhow::Result<()> {
    let config = Config::load(&args.config, &variables())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting threads")?;
    if args.check {
        return runtime.block_on(check(config));
    }
    log();
    for file in &config.open_files {
        tracing::warn!(file = %file.display(), "{OPEN_FILE}");
    }
    #[cfg(unix)]
    raise_file_limit(&config);
    runtime.block_on(async {
        // Before the line that says we listen: whoever reads it may stop us at once.
        let interrupted = interrupted()?;
        let listener = crate::listen(config.listen)
            .with_context(|| format!("listen: {} can't be had", config.listen))?;
        // Whoever started us may not care to read it.
        let mut out = std::io::stdout();
        let _ = writeln!(out, "listening on {}", listener.local_addr()?).and_then(|()| out.flush());
        crate::serve(listener, config, interrupted).await;
        tracing::info!("stopped");
        Ok(())
    })
}

/// About a file.
const OPEN_FILE: &str = "it holds a secret, and everybody on this machine can read it";

fn variables() -> Variables {
    // What isn't text can't be ours.
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .finish()
        .with(filter_fn(notify_bus::may_be_logged))
        .init();
}

/// Open files besides the connections: the broker's, the log, the listener.
#[cfg(unix)]
const OTHER_FILES: u64 = 64;

/// A connection is an open file, and many systems start a program with a thousand.
#[cfg(unix)]
fn raise_file_limit(config: &Config) {
    let wanted = u64::try_from(config.limits.connections).unwrap_or(u64::MAX) + OTHER_FILES;
    match rlimit::increase_nofile_limit(wanted) {
        Ok(given) if given < wanted => {
            tracing::warn!(
                given,
                wanted,
                "too few open files are allowed for [limits] connections"
            );
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the limit of open files is not known"),
    }
}

/// Connects as when running, and says what came of it.
async fn check(config: Config) -> anyhow::Result<()> {
    for file in &config.open_files {
        eprintln!("{}: {OPEN_FILE}", file.display());
    }
    let (mut places, mut remarks, mut troubles) = (Vec::new(), Vec::new(), Vec::new());
    for node in config.broker.each() {
        let place = node.place();
        let Checked { health, only_found } = notify_bus::check(&node, CONNECTION_NAME).await;
        for found in only_found {
            // The nodes of a cluster have the same queues.
            if !remarks.contains(&found) {
                remarks.push(found);
            }
        }
        match health {
            Health::Up => places.push(place),
            Health::Starting => troubles.push(format!("the broker at {place} did not answer")),
            Health::Blocked => troubles.push(format!(
                "the broker at {place} takes no messages: it is out of memory or disk"
            )),
            Health::Down(trouble) => troubles.push(format!("the broker at {place}: {trouble}")),
        }
    }
    anyhow::ensure!(!places.is_empty(), "{}", troubles.join("\n"));
    let place = places.join(" and ");
    let merchants = match config.merchants.iter().count() {
        1 => "1 merchant".to_owned(),
        count => format!("{count} merchants"),
    };
    println!("the configuration is right ({merchants}), and the broker at {place} takes messages");
    for trouble in troubles {
        println!("{trouble}; the relay goes to the others");
    }
    if !remarks.is_empty() {
        println!(
            "this user may not declare {}: what is there was found, but whether its settings and bindings are right could not \
             be seen; rabbitmqctl list_queues, list_exchanges and list_bindings tell",
            remarks.join(", ")
        );
    }
    Ok(())
}

/// Resolves at Ctrl-C, and at SIGTERM where there is such a thing.
fn interrupted() -> anyhow::Result<impl Future<Output = ()> + Send> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
        let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a handler nobody can ask us to stop but by killing.
            std::future::pending::<()>().await;
        }
    })
}
