//! The client address behind proxies.

use serde_json::Value;

use crate::{
    client::credentials,
    process::{PASSWORD, SERVERS, Server, folder},
};

const ANN: (&str, &str) = ("ann@example.org", PASSWORD);

/// Logs in through a proxy with this header, and returns the client address that the session records.
fn remembered(server: &Server, header: &str) -> Value {
    let body = credentials(ANN.0, ANN.1).to_string();
    let headers = ["content-type: application/json", header];
    let tokens = server.call("POST", "/auth/login", &headers, &body);
    let access = tokens.text("access_token");
    let authorization = format!("authorization: Bearer {access}");
    let sessions = server.call("GET", "/users/me/sessions", &[&authorization], "");
    let sessions = sessions.json();
    let mut sessions = sessions["items"].as_array().unwrap().iter();
    let session = sessions.find(|session| session["current"] == true);
    session.unwrap()["ip"].clone()
}

#[test]
fn forwarded_headers_count_from_configured_proxies() {
    for server in SERVERS {
        for (proxies, client) in [
            (None, "127.0.0.1"),
            (Some(""), "127.0.0.1"),
            (Some("10.0.0.0/8"), "127.0.0.1"),
            (Some("10.0.0.0/8, 127.0.0.1"), "203.0.113.9"),
            (Some("127.0.0.0/8"), "203.0.113.9"),
        ] {
            let folder = folder();
            let settings = proxies.map(|proxies| ("HALLPASS_TRUSTED_PROXIES", proxies));
            let server = Server::of(server, folder.path(), settings.as_slice());
            assert_eq!(server.register(ANN.0, ANN.1).status, 201);
            for header in ["x-forwarded-for: 203.0.113.9", "forwarded: for=203.0.113.9"] {
                assert_eq!(remembered(&server, header), client, "{proxies:?} {header}");
            }
        }
    }
}

#[test]
fn contradictory_headers_are_reported_once() {
    for server in SERVERS {
        let folder = folder();
        let settings = [("HALLPASS_TRUSTED_PROXIES", "127.0.0.1")];
        let server = Server::of(server, folder.path(), &settings);
        assert_eq!(server.register(ANN.0, ANN.1).status, 201);
        for _ in 0..3 {
            let header = "x-forwarded-for: 203.0.113.9\r\nforwarded: for=198.51.100.7";
            assert_eq!(remembered(&server, header), "127.0.0.1");
        }
        let log = server.whole_log();
        let mut lines = log.lines();
        assert!(
            lines.any(|line| line.contains("WARN") && line.contains("name different clients")),
            "{log}"
        );
        assert_eq!(log.matches("name different clients").count(), 1, "{log}");
    }
}
