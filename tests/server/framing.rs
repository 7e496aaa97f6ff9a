//! Requests that another server may parse differently (RFC 9112, sections 3.2 and 6.3).

#[path = "../../server/src/axum/framing.rs"]
mod follower;

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::Shutdown,
};

use self::follower::Framing;
use crate::process::{SERVERS, Server, folder};

const LOGOUT: &str = "POST /auth/logout HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n";
const LIVE: &str = "GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n";
const BODY: &str = "{\"refresh_token\":\"x\"}";

/// A body of one chunk, with an extension and a trailer.
fn chunked(head: &str) -> String {
    let length = BODY.len();
    format!("{head}transfer-encoding: chunked\r\n\r\n{length:x};a=b\r\n{BODY}\r\n0\r\nx: y\r\n\r\n")
}

fn sized(head: &str) -> String {
    format!("{head}content-length: {}\r\n\r\n{BODY}", BODY.len())
}

/// The statuses of all replies to these bytes, and whether the server was the first to close the connection.
fn statuses(server: &Server, asked: &str) -> (Vec<u16>, bool) {
    let mut connection = server.connect();
    connection.write_all(asked.as_bytes()).unwrap();
    let mut replies = Vec::new();
    let mut some = [0; 4096];
    let last = "\r\nx-request-id: last\r\n";
    let mut has_closed = false;
    while !String::from_utf8_lossy(&replies).contains(last) {
        match connection.read(&mut some) {
            Ok(length @ 1..) => replies.extend_from_slice(&some[..length]),
            Ok(_) => {
                has_closed = true;
                break;
            }
            // Bytes that were not read are lost with the connection.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                has_closed = true;
                break;
            }
            Err(error) => panic!("{asked:?}: {error}"),
        }
    }
    connection.shutdown(Shutdown::Both).ok();
    let replies = String::from_utf8_lossy(&replies).into_owned();
    let statuses = replies
        .match_indices("HTTP/1.")
        .map(|(at, _)| replies[at + "HTTP/1.1 ".len()..][..3].parse().unwrap());
    (statuses.collect(), has_closed)
}

#[test]
fn ambiguous_request_is_400_and_closes_its_connection() {
    let length = format!("content-length: {}\r\n", BODY.len());
    let encoding = "transfer-encoding: chunked\r\n";
    let cases = [
        "GET /health/live HTTP/1.1\r\n\r\n".to_owned(),
        "GET /health/live HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n".to_owned(),
        "GET /health/live HTTP/1.1\r\nhost: a\r\nHost: b\r\n\r\n".to_owned(),
        "GET /health/live HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n".to_owned(),
        chunked(&format!("{LOGOUT}{length}")),
        chunked(&format!("{LOGOUT}Content-Length : 3\r\n")),
        chunked(&format!("{LOGOUT}content-LENGTH:0\r\n")),
        chunked(&format!("{LOGOUT}{encoding}")),
        chunked(&format!("{LOGOUT}transfer-encoding: gzip\r\n")),
        format!("{LOGOUT}{encoding}{length}\r\n{BODY}"),
        format!("{LOGOUT}{length}{length}\r\n{BODY}"),
        format!("{LOGOUT}transfer-encoding: identity\r\n{length}\r\n{BODY}"),
    ];
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[]);
        for case in &cases {
            let context = format!("{name}: {case:?}");
            assert_eq!(statuses(&server, case), (vec![400], true), "{context}");
            // The case follows valid requests on the same connection.
            let sound = [LIVE, &chunked(LOGOUT), &sized(LOGOUT), LIVE].concat();
            let expected = vec![200, 204, 204, 200, 400];
            let behind = format!("{sound}\r\n{case}{LIVE}");
            assert_eq!(statuses(&server, &behind), (expected, true), "{context}");
        }
    }
}

#[test]
fn unambiguous_requests_keep_their_connection() {
    let last = LIVE.replace("\r\n\r\n", "\r\nx-request-id: last\r\n\r\n");
    // In a body, bytes that look like a head are data.
    let sly = "content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n";
    let sly = format!("{LOGOUT}content-length: {}\r\n\r\n{sly}", sly.len());
    let asked = [
        &chunked(LOGOUT),
        &sized(LOGOUT),
        LIVE,
        &sly,
        &chunked(LOGOUT),
        "GET /health/live HTTP/1.1\r\nhost:\r\n\r\n",
        &sized(LOGOUT),
        &last,
    ];
    let expected = vec![204, 204, 200, 400, 204, 200, 204, 200];
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[]);
        let answered = statuses(&server, &asked.concat());
        assert_eq!(answered, (expected.clone(), false), "{name}");
    }
}

/// The result is the same wherever the bytes are split.
#[test]
fn ambiguous_request_is_found_at_any_read_boundary() {
    let length = "content-length: 5\r\n";
    let cases = [
        (chunked(&format!("{LOGOUT}{length}")), Some(0)),
        (
            format!("{LIVE}{}", chunked(&format!("{LOGOUT}{length}"))),
            Some(1),
        ),
        (
            format!(
                "{}{}{LOGOUT}{length}{length}\r\n",
                chunked(LOGOUT),
                sized(LOGOUT)
            ),
            Some(2),
        ),
        (format!("\r\n\n{LIVE}{}{LIVE}", chunked(LOGOUT)), None),
        (
            format!("{LIVE}GET / HTTP/1.1\nhost: a\n{length}\nabcde{LIVE}"),
            None,
        ),
        (
            format!("{LOGOUT}content-length:{}5\r\n\r\nabcde", " ".repeat(80)),
            Some(0),
        ),
    ];
    for (bytes, expected) in cases {
        for first in 0..bytes.len() {
            let (one, two) = bytes.as_bytes().split_at(first);
            for piece in [1, 7, bytes.len()] {
                let mut framing = Framing::default();
                framing.follow(one);
                two.chunks(piece).for_each(|some| framing.follow(some));
                assert_eq!(framing.ambiguous(), expected, "{bytes:?} {first} {piece}");
                assert!(!framing.head_has_begun(), "{bytes:?} {first} {piece}");
            }
        }
    }
}

#[test]
fn a_head_is_in_progress_from_its_first_byte_to_its_last() {
    let mut framing = Framing::default();
    let asked = sized(LOGOUT);
    for round in 0..2 {
        framing.follow(b"\r\n");
        assert!(!framing.head_has_begun(), "{round}");
        let head = asked.find("\r\n\r\n").unwrap() + 4;
        for (at, byte) in asked.bytes().enumerate() {
            framing.follow(&[byte]);
            assert_eq!(framing.head_has_begun(), at + 1 < head, "{round}: {at}");
        }
    }
}
