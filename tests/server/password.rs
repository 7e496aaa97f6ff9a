//! Settings for new passwords, against a service that knows stolen ones.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    thread,
    time::Instant,
};

use serde_json::{Value, json};

use crate::process::{SECRET, SERVERS, Server, command, folder};

const STOLEN: &str = "a password that was stolen";
/// Its SHA-1 in two parts.
const PREFIX: &str = "8396A";
const REST: &str = "AC72FCB25FE93D355FE24183FA9EA8E6355";

/// Knows one password, and has no answer about any other.
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
fn new_passwords_are_estimated_and_looked_up_if_that_is_set() {
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
        let log = server.stderr.wait_for("and is taken");
        let log = log.unwrap() + &server.stderr.text();
        assert!(log.contains("breach_check_failed"), "{log}");
        for secret in [STOLEN, PREFIX, unknown, prefix] {
            assert!(!log.contains(secret), "{log}");
        }
    }
}

#[test]
fn a_failed_sign_in_costs_a_hash_of_former_parameters_too() {
    for server in SERVERS {
        let former = "m=32768,t=4,p=1;m=16384,t=16,p=1";
        let settings = [("HALLPASS_ARGON2_FORMER", former)];
        let folder = folder();
        let server = Server::of(server, folder.path(), &settings);
        let timed = |path, email| {
            let begun = Instant::now();
            let body = json!({"email": email, "password": "long enough to be taken"});
            (server.post(path, &body).status, begun.elapsed())
        };
        let (status, one_hash) = timed("/users", "ann@example.org");
        assert_eq!(status, 201);
        let (status, failed) = timed("/auth/login", "nobody@example.org");
        assert_eq!(status, 401);
        // They are 16 and 32 times the work.
        assert!(failed > 4 * one_hash, "{failed:?}, {one_hash:?}");
    }
}
