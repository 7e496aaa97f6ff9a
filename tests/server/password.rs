//! Settings for new passwords, with a breach service.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

use serde_json::{Value, json};

use crate::process::{SECRET, SERVERS, Server, command, folder};

const STOLEN: &str = "a password that was stolen";
/// Its SHA-1 in two parts.
const PREFIX: &str = "8396A";
const REST: &str = "AC72FCB25FE93D355FE24183FA9EA8E6355";

/// Starts a service that knows one password and fails for any other.
fn service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            answer(&stream.unwrap());
        }
    });
    url
}

fn answer(mut stream: &TcpStream) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let line = lines.next().unwrap_or_default();
    assert!(lines.any(|line| line.is_empty()), "a whole head");
    let (status, body) = if line == format!("GET /range/{PREFIX} HTTP/1.1") {
        ("200 OK", format!("{REST}:7\r\n"))
    } else {
        ("503 Service Unavailable", String::new())
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}");
    write!(stream, "{head}\r\n\r\n{body}").unwrap();
}

fn register(server: &Server, email: &str, password: &str) -> (u16, Vec<Value>) {
    let body = json!({"email": email, "password": password});
    let reply = server.post("/users", &body);
    let errors = reply.json()["errors"].as_array().cloned();
    let codes = errors.unwrap_or_default().into_iter();
    (
        reply.status,
        codes.map(|error| error["code"].clone()).collect(),
    )
}

#[test]
fn new_passwords_are_estimated_and_looked_up_if_configured() {
    for server in SERVERS {
        let folder = folder();
        let mut command = command(server, folder.path());
        command
            .env("HALLPASS_SECRET", SECRET)
            .env("HALLPASS_PASSWORD_STRENGTH", "3")
            .env("HALLPASS_PASSWORD_BREACH_CHECK", service());
        let server = Server::start(&mut command);
        let refused = |password, code| {
            let reply = register(&server, "ann@example.org", password);
            assert_eq!(reply, (422, vec![json!(code)]));
        };
        refused("zoologist123", "too_guessable");
        refused(STOLEN, "breached_password");
        let (unknown, prefix) = ("a password that was not", "1405C");
        assert_eq!(register(&server, "ann@example.org", unknown), (201, vec![]));
        for line in ["it is accepted", "without an answer of the breach check"] {
            assert!(server.stderr.wait_for(line).is_some(), "no {line}");
        }
        let log = server.whole_log();
        for secret in [STOLEN, PREFIX, unknown, prefix] {
            assert!(!log.contains(secret), "{log}");
        }
    }
}

/// The cost shows in the memory of the server, because a hash fills all the memory that it declares.
#[test]
fn a_failed_sign_in_costs_a_hash_of_the_former_parameters() {
    const LARGE_KIB: u64 = 131_072;
    for name in SERVERS {
        for former in [
            "m=131072,t=1,p=1;m=16384,t=1,p=1",
            "m=16384,t=1,p=1;m=131072,t=1,p=1",
        ] {
            let settings = [
                ("HALLPASS_ARGON2_FORMER", former),
                ("HALLPASS_HASH_PERMITS", "1"),
            ];
            let folder = folder();
            let server = Server::of(name, folder.path(), &settings);
            let (ann, right) = ("ann@example.org", "long enough to be taken");
            assert_eq!(server.register(ann, right).status, 201);
            assert_eq!(server.login(ann, right).status, 200);
            let most = server.memory();
            assert!(most < LARGE_KIB, "{name}: {most} KiB before");
            assert_eq!(server.login("nobody@example.org", right).status, 401);
            let most = server.memory();
            assert!(most >= LARGE_KIB, "{name}, {former}: {most} KiB");
        }
    }
}
