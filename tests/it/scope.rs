//! The scope of requests on both frameworks: a host's own routes get the client, and reply and log lines share an id.

use std::panic::{AssertUnwindSafe, catch_unwind};

use actix_web::web;
use axum::{
    Router,
    extract::connect_info::MockConnectInfo,
    routing::{get, post},
};
use hallpass::{
    ActiveUser, Auth, ClientAddress, Result,
    event::{ClientInfo, EventFilter},
    http::{Endpoint, NoContent},
    user::Role,
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{
    app::{App, Framework, Server, app_with},
    http::JSON,
    lines::Lines,
};

const ANN: &str = "ann@example.org";

fn shown(client: &ClientInfo) -> String {
    let device = client.device.as_ref().map(|token| token.expose());
    let shown = json!({"ip": client.ip, "agent": client.user_agent, "id": client.request_id, "device": device});
    shown.to_string()
}

async fn on_axum(auth: &Auth) -> Server {
    use hallpass::axum::{RequireRole, router};

    let guarded = Router::new()
        .route("/guarded", get(async || "in"))
        .route_layer(RequireRole::new(auth, Role::ADMIN));
    let inside = Router::new()
        .route("/client", get(async |client: ClientInfo| shown(&client)))
        .route("/active", get(async |_: ActiveUser| "in"))
        .route("/failing", get(async || http::StatusCode::BAD_GATEWAY))
        .merge(guarded)
        .nest("/api", router(auth, ClientAddress::peer()))
        .layer(auth.request_scope(ClientAddress::peer()));
    let outside = Router::new().route("/outside", get(async |client: ClientInfo| shown(&client)));
    Server::axum(inside.merge(outside).with_state(auth.clone())).await
}

fn on_actix(auth: &Auth) -> Server {
    use actix_web::{
        body::BoxBody,
        dev::ServiceResponse,
        error::ErrorImATeapot,
        middleware::{Next, from_fn},
    };
    use hallpass::actix::{RequireRole, configure};

    let auth = auth.clone();
    Server::actix(move |config| {
        let refusing = from_fn(async |_, next: Next<_>| {
            drop::<Next<BoxBody>>(next);
            Err::<ServiceResponse, _>(ErrorImATeapot("refused"))
        });
        let inside = web::scope("")
            .wrap(auth.request_scope(ClientAddress::peer()))
            .app_data(web::Data::new(auth.clone()))
            .route(
                "/client",
                web::get().to(async |client: ClientInfo| shown(&client)),
            )
            .route("/active", web::get().to(async |_: ActiveUser| "in"))
            .route(
                "/failing",
                web::get().to(actix_web::HttpResponse::BadGateway),
            )
            .service(web::resource("/refusing").wrap(refusing).to(async || "in"))
            .service(
                web::resource("/guarded")
                    .wrap(RequireRole::new(&auth, Role::ADMIN))
                    .to(async || "in"),
            )
            .service(web::scope("/api").configure(configure(&auth, ClientAddress::peer())));
        // A middleware that holds the request, which lets nobody change it.
        let holding = from_fn(
            async |held: actix_web::HttpRequest, request, next: Next<BoxBody>| {
                let reply = next.call(request).await;
                drop(held);
                reply
            },
        );
        let held = web::resource("/held")
            .wrap(auth.request_scope(ClientAddress::peer()))
            .wrap(holding)
            .to(async |client: ClientInfo| shown(&client));
        config
            .service(held)
            .route(
                "/outside",
                web::get().to(async |client: ClientInfo| shown(&client)),
            )
            .service(inside);
    })
}

async fn served() -> Vec<(App, Server, Framework)> {
    let mut served = Vec::new();
    for framework in [Framework::Axum, Framework::Actix] {
        let app = app_with(|builder| builder).await;
        let server = match framework {
            Framework::Axum => on_axum(&app.auth).await,
            Framework::Actix => on_actix(&app.auth),
        };
        served.push((app, server, framework));
    }
    served
}

#[tokio::test]
async fn client_of_an_own_route_has_address_agent_device_and_request_id() {
    for (_app, server, framework) in served().await {
        let headers = "User-Agent: curl/8\r\nX-Request-Id: given-1\r\nCookie: __Host-hallpass_device=known\r\n";
        let reply = server
            .client
            .ask("GET /client", headers, b"")
            .await
            .expect(200);
        assert_eq!(reply.header("x-request-id"), Some("given-1"));
        let expected =
            json!({"ip": "127.0.0.1", "agent": "curl/8", "id": "given-1", "device": "known"});
        let client: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(client, expected, "{framework:?}");

        let reply = server
            .client
            .ask("GET /client", "X-Request-Id: a b\r\n", b"")
            .await;
        let client: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_ne!(client["id"], "a b");
        assert_eq!(client["id"].as_str(), reply.header("x-request-id"));
        assert_eq!(client["device"], Value::Null);
    }
}

#[tokio::test]
async fn every_reply_in_the_scope_carries_the_request_id() {
    for (_app, server, framework) in served().await {
        let mut paths = vec![
            ("/failing", 502),
            ("/active", 401),
            ("/guarded", 401),
            ("/api/users/me", 401),
        ];
        if framework == Framework::Actix {
            paths.extend([("/refusing", 418), ("/held", 200)]);
        }
        for (path, status) in paths {
            let line = format!("GET {path}");
            let reply = server.client.ask(&line, "X-Request-Id: r1\r\n", b"").await;
            assert_eq!(
                (reply.status, reply.header("x-request-id")),
                (status, Some("r1")),
                "{path} on {framework:?}"
            );
            let made = server.client.ask(&line, "", b"").await;
            assert!(
                made.header("x-request-id").is_some_and(|id| id.len() == 36),
                "{path} on {framework:?}"
            );
        }
    }
}

#[tokio::test]
async fn our_endpoint_in_the_scope_records_the_same_id() {
    for (app, server, framework) in served().await {
        app.settled(ANN).await;
        let body = json!({"email": ANN, "password": "wrong horse battery staple"});
        let reply = server
            .client
            .ask("POST /api/auth/login", JSON, body.to_string().as_bytes())
            .await;
        let id = reply
            .problem(401, "invalid_credentials")
            .header("x-request-id")
            .unwrap()
            .to_owned();
        let filter = EventFilter::default();
        let events = app.store().list_events(&filter, None, 100).await.unwrap();
        let ids: Vec<_> = events
            .iter()
            .filter_map(|event| event.client.request_id.clone())
            .collect();
        assert!(ids.contains(&id), "{ids:?} on {framework:?}");
    }
}

#[tokio::test]
async fn client_outside_of_the_scope_is_an_internal_error() {
    for (_app, server, _) in served().await {
        let reply = server.client.ask("GET /outside", "", b"").await;
        reply.problem(500, "internal");
    }
}

async fn log(_: ()) -> Result<NoContent> {
    tracing::info!("here");
    Ok(NoContent)
}

fn with_log(auth: &Auth) -> hallpass::endpoints::Endpoints {
    let row = Endpoint::get("/topics/{topic}", (), log);
    auth.endpoints().with_rows([row]).unwrap()
}

#[actix_web::test]
async fn logged_path_has_the_prefix_and_one_span() {
    let app = app_with(|builder| builder).await;
    let lines = Lines::default();
    let _logging = lines.listen();
    let anyone = ClientAddress::unknown;
    let ours = || hallpass::axum::router(with_log(&app.auth), anyone());
    let logged = async |router: Router| {
        let request = http::Request::get("/api/v1/topics/7?secret=1").header("x-request-id", "i");
        let request = request.body(axum::body::Body::empty()).unwrap();
        let router = router.layer(MockConnectInfo(std::net::SocketAddr::from((
            [127, 0, 0, 1],
            1,
        ))));
        assert_eq!(router.oneshot(request).await.unwrap().status(), 204);
        lines.take()
    };
    let expected = r#"request{id=i method="GET" path="/api/v1/topics/{topic}"}: it::scope: here"#;
    let expected = format!(" INFO {expected}\n");
    assert_eq!(
        logged(Router::new().nest("/api/v1", ours())).await,
        expected
    );
    let scoped = Router::new()
        .nest("/api/v1", ours())
        .layer(app.auth.request_scope(anyone()));
    assert_eq!(logged(scoped).await, expected);

    let logged = async |is_scoped: bool| {
        use actix_web::{App, middleware::Condition, test, web::scope};
        let ours = hallpass::actix::configure(with_log(&app.auth), anyone());
        let service = App::new()
            .wrap(Condition::new(is_scoped, app.auth.request_scope(anyone())))
            .service(scope("/api/v1").configure(ours));
        let service = test::init_service(service).await;
        let request = test::TestRequest::get().uri("/api/v1/topics/7?secret=1");
        let request = request.insert_header(("x-request-id", "i")).to_request();
        assert_eq!(test::call_service(&service, request).await.status(), 204);
        lines.take()
    };
    assert_eq!(logged(false).await, expected);
    assert_eq!(logged(true).await, expected);
}

#[tokio::test]
async fn axum_refuses_a_second_handler_for_a_method_and_path_of_ours() {
    let app = app_with(|builder| builder).await;
    let ours = || hallpass::axum::router::<()>(&app.auth, ClientAddress::unknown());
    let clashes: [(&str, &dyn Fn() -> Router); 4] = [
        ("merged first", &|| {
            ours().route("/users", post(async || "own"))
        }),
        ("merged last", &|| {
            Router::new()
                .route("/users", post(async || "own"))
                .merge(ours())
        }),
        ("any", &|| {
            Router::new()
                .route("/users", axum::routing::any(async || "own"))
                .merge(ours())
        }),
        ("nested", &|| {
            let own = Router::new().route("/api/users/me", get(async || "own"));
            own.nest("/api", ours())
        }),
    ];
    for (name, clash) in clashes {
        let mounted = catch_unwind(AssertUnwindSafe(clash));
        assert!(mounted.is_err(), "{name}");
    }
}

#[tokio::test]
async fn axum_host_adds_a_method_to_a_path_of_ours() {
    let app = app_with(|builder| builder).await;
    let own = Router::new().route("/users", get(async || "own"));
    let server =
        Server::axum(own.merge(hallpass::axum::router(&app.auth, ClientAddress::peer()))).await;
    let reply = server.client.ask("GET /users", "", b"").await;
    assert_eq!((reply.status, reply.text()), (200, "own"));
    let reply = server.client.post("/users", json!({})).await;
    reply.problem(422, "validation_failed");
    let reply = server.client.ask("DELETE /users", "", b"").await;
    reply.problem(405, "method_not_allowed");
}

/// A host that rewrites the path on its way to our router.
fn rewriting(auth: &Auth, to: &'static str) -> Router {
    let ours = hallpass::axum::router::<()>(auth, ClientAddress::peer());
    let rewritten = tower::service_fn(move |mut request: axum::extract::Request| {
        *request.uri_mut() = to.parse().unwrap();
        ours.clone().oneshot(request)
    });
    Router::new().route_service("/{*path}", rewritten)
}

#[tokio::test]
async fn endpoint_behind_a_rewritten_path_takes_the_new_one() {
    let app = app_with(|builder| builder).await;
    let admin = app.administrator().await;
    let user = app.register(ANN).await["id"].as_str().unwrap().to_owned();
    let user: &'static str = format!("/admin/users/{user}").leak();
    let cases = [
        ("/whoami", "/users/me", 1),
        ("/admin/users/ann", user, 1),
        ("/admin/users?limit=7", "/admin/users?limit=1", 1),
    ];
    for (asked, served, expected) in cases {
        let server = Server::axum(rewriting(&app.auth, served)).await;
        let reply = server.client.get(asked, &admin).await.expect(200).json();
        let items = reply["items"].as_array().map_or(1, Vec::len);
        assert_eq!(items, expected, "{asked}: {reply}");
    }
}

#[tokio::test]
async fn two_scopes_make_one_span_and_one_id() {
    let app = app_with(|builder| builder).await;
    let lines = Lines::default();
    let _logging = lines.listen();
    let scope = || app.auth.request_scope(ClientAddress::unknown());
    let log = async |client: ClientInfo| {
        tracing::info!("here");
        client.request_id.unwrap_or_default()
    };
    let router = Router::new().route("/log", get(log));
    let router: Router = router.layer(scope()).layer(scope());
    let request = http::Request::get("/log").body(axum::body::Body::empty());
    let reply = router.oneshot(request.unwrap()).await.unwrap();
    let stamped = reply.headers()["x-request-id"].to_str().unwrap().to_owned();
    let body = axum::body::to_bytes(reply.into_body(), 100).await.unwrap();
    assert_eq!(body, stamped.as_bytes());
    let expected =
        format!(" INFO request{{id={stamped} method=\"GET\" path=\"/log\"}}: it::scope: here\n");
    assert_eq!(lines.take(), expected);
}

#[tokio::test]
async fn long_method_is_cut_in_the_span() {
    let app = app_with(|builder| builder).await;
    let lines = Lines::default();
    let _logging = lines.listen();
    let log = async || tracing::info!("here");
    let scope = app.auth.request_scope(ClientAddress::unknown());
    let router: Router = Router::new().fallback(log).layer(scope);
    let request = http::Request::builder().method("A".repeat(1000).as_str());
    let request = request.uri(format!("/{}", "b".repeat(1000)));
    let request = request.body(axum::body::Body::empty()).unwrap();
    router.oneshot(request).await.unwrap();
    let line = lines.take();
    assert!(line.contains("here") && line.len() < 400, "{line}");
}
