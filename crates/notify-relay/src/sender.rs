//! Who sends: the address that a request is reckoned to. Only proxies that the operator has named may speak for others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The header in which a proxy appends the address it was called from.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Whoever is counted as one sender: an IPv4 address, or the /64 of an IPv6 address, which one customer has whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sender(IpAddr);

impl Sender {
    /// All those who come while there are too many senders to be counted one by one.
    pub(crate) const CROWD: Self = Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED));

    /// The sender at this address.
    #[must_use]
    pub fn at(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(IpAddr::V4(address)),
            IpAddr::V6(address) => {
                let network = u128::from(address) & !u128::from(u64::MAX);
                Self(IpAddr::V6(Ipv6Addr::from(network)))
            }
        }
    }
}

/// Networks given by the operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// These networks.
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether the address lies in one of them; an IPv4 address in IPv6's clothes is what it stands for.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The address a request comes from: the connection's, unless that is a trusted proxy's; then the right-most address in
/// `X-Forwarded-For` that isn't one. What stands further left was written by whoever called, and counts for nothing.
pub(crate) fn origin(peer: IpAddr, headers: &HeaderMap, trusted: &Networks) -> IpAddr {
    let mut origin = peer.to_canonical();
    let values = headers.get_all(FORWARDED_FOR).into_iter().rev();
    // Bytes: what a sender wrote to the left need not even be text, and takes nothing from what the proxy wrote.
    let hops = values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
    for hop in hops {
        if !trusted.contain(origin) {
            return origin;
        }
        // A proxy that writes something else than addresses is answerable for it itself.
        let hop = std::str::from_utf8(hop).ok().map(str::trim);
        let Some(address) = hop.and_then(address) else {
            return origin;
        };
        origin = address;
    }
    origin
}

/// Whether somebody claims to speak for another.
pub(crate) fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.contains_key(FORWARDED_FOR)
}

/// An address as proxies write it, some of them with its port.
fn address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']'));
    let address: Option<IpAddr> = bare.unwrap_or(hop).parse().ok();
    address
        .or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn seen_from(peer: &str, forwarded: &[&str]) -> IpAddr {
        let values: Vec<&[u8]> = forwarded.iter().map(|value| value.as_bytes()).collect();
        seen_from_bytes(peer, &values)
    }

    fn seen_from_bytes(peer: &str, forwarded: &[&[u8]]) -> IpAddr {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, axum::http::HeaderValue::from_bytes(value).unwrap());
        }
        let trusted = Networks::new(vec![
            "127.0.0.1/32".parse().unwrap(),
            "10.0.0.0/8".parse().unwrap(),
        ]);
        origin(ip(peer), &headers, &trusted)
    }

    #[test]
    fn only_a_trusted_proxy_speaks_for_others() {
        assert_eq!(
            seen_from("203.0.113.9", &["127.0.0.1"]),
            ip("203.0.113.9"),
            "a stranger's claim counts for nothing"
        );
        assert_eq!(
            seen_from("127.0.0.1", &["198.51.100.7"]),
            ip("198.51.100.7"),
            "our proxy's does"
        );
        assert_eq!(
            seen_from("::ffff:127.0.0.1", &["198.51.100.7"]),
            ip("198.51.100.7"),
            "the same proxy on a socket of both kinds"
        );
        assert_eq!(
            seen_from("127.0.0.1", &[]),
            ip("127.0.0.1"),
            "the proxy itself asks"
        );
    }

    #[test]
    fn the_right_most_address_that_is_no_proxy_counts() {
        assert_eq!(
            seen_from("127.0.0.1", &["1.2.3.4, 198.51.100.7, 10.1.2.3"]),
            ip("198.51.100.7"),
            "what stands left of it was written by the sender"
        );
        assert_eq!(
            seen_from("127.0.0.1", &["1.2.3.4", "198.51.100.7"]),
            ip("198.51.100.7"),
            "two headers are one list"
        );
        assert_eq!(
            seen_from("127.0.0.1", &["198.51.100.7, unknown"]),
            ip("127.0.0.1"),
            "what is no address is the proxy's own doing"
        );
        assert_eq!(
            seen_from("127.0.0.1", &["[2001:db8::1]:443"]),
            ip("2001:db8::1"),
            "some proxies add the port"
        );
        assert_eq!(
            seen_from("127.0.0.1", &["10.1.1.1, 10.2.2.2"]),
            ip("10.1.1.1"),
            "all are ours: the farthest one"
        );
    }

    #[test]
    fn a_senders_junk_takes_nothing_from_what_the_proxy_appended() {
        assert_eq!(
            seen_from_bytes("127.0.0.1", &[b"\xff\xfe, 203.0.113.5"]),
            ip("203.0.113.5"),
            "the proxy's word stands right of the junk, and is text"
        );
        assert_eq!(
            seen_from_bytes("127.0.0.1", &[b"203.0.113.5, \xff"]),
            ip("127.0.0.1"),
            "junk that a proxy wrote itself is the proxy's doing"
        );
    }

    #[test]
    fn a_network_of_ipv6_is_one_sender() {
        assert_eq!(
            Sender::at(ip("2001:db8:1:2:aaaa::1")),
            Sender::at(ip("2001:db8:1:2:bbbb::2")),
            "a /64 belongs to one customer"
        );
        assert_ne!(
            Sender::at(ip("2001:db8:1:2::1")),
            Sender::at(ip("2001:db8:1:3::1")),
            "the next /64 to another"
        );
        assert_eq!(
            Sender::at(ip("::ffff:192.0.2.1")),
            Sender::at(ip("192.0.2.1")),
            "one address in two spellings"
        );
    }
}
