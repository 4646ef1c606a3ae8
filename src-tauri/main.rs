//! The desktop program: reads its flags, sees that there is a screen, opens the windows.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use scantill::windows;
use tauri::Manager;

/// 扫码收银 · a shop till that takes WeChat Pay by QR code.
#[derive(Debug, Parser)]
#[command(version)]
struct Flags {
    /// Practise: the simulator inside the program takes WeChat's place; own data folder, own numbers, no real money.
    #[arg(long)]
    training: bool,
    /// Where the till keeps its database. Default: the platform's data folder.
    #[arg(long, value_name = "FOLDER", env = "SCANTILL_DATA_DIR")]
    data_dir: Option<PathBuf>,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    if !has_display() {
        eprintln!("ScanTill found no display to open its windows on; try `make tour`, which brings its own.");
        return ExitCode::from(2);
    }
    match run(flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ScanTill could not start: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(flags: Flags) -> anyhow::Result<()> {
    let bindings = scantill::bindings();
    tauri::Builder::default()
        .invoke_handler(bindings.invoke_handler())
        .on_window_event(windows::on_window_event)
        .setup(move |app| {
            bindings.mount_events(app);
            let webview_dir = match flags.data_dir {
                Some(folder) => folder.join("webview"),
                None => app.path().app_local_data_dir()?.join("webview"),
            };
            windows::open(app.handle(), &webview_dir)?;
            Ok(())
        })
        .run(tauri::generate_context!())
        .context("running the windows")
}

/// Whether a window can be opened; without this the toolkit would end the program with a panic.
#[cfg(target_os = "linux")]
fn has_display() -> bool {
    gtk::init().is_ok()
}

#[cfg(not(target_os = "linux"))]
fn has_display() -> bool {
    true
}
