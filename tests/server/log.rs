//! The log: every line can be read, and strangers cannot fill it.

use std::{
    io::{Read as _, Write as _},
    time::Instant,
};

use hallpass::seaorm::{ConnectSettings, SeaOrmStore};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use crate::{
    client::{Reply, credentials},
    process::{PASSWORD, SERVERS, Server, folder},
};

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

const WRONG: &str = "not a staple for a horse";

/// A sign-in with a wrong password.
fn refused_sign_in(server: &Server, headers: &[&str]) -> Reply {
    let body = credentials("ann@example.org", WRONG).to_string();
    let headers = [&["content-type: application/json"], headers].concat();
    let reply = server.call("POST", "/auth/login", &headers, &body);
    assert_eq!(reply.status, 401);
    reply
}

/// The only line with this id.
fn line_of<'a>(log: &'a str, id: &str) -> &'a str {
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(id)).collect();
    let [line] = lines.as_slice() else {
        panic!("{id}: {lines:?}: {log}");
    };
    line
}

fn id_of(reply: &Reply) -> String {
    reply.header("x-request-id").expect("an id").to_owned()
}

fn objects(log: &str) -> Vec<Value> {
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    log.lines().map(parse).collect()
}

#[test]
fn refused_sign_in_is_found_by_the_id_of_its_reply() {
    for name in SERVERS {
        let folder = folder();
        let settings = [("HALLPASS_TRUSTED_PROXIES", "127.0.0.1")];
        let server = Server::of(name, folder.path(), &settings);
        let user = server.register("ann@example.org", PASSWORD).text("id");
        let reply = refused_sign_in(&server, &["x-forwarded-for: 203.0.113.7"]);
        refused_sign_in(&server, &["x-request-id: of-the-caller_7"]);
        let stdout = server.stdout.clone();
        let log = server.whole_log();
        let id = id_of(&reply);
        let (_, said) = line_of(&log, &id).split_once(' ').unwrap();
        assert_eq!(
            said,
            format!(
                " WARN sign-in refused  wrong password  user {user}  from 203.0.113.7  request {id}"
            )
        );
        assert!(line_of(&log, "of-the-caller_7").contains("sign-in refused"));
        assert!(!log.contains(PASSWORD) && !log.contains(WRONG), "{log}");
        // Only a terminal gets colours and a banner.
        assert!(!log.contains('\u{1b}'), "{log:?}");
        assert!(stdout.whole().starts_with("listening on http://"));
    }
}

#[test]
fn log_in_json_is_one_object_a_line() {
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[("HALLPASS_LOG", "json")]);
        let user = server.register("ann@example.org", PASSWORD).text("id");
        let id = id_of(&refused_sign_in(&server, &[]));
        let log = server.whole_log();
        let objects = objects(&log);
        for object in &objects {
            for member in ["timestamp", "level", "target", "message"] {
                assert!(object[member].is_string(), "{member}: {object}");
            }
            assert!(object["fields"].is_object(), "{object}");
        }
        let mut found = objects.iter().filter(|object| object["request_id"] == *id);
        let event = found.next().expect("a line with the id of the reply");
        assert_eq!(event["level"], "WARN");
        assert_eq!(event["target"], "hallpass::event");
        assert_eq!(event["message"], "sign-in refused");
        assert_eq!(event["fields"]["user_id"], *user);
        assert_eq!(event["fields"]["detail"]["reason"], "wrong_password");
        assert!(!log.contains(PASSWORD) && !log.contains(WRONG), "{log}");
    }
}

#[tokio::test]
async fn failure_of_a_request_is_found_by_the_id_of_its_reply() {
    for name in SERVERS {
        for format in ["text", "json"] {
            let folder = folder();
            let server = Server::of(name, folder.path(), &[("HALLPASS_LOG", format)]);
            let file = folder.path().join("hallpass.db");
            let settings = ConnectSettings::new(format!("sqlite://{}", file.display()));
            let store = SeaOrmStore::connect(&settings).await.unwrap();
            let sql = "CREATE TRIGGER failure BEFORE INSERT ON auth_users \
                BEGIN SELECT RAISE(ABORT, 'no'); END";
            store.database().execute_unprepared(sql).await.unwrap();
            store.close().await.unwrap();
            let reply = server.register("ann@example.org", PASSWORD);
            assert_eq!(reply.status, 500);
            let log = server.whole_log();
            let line = line_of(&log, &id_of(&reply));
            assert!(line.contains("the request failed"), "{line}");
            assert!(line.contains("/users") && line.contains("POST"), "{line}");
        }
    }
}

#[test]
fn hostile_request_neither_breaks_a_line_nor_reaches_the_terminal() {
    const HOSTILE: &str = "a\u{9b}31m\u{202e}\t\u{7f}";
    for name in SERVERS {
        for format in ["text", "json"] {
            let folder = folder();
            let settings = [
                ("HALLPASS_LOG", format),
                ("HALLPASS_TRUSTED_PROXIES", "127.0.0.1"),
                ("RUST_LOG", "debug,sqlx=info"),
            ];
            let server = Server::of(name, folder.path(), &settings);
            let email = "\u{1b}[2J\r\n2026-01-01 WARN forged@example.org";
            let body = credentials(email, "\u{1b}[2J").to_string();
            for header in [
                format!("user-agent: {HOSTILE}"),
                "user-agent: \u{1b}[2J".to_owned(),
                format!("x-request-id: {HOSTILE}"),
                format!("x-forwarded-for: {HOSTILE}"),
                "user-agent: a\r\n\tforged: folded".to_owned(),
            ] {
                for path in [
                    "/auth/login",
                    "/%1b[2J%0d%0aforged",
                    "/\u{9b}2J",
                    "/users/\u{1b}[2J",
                ] {
                    let headers = ["content-type: application/json", &header];
                    let mut connection = server.connect();
                    let length = body.len();
                    let [first, second] = headers;
                    let request = format!(
                        "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {length}\r\n\
                         {first}\r\n{second}\r\n\r\n{body}"
                    );
                    connection.write_all(request.as_bytes()).ok();
                    // The server may close the connection before it has read everything.
                    connection.read_to_end(&mut Vec::new()).ok();
                }
            }
            assert_eq!(server.get("/health/live").status, 200);
            let log = server.whole_log();
            let is_shown = |c: char| c == '\n' || !(c.is_control() || c == '\u{202e}');
            assert!(log.chars().all(is_shown), "{name}: {log:?}");
            if format == "json" {
                objects(&log);
            } else {
                let is_dated = |line: &str| line.starts_with("20") && line.contains("Z ");
                assert!(log.lines().all(is_dated), "{name}: {log}");
            }
        }
    }
}
