//! A printer in the network: a bare TCP connection, on port 9100 by custom.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};

use super::{Deadline, Link, Obstacle, Timeouts, is_silence};

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

    /// Says that nothing more comes, and listens until the printer has closed as well or the patience is over. Closing with
    /// something unread, or just before the printer says something, would reset the connection, and what is still under
    /// way would be thrown away.
    ///
    /// # Errors
    /// That the printer has broken the connection off instead of closing it.
    pub(super) fn close(mut self, patience: &Deadline) -> io::Result<()> {
        self.0.shutdown(Shutdown::Write)?;
        let mut rest = [0; 64];
        loop {
            match self.0.read(&mut rest) {
                Ok(0) => return Ok(()),
                Err(error) if is_silence(&error) || error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(_) => {}
            }
            // It keeps its side open, as some do.
            if patience.passed() {
                return Ok(());
            }
        }
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
