//! The HTTP face: WeChat's paths, the phone page, `/sim/…`, and the task that posts notifications.

mod connection;
mod notifier;
mod phone;
mod sim;
mod tls;
mod wechat;

use std::future::Future;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};
use tokio::net::TcpListener;

use crate::simulator::Simulator;
use crate::wire::LONGEST_BODY;
pub use tls::{Tls, TlsError};

/// Why serving can't start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The client that posts notifications can't be made.
    #[error("notifications can't be posted: {0}")]
    Notifier(#[from] reqwest::Error),
}

/// Serves plain HTTP until `shutdown` resolves; then answers what is under way for a second at most.
///
/// Without TLS there are no client certificates, so the rule that `/secapi/…` needs one is off.
///
/// # Errors
/// Serving can't start; nothing that happens later ends it.
pub async fn serve(
    listener: TcpListener,
    simulator: Simulator,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    tracing::warn!("plain HTTP: /secapi/… is open without a client certificate");
    simulator.with(|gateway, _| gateway.rules_mut().require_certificate = false);
    run(listener, simulator, None, shutdown).await
}

/// As [`serve`] over TLS. `/secapi/…` needs a client certificate if `tls` names an authority for them.
///
/// # Errors
/// As [`serve`].
pub async fn serve_tls(
    listener: TcpListener,
    simulator: Simulator,
    tls: Tls,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let required = tls.asks_for_certificates();
    if !required {
        tracing::warn!("no authority for client certificates: /secapi/… is open without one");
    }
    simulator.with(|gateway, _| gateway.rules_mut().require_certificate = required);
    run(listener, simulator, Some(tls), shutdown).await
}

async fn run(
    listener: TcpListener,
    simulator: Simulator,
    tls: Option<Tls>,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let client = notifier::client()?;
    let notifier = tokio::spawn(notifier::run(simulator.clone(), client));
    connection::accept(listener, router(simulator), tls, shutdown).await;
    notifier.abort();
    Ok(())
}

fn router(simulator: Simulator) -> Router {
    Router::new()
        .route("/phone", get(phone::page))
        .route("/sim/orders", get(sim::orders))
        .route("/sim/orders/{out_trade_no}", get(sim::order))
        .route("/sim/orders/{out_trade_no}/{action}", post(sim::act))
        .route("/sim/scan", post(sim::scan))
        .route(
            "/sim/faults",
            get(sim::faults).post(sim::set_faults).delete(sim::clear_faults),
        )
        .fallback(any(wechat::answer))
        .layer(DefaultBodyLimit::max(LONGEST_BODY + 1))
        .with_state(simulator)
}
