//! The desktop program: reads its flags, sees that there is a screen, opens the windows.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::hash::{Hash as _, Hasher as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use scantill::commands::WebviewFolder;
use scantill::customer::CustomerPage;
use scantill::findings::Findings;
use scantill::shop::{Place, Shop};
use scantill::windows;
use tauri::Manager;
use till_app::Config;
use till_app::key_store::{self, Kept, KeyAge};
use tracing_subscriber::prelude::*;

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
    /// The till's configuration. Default: `till.toml` in the platform's configuration folder.
    #[arg(long, value_name = "FILE", env = "SCANTILL_CONFIG")]
    config: Option<PathBuf>,
    /// Prints the figures of a business day (YYYY-MM-DD) and ends, without a window.
    #[arg(long, value_name = "DAY")]
    day: Option<jiff::civil::Date>,
    /// Checks everything in the till's database and ends, without a window; changes nothing, and may run beside an open till.
    /// Ends with 0 when everything holds, with 1 when something does not, with 2 when nothing could be looked at.
    #[arg(long)]
    self_check: bool,
    /// With --self-check: the findings as JSON.
    #[arg(long, requires = "self_check")]
    json: bool,
    /// Reads the merchant's API key from standard input, keeps it in the keyring (or in a file that only you can read), and ends.
    #[arg(long)]
    keep_key: bool,
    /// The same with the key before, while the merchant's key is being replaced; an empty line ends its being kept.
    #[arg(long, conflicts_with = "keep_key")]
    keep_previous_key: bool,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    if flags.keep_key || flags.keep_previous_key {
        return match keep_key(&flags) {
            Ok(where_to) => {
                println!("{where_to}");
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{error:#}");
                ExitCode::FAILURE
            }
        };
    }
    if let Some(day) = flags.day {
        return match place(&flags).and_then(|place| scantill::shop::day_text(&place, day)) {
            Ok(text) => {
                print!("{text}");
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("ScanTill has no figures of that day: {error:#}");
                ExitCode::FAILURE
            }
        };
    }
    if flags.self_check {
        return self_check(&flags);
    }
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
    start_log();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    tauri::async_runtime::set(runtime.handle().clone());
    let bindings = scantill::bindings();
    let place = place(&flags)?;
    let app = tauri::Builder::default()
        .plugin(one_program_a_folder(&flags))
        .invoke_handler(bindings.invoke_handler())
        .on_window_event(windows::on_window_event)
        .setup(move |app| {
            bindings.mount_events(app);
            let webview_dir = place.data.join("webview");
            app.manage(CustomerPage::default());
            app.manage(Shop::open(place, runtime.handle().clone(), app.handle()));
            app.manage(WebviewFolder(webview_dir.clone()));
            // Ends with the windows.
            app.manage(runtime);
            windows::open(app.handle(), &webview_dir)?;
            Ok(())
        })
        .build(tauri::generate_context!())
        .context("opening the windows")?;
    app.run(|app, event| {
        if let tauri::RunEvent::Exit = event {
            app.state::<Shop>().close();
        }
    });
    Ok(())
}

/// A second start on the same data folder brings the first one's window to the front and ends.
fn one_program_a_folder<R: tauri::Runtime>(flags: &Flags) -> tauri::plugin::TauriPlugin<R> {
    let mut folder = std::hash::DefaultHasher::new();
    flags.training.hash(&mut folder);
    flags.data_dir.hash(&mut folder);
    tauri_plugin_single_instance::Builder::new()
        .dbus_id(format!("org.scantill.till.f{:016x}", folder.finish()))
        .callback(|app, _arguments, _folder| {
            if let Err(error) = windows::bring_to_front(app) {
                tracing::warn!(%error, "the window could not be brought to the front");
            }
        })
        .build()
}

/// Where the till finds its things: as told, else where the platform keeps such things. Training has a folder of its own.
fn place(flags: &Flags) -> anyhow::Result<Place> {
    const PROGRAM: &str = "org.scantill.till";
    let base =
        directories::BaseDirs::new().context("this user has no home folder; use --data-dir and --config")?;
    let data = match &flags.data_dir {
        Some(folder) => folder.clone(),
        None if flags.training => base.data_local_dir().join(PROGRAM).join("training"),
        None => base.data_local_dir().join(PROGRAM).join("shop"),
    };
    let config = match &flags.config {
        Some(file) => file.clone(),
        None => base.config_dir().join(PROGRAM).join("till.toml"),
    };
    Ok(Place {
        config,
        data,
        training: flags.training,
    })
}

/// Checks the ledger and prints what came of it.
fn self_check(flags: &Flags) -> ExitCode {
    let checked = place(flags).and_then(|place| Findings::of(&place.ledger()));
    let findings = match checked {
        Ok(findings) => findings,
        Err(error) => {
            eprintln!("ScanTill could not look at its database: {error:#}");
            return ExitCode::from(2);
        }
    };
    match flags.json {
        true => println!("{}", findings.json()),
        false => print!("{findings}"),
    }
    match findings.holds {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Keeps the key given on standard input, and says where.
fn keep_key(flags: &Flags) -> anyhow::Result<String> {
    const NOT_KEPT: &str = "The key was not kept";
    let age = match flags.keep_previous_key {
        true => KeyAge::Previous,
        false => KeyAge::Current,
    };
    let config = place(flags)?.config;
    let mch_id = Config::merchant_to_keep_for(&config, age).context(NOT_KEPT)?;
    let mut key = String::new();
    std::io::stdin().read_line(&mut key).context(NOT_KEPT)?;
    let key = key.trim();
    if key.is_empty() && age == KeyAge::Previous {
        key_store::forget_previous(&mch_id, &config).context("The previous key may still be there")?;
        return Ok("There is no previous key any more.".to_owned());
    }
    let file = key_store::key_file(age, &config);
    let file = file.display();
    Ok(
        match key_store::keep(age, &mch_id, key, &config).context(NOT_KEPT)? {
            Kept::InKeyring { older_file: None } => "The key is in this user's keyring.".to_owned(),
            Kept::InKeyring {
                older_file: Some(error),
            } => format!(
                "The key is in this user's keyring.\n\
             An older one is still in {file} ({error}): take that file away, or it counts whenever the keyring is locked."
            ),
            Kept::InFile { keyring } => format!(
                "No keyring took the key ({keyring}): it is in {file}, which only you can read.\n\
             If this user's desktop session has a keyring with another key in it, that one counts there: \
             then do this once more in that session."
            ),
        },
    )
}

/// Structured lines on standard error; `RUST_LOG` chooses more or less.
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,wechat_pay_sim=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .finish()
        .with(tracing_subscriber::filter::filter_fn(
            till_app::notify::may_be_logged,
        ))
        .init();
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
