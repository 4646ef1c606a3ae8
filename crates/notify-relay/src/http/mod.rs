//! The HTTP face: one path that WeChat posts to, and three pages for the operator.

mod body;
mod connection;
mod pace;
mod pages;

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, CONTENT_TYPE, TRANSFER_ENCODING};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tower::ServiceExt;
use wechat_pay::pay_notify::notify_reply;

use crate::config::Config;
use crate::metrics::TurnedAway;
use crate::relay::{CONFIRM_WITHIN, Origin, Relay};
use crate::sender::{self, Sender};
pub use connection::listen;
use pace::{Pace, WHOLE_REQUEST};

/// Where WeChat posts its notifies.
pub const NOTIFY_PATH: &str = "/weixin/pay/notify/url";
/// How long a body may take from the request's first byte on: what is left is for the confirm and for the answer's way.
const BODY_WITHIN: Duration = Duration::from_millis(4500);
const _: () = assert!(BODY_WITHIN.as_millis() + CONFIRM_WITHIN.as_millis() < WHOLE_REQUEST.as_millis());

/// Serves until `shutdown` resolves; then finishes what is in flight, within bounds.
pub async fn serve(listener: TcpListener, mut config: Config, shutdown: impl Future<Output = ()> + Send) {
    let tls = config.tls.take();
    let relay = Arc::new(Relay::start(config));
    let sweeping = tokio::spawn({
        let relay = Arc::clone(&relay);
        async move { relay.senders.sweep().await }
    });
    let router = router(Arc::clone(&relay));
    connection::accept(listener, Arc::clone(&relay), router, tls, shutdown).await;
    // The answers are out; what is left waits for confirms that nobody asks for any more.
    if tokio::time::timeout(CONFIRM_WITHIN, relay.publisher.drain())
        .await
        .is_err()
    {
        tracing::warn!("stopped while the broker owed confirms; WeChat sends those notifies again");
    }
    sweeping.abort();
}

fn router(relay: Arc<Relay>) -> Router {
    Router::new()
        .route(NOTIFY_PATH, post(take))
        .route("/healthz", get(pages::alive))
        .route("/readyz", get(pages::ready))
        .route("/metrics", get(pages::counted))
        .fallback(no_such_page)
        .method_not_allowed_fallback(no_such_method)
        .with_state(relay)
}

/// One request, whatever it asks for.
async fn respond(
    relay: Arc<Relay>,
    router: Router,
    peer: IpAddr,
    pace: Pace,
    request: Request<Incoming>,
) -> Response {
    let headers = request.headers();
    if sender::is_forwarded(headers) && !relay.trusted_proxies.contain(peer) {
        relay.remind_of_proxy(peer);
    }
    let address = sender::origin(peer, headers, &relay.trusted_proxies);
    let sender = Sender::at(address);
    // Where a proxy in front and we might disagree about a body's end, nothing that follows is read.
    let unclear = headers.contains_key(TRANSFER_ENCODING);
    let mut response = if relay.senders.admit(sender) {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Origin { address, sender });
        request.extensions_mut().insert(pace.clone());
        match router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => {
                let never: Infallible = never;
                match never {}
            }
        }
    } else {
        turn_away(&relay, TurnedAway::Allowance)
    };
    if unclear || !response.status().is_success() {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    pace.answered();
    response
}

/// `POST /weixin/pay/notify/url`.
async fn take(
    State(relay): State<Arc<Relay>>,
    Extension(origin): Extension<Origin>,
    Extension(pace): Extension<Pace>,
    request: Request,
) -> Response {
    let body = match body::read(request, pace.begun() + BODY_WITHIN).await {
        Ok(body) => body,
        Err(why) => {
            relay.senders.refused(origin.sender);
            return turn_away(&relay, why);
        }
    };
    match Arc::clone(&relay).take(&body, origin).await {
        Ok(reply) => ([(CONTENT_TYPE, "text/xml; charset=utf-8")], notify_reply(reply)).into_response(),
        Err(why) => turn_away(&relay, why),
    }
}

async fn no_such_page(State(relay): State<Arc<Relay>>, Extension(origin): Extension<Origin>) -> Response {
    relay.senders.refused(origin.sender);
    turn_away(&relay, TurnedAway::NoSuchPage)
}

async fn no_such_method(State(relay): State<Arc<Relay>>, Extension(origin): Extension<Origin>) -> Response {
    relay.senders.refused(origin.sender);
    turn_away(&relay, TurnedAway::WrongMethod)
}

/// An answer of HTTP's own, without a word.
fn turn_away(relay: &Relay, why: TurnedAway) -> Response {
    relay.metrics.turned_away(why);
    let status = match why {
        TurnedAway::Connections | TurnedAway::InFlight => StatusCode::SERVICE_UNAVAILABLE,
        TurnedAway::Allowance => StatusCode::TOO_MANY_REQUESTS,
        TurnedAway::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        TurnedAway::TooSlow => StatusCode::REQUEST_TIMEOUT,
        TurnedAway::CutOff => StatusCode::BAD_REQUEST,
        TurnedAway::NoSuchPage => StatusCode::NOT_FOUND,
        TurnedAway::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
    };
    status.into_response()
}
