//! Replies to strangers are short: no endpoint amplifies a request.

use std::sync::Arc;

use hallpass::http::Endpoint;
use serde_json::{Map, Value, json};

use crate::{
    oauth::flow,
    support::{
        app::{App, Framework, Server},
        db::TestStore,
        http::{JSON, Reply, request},
        provider::FakeProvider,
    },
};

const LONGEST: usize = 16 * 1024;

/// Endpoints whose reply is the same for everybody.
const DOCUMENTS: [&str; 3] = ["/.well-known/jwks.json", "/docs", "/openapi.json"];

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// Characters that grow in a reply: to two, six and two bytes.
const SWELLING: [&str; 3] = ["~", "%01", "%22"];

#[tokio::test]
async fn a_reply_to_a_stranger_has_sixteen_kibibytes_at_most() {
    for framework in [Framework::Axum, Framework::Actix] {
        let provider = FakeProvider::start().await;
        let set = |builder| flow::asking(builder, &provider);
        let app = App::start(Arc::new(TestStore::memory()), framework, set).await;
        let endpoints = app.auth.endpoints().with_docs().with_pages();
        let rows: Vec<Endpoint> = endpoints.iter().cloned().collect();
        let server = Server::of(endpoints, framework).await;
        let (mut asked, mut full) = (0, 0);
        for row in &rows {
            for request in requests(row) {
                let reply = server.client.raw(&request).await;
                let length = length(&reply);
                let request = &request[..request.len().min(200)];
                let context = || format!("{framework:?}: {}", String::from_utf8_lossy(request));
                assert!(
                    length <= LONGEST || is_public(row, &reply),
                    "{length}: {}",
                    context()
                );
                assert!(reply.status < 500, "{}: {}", reply.status, context());
                full += usize::from(violations(&reply) == 16);
                asked += 1;
            }
        }
        assert!(asked > 1000 && full > 100, "{asked}, {full}");
    }
}

#[tokio::test]
async fn a_query_of_more_than_64_parameters_is_refused() {
    let provider = FakeProvider::start().await;
    for framework in [Framework::Axum, Framework::Actix] {
        let set = |builder| flow::asking(builder, &provider);
        let app = App::start(Arc::new(TestStore::memory()), framework, set).await;
        let many = |count: usize| {
            let names: Vec<String> = (0..count).map(|index| format!("a{index}")).collect();
            format!("{}&{}", flow::start_path(&[]), names.join("&"))
        };
        // The path already has four parameters.
        let reply = app.ask(&format!("GET {}", many(60)), "", b"").await;
        assert_eq!(violations(&reply.problem(422, "validation_failed")), 16);
        let reply = app.ask(&format!("GET {}", many(61)), "", b"").await;
        reply.violations("validation_failed", &[("", "too_many_parameters")]);
    }
}

#[tokio::test]
async fn an_overlong_name_is_cut_in_the_reply() {
    for framework in [Framework::Axum, Framework::Actix] {
        let app = App::start(Arc::new(TestStore::memory()), framework, |builder| builder).await;
        let name = "a".repeat(1000);
        let reply = app.post("/auth/logout", json!({ &name: 1 })).await;
        let cut = format!("/{}…", "a".repeat(124));
        reply.violations(
            "validation_failed",
            &[("/refresh_token", "required"), (&cut, "unknown_member")],
        );
    }
}

/// Documents and pages have a fixed length.
fn is_public(row: &Endpoint, reply: &Reply) -> bool {
    let kind = reply.header("content-type").unwrap_or_default();
    kind.starts_with("text/html") || reply.status == 200 && DOCUMENTS.contains(&row.path())
}

fn length(reply: &Reply) -> usize {
    let headers = reply.headers.iter();
    let headers: usize = headers
        .map(|(name, value)| name.len() + value.len() + 4)
        .sum();
    headers + reply.body.len()
}

fn violations(reply: &Reply) -> usize {
    let problem = serde_json::from_slice::<Value>(&reply.body).unwrap_or_default();
    problem["errors"].as_array().map_or(0, Vec::len)
}

fn requests(row: &Endpoint) -> Vec<Vec<u8>> {
    let path = row
        .path()
        .replace("{provider}", "idp")
        .replace("{id}", "00000000-0000-7000-8000-000000000000");
    let line = format!("{} {path}", row.method());
    let mut made = Vec::new();
    for query in queries() {
        made.push(request(&format!("{line}?{query}"), "", b""));
        made.push(request(
            &format!("{line}?redirect_to={}&{query}", flow::APP_URL),
            JSON,
            b"{}",
        ));
        let fields = query.as_bytes();
        made.push(request(&line, FORM, &fields[..fields.len().min(LONGEST)]));
    }
    for body in bodies() {
        made.push(request(&line, JSON, body.as_bytes()));
    }
    for headers in headers() {
        made.push(request(&line, &format!("{JSON}{headers}"), b"{\"x\":1}"));
    }
    for segment in SWELLING.map(|swelling| swelling.repeat(5000)) {
        let path = row.path();
        let begins = path.find('{').unwrap_or(path.len());
        let line = format!("{} {}/{segment}", row.method(), &path[..begins]);
        made.push(request(&line, JSON, b"{}"));
    }
    for method in ["HEAD", "PUT", "OPTIONS"] {
        made.push(request(
            &format!("{method} {path}?{}", "a&".repeat(999)),
            "",
            b"",
        ));
    }
    made
}

fn queries() -> Vec<String> {
    let mut queries = vec![
        "a&".repeat(30_000),
        "a=%zz&".repeat(60),
        "limit=0&".repeat(64),
    ];
    let distinct = (0..60).map(|index| format!("a{index}"));
    queries.push(distinct.collect::<Vec<_>>().join("&"));
    for swelling in SWELLING {
        queries.push(swelling.repeat(20_000));
        let name = swelling.repeat(300);
        let names = (0..60).map(|index| format!("{index}{name}"));
        queries.push(names.collect::<Vec<_>>().join("&"));
        queries.push(format!("limit={name}&status={name}&token={name}&state={name}&").repeat(3));
    }
    queries
}

/// Bodies of the maximum size.
fn bodies() -> Vec<String> {
    let mut bodies = Vec::new();
    for swelling in ["~", "\u{1}", "\"", "é"] {
        let room = json!(swelling).to_string().len() - 2;
        let object = |members: usize| {
            let name = swelling.repeat((LONGEST / members).saturating_sub(12) / room);
            let members = (0..members).map(|index| (format!("{index}{name}"), json!(1)));
            json!(Map::from_iter(members)).to_string()
        };
        bodies.extend([1, 2, 16, 40, 300].map(object));
        let known = "email password token new_password refresh_token code display_name";
        let text = swelling.repeat(1500 / room);
        let known = known
            .split(' ')
            .map(|name| (name.to_owned(), json!([text.as_str()])));
        bodies.push(json!(Map::from_iter(known)).to_string());
    }
    let distinct = (0..1500).map(|index| (format!("{index}"), Value::Null));
    bodies.push(json!(Map::from_iter(distinct)).to_string());
    bodies
}

fn headers() -> Vec<String> {
    let long = "x".repeat(8000);
    let names = [
        "Authorization",
        "Cookie",
        "Accept-Language",
        "Origin",
        "User-Agent",
        "X-Forwarded-For",
        "X-Request-Id",
    ];
    let mut headers: Vec<String> = names.map(|name| format!("{name}: {long}\r\n")).into();
    headers.push("Cookie: a=b\r\n".repeat(80));
    headers.push("X-Request-Id: a\r\n".repeat(80));
    headers
}
