//! The cost, number and lifetime of connections.

use std::{
    fmt::Write as _,
    fs,
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use rustix::net::sockopt::set_socket_recv_buffer_size;

use crate::{
    patience::{PATIENCE, block_until},
    process::{SERVERS, Server, command, folder},
};

const CLIENTS: u64 = 30;

/// The maximum cost of a client that does not read, in KiB, with the buffers and stacks of a test build.
const COST: u64 = 120;

/// The requests that are repeated. Their replies are a short one, only a head, one longer than any buffer, and a
/// problem.
const ASKED: [&str; 4] = [
    "GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n",
    "HEAD /nope HTTP/1.1\r\nhost: a\r\n\r\n",
    "GET /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n",
    "POST /auth/logout HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
];

#[test]
fn a_pipelining_client_that_never_reads_is_disconnected() {
    thread::scope(|scope| {
        for name in SERVERS {
            scope.spawn(move || ASKED.iter().for_each(|asked| never_read(name, asked)));
        }
    });
}

fn never_read(name: &str, asked: &str) {
    let folder = folder();
    let server = Server::of(name, folder.path(), &[("HALLPASS_WRITE_TIMEOUT", "2")]);
    assert_eq!(server.get("/health/ready").status, 200);
    // The first request generates the document, which takes memory once.
    assert_eq!(server.get("/openapi.json").status, 200);
    let before = server.memory();
    let connections = (0..CLIENTS).map(|_| server.connect()).collect();
    write_until_let_go(connections, asked);
    let cost = server.memory().saturating_sub(before);
    let context = format!("{name}: {asked:?}: {cost} KiB for {CLIENTS} clients");
    eprintln!("{context}");
    assert!(cost < COST * CLIENTS, "{context}");
    assert_eq!(server.get("/health/ready").status, 200, "{context}");
}

/// Writes as much as possible on all connections, and reads nothing.
fn write_until_let_go(connections: Vec<TcpStream>, asked: &str) {
    let many = asked.repeat(64 * 1024 / asked.len());
    let mut open: Vec<(TcpStream, usize)> = Vec::new();
    for connection in connections {
        connection.set_nonblocking(true).unwrap();
        // The kernel would buffer megabytes of replies first.
        set_socket_recv_buffer_size(&connection, 4096).unwrap();
        open.push((connection, 0));
    }
    block_until("all connections are closed", || {
        open.retain_mut(|(connection, written)| {
            let rest = &many.as_bytes()[*written % many.len()..];
            match connection.write(rest) {
                Ok(length) => *written += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return false,
            }
            true
        });
        open.is_empty()
    });
}

#[test]
fn a_pipelining_client_that_reads_gets_every_reply_in_order() {
    let body = format!("{{\"refresh_token\":\"{}\"}}", "x".repeat(9000));
    let head =
        "POST /auth/logout HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nx-request-id:";
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[("HALLPASS_WRITE_TIMEOUT", "60")]);
        let mut asked = String::new();
        for id in 0..300 {
            let length = body.len();
            match id {
                _ if id % 2 == 0 => write!(
                    asked,
                    "GET /health/live HTTP/1.1\r\nhost: a\r\nx-request-id: {id}\r\n\r\n"
                ),
                _ if id < 299 => write!(
                    asked,
                    "{head} {id}\r\ncontent-length: {length}\r\n\r\n{body}"
                ),
                _ => write!(
                    asked,
                    "{head} {id}\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n"
                ),
            }
            .unwrap();
        }
        asked.push_str("GET /nope HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let mut connection = server.connect();
        let mut writer = connection.try_clone().unwrap();
        let writing = thread::spawn(move || writer.write_all(asked.as_bytes()).unwrap());
        let mut replies = String::new();
        connection.read_to_string(&mut replies).unwrap();
        writing.join().unwrap();
        let ids = replies
            .lines()
            .filter_map(|line| line.strip_prefix("x-request-id: ")?.parse().ok());
        let expected: Vec<u32> = (0..300).collect();
        assert_eq!(ids.collect::<Vec<u32>>(), expected, "{name}");
        assert_eq!(replies.matches("HTTP/1.1 204").count(), 150, "{name}");
    }
}

/// It takes longer than the head timeout in total, because each request has its own.
#[test]
fn consecutive_requests_keep_a_connection_open() {
    const HEAD_TIMEOUT: Duration = Duration::from_secs(11);
    thread::scope(|scope| {
        for name in SERVERS {
            scope.spawn(move || {
                let folder = folder();
                let server = Server::of(name, folder.path(), &[]);
                let mut connection = server.connect();
                let begun = Instant::now();
                while begun.elapsed() < HEAD_TIMEOUT + Duration::from_secs(2) {
                    connection.write_all(ASKED[0].as_bytes()).unwrap();
                    let mut reply = [0; 4096];
                    let length = connection.read(&mut reply).unwrap();
                    assert!(length > 0, "{name}: closed after {:?}", begun.elapsed());
                    assert!(reply.starts_with(b"HTTP/1.1 200"), "{name}");
                }
            });
        }
    });
}

/// Java's client offers HTTP/2 with its first request.
#[test]
fn client_that_offers_an_upgrade_learns_if_its_connection_stays() {
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[]);
        let mut connection = server.connect();
        let asked = "GET /health/live HTTP/1.1\r\nhost: a\r\nconnection: Upgrade, HTTP2-Settings\r\n\
            upgrade: h2c\r\nhttp2-settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n";
        connection.write_all(asked.as_bytes()).unwrap();
        let mut reply = [0; 4096];
        let length = connection.read(&mut reply).unwrap();
        let reply = String::from_utf8_lossy(&reply[..length]).to_ascii_lowercase();
        assert!(reply.starts_with("http/1.1 200"), "{name}: {reply}");
        if !reply.contains("connection: close") {
            connection.write_all(ASKED[0].as_bytes()).unwrap();
            let mut next = [0; 64];
            assert!(connection.read(&mut next).unwrap() > 0, "{name}: {reply}");
        }
    }
}

/// Endpoints that read their body, one that does not, one without a caller, and one that does not exist.
#[test]
fn endless_chunked_body_is_cut_off() {
    const MOST: usize = 64 * 1024 * 1024;
    const CHUNK: usize = 64 * 1024;
    let chunk = format!("{CHUNK:x}\r\n{}\r\n", "a".repeat(CHUNK));
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[]);
        for line in [
            "POST /auth/logout",
            "GET /health/live",
            "POST /auth/logout-all",
            "POST /nope",
            "DELETE /auth/login",
        ] {
            let mut connection = server.connect();
            let head = format!("{line} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
            connection.write_all(head.as_bytes()).unwrap();
            let mut written = 0;
            while written < MOST && connection.write_all(chunk.as_bytes()).is_ok() {
                written += CHUNK;
            }
            assert!(written < MOST, "{name}: {line}");
        }
        assert_eq!(server.get("/health/live").status, 200, "{name}");
    }
}

/// The chunks have framing, but no data.
#[test]
fn endless_chunk_framing_is_cut_off() {
    const MOST: usize = 40 * 1024 * 1024;
    let filler = "a".repeat(64 * 1024);
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[("HALLPASS_REQUEST_TIMEOUT", "5")]);
        for line in ["POST /auth/login", "POST /nope"] {
            for begun in ["0\r\nx: ", "1;"] {
                let mut connection = server.connect();
                let head = format!(
                    "{line} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: \
                     chunked\r\n\r\n{begun}"
                );
                connection.write_all(head.as_bytes()).unwrap();
                let mut written = 0;
                while written < MOST && connection.write_all(filler.as_bytes()).is_ok() {
                    written += filler.len();
                }
                assert!(written < MOST, "{name}: {line} {begun}");
            }
        }
        assert_eq!(server.get("/health/live").status, 200, "{name}");
    }
}

#[test]
fn connections_beyond_the_cap_wait_until_others_close() {
    for name in SERVERS {
        let folder = folder();
        let settings = [
            ("HALLPASS_MAX_CONNECTIONS", "4"),
            ("HALLPASS_REQUEST_TIMEOUT", "60"),
        ];
        let server = Server::of(name, folder.path(), &settings);
        // The bodies never end, so an accepted connection stays for a minute.
        let unfinished = "POST /auth/logout HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 60\r\n\r\n{";
        let connect = || {
            let mut connection = server.connect();
            connection.write_all(unfinished.as_bytes()).unwrap();
            connection
        };
        let mut inside: Vec<TcpStream> = (0..4).map(|_| connect()).collect();
        let mut waiting = server.connect();
        waiting
            .write_all(b"GET /health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            .unwrap();
        let mut reply = [0; 1024];
        waiting
            .set_read_timeout(Some(Duration::from_secs(1)))
            .unwrap();
        let early = waiting.read(&mut reply);
        assert!(
            early.is_err_and(|error| error.kind() == ErrorKind::WouldBlock),
            "{name}"
        );
        drop(inside.pop());
        waiting.set_read_timeout(Some(PATIENCE / 2)).unwrap();
        let length = waiting.read(&mut reply).unwrap();
        assert!(reply[..length].starts_with(b"HTTP/1.1 200"), "{name}");
        drop((waiting, inside));
        for _ in 0..10 {
            assert_eq!(server.get("/health/ready").status, 200, "{name}");
        }
    }
}

#[test]
fn a_connection_takes_one_descriptor() {
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[]);
        assert_eq!(server.get("/health/ready").status, 200);
        let before = server.descriptors();
        let connections: Vec<TcpStream> = (0..64)
            .map(|_| {
                let mut connection = server.connect();
                connection
                    .write_all(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n")
                    .unwrap();
                let mut reply = [0; 1024];
                assert!(connection.read(&mut reply).unwrap() > 0);
                connection
            })
            .collect();
        let taken = server.descriptors() - before;
        assert!(taken <= 64 + 16, "{name}: {taken}");
        drop(connections);
    }
}

#[test]
fn the_limit_on_open_files_is_raised_or_reported() {
    let limits = |server: &Server| {
        let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
        let line = limits
            .lines()
            .find(|line| line.starts_with("Max open files"));
        let soft = line.and_then(|line| line.split_whitespace().nth(3));
        soft.unwrap().parse::<u64>().unwrap()
    };
    for name in SERVERS {
        let folder = folder();
        let mut command = command(name, folder.path());
        let server = Server::limited("-S -n 256", &mut command);
        assert!(limits(&server) > 10_000, "{name}");
        assert_eq!(server.get("/health/ready").status, 200, "{name}");
        let server = Server::limited("-n 256", &mut command);
        assert_eq!(limits(&server), 256, "{name}");
        let log = server.stderr.wait_for("HALLPASS_MAX_CONNECTIONS");
        assert!(log.is_some_and(|line| line.contains("152")), "{name}");
        assert_eq!(server.get("/health/ready").status, 200, "{name}");
    }
}
