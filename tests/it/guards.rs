//! A host's own routes behind our extractors and guards, beside our endpoints below a prefix, on both frameworks.

use axum::{Json, Router, extract::FromRef, routing::get};
use hallpass::{
    ActiveUser, Auth, ClientAddress, CurrentUser,
    guard::{RecentSignIn, RequiredPermission, RequiredRole, WithPermission, WithRole},
    user::{Permission, Role, RolePermissions, UserStatus},
};
use serde_json::{Value, json};

use crate::support::app::{App, Server, app_with};

const ANN: &str = "ann@example.org";

#[derive(Debug)]
struct Editor;

impl RequiredRole for Editor {
    const ROLE: Role = Role::from_static("editor");
}

/// The host's own state.
#[derive(Clone)]
struct Host {
    auth: Auth,
    name: &'static str,
}

impl FromRef<Host> for Auth {
    fn from_ref(host: &Host) -> Self {
        host.auth.clone()
    }
}

fn claims(caller: &CurrentUser) -> Value {
    json!({"id": caller.id(), "session": caller.session_id(), "roles": caller.roles()})
}

fn active(caller: &ActiveUser) -> Value {
    json!({"email": caller.user.email.as_str(), "session": caller.session_id})
}

async fn on_axum(auth: &Auth) -> Server {
    use axum::extract::State;
    use hallpass::axum::{RequireRole, router};

    let guarded = Router::new()
        .route(
            "/report",
            get(async |caller: ActiveUser| Json(active(&caller))),
        )
        .route("/bare", get(async || "bare"))
        .route_layer(RequireRole::new(auth, Role::ADMIN));
    let routes = Router::new()
        .route(
            "/claims",
            get(async |caller: CurrentUser| Json(claims(&caller))),
        )
        .route(
            "/active",
            get(async |caller: ActiveUser| Json(active(&caller))),
        )
        .route(
            "/admin",
            get(async |admin: WithRole<hallpass::guard::Admin>| Json(active(&admin.caller))),
        )
        .route(
            "/editor",
            get(async |editor: WithRole<Editor>| Json(json!(editor.user().email.as_str()))),
        )
        .route("/name", get(async |State(host): State<Host>| host.name))
        .nest("/guarded", guarded)
        .nest("/api/v1", router(auth, ClientAddress::peer()))
        .with_state(Host {
            auth: auth.clone(),
            name: "notes",
        });
    Server::axum(routes).await
}

fn on_actix(auth: &Auth) -> Server {
    use actix_web::web::{self, Data, Json};
    use hallpass::actix::{RequireRole, configure};

    let auth = auth.clone();
    Server::actix(move |config| {
        let guarded = web::scope("/guarded")
            .wrap(RequireRole::new(&auth, Role::ADMIN))
            .route(
                "/report",
                web::get().to(async |caller: ActiveUser| Json(active(&caller))),
            )
            .route("/bare", web::get().to(async || "bare"));
        config
            .app_data(Data::new(auth.clone()))
            .app_data(Data::new("notes"))
            .route(
                "/claims",
                web::get().to(async |caller: CurrentUser| Json(claims(&caller))),
            )
            .route(
                "/active",
                web::get().to(async |caller: ActiveUser| Json(active(&caller))),
            )
            .route(
                "/admin",
                web::get().to(async |admin: WithRole<hallpass::guard::Admin>| {
                    Json(active(&admin.caller))
                }),
            )
            .route(
                "/editor",
                web::get()
                    .to(async |editor: WithRole<Editor>| Json(json!(editor.user().email.as_str()))),
            )
            .route(
                "/name",
                web::get().to(async |name: Data<&'static str>| **name),
            )
            .service(guarded)
            .service(web::scope("/api/v1").configure(configure(&auth, ClientAddress::peer())));
    })
}

/// A service and its host on each framework.
async fn hosts() -> (App, [Server; 2]) {
    let app = app_with(|builder| builder).await;
    let servers = [on_axum(&app.auth).await, on_actix(&app.auth)];
    (app, servers)
}

const BARE: [&str; 6] = [
    "/claims",
    "/active",
    "/admin",
    "/editor",
    "/guarded/report",
    "/guarded/bare",
];

#[tokio::test]
async fn every_guard_answers_401_without_a_user() {
    let (app, servers) = hosts().await;
    let access = app.join(ANN).await.access;
    let good = format!("Authorization: Bearer {access}\r\n");
    for path in BARE {
        let line = format!("GET {path}");
        for (headers, code) in [
            ("", "unauthenticated"),
            ("Authorization: Basic eDp5\r\n", "unauthenticated"),
            ("Authorization: Bearer x\r\n", "invalid_access_token"),
            (&good.repeat(2), "invalid_access_token"),
        ] {
            let mut replies = Vec::new();
            for server in &servers {
                // Only our own endpoints use our request ids.
                let mut reply = server.client.ask(&line, headers, b"").await;
                assert_eq!(reply.status, 401, "{path}");
                assert_eq!(reply.json()["code"], code);
                let challenge = match code {
                    "unauthenticated" => "Bearer",
                    _ => r#"Bearer error="invalid_token""#,
                };
                assert_eq!(reply.header("www-authenticate"), Some(challenge));
                assert_eq!(reply.header("cache-control"), Some("no-store"));
                reply.headers.retain(|(name, _)| name != "content-length");
                replies.push(reply.timeless());
            }
            assert_eq!(replies[0], replies[1], "{path}");
        }
    }
}

#[tokio::test]
async fn guards_answer_403_without_the_role_and_200_with_it() {
    let (app, servers) = hosts().await;
    // The last administrator cannot be demoted.
    app.administrator().await;
    let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
    let access = app.login(ANN).await.access;
    for server in &servers {
        let status = async |path: &str| server.client.get(path, &access).await.status;
        for (roles, expected) in [
            ("user", [200, 200, 403, 403, 403, 403]),
            ("admin", [200, 200, 200, 403, 200, 200]),
            ("editor", [200, 200, 403, 200, 403, 403]),
            ("admin editor", [200; 6]),
            ("", [200, 200, 403, 403, 403, 403]),
        ] {
            // The token stays the same, because roles are read from the database.
            app.set_roles(&id, roles).await;
            for (path, expected) in BARE.into_iter().zip(expected) {
                assert_eq!(status(path).await, expected, "{path} as {roles:?}");
            }
        }
        let reply = server.client.get("/editor", &access).await;
        assert_eq!(reply.json()["code"], "forbidden");
        assert_eq!(reply.header("www-authenticate"), None);
    }
}

#[tokio::test]
async fn handlers_get_the_caller() {
    let (app, servers) = hosts().await;
    let user = app.register(ANN).await;
    let tokens = app.login(ANN).await;
    let id = user["id"].as_str().unwrap();
    app.set_roles(id, "admin editor").await;
    for server in &servers {
        let get = async |path: &str| server.client.get(path, &tokens.access).await.json();
        // The claims are still those of the sign-in.
        let claims = json!({"id": id, "session": tokens.session, "roles": ["user"]});
        assert_eq!(get("/claims").await, claims);
        let active = json!({"email": ANN, "session": tokens.session});
        assert_eq!(get("/active").await, active);
        assert_eq!(get("/admin").await, active);
        assert_eq!(get("/guarded/report").await, active);
        assert_eq!(get("/editor").await, json!(ANN));
    }
}

#[tokio::test]
async fn a_logout_ends_checked_access_and_claims_expire() {
    for index in 0..2 {
        let (app, servers) = hosts().await;
        let client = servers[index].client;
        app.register(ANN).await;
        let tokens = app.login(ANN).await;
        app.logout(&tokens.refresh).await.expect(204);
        assert_eq!(client.get("/claims", &tokens.access).await.status, 200);
        for path in &BARE[1..] {
            let reply = client.get(path, &tokens.access).await;
            assert_eq!(
                (reply.status, &reply.json()["code"]),
                (401, &json!("invalid_access_token"))
            );
        }
        app.advance(599);
        assert_eq!(client.get("/claims", &tokens.access).await.status, 200);
        app.advance(1);
        assert_eq!(client.get("/claims", &tokens.access).await.status, 401);
    }
}

#[tokio::test]
async fn a_disabled_administrator_loses_access_at_once() {
    let (app, servers) = hosts().await;
    // The last administrator cannot be demoted.
    app.administrator().await;
    let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
    app.set_roles(&id, "admin").await;
    let access = app.login(ANN).await.access;
    for server in &servers {
        assert_eq!(
            server.client.get("/guarded/bare", &access).await.status,
            200
        );
    }
    app.set_status(&id, UserStatus::Disabled).await;
    for server in &servers {
        assert_eq!(
            server.client.get("/guarded/bare", &access).await.status,
            401
        );
    }
}

#[tokio::test]
async fn our_endpoints_work_below_a_prefix_with_the_hosts_state() {
    let (app, servers) = hosts().await;
    app.register(ANN).await;
    for server in &servers {
        let reply = server.client.ask("GET /name", "", b"").await;
        assert_eq!(reply.text(), "notes");
        let body = json!({"email": ANN, "password": crate::support::http::PASSWORD});
        let tokens = server
            .client
            .post("/api/v1/auth/login", body.clone())
            .await
            .tokens();
        let me = server.client.get("/api/v1/users/me", &tokens.access).await;
        assert_eq!(me.expect(200).json()["email"], ANN);
        server
            .client
            .post("/auth/login", body)
            .await
            .problem(404, "not_found");
        let reply = server.client.ask("GET /api/v1/auth/login", "", b"").await;
        let reply = reply.problem(405, "method_not_allowed");
        assert_eq!(reply.header("allow"), Some("POST"));
    }
}

/// On actix, a host that has no `Auth` logs the fault and hides it from the caller.
#[tokio::test]
async fn an_actix_host_without_an_auth_answers_500() {
    use actix_web::web;

    let server = Server::actix(|config| {
        config.route("/", web::get().to(async |_: ActiveUser| "never"));
    });
    let reply = server.client.get("/", "x").await;
    assert_eq!(
        (reply.status, &reply.json()["code"]),
        (500, &json!("internal"))
    );
    assert!(!reply.text().contains("web::Data"));
}

#[derive(Debug)]
struct Read;

impl RequiredPermission for Read {
    const PERMISSION: Permission = Permission::from_static("reports:read");
}

/// On axum, routes of one service behind the guard of another.
async fn behind_another_on_axum(auth: &Auth, other: &Auth) -> Server {
    use hallpass::axum::{RequirePermission, RequireRole};

    let open = Router::new()
        .route("/active", get(async |_: ActiveUser| "in"))
        .route("/optional", get(async |_: Option<ActiveUser>| "in"))
        .route(
            "/role",
            get(async |_: WithRole<hallpass::guard::Admin>| "in"),
        )
        .route("/permission", get(async |_: WithPermission<Read>| "in"))
        .route("/recent", get(async |_: RecentSignIn| "in"));
    let by_role = Router::new()
        .route("/guarded/role", get(async || "in"))
        .route_layer(RequireRole::new(auth, Role::ADMIN));
    let by_permission = Router::new()
        .route("/guarded/permission", get(async || "in"))
        .route_layer(RequirePermission::new(auth, Read::PERMISSION));
    let routes = open
        .merge(by_role)
        .merge(by_permission)
        .route_layer(RequireRole::new(other, Role::ADMIN))
        .with_state(auth.clone());
    Server::axum(routes).await
}

/// The same on actix.
fn behind_another_on_actix(auth: &Auth, other: &Auth) -> Server {
    use actix_web::web::{self, Data};
    use hallpass::actix::{RequirePermission, RequireRole};

    let (auth, other) = (auth.clone(), other.clone());
    Server::actix(move |config| {
        let role = web::resource("/guarded/role")
            .wrap(RequireRole::new(&auth, Role::ADMIN))
            .to(async || "in");
        let permission = web::resource("/guarded/permission")
            .wrap(RequirePermission::new(&auth, Read::PERMISSION))
            .to(async || "in");
        let behind = web::scope("")
            .wrap(RequireRole::new(&other, Role::ADMIN))
            .route("/active", web::get().to(async |_: ActiveUser| "in"))
            .route(
                "/role",
                web::get().to(async |_: WithRole<hallpass::guard::Admin>| "in"),
            )
            .route(
                "/permission",
                web::get().to(async |_: WithPermission<Read>| "in"),
            )
            .route("/recent", web::get().to(async |_: RecentSignIn| "in"))
            .service(role)
            .service(permission);
        config.app_data(Data::new(auth.clone())).service(behind);
    })
}

/// The guard of one service does not authenticate callers for another service in the process, even if they share
/// tokens.
#[tokio::test]
async fn guard_of_another_service_authenticates_nobody() {
    let grant = |builder: hallpass::AuthBuilder| {
        let reports = RolePermissions::new().grant(Role::ADMIN, [Read::PERMISSION]);
        builder.role_permissions(reports)
    };
    let other = app_with(grant).await;
    let own = app_with(|builder| grant(builder).secrets(other.secret.clone())).await;
    let access = other.administrator().await;
    let paths = [
        "/active",
        "/role",
        "/permission",
        "/recent",
        "/guarded/role",
        "/guarded/permission",
    ];
    let strangers = [
        (behind_another_on_axum(&own.auth, &other.auth).await, true),
        (behind_another_on_actix(&own.auth, &other.auth), false),
    ];
    for (server, is_axum) in &strangers {
        for path in paths.iter().chain(is_axum.then_some(&"/optional")) {
            let reply = server.client.get(path, &access).await;
            let code = (reply.status, &reply.json()["code"]);
            assert_eq!(code, (401, &json!("invalid_access_token")), "{path}");
        }
    }
    // A clone is the same service. Another service on the same store authenticates its own callers.
    let clone = other.auth.clone();
    let twin = other.another(grant).await;
    for auth in [&clone, &twin.auth] {
        for server in [
            behind_another_on_axum(auth, &other.auth).await,
            behind_another_on_actix(auth, &other.auth),
        ] {
            for path in paths {
                assert_eq!(server.client.get(path, &access).await.status, 200, "{path}");
            }
        }
    }
}
