//! The pages on which people sign up, and those that send an email.

use hallpass::{
    AuthBuilder,
    event::EventKind,
    limit::{Budget, Rate, RateLimits},
    password::RegistrationMode,
};

use super::{ANN, right};
use crate::support::{
    app::{apps, apps_with, link_token},
    http::PASSWORD,
    visitor::{Visitor, lead},
};

fn named() -> [(&'static str, &'static str); 3] {
    [right()[0], right()[1], ("display_name", "Ann")]
}

#[tokio::test]
async fn newcomer_signs_up_and_is_signed_in() {
    for app in apps().await {
        let mut visitor = Visitor::of(&app).await;
        let page = visitor.open("/sign-up?next=%2Fnotes").await;
        assert!(page.text().contains("new-password"), "{}", page.text());
        let reply = visitor.submit("/sign-up?next=%2Fnotes", &named()).await;
        assert_eq!(lead(&reply), "/notes");
        let me = visitor.open("/users/me").await.json();
        assert_eq!(
            (&me["email"], &me["display_name"]),
            (&ANN.into(), &"Ann".into())
        );
        // Somebody clicked twice.
        let mut twice = Visitor::of(&app).await;
        assert_eq!(lead(&twice.submit("/sign-up", &named()).await), "./");
        assert_eq!(app.count_events(EventKind::AccountCreated).await, 1);
        app.advance(60);
        let mut late = Visitor::of(&app).await;
        let reply = late.submit("/sign-up", &named()).await;
        assert_eq!(reply.status, 409);
        assert!(reply.text().contains("forgot-password"), "{}", reply.text());
        assert!(!late.is_signed_in());
        let other = [("email", ANN), ("password", "another good password")];
        assert_eq!(late.submit("/sign-up", &other).await.status, 409);
    }
}

#[tokio::test]
async fn sign_up_keeps_what_was_typed_except_the_password() {
    for app in apps().await {
        let mut visitor = Visitor::of(&app).await;
        let long = "x".repeat(201);
        for (email, password, name, at) in [
            ("ann", PASSWORD, "Ann", "email-error"),
            (ANN, "short", "Ann", "password-error"),
            (ANN, "password1", "Ann", "password-error"),
            (ANN, PASSWORD, long.as_str(), "display_name-error"),
        ] {
            let fields = [
                ("email", email),
                ("password", password),
                ("display_name", name),
            ];
            let reply = visitor.submit("/sign-up", &fields).await;
            assert_eq!(reply.status, 422, "{at}");
            let text = reply.text();
            assert!(
                text.contains(at) && text.contains(&format!("value=\"{email}\"")),
                "{text}"
            );
            assert!(!text.contains(&format!("value=\"{password}\"")), "{text}");
        }
        assert_eq!(app.count_events(EventKind::AccountCreated).await, 0);
    }
}

#[tokio::test]
async fn private_sign_up_says_nothing_about_an_address() {
    let private = |builder: AuthBuilder| builder.registration(RegistrationMode::Private);
    for app in apps_with(private).await {
        let mut visitor = Visitor::of(&app).await;
        let mut leads = Vec::new();
        for _ in 0..2 {
            let reply = visitor.submit("/sign-up", &named()).await;
            leads.push(lead(&reply).to_owned());
            assert!(!visitor.is_signed_in());
        }
        assert_eq!(leads[0], leads[1]);
        let page = visitor.open(&format!("/{}", leads[0])).await;
        assert!(page.text().contains(ANN), "{}", page.text());
        app.deliver().await;
        let letter = app.letter(ANN, "/verify-email?");
        let token = link_token(&letter, "verify-email");
        let reply = visitor.submit("/verify-email", &[("token", &token)]).await;
        assert_eq!(reply.status, 303);
        let done = visitor.open("/verify-email?done").await;
        assert!(done.text().contains("sign-in"), "{}", done.text());
        assert_eq!(lead(&visitor.submit("/sign-in", &right()).await), "./");
    }
}

#[tokio::test]
async fn closed_sign_up_has_no_form() {
    let closed = |builder: AuthBuilder| builder.registration(RegistrationMode::Closed);
    for app in apps_with(closed).await {
        let mut visitor = Visitor::of(&app).await;
        let page = visitor.open("/sign-up").await;
        assert!(!page.text().contains("<input id"), "{}", page.text());
        assert!(!visitor.open("/sign-in").await.text().contains("sign-up"));
        assert_eq!(visitor.submit("/sign-up", &named()).await.status, 403);
        assert_eq!(app.count_events(EventKind::AccountCreated).await, 0);
    }
}

#[tokio::test]
async fn mail_pages_answer_alike_for_every_address() {
    for app in apps().await {
        app.settled(ANN).await;
        let mut visitor = Visitor::of(&app).await;
        let mut pages = Vec::new();
        for email in [ANN, "bob@example.org"] {
            let reply = visitor
                .submit("/forgot-password?next=%2Fx", &[("email", email)])
                .await;
            let place = lead(&reply).to_owned();
            assert!(place.starts_with("check-mail?next=%2Fx&email="), "{place}");
            let page = visitor.open(&format!("/{place}")).await;
            assert_eq!(page.status, 200);
            pages.push(
                page.text()
                    .replace(email, "?")
                    .replace(&email.replace('@', "%40"), "?"),
            );
            let again = [("email", email), ("purpose", "resend")];
            let reply = visitor.submit("/check-mail", &again).await;
            assert!(lead(&reply).starts_with("check-mail?email="));
        }
        assert_eq!(pages[0], pages[1]);
        app.deliver().await;
        assert_eq!(app.letters(ANN, "/reset-password?").len(), 1);
        let reply = visitor
            .submit("/forgot-password", &[("email", "nobody")])
            .await;
        assert_eq!(reply.status, 422);
        assert_eq!(lead(&visitor.open("/check-mail").await), "sign-in");
        let odd = "/check-mail?email=%3Ci%3E&purpose=resend";
        assert!(!visitor.open(odd).await.text().contains("<i>"));
    }
}

#[tokio::test]
async fn refused_repetition_stays_on_the_page_of_the_mail() {
    let rate = Rate::per_minute(1).with_burst(1);
    let limits = RateLimits::none().per_client(Budget::Verify, rate);
    for app in apps_with(|builder| builder.rate_limits(limits)).await {
        app.settled(ANN).await;
        let mut visitor = Visitor::of(&app).await;
        let again = [("email", ANN), ("purpose", "resend")];
        let reply = visitor.submit("/check-mail?next=%2Fx", &again).await;
        assert!(lead(&reply).starts_with("check-mail?"), "{reply:?}");
        let reply = visitor.submit("/check-mail?next=%2Fx", &again).await;
        assert_eq!(reply.status, 429);
        assert!(reply.header("retry-after").is_some());
        let page = reply.text();
        assert!(page.contains("action=\"check-mail?next=%2Fx\""), "{page}");
        assert!(page.contains("name=\"purpose\" value=\"resend\""), "{page}");
        assert!(!page.contains("is on its way"), "{page}");
        let odd = [("email", "nobody"), ("purpose", "resend")];
        assert_eq!(lead(&visitor.submit("/check-mail", &odd).await), "sign-in");
    }
}
