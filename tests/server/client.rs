//! A hand-written HTTP/1.1 client, with one connection per call, for malformed requests too.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
};

use serde_json::{Value, json};

use crate::{
    patience::{PATIENCE, block_until},
    process::Server,
};

/// The whole reply.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        values.next().map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn text(&self, member: &str) -> String {
        let json = self.json();
        let text = json[member].as_str();
        text.unwrap_or_else(|| panic!("no {member} in {json}"))
            .to_owned()
    }
}

impl Server {
    pub(crate) fn connect(&self) -> TcpStream {
        connect(&self.address).expect("the server takes connections")
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.call("GET", path, &[], "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        post(&self.address, path, body).expect("an answer")
    }

    pub(crate) fn call(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Reply {
        call(&self.address, method, path, headers, body).expect("an answer")
    }

    pub(crate) fn me(&self, access_token: &str) -> Reply {
        let authorization = format!("authorization: Bearer {access_token}");
        self.call("GET", "/users/me", &[&authorization], "")
    }

    pub(crate) fn register(&self, email: &str, password: &str) -> Reply {
        self.post("/users", &credentials(email, password))
    }

    pub(crate) fn login(&self, email: &str, password: &str) -> Reply {
        self.post("/auth/login", &credentials(email, password))
    }

    pub(crate) fn refresh(&self, token: &str) -> Reply {
        self.post("/auth/refresh", &json!({ "refresh_token": token }))
    }
}

/// Repeats the call while the server is too busy.
pub(crate) fn insist(ask: impl Fn() -> Reply) -> Reply {
    let mut answer = None;
    block_until("the service has the time", || {
        let reply = ask();
        let is_busy = reply.status == 503;
        answer = Some(reply);
        !is_busy
    });
    answer.expect("it was called at least once")
}

pub(crate) fn credentials(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

pub(crate) fn post(address: &str, path: &str, body: &Value) -> io::Result<Reply> {
    let headers = ["content-type: application/json"];
    call(address, "POST", path, &headers, &body.to_string())
}

/// Makes one call. An incomplete reply is an error.
pub(crate) fn call(
    address: &str,
    method: &str,
    path: &str,
    headers: &[&str],
    body: &str,
) -> io::Result<Reply> {
    let mut stream = connect(address)?;
    let headers: String = headers
        .iter()
        .map(|header| format!("{header}\r\n"))
        .collect();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    parse(&reply, method == "HEAD").ok_or(io::ErrorKind::UnexpectedEof.into())
}

fn connect(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn parse(reply: &[u8], is_head: bool) -> Option<Reply> {
    let end = reply.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&reply[..end]).ok()?;
    let body = reply[end + 4..].to_vec();
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers = lines.map(header).collect::<Option<_>>()?;
    let reply = Reply {
        status,
        headers,
        body,
    };
    let length = reply
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    (is_head || reply.body.len() == length).then_some(reply)
}
