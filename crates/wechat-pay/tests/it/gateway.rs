//! A gateway on loopback that answers each request as a test wants, byte for byte.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use wechat_pay::Fields;
use wechat_pay::client::HttpConfig;

/// What is done with one request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// These bytes, and the connection closed.
    Bytes(Vec<u8>),
    /// These bytes again and again, slowly, for ever.
    Drip(Vec<u8>),
    /// Nothing, and the connection kept open.
    Hang,
}

impl Reply {
    /// HTTP 200 with this body.
    pub(crate) fn ok(body: impl AsRef<[u8]>) -> Self {
        Self::status("200 OK", "", body)
    }

    /// This status line, these further header lines, this body.
    pub(crate) fn status(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}Connection: close\r\n\r\n",
            body.len()
        );
        Self::Bytes([head.as_bytes(), body].concat())
    }
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) fields: Fields,
}

/// The gateway; it lives as long as the test's runtime.
pub(crate) struct Gateway {
    pub(crate) address: std::net::SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Gateway {
    /// Answers every request by `reply`.
    pub(crate) async fn start(reply: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        let reply = Arc::new(reply);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&log), Arc::clone(&reply)));
            }
        });
        Self { address, received }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// A configuration that finds this gateway and waits for milliseconds where a shop waits for seconds.
    pub(crate) fn config(&self) -> HttpConfig {
        HttpConfig {
            read_timeout: Duration::from_millis(300),
            ..HttpConfig::new(self.url())
        }
    }
}

/// Reads one request and answers it.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    log: Arc<Mutex<Vec<Received>>>,
    reply: Arc<impl Fn(&Received) -> Reply>,
) {
    let mut bytes = Vec::new();
    let received = loop {
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return,
            Ok(n) => bytes.extend_from_slice(&chunk[..n]),
        }
        if let Some(received) = parse(&bytes) {
            break received;
        }
    };
    let reply = reply(&received);
    log.lock().unwrap().push(received);
    match reply {
        Reply::Bytes(answer) => {
            // The client may have had enough before the end.
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        }
        Reply::Drip(piece) => {
            while stream.write_all(&piece).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Reply::Hang => {
            // Until the client goes.
            let _ = stream.read(&mut [0; 1]).await;
        }
    }
}

/// The request, once all of it is there.
fn parse(bytes: &[u8]) -> Option<Received> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length: ")?
            .parse()
            .ok()
    });
    let body = &bytes[end + 4..];
    if body.len() < length.unwrap_or(0) {
        return None;
    }
    Some(Received {
        head,
        fields: Fields::from_xml(body, 64 * 1024).unwrap(),
    })
}
