//! Pages of a host behind guards, on both frameworks.

use hallpass::{
    ActiveUser, Auth, ClientAddress, CurrentUser,
    guard::{OrSignIn, StepUp, WithRole},
    user::Role,
};
use serde_json::{Value, json};

use super::ANN;
use crate::support::{
    app::{App, Framework, Server, app_with},
    authenticator::Authenticator,
    browser::{COOKIE, OWN},
    http::{PASSWORD, Reply},
};

const OPENS: &str = "Sec-Fetch-Mode: navigate\r\n";

async fn on_axum(auth: &Auth) -> Server {
    use axum::{Router, response::Html, routing::get};
    use hallpass::axum::RequireRole;

    let admin = Router::new()
        .route("/admin", get(async || Html("the admin")))
        .route_layer(RequireRole::new(auth, Role::ADMIN).or_sign_in());
    let pages = Router::new()
        .route(
            "/notes",
            get(async |OrSignIn(caller): OrSignIn<ActiveUser>| caller.user.email.to_string())
                .post(async |OrSignIn(caller): OrSignIn<ActiveUser>| caller.user.email.to_string()),
        )
        .route(
            "/claims",
            get(async |OrSignIn(caller): OrSignIn<CurrentUser>| caller.acr().to_owned()),
        )
        .route(
            "/home",
            get(async |caller: Option<CurrentUser>| match caller {
                Some(caller) => caller.id().to_string(),
                None => "nobody".to_owned(),
            }),
        )
        .route(
            "/role",
            get(async |_: OrSignIn<WithRole<hallpass::guard::Admin>>| "in"),
        )
        .route("/pay", get(async |_: OrSignIn<StepUp>| "paid"))
        .route("/open", get(async || "open"))
        .route(
            "/cached",
            get(async |_: ActiveUser| ([("cache-control", "private, max-age=5")], "cached")),
        )
        .merge(admin);
    let pages = Router::new()
        .nest("/app", pages)
        .layer(auth.request_scope(ClientAddress::peer()));
    Server::axum(pages.with_state(auth.clone())).await
}

fn on_actix(auth: &Auth) -> Server {
    use actix_web::{HttpResponse, web};
    use hallpass::actix::RequireRole;

    let auth = auth.clone();
    Server::actix(move |config| {
        let notes = async |OrSignIn(caller): OrSignIn<ActiveUser>| caller.user.email.to_string();
        let pages = web::scope("/app")
            .wrap(auth.request_scope(ClientAddress::peer()))
            .app_data(web::Data::new(auth.clone()))
            .route("/notes", web::get().to(notes))
            .route("/notes", web::head().to(notes))
            .route("/notes", web::post().to(notes))
            .route(
                "/claims",
                web::get()
                    .to(async |OrSignIn(caller): OrSignIn<CurrentUser>| caller.acr().to_owned()),
            )
            .route(
                "/home",
                web::get().to(async |caller: Option<CurrentUser>| match caller {
                    Some(caller) => caller.id().to_string(),
                    None => "nobody".to_owned(),
                }),
            )
            .route(
                "/role",
                web::get().to(async |_: OrSignIn<WithRole<hallpass::guard::Admin>>| "in"),
            )
            .route("/pay", web::get().to(async |_: OrSignIn<StepUp>| "paid"))
            .route("/open", web::get().to(async || "open"))
            .route(
                "/cached",
                web::get().to(async |_: ActiveUser| {
                    let mut reply = HttpResponse::Ok();
                    reply.insert_header(("cache-control", "private, max-age=5"));
                    reply.body("cached")
                }),
            )
            .service(
                web::resource("/admin")
                    .wrap(RequireRole::new(&auth, Role::ADMIN).or_sign_in())
                    .to(async || "the admin"),
            );
        config.service(pages);
    })
}

async fn hosts() -> Vec<(App, Server)> {
    let mut hosts = Vec::new();
    for framework in [Framework::Axum, Framework::Actix] {
        let app = app_with(|builder| builder).await;
        let server = match framework {
            Framework::Axum => on_axum(&app.auth).await,
            Framework::Actix => on_actix(&app.auth),
        };
        hosts.push((app, server));
    }
    hosts
}

#[track_caller]
fn leads_to(reply: &Reply, place: &str) {
    assert_eq!(reply.status, 303, "{reply:?}");
    assert_eq!(reply.header("location"), Some(place));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let varies = reply
        .headers
        .iter()
        .any(|(name, value)| name == "vary" && value == "Cookie");
    assert!(varies, "{reply:?}");
}

#[tokio::test]
async fn visitor_is_led_to_the_sign_in_and_back() {
    for (app, server) in hosts().await {
        let ask = async |line: &str, headers: &str| server.client.ask(line, headers, b"").await;
        let back = "/sign-in?next=%2Fapp%2Fnotes%3Fpage%3D2";
        leads_to(&ask("GET /app/notes?page=2", OPENS).await, back);
        let html = "Accept: text/html,*/*;q=0.8\r\n";
        leads_to(&ask("GET /app/notes?page=2", html).await, back);
        leads_to(&ask("HEAD /app/notes?page=2", OPENS).await, back);
        for path in ["claims", "role", "pay", "admin"] {
            let reply = ask(&format!("GET /app/{path}"), OPENS).await;
            leads_to(&reply, &format!("/sign-in?next=%2Fapp%2F{path}"));
        }
        for (line, headers) in [
            ("GET /app/notes", ""),
            ("GET /app/notes", "Accept: application/json\r\n"),
            (
                "GET /app/notes",
                "Sec-Fetch-Mode: cors\r\nAccept: text/html\r\n",
            ),
            ("POST /app/notes", OPENS),
            ("GET /app/admin", ""),
        ] {
            let reply = ask(line, headers).await;
            assert_eq!(reply.status, 401, "{line} {headers}");
            assert_eq!(reply.json()["code"], "unauthenticated");
            assert_eq!(reply.header("location"), None);
        }
        let htmx = "HX-Request: true\r\nHX-Current-URL: https://id.example.org/app/list\r\n";
        for line in ["GET /app/notes", "POST /app/notes", "GET /app/admin"] {
            let reply = ask(line, htmx).await;
            assert_eq!(reply.status, 401);
            let lead = reply.header("hx-redirect");
            assert_eq!(lead, Some("/sign-in?next=%2Fapp%2Flist"));
            assert_eq!(reply.header("www-authenticate"), None);
        }
        let browser = app.join_browser(ANN).await.at(server.client);
        let page = browser.send("GET /app/notes", OPENS, Value::Null).await;
        assert_eq!((page.status, page.text()), (200, ANN));
        let claims = browser.get("/app/claims").await;
        assert_eq!(claims.text(), "urn:hallpass:aal1");
        let posted = browser.send("POST /app/notes", OWN, Value::Null).await;
        assert_eq!(posted.text(), ANN);
        let crossed = browser.send("POST /app/notes", "", Value::Null).await;
        assert_eq!(crossed.json()["code"], "cross_site_request");
        for path in ["/app/role", "/app/admin"] {
            let line = format!("GET {path}");
            let refused = browser.send(&line, OPENS, Value::Null).await;
            assert_eq!(refused.json()["code"], "forbidden", "{path}");
        }
    }
}

#[tokio::test]
async fn page_that_needs_a_factor_leads_to_its_page() {
    for (app, server) in hosts().await {
        let browser = app.join_browser(ANN).await;
        let here = browser.at(server.client);
        let pay = async || here.send("GET /app/pay", OPENS, Value::Null).await;
        assert_eq!(pay().await.text(), "paid", "the sign-in is recent");
        app.advance(601);
        leads_to(&pay().await, "/second-factor?next=%2Fapp%2Fpay");
        let body = json!({"password": PASSWORD});
        let reply = browser.post("/auth/reauthenticate", body).await.expect(204);
        let browser = browser.renewed(&reply);
        let phone = Authenticator::scan(browser.post("/users/me/factors/totp", json!({})).await);
        let path = format!("/users/me/factors/totp/{}/confirm", phone.id);
        let body = json!({"totp": phone.code(app.now())});
        browser.post(&path, body).await.expect(200);
        let here = browser.at(server.client);
        let pay = async || here.send("GET /app/pay", OPENS, Value::Null).await;
        assert_eq!(pay().await.text(), "paid");
        app.advance(601);
        leads_to(&pay().await, "/second-factor?next=%2Fapp%2Fpay");
        let script = here.get("/app/pay").await;
        assert_eq!(script.json()["code"], "step_up_required");
    }
}

#[tokio::test]
async fn public_page_stays_open_for_the_cookie_of_an_ended_session() {
    for (app, server) in hosts().await {
        let browser = app.join_browser(ANN).await;
        let here = browser.at(server.client);
        let me = browser.get("/users/me").await.expect(200).json();
        assert_eq!(
            here.get("/app/home").await.text(),
            me["id"].as_str().unwrap()
        );
        browser.sign_out().await.expect(204);
        assert_eq!(here.get("/app/home").await.text(), "nobody");
        let twice = format!("Cookie: {COOKIE}=x; {COOKIE}=y\r\n");
        let reply = server.client.ask("GET /app/home", &twice, b"").await;
        assert_eq!(reply.text(), "nobody");
        let page = here.send("GET /app/notes", OPENS, Value::Null).await;
        leads_to(&page, "/sign-in?next=%2Fapp%2Fnotes");
    }
}

#[tokio::test]
async fn reply_that_depends_on_the_caller_is_not_cached_for_others() {
    for (app, server) in hosts().await {
        let browser = app.join_browser(ANN).await.at(server.client);
        let caching = |reply: &Reply| {
            let vary = reply.header("vary").map(str::to_owned);
            (vary, reply.header("cache-control").map(str::to_owned))
        };
        let (vary, none) = (Some("Cookie".to_owned()), None::<String>);
        let no_store = Some("no-store".to_owned());
        let open = browser.get("/app/open").await;
        assert_eq!(caching(&open), (none.clone(), none.clone()));
        let home = server.client.ask("GET /app/home", "", b"").await;
        assert_eq!(caching(&home), (vary.clone(), none));
        let home = browser.get("/app/home").await;
        assert_eq!(caching(&home), (vary.clone(), no_store.clone()));
        let notes = browser.get("/app/notes").await;
        assert_eq!(caching(&notes), (vary.clone(), no_store));
        let cached = browser.get("/app/cached").await;
        assert_eq!(
            caching(&cached),
            (vary, Some("private, max-age=5".to_owned()))
        );
    }
}
