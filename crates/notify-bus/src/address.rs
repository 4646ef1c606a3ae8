//! Where the broker is and as whom to come: an `amqp://` or `amqps://` address, read once.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use lapin::uri::{AMQPScheme, AMQPUri};
use thiserror::Error;

const HEARTBEAT_S: u16 = 5;
const HEARTBEAT_S_MAX: u16 = 60;

/// The broker's address with user, password and virtual host.
#[derive(Clone)]
pub struct Address {
    pub(crate) uri: AMQPUri,
    /// PEM file of the authority that signed the broker's certificate; without it the system's roots count.
    pub(crate) ca: Option<PathBuf>,
}

/// A text that is no broker's address. Does not quote it: it holds a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Not an address at all.
    #[error("not an address of the form amqps://user:password@host:5671/vhost")]
    Form,
}

impl Address {
    /// Reads `amqp[s]://user:password@host[:port]/vhost`. `?heartbeat=` with 1 to 60 seconds replaces the five seconds after
    /// twice which a silent broker is given up.
    ///
    /// # Errors
    /// The text has another form.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let mut uri = text.parse::<AMQPUri>().map_err(|_| AddressError::Form)?;
        let heartbeat = uri.query.heartbeat.unwrap_or(HEARTBEAT_S);
        uri.query.heartbeat = Some(heartbeat.clamp(1, HEARTBEAT_S_MAX));
        Ok(Self { uri, ca: None })
    }

    /// Trusts this authority (PEM file) instead of the system's.
    #[must_use]
    pub fn with_ca(self, ca: PathBuf) -> Self {
        Self { ca: Some(ca), ..self }
    }

    /// The password would go to another machine without TLS.
    #[must_use]
    pub fn is_open_to_all(&self) -> bool {
        let host = self.uri.authority.host.trim_matches(['[', ']']);
        let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        self.uri.scheme == AMQPScheme::AMQP && !here
    }

    pub(crate) fn heartbeat(&self) -> Duration {
        Duration::from_secs(self.uri.query.heartbeat.unwrap_or(HEARTBEAT_S).into())
    }

    /// `host:port/vhost`, to be shown: no user, no password.
    #[must_use]
    pub fn place(&self) -> String {
        let authority = &self.uri.authority;
        format!("{}:{}/{}", authority.host, authority.port, self.uri.vhost)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.place()).finish()
    }
}
