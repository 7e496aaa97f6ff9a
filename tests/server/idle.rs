//! Idle connections.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::Duration,
};

use crate::process::{SERVERS, Server, folder};

const LIVE: &[u8] = b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n";

/// A pause longer than the head timeout, and shorter than a load balancer's idle timeout.
const PAUSE: Duration = Duration::from_secs(13);

fn is_answered(connection: &mut TcpStream) -> bool {
    let mut reply = [0; 4096];
    let asked = connection.write_all(LIVE);
    asked.is_ok()
        && connection
            .read(&mut reply)
            .is_ok_and(|length| reply[..length].starts_with(b"HTTP/1.1 200"))
}

/// The test waits in real time, for both servers at once.
#[test]
fn idle_connection_is_answered_after_the_head_timeout() {
    thread::scope(|scope| {
        for name in SERVERS {
            scope.spawn(move || {
                let folder = folder();
                let server = Server::of(name, folder.path(), &[]);
                let mut fresh = server.connect();
                let mut used = server.connect();
                assert!(is_answered(&mut used), "{name}");
                thread::sleep(PAUSE);
                assert!(is_answered(&mut used), "{name}: used");
                assert!(is_answered(&mut fresh), "{name}: fresh");
            });
        }
    });
}

#[test]
fn idle_connection_is_closed_after_its_time() {
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[("HALLPASS_KEEP_ALIVE", "1")]);
        let mut fresh = server.connect();
        let mut used = server.connect();
        assert!(is_answered(&mut used), "{name}");
        for connection in [&mut fresh, &mut used] {
            let closed = connection.read(&mut [0; 64]);
            assert!(matches!(closed, Ok(0)), "{name}: {closed:?}");
        }
        assert_eq!(server.get("/health/live").status, 200, "{name}");
    }
}

/// The idle timeout would outlast the test.
#[test]
fn head_on_an_idle_connection_has_the_head_timeout() {
    thread::scope(|scope| {
        for name in SERVERS {
            scope.spawn(move || {
                let folder = folder();
                let server = Server::of(name, folder.path(), &[("HALLPASS_KEEP_ALIVE", "3600")]);
                let mut connection = server.connect();
                assert!(is_answered(&mut connection), "{name}");
                connection.write_all(&LIVE[..10]).unwrap();
                let closed = connection.read(&mut [0; 64]);
                assert!(matches!(closed, Ok(0)), "{name}: {closed:?}");
            });
        }
    });
}
