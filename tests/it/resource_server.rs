//! A resource server on both frameworks, which fetches the keys of a hallpass server on loopback over HTTP.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use axum::{Router, extract::FromRef, http::StatusCode, response::Redirect, routing::get};
use hallpass::{
    Auth, AuthBuilder, CurrentUser, Secrets,
    axum::VerifyTokens,
    error::BoxError,
    guard::{ClaimedPermission, ClaimedRole, RequiredPermission},
    secret::Secret,
    user::{Permission, Role, RolePermissions},
    verifier::{FetchJwks, HttpJwks, KeySource, Verifier},
};
use serde_json::json;

use crate::support::{
    app::{App, PUBLIC_URL, Server, app_with},
    http::Client,
};

const ANN: &str = "ann@example.org";
const READ: Permission = Permission::from_static("notes:read");

#[derive(Debug)]
struct ReadNotes;

impl RequiredPermission for ReadNotes {
    const PERMISSION: Permission = READ;
}

/// The host's own state, without an `Auth`.
#[derive(Clone)]
struct Host(Verifier);

impl VerifyTokens for Host {
    fn verifier(&self) -> Verifier {
        self.0.clone()
    }
}

/// The host's own state, with an `Auth`.
#[derive(Clone, FromRef)]
struct AuthHost {
    auth: Auth,
}

fn issuer(builder: AuthBuilder) -> AuthBuilder {
    builder
        .role_permissions(RolePermissions::new().grant(Role::from_static("reader"), [READ]))
        .permissions_in_tokens(true)
}

async fn on_axum<S>(state: S, verifier: &Verifier) -> Server
where
    S: VerifyTokens + Clone + Send + Sync + 'static,
{
    use hallpass::axum::{RequirePermission, RequireRole};

    let role = Router::new()
        .route("/guarded/role", get(async || "in"))
        .route_layer(RequireRole::claimed(verifier, Role::ADMIN));
    let permission = Router::new()
        .route("/guarded/permission", get(async || "in"))
        .route_layer(RequirePermission::claimed(verifier, READ));
    let routes = Router::new()
        .route("/public", get(async || "in"))
        .route(
            "/user",
            get(async |user: CurrentUser| user.id().to_string()),
        )
        .route(
            "/role",
            get(async |admin: ClaimedRole<hallpass::guard::Admin>| admin.caller.id().to_string()),
        )
        .route(
            "/permission",
            get(async |reader: ClaimedPermission<ReadNotes>| reader.caller.id().to_string()),
        )
        .merge(role)
        .merge(permission)
        .with_state(state);
    Server::axum(routes).await
}

fn on_actix<T: 'static + Clone + Send + Sync>(data: T, verifier: &Verifier) -> Server {
    use actix_web::web::{self, Data};
    use hallpass::actix::{RequirePermission, RequireRole};

    let verifier = verifier.clone();
    Server::actix(move |config| {
        let role = web::scope("/guarded/role")
            .wrap(RequireRole::claimed(&verifier, Role::ADMIN))
            .route("", web::get().to(async || "in"));
        let permission = web::scope("/guarded/permission")
            .wrap(RequirePermission::claimed(&verifier, READ))
            .route("", web::get().to(async || "in"));
        config
            .app_data(Data::new(data))
            .route("/public", web::get().to(async || "in"))
            .route(
                "/user",
                web::get().to(async |user: CurrentUser| user.id().to_string()),
            )
            .route(
                "/role",
                web::get().to(async |admin: ClaimedRole<hallpass::guard::Admin>| {
                    admin.caller.id().to_string()
                }),
            )
            .route(
                "/permission",
                web::get().to(async |reader: ClaimedPermission<ReadNotes>| {
                    reader.caller.id().to_string()
                }),
            )
            .service(role)
            .service(permission);
    })
}

/// A host for every way to hold a verifier.
async fn hosts(auth: &Auth, verifier: &Verifier) -> [Server; 6] {
    let own = auth.verifier();
    let auth_host = AuthHost { auth: auth.clone() };
    [
        on_axum(verifier.clone(), verifier).await,
        on_axum(Host(verifier.clone()), verifier).await,
        on_axum(auth_host, &own).await,
        on_axum(auth.clone(), &own).await,
        on_actix(verifier.clone(), verifier),
        on_actix(auth.clone(), &own),
    ]
}

/// A client of a server that moves.
#[derive(Clone, Debug)]
struct Moving {
    jwks: Arc<Mutex<HttpJwks>>,
    fetches: Arc<Mutex<usize>>,
}

impl Moving {
    fn to(app: &App) -> Self {
        Self {
            jwks: Arc::new(Mutex::new(jwks(app, "/.well-known/jwks.json"))),
            fetches: Arc::default(),
        }
    }

    fn moves(&self, app: &App) {
        *self.jwks.lock().unwrap() = jwks(app, "/.well-known/jwks.json");
    }

    fn fetches(&self) -> usize {
        *self.fetches.lock().unwrap()
    }

    fn verifier(&self, app: &App) -> Verifier {
        Verifier::builder(KeySource::remote(self.clone()))
            .issuer(PUBLIC_URL)
            .clock(app.clock.clone())
            .build()
            .unwrap()
    }
}

#[async_trait]
impl FetchJwks for Moving {
    async fn fetch(&self) -> Result<Vec<u8>, BoxError> {
        *self.fetches.lock().unwrap() += 1;
        let jwks = self.jwks.lock().unwrap().clone();
        jwks.fetch().await
    }
}

fn jwks(client: &Client, path: &str) -> HttpJwks {
    HttpJwks::new(&format!("http://{}{path}", client.0)).unwrap()
}

const GUARDED: [&str; 5] = [
    "/user",
    "/role",
    "/guarded/role",
    "/permission",
    "/guarded/permission",
];

#[tokio::test]
async fn extractors_and_guards_use_the_token_alone() {
    let app = app_with(issuer).await;
    let verifier = Moving::to(&app).verifier(&app);
    // The last administrator cannot be demoted.
    app.administrator().await;
    let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
    for server in hosts(&app.auth, &verifier).await {
        let client = server.client;
        assert_eq!(client.ask("GET /public", "", b"").await.status, 200);
        for path in GUARDED {
            let bare = client.ask(&format!("GET {path}"), "", b"").await;
            assert_eq!(bare.status, 401, "{path}");
            assert_eq!(bare.json()["code"], "unauthenticated");
            assert_eq!(bare.header("www-authenticate"), Some("Bearer"));
            let forged = client.get(path, "x").await;
            assert_eq!(forged.status, 401, "{path}");
            assert_eq!(forged.json()["code"], "invalid_access_token");
        }
        for (roles, expected) in [
            ("user", [200, 403, 403, 403, 403]),
            ("admin", [200, 200, 200, 403, 403]),
            ("reader", [200, 403, 403, 200, 200]),
        ] {
            app.set_roles(&id, roles).await;
            let access = app.login(ANN).await.access;
            // For this token, the claims of the sign-in still apply.
            app.set_roles(&id, "").await;
            for (path, expected) in GUARDED.into_iter().zip(expected) {
                let reply = client.get(path, &access).await;
                assert_eq!(reply.status, expected, "{path} as {roles}");
                match expected {
                    403 => assert_eq!(reply.json()["code"], "forbidden"),
                    _ if path.starts_with("/guarded") => assert_eq!(reply.text(), "in"),
                    _ => assert_eq!(reply.text(), id),
                }
            }
        }
    }
}

#[tokio::test]
async fn a_verifier_survives_a_key_rotation_and_an_issuer_outage() {
    let app = app_with(issuer).await;
    let moving = Moving::to(&app);
    let verifier = moving.verifier(&app);
    let servers = [
        on_axum(verifier.clone(), &verifier).await,
        on_actix(verifier.clone(), &verifier),
    ];
    let passes = async |access: &str| {
        for server in &servers {
            assert_eq!(server.client.get("/user", access).await.status, 200);
        }
    };
    let first = app.join(ANN).await.access;
    passes(&first).await;

    let (old, new) = (app.secret.clone(), Secret::generate());
    let secrets = Secrets::new(old.clone(), vec![new.clone()]).unwrap();
    let second = app
        .another(|builder| issuer(builder).secrets(secrets.clone()))
        .await;
    moving.moves(&second);
    passes(&second.login(ANN).await.access).await;
    let secrets = Secrets::new(new, vec![old]).unwrap();
    let third = app
        .another(|builder| issuer(builder).secrets(secrets.clone()))
        .await;
    moving.moves(&third);
    app.advance(60);
    let access = third.login(ANN).await.access;
    passes(&access).await;
    passes(&first).await;
    assert_eq!(moving.fetches(), 2);

    let clock = app.clock.clone();
    drop((app, second, third));
    clock.advance(std::time::Duration::from_secs(500));
    passes(&access).await;
    clock.advance(std::time::Duration::from_secs(100));
    for server in &servers {
        assert_eq!(server.client.get("/user", &access).await.status, 401);
    }
}

#[tokio::test]
async fn requests_get_503_before_any_keys_are_fetched() {
    let app = app_with(issuer).await;
    let access = app.join(ANN).await.access;
    let moving = Moving::to(&app);
    let verifier = moving.verifier(&app);
    drop(app);
    for server in [
        on_axum(verifier.clone(), &verifier).await,
        on_actix(verifier.clone(), &verifier),
    ] {
        for path in GUARDED {
            let reply = server.client.get(path, &access).await;
            assert_eq!(
                (reply.status, &reply.json()["code"]),
                (503, &json!("unavailable"))
            );
            assert_eq!(reply.header("retry-after"), Some("60"));
        }
        let bare = server.client.ask("GET /user", "", b"").await;
        assert_eq!(bare.status, 401);
    }
    assert_eq!(moving.fetches(), 1);
}

#[tokio::test]
async fn an_actix_host_without_a_verifier_answers_500() {
    let app = app_with(issuer).await;
    let access = app.join(ANN).await.access;
    let server = on_actix("nothing of ours", &app.auth.verifier());
    let reply = server.client.get("/user", &access).await;
    assert_eq!(
        (reply.status, &reply.json()["code"]),
        (500, &json!("internal"))
    );
}

#[tokio::test]
async fn the_client_accepts_only_a_document_of_bounded_size() {
    let routes = Router::new()
        .route("/good", get(async || "a".repeat(64 * 1024)))
        .route("/large", get(async || "a".repeat(64 * 1024 + 1)))
        .route("/moved", get(async || Redirect::temporary("/good")))
        .route("/gone", get(async || (StatusCode::NOT_FOUND, "a")))
        .route("/partial", get(async || (StatusCode::PARTIAL_CONTENT, "a")));
    let server = Server::axum(routes).await;
    let fetch = async |path: &str| jwks(&server.client, path).fetch().await;
    assert_eq!(fetch("/good").await.unwrap().len(), 64 * 1024);
    for path in ["/large", "/moved", "/gone", "/partial"] {
        let error = fetch(path).await.unwrap_err().to_string();
        assert!(error.contains(path), "{error}");
    }
    // A port that nobody listens on.
    let closed = SocketAddr::from(([127, 0, 0, 1], 1));
    assert!(jwks(&Client(closed), "/good").fetch().await.is_err());
}
