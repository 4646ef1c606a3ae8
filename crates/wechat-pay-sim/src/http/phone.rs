//! `GET /phone`: the customer's phone as a page, whole in one file.

use axum::http::header;
use axum::response::{IntoResponse, Response};

const PAGE: &str = include_str!("phone.html");

/// Nothing from elsewhere; style and script stand in the page itself, which holds no text from outside.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                      img-src 'self' data: blob:; media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

pub(super) async fn page() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, PAGE).into_response()
}
