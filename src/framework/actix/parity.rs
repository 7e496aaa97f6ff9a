//! Sends the same bytes to both frameworks' servers over real connections. The replies must be the same, except
//! for each server's own `content-length`, `date` and `connection`.

mod exchange;

use self::exchange::{Reply, Servers};
use crate::{error::ErrorKind, http::Problem};

const JSON: &str = "Content-Type: application/json\r\n";
const GOOD: &str = "Authorization: Bearer good\r\n";

/// A request with a body of known length.
fn sized(line: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: t\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A request without a body.
fn bare(line: &str, headers: &str) -> Vec<u8> {
    let head = format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
    head.into_bytes()
}

fn chunked(line: &str, headers: &str, chunk: usize, count: usize) -> Vec<u8> {
    let head = format!(
        "{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: t\r\n{headers}Transfer-Encoding: chunked\r\n\r\n"
    );
    let chunk = format!("{chunk:x}\r\n{}\r\n", "a".repeat(chunk));
    [head, chunk.repeat(count), "0\r\n\r\n".to_owned()]
        .concat()
        .into_bytes()
}

/// Sends the request to both servers and checks that their replies are equal.
async fn both(servers: &Servers, request: &[u8]) -> Reply {
    let axum = servers.ask_axum(request).await;
    let actix = servers.ask_actix(request).await;
    let shown = String::from_utf8_lossy(&request[..request.len().min(200)]).into_owned();
    assert_eq!(axum, actix, "{shown}");
    axum
}

async fn codes(servers: &Servers, cases: &[(Vec<u8>, u16, &str)]) {
    for (request, status, code) in cases {
        let reply = both(servers, request).await;
        let shown = String::from_utf8_lossy(&request[..request.len().min(200)]).into_owned();
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (*status, *code),
            "{shown}"
        );
        assert_eq!(reply.header("x-request-id"), Some("t"), "{shown}");
        if !code.is_empty() {
            assert_eq!(
                reply.header("content-type"),
                Some("application/problem+json")
            );
            assert_eq!(reply.header("cache-control"), Some("no-store"));
        }
    }
}

#[actix_web::test]
async fn bodies_are_judged_alike() {
    let servers = Servers::start().await;
    let post = |headers: &str, body: &[u8]| sized("PATCH /notes", headers, body);
    let deep = format!("{{\"text\":{}{}}}", "[".repeat(1000), "]".repeat(1000));
    let limit = format!("{{\"text\":\"{}\"}}", "a".repeat(16 * 1024 - 11));
    let cases = [
        (post(JSON, br#"{"text":"a"}"#), 200, ""),
        (
            post(
                "content-TYPE: Application/JSON; charset=UTF-8\r\n",
                br#"{"text":"a"}"#,
            ),
            200,
            "",
        ),
        (post(JSON, limit.as_bytes()), 200, ""),
        (
            post(JSON, format!("{limit} ").as_bytes()),
            413,
            "body_too_large",
        ),
        (post(JSON, &vec![b'a'; 10_000_000]), 413, "body_too_large"),
        (post("", br#"{"text":"a"}"#), 415, "unsupported_media_type"),
        (
            post("Content-Type: text/plain\r\n", &vec![b'a'; 20_000]),
            415,
            "unsupported_media_type",
        ),
        (
            post(&JSON.repeat(2), br#"{"text":"a"}"#),
            415,
            "unsupported_media_type",
        ),
        (post(JSON, b""), 400, "malformed_body"),
        (post(JSON, b"[]"), 400, "malformed_body"),
        (post(JSON, b"{\"text\":\"\xff\"}"), 400, "malformed_body"),
        (post(JSON, br#"{"text":"\ud800"}"#), 400, "malformed_body"),
        (
            post(JSON, br#"{"text":"a","text":"b"}"#),
            400,
            "malformed_body",
        ),
        (post(JSON, br#"{"text":"a"} x"#), 400, "malformed_body"),
        (post(JSON, deep.as_bytes()), 400, "malformed_body"),
        (post(JSON, br#"{"text":null}"#), 422, "validation_failed"),
        (
            post(JSON, br#"{"text":"\u0000"}"#),
            422,
            "validation_failed",
        ),
        (
            post(JSON, br#"{"text":"a","roles":["admin"]}"#),
            422,
            "validation_failed",
        ),
        (
            chunked("PATCH /notes", JSON, 1000, 30),
            413,
            "body_too_large",
        ),
        (
            chunked("PATCH /notes", JSON, 64 * 1024, 100),
            413,
            "body_too_large",
        ),
        (sized("POST /ping", "", &vec![b'a'; 1_000_000]), 202, ""),
    ];
    codes(&servers, &cases).await;
}

#[actix_web::test]
async fn callers_are_judged_alike_and_before_bodies() {
    let servers = Servers::start().await;
    let post = |headers: &str| sized("POST /notes", headers, b"no json");
    let cases = [
        (post(""), 401, "unauthenticated"),
        (
            post("Authorization: Basic eDp5\r\n"),
            401,
            "unauthenticated",
        ),
        (
            post("Authorization: Bearer bad\r\n"),
            401,
            "invalid_access_token",
        ),
        (
            post("Authorization: Bearer \r\n"),
            401,
            "invalid_access_token",
        ),
        (post(&GOOD.repeat(2)), 401, "invalid_access_token"),
        (post(GOOD), 415, "unsupported_media_type"),
        (post(&format!("{GOOD}{JSON}")), 400, "malformed_body"),
    ];
    codes(&servers, &cases).await;

    let silent = both(&servers, &post("")).await;
    assert_eq!(silent.header("www-authenticate"), Some("Bearer"));
    let wrong = both(&servers, &post("Authorization: bearer x\r\n")).await;
    assert_eq!(
        wrong.header("www-authenticate"),
        Some(r#"Bearer error="invalid_token""#)
    );
    let invalid_utf8 = [
        b"POST /notes HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: t\r\n" as &[u8],
        b"Authorization: Bearer \xff\xfe\r\nUser-Agent: \xff\r\nContent-Length: 0\r\n\r\n",
    ]
    .concat();
    assert_eq!(
        both(&servers, &invalid_utf8).await.code(),
        "invalid_access_token"
    );

    let created = both(
        &servers,
        &sized("POST /notes", &format!("{GOOD}{JSON}"), br#"{"text":"a"}"#),
    )
    .await;
    assert_eq!(
        (created.status, created.header("location")),
        (201, Some("/notes/1"))
    );
    assert_eq!(created.header("cache-control"), Some("no-store"));
    let taken = sized(
        "POST /notes",
        &format!("{GOOD}{JSON}"),
        br#"{"text":"taken"}"#,
    );
    assert_eq!(both(&servers, &taken).await.code(), "email_taken");
}

#[actix_web::test]
async fn paths_and_queries_are_read_alike() {
    let servers = Servers::start().await;
    let get = |path: &str| sized(&format!("GET {path}"), "", b"");
    let cases = [
        (get("/notes/%zz"), 404, "not_found"),
        (get("/notes/%ff"), 404, "not_found"),
        (get("/notes/%00"), 404, "not_found"),
        (get("/notes/a%0Ab"), 404, "not_found"),
        (get("/notes/"), 404, "not_found"),
        (get("/n%6Ftes"), 404, "not_found"),
        (get("/notes/latest/"), 404, "not_found"),
        (get("//notes/latest"), 404, "not_found"),
        (get("/nothing"), 404, "not_found"),
        (sized("DELETE /notes/x", GOOD, b""), 404, "not_found"),
        (sized("DELETE /notes/7", GOOD, b""), 204, ""),
        (get("/notes?limit=0"), 422, "validation_failed"),
        (get("/notes?limit=1&limit=2"), 422, "validation_failed"),
        (get("/notes?limit=%zz"), 422, "validation_failed"),
        (get("/notes?prefix=%ff"), 422, "validation_failed"),
        (get("/notes?prefix=%00"), 422, "validation_failed"),
        (get("/notes?other=1"), 422, "validation_failed"),
    ];
    codes(&servers, &cases).await;

    for (path, text) in [
        ("/notes/a%2Fb%25+c%C3%A9", "a/b%+cé"),
        ("/notes/%3Fq%23", "?q#"),
        ("/notes/l%61test", "latest"),
        ("/notes/latest", "the latest"),
        ("/api/v1/notes/a%2Fb", "a/b"),
        ("/api/v1/notes/latest", "the latest"),
        ("/notes?prefix=a+b%2B%25&limit=200", "a b+%"),
        ("http://elsewhere/notes/x?y", "x"),
        ("/client", "127.0.0.1"),
    ] {
        let reply = both(&servers, &get(path)).await;
        assert_eq!(
            (reply.status, reply.json()["text"].as_str()),
            (200, Some(text)),
            "{path}"
        );
    }
    let limit = both(&servers, &get("/notes?limit=%zz")).await;
    assert_eq!(limit.json()["errors"][0]["pointer"], "/limit");
}

#[actix_web::test]
async fn methods_are_chosen_alike() {
    let servers = Servers::start().await;
    for (line, allow) in [
        ("DELETE /notes", "GET, HEAD, POST, PATCH"),
        ("OPTIONS /notes", "GET, HEAD, POST, PATCH"),
        ("PUT /api/v1/ping", "POST"),
        ("HEAD /ping", "POST"),
        ("BREW /ping", "POST"),
        ("get /document", "GET, HEAD"),
    ] {
        let reply = both(&servers, &sized(line, "", b"")).await;
        assert_eq!(
            (reply.status, reply.header("allow")),
            (405, Some(allow)),
            "{line}"
        );
    }
    for path in [
        "/notes/latest",
        "/document",
        "/notes/%zz",
        "/panic",
        "/api/v1/notes/x",
    ] {
        let get = both(&servers, &sized(&format!("GET {path}"), "", b"")).await;
        let head = both(&servers, &sized(&format!("HEAD {path}"), "", b"")).await;
        assert_eq!(
            (get.status, &get.headers),
            (head.status, &head.headers),
            "{path}"
        );
        assert_eq!(head.body, b"", "{path}");
        assert_eq!(get.lengths(), head.lengths(), "{path}");
    }
}

#[actix_web::test]
async fn the_servers_survive_alike() {
    let servers = Servers::start().await;
    let cases = [
        (sized("GET /panic", "", b""), 500, "internal"),
        (sized("GET /broken", "", b""), 500, "internal"),
        (sized("GET /slow", "", b""), 503, "unavailable"),
        (sized("GET /notes/latest", "", b""), 200, ""),
    ];
    codes(&servers, &cases).await;
    let slow = both(&servers, &sized("GET /slow", "", b"")).await;
    assert_eq!(slow.header("retry-after"), Some("1"));

    // The body is announced but never arrives.
    let stalled = b"PATCH /notes HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: t\r\n\
        Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
    assert_eq!(both(&servers, stalled).await.code(), "unavailable");
}

#[actix_web::test]
async fn request_ids_are_taken_over_or_made() {
    let servers = Servers::start().await;
    let id = |headers: &str| bare("GET /document", headers);
    let kept = both(&servers, &id("X-Request-ID: aZ9._-\r\n")).await;
    assert_eq!(kept.header("x-request-id"), Some("aZ9._-"));
    let too_long = format!("X-Request-Id: {}\r\n", "a".repeat(129));
    for headers in [
        "",
        "X-Request-Id: a b\r\n",
        "X-Request-Id: a\r\nX-Request-Id: a\r\n",
        &too_long,
    ] {
        for reply in [
            servers.ask_axum(&id(headers)).await,
            servers.ask_actix(&id(headers)).await,
        ] {
            let made = reply.header("x-request-id").unwrap_or_default();
            assert!(uuid::Uuid::try_parse(made).is_ok(), "{headers}");
        }
    }
}

/// Each server must itself refuse input that is not HTTP, with a 4xx status.
#[actix_web::test]
async fn raw_bytes_in_the_path_are_refused_by_both_servers() {
    let servers = Servers::start().await;
    let request = b"GET /notes/\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    for reply in [
        servers.ask_axum(request).await,
        servers.ask_actix(request).await,
    ] {
        assert!((400..500).contains(&reply.status), "{}", reply.status);
    }
}

/// Checks how the extractors on a host's own routes refuse a request.
#[actix_web::test]
async fn rejections_look_alike_in_routes_of_the_host() {
    use ::axum::{body::to_bytes as read_axum, response::IntoResponse as _};
    use actix_web::{ResponseError as _, body::to_bytes as read_actix};

    let problem = || Problem::from(ErrorKind::InvalidAccessToken);
    let axum = problem().into_response();
    let actix = problem().error_response();
    assert_eq!(axum.status().as_u16(), actix.status().as_u16());
    assert_eq!(axum.headers().len(), actix.headers().len());
    for (name, value) in axum.headers() {
        let other = actix.headers().get(name.as_str()).expect("both have it");
        assert_eq!(value.as_bytes(), other.as_bytes());
    }
    let axum = read_axum(axum.into_body(), usize::MAX)
        .await
        .expect("the body is there");
    let actix = read_actix(actix.into_body())
        .await
        .expect("the body is there");
    assert_eq!(axum, actix);
}
