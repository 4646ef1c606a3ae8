//! The accept loop: TCP or TLS, slow headers cut off, connections cut without an answer where a fault asks for it.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::tls::Tls;

/// How long a client has for its TLS handshake, and again for its headers.
const SLOWEST: Duration = Duration::from_secs(10);
/// How long answers under way may take once the simulator is told to stop.
const LAST_ANSWERS: Duration = Duration::from_secs(1);
/// How long accepting pauses when the system has no more sockets to give.
const NO_SOCKETS: Duration = Duration::from_millis(50);

/// What is known of the other side of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    /// It showed a certificate that the configured authority signed.
    pub(super) has_certificate: bool,
}

/// A response that is never sent: the connection is cut instead.
#[derive(Debug, Clone, Copy)]
pub(super) struct CutConnection;

impl IntoResponse for CutConnection {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(self);
        response
    }
}

/// Accepts until `shutdown` resolves.
pub(super) async fn accept(
    listener: TcpListener,
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
            Ok((stream, _)) => {
                connections.spawn(connection(stream, router.clone(), tls.clone(), stopped.clone()));
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
        connections.shutdown().await;
    }
}

async fn connection(stream: TcpStream, router: Router, tls: Option<Tls>, stopped: watch::Receiver<bool>) {
    // Answers are small and waited for.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return http(
            stream,
            router,
            Peer {
                has_certificate: false,
            },
            stopped,
        )
        .await;
    };
    match tokio::time::timeout(SLOWEST, tls.accept(stream)).await {
        Ok(Ok((stream, has_certificate))) => http(stream, router, Peer { has_certificate }, stopped).await,
        Ok(Err(error)) => tracing::info!(%error, "a TLS handshake failed"),
        Err(_) => tracing::info!("a TLS handshake took too long"),
    }
}

async fn http<S>(stream: S, router: Router, peer: Peer, mut stopped: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| respond(router.clone(), peer, request));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SLOWEST)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    // Waits without keeping the guard; a sender that is gone has stopped too.
    let told_to_stop = async move { drop(stopped.wait_for(|stopped| *stopped).await) };
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = told_to_stop => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn respond(router: Router, peer: Peer, mut request: Request<Incoming>) -> io::Result<Response> {
    request.extensions_mut().insert(peer);
    let response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => {
            let never: Infallible = never;
            match never {}
        }
    };
    match response.extensions().get::<CutConnection>() {
        // An error of the service makes hyper close the connection without a byte of an answer.
        Some(_) => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut on request")),
        None => Ok(response),
    }
}
