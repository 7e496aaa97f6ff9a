//! The second step on pages, enrolment, and the confirmation of signed-in users.

use hallpass::second_factor::SecondFactorPolicy;

use super::{ANN, right, signed_in};
use crate::support::{
    app::{App, apps, apps_with},
    authenticator::Authenticator,
    browser::COOKIE,
    http::PASSWORD,
    visitor::{Visitor, lead},
};

async fn to_second_step(app: &App) -> Visitor {
    let mut visitor = Visitor::of(app).await;
    let reply = visitor.submit("/sign-in?next=%2Fnotes", &right()).await;
    assert_eq!(lead(&reply), "second-factor?next=%2Fnotes");
    assert!(!visitor.is_signed_in());
    visitor
}

fn title_of(text: &str) -> &str {
    let (_, rest) = text.split_once("<h1>").expect("a heading");
    rest.split_once("</h1>").expect("its end").0
}

#[tokio::test]
async fn code_completes_the_sign_in() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let mut visitor = to_second_step(&app).await;
        let page = visitor.open("/second-factor?next=%2Fnotes").await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("one-time-code"), "{}", page.text());
        let path = "/second-factor?next=%2Fnotes";
        let odd = visitor.submit(path, &[("code", "12")]).await;
        assert_eq!(odd.status, 422);
        let wrong = ann.authenticator.wrong_code(app.now());
        let refused = visitor.submit(path, &[("code", &wrong)]).await;
        assert_eq!(refused.status, 401);
        assert!(
            refused.text().contains("aria-invalid"),
            "{}",
            refused.text()
        );
        let code = ann.authenticator.code(app.now());
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        let fields = [("code", spaced.as_str()), ("remember_device", "true")];
        let reply = visitor.submit(path, &fields).await;
        assert_eq!(lead(&reply), "/notes");
        assert!(visitor.is_signed_in());
        assert!(!visitor.cookies.keys().any(|name| name.contains("ticket")));
        // The device is remembered.
        visitor.cookies.remove(COOKIE);
        assert_eq!(lead(&visitor.submit("/sign-in", &right()).await), "./");

        let mut visitor = to_second_step(&app).await;
        let recovery = ann.recovery_codes[0].to_lowercase();
        let reply = visitor
            .submit("/second-factor", &[("code", &recovery)])
            .await;
        assert_eq!(lead(&reply), "./");
    }
}

#[tokio::test]
async fn second_step_that_took_too_long_starts_again() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let mut visitor = to_second_step(&app).await;
        app.advance(301);
        let code = ann.authenticator.code(app.now());
        let reply = visitor.submit("/second-factor", &[("code", &code)]).await;
        assert_eq!(lead(&reply), "sign-in?expired");
        let mut visitor = to_second_step(&app).await;
        let wrong = ann.authenticator.wrong_code(app.now());
        for _ in 0..5 {
            let reply = visitor.submit("/second-factor", &[("code", &wrong)]).await;
            assert_eq!(reply.status, 401);
        }
        let code = ann.authenticator.code(app.now());
        let reply = visitor.submit("/second-factor", &[("code", &code)]).await;
        assert_eq!(lead(&reply), "sign-in?expired");
        assert!(!visitor.is_signed_in());
        let mut nobody = Visitor::of(&app).await;
        assert_eq!(lead(&nobody.open("/second-factor").await), "sign-in");
    }
}

#[tokio::test]
async fn required_factor_is_set_up_on_the_page() {
    let strict =
        |builder: hallpass::AuthBuilder| builder.second_factor(SecondFactorPolicy::Everyone);
    for app in apps_with(strict).await {
        app.register(ANN).await;
        let mut visitor = to_second_step(&app).await;
        let path = "/second-factor?next=%2Fnotes";
        let page = visitor.open(path).await;
        assert!(
            page.text().contains(r#"name="step" value="enrol""#),
            "{}",
            page.text()
        );
        let reply = visitor.submit(path, &[("step", "enrol")]).await;
        assert_eq!(lead(&reply), "second-factor?next=%2Fnotes");
        let page = visitor.open(path).await;
        let text = page.text();
        assert!(
            text.contains("<svg") && title_of(text).contains("two-step"),
            "{text}"
        );
        let (_, rest) = text.split_once("<code>").expect("the secret");
        let secret: String = rest
            .split_once("</code>")
            .expect("its end")
            .0
            .replace(' ', "");
        // The page can be opened again, and shows the same secret.
        assert!(visitor.open(path).await.text().contains(&secret[..4]));
        let phone = Authenticator::with_key(&secret);
        let wrong = phone.wrong_code(app.now());
        let refused = visitor.submit(path, &[("code", &wrong)]).await;
        assert_eq!(refused.status, 401);
        assert!(refused.text().contains("<svg"));
        let code = phone.code(app.now());
        let reply = visitor.submit(path, &[("code", &code)]).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.text().matches("<li><code>").count(), 10);
        assert!(reply.text().contains(r#"href="&#x2f;notes""#));
        assert!(visitor.is_signed_in());
        let session = visitor.open("/auth/session").await.json();
        assert_eq!(session["acr"], "urn:hallpass:aal2");
    }
}

#[tokio::test]
async fn signed_in_user_confirms_with_password_or_code() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        let path = "/second-factor?next=%2Fpay";
        let page = visitor.open(path).await;
        assert!(
            page.text().contains(r#"type="password""#),
            "{}",
            page.text()
        );
        assert!(
            page.text().contains(r#"name="username""#),
            "{}",
            page.text()
        );
        let before = visitor.cookies[COOKIE].clone();
        for (password, status) in [("", 422), ("wrong password", 401)] {
            let fields = [("username", ANN), ("password", password)];
            assert_eq!(visitor.submit(path, &fields).await.status, status);
        }
        assert_eq!(visitor.cookies[COOKIE], before);
        let fields = [("username", ANN), ("password", PASSWORD)];
        assert_eq!(lead(&visitor.submit(path, &fields).await), "/pay");
        assert_ne!(visitor.cookies[COOKIE], before);

        let ann = app.enrolled("bob@example.org").await;
        let mut visitor = Visitor::of(&app).await;
        let fields = [("email", "bob@example.org"), ("password", PASSWORD)];
        visitor.submit("/sign-in", &fields).await;
        let code = ann.authenticator.code(app.now());
        visitor.submit("/second-factor", &[("code", &code)]).await;
        app.advance(30);
        let text = visitor.open(path).await.text().to_owned();
        assert!(
            text.contains("bob@example.org") && !text.contains("remember_device"),
            "{text}"
        );
        let recovery = visitor
            .submit(path, &[("code", &ann.recovery_codes[0])])
            .await;
        assert_eq!(recovery.status, 422, "a recovery code does not count");
        let code = ann.authenticator.code(app.now());
        assert_eq!(
            lead(&visitor.submit(path, &[("code", &code)]).await),
            "/pay"
        );
    }
}
