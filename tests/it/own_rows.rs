//! A host's own endpoints beside ours have the same replies, refusals and documentation.

use hallpass::{
    ActiveUser, Auth, ErrorKind, Result,
    event::ClientInfo,
    http::{Created, Endpoint, FromMembers, Json, Members, NoContent, Path},
};
use serde::Serialize;
use serde_json::json;

use crate::support::app::{Framework, Server, app_with, apps};

const ANN: &str = "ann@example.org";

#[derive(utoipa::ToSchema)]
struct NoteRequest {
    text: String,
}

impl FromMembers for NoteRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let text = members.text("text");
        Some(Self { text: text? })
    }
}

#[derive(Serialize, utoipa::ToSchema)]
struct NoteView {
    topic: u64,
    author: String,
    text: String,
    has_address: bool,
}

async fn add(
    _auth: Auth,
    caller: ActiveUser,
    Path(topic): Path<u64>,
    client: ClientInfo,
    Json(body): Json<NoteRequest>,
) -> Result<Created<NoteView>> {
    Ok(Created {
        location: format!("/topics/{topic}/notes/1"),
        body: NoteView {
            topic,
            author: caller.user.email.as_str().to_owned(),
            text: body.text,
            has_address: client.ip.is_some(),
        },
    })
}

async fn ask(_: ()) -> Result<NoContent> {
    Ok(NoContent)
}

fn rows(auth: &Auth) -> [Endpoint; 2] {
    let add = Endpoint::post("/topics/{topic}/notes", auth.clone(), add);
    let add = add.tag("Notes").summary("Add a note");
    [add, Endpoint::get("/topics", (), ask)]
}

#[tokio::test]
async fn own_rows_answer_refuse_and_document_themselves_as_ours() {
    for app in apps().await {
        app.settled(ANN).await;
        let access = app.login(ANN).await.access;
        for framework in [Framework::Axum, Framework::Actix] {
            let endpoints = app.auth.endpoints().with_rows(rows(&app.auth)).unwrap();
            let server = Server::of(endpoints.with_docs(), framework).await;
            let bearer = format!("authorization: Bearer {access}\r\n");
            let head_alone = "content-type: application/json\r\n";
            let body = br#"{"text":"hello"}"#;
            let head = format!("{head_alone}{bearer}");
            let call = "POST /topics/7/notes";

            let made = server.client.ask(call, &head, body).await.expect(201);
            assert_eq!(made.header("location"), Some("/topics/7/notes/1"));
            let expected = json!({"topic": 7, "author": ANN, "text": "hello", "has_address": true});
            assert_eq!(made.json(), expected);
            let refused = server.client.ask(call, head_alone, body).await;
            refused.problem(401, "unauthenticated");
            let refused = server.client.ask(call, &head, br#"{"texts":1}"#).await;
            let violations = refused.problem(422, "validation_failed").json()["errors"].clone();
            assert_eq!(violations.as_array().unwrap().len(), 2, "{violations}");
            let nowhere = server.client.ask("POST /topics/x/notes", &head, body).await;
            nowhere.problem(404, "not_found");
            let other = server.client.ask("DELETE /topics", "", b"").await;
            other.problem(405, "method_not_allowed");
            server.client.ask("GET /topics", "", b"").await.expect(204);

            let document = server.client.ask("GET /openapi.json", "", b"").await.json();
            let row = &document["paths"]["/topics/{topic}/notes"]["post"];
            assert_eq!(row["summary"], "Add a note");
            assert!(row["responses"]["401"].is_object(), "{row}");
            assert!(document["components"]["schemas"]["NoteRequest"].is_object());
        }
    }
}

#[tokio::test]
async fn an_own_row_replaces_ours() {
    let app = app_with(|builder| builder).await;
    for framework in [Framework::Axum, Framework::Actix] {
        let own = Endpoint::post("/auth/forgot-password", (), ask);
        let endpoints = app.auth.endpoints().replace(own).unwrap();
        let server = Server::of(endpoints, framework).await;
        let answered = server
            .client
            .ask("POST /auth/forgot-password", "", b"")
            .await;
        answered.expect(204);
        let other = server.client.ask("GET /users/me", "", b"").await;
        other.problem(401, "unauthenticated");
    }
    let nowhere = Endpoint::post("/auth/forgotten", (), ask);
    let error = app.auth.endpoints().replace(nowhere).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn own_rows_give_way_to_documentation_and_pages() {
    let app = app_with(|builder| builder).await;
    for framework in [Framework::Axum, Framework::Actix] {
        let own = ["/docs", "/openapi.json", "/unlock"];
        let own = own.map(|path| Endpoint::get(path, (), ask));
        let endpoints = app.auth.endpoints().with_rows(own).unwrap();
        let server = Server::of(endpoints.with_docs().with_pages(), framework).await;
        // The path shows the page of a dead link instead of the 204 of the host's endpoint.
        let ours = [
            ("/docs", 200),
            ("/openapi.json", 200),
            ("/unlock?token=x", 400),
        ];
        for (path, status) in ours {
            let line = format!("GET {path}");
            server.client.ask(&line, "", b"").await.expect(status);
        }
    }
}

#[tokio::test]
async fn own_rows_that_collide_are_refused() {
    let app = app_with(|builder| builder).await;
    for path in ["/users/me", "/admin/users/{user}", "no-pattern", "/a/{}"] {
        let row = Endpoint::get(path, (), ask);
        let error = app.auth.endpoints().with_rows([row]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{path}");
    }
    let twice = [
        Endpoint::get("/topics", (), ask),
        Endpoint::get("/topics", (), ask),
    ];
    assert!(app.auth.endpoints().with_rows(twice).is_err());
}
