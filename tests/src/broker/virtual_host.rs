//! A virtual host of a test's own: its users, its queues, its connections, and what can be done to them behind the
//! program's back.

use anyhow::Context;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures_util::StreamExt as _;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection, ConnectionProperties, Queue};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Broker;
use crate::wait::PATIENCE;

/// Nothing that was declared, sent or allowed in it is seen in another.
#[derive(Debug, Clone)]
pub struct VirtualHost {
    broker: Broker,
    name: String,
}

/// Regular expressions of the names that a user may declare, write to and read from.
#[derive(Debug, Clone, Copy)]
pub struct Rights<'a> {
    pub configure: &'a str,
    pub write: &'a str,
    pub read: &'a str,
}

/// A message as it lies in a queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Letter {
    pub exchange: String,
    pub routing_key: String,
    pub body: Vec<u8>,
    pub redelivered: bool,
    /// AMQP's properties by their names, `headers` among them.
    pub properties: Value,
}

impl Rights<'_> {
    /// Everything in the virtual host.
    pub const ALL: Self = Self {
        configure: ".*",
        write: ".*",
        read: ".*",
    };
    /// Not even to look.
    pub const NONE: Self = Self {
        configure: "",
        write: "",
        read: "",
    };
}

impl Letter {
    /// The body as JSON.
    pub fn json(&self) -> anyhow::Result<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// A header's text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.properties["headers"][name].as_str()
    }

    fn read(came: Delivery) -> Self {
        let text = |value: &Option<ShortString>| value.as_ref().map(ToString::to_string);
        let found = &came.properties;
        let headers = found.headers().as_ref().map(table);
        let properties = json!({
            "type": text(found.kind()),
            "message_id": text(found.message_id()),
            "content_type": text(found.content_type()),
            "expiration": text(found.expiration()),
            "delivery_mode": found.delivery_mode(),
            "headers": headers,
        });
        Self {
            exchange: came.exchange.to_string(),
            routing_key: came.routing_key.to_string(),
            body: came.data,
            redelivered: came.redelivered,
            properties,
        }
    }
}

fn table(fields: &FieldTable) -> Value {
    let fields = fields
        .inner()
        .iter()
        .map(|(name, value)| (name.to_string(), plain(value)));
    Value::Object(fields.collect())
}

/// What the headers of ours and of RabbitMQ hold; anything else reads as nothing.
fn plain(value: &AMQPValue) -> Value {
    match value {
        AMQPValue::LongString(text) => json!(text.to_string()),
        AMQPValue::LongLongInt(number) => json!(number),
        AMQPValue::LongInt(number) => json!(number),
        AMQPValue::Timestamp(seconds) => json!(seconds),
        AMQPValue::FieldArray(all) => all.as_slice().iter().map(plain).collect(),
        AMQPValue::FieldTable(fields) => table(fields),
        _ => Value::Null,
    }
}

impl VirtualHost {
    pub(super) async fn create(broker: Broker, name: String) -> anyhow::Result<Self> {
        let vhost = Self { broker, name };
        let name = &vhost.name;
        vhost.put(&format!("vhosts/{name}"), json!({})).await?;
        vhost.user(name, Rights::ALL).await?;
        // The management API reads and writes messages under its own user's rights.
        vhost.permit("admin", Rights::ALL).await?;
        Ok(vhost)
    }

    /// The broker it lies on.
    #[must_use]
    pub fn broker(&self) -> &Broker {
        &self.broker
    }

    /// Its name, and that of its first user.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address for a user who may do everything.
    #[must_use]
    pub fn amqp_url(&self) -> String {
        self.url_of(&self.name, self.broker.port())
    }

    /// The same through a proxy's port.
    #[must_use]
    pub fn amqp_url_at(&self, port: u16) -> String {
        self.url_of(&self.name, port)
    }

    /// The same over TLS; [`Broker::authority`] signed the certificate.
    #[must_use]
    pub fn amqps_url(&self) -> String {
        let name = &self.name;
        let port = self.broker.tls_port();
        format!("amqps://{name}:{}@localhost:{port}/{name}", password_of(name))
    }

    /// A user of this name with these rights; the address for that user.
    pub async fn user(&self, user: &str, rights: Rights<'_>) -> anyhow::Result<String> {
        self.change_password(user, &password_of(user)).await?;
        self.permit(user, rights).await?;
        Ok(self.url_of(user, self.broker.port()))
    }

    /// Other rights for a user. A channel that has just used a right may go on using it for some seconds.
    pub async fn permit(&self, user: &str, rights: Rights<'_>) -> anyhow::Result<()> {
        let Rights {
            configure,
            write,
            read,
        } = rights;
        let rights = json!({ "configure": configure, "write": write, "read": read });
        self.put(&format!("permissions/{}/{user}", self.name), rights)
            .await
    }

    /// Makes the user, or gives another password; connections that are there stay.
    pub async fn change_password(&self, user: &str, password: &str) -> anyhow::Result<()> {
        let body = json!({ "password": password, "tags": "" });
        self.put(&format!("users/{user}"), body).await
    }

    /// The password a user has in the addresses given out here.
    pub async fn restore_password(&self, user: &str) -> anyhow::Result<()> {
        self.change_password(user, &password_of(user)).await
    }

    /// A durable queue with these arguments.
    pub async fn declare_queue(&self, queue: &str, arguments: Value) -> anyhow::Result<()> {
        let body = json!({ "durable": true, "arguments": arguments });
        self.put(&format!("queues/{}/{queue}", self.name), body).await
    }

    /// A durable exchange.
    pub async fn declare_exchange(&self, exchange: &str, kind: &str, arguments: Value) -> anyhow::Result<()> {
        let body = json!({ "durable": true, "type": kind, "arguments": arguments });
        self.put(&format!("exchanges/{}/{exchange}", self.name), body)
            .await
    }

    /// Whoever reads it has its consumer cancelled.
    pub async fn delete_queue(&self, queue: &str) -> anyhow::Result<()> {
        self.delete(&format!("queues/{}/{queue}", self.name)).await
    }

    /// With its bindings.
    pub async fn delete_exchange(&self, exchange: &str) -> anyhow::Result<()> {
        self.delete(&format!("exchanges/{}/{exchange}", self.name)).await
    }

    /// Settings for the queues whose names match `pattern`.
    pub async fn set_policy(&self, pattern: &str, settings: Value) -> anyhow::Result<()> {
        let body = json!({ "pattern": pattern, "definition": settings, "apply-to": "queues" });
        self.put(&format!("policies/{}/faults", self.name), body).await
    }

    /// Ends [`Self::set_policy`].
    pub async fn clear_policy(&self) -> anyhow::Result<()> {
        self.delete(&format!("policies/{}/faults", self.name)).await
    }

    /// Declares what RabbitMQ's definitions list, as an operator's import does.
    pub async fn import(&self, definitions: Value) -> anyhow::Result<()> {
        let path = format!("definitions/{}", self.name);
        self.broker
            .api(Method::POST, &path, Some(definitions))
            .await
            .map(drop)
    }

    /// What is declared, in the management API's words: `queues`, `exchanges` or `bindings`.
    pub async fn list(&self, what: &str) -> anyhow::Result<Vec<Value>> {
        let said = self
            .broker
            .api(Method::GET, &format!("{what}/{}", self.name), None)
            .await?;
        Ok(said.as_array().cloned().unwrap_or_default())
    }

    /// Messages that wait in a queue (what a consumer has in hand is not counted), and its consumers.
    pub async fn depth(&self, queue: &str) -> anyhow::Result<(u32, u32)> {
        let connection = Connection::connect(&self.amqp_url(), ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        let found = declare_passively(&channel, queue).await?;
        let depth = (found.message_count(), found.consumer_count());
        connection.close(200, "OK".into()).await?;
        Ok(depth)
    }

    /// Takes up to `count` messages out of a queue that nobody else reads.
    pub async fn take(&self, queue: &str, count: u32) -> anyhow::Result<Vec<Letter>> {
        self.read(queue, count, true).await
    }

    /// Looks at up to `count` messages, which the queue counts as a delivery of each.
    pub async fn peek(&self, queue: &str, count: u32) -> anyhow::Result<Vec<Letter>> {
        self.read(queue, count, false).await
    }

    /// Publishes whatever it is; whether it was routed.
    pub async fn publish(
        &self,
        exchange: &str,
        routing_key: &str,
        body: &[u8],
        properties: Value,
    ) -> anyhow::Result<bool> {
        let exchange = if exchange.is_empty() {
            "amq.default"
        } else {
            exchange
        };
        let message = json!({
            "properties": properties,
            "routing_key": routing_key,
            "payload": BASE64_STANDARD.encode(body),
            "payload_encoding": "base64",
        });
        let path = format!("exchanges/{}/{exchange}/publish", self.name);
        let said = self.broker.api(Method::POST, &path, Some(message)).await?;
        Ok(said["routed"] == true)
    }

    /// The `connection_name` of every connection to it.
    pub async fn connections(&self) -> anyhow::Result<Vec<String>> {
        let said = self
            .broker
            .evaluate(&format!(
                "iolist_to_binary(lists:join(<<10>>, [{NAME_OF} || Pid <- {}])).",
                self.pids()
            ))
            .await?;
        Ok(said.lines().map(str::to_owned).collect())
    }

    /// Closes every connection whose `connection_name` contains `name`, as an operator does; how many there were.
    pub async fn close_connections(&self, name: &str) -> anyhow::Result<u32> {
        let closed = self
            .broker
            .evaluate(&format!(
                "length([rabbit_networking:close_connection(Pid, \"closed by a test\") || Pid <- {}, \
                 binary:match({NAME_OF}, <<\"{name}\">>) =/= nomatch]).",
                self.pids()
            ))
            .await?;
        Ok(closed.parse()?)
    }

    /// Erlang: the processes of its AMQP connections.
    fn pids(&self) -> String {
        format!(
            "[P || P <- rabbit_networking:local_connections(), \
             [{{vhost, <<\"{}\">>}}] =:= rabbit_networking:connection_info(P, [vhost])]",
            self.name
        )
    }

    /// By a consumer: a till's queue can't be asked for single messages.
    async fn read(&self, queue: &str, count: u32, takes: bool) -> anyhow::Result<Vec<Letter>> {
        let connection = Connection::connect(&self.amqp_url(), ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        let waiting = declare_passively(&channel, queue).await?.message_count();
        // Without a bound: what is only looked at is in hand all at once.
        channel.basic_qos(0, BasicQosOptions::default()).await?;
        let mut consumer = channel
            .basic_consume(
                queue.into(),
                "".into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await?;
        let mut letters = Vec::new();
        for _ in 0..waiting.min(count) {
            let coming = timeout(PATIENCE, consumer.next()).await;
            let came = coming
                .with_context(|| format!("{queue} has messages, but somebody else reads it"))?
                .context("the queue was deleted")??;
            if takes {
                came.ack(BasicAckOptions::default()).await?;
            }
            letters.push(Letter::read(came));
        }
        connection.close(200, "OK".into()).await?;
        Ok(letters)
    }

    async fn put(&self, path: &str, body: Value) -> anyhow::Result<()> {
        self.broker.api(Method::PUT, path, Some(body)).await.map(drop)
    }

    async fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.broker.api(Method::DELETE, path, None).await.map(drop)
    }

    fn url_of(&self, user: &str, port: u16) -> String {
        format!(
            "amqp://{user}:{}@127.0.0.1:{port}/{}",
            password_of(user),
            self.name
        )
    }
}

async fn declare_passively(channel: &Channel, queue: &str) -> lapin::Result<Queue> {
    let options = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    channel
        .queue_declare(queue.into(), options, FieldTable::default())
        .await
}

/// Erlang: the `connection_name` of the connection `Pid`.
const NAME_OF: &str = "(fun () -> [{client_properties, All}] = \
     rabbit_networking:connection_info(Pid, [client_properties]), \
     case lists:keyfind(<<\"connection_name\">>, 1, All) of {_, _, Name} -> Name; false -> <<>> end end)()";

/// Only a loopback port of a node that lives for minutes takes it.
fn password_of(user: &str) -> String {
    format!("{user}-password")
}
