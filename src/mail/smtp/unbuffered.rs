use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// The type of the record that begins TLS (RFC 8446 section 5.1). No command of SMTP begins so.
const HANDSHAKE: u8 = 22;

/// A connection that gives one byte at a time until TLS begins.
///
/// Whoever reads lines from it through a buffer has nothing left there after a line. What someone in the middle adds to
/// the reply to STARTTLS so goes to the handshake, which fails, and is never taken for a reply that came through TLS
/// (the class of CVE-2011-0411).
#[derive(Debug)]
pub(super) struct Unbuffered {
    stream: TcpStream,
    encrypted: bool,
}

impl Unbuffered {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            encrypted: false,
        }
    }
}

impl AsyncTokioStream for Unbuffered {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl AsyncRead for Unbuffered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.encrypted || buffer.remaining() < 2 {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let mut byte = [0];
        let mut one = ReadBuf::new(&mut byte);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut one))?;
        buffer.put_slice(one.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Unbuffered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.encrypted |= bytes.first() == Some(&HANDSHAKE);
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
