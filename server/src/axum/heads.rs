//! Properties of request heads that hyper does not expose.
//!
//! hyper has one timer for the head of a request, which also runs while the connection is idle. If a request has both
//! Content-Length and Transfer-Encoding, hyper uses the latter and hides the former.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep as TokioSleep, sleep, sleep_until},
};

use super::framing::Framing;
use crate::connection::Connection;

/// A connection that observes its requests' heads.
#[derive(Debug)]
pub(crate) struct Followed {
    connection: Connection,
    framing: Framing,
    heads: Heads,
}

/// The state of the heads of a connection. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Heads(Arc<Known>);

#[derive(Debug)]
struct Known {
    has_begun: AtomicBool,
    ambiguous: AtomicU64,
    handed: AtomicU64,
}

impl Followed {
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection,
            framing: Framing::default(),
            heads: Heads(Arc::new(Known {
                has_begun: AtomicBool::new(false),
                ambiguous: AtomicU64::new(u64::MAX),
                handed: AtomicU64::new(0),
            })),
        }
    }

    pub(crate) fn heads(&self) -> Heads {
        self.heads.clone()
    }
}

impl Heads {
    /// Whether the length of the next request's body is unambiguous. Call this once for each request, in the order of
    /// the requests.
    pub(crate) fn next_is_clear(&self) -> bool {
        let request = self.0.handed.fetch_add(1, Ordering::Relaxed);
        request != self.0.ambiguous.load(Ordering::Relaxed)
    }

    fn note(&self, framing: &Framing) {
        self.0
            .has_begun
            .store(framing.head_has_begun(), Ordering::Relaxed);
        if let Some(request) = framing.ambiguous() {
            self.0.ambiguous.store(request, Ordering::Relaxed);
        }
    }
}

impl AsyncRead for Followed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.connection).poll_read(context, buffer))?;
        self.framing
            .follow(buffer.filled().get(before..).unwrap_or_default());
        self.heads.note(&self.framing);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Followed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

/// The timer with which hyper waits for a head. It applies hyper's own limit until the head begins, and `patience`
/// after the head has begun.
#[derive(Debug)]
pub(crate) struct HeadTimer {
    pub(crate) heads: Heads,
    pub(crate) patience: Duration,
}

struct Wait {
    heads: Heads,
    patience: Duration,
    idle: Pin<Box<TokioSleep>>,
    head: Option<Pin<Box<TokioSleep>>>,
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Wait {
            heads: self.heads.clone(),
            patience: self.patience,
            idle: Box::pin(sleep_until(deadline.into())),
            head: None,
        })
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into()
    }
}

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if !self.heads.0.has_begun.load(Ordering::Relaxed) {
            return self.idle.as_mut().poll(context);
        }
        let patience = self.patience;
        self.head
            .get_or_insert_with(|| Box::pin(sleep(patience)))
            .as_mut()
            .poll(context)
    }
}

impl Sleep for Wait {}
