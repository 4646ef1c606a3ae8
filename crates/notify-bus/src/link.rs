//! One connection to the broker, with everything bounded in time: finding it, the handshake, its silence, its end.

use std::fmt;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _};
use lapin::tcp::AsyncTcpStream;
use lapin::uri::AMQPScheme;
use lapin::{Channel, Connection, ConnectionProperties, Event};
use socket2::{SockRef, Socket};
use tokio::net::lookup_host;
use tokio::time::{sleep, timeout};

use crate::{Address, Trouble, tls, trouble};

/// To find the host's addresses; a TCP connection to one of them has as long again, so has TLS, and so has AMQP's handshake.
const REACH_MAX: Duration = Duration::from_secs(5);
/// For an answer to a single request on a connection that works.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(10);
/// For the broker's goodbye.
const CLOSE_MAX: Duration = Duration::from_secs(1);
/// How often the state is looked at, beside the events.
const LOOK: Duration = Duration::from_secs(1);

/// A working connection. Dropping it ends it at once, whatever state it is in.
pub(crate) struct Link {
    connection: Connection,
    _end: End,
    /// In a mutex only because a stream alone can't be shared between threads.
    events: Mutex<BoxStream<'static, Event>>,
    blocked: bool,
}

/// What has become of a connection.
#[derive(Debug)]
pub(crate) enum Turn {
    /// The broker takes no messages on it for now.
    Blocked,
    /// It takes them again.
    Unblocked,
    /// It is no more.
    Ended(Trouble),
}

/// The socket below a connection, closed when this is dropped. lapin's thread owns the stream and waits for a silent broker
/// as long as it takes; without this every try at one would leave a thread behind.
#[derive(Debug)]
struct End(Socket);

impl Link {
    /// Connects and logs in.
    pub(crate) async fn open(address: &Address, name: &str) -> Result<Self, Trouble> {
        let runtime = lapin::runtime::default_runtime().map_err(|error| Trouble::Other(error.to_string()))?;
        let authority = &address.uri.authority;
        let finding = async {
            let place = (authority.host.as_str(), authority.port);
            Ok(lookup_host(place).await?.collect::<Vec<SocketAddr>>())
        };
        let addresses = in_time(REACH_MAX, finding).await.map_err(Trouble::Unreachable)?;
        let share = share(addresses.len());
        let mut reached = Err("the host has no address".to_owned());
        for address in addresses {
            let reaching = async {
                let stream = AsyncTcpStream::connect(&runtime, address).await?;
                let AsyncTcpStream::Plain(plain) = &stream else {
                    return Err(io::Error::other("encrypted before TLS began"));
                };
                let end = End(SockRef::from(plain.get_ref()).try_clone()?);
                Ok((stream, end))
            };
            reached = in_time(share, reaching).await;
            if reached.is_ok() {
                break;
            }
        }
        let (stream, end) = reached.map_err(Trouble::Unreachable)?;
        let stream = match address.uri.scheme {
            AMQPScheme::AMQP => stream,
            AMQPScheme::AMQPS => {
                let securing = async {
                    let connector = tls::connector(address.ca.as_deref())?;
                    stream.into_rustls(&connector, &authority.host).await
                };
                in_time(REACH_MAX, securing).await.map_err(Trouble::Tls)?
            }
        };
        // lapin asks for it once: its own tries are off.
        let once = Mutex::new(Some(stream));
        let connect = async move |_, _| {
            let stream = once.lock().unwrap_or_else(PoisonError::into_inner).take();
            stream.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected).into())
        };
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let greeting = Connection::connector(address.uri.clone(), runtime, connect, properties);
        let connection = timeout(REACH_MAX, greeting)
            .await
            .map_err(|_| silent())?
            .map_err(|error| trouble::connecting(&error))?;
        Ok(Self {
            events: Mutex::new(connection.events_listener().boxed()),
            connection,
            _end: end,
            blocked: false,
        })
    }

    /// A channel of its own.
    pub(crate) async fn channel(&self) -> Result<Channel, Trouble> {
        let opening = self.connection.create_channel();
        let opened = timeout(ANSWER_MAX, opening).await.map_err(|_| silent())?;
        opened.map_err(|error| trouble::running(&error))
    }

    /// Waits for the next thing that becomes of it. Cancel safe.
    pub(crate) async fn turn(&mut self) -> Turn {
        loop {
            let event = tokio::select! {
                event = self.events().next() => event,
                () = sleep(LOOK) => None,
            };
            // A channel's error is told here too; its owner sees that by itself.
            if !self.connection.status().connected() {
                return Turn::Ended(self.last_words(event));
            }
            let blocked = self.connection.status().blocked();
            if blocked != self.blocked {
                self.blocked = blocked;
                return if blocked { Turn::Blocked } else { Turn::Unblocked };
            }
        }
    }

    /// Says goodbye, shortly.
    pub(crate) async fn close(self) {
        // It is cut afterwards in any case.
        let _ = timeout(CLOSE_MAX, self.connection.close(200, "OK".into())).await;
    }

    fn events(&mut self) -> &mut BoxStream<'static, Event> {
        self.events.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why it ended, as far as anybody said.
    fn last_words(&mut self, event: Option<Event>) -> Trouble {
        let mut events = event;
        let mut last = None;
        loop {
            match events {
                Some(Event::Error(error)) => last = Some(trouble::running(&error)),
                Some(_) => {}
                None => break,
            }
            events = self.events().next().now_or_never().flatten();
        }
        last.unwrap_or_else(|| Trouble::Unreachable("the connection ended".to_owned()))
    }
}

/// The broker is there and says nothing.
pub(crate) fn silent() -> Trouble {
    Trouble::Unreachable("it does not answer".to_owned())
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("connection", &self.connection)
            .finish()
    }
}

impl Drop for End {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// Each of several addresses has its part of the time: one that swallows everything must not keep the others from being tried.
fn share(addresses: usize) -> Duration {
    REACH_MAX / u32::try_from(addresses).unwrap_or(u32::MAX).max(1)
}

async fn in_time<T>(time: Duration, what: impl Future<Output = io::Result<T>>) -> Result<T, String> {
    match timeout(time, what).await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}
