//! One connection to the broker, with everything bounded in time: finding it, the handshake, its silence, its end.

use std::fmt;
use std::net::{Shutdown, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _};
use lapin::tcp::AsyncTcpStream;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Channel, Connection, ConnectionProperties, Event};
use socket2::{SockRef, Socket};
use tokio::net::lookup_host;
use tokio::time::{sleep, timeout};

use crate::{Address, Trouble, tls, trouble};

/// To find the host and to open a TCP connection; TLS has as long again.
const REACH_MAX: Duration = Duration::from_secs(5);
/// For all of it, AMQP's own handshake included.
const OPEN_MAX: Duration = Duration::from_secs(12);
/// For an answer to a single request on a connection that works.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(10);
/// For the broker's goodbye.
const CLOSE_MAX: Duration = Duration::from_secs(1);
/// How often the state is looked at, beside the events.
const LOOK: Duration = Duration::from_secs(1);

/// A working connection. Dropping it ends it at once, whatever state it is in.
pub(crate) struct Link {
    connection: Connection,
    _end: CutOnDrop,
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

/// The socket below a connection. lapin's thread owns the stream and waits for a silent broker as long as it takes; this
/// side can end it under its feet, so that no try leaves a thread behind.
#[derive(Debug, Default)]
struct Wire(Mutex<Ends>);

#[derive(Debug, Default)]
struct Ends {
    socket: Option<Socket>,
    cut: bool,
    /// What went wrong below AMQP.
    trouble: Option<Trouble>,
}

impl Link {
    /// Connects and logs in.
    pub(crate) async fn open(address: &Address, name: &str) -> Result<Self, Trouble> {
        let wire = Arc::new(Wire::default());
        // From here on, so that it is cut when this future is dropped too.
        let end = CutOnDrop(Arc::clone(&wire));
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let runtime = lapin::runtime::default_runtime().map_err(|error| Trouble::Other(error.to_string()))?;
        let (below, ca) = (Arc::clone(&wire), address.ca.clone());
        let opening = Connection::connector(
            address.uri.clone(),
            runtime,
            async move |uri: AMQPUri, runtime| {
                let place = (uri.authority.host.as_str(), uri.authority.port);
                let opening = async {
                    let addresses: Vec<SocketAddr> = lookup_host(place).await?.collect();
                    AsyncTcpStream::connect(&runtime, addresses).await
                };
                let stream = in_time(opening)
                    .await
                    .map_err(|said| below.fail(Trouble::Unreachable(said)))?;
                if let AsyncTcpStream::Plain(plain) = &stream {
                    below.hold(SockRef::from(plain.get_ref()).try_clone()?)?;
                }
                match uri.scheme {
                    AMQPScheme::AMQP => Ok(stream),
                    AMQPScheme::AMQPS => {
                        let connector = tls::connector(ca.as_deref())
                            .map_err(|error| below.fail(Trouble::Tls(error.to_string())))?;
                        in_time(stream.into_rustls(&connector, &uri.authority.host))
                            .await
                            .map_err(|said| below.fail(Trouble::Tls(said)))
                    }
                }
            },
            properties,
        );
        let opened = timeout(OPEN_MAX, opening)
            .await
            .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()));
        match opened {
            Ok(connection) => {
                let events = Mutex::new(connection.events_listener().boxed());
                Ok(Self {
                    connection,
                    _end: end,
                    events,
                    blocked: false,
                })
            }
            Err(error) => Err(wire
                .ends()
                .trouble
                .take()
                .unwrap_or_else(|| trouble::connecting(&error))),
        }
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

impl Wire {
    fn ends(&self) -> std::sync::MutexGuard<'_, Ends> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps hold of the socket; refused when it is cut already.
    fn hold(&self, socket: Socket) -> std::io::Result<()> {
        let mut ends = self.ends();
        if ends.cut {
            return Err(std::io::ErrorKind::ConnectionAborted.into());
        }
        ends.socket = Some(socket);
        Ok(())
    }

    fn cut(&self) {
        let mut ends = self.ends();
        ends.cut = true;
        if let Some(socket) = ends.socket.take() {
            // An error means that it has ended already.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Keeps the trouble for [`Link::open`] and makes it an error that lapin can carry.
    fn fail(&self, trouble: Trouble) -> lapin::Error {
        let said = trouble.to_string();
        self.ends().trouble = Some(trouble);
        std::io::Error::other(said).into()
    }
}

struct CutOnDrop(Arc<Wire>);

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        self.0.cut();
    }
}

async fn in_time<T>(what: impl Future<Output = std::io::Result<T>>) -> Result<T, String> {
    match timeout(REACH_MAX, what).await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}
