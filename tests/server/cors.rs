//! Calls of browsers from another origin.

use crate::{
    client::Reply,
    process::{SERVERS, Server, folder},
};

/// The headers that applications send.
const SENT: [&str; 7] = [
    "authorization",
    "content-type",
    "x-request-id",
    "traceparent",
    "tracestate",
    "baggage",
    "sentry-trace",
];

const APP: &str = "origin: https://app.example.org";
const EVIL: &str = "origin: https://evil.example.org";
const WANTS_PATCH: &str = "access-control-request-method: PATCH";
const WANTS_TOKEN: &str = "access-control-request-headers: authorization";

#[test]
fn only_listed_origins_may_call() {
    for name in SERVERS {
        let folder = folder();
        let origins = "https://app.example.org, http://localhost:5173";
        let server = Server::of(name, folder.path(), &[("HALLPASS_CORS_ORIGINS", origins)]);
        let preflight = |origin: &str, method: &str| {
            let headers = [
                format!("origin: {origin}"),
                format!("access-control-request-method: {method}"),
                format!("access-control-request-headers: {}", SENT.join(",")),
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
                for sent in SENT {
                    allowed("access-control-allow-headers", sent);
                }
                allowed("access-control-allow-credentials", "true");
                assert!(reply.header("access-control-max-age").is_some(), "{name}");
                assert!(reply.header("x-request-id").is_some(), "{name}: {reply:?}");
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
    }
}

/// The status and the CORS headers.
fn shown(reply: &Reply) -> (u16, Vec<(&str, Option<&str>)>) {
    let names = [
        "access-control-allow-credentials",
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-allow-origin",
        "access-control-expose-headers",
        "access-control-max-age",
        "allow",
        "vary",
    ];
    let headers = names.map(|name| (name, reply.header(name)));
    (reply.status, headers.into())
}

#[test]
fn preflights_and_calls_have_the_same_headers_on_both_servers() {
    let folders = SERVERS.map(|_| folder());
    for origins in [None, Some("https://app.example.org")] {
        let settings = origins.map(|origins| ("HALLPASS_CORS_ORIGINS", origins));
        let servers =
            [0, 1].map(|at| Server::of(SERVERS[at], folders[at].path(), settings.as_slice()));
        for origin in [APP, EVIL, "origin: null", "x-request-id: none"] {
            for method in ["OPTIONS", "GET", "PATCH", "POST"] {
                for path in ["/users/me", "/health/live", "/nope"] {
                    for asked in [&[origin][..], &[origin, WANTS_PATCH, WANTS_TOKEN]] {
                        let [axum, actix] = servers
                            .each_ref()
                            .map(|server| server.call(method, path, asked, ""));
                        let context = format!("{origins:?} {asked:?} {method} {path}");
                        assert_eq!(shown(&axum), shown(&actix), "{context}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_preflight_without_configured_origins_is_a_plain_options() {
    for name in SERVERS {
        let folder = folder();
        let server = Server::of(name, folder.path(), &[]);
        let preflight = [APP, WANTS_PATCH, WANTS_TOKEN];
        let reply = server.call("OPTIONS", "/users/me", &preflight, "");
        let (status, headers) = shown(&reply);
        let given: Vec<_> = headers
            .into_iter()
            .filter(|(_, value)| value.is_some())
            .collect();
        let allow = [("allow", Some("GET, HEAD, PATCH, DELETE"))];
        assert_eq!((status, given.as_slice()), (405, &allow[..]), "{name}");
        assert_eq!(reply.text("code"), "method_not_allowed", "{name}");
        let reply = server.call("GET", "/health/live", &[APP], "");
        let (status, headers) = shown(&reply);
        assert!(
            headers.iter().all(|(_, value)| value.is_none()),
            "{name}: {headers:?}"
        );
        assert_eq!(status, 200, "{name}");
    }
}

#[test]
fn a_cross_origin_call_without_a_token_is_unauthenticated() {
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
fn an_options_call_without_preflight_headers_is_plain() {
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
