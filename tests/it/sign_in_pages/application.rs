//! The sign-in of an application on another site, for which the pages are one more provider.

use hallpass::{
    AuthBuilder,
    mail::{LetterKind, Notices},
    second_factor::SecondFactorPolicy,
};
use serde_json::json;

use super::{ANN, SIGN_IN, provider::pass, right, signed_in};
use crate::{
    oauth::flow::{APP_URL, VERIFIER, apps_of, person, redeem, start_path},
    support::{
        app::{App, PUBLIC_URL, apps_with, user_id},
        browser::{COOKIE, OWN},
        http::{JSON, PASSWORD, Reply, Tokens},
        provider::{FakeProvider, form},
        visitor::{Visitor, lead, shown},
    },
};

const STRONG: &str = "urn:hallpass:aal2";
const MOBILE_URL: &str = "org.example.app:/callback";

async fn apps() -> Vec<App> {
    let set = |builder: AuthBuilder| {
        let notices = Notices::default().with(LetterKind::NewSignIn);
        builder
            .provider_redirects([APP_URL, MOBILE_URL])
            .notices(notices)
    };
    apps_with(set).await
}

/// The query with which the application sends the browser to the pages.
fn query() -> String {
    query_with(&[])
}

fn query_with(changed: &[(&str, &str)]) -> String {
    let path = start_path(changed);
    path.split_once('?').expect("a query").1.to_owned()
}

fn at(page: &str) -> String {
    format!("/{page}?{}", query())
}

/// The code that the browser brings to the application.
#[track_caller]
fn brought(location: &str) -> String {
    let query = location.strip_prefix(APP_URL).expect("the application");
    let mut parameters = form(query.trim_start_matches('&'));
    assert_eq!(
        parameters.remove("state").as_deref(),
        Some("the app's state")
    );
    let code = parameters.remove("code").expect("a code");
    assert!(parameters.is_empty(), "{parameters:?}");
    code
}

/// The id in the form of the page that offers a signed-in user to go on.
async fn offered(visitor: &mut Visitor, path: &str) -> String {
    let page = visitor.open(path).await;
    let text = shown(&page, 200, SIGN_IN);
    assert!(text.contains(r#"name="step" value="continue""#), "{text}");
    let (_, rest) = text.split_once(r#"name="user" value=""#).expect("the id");
    rest.split_once('"').expect("its end").0.to_owned()
}

/// Goes on as the user who is signed in.
async fn go_on(visitor: &mut Visitor, path: &str) -> Reply {
    let user = offered(visitor, path).await;
    visitor
        .submit(path, &[("step", "continue"), ("user", &user)])
        .await
}

/// The tokens of the application, and the ACR and the methods in its access token.
async fn tokens(app: &App, location: &str) -> (Tokens, String, String) {
    let code = brought(location);
    redeem(
        app,
        &code,
        "another verifier of another application 0123456789",
    )
    .await
    .problem(400, "invalid_token");
    let tokens = redeem(app, &code, VERIFIER).await.tokens();
    redeem(app, &code, VERIFIER)
        .await
        .problem(400, "invalid_token");
    let claims = app
        .auth
        .verify(&tokens.access.as_str().into())
        .expect("a token");
    let methods = app.methods_of(&tokens.access).await.to_string();
    (tokens, claims.acr().to_owned(), methods)
}

#[tokio::test]
async fn application_gets_its_tokens_after_a_sign_in_on_the_pages() {
    for app in apps().await {
        app.settled(ANN).await;
        app.login(ANN).await;
        let letters = async || {
            app.deliver().await;
            app.mailbox.mails().len()
        };
        let before = letters().await;
        let mut visitor = Visitor::of(&app).await;
        let page = visitor.open(&at("sign-in")).await;
        let text = shown(&page, 200, SIGN_IN);
        for kept in [
            r#"action="sign-in?redirect_to=https%3A%2F%2Fapp.example.org%2Fsigned-in%3Ffrom%3Didp&amp;code_challenge="#,
            r#"href="forgot-password?redirect_to="#,
            r#"href="sign-up?redirect_to="#,
            "&amp;code_challenge_method=S256&amp;state=the%20app%27s%20state",
        ] {
            assert!(text.contains(kept), "{kept} in {text}");
        }
        let policy = page.header("content-security-policy").expect("a policy");
        let allowed = "form-action 'self' https://app.example.org;";
        assert!(format!("{policy};").contains(allowed), "{policy}");

        let wrong = [("email", ANN), ("password", "wrong password")];
        let refused = visitor.submit(&at("sign-in"), &wrong).await;
        let text = shown(&refused, 401, SIGN_IN);
        assert!(text.contains("sign-in?redirect_to="), "{text}");
        let reply = visitor.submit(&at("sign-in"), &right()).await;
        assert!(visitor.is_signed_in(), "the browser has its own session");
        let (tokens, acr, methods) = tokens(&app, lead(&reply)).await;
        assert_eq!(
            (acr.as_str(), methods.as_str()),
            ("urn:hallpass:aal1", "pwd")
        );
        let me = app.me(&tokens.access).await.expect(200).json();
        assert_eq!(me["email"], ANN);
        app.refresh(&tokens.refresh).await.expect(200);
        assert_eq!(letters().await, before + 1, "one notice for one sign-in");
    }
}

#[tokio::test]
async fn signed_in_user_goes_on_by_a_form_of_the_page() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        let page = visitor.open(&at("sign-in")).await;
        let text = shown(&page, 200, SIGN_IN);
        assert!(text.contains("Continue as ann@example.org"), "{text}");
        let app_name = "You will continue to https:&#x2f;&#x2f;app.example.org.";
        assert!(text.contains(app_name), "{text}");
        assert!(text.contains(r#"name="step" value="continue""#), "{text}");
        assert!(!text.contains("code=") && page.header("location").is_none());
        let user = offered(&mut visitor, &at("sign-in")).await;
        let step = [("step", "continue"), ("user", user.as_str())];
        for headers in [
            "Sec-Fetch-Site: cross-site\r\n",
            "Sec-Fetch-Site: same-site\r\n",
            "Origin: null\r\n",
            "",
        ] {
            let reply = visitor.submit_with(&at("sign-in"), headers, &step).await;
            assert_eq!(reply.status, 403, "{headers}: {reply:?}");
        }
        let reply = go_on(&mut visitor, &at("sign-in")).await;
        tokens(&app, lead(&reply)).await;

        // An app may have a scheme of its own.
        let path = format!("/sign-in?{}", query_with(&[("redirect_to", MOBILE_URL)]));
        let page = visitor.open(&path).await;
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(
            policy.contains("form-action 'self' org.example.app:"),
            "{policy}"
        );
        let location = go_on(&mut visitor, &path).await;
        assert!(lead(&location).starts_with("org.example.app:/callback?code="));

        let other = [("step", "continue"), ("user", "another user")];
        let reply = visitor.submit(&at("sign-in"), &other).await;
        assert!(lead(&reply).starts_with("sign-in?redirect_to="));
        let mut nobody = Visitor::of(&app).await;
        let reply = nobody.submit(&at("sign-in"), &step).await;
        assert!(lead(&reply).starts_with("sign-in?redirect_to="));
        let session = visitor.cookies[COOKIE].clone();
        assert_eq!(
            lead(&visitor.submit("/sign-out", &[]).await),
            "sign-in?signed_out"
        );
        nobody.cookies.insert(COOKIE.to_owned(), session);
        let reply = nobody.submit(&at("sign-in"), &step).await;
        assert!(lead(&reply).starts_with("sign-in?redirect_to="));
    }
}

#[tokio::test]
async fn session_of_the_application_is_as_old_as_the_sign_in() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        app.advance(660);
        let reply = go_on(&mut visitor, &at("sign-in")).await;
        let (stale, ..) = tokens(&app, lead(&reply)).await;
        app.send("POST /users/me/factors/totp", &stale.access, json!({}))
            .await
            .problem(403, "reauthentication_required");
        let reply = visitor
            .submit("/second-factor", &[("password", PASSWORD)])
            .await;
        assert_eq!(lead(&reply), "./");
        let reply = go_on(&mut visitor, &at("sign-in")).await;
        let (fresh, ..) = tokens(&app, lead(&reply)).await;
        app.begin_totp(&fresh.access).await;
    }
}

#[tokio::test]
async fn second_factor_is_asked_on_the_pages() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let mut visitor = Visitor::of(&app).await;
        let reply = visitor.submit(&at("sign-in"), &right()).await;
        let place = lead(&reply).to_owned();
        assert!(place.starts_with("second-factor?redirect_to="), "{place}");
        let page = visitor.open(&format!("/{place}")).await;
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(
            policy.contains("form-action 'self' https://app.example.org"),
            "{policy}"
        );
        let code = ann.authenticator.code(app.now());
        let fields = [("code", code.as_str()), ("remember_device", "true")];
        let reply = visitor.submit(&at("second-factor"), &fields).await;
        let (_, acr, methods) = tokens(&app, lead(&reply)).await;
        assert_eq!((acr.as_str(), methods.as_str()), (STRONG, "pwd otp mfa"));

        // A remembered device is asked too, and a recovery code will do.
        visitor.submit("/sign-out", &[]).await;
        app.advance(30);
        let reply = visitor.submit(&at("sign-in"), &right()).await;
        assert!(!visitor.is_signed_in());
        let place = lead(&reply).to_owned();
        assert!(place.starts_with("second-factor?redirect_to="), "{place}");
        let recovery = [
            ("code", ann.recovery_codes[0].as_str()),
            ("remember_device", "true"),
        ];
        let reply = visitor.submit(&at("second-factor"), &recovery).await;
        let (_, acr, _) = tokens(&app, lead(&reply)).await;
        assert_eq!(acr, STRONG);

        // Without an application, a remembered device skips the second factor.
        visitor.submit("/sign-out", &[]).await;
        assert_eq!(lead(&visitor.submit("/sign-in", &right()).await), "./");
        let reply = go_on(&mut visitor, &at("sign-in")).await;
        let place = lead(&reply).to_owned();
        assert!(place.starts_with("second-factor?redirect_to="), "{place}");
        let page = visitor.open(&format!("/{place}")).await;
        assert!(page.text().contains("one-time-code"), "{}", page.text());
        let code = ann.authenticator.code(app.now());
        let reply = visitor
            .submit(&at("second-factor"), &[("code", &code)])
            .await;
        let (_, acr, _) = tokens(&app, lead(&reply)).await;
        assert_eq!(acr, STRONG);
    }
}

#[tokio::test]
async fn code_is_void_after_its_user_has_changed() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let mut visitor = Visitor::of(&app).await;
        visitor.submit(&at("sign-in"), &right()).await;
        let code = ann.authenticator.code(app.now());
        let reply = visitor
            .submit(&at("second-factor"), &[("code", &code)])
            .await;
        let early = brought(lead(&reply));
        let late = brought(lead(&go_on(&mut visitor, &at("sign-in")).await));
        app.advance(60);
        redeem(&app, &late, VERIFIER)
            .await
            .problem(400, "invalid_token");
        redeem(&app, &early, VERIFIER)
            .await
            .problem(400, "invalid_token");

        // The factor that the code stands for has been removed.
        let reply = go_on(&mut visitor, &at("sign-in")).await;
        let removed = brought(lead(&reply));
        let headers = format!("{JSON}{OWN}");
        let line = format!("DELETE /users/me/factors/{}", ann.authenticator.id);
        visitor.ask(&line, &headers, "").await.expect(204);
        redeem(&app, &removed, VERIFIER)
            .await
            .problem(400, "invalid_token");

        let reply = go_on(&mut visitor, &at("sign-in")).await;
        let signed_out = brought(lead(&reply));
        visitor.submit("/sign-out", &[]).await;
        redeem(&app, &signed_out, VERIFIER)
            .await
            .problem(400, "invalid_token");

        visitor.submit("/sign-in", &right()).await;
        let reply = go_on(&mut visitor, &at("sign-in")).await;
        let everywhere = brought(lead(&reply));
        visitor
            .ask("POST /auth/logout-all", &headers, "")
            .await
            .expect(204);
        redeem(&app, &everywhere, VERIFIER)
            .await
            .problem(400, "invalid_token");
    }
}

#[tokio::test]
async fn required_factor_is_enrolled_only_after_another_sign_in() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        let before = brought(lead(&go_on(&mut visitor, &at("sign-in")).await));
        let strict = |builder: AuthBuilder| {
            let policy = SecondFactorPolicy::Everyone;
            builder.provider_redirects([APP_URL]).second_factor(policy)
        };
        let app = app.another(strict).await;
        redeem(&app, &before, VERIFIER)
            .await
            .problem(400, "invalid_token");
        app.advance(660);
        let mut strict = Visitor::of(&app).await;
        strict.cookies = visitor.cookies;
        let reply = go_on(&mut strict, &at("sign-in")).await;
        let place = lead(&reply).to_owned();
        assert!(place.starts_with("sign-out?redirect_to="), "{place}");
        let reply = strict.submit(&at("sign-out"), &[]).await;
        assert!(lead(&reply).starts_with("sign-in?redirect_to="));
        let reply = strict.submit(&at("sign-in"), &right()).await;
        assert!(lead(&reply).starts_with("second-factor?redirect_to="));
        let page = strict.open(&at("second-factor")).await;
        assert!(page.text().contains(r#"value="enrol""#), "{page:?}");
    }
}

#[tokio::test]
async fn code_of_a_session_does_not_outlast_it() {
    for app in apps().await {
        app.register(ANN).await;
        let mut visitor = Visitor::of(&app).await;
        let fields = [right()[0], right()[1], ("remember", "true")];
        visitor.submit("/sign-in", &fields).await;
        app.advance(86_400);
        let user = offered(&mut visitor, &at("sign-in")).await;
        let reply = go_on(&mut visitor, &at("sign-in")).await;
        tokens(&app, lead(&reply)).await;
        let sessions = app.store().sessions(user_id(&user), app.now()).await;
        let sessions = sessions.expect("sessions");
        let [one, other] = sessions.as_slice() else {
            panic!("two sessions, not {sessions:?}");
        };
        assert_ne!(one.created_at, other.created_at);
        assert_eq!(one.absolute_expires_at, other.absolute_expires_at);

        // A code opens no other browser session, from which it could be repeated.
        let code = brought(lead(&go_on(&mut visitor, &at("sign-in")).await));
        let body = json!({"code": code, "code_verifier": VERIFIER}).to_string();
        let headers = format!("{JSON}{OWN}");
        let mut nobody = Visitor::of(&app).await;
        let reply = nobody
            .ask("POST /auth/session/oauth", &headers, &body)
            .await;
        reply.problem(400, "invalid_token");
        assert!(!nobody.is_signed_in());
    }
}

#[tokio::test]
async fn new_user_goes_on_in_the_application() {
    for app in apps().await {
        let mut visitor = Visitor::of(&app).await;
        let page = visitor.open(&at("sign-up")).await;
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(
            policy.contains("form-action 'self' https://app.example.org"),
            "{policy}"
        );
        let reply = visitor.submit(&at("sign-up"), &right()).await;
        let (tokens, ..) = tokens(&app, lead(&reply)).await;
        assert_eq!(
            app.me(&tokens.access).await.expect(200).json()["email"],
            ANN
        );
    }
}

#[tokio::test]
async fn provider_on_the_pages_leads_to_the_application() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        fake.follow(&app.clock);
        let mut visitor = Visitor::of(&app).await;
        let page = visitor.open(&at("sign-in")).await;
        assert!(page.text().contains(r#"href="sign-in/idp?redirect_to="#));
        let place = pass(
            &mut visitor,
            &fake,
            &format!("?{}", query()),
            person("1", ANN),
        )
        .await;
        assert!(visitor.is_signed_in());
        let (tokens, _, methods) = tokens(&app, &place).await;
        assert_eq!(methods, "provider");
        assert_eq!(
            app.me(&tokens.access).await.expect(200).json()["email"],
            ANN
        );

        let reply = visitor.open(&format!("/sign-in/idp?{}", query())).await;
        let query = fake.approve(lead(&reply), &person("2", "eve@elsewhere.example"));
        let state = query.split('&').find(|pair| pair.starts_with("state="));
        let denied = format!("error=access_denied&{}", state.expect("a state"));
        let reply = visitor
            .open(&format!("/auth/oauth/idp/callback?{denied}"))
            .await;
        let place = lead(&reply);
        assert!(
            place.starts_with(&format!("{PUBLIC_URL}/sign-in?redirect_to=")),
            "{place}"
        );
        assert!(place.ends_with("&error=access_denied"), "{place}");
    }
}

#[tokio::test]
async fn invalid_request_of_an_application_leads_nowhere() {
    let long = "x".repeat(1025);
    for app in apps().await {
        app.register(ANN).await;
        for (changed, status) in [
            (("redirect_to", "https://evil.example/"), 400),
            (("redirect_to", "https://app.example.org/signed-in"), 400),
            (("redirect_to", "//app.example.org/signed-in?from=idp"), 400),
            (("redirect_to", ""), 400),
            (("code_challenge", "short"), 422),
            (("code_challenge_method", "plain"), 422),
            (("state", long.as_str()), 422),
        ] {
            let query = query_with(&[changed]);
            let mut visitor = Visitor::of(&app).await;
            for page in ["sign-in", "sign-up", "second-factor", "forgot-password"] {
                let reply = visitor.open(&format!("/{page}?{query}")).await;
                assert_eq!(reply.status, status, "{changed:?}: {reply:?}");
                assert!(reply.text().starts_with("<!doctype html>"), "{reply:?}");
                assert!(reply.header("location").is_none());
            }
            let reply = visitor.submit(&format!("/sign-in?{query}"), &right()).await;
            assert_eq!(reply.status, status, "{changed:?}: {reply:?}");
            assert!(!visitor.is_signed_in());
        }
        // An ambiguous query leads nowhere, and other parameters do not matter.
        let (query, mut visitor) = (query(), Visitor::of(&app).await);
        for (added, status) in [
            ("redirect_to=https%3A%2F%2Fevil.example", 400),
            ("redirect_to=%zz", 400),
            ("state=other", 400),
            ("utm=%zz", 200),
            ("utm=1&utm=2", 200),
        ] {
            let reply = visitor.open(&format!("/sign-in?{query}&{added}")).await;
            assert_eq!(reply.status, status, "{added}: {reply:?}");
            assert_eq!(reply.text().contains("sign-in?redirect_to="), status == 200);
        }
        // Without a redirect URI, the other parameters mean nothing.
        let query: Vec<&str> = query
            .split('&')
            .filter(|pair| !pair.starts_with("redirect_to"))
            .collect();
        let reply = visitor
            .submit(&format!("/sign-in?{}", query.join("&")), &right())
            .await;
        assert_eq!(lead(&reply), "./");
    }
}
