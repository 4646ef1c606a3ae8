//! A receipt printer in the network, by what it gets.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;

use till_app::config::Printer;
use till_paper::escpos::Paper;
use till_paper::printer::Target;

/// What a printer got, each time its caller hung up.
pub type Papers = mpsc::Receiver<Vec<u8>>;

/// A printer that answers that all is well.
pub fn listening() -> std::io::Result<(SocketAddr, Papers)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            if send.send(listen_to(connection)).is_err() {
                return;
            }
        }
    });
    Ok((address, receive))
}

/// A caller that breaks off has sent what it has sent.
fn listen_to(mut connection: TcpStream) -> Vec<u8> {
    let (mut got, mut bytes) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = connection.read(&mut bytes) {
        got.extend_from_slice(&bytes[..count]);
        // DLE EOT n asks for a byte of status; 0x12 says that nothing is the matter.
        for _ in bytes[..count].windows(2).filter(|pair| pair == &[0x10, 0x04]) {
            let _ = connection.write_all(&[0x12]);
        }
    }
    got
}

/// The till's way to it, with a drawer or without.
pub fn at(address: SocketAddr, drawer: bool) -> Printer {
    Printer {
        target: Target::Network(address.to_string()),
        paper: Paper::Mm80,
        raster: false,
        drawer,
    }
}
