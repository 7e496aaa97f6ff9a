//! Passes a connection's requests to actix one at a time.
//!
//! While actix answers a request, it reads and parses all further requests that the client has sent, even thousands.
//! This connection passes the next request to actix only after the previous request is answered.

use std::{
    cell::{Cell, RefCell},
    io, mem,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use actix_web::{
    dev::Payload,
    error::PayloadError,
    rt::time::{Sleep, sleep},
    web::Bytes,
};
use futures_util::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::head::Head;
use crate::connection::Connection;

/// The maximum number of bytes in one step of the search for the end of a head.
const LOOK: usize = 4 * 1024;
/// The number of bytes of an unread body that are still read, so that the client can read the answer.
const LEFTOVER: usize = 1024 * 1024;

/// A connection whose requests are processed one at a time.
#[derive(Debug)]
pub(crate) struct InTurn {
    connection: Connection,
    turns: Turns,
    patience: Patience,
    wait: Option<Wait>,
    has_read: bool,
}

/// The time limits that apply while no request has the turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// How long the connection may be idle before a request begins.
    pub(crate) idle: Duration,
    /// How long a head may take from its first byte to its end, and how long the rest of an unread body may take.
    pub(crate) begun: Duration,
}

#[derive(Debug)]
struct Wait {
    is_idle: bool,
    sleep: Pin<Box<Sleep>>,
}

/// The turns of a connection. Clones share their state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turns(Rc<State>);

#[derive(Debug, Default)]
struct State {
    phase: Cell<Phase>,
    reader: RefCell<Option<Waker>>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The head of the next request is being read.
    Next(Head),
    /// The head has been read and passed to actix.
    Handed,
    /// A request is being answered. `wants_body` is set if a handler waits for the body. `left` is the number of bytes
    /// of the body that may still be read.
    Taken {
        wants_body: bool,
        left: u64,
    },
    /// The request was answered before its body was read, so the end of the body is unknown. At most `left` more bytes
    /// are read.
    Astray {
        left: usize,
    },
    Over,
}

impl Default for Phase {
    fn default() -> Self {
        Self::Next(Head::default())
    }
}

/// The turn of a request. It ends when this value is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Turns,
    has_body: Rc<Cell<bool>>,
}

impl Turns {
    /// Starts the turn of a request whose body has at most this length, framing included.
    pub(crate) fn take(&self, length: u64) -> Turn {
        self.enter(Phase::Taken {
            wants_body: false,
            left: length,
        });
        Turn {
            turns: self.clone(),
            has_body: Rc::default(),
        }
    }

    /// Sets the time after which the connection ends.
    pub(crate) fn end_after(&self, time: Duration) {
        let turns = self.clone();
        actix_web::rt::spawn(async move {
            sleep(time).await;
            turns.enter(Phase::Over);
        });
    }

    fn want_body(&self, wants: bool) {
        if let Phase::Taken { wants_body, left } = self.0.phase.get()
            && wants_body != wants
        {
            self.enter(Phase::Taken {
                wants_body: wants,
                left,
            });
        }
    }

    fn enter(&self, phase: Phase) {
        if !matches!(self.0.phase.get(), Phase::Over) {
            self.0.phase.set(phase);
        }
        if let Some(reader) = self.0.reader.take() {
            reader.wake();
        }
    }
}

impl Turn {
    /// Whether the request has a body that has not been read to its end.
    pub(crate) fn has_body(&self) -> bool {
        self.has_body.get()
    }

    /// Wraps the body, so that the connection is read only while a handler waits for more of the body.
    pub(crate) fn body(&self, payload: Payload) -> Payload {
        if matches!(payload, Payload::None) {
            return payload;
        }
        self.has_body.set(true);
        Payload::Stream {
            payload: Box::pin(Body {
                payload,
                turns: self.turns.clone(),
                has_body: Rc::clone(&self.has_body),
            }),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.enter(match self.has_body.get() {
            true => Phase::Astray { left: LEFTOVER },
            false => Phase::default(),
        });
    }
}

struct Body {
    payload: Payload,
    turns: Turns,
    /// Whether the body has not been read to its end; shared with the turn.
    has_body: Rc<Cell<bool>>,
}

impl Stream for Body {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.payload).poll_next(context);
        if matches!(next, Poll::Ready(None)) {
            self.has_body.set(false);
        }
        self.turns.want_body(next.is_pending());
        next
    }
}

impl InTurn {
    /// A connection that ends if no complete request arrives within these limits.
    pub(crate) fn new(connection: Connection, patience: Patience) -> Self {
        Self {
            connection,
            turns: Turns::default(),
            patience,
            wait: None,
            has_read: false,
        }
    }

    pub(crate) fn turns(&self) -> Turns {
        self.turns.clone()
    }

    /// Whether the client has taken too long; checked whenever no request has the turn.
    fn is_forgotten(&mut self, phase: Phase, context: &mut Context<'_>) -> bool {
        let is_idle = matches!(phase, Phase::Next(head) if !head.has_begun());
        let patience = match is_idle {
            true => self.patience.idle,
            false => self.patience.begun,
        };
        self.wait.take_if(|wait| wait.is_idle != is_idle);
        let wait = self.wait.get_or_insert_with(|| Wait {
            is_idle,
            sleep: Box::pin(sleep(patience)),
        });
        wait.sleep.as_mut().poll(context).is_ready()
    }

    /// Reads at most to the end of the head.
    fn poll_head(
        &mut self,
        mut head: Head,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut bytes = [0; LOOK];
        let seen = ready!(self.poll_peek(context, &mut bytes))?;
        let seen = bytes.get(..seen).unwrap_or_default();
        let mut to_end = head;
        let length = to_end.end(seen).unwrap_or(seen.len());
        let read = ready!(self.poll_some(length.max(1), context, buffer))?;
        let phase = match head.end(seen.get(..read).unwrap_or_default()) {
            Some(_) => {
                self.wait = None;
                Phase::Handed
            }
            None => Phase::Next(head),
        };
        self.turns.0.phase.set(phase);
        Poll::Ready(Ok(()))
    }

    fn poll_body(
        &mut self,
        left: u64,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let read = ready!(self.poll_some(most, context, buffer))?;
        let read = u64::try_from(read).unwrap_or(u64::MAX);
        self.turns.0.phase.set(Phase::Taken {
            wants_body: true,
            left: left.saturating_sub(read),
        });
        Poll::Ready(Ok(()))
    }

    fn poll_leftover(
        &mut self,
        left: usize,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = ready!(self.poll_some(left, context, buffer))?;
        self.turns.0.phase.set(Phase::Astray {
            left: left.saturating_sub(read),
        });
        Poll::Ready(Ok(()))
    }

    /// Ready when the client has closed its side and everything it sent has been read.
    fn poll_end(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(self.poll_peek(context, &mut [0]))? {
            0 => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    }

    fn poll_peek(&self, context: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
        self.connection
            .as_ref()
            .poll_peek(context, &mut ReadBuf::new(bytes))
    }

    /// Reads at most this many bytes, and returns how many it has read.
    fn poll_some(
        &mut self,
        most: usize,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        let length = buffer.remaining().min(most).min(LOOK);
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(length));
        ready!(Pin::new(&mut self.connection).poll_read(context, &mut part))?;
        let length = part.filled().len();
        buffer.advance(length);
        self.has_read = length > 0;
        Poll::Ready(Ok(length))
    }
}

impl AsyncRead for InTurn {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let state = &this.turns.0;
        state.reader.replace(Some(context.waker().clone()));
        let phase = state.phase.get();
        if matches!(phase, Phase::Taken { .. }) || this.connection.has_no_room() {
            this.wait = None;
        } else if this.is_forgotten(phase, context) {
            return Poll::Ready(Ok(()));
        }
        // actix reads until no more data arrives, and only then parses the data.
        if mem::take(&mut this.has_read) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        match phase {
            Phase::Over | Phase::Astray { left: 0 } => Poll::Ready(Ok(())),
            Phase::Astray { left } => this.poll_leftover(left, context, buffer),
            Phase::Next(_) if this.connection.has_no_room() => {
                Pin::new(&mut this.connection).poll_read(context, buffer)
            }
            Phase::Next(head) => this.poll_head(head, context, buffer),
            Phase::Taken {
                wants_body: true,
                left,
            } if left > 0 => this.poll_body(left, context, buffer),
            Phase::Handed | Phase::Taken { .. } => this.poll_end(context),
        }
    }
}

impl AsyncWrite for InTurn {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}
