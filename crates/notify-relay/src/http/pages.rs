//! The pages for the operator: is it alive, is it ready, what has it counted. A stranger finds nothing there.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::no_such_page;
use crate::metrics;
use crate::relay::{Origin, Relay};

/// It runs and answers.
pub(super) async fn alive(relay: State<Arc<Relay>>, origin: Extension<Origin>) -> Response {
    if is_stranger(&relay, &origin) {
        return no_such_page(relay, origin).await;
    }
    "alive\n".into_response()
}

/// The broker takes messages; without it every notify is answered FAIL, and a balancer may ask another relay.
pub(super) async fn ready(relay: State<Arc<Relay>>, origin: Extension<Origin>) -> Response {
    if is_stranger(&relay, &origin) {
        return no_such_page(relay, origin).await;
    }
    if relay.is_ready() {
        "ready\n".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the broker takes no messages\n").into_response()
    }
}

/// For Prometheus.
pub(super) async fn counted(relay: State<Arc<Relay>>, origin: Extension<Origin>) -> Response {
    if is_stranger(&relay, &origin) {
        return no_such_page(relay, origin).await;
    }
    match relay.counted() {
        Ok(text) => ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the counters can't be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn is_stranger(relay: &Relay, origin: &Origin) -> bool {
    !relay.status_from.contain(origin.address)
}
