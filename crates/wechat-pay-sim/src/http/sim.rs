//! `/sim/…`: what the phone page and tests use to play the customer and to set faults.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::customer::{CustomerRefusal, PayWith};
use crate::gateway::Gateway;
use crate::simulator::Simulator;

/// `{code, message}` with a fitting status: what the page turns into words.
struct Refused(StatusCode, String, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "code": self.1, "message": self.2 }))).into_response()
    }
}

impl From<CustomerRefusal> for Refused {
    fn from(refusal: CustomerRefusal) -> Self {
        let status = match refusal {
            CustomerRefusal::NoSuchOrder | CustomerRefusal::UnknownCode => StatusCode::NOT_FOUND,
            CustomerRefusal::CodeExpired
            | CustomerRefusal::CodeReplaced
            | CustomerRefusal::OrderClosed
            | CustomerRefusal::AlreadyPaid => StatusCode::CONFLICT,
            CustomerRefusal::CouponsDontFit => StatusCode::UNPROCESSABLE_ENTITY,
        };
        // A plain enum's JSON is its snake_case name.
        let code = serde_json::to_value(refusal)
            .ok()
            .and_then(|code| code.as_str().map(str::to_owned));
        Self(status, code.unwrap_or_default(), refusal.to_string())
    }
}

fn bad_request(message: impl ToString) -> Refused {
    Refused(
        StatusCode::BAD_REQUEST,
        "bad_request".to_owned(),
        message.to_string(),
    )
}

pub(super) async fn orders(State(simulator): State<Simulator>) -> Response {
    simulator
        .with(|gateway, now| Json(json!({ "now": now, "orders": gateway.orders(now) })))
        .into_response()
}

pub(super) async fn order(State(simulator): State<Simulator>, Path(number): Path<String>) -> Response {
    match simulator.with(|gateway, now| gateway.order(now, &number)) {
        Some(order) => Json(order).into_response(),
        None => Refused::from(CustomerRefusal::NoSuchOrder).into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scan {
    code_url: String,
}

/// The phone's camera read a code: answers with its order.
pub(super) async fn scan(State(simulator): State<Simulator>, body: Bytes) -> Response {
    let scan: Scan = match serde_json::from_slice(&body) {
        Ok(scan) => scan,
        Err(error) => return bad_request(error).into_response(),
    };
    match simulator.with(|gateway, now| gateway.scan(now, &scan.code_url)) {
        Ok(order) => Json(order).into_response(),
        Err(refusal) => Refused::from(refusal).into_response(),
    }
}

/// `…/scan`, `…/pay`, `…/decline`, `…/walk_away`.
pub(super) async fn act(
    State(simulator): State<Simulator>,
    Path((number, action)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let acted = simulator.with(|gateway, now| act_at(gateway, now, &number, &action, &body));
    tracing::info!(out_trade_no = number, action, done = acted.is_ok(), "customer");
    match acted {
        Ok(answer) => Json(answer).into_response(),
        Err(refused) => refused.into_response(),
    }
}

fn act_at(
    gateway: &mut Gateway,
    now: Timestamp,
    number: &str,
    action: &str,
    body: &[u8],
) -> Result<Value, Refused> {
    let mut receipt = Value::Null;
    match action {
        "scan" => {
            gateway.scan_order(now, number)?;
        }
        "pay" => {
            let with = match body.is_empty() {
                true => PayWith::default(),
                false => serde_json::from_slice(body).map_err(bad_request)?,
            };
            receipt = json!(gateway.pay(now, number, &with)?);
        }
        "decline" => gateway.decline(now, number)?,
        "walk_away" => gateway.walk_away(now, number)?,
        _ => {
            let message = format!("{action}: scan, pay, decline and walk_away are known");
            return Err(Refused(
                StatusCode::NOT_FOUND,
                "no_such_action".to_owned(),
                message,
            ));
        }
    }
    Ok(json!({ "order": gateway.order(now, number), "receipt": receipt }))
}

pub(super) async fn faults(State(simulator): State<Simulator>) -> Response {
    faults_json(&simulator).into_response()
}

fn faults_json(simulator: &Simulator) -> Json<Value> {
    let mut faults = simulator.with(|gateway, _| json!(gateway.faults()));
    faults["clock_speed"] = json!(simulator.speed());
    faults["now"] = json!(simulator.now());
    Json(faults)
}

/// Lays faults over those that are set. Beside the core's faults: `clock_speed`, and `clock_advance_seconds`.
pub(super) async fn set_faults(State(simulator): State<Simulator>, body: Bytes) -> Response {
    let mut patch: Value = match serde_json::from_slice(&body) {
        Ok(patch) => patch,
        Err(error) => return bad_request(error).into_response(),
    };
    let mut taken = |name: &str| patch.as_object_mut().and_then(|patch| patch.remove(name));
    let (speed, advance) = (taken("clock_speed"), taken("clock_advance_seconds"));
    let advance = match advance.as_ref().map(Value::as_u64) {
        None => None,
        // A century is enough for any test and far from the end of time.
        Some(Some(seconds)) if seconds <= 100 * 366 * 86_400 => Some(seconds.cast_signed()),
        Some(_) => return bad_request("clock_advance_seconds must be a whole number").into_response(),
    };
    let speed = speed.map(|speed| speed.as_f64().unwrap_or(f64::NAN));
    if speed.is_some_and(|speed| !(speed > 0.0 && speed <= 1e6)) {
        return bad_request("clock_speed must be a number above 0, at most a million").into_response();
    }
    if let Err(error) = simulator.with(|gateway, _| gateway.faults_mut().patch(&patch)) {
        return bad_request(error).into_response();
    }
    if let Some(speed) = speed {
        simulator.set_speed(speed);
    }
    if let Some(seconds) = advance {
        simulator.advance(SignedDuration::from_secs(seconds));
    }
    tracing::info!(faults = %patch, "faults set");
    faults_json(&simulator).into_response()
}

/// Takes back all faults; the clock goes at its natural speed again.
pub(super) async fn clear_faults(State(simulator): State<Simulator>) -> Response {
    simulator.with(|gateway, _| gateway.faults_mut().clear());
    simulator.set_speed(1.0);
    faults_json(&simulator).into_response()
}
