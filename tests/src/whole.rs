//! The whole way of a payment on this machine, each part a process of its own: simulator, callback service, broker; and
//! the configuration of tills that use them.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::broker::VirtualHost;
use crate::counter::{API_KEY, APPID, MCH_ID};
use crate::process::Owned;
use crate::simulator::Customer;

/// Where WeChat posts its notifies; the path is the relay's.
const NOTIFY_PATH: &str = "/weixin/pay/notify/url";

/// A simulator in a process of its own; ended when dropped.
#[derive(Debug)]
pub struct SimulatorProcess {
    base: String,
    _process: Owned,
}

/// A callback service in a process of its own; ended when dropped.
#[derive(Debug)]
pub struct RelayProcess {
    address: String,
    process: Owned,
}

impl SimulatorProcess {
    /// Starts one on a free port.
    pub fn start() -> anyhow::Result<Self> {
        let mut command = Command::new(built("wechat-pay-sim")?);
        command
            .args(["--listen", "127.0.0.1:0"])
            .args(["--appid", APPID, "--mch-id", MCH_ID])
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

impl RelayProcess {
    /// Starts one on a free port, or again on the `listen` of an earlier one; its configuration goes below `folder`.
    pub fn start(folder: &Path, amqp_url: &str, listen: &str) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let config = folder.join("relay.toml");
        write_private(
            &config,
            &format!(
                "listen = \"{listen}\"\namqp_url = \"{amqp_url}\"\n\
                 [[merchant]]\nappid = \"{APPID}\"\nmch_id = \"{MCH_ID}\"\napi_key = \"{API_KEY}\"\n"
            ),
        )?;
        let mut command = Command::new(built("scantill-relay")?);
        command.arg("--config").arg(&config).env("RUST_LOG", "warn");
        let (process, line) = started(command, "scantill-relay")?;
        let address = line
            .strip_prefix("listening on ")
            .with_context(|| format!("the relay does not say where it listens: {line}"))?;
        Ok(Self {
            address: address.to_owned(),
            process,
        })
    }

    /// Address and port, such as `127.0.0.1:18092`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What merchants tell WeChat as their `notify_url`.
    pub fn notify_url(&self) -> String {
        format!("http://{}{NOTIFY_PATH}", self.address)
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

/// The configuration of a till on this simulator, relay and broker.
pub fn till_config(till: &str, simulator: &SimulatorProcess, relay: &RelayProcess, amqp_url: &str) -> String {
    let (base, notify_url) = (simulator.base(), relay.notify_url());
    format!(
        "[till]\nid = \"{till}\"\nshop_name = \"小满便利店\"\n\
         [wechat]\nappid = \"{APPID}\"\nmch_id = \"{MCH_ID}\"\napi_key = \"{API_KEY}\"\n\
         base_url = \"{base}\"\nnotify_url = \"{notify_url}\"\n\
         [notify]\namqp_url = \"{amqp_url}\"\n"
    )
}

/// Simulator, relay and a virtual host of a broker, and one till's configuration file.
#[derive(Debug)]
pub struct Whole {
    /// WeChat's side.
    pub simulator: SimulatorProcess,
    /// The callback service.
    pub relay: RelayProcess,
    /// Its place at the broker.
    pub vhost: VirtualHost,
    /// The till's configuration.
    pub till_config: PathBuf,
}

impl Whole {
    /// Starts everything but the till. Files go below `folder`.
    pub fn start(folder: &Path, vhost: VirtualHost) -> anyhow::Result<Self> {
        let simulator = SimulatorProcess::start()?;
        let amqp_url = vhost.amqp_url();
        let relay = RelayProcess::start(folder, &amqp_url, "127.0.0.1:0")?;
        let config = folder.join("till.toml");
        write_private(&config, &till_config("T01", &simulator, &relay, &amqp_url))?;
        Ok(Self {
            simulator,
            relay,
            vhost,
            till_config: config,
        })
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
    let here = std::env::current_exe()?;
    here.ancestors()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .with_context(|| format!("{name} is not built yet: `make build` does it"))
}

fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o600))?)
}
