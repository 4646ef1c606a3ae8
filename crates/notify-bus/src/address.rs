//! Where the broker is and as whom to come: an `amqp://` or `amqps://` address, read once.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use lapin::uri::{AMQPScheme, AMQPUri};
use thiserror::Error;

use crate::tls;

const HEARTBEAT_S: u16 = 5;
const HEARTBEAT_S_MAX: u16 = 60;

/// The broker's address with user, password and virtual host; of a cluster, that of each node.
#[derive(Clone)]
pub struct Address {
    /// Of the node to go to next.
    pub(crate) uri: AMQPUri,
    /// Of the others, in turn.
    others: VecDeque<AMQPUri>,
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
    /// Reads `amqp[s]://user:password@host[:port]/vhost`; the nodes of a cluster with commas between them, as in
    /// `host1:5671,host2:5671`. `?heartbeat=` with 1 to 60 seconds replaces the five seconds after twice which a silent broker
    /// is given up.
    ///
    /// # Errors
    /// The text has another form.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let (begin, end) = hosts(text);
        let mut others = text[begin..end]
            .split(',')
            .map(|host| one(&format!("{}{host}{}", &text[..begin], &text[end..]), host))
            .collect::<Result<VecDeque<_>, _>>()?;
        let uri = others.pop_front().ok_or(AddressError::Form)?;
        Ok(Self {
            uri,
            others,
            ca: None,
        })
    }

    /// The next node of the cluster is the one to go to.
    pub(crate) fn go_on(&mut self) {
        if let Some(next) = self.others.pop_front() {
            self.others.push_back(std::mem::replace(&mut self.uri, next));
        }
    }

    /// How many nodes it names.
    pub(crate) fn nodes(&self) -> usize {
        1 + self.others.len()
    }

    /// Each node's address by itself.
    #[must_use]
    pub fn each(&self) -> Vec<Self> {
        let alone = |uri: &AMQPUri| Self {
            uri: uri.clone(),
            others: VecDeque::new(),
            ca: self.ca.clone(),
        };
        self.uris().map(alone).collect()
    }

    fn uris(&self) -> impl Iterator<Item = &AMQPUri> {
        std::iter::once(&self.uri).chain(&self.others)
    }

    /// Trusts this authority (PEM file) instead of the system's.
    #[must_use]
    pub fn with_ca(self, ca: PathBuf) -> Self {
        Self { ca: Some(ca), ..self }
    }

    /// Reads the file of the authority named by [`Self::with_ca`], so that a wrong one is told before any connection is tried.
    ///
    /// # Errors
    /// It can't be read, or holds no certificate.
    pub fn check_ca(&self) -> io::Result<()> {
        self.ca
            .as_deref()
            .map_or(Ok(()), |file| tls::authorities(file).map(drop))
    }

    /// The password would go to another machine without TLS.
    #[must_use]
    pub fn is_open_to_all(&self) -> bool {
        self.uris().any(|uri| {
            let host = &uri.authority.host;
            let here =
                host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
            uri.scheme == AMQPScheme::AMQP && !here
        })
    }

    pub(crate) fn heartbeat(&self) -> Duration {
        Duration::from_secs(self.uri.query.heartbeat.unwrap_or(HEARTBEAT_S).into())
    }

    /// `host:port/vhost`, to be shown: no user, no password.
    #[must_use]
    pub fn place(&self) -> String {
        let place = |uri: &AMQPUri| {
            let (host, port) = (&uri.authority.host, uri.authority.port);
            match host.contains(':') {
                true => format!("[{host}]:{port}"),
                false => format!("{host}:{port}"),
            }
        };
        let places: Vec<String> = self.uris().map(place).collect();
        format!("{}/{}", places.join(","), self.uri.vhost)
    }
}

/// Where in an address the hosts stand.
fn hosts(text: &str) -> (usize, usize) {
    let begin = text.find("://").map_or(0, |at| at + 3);
    let end = text[begin..]
        .find(['/', '?', '#'])
        .map_or(text.len(), |at| begin + at);
    let begin = text[begin..end].rfind('@').map_or(begin, |at| begin + at + 1);
    (begin, end)
}

/// The address of a single host.
fn one(text: &str, host: &str) -> Result<AMQPUri, AddressError> {
    let mut uri = text.parse::<AMQPUri>().map_err(|_| AddressError::Form)?;
    let heartbeat = uri.query.heartbeat.unwrap_or(HEARTBEAT_S);
    uri.query.heartbeat = Some(heartbeat.clamp(1, HEARTBEAT_S_MAX));
    // An address of IPv6 is read as this machine there.
    if let Some((address, _)) = host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        address.clone_into(&mut uri.authority.host);
    }
    Ok(uri)
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.place()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Result<Vec<String>, AddressError> {
        let mut address = Address::parse(text)?;
        let mut places = Vec::new();
        for _ in 0..=address.nodes() {
            let next = address.each().swap_remove(0).place();
            places.push(next.split('/').next().unwrap_or_default().to_owned());
            address.go_on();
        }
        Ok(places)
    }

    #[test]
    fn the_nodes_of_a_cluster_take_turns() {
        let text = "amqps://till:p,ss@node1:5671,node2,[::1]:5673/shop?heartbeat=7";
        assert_eq!(
            places(text).unwrap(),
            ["node1:5671", "node2:5671", "[::1]:5673", "node1:5671"],
            "each with its own port, and around again"
        );
        let address = Address::parse(text).unwrap();
        assert_eq!(
            address.place(),
            "node1:5671,node2:5671,[::1]:5673/shop",
            "all of them are shown, without user and password"
        );
        for node in address.each() {
            let user = &node.uri.authority.userinfo;
            assert_eq!(
                (
                    user.username.as_str(),
                    user.password.as_str(),
                    node.uri.vhost.as_str()
                ),
                ("till", "p,ss", "shop"),
                "the same login everywhere, a comma in the password and all"
            );
            assert_eq!(node.heartbeat().as_secs(), 7, "the same heartbeat");
            assert_eq!(node.nodes(), 1, "alone");
        }
        assert_eq!(
            places("amqp://localhost").unwrap(),
            ["localhost:5672", "localhost:5672"],
            "one node is a cluster of one"
        );
    }

    #[test]
    fn a_list_with_a_hole_is_no_address_and_one_open_node_opens_all() {
        for text in [
            "amqps://a:b@,node2/shop",
            "amqps://a:b@node1,,node2/shop",
            "amqps://a:b@node1,/shop",
        ] {
            assert_eq!(places(text), Err(AddressError::Form), "{text}");
        }
        for other in ["10.0.0.7", "[2001:db8::7]:5673"] {
            let address = Address::parse(&format!("amqp://a:b@127.0.0.1,[::1],{other}/shop")).unwrap();
            assert!(
                address.is_open_to_all(),
                "the password would go to {other} in clear: {address:?}"
            );
        }
    }
}
