//! The `STARTTLS` exchange.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use lettre::transport::smtp::{
    client::{AsyncSmtpConnection, AsyncTokioStream},
    commands::Starttls,
    extension::ClientId,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::replies::Replies;
use crate::error::BoxError;

/// Asks the server for TLS over the unencrypted connection (RFC 3207), and returns the connection for the handshake.
///
/// Bytes that arrived before the handshake are never read after it. If an attacker on the path
/// appends bytes to the reply to STARTTLS, these bytes are never treated as a reply that came
/// through TLS (as in CVE-2011-0411).
pub(super) async fn ask(
    stream: TcpStream,
    peer: SocketAddr,
    hello: &ClientId,
) -> Result<TcpStream, BoxError> {
    let lent = Lent(Arc::new(Mutex::new(Replies::new(stream, peer))));
    let transport = Box::new(Lent(Arc::clone(&lent.0)));
    let mut connection = AsyncSmtpConnection::connect_with_transport(transport, hello).await?;
    if !connection.can_starttls() {
        return Err("the server does not offer STARTTLS".into());
    }
    connection.command(Starttls).await?;
    drop(connection);
    let replies = Arc::into_inner(lent.0).ok_or("the connection is still in use")?;
    replies
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .into_inner()
        .ok_or_else(|| "the server sent more than its reply before TLS began".into())
}

/// One of two handles to the connection. This handle reads and writes. The other handle is kept to recover the
/// connection afterwards.
#[derive(Debug)]
struct Lent(Arc<Mutex<Replies<TcpStream>>>);

impl Lent {
    fn lock(&self) -> MutexGuard<'_, Replies<TcpStream>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsyncTokioStream for Lent {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.lock().peer_addr()
    }
}

impl AsyncRead for Lent {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_read(context, buffer)
    }
}

impl AsyncWrite for Lent {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.lock()).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_shutdown(context)
    }
}
