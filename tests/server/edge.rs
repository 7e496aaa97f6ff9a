//! Additions of the programs to the endpoints: limits for slow clients, documentation, and replies for unknown paths.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use crate::{
    patience::PATIENCE,
    process::{SERVERS, Server, folder},
};

/// The test waits in real time, for both servers and every kind of slowness at once.
#[test]
fn slow_clients_are_cut_off() {
    let head = "POST /users HTTP/1.1\r\nhost: a\r\n";
    let body = "content-type: application/json\r\ncontent-length: 60\r\n\r\n{";
    thread::scope(|scope| {
        for name in SERVERS {
            scope.spawn(move || {
                let folder = folder();
                let settings = [
                    ("HALLPASS_REQUEST_TIMEOUT", "3"),
                    ("HALLPASS_KEEP_ALIVE", "3"),
                ];
                let server = Server::of(name, folder.path(), &settings);
                thread::scope(|scope| {
                    let cut_off = |begin: String, drip: &'static [u8], answer: &'static str| {
                        let connection = server.connect();
                        scope.spawn(move || {
                            let context = format!("{name}: {begin:?} {drip:?}");
                            let reply = drip_until_closed(connection, &begin, drip);
                            let reply = reply.unwrap_or_else(|| panic!("{context} continues"));
                            assert!(reply.starts_with(answer), "{context}: {reply}");
                        });
                    };
                    cut_off(String::new(), b"", "");
                    cut_off(head.to_owned(), b"", "");
                    cut_off(head.to_owned(), b"x", "");
                    cut_off(format!("{head}{body}"), b" ", "HTTP/1.1 503");
                    let chunked = "transfer-encoding: chunked\r\n\r\n";
                    cut_off(format!("{head}{chunked}"), b"", "HTTP/1.1 503");
                    let unknown = head.replace("/users", "/nope");
                    cut_off(format!("{unknown}{chunked}"), b"", "HTTP/1.1 404");
                    // Other clients are served at the same time.
                    assert_eq!(server.get("/health/ready").status, 200);
                });
            });
        }
    });
}

/// Sends the beginning, then repeats `drip` until the server disconnects, and returns the reply.
fn drip_until_closed(mut connection: TcpStream, begin: &str, drip: &[u8]) -> Option<String> {
    let started = Instant::now();
    let mut reply = Vec::new();
    let pause = Duration::from_millis(500);
    connection.set_read_timeout(Some(pause)).unwrap();
    connection.write_all(begin.as_bytes()).unwrap();
    loop {
        if started.elapsed() > PATIENCE {
            return None;
        }
        let mut some = [0; 4096];
        match connection.read(&mut some) {
            Ok(0) => break,
            Ok(length) => reply.extend_from_slice(&some[..length]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if connection.write_all(drip).is_err() {
                    break;
                }
            }
            Err(_) => break,
        }
    }
    Some(String::from_utf8_lossy(&reply).into_owned())
}

#[test]
fn the_documentation_loads_from_its_own_host_only() {
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[]);
        let page = server.get("/docs");
        assert_eq!(page.status, 200, "{name}");
        assert!(
            page.header("content-type")
                .is_some_and(|kind| kind.starts_with("text/html"))
        );
        let html = String::from_utf8(page.body).unwrap();
        assert!(
            !html.contains("http://") && !html.contains("https://"),
            "{html}"
        );
        let document = server.get("/openapi.json").json();
        assert!(
            document["paths"]["/auth/login"]["post"].is_object(),
            "{name}"
        );
    }
}

#[test]
fn protocols_are_never_switched() {
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[("HALLPASS_REQUEST_TIMEOUT", "30")]);
        let upgrade = &["upgrade: websocket", "connection: upgrade"];
        let reply = server.call("GET", "/health/live", upgrade, "");
        assert_eq!(reply.status, 200, "{name}");
        let upgrade = &[
            "upgrade: websocket",
            "connection: upgrade",
            "content-type: application/json",
        ];
        let reply = server.call("POST", "/auth/logout", upgrade, r#"{"refresh_token":"x"}"#);
        assert_eq!(reply.status, 204, "{name}");
        assert_eq!(
            server.call("CONNECT", "/users/me", &[], "").status,
            405,
            "{name}"
        );
    }
}

#[test]
fn head_answers_as_get_without_a_body() {
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[]);
        for path in [
            "/health/live",
            "/.well-known/jwks.json",
            "/openapi.json",
            "/docs",
            "/users/me",
            "/nope",
        ] {
            let get = server.get(path);
            let head = server.call("HEAD", path, &[], "");
            assert_eq!(head.status, get.status, "{name}: {path}");
            assert!(head.body.is_empty(), "{name}: {path}");
            for header in ["content-type", "cache-control", "www-authenticate"] {
                assert_eq!(head.header(header), get.header(header), "{name}: {path}");
            }
        }
    }
}

#[test]
fn unknown_paths_are_problems() {
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[]);
        for path in [
            "/nope",
            "//",
            "/users/",
            "/users/me/nope",
            "/docs/nope.js",
            "/%2e%2e/etc/passwd",
            "/%ff",
        ] {
            let reply = server.get(path);
            assert_eq!(reply.status, 404, "{name}: {path}: {reply:?}");
            assert_eq!(
                reply.header("content-type"),
                Some("application/problem+json"),
                "{name}: {path}"
            );
            assert_eq!(reply.text("code"), "not_found", "{name}: {path}");
            assert!(reply.header("x-request-id").is_some(), "{name}: {path}");
        }
        let start = server.get("/");
        assert_eq!(
            (start.status, start.header("location")),
            (303, Some("sign-in")),
            "{name}: {start:?}"
        );
        let reply = server.call("PUT", "/users", &[], "");
        assert_eq!(
            (reply.status, reply.header("allow")),
            (405, Some("POST")),
            "{name}: {reply:?}"
        );
    }
}
