//! The mounted endpoints and the service that they call.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::routing::get;
use hallpass::{
    ActiveUser, AuthBuilder, ErrorKind, Login, Registration, Result, SignIn, User, UserService,
    event::ClientInfo,
    secret::{OneTimeToken, Password, RefreshToken},
    token::{Credential, TokenPair},
    user::{EmailAddress, Page, Role, UserQuery},
};
use http::Method;
use serde_json::json;

use crate::support::{
    app::{Framework, Server, app_with, apps_with},
    http::PASSWORD,
};

const ANN: &str = "ann@example.org";

#[tokio::test]
async fn an_endpoint_can_be_left_out() {
    let app = app_with(|builder| builder).await;
    for framework in [Framework::Axum, Framework::Actix] {
        let endpoints = app
            .auth
            .endpoints()
            .without(&Method::POST, "/users")
            .expect("the endpoint is there");
        let server = Server::of(endpoints.with_docs(), framework).await;
        let body = json!({"email": ANN, "password": PASSWORD});
        let reply = server.client.post("/users", body).await;
        reply.problem(404, "not_found");
        let reply = server.client.ask("GET /users/me", "", b"").await;
        reply.problem(401, "unauthenticated");
        let document = server.client.ask("GET /openapi.json", "", b"").await.json();
        assert!(document["paths"]["/users"].is_null());
        assert!(document["paths"]["/users/me"].is_object());

        // A typing error must not leave an endpoint unprotected.
        for (method, path) in [(Method::GET, "/users"), (Method::POST, "/user")] {
            let error = app.auth.endpoints().without(&method, path).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
        }
        let server = Server::of(app.auth.endpoints(), framework).await;
        let reply = server.client.ask("GET /docs", "", b"").await;
        reply.problem(404, "not_found");
    }
}

/// Records its calls and refuses one registration.
#[derive(Debug)]
struct Watched {
    inner: Arc<dyn UserService>,
    calls: Arc<Mutex<Vec<&'static str>>>,
}

impl Watched {
    fn note(&self, call: &'static str) -> &dyn UserService {
        self.calls.lock().unwrap().push(call);
        &*self.inner
    }
}

#[async_trait]
impl UserService for Watched {
    async fn register(&self, registration: Registration) -> Result<User> {
        if registration.email.as_str() == "eve@example.org" {
            return Err(ErrorKind::Forbidden.into());
        }
        self.note("register").register(registration).await
    }

    async fn login(&self, login: Login) -> Result<SignIn> {
        self.note("login").login(login).await
    }

    async fn refresh(&self, token: &RefreshToken, client: &ClientInfo) -> Result<TokenPair> {
        self.note("refresh").refresh(token, client).await
    }

    async fn logout(&self, token: &RefreshToken, client: &ClientInfo) -> Result<()> {
        self.note("logout").logout(token, client).await
    }

    async fn logout_all(&self, credential: &Credential, client: &ClientInfo) -> Result<()> {
        self.note("logout_all").logout_all(credential, client).await
    }

    async fn forgot_password(&self, email: &EmailAddress, client: &ClientInfo) -> Result<()> {
        self.note("forgot_password")
            .forgot_password(email, client)
            .await
    }

    async fn reset_password(
        &self,
        token: &OneTimeToken,
        password: &Password,
        client: &ClientInfo,
    ) -> Result<()> {
        self.note("reset_password")
            .reset_password(token, password, client)
            .await
    }

    async fn current_user(&self, credential: &Credential) -> Result<ActiveUser> {
        self.note("current_user").current_user(credential).await
    }

    async fn require_role(&self, credential: &Credential, role: &Role) -> Result<ActiveUser> {
        self.note("require_role")
            .require_role(credential, role)
            .await
    }

    async fn list_users(&self, query: &UserQuery) -> Result<Page<User>> {
        self.note("list_users").list_users(query).await
    }
}

/// A wrapper, and its records.
fn watching() -> (
    impl Fn(AuthBuilder) -> AuthBuilder,
    Arc<Mutex<Vec<&'static str>>>,
) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&calls);
    let wrap = move |builder: AuthBuilder| {
        let calls = Arc::clone(&noted);
        builder.wrap_service(move |inner| {
            let calls = Arc::clone(&calls);
            Arc::new(Watched { inner, calls })
        })
    };
    (wrap, calls)
}

#[tokio::test]
async fn the_guards_call_the_wrapping_service_of_a_host() {
    let (wrap, calls) = watching();
    let app = app_with(wrap).await;
    let user = app.join(ANN).await;
    calls.lock().unwrap().clear();
    let guarded = axum::Router::new()
        .route("/guarded", get(async |_: ActiveUser| "in"))
        .route_layer(hallpass::axum::RequireRole::new(&app.auth, Role::USER))
        .route("/active", get(async |_: ActiveUser| "in"))
        .with_state(app.auth.clone());
    let server = Server::axum(guarded).await;
    for path in ["/guarded", "/active"] {
        let reply = server.client.get(path, &user.access).await;
        assert_eq!(reply.status, 200);
    }
    assert_eq!(*calls.lock().unwrap(), ["current_user", "current_user"]);
}

#[tokio::test]
async fn the_endpoints_call_the_wrapping_service_of_a_host() {
    let (wrap, calls) = watching();
    for app in apps_with(wrap).await {
        let tokens = app.join(ANN).await;
        let tokens = app.refresh(&tokens.refresh).await.tokens();
        app.me(&tokens.access).await.expect(200);
        app.get("/admin/users", &tokens.access)
            .await
            .problem(403, "forbidden");
        app.logout(&tokens.refresh).await.expect(204);
        let token = app.reset_token(ANN).await;
        app.reset(&token, PASSWORD).await.expect(204);
        let admin = app.administrator().await;
        app.get("/admin/users", &admin).await.expect(200);
        app.logout_all(&admin).await.expect(204);
        assert_eq!(
            std::mem::take(&mut *calls.lock().unwrap()),
            [
                "register",
                "login",
                "refresh",
                "current_user",
                "require_role",
                "logout",
                "forgot_password",
                "reset_password",
                "login",
                "require_role",
                "list_users",
                "logout_all"
            ]
        );

        // The veto is answered like a refusal of our own.
        let body = json!({"email": "eve@example.org", "password": PASSWORD});
        app.post("/users", body).await.problem(403, "forbidden");
        assert!(calls.lock().unwrap().is_empty());
    }
}
