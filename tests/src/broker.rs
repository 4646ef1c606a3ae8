//! A private RabbitMQ: one for the whole test process with a virtual host for each test, or one of a test's own, for
//! faults that everybody on it would feel.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use reqwest::Method;
use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

use crate::process::signal;
use node::Node;

mod certificate;
mod cluster;
mod node;
mod virtual_host;

pub use cluster::Cluster;
pub use virtual_host::{Letter, Rights, VirtualHost};

/// A port may be taken between its choice and its use.
const STARTS_MAX: u32 = 3;
/// Nodes of tests' own at once: each is a hundred megabytes and a core's work while it starts.
const OWN_MAX: usize = 2;

static SHARED: OnceCell<Broker> = OnceCell::const_new();
static OWN: Semaphore = Semaphore::const_new(OWN_MAX);
/// Nodes whose tests are over, for the next tests.
static IDLE: Mutex<Vec<Broker>> = Mutex::new(Vec::new());
static VIRTUAL_HOSTS: AtomicU32 = AtomicU32::new(1);

/// A node; clones are the same one. It ends when the last of them is dropped, and at the latest with this process.
#[derive(Debug, Clone)]
pub struct Broker {
    node: Arc<Node>,
}

/// A node that no other test uses at the same time. Afterwards it serves the next test, whatever was done to it.
#[derive(Debug)]
pub struct OwnBroker {
    broker: Broker,
    _turn: SemaphorePermit<'static>,
}

impl Broker {
    /// The one of this process; the first who asks starts it.
    pub async fn shared() -> anyhow::Result<Self> {
        SHARED.get_or_try_init(Self::start_new).await.cloned()
    }

    /// One that may be frozen, killed or alarmed. Waits for its turn when there are enough of them.
    pub async fn own() -> anyhow::Result<OwnBroker> {
        let turn = OWN.acquire().await?;
        let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let broker = match idle {
            Some(broker) => match broker.heal().await {
                Ok(()) => broker,
                Err(error) => {
                    eprintln!("a used broker does not recover and is replaced: {error:#}");
                    Self::start_new().await?
                }
            },
            None => Self::start_new().await?,
        };
        Ok(OwnBroker { broker, _turn: turn })
    }

    /// One on ports and a folder of its own.
    pub async fn start_new() -> anyhow::Result<Self> {
        let mut tries = 1;
        loop {
            let node = Node::prepare()?;
            match node.start().await {
                Ok(()) => return Ok(Self { node: Arc::new(node) }),
                Err(error) if tries == STARTS_MAX => return Err(error),
                Err(error) => eprintln!("a broker did not start, trying another: {error:#}"),
            }
            tries += 1;
        }
    }

    /// A virtual host that nobody else uses, and a user with all rights in it.
    pub async fn vhost(&self) -> anyhow::Result<VirtualHost> {
        let nth = VIRTUAL_HOSTS.fetch_add(1, Ordering::Relaxed);
        VirtualHost::create(self.clone(), format!("v{nth}")).await
    }

    /// Of plain AMQP, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.node.ports.amqp
    }

    /// Of AMQP over TLS, on 127.0.0.1; the certificate names `localhost` and `127.0.0.1`.
    #[must_use]
    pub fn tls_port(&self) -> u16 {
        self.node.ports.amqps
    }

    /// PEM file of the authority that signed its certificate.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.node.authority()
    }

    /// Another certificate of another authority for those who come from now on. The file [`Self::authority`] changes too.
    pub async fn rotate_certificate(&self) -> anyhow::Result<()> {
        self.node.write_certificate()?;
        self.evaluate("ssl:clear_pem_cache().").await.map(drop)
    }

    /// The value of the last of these Erlang expressions, evaluated in the node: a binary's text, or the term.
    pub async fn evaluate(&self, expressions: &str) -> anyhow::Result<String> {
        self.node.evaluate(expressions).await
    }

    /// Stops the process as it is: connections stay open and nothing is answered, not even a new connection.
    pub fn freeze(&self) -> anyhow::Result<()> {
        signal(self.node.id().context("the node does not run")?, "STOP")
    }

    /// Ends [`Self::freeze`].
    pub fn thaw(&self) -> anyhow::Result<()> {
        signal(self.node.id().context("the node does not run")?, "CONT")
    }

    /// Writes down the names of new quorum queues. RabbitMQ 3.10 does so within half a second; killed before that, it
    /// knows such a queue no more, nor what was confirmed in it.
    pub async fn settle(&self) -> anyhow::Result<()> {
        self.evaluate("[ok = dets:sync(Table) || Table <- dets:all()].")
            .await
            .map(drop)
    }

    /// SIGKILL.
    pub fn kill(&self) -> anyhow::Result<()> {
        self.node.kill()
    }

    /// Starts it again after [`Self::kill`]: same ports, same data.
    pub async fn start(&self) -> anyhow::Result<()> {
        self.node.start().await
    }

    /// Stops RabbitMQ and leaves Erlang running; connections are told. Takes five seconds.
    pub async fn stop_app(&self) -> anyhow::Result<()> {
        self.evaluate("rabbit:stop().").await.map(drop)
    }

    /// Ends [`Self::stop_app`].
    pub async fn start_app(&self) -> anyhow::Result<()> {
        self.evaluate("ok = rabbit:start(), rabbit:await_startup().")
            .await
            .map(drop)
    }

    /// Memory alarm: connections that publish are blocked.
    pub async fn alarm_memory(&self) -> anyhow::Result<()> {
        self.evaluate("vm_memory_monitor:set_vm_memory_high_watermark(0).")
            .await?;
        self.must_have_alarm("memory").await
    }

    /// Disk alarm: connections that publish are blocked.
    pub async fn alarm_disk(&self) -> anyhow::Result<()> {
        self.evaluate("rabbit_disk_monitor:set_disk_free_limit(1000000000000000).")
            .await?;
        self.must_have_alarm("disk").await
    }

    /// Ends both alarms.
    pub async fn clear_alarms(&self) -> anyhow::Result<()> {
        self.evaluate(
            "vm_memory_monitor:set_vm_memory_high_watermark(0.4), \
             rabbit_disk_monitor:set_disk_free_limit(50000000).",
        )
        .await?;
        let alarms = self.evaluate("rabbit_alarm:get_alarms().").await?;
        anyhow::ensure!(alarms == "[]", "still alarmed: {alarms}");
        Ok(())
    }

    /// How long a consumer of a channel opened from now on may keep a message.
    pub async fn set_consumer_timeout(&self, limit: Duration) -> anyhow::Result<()> {
        let milliseconds = limit.as_millis();
        self.evaluate(&format!(
            "application:set_env(rabbit, consumer_timeout, {milliseconds})."
        ))
        .await
        .map(drop)
    }

    async fn must_have_alarm(&self, which: &str) -> anyhow::Result<()> {
        let alarms = self.evaluate("rabbit_alarm:get_alarms().").await?;
        anyhow::ensure!(alarms.contains(which), "no {which} alarm: {alarms}");
        Ok(())
    }

    /// As good as new, whatever the last test did.
    async fn heal(&self) -> anyhow::Result<()> {
        match self.node.id() {
            Some(_) => {
                self.thaw()?;
                self.start_app().await?;
            }
            None => self.start().await?,
        }
        self.clear_alarms().await?;
        self.set_consumer_timeout(Duration::from_mins(30)).await?;
        let vhosts = self.api(Method::GET, "vhosts", None).await?;
        for vhost in vhosts.as_array().into_iter().flatten() {
            let name = vhost["name"].as_str().unwrap_or_default();
            if name != "/" {
                self.api(Method::DELETE, &format!("vhosts/{name}"), None).await?;
            }
        }
        Ok(())
    }

    /// Asks the management API; what comes after `/api/`.
    async fn api(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let mut request = self.node.api(method.clone(), path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        anyhow::ensure!(
            status.is_success(),
            "{method} {path} was answered {status}: {text}"
        );
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

impl Deref for OwnBroker {
    type Target = Broker;

    fn deref(&self) -> &Broker {
        &self.broker
    }
}

impl Drop for OwnBroker {
    fn drop(&mut self) {
        IDLE.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(self.broker.clone());
    }
}
