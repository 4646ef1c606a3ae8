//! WeChat's own paths.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Extensions, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::connection::{CutConnection, Peer};
use crate::answer::{Answer, Delivery};
use crate::simulator::Simulator;

/// How long a hanging answer hangs: longer than any client waits.
const HANG: Duration = Duration::from_secs(600);

/// Hands a request to the core and delivers the answer as it says. Any Content-Type, or none, will do.
pub(super) async fn answer(
    State(simulator): State<Simulator>,
    method: Method,
    uri: Uri,
    extensions: Extensions,
    body: Bytes,
) -> Response {
    let path = uri.path();
    let cert = extensions.get::<Peer>().is_some_and(|peer| peer.has_certificate);
    let answer = simulator.with(|gateway, now| match method {
        Method::POST => gateway.answer(now, path, &body, cert),
        _ => gateway.answer_other_method(path),
    });
    tracing::info!(
        %method,
        path,
        out_trade_no = answer.record.out_trade_no,
        signature = answer.record.signature.word(),
        result = answer.record.result,
        delivery = ?answer.delivery,
        "request"
    );
    deliver(answer).await
}

async fn deliver(answer: Answer) -> Response {
    match answer.delivery {
        Delivery::After(wait) => tokio::time::sleep(wait).await,
        Delivery::Hang => {
            tokio::time::sleep(HANG).await;
            return CutConnection.into_response();
        }
        Delivery::Drop => return CutConnection.into_response(),
    }
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(answer.content_type),
    );
    if let Some(location) = answer.location {
        headers.insert(header::LOCATION, HeaderValue::from_static(location));
    }
    response
}
