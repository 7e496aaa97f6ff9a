//! How many statements a request costs on Postgres when it succeeds; BEGIN and COMMIT are not counted.

use actix_web::web;
use axum::{Router, routing::get};
use hallpass::{ActiveUser, guard::OrSignIn, password::RegistrationMode, user::Role};
use sea_orm::DbBackend;
use serde_json::{Value, json};

use crate::{
    statements::{Count, counted},
    support::{
        app::{App, Server, app_with, limited, link_token},
        http::{JSON, PASSWORD},
        visitor::Visitor,
    },
};

const ANN: &str = "ann@example.org";

#[tokio::test]
async fn requests_stay_within_the_budget_of_statements() {
    let Some((_database, store, count)) = counted(DbBackend::Postgres).await else {
        return;
    };
    let app = app_with(|builder| builder.store(store.clone())).await;
    app.register(ANN).await;
    count.expect(1, "register");
    let tokens = app.login(ANN).await;
    count.expect(2, "login");
    app.me(&tokens.access).await.expect(200);
    count.expect(1, "me");
    let next = app.refresh(&tokens.refresh).await.tokens();
    count.expect(1, "refresh");
    app.refresh(&tokens.refresh).await.expect(200);
    count.expect(2, "a repeated refresh");
    app.logout(&next.refresh).await.expect(204);
    count.expect(1, "logout");
    app.forgot(ANN).await;
    count.expect(1, "forgot");
    app.forgot("nobody@example.org").await;
    count.expect(1, "forgot, for an unknown address");
    app.auth.deliver_mail().await.unwrap();
    app.advance(1);
    let token = app.reset_token(ANN).await;
    count.forget();
    app.reset(&token, PASSWORD).await.expect(204);
    count.expect(2, "reset");

    let tokens = app.login(ANN).await;
    let other = app.login(ANN).await;
    let send = async |line: &str, body| app.send(line, &tokens.access, body).await;
    count.forget();
    let body = json!({"display_name": "Ann", "metadata": {}});
    send("PATCH /users/me", body).await.expect(200);
    count.expect(2, "change the profile");
    send("PATCH /users/me", json!({})).await.expect(200);
    count.expect(1, "change nothing");
    app.get("/users/me/sessions", &tokens.access)
        .await
        .expect(200);
    count.expect(2, "list sessions");
    let line = format!("DELETE /users/me/sessions/{}", other.session);
    send(&line, json!({})).await.expect(204);
    count.expect(2, "end a session");
    send("POST /auth/reauthenticate", json!({"password": PASSWORD}))
        .await
        .expect(204);
    count.expect(3, "reauthenticate");
    let body = json!({"current_password": PASSWORD, "new_password": "another long password"});
    send("POST /users/me/password", body).await.expect(204);
    count.expect(3, "change the password");
    let body = json!({"current_password": "wrong password", "new_password": PASSWORD});
    send("POST /users/me/password", body)
        .await
        .problem(401, "invalid_credentials");
    count.expect(3, "a wrong password, with its event");

    let body = json!({"current_password": "another long password"});
    send("DELETE /users/me", body).await.expect(204);
    count.expect(4, "delete the account");

    let admin = app.administrator().await;
    count.forget();
    app.get("/admin/users?limit=1", &admin).await.expect(200);
    count.expect(2, "list users");
    app.get("/admin/events?limit=1", &admin).await.expect(200);
    count.expect(2, "list events");
    administer(&app, &admin, &count).await;
    app.logout_all(&admin).await.expect(204);
    count.expect(2, "log out everywhere");
}

/// In each call, one statement authenticates the caller.
async fn administer(app: &App, admin: &str, count: &Count) {
    let headers = format!("Authorization: Bearer {admin}\r\n{JSON}");
    let call = async |line: &str, body: Value| {
        let body = body.to_string();
        app.ask(line, &headers, body.as_bytes()).await
    };
    let account = json!({"email": "bob@example.org", "password": PASSWORD});
    let made = call("POST /admin/users", account).await.expect(201);
    count.expect(2, "make an account");
    let path = made.header("location").unwrap();
    let account = json!({"email": "eve@example.org"});
    call("POST /admin/users", account).await.expect(201);
    count.expect(2, "make an account, with a mail");
    app.get(path, admin).await.expect(200);
    count.expect(2, "read a user");
    let change = || json!({"status": "disabled"});
    call(&format!("PATCH {path}"), change()).await.expect(200);
    count.expect(3, "change a user");
    call(&format!("PATCH {path}"), change()).await.expect(200);
    count.expect(2, "change nothing");
    call(&format!("POST {path}/unlock"), json!({}))
        .await
        .expect(204);
    count.expect(3, "unlock a user");
    call(&format!("POST {path}/logout"), json!({}))
        .await
        .expect(204);
    count.expect(2, "log a user out");
    call(&format!("DELETE {path}"), json!({})).await.expect(204);
    count.expect(3, "delete a user");
}

/// DESIGN: the database limiter adds one statement, except to calls without limits.
#[tokio::test]
async fn limits_add_one_statement_and_none_to_refresh_and_me() {
    let Some((_database, store, count)) = counted(DbBackend::Postgres).await else {
        return;
    };
    let app = app_with(|builder| limited(builder).store(store.clone())).await;
    // The first call in a process reads the key of the counters.
    app.register("first@example.org").await;
    count.forget();
    app.register(ANN).await;
    count.expect(2, "register");
    let tokens = app.login(ANN).await;
    count.expect(3, "login");
    app.me(&tokens.access).await.expect(200);
    count.expect(1, "me");
    let next = app.refresh(&tokens.refresh).await.tokens();
    count.expect(1, "refresh");
    app.logout(&next.refresh).await.expect(204);
    count.expect(1, "logout");
    for email in [ANN, "nobody@example.org"] {
        app.forgot(email).await;
        count.expect(2, "forgot");
        app.try_login(email, "a wrong password").await.expect(401);
        count.expect(3, "a refused login");
    }
    app.auth.deliver_mail().await.unwrap();
    app.advance(1);
    let token = app.reset_token(ANN).await;
    count.forget();
    app.reset(&token, PASSWORD).await.expect(204);
    count.expect(3, "reset");
    for _ in 0..5 {
        app.try_login(ANN, "a wrong password").await.expect(401);
        count.expect(3, "a refused login, also one that locks");
    }
    app.try_login(ANN, PASSWORD).await.expect(429);
    count.expect(2, "a locked login");
}

/// The first proof costs what a login without a second factor costs, and the second step costs two statements.
#[tokio::test]
async fn second_factor_stays_within_the_budget_of_statements() {
    let Some((_database, store, count)) = counted(DbBackend::Postgres).await else {
        return;
    };
    let app = app_with(|builder| builder.store(store.clone())).await;
    let ann = app.enrolled(ANN).await;
    count.forget();
    let ticket = app.ticket(ANN).await;
    count.expect(2, "the first proof");
    let code = ann.authenticator.code(app.now());
    app.second_factor(&ticket, ("totp", &code)).await.tokens();
    count.expect(2, "the second factor");
    let forged = ticket.replace("hp_ct_A", "hp_ct_B");
    app.second_factor(&forged, ("totp", &code))
        .await
        .expect(400);
    count.expect(0, "a forged ticket");
    app.me(&ann.tokens.access).await.expect(200);
    count.expect(1, "me");
    app.refresh(&ann.tokens.refresh).await.tokens();
    count.expect(1, "refresh");

    let ticket = app.ticket(ANN).await;
    count.forget();
    let shown = ("recovery_code", ann.recovery_codes[0].as_str());
    app.second_factor(&ticket, shown).await.tokens();
    count.expect(2, "a recovery code");
    app.advance(30);
    let ticket = app.ticket(ANN).await;
    let code = ann.authenticator.code(app.now());
    let body = json!({"ticket": ticket, "totp": code, "remember_device": true});
    count.forget();
    let reply = app.post("/auth/second-factor", body).await.expect(200);
    count.expect(2, "a second factor that remembers the device");
    let cookie = reply.header("set-cookie").expect("a cookie");
    let cookie = cookie.split(';').next().expect("a pair");
    let headers = format!("Content-Type: application/json\r\nCookie: {cookie}\r\n");
    let body = json!({"email": ANN, "password": PASSWORD}).to_string();
    let reply = app.ask("POST /auth/login", &headers, body.as_bytes());
    reply.await.tokens();
    count.expect(2, "a login on a remembered device");
}

#[tokio::test]
async fn address_calls_stay_within_the_budget_of_statements() {
    let Some((_database, store, count)) = counted(DbBackend::Postgres).await else {
        return;
    };
    let app = app_with(|builder| builder.store(store.clone())).await;
    let tokens = app.join(ANN).await;
    app.deliver().await;
    app.advance(120);
    count.forget();
    for email in [ANN, "nobody@example.org"] {
        let body = json!({"email": email});
        let reply = app.post("/auth/resend-verification", body).await;
        reply.expect(202);
        count.expect(1, "resend a verification");
    }
    app.deliver().await;
    let token = link_token(&app.letter(ANN, "/verify-email?"), "verify-email");
    count.forget();
    for (token, status) in [("x", 400), (&token, 204), (&token, 400)] {
        let reply = app.post("/auth/verify-email", json!({"token": token}));
        reply.await.expect(status);
        count.expect(1, "verify an address");
    }
    // One statement authenticates, one reads the password; a taken address costs the same.
    for email in [ANN, "new@example.org"] {
        app.advance(120);
        let body = json!({"new_email": email, "current_password": PASSWORD});
        let reply = app.send("POST /users/me/email", &tokens.access, body);
        reply.await.expect(202);
        count.expect(3, "ask for another address");
    }
    app.deliver().await;
    let letter = app.letter("new@example.org", "/confirm-email-change?");
    let token = link_token(&letter, "confirm-email-change");
    count.forget();
    for (token, status) in [("x", 400), (&token, 204), (&token, 400)] {
        let reply = app.post("/auth/confirm-email-change", json!({"token": token}));
        reply.await.expect(status);
        count.expect(1, "confirm another address");
    }
}

/// A free and a taken address cost the same number of statements.
#[tokio::test]
async fn a_private_registration_costs_the_same_for_a_taken_address() {
    let Some((_database, store, count)) = counted(DbBackend::Postgres).await else {
        return;
    };
    let app = app_with(|builder| {
        let builder = builder.registration(RegistrationMode::Private);
        builder.store(store.clone())
    })
    .await;
    for _ in 0..2 {
        let body = json!({"email": ANN, "password": PASSWORD});
        app.post("/users", body).await.expect(202);
        count.expect(1, "a private registration");
    }
}

/// A token that is refused without a look-up costs no statement.
#[tokio::test]
async fn forged_and_malformed_tokens_cost_no_statement() {
    let Some((_database, store, count)) = counted(DbBackend::Postgres).await else {
        return;
    };
    let app = app_with(|builder| builder.store(store.clone())).await;
    app.me("x").await.problem(401, "invalid_access_token");
    app.refresh("x").await.problem(401, "invalid_refresh_token");
    app.logout("x").await.expect(204);
    let reply = app.try_login(ANN, &"x".repeat(300)).await;
    reply.problem(422, "validation_failed");
    let reply = app
        .post("/users", json!({"email": ANN, "password": "x"}))
        .await;
    reply.problem(422, "weak_password");
    app.post("/users", json!({}))
        .await
        .problem(422, "validation_failed");
    app.ask("GET /.well-known/jwks.json", "", b"")
        .await
        .expect(200);
    app.ask("GET /openapi.json", "", b"").await.expect(200);
    count.expect(0, "nothing");
    app.reset("x", PASSWORD).await.problem(400, "invalid_token");
    count.expect(1, "a forged reset");
}

/// A login of an unknown address costs as much as a wrong password: a look-up and the event.
#[tokio::test]
async fn a_refused_login_costs_the_same_for_every_address() {
    let Some((_database, store, count)) = counted(DbBackend::Postgres).await else {
        return;
    };
    let app = app_with(|builder| builder.store(store.clone())).await;
    app.register(ANN).await;
    count.forget();
    for email in ["nobody@example.org", ANN] {
        let reply = app.try_login(email, "a wrong password").await;
        reply.problem(401, "invalid_credentials");
        count.expect(2, email);
    }
}

#[tokio::test]
async fn a_handler_behind_a_role_guard_asks_only_once() {
    let Some((_database, store, count)) = counted(DbBackend::Postgres).await else {
        return;
    };
    let app = app_with(|builder| builder.store(store.clone())).await;
    let access = app.administrator().await;
    let auth = app.auth.clone();
    let router = Router::new()
        .route(
            "/",
            get(async |caller: ActiveUser| caller.user.id.to_string()),
        )
        .route_layer(hallpass::axum::RequireRole::new(&auth, Role::ADMIN))
        .with_state(auth.clone());
    let actix = Server::actix(move |config| {
        let scope = web::scope("")
            .wrap(hallpass::actix::RequireRole::new(&auth, Role::ADMIN))
            .route(
                "/",
                web::get().to(async |caller: ActiveUser| caller.user.id.to_string()),
            );
        config.app_data(web::Data::new(auth.clone())).service(scope);
    });
    for server in [Server::axum(router).await, actix] {
        count.forget();
        let reply = server.client.get("/", &access).await;
        assert_eq!(reply.status, 200);
        count.expect(1, "a guarded route");
    }
}

/// A browser costs as much as a client with tokens, and its pages nothing more.
#[tokio::test]
async fn requests_of_browsers_stay_within_the_budget() {
    let Some((_database, store, count)) = counted(DbBackend::Postgres).await else {
        return;
    };
    let app = app_with(|builder| builder.store(store.clone())).await;
    app.register(ANN).await;
    count.forget();
    let browser = app.browse(ANN).await;
    count.expect(2, "sign in a browser");
    browser.get("/auth/session").await.expect(200);
    count.expect(1, "read the session");
    browser.get("/users/me").await.expect(200);
    count.expect(1, "me by cookie");
    let body = json!({"password": PASSWORD});
    let reply = browser.post("/auth/reauthenticate", body).await.expect(204);
    count.expect(3, "reauthenticate a browser");
    let browser = browser.renewed(&reply);

    let auth = app.auth.clone();
    let page = async |OrSignIn(caller): OrSignIn<ActiveUser>| caller.user.id.to_string();
    let router = Router::new().route("/", get(page)).with_state(auth.clone());
    let actix = Server::actix(move |config| {
        let data = web::Data::new(auth.clone());
        config.app_data(data).route("/", web::get().to(page));
    });
    for server in [Server::axum(router).await, actix] {
        let page = browser.at(server.client).get("/").await;
        assert_eq!(page.status, 200);
        count.expect(1, "a page of the host");
        let page = server
            .client
            .ask("GET /", "Sec-Fetch-Mode: navigate\r\n", b"");
        assert_eq!(page.await.status, 303);
        count.expect(0, "a visitor who has to sign in");
    }
    browser.sign_out().await.expect(204);
    count.expect(1, "sign out a browser");
    let mut visitor = Visitor::of(&app).await;
    for path in [
        "/sign-in",
        "/sign-up",
        "/forgot-password",
        "/second-factor",
        "/",
    ] {
        visitor.open(path).await;
    }
    count.expect(0, "the pages of a visitor");
    let fields = [("email", ANN), ("password", PASSWORD)];
    visitor.submit("/sign-in", &fields).await;
    count.expect(2, "sign in on the page");
    visitor.open("/sign-out").await;
    count.expect(1, "a page of a signed-in user");
    for (path, statements) in [
        ("/account", 2),
        ("/account/email", 2),
        ("/account/password", 2),
        ("/account/mfa", 2),
        ("/account/export", 1),
        ("/account/activity", 2),
    ] {
        visitor.open(path).await.expect(200);
        count.expect(statements, path);
    }
}

#[tokio::test]
async fn pages_of_the_console_stay_within_the_budget_of_statements() {
    for backend in [DbBackend::Postgres, DbBackend::Sqlite] {
        let Some((_database, store, count)) = counted(backend).await else {
            continue;
        };
        let app = app_with(|builder| builder.store(store.clone())).await;
        app.administrator().await;
        let id = app.register(ANN).await["id"].clone();
        let id = id.as_str().unwrap();
        let mut visitor = Visitor::of(&app).await;
        let fields = [("email", "root@example.org"), ("password", PASSWORD)];
        visitor.submit("/sign-in", &fields).await;
        count.forget();
        for (path, statements) in [
            ("/console", 2),
            ("/console/users?role=user&status=active", 2),
            ("/console/users/new", 1),
            (&*format!("/console/users/{id}"), 3),
            (&*format!("/console/users/{id}/edit"), 2),
            (&*format!("/console/users/{id}/delete"), 2),
            (&*format!("/console/events?user={id}"), 3),
            ("/console/mail", 2),
            ("/console/status", 3),
        ] {
            let page = visitor.open(path).await.expect(200);
            count.expect(statements, path);
            let size = page.text().len();
            assert!(size <= 30_000, "{path}: {size}");
        }
    }
}
