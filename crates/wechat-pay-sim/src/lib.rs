//! A simulator of the WeChat Pay V2 gateway: a pure core and an HTTP face.
//!
//! [`Gateway`] holds the orders, refunds, notifications, bills and [`Faults`] of one merchant. It does no I/O and reads
//! no clock, so that a till can be stepped against it on invented time. [`Simulator`] gives it a clock (at any
//! speed) and a state file, [`serve`] an HTTP face with WeChat's own paths, a page that plays the customer's phone
//! at `/phone`, and `/sim/…` to drive it.
//!
//! It answers what a shop that shows codes needs: the calls in [`Call`]. Any other path, those for payment codes (micropay,
//! reverse) and the flow of funds among them, is a page that isn't there.
//!
//! It is written from WeChat's documents and from observed behaviour. Where they disagree there is a switch in
//! [`Rules`].

#![deny(missing_docs)]

mod answer;
mod beijing;
mod bill;
mod calls;
mod check;
mod config;
mod customer;
mod dice;
mod faults;
mod fen;
mod gateway;
mod http;
mod notify;
mod order;
mod refund;
mod simulator;
mod turned_back;
mod wire;

pub use answer::{Answer, Delivery, Record, Signature};
pub use calls::Call;
pub use config::{EarlyClose, ExpiredReads, GatewayConfig, OtherParameters, Rules, ScannedReads};
pub use customer::{CustomerRefusal, OrderView, PayWith, Receipt};
pub use faults::{CallFaults, Fault, Faults, NotifyFault, NotifyFaults, Times};
pub use fen::Fen;
pub use gateway::{Gateway, SnapshotError};
pub use http::{ServeError, Tls, TlsError, serve, serve_tls};
pub use notify::{NotifyPost, REPLY_WITHIN, RETRY_AFTER};
pub use order::{Coupon, CouponKind, TradeState};
pub use refund::RefundView;
pub use simulator::{OpenError, Simulator};
