use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;

use super::{Contract, with_docs};
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

async fn page() -> String {
    let reply = ask("GET", "/docs").await;
    String::from_utf8(reply.body().to_vec()).expect("text")
}

#[tokio::test]
async fn the_documents_describe_themselves() {
    let reply = ask("GET", "/openapi.json").await;
    assert_eq!(reply.headers()["content-type"], "application/json");
    assert_eq!(reply.headers()["cache-control"], "public, max-age=300");
    let document: Value = serde_json::from_slice(reply.body()).expect("the document is JSON");
    let page = page().await;
    for path in ["/openapi.json", "/docs", "/notes/{id}"] {
        assert!(document["paths"].get(path).is_some(), "{path}");
        assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
    }
}

#[tokio::test]
async fn the_documents_are_built_once_on_the_first_request() {
    let contract = Contract::of(sample::endpoints());
    assert!(!contract.0.documents.initialized());
    let (first, again) = (contract.clone(), contract);
    let (first, again) = (first.documents().await, again.documents().await);
    let (first, again) = (first.expect("written"), again.expect("kept"));
    assert!(std::ptr::eq(first, again));
}

#[tokio::test]
async fn the_page_loads_nothing() {
    let reply = ask("GET", "/docs").await;
    assert_eq!(reply.headers()["content-type"], "text/html; charset=utf-8");
    let policy = reply.headers()["content-security-policy"].to_str();
    let policy = policy.expect("text");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
    assert!(policy.contains("; script-src 'sha256-") && !policy.contains("unsafe"));
    let page = page().await;
    for word in ["src=", "url(", "@import", "<link", "//"] {
        assert!(!page.contains(word), "{word}");
    }
    let head = ask("HEAD", "/docs").await;
    let length = page.len().to_string();
    assert_eq!(head.headers()["content-length"], length.as_str());
}

/// The host's own endpoints follow the built-in ones, grouped by tag. Endpoints without a tag come last.
#[tokio::test]
async fn rows_are_in_groups_by_tag() {
    let page = page().await;
    let at = |text: &str| {
        page.find(text)
            .unwrap_or_else(|| panic!("no {text}: {page}"))
    };
    let groups = ["service", "notes", "other"].map(|name| at(&format!("<h2 id=task-{name}>")));
    assert!(groups.is_sorted(), "{groups:?}");
    assert!(at("<details id=get_docs>") < groups[1]);
    assert!((groups[1]..groups[2]).contains(&at("<details id=get_notes_id>")));
    assert!(at("<details id=post_ping>") > groups[2]);
    // The contract has no sign-in, so the page does not request a password.
    assert!(!page.contains("type=password"));
}

#[tokio::test]
async fn an_entry_has_its_request_its_replies_and_a_command() {
    let page = page().await;
    let entry = |id: &str| {
        let start = page.find(&format!("<details id={id}>")).expect("an entry");
        let entry = &page[start..];
        entry[..entry.find("</details>").expect("an end")].to_owned()
    };
    let post = entry("post_notes");
    for part in [
        "<p class=token>Takes a token.",
        "<li><b>text</b>: string. The text of the note.",
        "<li><b>times</b>: integer",
        "<i>optional</i>. How often.",
        "<b>201</b> <a href=\"#Note\">Note</a><br>Errors: <a href=#email_taken>email_taken</a><pre>",
        "<pre>curl \"$URL/notes\" -H \"$AUTH\" -H \"$JSON\" -d '{\"text\": \"&lt;text>\"}'</pre>",
    ] {
        assert!(post.contains(part), "{part}: {post}");
    }
    let list = entry("get_notes");
    let limit =
        "<li class=query><b>limit</b>: integer, from 1, up to 200, default 50, <i>optional</i>";
    assert!(list.contains(limit), "{list}");
    let remove = entry("delete_notes_id");
    let command = "curl -X DELETE \"$URL/notes/&lt;id>\" -H \"$AUTH\"</pre>";
    assert!(remove.contains(command), "{remove}");
}
