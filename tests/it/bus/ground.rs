//! What the bus's tests stand on: brokers that end with their process, and a wire that can be held and cut.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use scantill_tests::broker::{Broker, Rights};
use scantill_tests::process::{descendants, is_running, kill_now};
use scantill_tests::proxy::Proxy;
use scantill_tests::wait::{PATIENCE, until};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// In a process that is not told to have a broker this does nothing.
const HAVE_ONE: &str = "SCANTILL_TEST_HAS_A_BROKER";

#[tokio::test]
async fn has_a_broker_until_it_is_killed() -> anyhow::Result<()> {
    if std::env::var_os(HAVE_ONE).is_none() {
        return Ok(());
    }
    let broker = Broker::shared().await?;
    println!("\nbroker at {}", broker.authority().display());
    std::future::pending().await
}

#[tokio::test]
async fn a_broker_ends_with_its_process_however_that_ends() -> anyhow::Result<()> {
    let mut other = Command::new(std::env::current_exe()?)
        .args([
            "bus::ground::has_a_broker_until_it_is_killed",
            "--exact",
            "--nocapture",
        ])
        .env(HAVE_ONE, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let said = BufReader::new(other.stdout.take().context("piped")?);
    let authority = said
        .lines()
        .find_map(|line| Some(line.ok()?.strip_prefix("broker at ")?.to_owned()))
        .context("it says where its broker is")?;
    let folder = std::path::Path::new(&authority).parent().context("in a folder")?;
    let below = descendants(other.id());
    assert!(
        below.len() >= 3 && folder.is_dir(),
        "a shell, epmd and the node at least, with a folder: {below:?}"
    );
    kill_now(other.id())?;
    other.wait()?;
    until(
        "everything below the killed process to end",
        PATIENCE,
        async || {
            let gone = below.iter().all(|&id| !is_running(id)) && !folder.exists();
            Ok(gone.then_some(()))
        },
    )
    .await
}

#[tokio::test]
async fn a_virtual_host_sees_nothing_of_another() -> anyhow::Result<()> {
    let broker = Broker::shared().await?;
    let (one, other) = (broker.vhost().await?, broker.vhost().await?);
    for vhost in [&one, &other] {
        vhost
            .declare_queue("q", json!({ "x-queue-type": "quorum" }))
            .await?;
    }
    let properties = json!({ "type": "a", "headers": { "h": "v" } });
    assert!(
        one.publish("", "q", b"news", properties).await?,
        "the queue is there at once"
    );
    assert!(
        !one.publish("", "nowhere", b"news", json!({})).await?,
        "no queue has that name"
    );
    assert_eq!(one.depth("q").await?, (1, 0), "one message, nobody who reads");
    assert_eq!(other.depth("q").await?, (0, 0), "the other queue is another one");
    assert_eq!(
        one.peek("q", 9).await?[0].body,
        b"news",
        "looking leaves it there"
    );
    let taken = one.take("q", 9).await?;
    assert_eq!(
        (taken.len(), taken[0].header("h"), &taken[0].properties["type"]),
        (1, Some("v"), &json!("a")),
        "with what it carries"
    );
    assert_eq!(one.depth("q").await?, (0, 0), "taken");

    let reader = one
        .user(
            "reader",
            Rights {
                read: "^q$",
                ..Rights::NONE
            },
        )
        .await?;
    let options = lapin::ConnectionProperties::default().with_connection_name("a reader".into());
    let connection = lapin::Connection::connect(&reader, options).await?;
    assert_eq!(one.connections().await?, ["a reader"], "by its own name");
    assert!(
        other.connections().await?.is_empty(),
        "the other virtual host has none"
    );
    assert_eq!(other.close_connections("reader").await?, 0, "none of that host");
    assert_eq!(one.close_connections("reader").await?, 1, "this one");
    until("the client to see it", PATIENCE, async || {
        Ok((!connection.status().connected()).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_broker_of_ones_own_can_be_frozen_killed_and_alarmed() -> anyhow::Result<()> {
    let broker = Broker::own().await?;
    let vhost = broker.vhost().await?;
    vhost
        .declare_queue("q", json!({ "x-queue-type": "quorum" }))
        .await?;
    let properties = json!({ "delivery_mode": 2 });
    assert!(
        vhost.publish("", "q", b"news", properties).await?,
        "it lies in the queue"
    );
    broker.settle().await?;
    broker.kill()?;
    assert!(
        TcpStream::connect(("127.0.0.1", broker.port())).await.is_err(),
        "nobody listens there now"
    );
    broker.start().await?;
    assert_eq!(
        vhost.take("q", 1).await?.len(),
        1,
        "what was confirmed survives a kill"
    );
    broker.alarm_memory().await?;
    broker.alarm_disk().await?;
    broker.clear_alarms().await?;
    broker.freeze()?;
    let hello = async {
        let mut stream = TcpStream::connect(("127.0.0.1", broker.port())).await?;
        stream.write_all(b"AMQP\0\0\x09\x01").await?;
        stream.read_u8().await
    };
    assert!(
        timeout(Duration::from_millis(300), hello).await.is_err(),
        "a frozen broker says nothing"
    );
    broker.thaw()?;
    assert_eq!(vhost.depth("q").await?.0, 0, "it goes on where it was");
    Ok(())
}

#[tokio::test]
async fn a_proxy_delays_holds_and_cuts() -> anyhow::Result<()> {
    let echo = TcpListener::bind(("127.0.0.1", 0)).await?;
    let proxy = Proxy::before(echo.local_addr()?.port()).await?;
    let echoing = tokio::spawn(async move {
        while let Ok((mut stream, _)) = echo.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    let mut stream = TcpStream::connect(("127.0.0.1", proxy.port())).await?;
    let mut answer = [0; 4];
    proxy.delay(Duration::from_millis(100));
    let sent = tokio::time::Instant::now();
    stream.write_all(b"slow").await?;
    stream.read_exact(&mut answer).await?;
    assert_eq!(&answer, b"slow", "delayed bytes are the same bytes");
    assert!(
        sent.elapsed() >= Duration::from_millis(200),
        "both ways take their time"
    );
    proxy.delay(Duration::ZERO);
    proxy.stop_forwarding();
    stream.write_all(b"held").await?;
    assert!(
        timeout(Duration::from_millis(200), stream.read_u8())
            .await
            .is_err(),
        "neither an answer nor an end"
    );
    proxy.forward();
    stream.read_exact(&mut answer).await?;
    assert_eq!(&answer, b"held", "it was only held");
    assert_eq!(proxy.open(), 1, "one connection");
    proxy.cut();
    assert!(stream.read_u8().await.is_err(), "a reset, not an end");

    proxy.cut_after(Some(2));
    let mut stream = TcpStream::connect(("127.0.0.1", proxy.port())).await?;
    stream.write_all(b"more than two").await?;
    assert!(
        stream.read_exact(&mut answer).await.is_err(),
        "cut before so much came back"
    );
    proxy.accept(false);
    let mut stream = TcpStream::connect(("127.0.0.1", proxy.port())).await?;
    assert!(stream.read_u8().await.is_err(), "nobody there");
    echoing.abort();
    Ok(())
}
