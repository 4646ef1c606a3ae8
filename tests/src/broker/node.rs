//! One RabbitMQ node on ports and a folder of its own, beside any other on the machine; ends with its owner, however that
//! ends.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use rand::distr::{Alphanumeric, SampleString as _};
use rand::seq::SliceRandom as _;

use super::certificate::Certificate;
use crate::process::{is_running, signal};
use crate::wait::{PATIENCE, until};

/// Debian's package. The command of the same name in `/usr/sbin` changes the user, which only root may.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
/// Below what the system gives to outgoing connections, which would otherwise take a port while its node is down.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
/// Five seconds on a quiet two-core machine.
const START_MAX: Duration = Duration::from_secs(90);
const NAME: &str = "till@localhost";
/// By which nodes know each other.
const COOKIE: &str = ".erlang.cookie";

/// The ports of one node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub(super) amqp: u16,
    pub(super) amqps: u16,
    pub(super) http: u16,
    epmd: u16,
    distribution: u16,
}

/// What a node is called, and which other it joins when it starts for the first time.
#[derive(Debug)]
struct Seat {
    name: String,
    ports: Ports,
    cookie: String,
    password: String,
    joins: Option<String>,
}

/// A node. Dropping it ends it and removes its folder.
#[derive(Debug)]
pub(super) struct Node {
    name: String,
    pub(super) ports: Ports,
    /// Of the user `admin`.
    pub(super) password: String,
    folder: PathBuf,
    /// Keeps no connection: that would belong to the runtime of a single test.
    http: reqwest::Client,
    guard: Mutex<Guard>,
}

/// `guard.sh`, which has the node's processes as children.
#[derive(Debug)]
struct Guard {
    child: Child,
    /// Taken when it is to end.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    node: Option<u32>,
}

impl Node {
    /// Lays out a folder and starts the guard; the node itself is started by [`Self::start`].
    pub(super) fn prepare() -> anyhow::Result<Self> {
        Self::prepare_at(Seat {
            name: NAME.to_owned(),
            ports: Ports::free()?,
            cookie: Alphanumeric.sample_string(&mut rand::rng(), 32),
            password: Alphanumeric.sample_string(&mut rand::rng(), 24),
            joins: None,
        })
    }

    /// The same for a node that makes a cluster with another, which has to run by then and to end later.
    pub(super) fn beside(other: &Self, name: &str) -> anyhow::Result<Self> {
        Self::prepare_at(Seat {
            name: name.to_owned(),
            ports: Ports {
                epmd: other.ports.epmd,
                ..Ports::free()?
            },
            cookie: fs::read_to_string(other.folder.join(COOKIE))?,
            password: other.password.clone(),
            joins: Some(other.name.clone()),
        })
    }

    fn prepare_at(seat: Seat) -> anyhow::Result<Self> {
        anyhow::ensure!(
            Path::new(SERVER).is_file(),
            "{SERVER} is missing: Debian's package rabbitmq-server has it"
        );
        // Kept: the guard removes it, even when this process is killed.
        let folder = tempfile::Builder::new()
            .prefix("scantill-broker-")
            .tempdir()?
            .keep();
        let guard = lay_out(&folder, &seat).and_then(|()| Guard::start(&folder, &seat));
        let guard = match guard {
            Ok(guard) => guard,
            Err(error) => {
                fs::remove_dir_all(&folder)?;
                return Err(error);
            }
        };
        Ok(Self {
            name: seat.name,
            ports: seat.ports,
            password: seat.password,
            folder,
            http: reqwest::Client::builder().pool_max_idle_per_host(0).build()?,
            guard: Mutex::new(guard),
        })
    }

    /// Starts the node and waits until clients can come. On the data of its last run, if there was one.
    pub(super) async fn start(&self) -> anyhow::Result<()> {
        let id = {
            let mut guard = self.guard();
            anyhow::ensure!(guard.node.is_none(), "the node was started already");
            let id: u32 = guard.ask("start")?.parse()?;
            guard.node = Some(id);
            id
        };
        let ready = async {
            self.until_open(id).await?;
            self.until_elected().await
        };
        ready
            .await
            .with_context(|| format!("the node said:\n{}", self.last_words()))
    }

    /// Waits until clients can come to the node with this process id.
    async fn until_open(&self, id: u32) -> anyhow::Result<()> {
        let amqp = self.ports.amqp;
        let mut ended = false;
        let waited = until("the broker to listen", START_MAX, async || {
            if !is_running(id) {
                ended = true;
                return Ok(Some(()));
            }
            let answer = self
                .api(
                    reqwest::Method::GET,
                    &format!("health/checks/port-listener/{amqp}"),
                )
                .send()
                .await?;
            Ok(answer.status().is_success().then_some(()))
        });
        waited.await?;
        anyhow::ensure!(!ended, "the broker ended while it was starting");
        Ok(())
    }

    /// Waits until every quorum queue has a leader; before that a question about one is answered late or never.
    async fn until_elected(&self) -> anyhow::Result<()> {
        until("the quorum queues to elect their leaders", PATIENCE, async || {
            let waiting = self
                .evaluate(
                    "length([Q || Q <- rabbit_amqqueue:list(), \
                     amqqueue:get_type(Q) =:= rabbit_quorum_queue, \
                     ra_leaderboard:lookup_leader(element(1, amqqueue:get_pid(Q))) =:= undefined]).",
                )
                .await?;
            Ok((waiting == "0").then_some(()))
        })
        .await
    }

    /// SIGKILL: nothing is flushed, no connection is told.
    pub(super) fn kill(&self) -> anyhow::Result<()> {
        let mut guard = self.guard();
        let id = guard.node.take().context("the node runs not")?;
        // An error means that it has ended by itself.
        let _ = signal(id, "KILL");
        anyhow::ensure!(guard.ask("reap")? == "reaped", "the guard did not reap the node");
        Ok(())
    }

    /// The node's process.
    pub(super) fn id(&self) -> Option<u32> {
        self.guard().node
    }

    /// A request to the management API; `path` comes after `/api/`.
    pub(super) fn api(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://127.0.0.1:{}/api/{path}", self.ports.http);
        self.http
            .request(method, url)
            .basic_auth("admin", Some(&self.password))
            .timeout(Duration::from_secs(20))
    }

    /// Evaluates Erlang expressions in the node and gives back the value of the last one: a binary's text, or the term.
    pub(super) async fn evaluate(&self, expressions: &str) -> anyhow::Result<String> {
        const CALL: &str = r#"
            {ok, Tokens, _} = erl_scan:string(os:getenv("EXPRESSIONS")),
            {ok, Parsed} = erl_parse:parse_exprs(Tokens),
            case rpc:call(list_to_atom(os:getenv("NODE")), erl_eval, exprs, [Parsed, []], 20000) of
                {value, Text, _} when is_binary(Text) -> io:format("~ts", [Text]), halt(0);
                {value, Term, _} -> io:format("~0tp", [Term]), halt(0);
                Failed -> io:format("~0tp", [Failed]), halt(1)
            end."#;
        let name = format!(
            "asker-{}@localhost",
            Alphanumeric.sample_string(&mut rand::rng(), 12)
        );
        let output = tokio::process::Command::new("erl")
            .args([
                "-noinput",
                "-hidden",
                "-boot",
                "no_dot_erlang",
                "-start_epmd",
                "false",
            ])
            .args(["-sname", &name, "-eval", CALL])
            .env("HOME", &self.folder)
            .env("ERL_EPMD_PORT", self.ports.epmd.to_string())
            .env("ERL_CRASH_DUMP_BYTES", "0")
            .env("EXPRESSIONS", expressions)
            .env("NODE", &self.name)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .context("running erl")?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        anyhow::ensure!(
            output.status.success(),
            "{expressions} failed at the broker: {said}"
        );
        Ok(said)
    }

    /// What it is called among nodes.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// PEM file of the authority that signed the broker's certificate.
    pub(super) fn authority(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// Another authority and another certificate, in the same files.
    pub(super) fn write_certificate(&self) -> anyhow::Result<()> {
        Certificate::make()?.write(&self.folder)
    }

    fn last_words(&self) -> String {
        let output = fs::read(self.folder.join("output")).unwrap_or_default();
        let text = String::from_utf8_lossy(&output);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    fn guard(&self) -> std::sync::MutexGuard<'_, Guard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guard {
    fn start(folder: &Path, seat: &Seat) -> anyhow::Result<Self> {
        let ports = seat.ports;
        let text = |name: &str| folder.join(name).into_os_string();
        let mut child = Command::new("sh")
            .args(["-c", include_str!("guard.sh"), "guard.sh"])
            .arg(folder)
            .arg(SERVER)
            // One of them is enough for all nodes of a cluster: the first's.
            .arg(if seat.joins.is_none() { "epmd" } else { "no epmd" })
            .current_dir(folder)
            // The cookie lies there.
            .env("HOME", folder)
            .env("ERL_EPMD_PORT", ports.epmd.to_string())
            .env("ERL_CRASH_DUMP_BYTES", "0")
            .env("RABBITMQ_NODENAME", &seat.name)
            .env("RABBITMQ_DIST_PORT", ports.distribution.to_string())
            .env("RABBITMQ_CONF_ENV_FILE", text("none"))
            .env("RABBITMQ_CONFIG_FILE", text("rabbitmq.conf"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", text("advanced.config"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", text("enabled_plugins"))
            .env("RABBITMQ_MNESIA_BASE", text("data"))
            .env("RABBITMQ_LOG_BASE", text("log"))
            .env("RABBITMQ_GENERATED_CONFIG_DIR", text("generated"))
            .env("RABBITMQ_PID_FILE", text("id"))
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1}",
            )
            // Makes the script become the node instead of its parent, so that its id is the node's.
            .env("RUNNING_UNDER_SYSTEMD", "true")
            // A Ctrl-C is for the owner; the guard sees its input close.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("starting a shell")?;
        let commands = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("its output is piped")?);
        Ok(Self {
            child,
            commands,
            answers,
            node: None,
        })
    }

    fn ask(&mut self, command: &str) -> anyhow::Result<String> {
        writeln!(self.commands.as_mut().context("it was told to end")?, "{command}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        Ok(answer.trim().to_owned())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.commands.take());
        let _ = self.child.wait();
    }
}

impl Ports {
    /// Five that nobody listens on now. Whoever takes one before the node does makes its start fail.
    fn free() -> anyhow::Result<Self> {
        let mut all: Vec<u16> = PORTS.collect();
        all.shuffle(&mut rand::rng());
        let mut free = all
            .into_iter()
            .filter(|&port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
        let mut next = || free.next().context("no port is free");
        Ok(Self {
            amqp: next()?,
            amqps: next()?,
            http: next()?,
            epmd: next()?,
            distribution: next()?,
        })
    }
}

/// Writes what a node reads when it starts.
fn lay_out(folder: &Path, seat: &Seat) -> anyhow::Result<()> {
    let cookie = folder.join(COOKIE);
    fs::write(&cookie, &seat.cookie)?;
    fs::set_permissions(&cookie, fs::Permissions::from_mode(0o400))?;
    fs::write(folder.join("enabled_plugins"), "[rabbitmq_management].\n")?;
    // A channel looks whether its consumer has kept a message for too long, and a dead letter that found no queue is sent
    // again: otherwise once a minute, and after three.
    fs::write(
        folder.join("advanced.config"),
        "[{rabbit, [{channel_tick_interval, 1000}, {dead_letter_worker_publisher_confirm_timeout, 1000}]}].\n",
    )?;
    Certificate::make()?.write(folder)?;
    let Ports {
        amqp, amqps, http, ..
    } = seat.ports;
    let password = &seat.password;
    let joins = seat.joins.as_ref().map_or_else(String::new, |other| {
        format!(
            "cluster_formation.peer_discovery_backend = classic_config\n\
             cluster_formation.classic_config.nodes.1 = {other}\n"
        )
    });
    let folder = folder.display();
    let config = format!(
        "listeners.tcp.1 = 127.0.0.1:{amqp}\n\
         listeners.ssl.1 = 127.0.0.1:{amqps}\n\
         ssl_options.cacertfile = {folder}/authority.pem\n\
         ssl_options.certfile = {folder}/certificate.pem\n\
         ssl_options.keyfile = {folder}/key.pem\n\
         management.tcp.ip = 127.0.0.1\n\
         management.tcp.port = {http}\n\
         management_agent.disable_metrics_collector = true\n\
         raft.wal_max_size_bytes = 64000000\n\
         default_user = admin\n\
         default_pass = {password}\n\
         log.file = false\n\
         log.console = true\n\
         log.console.level = warning\n\
         {joins}"
    );
    fs::write(format!("{folder}/rabbitmq.conf"), config)?;
    Ok(())
}
