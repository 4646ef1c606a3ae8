//! A client of HTTP/1.1 that sends the bytes it is told to, however wrong, from an address of this machine's choice.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

/// Longer than the slowest answer of a server that keeps its own limits.
const PATIENCE: Duration = Duration::from_secs(15);

/// A connection.
#[derive(Debug)]
pub struct Caller {
    stream: TcpStream,
    /// What came and has not been looked at.
    unread: Vec<u8>,
}

/// What a server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP's status.
    pub status: u16,
    /// All before the body, in small letters.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Answer {
    /// Whether it is what WeChat takes for "taken over".
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status == 200
            && self
                .body
                .contains("<return_code><![CDATA[SUCCESS]]></return_code>")
    }

    /// Whether it is what WeChat takes for "send it again".
    #[must_use]
    pub fn is_fail(&self) -> bool {
        self.status == 200 && self.body.contains("<return_code><![CDATA[FAIL]]></return_code>")
    }
}

impl Caller {
    /// Connects from 127.0.0.1.
    pub async fn to(server: SocketAddr) -> anyhow::Result<Self> {
        Self::from(Ipv4Addr::LOCALHOST, server).await
    }

    /// Connects from another address of this machine: all of 127.0.0.0/8 are.
    pub async fn from(own: Ipv4Addr, server: SocketAddr) -> anyhow::Result<Self> {
        Self::of(TcpSocket::new_v4()?, own, server).await
    }

    /// As [`Self::from`], with room for hardly any answer.
    pub async fn deaf(own: Ipv4Addr, server: SocketAddr) -> anyhow::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(4096)?;
        Self::of(socket, own, server).await
    }

    async fn of(socket: TcpSocket, own: Ipv4Addr, server: SocketAddr) -> anyhow::Result<Self> {
        socket.bind(SocketAddr::from((own, 0)))?;
        let stream = socket.connect(server).await.context("connecting")?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            unread: Vec::new(),
        })
    }

    /// Sends these bytes as they are.
    pub async fn send(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        Ok(self.stream.write_all(bytes).await?)
    }

    /// Sends byte by byte with a pause before each, until all are sent or the server closes.
    pub async fn drip(&mut self, bytes: &[u8], pause: Duration) {
        let (mut read, mut write) = self.stream.split();
        let unread = &mut self.unread;
        let sending = async {
            for byte in bytes {
                sleep(pause).await;
                if write.write_all(&[*byte]).await.is_err() {
                    return;
                }
            }
        };
        let closing = async { while matches!(read.read_buf(unread).await, Ok(1..)) {} };
        tokio::select! {
            () = sending => {}
            () = closing => {}
        }
    }

    /// The next answer.
    pub async fn answer(&mut self) -> anyhow::Result<Answer> {
        timeout(PATIENCE, self.read_answer()).await.context("no answer")?
    }

    /// Posts a body and waits for the answer.
    pub async fn post(&mut self, path: &str, body: &[u8]) -> anyhow::Result<Answer> {
        self.send(&request(path, body)).await?;
        self.answer().await
    }

    /// Waits until the server closes; what it said before that.
    pub async fn rest(&mut self) -> anyhow::Result<String> {
        let read = async {
            loop {
                match self.stream.read_buf(&mut self.unread).await {
                    // A reset is an end too.
                    Ok(0) | Err(_) => break,
                    Ok(_) => {}
                }
            }
        };
        timeout(PATIENCE, read)
            .await
            .context("the server does not close")?;
        Ok(String::from_utf8_lossy(&std::mem::take(&mut self.unread)).into_owned())
    }

    async fn read_answer(&mut self) -> anyhow::Result<Answer> {
        let head_end = loop {
            if let Some(at) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8_lossy(&self.unread[..head_end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).context("no status")?.parse()?;
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(Ok(0), str::parse)?;
        while self.unread.len() < head_end + length {
            self.more().await?;
        }
        let body = String::from_utf8_lossy(&self.unread[head_end..head_end + length]).into_owned();
        self.unread.drain(..head_end + length);
        Ok(Answer { status, head, body })
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        let read = self.stream.read_buf(&mut self.unread).await?;
        anyhow::ensure!(read > 0, "closed without an answer");
        Ok(())
    }
}

/// A whole POST.
#[must_use]
pub fn request(path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: relay\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
