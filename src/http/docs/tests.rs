use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;

use super::{Contract, FILES, PAGE, START, with_docs};
use crate::{
    error::Result,
    http::{ClientAddress, Response, sample},
};

async fn ask(method: &str, path: &str) -> Response {
    let endpoints = with_docs(sample::endpoints());
    let resources =
        sample::contract(endpoints, ClientAddress::unknown()).expect("the contract is valid");
    let request = ::http::Request::builder().method(method).uri(path);
    let (head, ()) = request.body(()).expect("the request is valid").into_parts();
    let resource = resources.iter().find(|resource| resource.matches(path));
    let resource = resource.expect("the path is known");
    resource
        .serve(head, None, stream::empty::<Result<Bytes, Infallible>>())
        .await
}

#[tokio::test]
async fn the_document_describes_itself_and_the_page() {
    let reply = ask("GET", "/openapi.json").await;
    assert_eq!(reply.headers()["content-type"], "application/json");
    assert_eq!(reply.headers()["cache-control"], "public, max-age=300");
    let document: Value = serde_json::from_slice(reply.body()).expect("the document is JSON");
    for path in ["/openapi.json", "/docs", "/docs/{file}", "/notes/{id}"] {
        assert!(document["paths"].get(path).is_some(), "{path}");
    }
}

#[tokio::test]
async fn the_document_is_built_once_on_the_first_request() {
    let contract = Contract::of(sample::endpoints());
    assert!(!contract.0.json.initialized());
    let (first, second) = (contract.json().await, contract.clone().json().await);
    let (first, second) = (first.expect("written"), second.expect("kept"));
    assert!(!first.is_empty());
    assert_eq!(first.as_ptr(), second.as_ptr());
}

#[tokio::test]
async fn the_page_loads_only_files_that_are_served_below_it() {
    let page = ask("GET", "/docs").await;
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .expect("text");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
    assert!(!policy.contains("unsafe"));

    let links = PAGE
        .split(['"', '\''])
        .filter(|part| part.starts_with("docs/"));
    let links: Vec<&str> = links.collect();
    assert_eq!(links.len(), FILES.len());
    for link in links {
        let reply = ask("GET", &format!("/{link}")).await;
        assert_eq!(reply.status(), 200, "{link}");
        assert!(!reply.body().is_empty(), "{link}");
        let head = ask("HEAD", &format!("/{link}")).await;
        assert_eq!(
            head.headers()["content-length"],
            reply.body().len().to_string().as_str()
        );
    }
    for text in [PAGE, START] {
        assert!(!text.contains("//cdn") && !text.contains("http:") && !text.contains("https:"));
    }
}

#[tokio::test]
async fn no_other_file_is_served() {
    for file in [
        "swagger-initializer.js",
        "index.html",
        "..%2FCargo.toml",
        "x",
    ] {
        let reply = ask("GET", &format!("/docs/{file}")).await;
        assert_eq!(reply.status(), 404, "{file}");
    }
}
