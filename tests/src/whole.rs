//! The whole way of a payment on this machine, each part a process of its own: simulator, callback service, broker; and
//! the configuration of tills that use them.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use till_app::{Config, Database, Till, clock};

use crate::broker::VirtualHost;
use crate::counter::{API_KEY, APPID, MCH_ID};
use crate::process::Owned;
use crate::relay::{NOTIFY_PATH, Relay, Setup};
use crate::simulator::Customer;

/// A simulator in a process of its own; ended when dropped.
#[derive(Debug)]
pub struct SimulatorProcess {
    base: String,
    _process: Owned,
}

impl SimulatorProcess {
    /// Starts one on a free port.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_with(&[])
    }

    /// The same with these flags besides.
    pub fn start_with(flags: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(built("wechat-pay-sim")?);
        command
            .args(["--listen", "127.0.0.1:0"])
            .args(["--appid", APPID, "--mch-id", MCH_ID])
            .args(flags)
            .env("WECHAT_PAY_SIM_API_KEY", API_KEY)
            .env("RUST_LOG", "warn");
        let (process, line) = started(command, "wechat-pay-sim")?;
        let base = line
            .split_once("http://")
            .and_then(|(_, rest)| rest.strip_suffix("/phone"))
            .with_context(|| format!("the simulator does not say where it listens: {line}"))?;
        Ok(Self {
            base: format!("http://{base}"),
            _process: process,
        })
    }

    /// Where it listens, such as `http://127.0.0.1:18080`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A customer whose phone asks this simulator.
    pub fn customer(&self) -> Customer {
        Customer::of(&self.base)
    }
}

/// What a merchant tells WeChat as its `notify_url`.
pub fn notify_url(relay: &Relay) -> String {
    format!("http://{}{NOTIFY_PATH}", relay.address())
}

/// The configuration of a till on this simulator, relay and broker.
pub fn till_config(till: &str, base_url: &str, relay: &Relay, amqp_url: &str) -> String {
    let notify_url = notify_url(relay);
    format!(
        "[till]\nid = \"{till}\"\nshop_name = \"小满便利店\"\n\
         [wechat]\nappid = \"{APPID}\"\nmch_id = \"{MCH_ID}\"\napi_key = \"{API_KEY}\"\n\
         base_url = \"{base_url}\"\nnotify_url = \"{notify_url}\"\n\
         [notify]\namqp_url = \"{amqp_url}\"\n"
    )
}

/// Simulator, relay and a virtual host of a broker, and one till's configuration file.
#[derive(Debug)]
pub struct Whole {
    /// WeChat's side.
    pub simulator: SimulatorProcess,
    /// The callback service.
    pub relay: Relay,
    /// Its place at the broker.
    pub vhost: VirtualHost,
    /// The till's configuration.
    pub till_config: PathBuf,
}

impl Whole {
    /// Starts everything but the till, and waits until the relay has reached the broker. Files go below `folder`.
    pub async fn start(folder: &Path, vhost: VirtualHost) -> anyhow::Result<Self> {
        Self::start_on(SimulatorProcess::start()?, folder, vhost).await
    }

    /// The same on this simulator.
    pub async fn start_on(
        simulator: SimulatorProcess,
        folder: &Path,
        vhost: VirtualHost,
    ) -> anyhow::Result<Self> {
        let amqp_url = vhost.amqp_url();
        let relay = Setup::new(&built("scantill-relay")?, &amqp_url).start()?;
        relay.until_ready(true).await?;
        let config = folder.join("till.toml");
        write_private(&config, &till_config("T01", simulator.base(), &relay, &amqp_url))?;
        Ok(Self {
            simulator,
            relay,
            vhost,
            till_config: config,
        })
    }

    /// Makes the till ask after a payment only so often, so that whatever is known sooner was told by a notify.
    pub fn ask_every(&mut self, seconds: u32) -> anyhow::Result<()> {
        let mut text = fs::read_to_string(&self.till_config)?;
        text.push_str(&format!("[payment]\npoll_seconds = {seconds}\n"));
        write_private(&self.till_config, &text)
    }

    /// Gives the till the goods of the training shop, before it is started on this data folder.
    pub fn fill_shelves(&self, data: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(data)?;
        let config = Config::load(&self.till_config)?;
        let db = Database::open(&data.join("scantill.db"))?;
        let clock = clock::steady();
        Ok(Till::open(config, db, clock(), rand::random())?.stock_for_training()?)
    }
}

/// Starts a program that says in its first line where it listens, and waits for that line.
fn started(mut command: Command, name: &str) -> anyhow::Result<(Owned, String)> {
    // A Ctrl-C at the terminal is for us: what we started ends after us, in our order.
    command.process_group(0).stdout(Stdio::piped());
    let mut process = Owned::start(&mut command, name)?;
    let stdout = process.take_stdout().context("standard output was piped above")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    anyhow::ensure!(!line.is_empty(), "{name} ended before it listened");
    Ok((process, line.trim().to_owned()))
}

/// A program of the workspace, built beside this one.
pub fn built(name: &str) -> anyhow::Result<PathBuf> {
    nearest(name)?.with_context(|| format!("{name} is not built yet: `make build` does it"))
}

/// The file of this name beside this program, or in the nearest folder above.
pub fn nearest(name: &str) -> anyhow::Result<Option<PathBuf>> {
    let here = std::env::current_exe()?;
    Ok(here
        .ancestors()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file()))
}

/// Writes a configuration that holds a password: only its owner may read it.
pub fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o600))?)
}
