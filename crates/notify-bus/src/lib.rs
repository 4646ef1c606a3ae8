//! The bus between the callback service and the tills: exchanges, queues, message shapes, and connections that are kept
//! alive for ever. Knows nothing of WeChat beyond "a map of text fields", and nothing of shops.
//!
//! Two ways in, each with a connection of its own, because an alarmed broker blocks the connections that publish:
//! [`Publisher`] and [`Subscription`]. Both keep connecting, declaring and running until they are dropped.

#![deny(missing_docs)]

mod address;
mod backoff;
mod body;
mod check;
mod dead_letters;
mod delivery;
mod health;
mod in_flight;
mod lane;
mod link;
mod log;
mod message;
mod publisher;
mod stalled;
mod subscription;
mod supervisor;
mod tls;
pub mod topology;
mod trouble;

pub use address::{Address, AddressError};
pub use check::{Checked, check};
pub use delivery::{Delivery, Settled};
pub use health::{Health, Trouble};
pub use log::may_be_logged;
pub use message::{Kind, Message, MessageError, Route, RouteError};
pub use publisher::{NotConfirmed, Publisher, PublisherLimits};
pub use subscription::Subscription;
