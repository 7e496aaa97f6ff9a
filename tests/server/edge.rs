//! What the programs add to the endpoints: slow clients, other origins, the documentation, unknown paths.

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

/// Waits for real: both servers and every kind of slowness at the same time.
#[test]
fn slow_clients_are_cut_off() {
    let head = "POST /users HTTP/1.1\r\nhost: a\r\n";
    let body = "content-type: application/json\r\ncontent-length: 60\r\n\r\n{";
    thread::scope(|scope| {
        for name in SERVERS {
            scope.spawn(move || {
                let folder = folder();
                let server = Server::of(name, folder.path(), &[("HALLPASS_REQUEST_TIMEOUT", "3")]);
                thread::scope(|scope| {
                    let cut_off = |begin: String, drip: &'static [u8], answer: &'static str| {
                        let connection = server.connect();
                        scope.spawn(move || {
                            let told = format!("{name}: {begin:?} {drip:?}");
                            let reply = drip_until_closed(connection, &begin, drip);
                            let reply = reply.unwrap_or_else(|| panic!("{told} goes on"));
                            assert!(reply.starts_with(answer), "{told}: {reply}");
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
                    // Meanwhile others are served.
                    assert_eq!(server.get("/health/ready").status, 200);
                });
            });
        }
    });
}

/// Sends the beginning, then the same again and again until the server has enough of it; says what it answered.
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
fn listed_origins_may_call_and_others_may_not() {
    for name in SERVERS {
        let folder = folder();
        let origins = "https://app.example.org, http://localhost:5173";
        let server = Server::of(name, folder.path(), &[("HALLPASS_CORS_ORIGINS", origins)]);
        let preflight = |origin: &str, method: &str| {
            let headers = [
                format!("origin: {origin}"),
                format!("access-control-request-method: {method}"),
                "access-control-request-headers: authorization,content-type,x-request-id"
                    .to_owned(),
            ];
            server.call(
                "OPTIONS",
                "/users/me",
                &headers.each_ref().map(String::as_str),
                "",
            )
        };
        for origin in origins.split(", ") {
            for method in ["GET", "POST", "PATCH", "DELETE"] {
                let reply = preflight(origin, method);
                assert!(matches!(reply.status, 200 | 204), "{name}: {reply:?}");
                assert_eq!(
                    reply.header("access-control-allow-origin"),
                    Some(origin),
                    "{name}"
                );
                let allowed = |header: &str, wanted: &str| {
                    let value = reply
                        .header(header)
                        .unwrap_or_default()
                        .to_ascii_lowercase();
                    assert!(
                        value.split(',').any(|one| one.trim() == wanted),
                        "{name}: {reply:?}"
                    );
                };
                allowed("access-control-allow-methods", &method.to_ascii_lowercase());
                allowed("access-control-allow-headers", "authorization");
                allowed("access-control-allow-headers", "content-type");
                assert!(reply.header("access-control-max-age").is_some(), "{name}");
            }
            let origin_header = format!("origin: {origin}");
            let reply = server.call("GET", "/health/live", &[&origin_header], "");
            assert_eq!(reply.status, 200);
            assert_eq!(
                reply.header("access-control-allow-origin"),
                Some(origin),
                "{name}"
            );
            let exposed = reply
                .header("access-control-expose-headers")
                .unwrap_or_default();
            let exposed = exposed.to_ascii_lowercase();
            for header in [
                "x-request-id",
                "retry-after",
                "ratelimit",
                "ratelimit-policy",
            ] {
                let is_exposed = exposed.split(',').any(|name| name.trim() == header);
                assert!(is_exposed, "{name}: {header} in {exposed}");
            }
            assert!(reply.header("vary").is_some(), "{name}: {reply:?}");
        }
        for origin in ["https://evil.example.org", "http://app.example.org", "null"] {
            let reply = preflight(origin, "GET");
            assert_eq!(
                reply.header("access-control-allow-origin"),
                None,
                "{name}: {reply:?}"
            );
        }
        let folder = tempfile::tempdir().unwrap();
        let closed = Server::of(name, folder.path(), &[]);
        let reply = closed.call(
            "GET",
            "/health/live",
            &["origin: https://app.example.org"],
            "",
        );
        assert_eq!(
            reply.header("access-control-allow-origin"),
            None,
            "{name}: {reply:?}"
        );
    }
}

#[test]
fn a_call_from_another_origin_without_a_token_is_no_more_than_a_call() {
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[]);
        let reply = server.call(
            "GET",
            "/users/me",
            &["origin: https://evil.example.org"],
            "",
        );
        assert_eq!(reply.text("code"), "unauthenticated", "{name}: {reply:?}");
    }
}

#[test]
fn the_documentation_needs_no_other_host() {
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
        let links = html
            .split(['"', '\''])
            .filter(|text| text.starts_with("docs/") || text.starts_with("/docs/"));
        let mut count = 0;
        for link in links {
            let asset = server.get(&format!("/{}", link.trim_start_matches('/')));
            assert_eq!(asset.status, 200, "{name}: {link}");
            assert!(!asset.body.is_empty(), "{name}: {link}");
            count += 1;
        }
        assert!(count >= 3, "{html}");
        let document = server.get("/openapi.json").json();
        assert!(
            document["paths"]["/auth/login"]["post"].is_object(),
            "{name}"
        );
    }
}

#[test]
fn nobody_switches_protocols() {
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
fn an_options_that_is_no_preflight_is_a_method_like_others() {
    for name in SERVERS {
        for origins in ["", "https://app.example.org"] {
            let folder = folder();
            let settings = [("HALLPASS_CORS_ORIGINS", origins)];
            let settings = if origins.is_empty() {
                &[][..]
            } else {
                &settings
            };
            let server = Server::of(name, folder.path(), settings);
            let reply = server.call("OPTIONS", "/users/me", &[], "");
            assert_eq!(
                (reply.status, reply.header("allow")),
                (405, Some("GET, HEAD, PATCH, DELETE")),
                "{name}"
            );
            assert_eq!(
                server.call("OPTIONS", "/nope", &[], "").status,
                404,
                "{name}"
            );
        }
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
            "/",
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
        let reply = server.call("PUT", "/users", &[], "");
        assert_eq!(
            (reply.status, reply.header("allow")),
            (405, Some("POST")),
            "{name}: {reply:?}"
        );
    }
}
