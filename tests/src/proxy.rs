//! A TCP proxy that delays, stops forwarding without closing, and cuts, on a port of its own in front of a server.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// Pieces under way in one direction of one connection; with more the sender waits, as on a real wire.
const UNDER_WAY_MAX: usize = 1024;
const PIECE: usize = 16 * 1024;

/// What is done to the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wire {
    delay: Duration,
    forwards: bool,
    /// What the server says is kept back.
    holds_answers: bool,
    accepts: bool,
    /// Bytes of either direction of one connection before it is cut.
    cut_after: Option<u64>,
    /// Raised to cut everything there is.
    cuts: u64,
}

/// A wire to one server. Dropping it cuts every connection.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    wire: watch::Sender<Wire>,
    open: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
    listening: JoinHandle<()>,
}

impl Proxy {
    /// In front of the server on this port of this machine.
    pub async fn before(port: u16) -> anyhow::Result<Self> {
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let (wire, seen) = watch::channel(Wire {
            delay: Duration::ZERO,
            forwards: true,
            holds_answers: false,
            accepts: true,
            cut_after: None,
            cuts: 0,
        });
        let open = Arc::new(AtomicUsize::new(0));
        let refused = Arc::new(AtomicUsize::new(0));
        let (counted, turned_away) = (Arc::clone(&open), Arc::clone(&refused));
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if !seen.borrow().accepts {
                    // Dropped with a reset: nobody there.
                    let _ = client.set_zero_linger();
                    turned_away.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                let (seen, counted) = (seen.clone(), Arc::clone(&counted));
                tokio::spawn(async move {
                    counted.fetch_add(1, Ordering::Relaxed);
                    // Its end is the end of one of the two sides.
                    let _ = join(client, server, seen).await;
                    counted.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        Ok(Self {
            port,
            wire,
            open,
            refused,
            listening,
        })
    }

    /// Where it listens, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Connections open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Connections that were reset at once.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }

    /// How long each byte takes, in either direction; as many as like are under way.
    pub fn delay(&self, delay: Duration) {
        self.wire.send_modify(|wire| wire.delay = delay);
    }

    /// Nothing arrives any more and nothing is closed: the other side is gone without a word. New connections too.
    pub fn stop_forwarding(&self) {
        self.wire.send_modify(|wire| wire.forwards = false);
    }

    /// Ends [`Self::stop_forwarding`]; what was sent meanwhile arrives.
    pub fn forward(&self) {
        self.wire.send_modify(|wire| wire.forwards = true);
    }

    /// What is sent to the server arrives, and what it says does not.
    pub fn hold_answers(&self) {
        self.wire.send_modify(|wire| wire.holds_answers = true);
    }

    /// Resets every connection there is.
    pub fn cut(&self) {
        self.wire.send_modify(|wire| wire.cuts += 1);
    }

    /// Resets each connection when so many bytes have gone by in one of its directions; `None` for never.
    pub fn cut_after(&self, bytes: Option<u64>) {
        self.wire.send_modify(|wire| wire.cut_after = bytes);
    }

    /// Whether new connections are taken, or reset at once.
    pub fn accept(&self, accepts: bool) {
        self.wire.send_modify(|wire| wire.accepts = accepts);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        self.cut();
    }
}

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

impl Wire {
    fn carries(&self, way: Way) -> bool {
        self.forwards && (way == Way::There || !self.holds_answers)
    }
}

/// Carries bytes both ways until one side ends or the wire is cut.
async fn join(
    mut client: TcpStream,
    server: SocketAddr,
    mut seen: watch::Receiver<Wire>,
) -> std::io::Result<()> {
    let cuts = seen.borrow().cuts;
    let mut server = TcpStream::connect(server).await?;
    for side in [&client, &server] {
        side.set_nodelay(true)?;
        // Dropping one is then a reset.
        side.set_zero_linger()?;
    }
    // Borrowed halves: an owned one tells the other side of its end when it is dropped.
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let there = carry(Way::There, from_client, to_server, seen.clone());
    let back = carry(Way::Back, from_server, to_client, seen.clone());
    let mut ending = seen.clone();
    let over = async {
        let ended = tokio::select! {
            ended = there => ended,
            ended = back => ended,
        };
        // An end is not told either while nothing is forwarded, unless it is a cut of ours.
        let cut = matches!(&ended, Err(error) if error.kind() == ErrorKind::Other);
        if !cut {
            let _ = ending.wait_for(|wire| wire.forwards).await;
        }
        ended
    };
    tokio::select! {
        ended = over => ended,
        _ = seen.wait_for(|wire| wire.cuts != cuts) => Ok(()),
    }
}

/// Carries one direction.
async fn carry(
    way: Way,
    from: ReadHalf<'_>,
    to: WriteHalf<'_>,
    seen: watch::Receiver<Wire>,
) -> std::io::Result<()> {
    let (put, pieces) = mpsc::channel(UNDER_WAY_MAX);
    tokio::try_join!(take_in(from, put, seen.clone()), give_out(way, to, pieces, seen))?;
    Ok(())
}

async fn take_in(
    mut from: ReadHalf<'_>,
    pieces: mpsc::Sender<(Instant, Vec<u8>)>,
    seen: watch::Receiver<Wire>,
) -> std::io::Result<()> {
    loop {
        let mut piece = vec![0; PIECE];
        let length = from.read(&mut piece).await?;
        if length == 0 {
            return Ok(());
        }
        piece.truncate(length);
        let due = Instant::now() + seen.borrow().delay;
        if pieces.send((due, piece)).await.is_err() {
            return Ok(());
        }
    }
}

async fn give_out(
    way: Way,
    mut to: WriteHalf<'_>,
    mut pieces: mpsc::Receiver<(Instant, Vec<u8>)>,
    mut seen: watch::Receiver<Wire>,
) -> std::io::Result<()> {
    let mut gone_by = 0;
    while let Some((due, mut piece)) = pieces.recv().await {
        sleep_until(due).await;
        // The sender of these settings is gone when the proxy is, which cuts everything anyway.
        let Ok(wire) = seen.wait_for(|wire| wire.carries(way)).await.map(|wire| *wire) else {
            return Ok(());
        };
        let left = wire
            .cut_after
            .map_or(u64::MAX, |bytes| bytes.saturating_sub(gone_by));
        if left < piece.len() as u64 {
            piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            to.write_all(&piece).await?;
            return Err(std::io::Error::other("cut"));
        }
        gone_by += piece.len() as u64;
        to.write_all(&piece).await?;
    }
    Ok(())
}
