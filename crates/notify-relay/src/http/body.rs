//! A body, read within its bounds: too long is known before it is kept, too slow is given up.

use axum::body::{Body, Bytes};
use axum::http::Request;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as _;
use tokio::time::Instant;
use wechat_pay::pay_notify::CAP;

use crate::metrics::TurnedAway;

/// Reads the whole body.
///
/// # Errors
/// Longer than [`CAP`], by what it announces or by what comes; not whole by `deadline`; or cut off.
pub(super) async fn read(request: Request<Body>, deadline: Instant) -> Result<Bytes, TurnedAway> {
    let body = request.into_body();
    let announced = body.size_hint().lower();
    if announced > CAP as u64 {
        return Err(TurnedAway::TooLong);
    }
    match tokio::time::timeout_at(deadline, Limited::new(body, CAP).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(TurnedAway::TooLong),
        Ok(Err(_)) => Err(TurnedAway::CutOff),
        Err(_) => Err(TurnedAway::TooSlow),
    }
}
