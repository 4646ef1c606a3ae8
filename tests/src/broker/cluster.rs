//! Three nodes of RabbitMQ on this machine that are one broker, as an operator joins them.

use anyhow::Context;
use tokio::sync::SemaphorePermit;

use super::node::Node;
use super::{Broker, OWN, OWN_MAX, STARTS_MAX, VirtualHost};

/// A broker of three nodes; it ends when it is dropped.
#[derive(Debug)]
pub struct Cluster {
    nodes: [Broker; 3],
    /// All of them: three nodes are enough for a small machine.
    _turns: SemaphorePermit<'static>,
}

impl Cluster {
    /// Starts one node, and two more that join it.
    pub async fn start() -> anyhow::Result<Self> {
        let all = u32::try_from(OWN_MAX).context("a small number")?;
        let turns = OWN.acquire_many(all).await?;
        let first = Broker::start_new().await?;
        let nodes = tokio::try_join!(
            Self::beside(&first, "second@localhost"),
            Self::beside(&first, "third@localhost")
        );
        let (second, third) = nodes?;
        Ok(Self {
            nodes: [first, second, third],
            _turns: turns,
        })
    }

    async fn beside(first: &Broker, name: &str) -> anyhow::Result<Broker> {
        let mut tries = 1;
        loop {
            let node = Node::beside(&first.node, name)?;
            match node.start().await {
                Ok(()) => return Ok(Broker { node: node.into() }),
                Err(error) if tries == STARTS_MAX => return Err(error),
                Err(error) => eprintln!("a node did not start, trying another: {error:#}"),
            }
            tries += 1;
        }
    }

    /// A virtual host on all of them.
    pub async fn vhost(&self) -> anyhow::Result<VirtualHost> {
        self.nodes[0].vhost().await
    }

    /// Its address, with every node in it.
    #[must_use]
    pub fn amqp_url(&self, vhost: &VirtualHost) -> String {
        let places: Vec<String> = self
            .nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port()))
            .collect();
        vhost.amqp_url().replace(&places[0], &places.join(","))
    }

    /// On how many nodes a quorum queue lies.
    pub async fn members(&self, vhost: &VirtualHost, queue: &str) -> anyhow::Result<usize> {
        let found = lookup(vhost, queue);
        let members = format!("{found}, length(maps:get(nodes, amqqueue:get_type_state(Q))).");
        Ok(self.nodes[0].evaluate(&members).await?.parse()?)
    }

    /// SIGKILL for the node that leads a quorum queue.
    pub async fn kill_leader(&self, vhost: &VirtualHost, queue: &str) -> anyhow::Result<()> {
        let found = lookup(vhost, queue);
        let leader = format!(
            "{found}, {{_, Node}} = ra_leaderboard:lookup_leader(element(1, amqqueue:get_pid(Q))), Node."
        );
        let name = self.nodes[0].evaluate(&leader).await?;
        let leads = |node: &&Broker| name.trim_matches('\'') == node.node.name();
        let node = self.nodes.iter().find(leads);
        node.with_context(|| format!("{name} is none of ours"))?.kill()
    }
}

/// Erlang: the queue, as `Q`.
fn lookup(vhost: &VirtualHost, queue: &str) -> String {
    let vhost = vhost.name();
    format!("{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<\"{vhost}\">>, queue, <<\"{queue}\">>))")
}
