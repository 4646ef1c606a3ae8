//! A request's time, measured on its connection: from its first byte until the last byte of its answer has left.
//!
//! hyper bounds the headers and the wait for them; it does not bound a body that drips, nor an answer that nobody takes.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// How long a request may take, whole.
pub(crate) const WHOLE_REQUEST: Duration = Duration::from_secs(8);

/// Where the request of a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// None is under way.
    Idle,
    /// Its first byte came at this time.
    Asked(Instant),
    /// Its answer is made; it has this long to leave.
    Answered(Instant),
}

/// The time of a connection's request; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Pace(Arc<Mutex<Stage>>);

impl Pace {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Stage::Idle)))
    }

    /// When the request under way began. One that was sent together with the one before begins when its turn comes.
    pub(crate) fn begun(&self) -> Instant {
        let mut stage = self.stage();
        match *stage {
            Stage::Asked(begun) => begun,
            Stage::Idle | Stage::Answered(_) => {
                let now = Instant::now();
                *stage = Stage::Asked(now);
                now
            }
        }
    }

    /// The answer is made.
    pub(crate) fn answered(&self) {
        let begun = self.begun();
        *self.stage() = Stage::Answered(begun);
    }

    /// Resolves when a request has taken too long, never while none is under way.
    pub(crate) async fn exceeded(&self) {
        loop {
            let deadline = match *self.stage() {
                // A request that begins now has all its time.
                Stage::Idle => Instant::now() + WHOLE_REQUEST,
                Stage::Asked(begun) | Stage::Answered(begun) => begun + WHOLE_REQUEST,
            };
            if deadline <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(deadline).await;
        }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        // No code that holds it can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bytes_came(&self) {
        let mut stage = self.stage();
        if *stage == Stage::Idle {
            *stage = Stage::Asked(Instant::now());
        }
    }

    fn bytes_left(&self) {
        let mut stage = self.stage();
        if matches!(*stage, Stage::Answered(_)) {
            *stage = Stage::Idle;
            #[cfg(feature = "failpoints")]
            fail::fail_point!("relay.after_reply");
        }
    }
}

/// A stream that keeps its [`Pace`].
#[derive(Debug)]
pub(crate) struct Paced<S> {
    pub(crate) stream: S,
    pub(crate) pace: Pace,
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.pace.bytes_came();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes here only what it has written before.
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            self.pace.bytes_left();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
