//! SMTP replies, with bounded lines.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncBufRead as _, AsyncRead, AsyncWrite, BufReader, ReadBuf};

/// The maximum length of a line, in bytes. `lettre` closes the connection if a line has 1000 bytes.
const MAX_LINE: usize = 900;

/// A connection that returns every reply in the line format of RFC 5321 section 4.2, even if the
/// server uses another format.
///
/// Only the three digits of a reply matter. The text is for human readers and may be missing. Invalid UTF-8 in the text
/// is replaced, and text beyond 900 bytes is dropped. Without these changes, `lettre` would treat the line as a broken
/// connection, so an email that the server has already accepted would be sent again.
///
/// The connection reads one line at a time, so that the reader's own buffer is empty after every line.
#[derive(Debug)]
pub(super) struct Replies<S> {
    stream: BufReader<S>,
    peer: SocketAddr,
    /// The incomplete line.
    line: Vec<u8>,
    ready: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Replies<S> {
    pub(super) fn new(stream: S, peer: SocketAddr) -> Self {
        Self {
            stream: BufReader::new(stream),
            peer,
            line: Vec::new(),
            ready: Vec::new(),
        }
    }

    /// A connection whose first reply is a greeting that the server has not sent. A server sends no
    /// second greeting after STARTTLS (RFC 3207 section 4.2), but `lettre`'s client waits for one.
    pub(super) fn greeted(stream: S, peer: SocketAddr) -> Self {
        let mut replies = Self::new(stream, peer);
        replies.ready = b"220 \r\n".to_vec();
        replies
    }

    /// The connection; `None` if some of the received data has not been read.
    pub(super) fn into_inner(self) -> Option<S> {
        let is_empty =
            self.ready.is_empty() && self.line.is_empty() && self.stream.buffer().is_empty();
        is_empty.then(|| self.stream.into_inner())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Replies<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let replies = &mut *self;
        while replies.ready.is_empty() {
            let chunk = ready!(Pin::new(&mut replies.stream).poll_fill_buf(context))?;
            if chunk.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(chunk.len(), |end| end + 1);
            let room = MAX_LINE.saturating_sub(replies.line.len());
            replies.line.extend(chunk.iter().take(taken.min(room)));
            Pin::new(&mut replies.stream).consume(taken);
            if end.is_some() {
                replies.ready = whole(&replies.line);
                replies.line.clear();
            }
        }
        let count = replies.ready.len().min(buffer.remaining());
        let rest = replies.ready.split_off(count);
        buffer.put_slice(&replies.ready);
        replies.ready = rest;
        Poll::Ready(Ok(()))
    }
}

/// The line as it is passed to the reader.
fn whole(line: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\r', '\n']);
    let text = text
        .get(..text.floor_char_boundary(MAX_LINE))
        .unwrap_or_default();
    let is_code = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    let space = if is_code { " " } else { "" };
    format!("{text}{space}\r\n").into_bytes()
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Replies<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S> AsyncTokioStream for Replies<S>
where
    S: AsyncRead + AsyncWrite + std::fmt::Debug + Send + Sync + Unpin,
{
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn a_line_keeps_its_digits_and_ends_in_both_bytes() {
        for (line, expected) in [
            (b"250 fine\r\n".as_slice(), "250 fine\r\n"),
            (b"250-8BITMIME\n", "250-8BITMIME\r\n"),
            (b"250\r\n", "250 \r\n"),
            (b"250-\r\n", "250-\r\n"),
            (
                b"220 \xbb\xb6\xd3\xad\r\n",
                "220 \u{fffd}\u{fffd}\u{4ed}\r\n",
            ),
            (b"220 Zo\xc3\xab\r\n", "220 Zo\u{eb}\r\n"),
            (b"hello\r\n", "hello\r\n"),
            (b"\r\n", "\r\n"),
        ] {
            let whole = String::from_utf8(whole(line)).unwrap();
            assert_eq!(whole, expected, "{line:?}");
        }
        let long = [b"250 ".as_slice(), &[0xff; 896]].concat();
        assert_eq!(whole(&long).len(), 900);
    }
}
