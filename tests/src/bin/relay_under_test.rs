//! The callback service as it is, but that it can be told where to die: the process that the relay's tests start.

use std::process::ExitCode;

use anyhow::Context;
use scantill_tests::process::die_at;
use scantill_tests::relay::KILL_VARIABLE;

fn main() -> ExitCode {
    if let Ok(kill) = std::env::var(KILL_VARIABLE)
        && let Err(error) = armed(&kill)
    {
        eprintln!("{error:#}");
        return ExitCode::FAILURE;
    }
    notify_relay::program::main(std::env::args_os())
}

fn armed(kill: &str) -> anyhow::Result<()> {
    let (point, nth) = kill.split_once(':').context("a kill is POINT:NTH")?;
    die_at(point, nth.parse()?)
}
