//! The pages on which people sign in and sign out.

mod application;
mod bad_input;
mod provider;
mod second_factor;
mod sign_up;
mod templates;

use hallpass::{
    AuthBuilder,
    error::Refusal,
    event::{ClientInfo, EventKind},
    hook::{HookError, Hooks},
    user::{User, UserStatus},
};

use crate::support::{
    app::{App, Server, app_with, apps, apps_with, limited},
    browser::COOKIE,
    http::PASSWORD,
    visitor::{Visitor, lead, shown},
};

const ANN: &str = "ann@example.org";
const SIGN_IN: &str = "Sign in";

fn right() -> [(&'static str, &'static str); 2] {
    [("email", ANN), ("password", PASSWORD)]
}

/// A new user who has signed in on the page.
async fn signed_in(app: &App) -> Visitor {
    app.register(ANN).await;
    let mut visitor = Visitor::of(app).await;
    visitor.submit("/sign-in", &right()).await;
    assert!(visitor.is_signed_in());
    visitor
}

#[tokio::test]
async fn visitor_signs_in_and_goes_on() {
    for app in apps().await {
        app.register(ANN).await;
        let mut visitor = Visitor::of(&app).await;
        let page = visitor.open("/sign-in?next=%2Fnotes%3Fpage%3D2").await;
        let text = shown(&page, 200, SIGN_IN);
        assert!(
            text.contains(r#"action="sign-in?next=%2Fnotes%3Fpage%3D2""#),
            "{text}"
        );
        let reply = visitor
            .submit("/sign-in?next=%2Fnotes%3Fpage%3D2", &right())
            .await;
        assert_eq!(lead(&reply), "/notes?page=2");
        let cookie = reply
            .headers
            .iter()
            .find(|(_, value)| value.starts_with(COOKIE));
        let (_, cookie) = cookie.expect("the session");
        assert!(
            !cookie.contains("Max-Age"),
            "it ends with the browser: {cookie}"
        );
        assert!(visitor.is_signed_in());
        let page = visitor.open("/sign-in?next=%2Fnotes").await;
        let text = shown(&page, 200, SIGN_IN);
        assert!(
            text.contains("Continue as ann@example.org") && text.contains(r#"href="&#x2f;notes""#)
        );
        assert!(!text.contains(r#"id="password""#), "{text}");

        let mut other = Visitor::of(&app).await;
        let fields = [right()[0], right()[1], ("remember", "true"), ("ui", "de")];
        let reply = other.submit("/sign-in", &fields).await;
        assert_eq!(lead(&reply), "./");
        assert!(reply.headers.iter().any(|(_, value)| {
            value.starts_with(COOKIE) && value.contains("; Max-Age=2592000;")
        }));
    }
}

#[tokio::test]
async fn refused_sign_in_says_why_and_keeps_the_address() {
    for app in apps_with(|builder| builder.require_verified_email(true)).await {
        let user = app.register(ANN).await;
        let id = user["id"].as_str().expect("an id");
        let mut visitor = Visitor::of(&app).await;
        let wrong = [
            ("email", ANN),
            ("password", "wrong password"),
            ("remember", "true"),
        ];
        let text = shown(&visitor.submit("/sign-in", &wrong).await, 401, SIGN_IN);
        assert!(text.contains("You are not signed in"), "{text}");
        assert!(text.contains(r#"value="ann@example.org""#) && text.contains(" checked"));
        assert!(!text.contains("wrong password"), "{text}");
        let unknown = [("email", "bob@example.org"), ("password", "wrong password")];
        let other = shown(&visitor.submit("/sign-in", &unknown).await, 401, SIGN_IN);
        let same = other.replace("bob@example.org", ANN);
        assert_eq!(same, text.replace(" checked", ""), "an address is not told");

        let text = shown(&visitor.submit("/sign-in", &right()).await, 403, SIGN_IN);
        assert!(text.contains("Confirm your email address first"), "{text}");
        assert!(text.contains(r#"name="purpose" value="resend""#), "{text}");
        app.set_verified(id).await;
        app.set_status(id, UserStatus::Disabled).await;
        let text = shown(&visitor.submit("/sign-in", &right()).await, 403, SIGN_IN);
        assert!(text.contains("This account is switched off"), "{text}");

        for (email, password, says) in [
            ("", "", "email-error"),
            ("ann", PASSWORD, "email-error"),
            (ANN, "", "password-error"),
        ] {
            let fields = [("email", email), ("password", password)];
            let text = shown(&visitor.submit("/sign-in", &fields).await, 422, SIGN_IN);
            assert!(text.contains(says), "{text}");
        }
        assert!(!visitor.is_signed_in());
    }
}

#[tokio::test]
async fn locked_and_limited_sign_ins_say_how_long_to_wait() {
    let app = app_with(limited).await;
    app.register(ANN).await;
    let mut visitor = Visitor::of(&app).await;
    let wrong = [("email", ANN), ("password", "wrong password")];
    for _ in 0..5 {
        assert_eq!(visitor.submit("/sign-in", &wrong).await.status, 401);
    }
    let reply = visitor.submit("/sign-in", &right()).await;
    let text = shown(&reply, 429, SIGN_IN);
    assert!(text.contains("Too many wrong passwords"), "{text}");
    assert!(reply.header("retry-after").is_some());
    let mut status = 0;
    for index in 0..40 {
        let address = format!("nobody{index}@example.org");
        let fields = [("email", address.as_str()), ("password", "wrong password")];
        let reply = visitor.submit("/sign-in", &fields).await;
        status = reply.status;
        if status == 429 {
            let text = shown(&reply, 429, SIGN_IN);
            assert!(text.contains("Too many tries from your network"), "{text}");
            break;
        }
    }
    assert_eq!(status, 429);
}

#[derive(Debug)]
struct Sundays;

#[async_trait::async_trait]
impl Hooks for Sundays {
    async fn before_sign_in(&self, _: &User, _: &ClientInfo) -> Result<(), HookError> {
        Err(Refusal::new("closed", "We are <b>closed</b> on Sundays.").into())
    }
}

#[tokio::test]
async fn refusal_of_the_host_is_shown_in_its_words() {
    let refuse = |builder: AuthBuilder| builder.hooks(Sundays);
    let app = app_with(refuse).await;
    app.register(ANN).await;
    let mut visitor = Visitor::of(&app).await;
    let reply = visitor.submit("/sign-in", &right()).await;
    let text = shown(&reply, 422, SIGN_IN);
    assert!(
        text.contains("We are &lt;b&gt;closed&lt;&#x2f;b&gt; on Sundays."),
        "{text}"
    );
}

#[tokio::test]
async fn sign_out_is_a_form_and_not_a_link() {
    for app in apps().await {
        app.register(ANN).await;
        let mut visitor = Visitor::of(&app).await;
        assert_eq!(lead(&visitor.open("/sign-out").await), "sign-in");
        visitor.submit("/sign-in", &right()).await;
        let page = visitor.open("/sign-out").await;
        assert!(page.text().contains(ANN) && visitor.is_signed_in());
        assert_eq!(app.count_events(EventKind::LoggedOut).await, 0);
        let stolen = visitor.cookies.clone();
        let reply = visitor.submit("/sign-out", &[]).await;
        assert_eq!(lead(&reply), "sign-in?signed_out");
        assert_eq!(reply.header("clear-site-data"), Some("\"cache\""));
        assert!(!visitor.is_signed_in());
        let text = shown(&visitor.open("/sign-in?signed_out").await, 200, SIGN_IN);
        assert!(text.contains(r#"<p class="good">"#), "{text}");
        visitor.cookies = stolen;
        assert_eq!(lead(&visitor.open("/sign-out").await), "sign-in");
        assert_eq!(
            lead(&visitor.submit("/sign-out", &[]).await),
            "sign-in?signed_out"
        );
    }
}

#[tokio::test]
async fn start_and_well_known_paths_lead_somewhere() {
    for app in apps().await {
        app.register(ANN).await;
        let mut visitor = Visitor::of(&app).await;
        assert_eq!(lead(&visitor.open("/").await), "sign-in");
        let reply = visitor.open("/.well-known/change-password").await;
        assert_eq!(lead(&reply), "../account/password");
        visitor.submit("/sign-in", &right()).await;
        assert_eq!(lead(&visitor.open("/").await), "account");
    }
    let brand = hallpass::brand::Brand::new("Acme").home("https://acme.example/");
    let app = app_with(|builder| builder.brand(brand.clone())).await;
    app.register(ANN).await;
    let mut visitor = Visitor::of(&app).await;
    let reply = visitor.submit("/sign-in", &right()).await;
    assert_eq!(lead(&reply), "https://acme.example/");
    assert_eq!(lead(&visitor.open("/").await), "account");
}

#[tokio::test]
async fn chosen_language_stays() {
    let app = app_with(|builder| builder).await;
    app.register(ANN).await;
    let mut visitor = Visitor::of(&app).await;
    for (ui, title) in [
        ("en", "Sign in"),
        ("de", "Anmelden"),
        ("fr", "Se connecter"),
        ("es", "Iniciar sesión"),
        ("zh", "登录"),
    ] {
        let page = visitor.open(&format!("/sign-in?ui={ui}&next=%2Fx")).await;
        let text = page.text();
        assert!(text.contains(&format!("<h1>{title}</h1>")), "{text}");
        assert!(
            text.contains(&format!(r#"name="ui" value="{ui}""#)),
            "{text}"
        );
        let fields = [("email", ANN), ("password", "wrong password"), ("ui", ui)];
        let text = visitor.submit("/sign-in?next=%2Fx", &fields).await;
        assert!(text.text().contains(&format!("<h1>{title}</h1>")));
        let reply = visitor.submit("/sign-out?next=%2Fx", &[("ui", ui)]).await;
        assert_eq!(
            lead(&reply),
            format!("sign-in?next=%2Fx&signed_out&ui={ui}")
        );
    }
}

#[tokio::test]
async fn sign_in_page_is_small() {
    let app = app_with(|builder| builder).await;
    let page = Visitor::of(&app).await.open("/sign-in").await;
    assert!(page.body.len() <= 8 * 1024, "{}", page.body.len());
    let text = page.text();
    assert!(
        !text.contains("https://"),
        "it loads nothing from elsewhere"
    );
    assert!(text.contains("<script>"));
    let app = app_with(|builder| builder.with_script(false)).await;
    let page = Visitor::of(&app).await.open("/sign-in").await;
    assert!(!page.text().contains("<script"));
    let policy = page.header("content-security-policy").unwrap_or_default();
    assert!(!policy.contains("script-src"), "{policy}");
}

/// Browsers get a page for an unknown path, and everybody else a problem.
#[tokio::test]
async fn unknown_path_is_a_page_for_browsers() {
    let app = app_with(|builder| builder).await;
    let auth = app.auth.clone();
    let fallback = hallpass::axum::not_found_page(&auth);
    let router = axum::Router::new().route("/{*path}", axum::routing::any(fallback));
    let on_axum = Server::axum(router).await;
    let on_actix = Server::actix(move |config| {
        let page = hallpass::actix::not_found_page(&auth);
        config.route("/{path:.*}", actix_web::web::to(page));
    });
    for server in [on_axum, on_actix] {
        let ask = async |line: &str, headers: &str| server.client.ask(line, headers, b"").await;
        let html = "Accept: text/html\r\nAccept-Language: de\r\n";
        let page = ask("GET /nowhere", html).await;
        assert_eq!(page.status, 404);
        assert!(page.text().contains(r#"<html lang="de">"#), "{page:?}");
        let head = ask("HEAD /nowhere", html).await.expect(404);
        assert!(head.body.is_empty());
        ask("GET /nowhere", "").await.problem(404, "not_found");
        ask("POST /nowhere", html).await.problem(404, "not_found");
    }
}
