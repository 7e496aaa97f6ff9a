//! The permissions of roles, behind extractors and guards on both frameworks, and in tokens.

use axum::{Router, routing::get};
use hallpass::{
    Auth, AuthBuilder, ErrorKind,
    guard::{RequiredPermission, WithPermission},
    secret::AccessToken,
    user::{Permission, Role, RolePermissions},
};
use serde_json::json;

use crate::support::app::{App, Server, app_with};

const ANN: &str = "ann@example.org";
const READ: Permission = Permission::from_static("notes:read");
const WRITE: Permission = Permission::from_static("notes:write");
const EDITOR: Role = Role::from_static("editor");

#[derive(Debug)]
struct ReadNotes;

impl RequiredPermission for ReadNotes {
    const PERMISSION: Permission = READ;
}

#[derive(Debug)]
struct WriteNotes;

impl RequiredPermission for WriteNotes {
    const PERMISSION: Permission = WRITE;
}

fn granted(builder: AuthBuilder) -> AuthBuilder {
    builder.role_permissions(
        RolePermissions::new()
            .grant(Role::USER, [READ])
            .grant(EDITOR, [WRITE]),
    )
}

async fn on_axum(auth: &Auth) -> Server {
    use hallpass::axum::RequirePermission;

    let guarded = Router::new()
        .route("/guarded", get(async || "in"))
        .route_layer(RequirePermission::new(auth, WRITE));
    let routes = Router::new()
        .route("/read", get(async |_: WithPermission<ReadNotes>| "in"))
        .route(
            "/write",
            get(async |caller: WithPermission<WriteNotes>| caller.user().email.to_string()),
        )
        .merge(guarded)
        .with_state(auth.clone());
    Server::axum(routes).await
}

fn on_actix(auth: &Auth) -> Server {
    use actix_web::web::{self, Data};
    use hallpass::actix::RequirePermission;

    let auth = auth.clone();
    Server::actix(move |config| {
        let guarded = web::scope("/guarded")
            .wrap(RequirePermission::new(&auth, WRITE))
            .route("", web::get().to(async || "in"));
        config
            .app_data(Data::new(auth.clone()))
            .route(
                "/read",
                web::get().to(async |_: WithPermission<ReadNotes>| "in"),
            )
            .route(
                "/write",
                web::get()
                    .to(async |caller: WithPermission<WriteNotes>| caller.user().email.to_string()),
            )
            .service(guarded);
    })
}

async fn hosts() -> (App, [Server; 2]) {
    let app = app_with(granted).await;
    let servers = [on_axum(&app.auth).await, on_actix(&app.auth)];
    (app, servers)
}

#[tokio::test]
async fn permission_guards_answer_401_without_a_user() {
    let (_app, servers) = hosts().await;
    for server in &servers {
        for path in ["/read", "/write", "/guarded"] {
            let reply = server.client.ask(&format!("GET {path}"), "", b"").await;
            assert_eq!(
                (reply.status, &reply.json()["code"]),
                (401, &json!("unauthenticated"))
            );
            let reply = server.client.get(path, "x").await;
            assert_eq!(reply.json()["code"], "invalid_access_token");
        }
    }
}

#[tokio::test]
async fn permissions_follow_the_roles_in_the_database() {
    let (app, servers) = hosts().await;
    // The last administrator cannot be demoted.
    app.administrator().await;
    let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
    let access = app.login(ANN).await.access;
    for server in &servers {
        for (roles, expected) in [
            ("user", [200, 403, 403]),
            ("editor", [403, 200, 200]),
            ("editor user", [200; 3]),
            // A role has only the permissions that it was granted.
            ("admin", [403; 3]),
            ("", [403; 3]),
        ] {
            app.set_roles(&id, roles).await;
            for (path, expected) in ["/read", "/write", "/guarded"].into_iter().zip(expected) {
                let reply = server.client.get(path, &access).await;
                assert_eq!(reply.status, expected, "{path} as {roles:?}");
                if expected == 403 {
                    assert_eq!(reply.json()["code"], "forbidden");
                }
            }
        }
        app.set_roles(&id, "editor").await;
        assert_eq!(server.client.get("/write", &access).await.text(), ANN);
    }
}

#[tokio::test]
async fn an_application_can_ask_for_itself() {
    let app = app_with(granted).await;
    let roles = "admin editor user".parse().unwrap();
    let all = app.auth.permissions(&roles);
    assert_eq!(all.to_string(), "notes:read notes:write");
    assert!(
        app.auth
            .permissions(&"admin".parse().unwrap())
            .iter()
            .next()
            .is_none()
    );
}

#[tokio::test]
async fn tokens_carry_permissions_only_if_configured() {
    for (written, expected) in [
        (false, None),
        (true, Some(json!(["notes:read", "notes:write"]))),
    ] {
        let app = app_with(|builder| granted(builder).permissions_in_tokens(written)).await;
        let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        app.set_roles(&id, "editor user").await;
        let tokens = app.login(ANN).await;
        let refreshed = app.refresh(&tokens.refresh).await.tokens();
        for access in [tokens.access, refreshed.access] {
            assert_eq!(claims_of(&access).get("permissions"), expected.as_ref());
            let caller = app.auth.verify(&AccessToken::from(access)).unwrap();
            assert_eq!(caller.has_permission(&READ), written);
            assert_eq!(
                caller.permissions().iter().count(),
                if written { 2 } else { 0 }
            );
            assert!(caller.claims().is_empty());
        }
        // The permissions are those of the sign-in, like the roles.
        app.set_roles(&id, "").await;
        let bare = app.login(ANN).await.access;
        let empty = written.then(|| json!([]));
        assert_eq!(claims_of(&bare).get("permissions"), empty.as_ref());
    }
}

#[tokio::test]
async fn more_permissions_than_a_token_holds_stop_the_start() {
    let many = (0..200).map(|index| format!("notes:a-rather-long-name-{index}").parse().unwrap());
    let granted = RolePermissions::new().grant(Role::USER, many.collect::<Vec<_>>());
    let build = |written| {
        Auth::builder()
            .store(hallpass::memory::MemoryStore::new())
            .secrets(hallpass::secret::Secret::generate())
            .public_url("https://id.example.org")
            .mailer(hallpass::mail::Mailbox::new())
            .role_permissions(granted.clone())
            .permissions_in_tokens(written)
            .build()
    };
    assert!(build(false).is_ok());
    assert_eq!(build(true).unwrap_err().kind(), ErrorKind::Configuration);
}

fn claims_of(access: &str) -> serde_json::Value {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    let claims = access.split('.').nth(1).expect("three parts");
    let claims = URL_SAFE_NO_PAD.decode(claims).expect("base64url");
    serde_json::from_slice(&claims).expect("JSON")
}
