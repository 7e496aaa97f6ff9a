//! Strangers cannot fill the log.

use std::{
    io::{Read as _, Write as _},
    time::Instant,
};

use serde_json::json;

use crate::process::{PASSWORD, SERVERS, Server, folder};

const CLIENTS: usize = 3;
const CALLS: usize = 80;

fn login_from(server: &Server, client: &str, path: &str) -> u16 {
    let headers = [
        "content-type: application/json",
        &format!("x-forwarded-for: {client}"),
    ];
    let body = json!({ "email": "ann@example.org", "password": PASSWORD });
    server
        .call("POST", path, &headers, &body.to_string())
        .status
}

#[test]
fn client_that_is_refused_repeatedly_has_one_line_a_minute() {
    for name in SERVERS {
        let folder = folder();
        let settings = [("HALLPASS_TRUSTED_PROXIES", "127.0.0.1")];
        let server = Server::of(name, folder.path(), &settings);
        let begun = Instant::now();
        let mut refused = 0;
        for _ in 0..CALLS {
            for client in 0..CLIENTS {
                let client = format!("203.0.113.{client}");
                refused += usize::from(login_from(&server, &client, "/auth/login") == 429);
            }
        }
        let minutes = usize::try_from(begun.elapsed().as_secs() / 60).unwrap();
        let log = server.whole_log();
        let said = log
            .lines()
            .filter(|line| line.contains("a client calls too often"));
        let lines = said.clone().count();
        assert!(refused > 10 * lines, "{name}: {refused}: {log}");
        let most = CLIENTS * (minutes + 1);
        assert!((CLIENTS..=most).contains(&lines), "{name}: {lines}: {log}");
        for line in said {
            let has_count = line.contains("refused=") && line.contains("client=");
            assert!(has_count && !line.contains("203.0.113."), "{name}: {line}");
        }
    }
}

#[test]
fn unreadable_requests_log_no_errors() {
    let malformed = [
        "GET\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: a\r\nno header\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", "a".repeat(200 * 1024)),
        "\u{16}\u{3}\u{1}".repeat(100),
    ];
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[]);
        for request in &malformed {
            let mut connection = server.connect();
            // The server may disconnect before the whole request is written.
            connection.write_all(request.as_bytes()).ok();
            let mut reply = [0; 64];
            let length = connection.read(&mut reply).unwrap_or_default();
            assert!(
                !reply[..length].starts_with(b"HTTP/1.1 2"),
                "{name}: {request:.40}"
            );
        }
        assert_eq!(server.get("/health/live").status, 200, "{name}");
        let log = server.whole_log();
        assert!(
            !log.contains("ERROR") && !log.contains("panic"),
            "{name}: {log}"
        );
    }
}

#[test]
fn missing_bodies_log_no_warnings() {
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[("HALLPASS_REQUEST_TIMEOUT", "1")]);
        let head = "POST /auth/logout HTTP/1.1\r\nhost: a\r\ncontent-length: 60\r\n\r\n{";
        let mut connection = server.connect();
        connection.write_all(head.as_bytes()).unwrap();
        let mut reply = [0; 64];
        let length = connection.read(&mut reply).unwrap();
        assert!(reply[..length].starts_with(b"HTTP/1.1 503"), "{name}");
        let log = server.whole_log();
        assert!(!log.contains("the request failed"), "{name}: {log}");
    }
}
