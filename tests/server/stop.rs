//! SIGTERM and SIGINT: the server stops cleanly and in time, whatever connections it has.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::Duration,
};

use crate::process::{SERVERS, Server, folder};

const REGISTRATION: &str = r#"{"email":"ann@example.org","password":"a staple for a horse"}"#;

#[test]
fn a_server_without_connections_stops_at_once() {
    for server in SERVERS {
        for signal in ["TERM", "INT"] {
            let folder = folder();
            let mut server = Server::of(server, folder.path(), &[]);
            server.signal(signal);
            let success = server.end().success();
            let log = server.stderr.whole();
            assert!(success && !log.contains("still open"), "{signal}: {log}");
        }
    }
}

/// The test waits in real time, for both servers and both signals at once.
#[test]
fn open_connections_do_not_delay_the_stop() {
    thread::scope(|scope| {
        for server in SERVERS {
            for signal in ["TERM", "INT"] {
                scope.spawn(move || ends_in_time(server, signal));
            }
        }
    });
}

fn ends_in_time(name: &str, signal: &str) {
    let folder = folder();
    // Keeps requests running until the server gives up waiting.
    let settings = [("HALLPASS_REQUEST_TIMEOUT", "300")];
    let mut server = Server::of(name, folder.path(), &settings);
    let mut idle = server.connect();
    idle.write_all(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n")
        .unwrap();
    assert!(read_some(&mut idle).starts_with("HTTP/1.1 200"));
    let mut silent = server.connect();
    let mut half_head = server.connect();
    half_head
        .write_all(b"POST /users HTTP/1.1\r\nhost: a\r\ncont")
        .unwrap();
    let mut half_body = server.connect();
    let (first, rest) = REGISTRATION.split_at(20);
    send(&mut half_body, first);
    let mut under_way = server.connect();
    send(&mut under_way, first);
    server.signal(signal);
    // The server needs some time to begin the stop. Running requests are not affected.
    thread::sleep(Duration::from_millis(200));
    under_way.write_all(rest.as_bytes()).unwrap();
    let answer = read_some(&mut under_way);
    let context = format!("{name}, {signal}: {answer}: {}", server.stderr.text());
    assert!(answer.starts_with("HTTP/1.1 201"), "{context}");
    let status = server.end();
    let context = format!("{name}, {signal}: {status}: {}", server.stderr.text());
    assert_eq!(status.code(), Some(0), "{context}");
    for connection in [&mut idle, &mut silent, &mut half_head, &mut half_body] {
        // The connection is closed or reset.
        connection.read_to_end(&mut Vec::new()).ok();
    }
    assert!(TcpStream::connect(&server.address).is_err());
}

/// Sends the head of a registration, and then the given part of its body once the server reads it.
fn send(connection: &mut TcpStream, body: &str) {
    write!(
        connection,
        "POST /users HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        REGISTRATION.len()
    )
    .unwrap();
    let answer = read_some(connection);
    assert_eq!(answer, "HTTP/1.1 100 Continue\r\n\r\n");
    connection.write_all(body.as_bytes()).unwrap();
}

fn read_some(connection: &mut TcpStream) -> String {
    let mut some = [0; 1024];
    let length = connection.read(&mut some).unwrap_or_default();
    String::from_utf8_lossy(&some[..length]).into_owned()
}
