//! Listens in between the till and WeChat: passes every byte on and keeps the requests, in the order in which they went
//! by.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use wechat_pay::Fields;

/// No request of ours is longer.
const BODY_MAX: usize = 64 * 1024;

/// A request that went by whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Such as `/pay/unifiedorder`.
    pub path: String,
    /// Its fields.
    pub fields: Fields,
}

/// A listening ear on a port of its own, until dropped.
#[derive(Debug)]
pub struct WireTap {
    base: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    listening: JoinHandle<()>,
}

impl WireTap {
    /// Listens in before the server at `base`, such as `http://127.0.0.1:18080`.
    pub async fn before(base: &str) -> anyhow::Result<Self> {
        let server: SocketAddr = base
            .strip_prefix("http://")
            .context("only plain HTTP can be listened to")?
            .parse()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let base = format!("http://{}", listener.local_addr()?);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&heard);
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let all = Arc::clone(&all);
                // Its end is the end of one of the two sides.
                tokio::spawn(async move { pass_on(client, server, &all).await });
            }
        });
        Ok(Self {
            base,
            heard,
            listening,
        })
    }

    /// Where it listens.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Every request so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for WireTap {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn pass_on(client: TcpStream, server: SocketAddr, all: &Mutex<Vec<Heard>>) -> std::io::Result<()> {
    let server = TcpStream::connect(server).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut unread = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        let length = from_client.read(&mut chunk).await?;
        if length == 0 {
            break;
        }
        unread.extend_from_slice(&chunk[..length]);
        while let Some((heard, end)) = first_request(&unread) {
            unread.drain(..end);
            all.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
        }
        // Kept before it is passed on: whatever the server did, it was heard.
        to_server.write_all(&chunk[..length]).await?;
    }
    drop(to_server);
    let _ = answers.await;
    Ok(())
}

/// The first whole request, and where it ends.
fn first_request(bytes: &[u8]) -> Option<(Heard, usize)> {
    let head_end = position(bytes, b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..head_end]).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    let end = head_end + length?;
    let body = bytes.get(head_end..end)?;
    let fields = Fields::from_xml(body, BODY_MAX).ok()?;
    Some((Heard { path, fields }, end))
}

fn position(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
