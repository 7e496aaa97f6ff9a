use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;

use super::{Resource, not_found};
use crate::{
    error::{ErrorKind, Result},
    http::{ClientAddress, Endpoint, NoContent, Response, sample},
};

fn resource(path: &str) -> Arc<Resource> {
    let resources = sample::resources(ClientAddress::unknown());
    let found = resources.iter().find(|resource| resource.path() == path);
    Arc::clone(found.expect("the sample has the path"))
}

async fn ask(path: &str, method: &str, raw_path: &str) -> Response {
    let request = ::http::Request::builder().method(method).uri(raw_path);
    let (head, ()) = request.body(()).expect("the request is valid").into_parts();
    let body = stream::empty::<Result<Bytes, Infallible>>();
    resource(path).serve(head, None, body).await
}

fn code(response: &Response) -> String {
    let body: Value = serde_json::from_slice(response.body()).expect("the body is JSON");
    body["code"].as_str().unwrap_or_default().to_owned()
}

async fn nothing(_: ()) -> Result<NoContent> {
    Ok(NoContent)
}

#[test]
fn contracts_that_contradict_themselves_are_refused() {
    let refused = [
        vec![
            Endpoint::get("/a", (), nothing),
            Endpoint::get("/a", (), nothing),
        ],
        vec![
            Endpoint::get("/a/{x}", (), nothing),
            Endpoint::post("/a/{y}", (), nothing),
        ],
        vec![Endpoint::get("a", (), nothing)],
    ];
    for endpoints in refused {
        let error = sample::contract(endpoints, ClientAddress::unknown())
            .expect_err("the contract is refused");
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
}

#[tokio::test]
async fn head_has_the_head_of_get_and_no_body() {
    let get = ask("/notes/latest", "GET", "/notes/latest").await;
    let head = ask("/notes/latest", "HEAD", "/notes/latest").await;
    assert_eq!((head.status().as_u16(), head.body().len()), (200, 0));
    let length = get.body().len().to_string();
    assert_eq!(head.headers()["content-length"], length.as_str());
    assert_eq!(
        head.headers()["content-type"],
        get.headers()["content-type"]
    );
}

#[tokio::test]
async fn a_method_without_a_row_is_405_with_allow() {
    let cases = [
        ("/notes", "DELETE", "GET, HEAD, POST, PATCH"),
        ("/notes/{id}", "OPTIONS", "GET, HEAD, DELETE"),
        ("/ping", "HEAD", "POST"),
        ("/ping", "BREW", "POST"),
    ];
    for (path, method, allow) in cases {
        let response = ask(path, method, &path.replace("{id}", "1")).await;
        assert_eq!(response.status(), 405, "{method} {path}");
        assert_eq!(response.headers()["allow"], allow);
    }
}

#[tokio::test]
async fn a_panic_is_a_500_without_details() {
    let response = ask("/panic", "GET", "/panic").await;
    assert_eq!(
        (response.status().as_u16(), code(&response).as_str()),
        (500, "internal")
    );
    assert_eq!(
        response.body(),
        ask("/broken", "GET", "/broken").await.body()
    );
    assert!(response.headers().contains_key("x-request-id"));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_is_given_up() {
    let response = ask("/slow", "GET", "/slow").await;
    assert_eq!(
        (response.status().as_u16(), code(&response).as_str()),
        (503, "unavailable")
    );
    assert_eq!(response.headers()["retry-after"], "1");
    assert!(response.headers().contains_key("x-request-id"));
}

#[tokio::test]
async fn a_parameter_that_cannot_be_decoded_is_not_found() {
    for raw in ["/notes/%zz", "/notes/%ff", "/notes/%00"] {
        let response = ask("/notes/{id}", "GET", raw).await;
        assert_eq!(
            (response.status().as_u16(), code(&response).as_str()),
            (404, "not_found")
        );
    }
}

#[test]
fn the_neutral_404_keeps_the_request_id() {
    let mut headers = ::http::HeaderMap::new();
    headers.insert("x-request-id", ::http::HeaderValue::from_static("abc"));
    let get = not_found(&::http::Method::GET, &headers);
    assert_eq!(
        (get.status().as_u16(), code(&get).as_str()),
        (404, "not_found")
    );
    assert_eq!(get.headers()["x-request-id"], "abc");
    assert!(not_found(&::http::Method::HEAD, &headers).body().is_empty());
}
