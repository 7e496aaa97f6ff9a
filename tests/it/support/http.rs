//! A client that sends exact bytes and checks replies closely.

use std::{fmt, net::SocketAddr};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::patience::PATIENCE;

/// A password that every policy accepts.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
pub(crate) const JSON: &str = "Content-Type: application/json\r\n";

/// The address of a server. Each request has a connection of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client(pub(crate) SocketAddr);

/// The tokens of a sign-in.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) session: String,
}

impl Client {
    /// Sends a request. `line` is the method and the path; `headers` are lines that end in CRLF.
    pub(crate) async fn ask(&self, line: &str, headers: &str, body: &[u8]) -> Reply {
        self.raw(&request(line, headers, body)).await
    }

    pub(crate) async fn raw(&self, request: &[u8]) -> Reply {
        let stream = TcpStream::connect(self.0).await.expect("a server");
        let (mut reader, mut writer) = stream.into_split();
        let request = request.to_vec();
        // The connection stays open until the reply is read, as a client would keep it.
        let writing = tokio::spawn(async move {
            writer.write_all(&request).await.expect("the server reads");
            writer
        });
        let mut reply = Vec::new();
        let reading = reader.read_to_end(&mut reply);
        let read = timeout(PATIENCE, reading).await;
        read.expect("the server answers and closes")
            .expect("the reply can be read");
        drop(writing.await.expect("the request was written"));
        Reply::parse(&reply)
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        let body = body.to_string();
        self.ask(&format!("POST {path}"), JSON, body.as_bytes())
            .await
    }

    pub(crate) async fn get(&self, path: &str, access: &str) -> Reply {
        let headers = format!("Authorization: Bearer {access}\r\n");
        self.ask(&format!("GET {path}"), &headers, b"").await
    }

    /// Sends a body with a bearer token.
    pub(crate) async fn send(&self, line: &str, access: &str, body: Value) -> Reply {
        let headers = format!("{JSON}Authorization: Bearer {access}\r\n");
        self.ask(line, &headers, body.to_string().as_bytes()).await
    }

    /// A call without a body.
    pub(crate) async fn post_as(&self, path: &str, access: &str) -> Reply {
        let headers = format!("Authorization: Bearer {access}\r\n");
        self.ask(&format!("POST {path}"), &headers, b"").await
    }

    pub(crate) async fn me(&self, access: &str) -> Reply {
        self.get("/users/me", access).await
    }

    /// Registers with [`PASSWORD`] and returns the user.
    pub(crate) async fn register(&self, email: &str) -> Value {
        let body = json!({"email": email, "password": PASSWORD});
        self.post("/users", body).await.expect(201).json()
    }

    pub(crate) async fn try_login(&self, email: &str, password: &str) -> Reply {
        let body = json!({"email": email, "password": password});
        self.post("/auth/login", body).await
    }

    pub(crate) async fn login(&self, email: &str) -> Tokens {
        self.try_login(email, PASSWORD).await.tokens()
    }

    /// Registers, and logs in.
    pub(crate) async fn join(&self, email: &str) -> Tokens {
        self.register(email).await;
        self.login(email).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Reply {
        self.post("/auth/refresh", json!({"refresh_token": token}))
            .await
    }

    pub(crate) async fn logout(&self, token: &str) -> Reply {
        self.post("/auth/logout", json!({"refresh_token": token}))
            .await
    }

    pub(crate) async fn logout_all(&self, access: &str) -> Reply {
        let headers = format!("Authorization: Bearer {access}\r\n");
        self.ask("POST /auth/logout-all", &headers, b"").await
    }

    pub(crate) async fn forgot(&self, email: &str) {
        let reply = self
            .post("/auth/forgot-password", json!({"email": email}))
            .await;
        assert_eq!(reply.expect(202).text(), "");
    }

    pub(crate) async fn reset(&self, token: &str, password: &str) -> Reply {
        let body = json!({"token": token, "new_password": password});
        self.post("/auth/reset-password", body).await
    }
}

/// The bytes of a request.
pub(crate) fn request(line: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A whole reply. Names of headers are in lower case.
#[derive(Clone, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        write!(f, "{} {:?} {body}", self.status, self.headers)
    }
}

impl Reply {
    fn parse(reply: &[u8]) -> Self {
        let end = reply.windows(4).position(|window| window == b"\r\n\r\n");
        let (head, body) = reply.split_at(end.expect("the reply has a head") + 4);
        let head = std::str::from_utf8(head).expect("the head is UTF-8");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.get(9..12)?.parse().ok());
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        Self {
            status: status.expect("the reply has a status"),
            headers: lines.filter_map(header).collect(),
            body: body.to_vec(),
        }
    }

    /// The one header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} occurs twice: {self:?}");
        value
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The reply without the headers that are unique to it.
    pub(crate) fn timeless(mut self) -> Self {
        self.headers
            .retain(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id" | "connection"));
        self.headers.sort();
        self
    }

    /// Checks the status, and the parts that every reply has.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        assert!(self.header("x-request-id").is_some());
        self
    }

    /// The token pair of a 200.
    #[track_caller]
    pub(crate) fn tokens(self) -> Tokens {
        let pair = self.expect(200).json();
        let text = |name: &str| pair[name].as_str().expect("a string").to_owned();
        Tokens {
            access: text("access_token"),
            refresh: text("refresh_token"),
            session: text("session_id"),
        }
    }

    /// Checks a documented problem with this code.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, code: &str) -> Self {
        let reply = self.expect(status);
        let problem = reply.json();
        assert_eq!(problem["code"], code);
        assert_eq!(problem["type"], format!("urn:hallpass:{code}"));
        assert_eq!(problem["status"], status);
        let mut members = vec!["code", "detail", "status", "title", "type"];
        if matches!(code, "validation_failed" | "weak_password") {
            members.insert(2, "errors");
        }
        assert_eq!(members_of(&problem), members);
        assert_eq!(
            reply.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        let challenge = match code {
            "unauthenticated" => Some("Bearer"),
            "invalid_access_token" => Some(r#"Bearer error="invalid_token""#),
            "step_up_required" => Some(
                "Bearer error=\"insufficient_user_authentication\", \
                 acr_values=\"urn:hallpass:aal2\", max_age=600",
            ),
            _ => None,
        };
        assert_eq!(reply.header("www-authenticate"), challenge);
        let retry = reply.header("retry-after").map(str::parse::<u64>);
        assert_eq!(retry.is_some(), matches!(status, 429 | 503));
        assert!(retry.is_none_or(|seconds| seconds.is_ok_and(|seconds| seconds >= 1)));
        reply
    }

    /// Checks a 422 with exactly these violations, as pointer and code.
    #[track_caller]
    pub(crate) fn violations(self, code: &str, expected: &[(&str, &str)]) {
        let problem = self.problem(422, code).json();
        let errors = problem["errors"].as_array().expect("a list");
        let found: Vec<(&str, &str)> = errors
            .iter()
            .map(|error| {
                assert_eq!(members_of(error), ["code", "detail", "pointer"]);
                let text = |name: &str| error[name].as_str().expect("a string");
                (text("pointer"), text("code"))
            })
            .collect();
        assert_eq!(found, expected);
    }
}

/// The names of an object's members, sorted.
pub(crate) fn members_of(object: &Value) -> Vec<&str> {
    let members = object.as_object().expect("an object");
    let mut names: Vec<&str> = members.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}
