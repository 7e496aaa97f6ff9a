//! The pages on which users see and change their own account.

mod bad_input;
mod data;
mod factors;
mod identities;
mod sessions;

use hallpass::event::EventKind;

use crate::support::{
    app::{App, apps, link_token},
    authenticator::Enrolled,
    browser::COOKIE,
    http::PASSWORD,
    visitor::{Visitor, lead, shown},
};

const ANN: &str = "ann@example.org";
const NEW: &str = "ann@example.net";
const TITLE: &str = "Your account";

/// A new user who has signed in on the page.
async fn signed_in(app: &App) -> Visitor {
    app.settled(ANN).await;
    Visitor::signed_in(app, ANN).await
}

/// A user with an authenticator app who has signed in with a code.
async fn signed_in_with_code(app: &App, user: &Enrolled, remember_device: &str) -> Visitor {
    let mut visitor = Visitor::of(app).await;
    let fields = [("email", ANN), ("password", PASSWORD)];
    visitor.submit("/sign-in", &fields).await;
    let code = user.authenticator.code(app.now());
    let fields = [
        ("code", code.as_str()),
        ("remember_device", remember_device),
    ];
    visitor.submit("/second-factor", &fields).await;
    visitor
}

/// The text of `/account`.
async fn account(visitor: &mut Visitor) -> String {
    shown(&visitor.open("/account").await, 200, TITLE)
}

#[tokio::test]
async fn account_shows_what_belongs_to_the_user() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        let text = account(&mut visitor).await;
        for part in [
            r#"<p class="who"><bdi>ann@example.org</bdi> · <a href="sign-out">"#,
            r#"<li><a href="account" aria-current="page">Profile</a></li>"#,
            r#"<li><a href="account/activity">Activity</a></li>"#,
            "<bdi>ann@example.org</bdi><br>",
            "not confirmed yet",
            r#"href="account/password" aria-label="Change: Password""#,
            r#"href="account/mfa" aria-label="Set up: Two-step sign-in""#,
            "this device",
            "Active now",
            r#"href="account/delete""#,
        ] {
            assert!(text.replace("&#x2f;", "/").contains(part), "{part}: {text}");
        }
        assert!(!text.contains("end_others"), "there is one session: {text}");
        assert_eq!(lead(&visitor.open("/").await), "account");
        let reply = visitor.open("/.well-known/change-password").await;
        assert_eq!(lead(&reply), "../account/password");
    }
}

#[tokio::test]
async fn name_is_saved_and_a_bad_one_is_shown_again() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        let save = async |visitor: &mut Visitor, name: &str| {
            let fields = [("step", "profile"), ("display_name", name), ("ui", "de")];
            visitor.submit("/account", &fields).await
        };
        let odd = "<i>Ann</i> \u{202e}nnA\u{202c} \u{5d0}";
        let reply = save(&mut visitor, odd).await;
        assert_eq!(lead(&reply), "account?saved=profile&ui=de");
        let text = visitor.open("/account?saved=profile").await;
        let text = shown(&text, 200, TITLE);
        assert!(text.contains("Your profile is saved."), "{text}");
        assert!(
            !text.contains("<i>") && text.contains("&lt;i&gt;Ann"),
            "{text}"
        );
        let me = visitor.open("/users/me").await.expect(200).json();
        assert_eq!(me["display_name"], odd);

        for name in ["x".repeat(201), "a\u{0}b".to_owned(), "y".repeat(10_000)] {
            let reply = save(&mut visitor, &name).await;
            assert_eq!(reply.status, 422, "{reply:?}");
            let text = reply.text();
            assert!(text.contains("display_name-error"), "{text}");
            assert!(text.contains(&name[..1]), "{text}");
        }
        let reply = save(&mut visitor, "  ").await;
        assert_eq!(lead(&reply), "account?saved=profile&ui=de");
        let me = visitor.open("/users/me").await.expect(200).json();
        assert_eq!(me["display_name"], serde_json::Value::Null);
    }
}

#[tokio::test]
async fn new_address_is_pending_until_its_link_is_opened() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        let page = visitor.open("/account/email").await;
        let text = shown(&page, 200, "Change your email address");
        for part in [
            r#"<label id="new_email-label""#,
            r#"autocomplete="email""#,
            r#"autocomplete="current-password""#,
            r#"name="username" autocomplete="username" value="ann@example.org""#,
            r#"action="../account/email""#,
        ] {
            assert!(text.replace("&#x2f;", "/").contains(part), "{part}: {text}");
        }
        for (email, password, status, says) in [
            ("nobody", PASSWORD, 422, "new_email-error"),
            (NEW, "", 422, "current_password-error"),
            (NEW, "wrong password", 401, "current_password-error"),
        ] {
            let fields = [("new_email", email), ("current_password", password)];
            let reply = visitor.submit("/account/email", &fields).await;
            let text = shown(&reply, status, "Change your email address");
            assert!(text.contains(says), "{says}: {text}");
            assert!(text.contains(&format!(r#"value="{email}""#)), "{text}");
            assert!(!text.contains("wrong password"));
        }
        let fields = [("new_email", NEW), ("current_password", PASSWORD)];
        let reply = visitor.submit("/account/email", &fields).await;
        assert_eq!(lead(&reply), "../account?saved=email");
        let text = account(&mut visitor).await;
        assert!(
            text.contains("the link that we sent to ann@example.net"),
            "{text}"
        );
        app.deliver().await;
        let letter = app.letter(NEW, "/confirm-email-change?");
        let token = link_token(&letter, "confirm-email-change");
        let fields = [("token", token.as_str())];
        let reply = visitor.submit("/confirm-email-change", &fields).await;
        assert_eq!(lead(&reply), "confirm-email-change?done");
        let text = account_of(&app, NEW).await;
        assert!(
            text.contains("✓ confirmed") && !text.contains("that we sent"),
            "{text}"
        );
    }
}

async fn account_of(app: &App, email: &str) -> String {
    account(&mut Visitor::signed_in(app, email).await).await
}

#[tokio::test]
async fn new_password_ends_the_other_sessions_and_renews_the_cookie() {
    const LATER: &str = "another long password";
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        let mut other = Visitor::signed_in(&app, ANN).await;
        let title = "Change your password";
        shown(&visitor.open("/account/password").await, 200, title);
        for (current, new, status, says) in [
            ("wrong password", LATER, 401, "current_password-error"),
            ("", LATER, 422, "current_password-error"),
            (PASSWORD, "short", 422, "new_password-error"),
            (PASSWORD, "ann@example.org", 422, "new_password-error"),
        ] {
            let fields = [("current_password", current), ("new_password", new)];
            let reply = visitor.submit("/account/password", &fields).await;
            let text = shown(&reply, status, title);
            assert!(text.contains(says), "{says}: {text}");
        }
        let cookie = visitor.cookies[COOKIE].clone();
        let fields = [("current_password", PASSWORD), ("new_password", LATER)];
        let reply = visitor.submit("/account/password", &fields).await;
        assert_eq!(lead(&reply), "../account?saved=password");
        assert_ne!(visitor.cookies[COOKIE], cookie);
        account(&mut visitor).await;
        let reply = other.open("/account").await;
        assert_eq!(lead(&reply), "sign-in?next=%2Faccount");
        app.try_login(ANN, LATER).await.expect(200);
        assert_eq!(app.count_events(EventKind::PasswordChanged).await, 1);
    }
}
