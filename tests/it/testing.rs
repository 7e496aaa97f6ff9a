//! The testing kit as a host uses it.

use std::time::Duration;

use actix_web::http::StatusCode;
use axum::{Router, body::Body, http::Request, routing::get};
use hallpass::{
    ActiveUser, Auth, ClientAddress, CurrentUser, ErrorKind,
    credential::PasswordPolicy,
    error::Refusal,
    guard::{Admin, WithRole},
    hook::{Applicant, HookError, Hooks},
    secret::PasswordHash,
    testing::{PASSWORD, TestAuth},
    user::Role,
};
use tower::ServiceExt as _;

const LOGIN: &str =
    r#"{"email":"ann@example.org","password":"the same passphrase for every user of a test"}"#;

/// The host's own application, on axum.
fn on_axum(auth: &Auth) -> Router {
    Router::new()
        .route("/id", get(async |user: CurrentUser| user.id().to_string()))
        .route(
            "/email",
            get(async |caller: ActiveUser| caller.user.email.to_string()),
        )
        .route("/admin", get(async |_: WithRole<Admin>| "admin"))
        .nest(
            "/api",
            hallpass::axum::router(auth, ClientAddress::unknown()),
        )
        .with_state(auth.clone())
}

async fn ask_axum(auth: &Auth, path: &str, bearer: &str) -> (u16, String) {
    let request = Request::get(path).header("Authorization", bearer);
    let request = request.body(Body::empty()).unwrap();
    let reply = on_axum(auth).oneshot(request).await.unwrap();
    let status = reply.status().as_u16();
    let body = axum::body::to_bytes(reply.into_body(), 10_000).await;
    (status, String::from_utf8(body.unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn a_handler_on_axum_is_tested_with_real_users() {
    let auth = TestAuth::new();
    let ann = auth.user("ann@example.org").await;
    let root = auth
        .user_with_roles("root@example.org", [Role::ADMIN])
        .await;
    let (ann_bearer, root_bearer) = (auth.bearer_of(&ann).await, auth.bearer_of(&root).await);
    let id = ask_axum(&auth, "/id", &ann_bearer).await;
    assert_eq!(id, (200, ann.id.to_string()));
    let email = ask_axum(&auth, "/email", &ann_bearer).await;
    assert_eq!(email, (200, "ann@example.org".to_owned()));
    assert_eq!(ask_axum(&auth, "/admin", &ann_bearer).await.0, 403);
    assert_eq!(ask_axum(&auth, "/admin", &root_bearer).await.0, 200);
    assert_eq!(ask_axum(&auth, "/api/users/me", &ann_bearer).await.0, 200);
    assert_eq!(ask_axum(&auth, "/id", "Bearer x").await.0, 401);
    auth.clock().advance(Duration::from_secs(600));
    assert_eq!(ask_axum(&auth, "/id", &ann_bearer).await.0, 401);
}

#[actix_web::test]
async fn a_handler_on_actix_is_tested_with_real_users() {
    use actix_web::{App, test, web};

    let auth = TestAuth::new();
    let root = auth
        .user_with_roles("root@example.org", [Role::ADMIN])
        .await;
    let bearer = auth.bearer_of(&root).await;
    let app = App::new()
        .app_data(web::Data::new(auth.auth().clone()))
        .route(
            "/email",
            web::get().to(async |caller: ActiveUser| caller.user.email.to_string()),
        )
        .route("/admin", web::get().to(async |_: WithRole<Admin>| "admin"));
    let app = test::init_service(app).await;
    let ask = async |path: &str, bearer: &str| {
        let request = test::TestRequest::get().uri(path);
        let request = request.insert_header(("Authorization", bearer));
        let reply = test::call_service(&app, request.to_request()).await;
        (reply.status(), test::read_body(reply).await)
    };
    let (status, email) = ask("/email", &bearer).await;
    assert_eq!(
        (status, &*email),
        (StatusCode::OK, &b"root@example.org"[..])
    );
    assert_eq!(ask("/admin", &bearer).await.0, StatusCode::OK);
    // The account is checked immediately, before its token expires.
    auth.logout_all(
        &auth.token_of(&root).await,
        &hallpass::event::ClientInfo::default(),
    )
    .await
    .unwrap();
    assert_eq!(ask("/admin", &bearer).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_test_user_is_a_real_user() {
    let auth = TestAuth::new();
    let editor = Role::from_static("editor");
    let ann = auth
        .user_with_roles("Ann@example.org", [editor.clone()])
        .await;
    assert_eq!(ann.roles.to_string(), "editor");
    assert_eq!(ann.email_verified_at, Some(ann.created_at));
    let stored = auth.store().credentials(&ann.email).await.unwrap().unwrap();
    assert_eq!(stored.user, ann);
    assert!(
        stored
            .password_hash
            .as_ref()
            .map(PasswordHash::expose)
            .is_some()
    );
    let tokens = auth.sign_in(&ann).await;
    let caller = auth
        .require_role(&tokens.access_token, &editor)
        .await
        .unwrap();
    assert_eq!(
        (caller.user.id, caller.session_id),
        (ann.id, tokens.session_id)
    );
    let next = auth
        .refresh(
            &tokens.refresh_token,
            &hallpass::event::ClientInfo::default(),
        )
        .await;
    assert_eq!(next.unwrap().session_id, tokens.session_id);
}

#[tokio::test]
async fn mails_are_sent_and_their_tokens_used() {
    let auth = TestAuth::new();
    let ann = auth.user("ann@example.org").await;
    let nobody = hallpass::event::ClientInfo::default();
    auth.forgot_password(&ann.email, &nobody).await.unwrap();
    let mail = auth.last_mail_to("ann@example.org").await.unwrap();
    assert!(
        mail.text()
            .contains("https://id.example.org/reset-password?token=")
    );
    let token = auth.token_mailed_to("ann@example.org").await;
    assert!(mail.text().contains(token.expose()));
    auth.reset_password(&token, &"another passphrase".into(), &nobody)
        .await
        .unwrap();
    let login = hallpass::Login::new(ann.email, PASSWORD);
    let refused = auth.login(login).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidCredentials);
    assert_eq!(auth.mailbox().mails().len(), 1);
    assert!(auth.last_mail_to("bob@example.org").await.is_none());
}

#[derive(Debug)]
struct NoBobs;

#[async_trait::async_trait]
impl Hooks for NoBobs {
    async fn before_registration(&self, applicant: &Applicant<'_>) -> Result<(), HookError> {
        if applicant.email.as_str().starts_with("bob@") {
            return Err(Refusal::new("no_bobs", "We have enough of them.").into());
        }
        Ok(())
    }
}

#[tokio::test]
async fn settings_of_the_host_count() {
    let strict = PasswordPolicy::new(30).unwrap();
    let auth = TestAuth::with(|builder| builder.hooks(NoBobs).password_policy(strict));
    auth.user("ann@example.org").await;
    let bob = hallpass::Registration::new("bob@example.org".parse().unwrap(), PASSWORD);
    let refused = auth.register(bob).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().code(), "no_bobs");
}

#[tokio::test]
#[should_panic(expected = "bob@example.org cannot register")]
async fn a_refusal_by_a_hook_fails_the_test() {
    let auth = TestAuth::with(|builder| builder.hooks(NoBobs));
    auth.user("bob@example.org").await;
}

#[tokio::test]
#[should_panic(expected = "there is no email to ann@example.org")]
async fn a_mail_that_was_not_sent_fails_the_test() {
    TestAuth::new().token_mailed_to("ann@example.org").await;
}

/// As with `tokio::test(start_paused = true)`, the clock jumps whenever every task is idle.
#[tokio::test(start_paused = true)]
async fn a_login_under_a_paused_clock_is_answered_on_axum() {
    let auth = TestAuth::new();
    auth.user("ann@example.org").await;
    for attempt in 0..50 {
        let request = Request::post("/api/auth/login").header("Content-Type", "application/json");
        let request = request.body(Body::from(LOGIN)).unwrap();
        let reply = on_axum(&auth).oneshot(request).await.unwrap();
        assert_eq!(reply.status(), 200, "attempt {attempt}");
    }
}

#[actix_web::test]
async fn a_login_under_a_paused_clock_is_answered_on_actix() {
    use actix_web::{App, test};

    tokio::time::pause();
    let auth = TestAuth::new();
    auth.user("ann@example.org").await;
    let routes = hallpass::actix::configure(auth.auth(), ClientAddress::unknown());
    let app = test::init_service(App::new().configure(routes)).await;
    for attempt in 0..50 {
        let request = test::TestRequest::post().uri("/auth/login");
        let request = request.insert_header(("Content-Type", "application/json"));
        let request = request.set_payload(LOGIN).to_request();
        let reply = test::call_service(&app, request).await;
        assert_eq!(reply.status(), StatusCode::OK, "attempt {attempt}");
    }
}
