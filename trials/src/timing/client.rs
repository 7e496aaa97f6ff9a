//! A kept-alive connection on a dedicated thread.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use crate::Result;

pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A reply, and the time that it took.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The time from the first byte sent to the last one received.
    pub(crate) took: Duration,
    /// Status, headers and body, without headers unique to each reply.
    pub(crate) content: String,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; 16 * 1024],
        })
    }

    pub(crate) fn call(&mut self, request: &[u8]) -> Result<Answer> {
        let mut filled = 0;
        let sent = Instant::now();
        self.stream.write_all(request)?;
        loop {
            let room = self.buffer.get_mut(filled..).unwrap_or_default();
            let read = self.stream.read(room)?;
            if read == 0 {
                return Err("the connection was closed, or a reply is too long".into());
            }
            filled += read;
            let reply = self.buffer.get(..filled).unwrap_or_default();
            if is_whole(reply)? {
                let took = sent.elapsed();
                let content = content(std::str::from_utf8(reply)?);
                return Ok(Answer { took, content });
            }
        }
    }
}

/// The bytes of a request with a JSON body.
pub(crate) fn post(path: &str, json: &str) -> Vec<u8> {
    let length = json.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{json}"
    )
    .into_bytes()
}

fn is_whole(reply: &[u8]) -> Result<bool> {
    let Some(end) = reply.windows(4).position(|part| part == b"\r\n\r\n") else {
        return Ok(false);
    };
    let (head, body) = reply.split_at(end + 4);
    let head = std::str::from_utf8(head)?;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.ok_or("a reply without a length")?.parse()?;
    Ok(body.len() >= length)
}

/// The reply without the headers that always differ. The value of `Retry-After` is hidden, because the remaining wait
/// depends on when the wait began.
fn content(reply: &str) -> String {
    let own = |line: &&str| !line.starts_with("date: ") && !line.starts_with("x-request-id: ");
    let lines = reply.lines().filter(own).map(|line| {
        let is_wait = line.starts_with("retry-after: ");
        if is_wait { "retry-after: *" } else { line }
    });
    lines.collect::<Vec<_>>().join("\n")
}
