//! A printer in the network: a bare TCP connection, on port 9100 by custom.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};

use super::{Link, Obstacle, Timeouts};

const PORT: u16 = 9100;

pub(super) struct Network(TcpStream);

pub(super) fn connect(address: &str, timeouts: Timeouts) -> Result<Network, Obstacle> {
    let address = address.trim();
    // An IPv6 address has colons of its own, and a port behind it only in brackets.
    let bare_v6 = address.parse::<std::net::Ipv6Addr>().is_ok();
    let has_port = !bare_v6
        && address
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let addresses = if has_port {
        address.to_socket_addrs()
    } else {
        (address, PORT).to_socket_addrs()
    };
    let mut last = io::Error::from(ErrorKind::AddrNotAvailable);
    for address in addresses.map_err(Obstacle::Unreachable)? {
        match TcpStream::connect_timeout(&address, timeouts.connect) {
            Ok(stream) => return Network::new(stream, timeouts).map_err(Obstacle::Unreachable),
            Err(error) => last = error,
        }
    }
    Err(Obstacle::Unreachable(last))
}

impl Network {
    fn new(stream: TcpStream, timeouts: Timeouts) -> io::Result<Self> {
        // Zero would mean "for ever".
        let least = std::time::Duration::from_millis(1);
        stream.set_write_timeout(Some(timeouts.write.max(least)))?;
        stream.set_read_timeout(Some(timeouts.answer.max(least)))?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Says that nothing more comes, and reads what is still said: closing with something unread would reset the
    /// connection, and the printer might drop what it has not printed yet.
    ///
    /// # Errors
    /// That the printer has broken the connection off instead of closing it.
    pub(super) fn close(mut self) -> io::Result<()> {
        self.0.shutdown(Shutdown::Write)?;
        let mut rest = [0; 64];
        for _ in 0..16 {
            match self.0.read(&mut rest) {
                Ok(0) => break,
                Ok(_) => {}
                // It keeps its side open, as many do.
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Link for Network {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }

    fn settle(&mut self) -> io::Result<()> {
        // The system goes on sending after the close.
        Ok(())
    }

    fn answers(&self) -> bool {
        true
    }
}
