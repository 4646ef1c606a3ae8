//! The accept loop: TCP or TLS, HTTP/1.1 only, everything that a sender can make us wait for bounded.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::pace::{Pace, Paced};
use super::respond;
use crate::places::Place;
use crate::relay::Relay;
use crate::tls::Tls;

/// How long a sender has for its TLS handshake, and again for the headers of a request. A connection that is kept open for
/// another request is closed after the same time.
const HEADERS_WITHIN: Duration = Duration::from_secs(5);
/// Most headers of a request, and most bytes of all its headers; a proxy adds a handful to WeChat's own.
const MOST_HEADERS: usize = 64;
const LONGEST_HEADERS: usize = 16 * 1024;
/// The system's buffers of a connection: answers are short, and a body has its cap.
const SEND_BUFFER: u32 = 16 * 1024;
const RECEIVE_BUFFER: u32 = 64 * 1024;
/// Connections that wait to be accepted.
const WAITING: u32 = 4096;
/// How long requests under way may take once the relay is told to stop: a whole one, and its answer's way.
const LAST_ANSWERS: Duration = Duration::from_secs(9);
/// How long accepting pauses when the system has no more sockets to give.
const NO_SOCKETS: Duration = Duration::from_millis(50);

/// Listens, with sockets that hold little for a sender who does not read or is not read. To be called on a runtime.
///
/// # Errors
/// The address can't be had.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // What is accepted has them too.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    // A port is free again as soon as the last relay is gone.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING)
}

/// Accepts until `shutdown` resolves, then waits for what is under way.
pub(super) async fn accept(
    listener: TcpListener,
    relay: Arc<Relay>,
    router: Router,
    tls: Option<Tls>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let peer = peer.ip();
                // Without a place it is dropped, and so closed.
                if let Some(place) = relay.connect(peer) {
                    let guest = Guest {
                        relay: Arc::clone(&relay),
                        router: router.clone(),
                        peer,
                        stopped: stopped.clone(),
                        _place: place,
                    };
                    connections.spawn(guest.connection(stream, tls.clone()));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(NO_SOCKETS).await;
            }
        }
    }
    drop(listener);
    // Fails only when no connection listens, and then there is none to stop.
    let _ = stop.send(true);
    let last = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_ANSWERS, last).await.is_err() {
        tracing::warn!(left = connections.len(), "stopped while requests were under way");
        connections.shutdown().await;
    }
}

/// Whoever has connected.
struct Guest {
    relay: Arc<Relay>,
    router: Router,
    peer: IpAddr,
    stopped: watch::Receiver<bool>,
    _place: Place,
}

impl Guest {
    async fn connection(self, stream: TcpStream, tls: Option<Tls>) {
        // Answers are small and waited for.
        let _ = stream.set_nodelay(true);
        let Some(tls) = tls else {
            return self.http(stream).await;
        };
        match tokio::time::timeout(HEADERS_WITHIN, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.http(stream).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn http<S>(mut self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let pace = Pace::new();
        let (relay, router, peer) = (Arc::clone(&self.relay), self.router.clone(), self.peer);
        let service = service_fn({
            let pace = pace.clone();
            move |request| {
                let answer = respond(Arc::clone(&relay), router.clone(), peer, pace.clone(), request);
                async { Ok::<_, Infallible>(answer.await) }
            }
        });
        let stream = Paced {
            stream,
            pace: pace.clone(),
        };
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_WITHIN)
            .max_headers(MOST_HEADERS)
            .max_buf_size(LONGEST_HEADERS)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let mut exceeded = pin!(pace.exceeded());
        // Waits without keeping the guard; a sender that is gone has stopped too.
        let told_to_stop = async { drop(self.stopped.wait_for(|stopped| *stopped).await) };
        let mut told_to_stop = pin!(told_to_stop);
        let mut stopping = false;
        loop {
            tokio::select! {
                ended = &mut connection => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    return;
                }
                () = &mut exceeded => {
                    tracing::debug!("a request took too long; its connection is cut");
                    return;
                }
                () = &mut told_to_stop, if !stopping => {
                    stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}
