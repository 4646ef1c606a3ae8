//! `scantill-relay`: the callback service as a program.

use std::process::ExitCode;

fn main() -> ExitCode {
    notify_relay::program::main(std::env::args_os())
}
