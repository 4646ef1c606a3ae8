//! A callback service in a process of its own, its log in a file; and notifies for it, signed as WeChat signs.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use anyhow::Context;
use tempfile::TempDir;
use wechat_pay::{ApiKey, Fields, Merchant, SignType, sign};

use crate::caller::{Answer, Caller};
use crate::counter::{API_KEY, APPID, MCH_ID};
use crate::process::{self, Memory, Owned, is_running, kill_now, signal};
use crate::wait::{PATIENCE, until};

/// Where WeChat posts its notifies.
pub const NOTIFY_PATH: &str = "/weixin/pay/notify/url";
/// A second merchant: its number.
pub const OTHER_MCH_ID: &str = "1900000200";
/// Its key.
pub const OTHER_KEY: &str = "abcdefghijKLMNOPQRSTUV0123456789";
/// The variable by which a relay under test is told where to die.
pub const KILL_VARIABLE: &str = "RELAY_KILL";
const START_MAX: Duration = Duration::from_secs(20);

/// A relay, ended when dropped.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    log: PathBuf,
    process: Owned,
    _folder: TempDir,
}

/// What a relay is started with.
#[derive(Debug, Clone)]
pub struct Setup {
    program: PathBuf,
    top: String,
    tables: String,
    kill: Option<&'static str>,
    log: &'static str,
    variables: Vec<(&'static str, PathBuf)>,
}

impl Setup {
    /// This program, on a free port, with this broker and two merchants.
    #[must_use]
    pub fn new(program: &Path, amqp_url: &str) -> Self {
        Self {
            program: program.to_owned(),
            top: format!("listen = \"127.0.0.1:0\"\namqp_url = \"{amqp_url}\"\n"),
            tables: [
                merchant(APPID, MCH_ID, API_KEY),
                merchant(APPID, OTHER_MCH_ID, OTHER_KEY),
            ]
            .concat(),
            kill: None,
            log: "debug,lapin=info",
            variables: Vec::new(),
        }
    }

    /// With another line at the top level of its configuration.
    #[must_use]
    pub fn line(mut self, line: &str) -> Self {
        self.top = format!("{}{line}\n", self.top);
        self
    }

    /// With another table in its configuration.
    #[must_use]
    pub fn table(mut self, table: &str) -> Self {
        self.tables = format!("{}{table}\n", self.tables);
        self
    }

    /// The first merchant's key has been replaced by this one, and the one before still counts.
    #[must_use]
    pub fn rotated_to(mut self, key: &str) -> Self {
        let old = format!("api_key = \"{API_KEY}\"");
        let both = format!("api_key = \"{key}\"\nprevious_{old}");
        self.tables = self.tables.replacen(&old, &both, 1);
        self
    }

    /// Dies where `POINT:NTH` says.
    #[must_use]
    pub fn kill_at(mut self, kill: &'static str) -> Self {
        self.kill = Some(kill);
        self
    }

    /// With a variable in its environment that names a file.
    #[must_use]
    pub fn variable(mut self, name: &'static str, file: PathBuf) -> Self {
        self.variables.push((name, file));
        self
    }

    /// Writes to its log only what is amiss.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.log = "warn";
        self
    }

    /// Writes to its log what this `RUST_LOG` asks for.
    #[must_use]
    pub fn log(mut self, log: &'static str) -> Self {
        self.log = log;
        self
    }

    /// The whole configuration.
    #[must_use]
    pub fn config(&self) -> String {
        format!("{}{}", self.top, self.tables)
    }

    /// Runs it with `--check` to its end.
    pub fn check(&self) -> anyhow::Result<Output> {
        let folder = tempfile::tempdir()?;
        let mut command = self.command(folder.path())?;
        Ok(command.arg("--check").stdin(Stdio::null()).output()?)
    }

    /// Starts it and waits until it listens.
    pub fn start(&self) -> anyhow::Result<Relay> {
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("log");
        let mut command = self.command(folder.path())?;
        command.stdout(Stdio::piped()).stderr(File::create(&log)?);
        let mut process = Owned::start(&mut command, "the relay")?;
        let stdout = process.take_stdout().context("standard output was piped above")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line
            .trim()
            .strip_prefix("listening on ")
            .with_context(|| format!("{line:?}; log: {}", fs::read_to_string(&log).unwrap_or_default()))?;
        Ok(Relay {
            address: address.parse()?,
            log,
            process,
            _folder: folder,
        })
    }

    fn command(&self, folder: &Path) -> anyhow::Result<Command> {
        let config = folder.join("relay.toml");
        fs::write(&config, self.config())?;
        fs::set_permissions(&config, fs::Permissions::from_mode(0o600))?;
        let mut command = Command::new(&self.program);
        // A Ctrl-C at the terminal is for the owner, who ends it in its turn.
        command
            .arg("--config")
            .arg(config)
            .env("RUST_LOG", self.log)
            .envs(self.variables.iter().map(|(name, file)| (name, file)))
            .process_group(0);
        if let Some(kill) = self.kill {
            command.env(KILL_VARIABLE, kill);
        }
        Ok(command)
    }
}

impl Relay {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Posts a body to the notify address on a connection of its own.
    pub async fn post(&self, body: impl AsRef<[u8]>) -> anyhow::Result<Answer> {
        self.post_from(Ipv4Addr::LOCALHOST, body).await
    }

    /// The same from another address.
    pub async fn post_from(&self, own: Ipv4Addr, body: impl AsRef<[u8]>) -> anyhow::Result<Answer> {
        let mut caller = Caller::from(own, self.address).await?;
        caller.post(NOTIFY_PATH, body.as_ref()).await
    }

    /// Sends bytes as they are; the first answer.
    pub async fn send(&self, bytes: impl AsRef<[u8]>) -> anyhow::Result<Answer> {
        let mut caller = Caller::to(self.address).await?;
        caller.send(bytes.as_ref()).await?;
        caller.answer().await
    }

    /// One of the operator's pages.
    pub async fn page(&self, path: &str) -> anyhow::Result<Answer> {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: relay\r\n\r\n"))
            .await
    }

    /// A number of `/metrics`: the whole name, with labels as they are written there.
    pub async fn counted(&self, name: &str) -> anyhow::Result<u64> {
        let text = self.page("/metrics").await?.body;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(line.with_context(|| format!("no {name} in {text}"))?.parse()?)
    }

    /// Waits until the broker takes messages, or until it doesn't.
    pub async fn until_ready(&self, ready: bool) -> anyhow::Result<()> {
        let status = if ready { 200 } else { 503 };
        until("the relay and its broker", PATIENCE, async || {
            Ok((self.page("/readyz").await?.status == status).then_some(()))
        })
        .await
    }

    /// What it has written to its log.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Asks it to stop.
    pub fn terminate(&self) -> anyhow::Result<()> {
        signal(self.id(), "TERM")
    }

    /// SIGKILL.
    pub fn kill(&self) -> anyhow::Result<()> {
        kill_now(self.id())
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        until("the relay's end", START_MAX, async || self.process.ended()).await
    }

    /// Whether it runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        is_running(self.id())
    }

    /// Memory it has in hand, in bytes.
    pub fn memory(&self) -> anyhow::Result<u64> {
        process::memory(self.id(), Memory::Now)
    }

    /// The most that it ever had.
    pub fn memory_most(&self) -> anyhow::Result<u64> {
        process::memory(self.id(), Memory::Most)
    }
}

/// A `[[merchant]]` of the configuration.
#[must_use]
pub fn merchant(appid: &str, mch_id: &str, api_key: &str) -> String {
    format!("[[merchant]]\nappid = \"{appid}\"\nmch_id = \"{mch_id}\"\napi_key = \"{api_key}\"\n")
}

/// The first merchant, as its tills know it.
#[must_use]
pub fn our_merchant() -> Merchant {
    merchant_of(MCH_ID, API_KEY)
}

/// The second merchant.
#[must_use]
pub fn other_merchant() -> Merchant {
    merchant_of(OTHER_MCH_ID, OTHER_KEY)
}

fn merchant_of(mch_id: &str, key: &str) -> Merchant {
    Merchant {
        appid: APPID.to_owned(),
        mch_id: mch_id.to_owned(),
        // Both keys are constants of 32 letters and digits.
        api_key: ApiKey::parse(key).unwrap_or_else(|_| unreachable!("32 letters and digits")),
        previous_key: None,
        sign_type: SignType::HmacSha256,
    }
}

/// A paid notify of `merchant` about this order, as yet unsigned; its transaction is told by the order's number.
#[must_use]
pub fn paid(merchant: &Merchant, out_trade_no: &str) -> Fields {
    Fields::new()
        .with("return_code", "SUCCESS")
        .with("appid", &merchant.appid)
        .with("mch_id", &merchant.mch_id)
        .with("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS")
        .with("result_code", "SUCCESS")
        .with("openid", "oUpF8uN95-Ptaags6E_roPHg7AG0")
        .with("is_subscribe", "N")
        .with("trade_type", "NATIVE")
        .with("bank_type", "OTHERS")
        .with("total_fee", "1780")
        .with("fee_type", "CNY")
        .with("cash_fee", "1780")
        .with("transaction_id", format!("4200-{out_trade_no}"))
        .with("out_trade_no", out_trade_no)
        .with("time_end", "20261123141530")
}

/// Signs by the merchant's key and type.
#[must_use]
pub fn signed(fields: Fields, merchant: &Merchant) -> String {
    sign::signed(fields, &merchant.api_key, merchant.sign_type).to_xml()
}

/// A whole right notify of the first merchant.
#[must_use]
pub fn notify(out_trade_no: &str) -> String {
    let merchant = our_merchant();
    signed(paid(&merchant, out_trade_no), &merchant)
}

/// The same with a sign that isn't WeChat's.
#[must_use]
pub fn forged(out_trade_no: &str) -> String {
    let merchant = our_merchant();
    paid(&merchant, out_trade_no)
        .with("sign", "0123456789ABCDEF".repeat(4))
        .to_xml()
}
