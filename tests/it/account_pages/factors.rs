//! Second factors and recovery codes on the pages of an account.

use hallpass::{AuthBuilder, event::EventKind, second_factor::SecondFactorPolicy, user::Role};

use super::{ANN, account, signed_in};
use crate::support::{
    app::{App, apps, apps_with},
    authenticator::Authenticator,
    http::PASSWORD,
    visitor::{Visitor, lead, shown},
};

const TITLE: &str = "Two-step sign-in";

/// Types the password on the page that asks for it, and returns the place that it leads to.
async fn confirm(visitor: &mut Visitor, place: &str, shown: (&str, &str)) -> String {
    let place = place.trim_start_matches("../");
    visitor.open(&format!("/{place}")).await.expect(200);
    let reply = visitor.submit(&format!("/{place}"), &[shown]).await;
    lead(&reply).to_owned()
}

/// Adds an app with this name, and returns it with the text of the page that follows.
async fn add(app: &App, visitor: &mut Visitor, name: &str) -> (Authenticator, String) {
    let reply = visitor.submit("/account/mfa", &[("name", name)]).await;
    let place = lead(&reply).trim_start_matches("..").to_owned();
    let page = visitor.open(&place).await;
    let text = page.text();
    assert!(text.contains("<svg"), "{text}");
    let (_, key) = text.split_once("<code>").expect("the key");
    let key = key.split("</code>").next().expect("its end");
    let authenticator = Authenticator::with_key(&key.replace(' ', ""));
    let wrong = authenticator.wrong_code(app.now());
    let reply = visitor.submit(&place, &[("code", &wrong)]).await;
    assert_eq!(reply.status, 401);
    assert!(reply.text().contains("<svg"), "the page is shown again");
    let reply = visitor.submit(&place, &[("code", "12")]).await;
    assert_eq!(reply.status, 422);
    let code = authenticator.code(app.now());
    let done = visitor.submit(&place, &[("code", &code)]).await;
    let again = visitor.submit(&place, &[("code", &code)]).await;
    assert_eq!(lead(&again), "../../account/mfa", "a second click");
    let text = match done.status {
        303 => lead(&done).to_owned(),
        _ => done.text().to_owned(),
    };
    (authenticator, text)
}

#[tokio::test]
async fn app_is_added_used_and_removed() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        app.advance(601);
        let reply = visitor.submit("/account/mfa", &[("name", "Phone")]).await;
        let to = "../account/confirm?to=account%2Fmfa";
        assert_eq!(lead(&reply), to, "the sign-in is old");
        let place = confirm(&mut visitor, to, ("password", PASSWORD)).await;
        assert_eq!(place, "../account/mfa");
        let (first, text) = add(&app, &mut visitor, "<i>Phone</i>").await;
        assert_eq!(text.matches("<li><code>").count(), 10, "{text}");
        assert!(
            text.replace("&#x2f;", "/")
                .contains("../../account?saved=factor_added")
        );
        let text = account(&mut visitor).await;
        assert!(text.contains("10 left"), "{text}");
        app.advance(30);
        let (_, text) = add(&app, &mut visitor, "").await;
        assert_eq!(text, "../../account?saved=factor_added", "no new codes");

        let page = visitor.open("/account/mfa").await;
        let text = shown(&page, 200, TITLE).replace("&#x2f;", "/");
        assert!(text.contains("&lt;i&gt;Phone") && text.contains("Authenticator app"));
        let removals: Vec<&str> = text
            .split(r#"href="../account/mfa/"#)
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .filter(|rest| rest.ends_with("/remove"))
            .collect();
        assert_eq!(removals.len(), 2, "{text}");
        app.advance(601);
        for (index, removal) in removals.iter().enumerate() {
            let path = format!("/account/mfa/{removal}");
            if index == 0 {
                let reply = visitor.open(&path).await;
                let place = lead(&reply).to_owned();
                assert!(place.starts_with("../../../account/confirm?to=account%2Fmfa%2F"));
                let code = first.code(app.now());
                let place = confirm(&mut visitor, &place, ("code", &code)).await;
                assert_eq!(place, format!("..{path}"));
            }
            let page = visitor.open(&path).await;
            let text = shown(&page, 200, "Remove this app?");
            assert_eq!(text.contains("your only app"), index == 1, "{text}");
            let reply = visitor.submit(&path, &[]).await;
            assert_eq!(lead(&reply), "../../../account?saved=factor_removed");
            let reply = visitor.submit(&path, &[]).await;
            assert_eq!(lead(&reply), "../../../account/mfa", "a second click");
        }
        let text = account(&mut visitor).await;
        assert!(text.contains("Set up: Two-step sign-in"), "{text}");
        assert_eq!(app.count_events(EventKind::FactorRemoved).await, 2);
    }
}

#[tokio::test]
async fn recovery_codes_are_replaced_after_a_code() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let mut visitor = Visitor::of(&app).await;
        let fields = [("email", ANN), ("password", PASSWORD)];
        visitor.submit("/sign-in", &fields).await;
        let recovery = ann.recovery_codes[0].as_str();
        visitor
            .submit("/second-factor", &[("code", recovery)])
            .await;
        let text = account(&mut visitor).await;
        assert!(text.contains("9 left"), "{text}");
        // A recovery code does not authorize new codes.
        let reply = visitor.open("/account/mfa/codes").await;
        let to = "../../account/confirm?to=account%2Fmfa%2Fcodes";
        assert_eq!(lead(&reply), to);
        assert_eq!(lead(&visitor.submit("/account/mfa/codes", &[]).await), to);
        let code = ann.authenticator.code(app.now());
        let place = confirm(&mut visitor, to, ("code", &code)).await;
        assert_eq!(place, "../account/mfa/codes");
        let page = visitor.open("/account/mfa/codes").await;
        shown(&page, 200, "New recovery codes");
        let reply = visitor.submit("/account/mfa/codes", &[]).await;
        let text = reply.text();
        assert_eq!(text.matches("<li><code>").count(), 10, "{text}");
        assert!(!text.contains(&ann.recovery_codes[1]));
        assert!(account(&mut visitor).await.contains("10 left"));
    }
}

#[tokio::test]
async fn last_required_app_is_kept() {
    let strict = |builder: AuthBuilder| {
        builder.second_factor(SecondFactorPolicy::Roles(
            [Role::USER].into_iter().collect(),
        ))
    };
    for app in apps_with(strict).await {
        let mut visitor = Visitor::of(&app).await;
        app.settled(ANN).await;
        let fields = [("email", ANN), ("password", PASSWORD)];
        visitor.submit("/sign-in", &fields).await;
        visitor.submit("/second-factor", &[("step", "enrol")]).await;
        let page = visitor.open("/second-factor").await;
        let (_, key) = page.text().split_once("<code>").expect("the key");
        let key = key.split("</code>").next().expect("its end");
        let code = Authenticator::with_key(&key.replace(' ', "")).code(app.now());
        visitor.submit("/second-factor", &[("code", &code)]).await;
        let page = visitor.open("/account/mfa").await;
        let text = shown(&page, 200, TITLE).replace("&#x2f;", "/");
        assert!(text.contains("Your account needs a second step"), "{text}");
        let (_, rest) = text.split_once(r#"href="../account/mfa/"#).expect("an app");
        let path = format!("/account/mfa/{}", rest.split('"').next().expect("its end"));
        let reply = visitor.submit(&path, &[]).await;
        let text = shown(&reply, 409, "Remove this app?");
        assert!(text.contains("This app cannot be removed"), "{text}");
        assert_eq!(app.count_events(EventKind::FactorRemoved).await, 0);
    }
}

#[tokio::test]
async fn sixth_app_and_a_long_name_are_refused() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        let long = "x".repeat(101);
        let reply = visitor.submit("/account/mfa", &[("name", &long)]).await;
        assert!(shown(&reply, 422, TITLE).contains("name-error"));
        for _ in 0..5 {
            add(&app, &mut visitor, "app").await;
            app.advance(30);
        }
        let reply = visitor
            .submit("/account/mfa", &[("name", "one more")])
            .await;
        let text = shown(&reply, 409, TITLE);
        assert!(text.contains("You have as many apps as possible"), "{text}");
        assert!(text.contains(r#"value="one more""#), "{text}");
    }
}

#[tokio::test]
async fn key_is_shown_only_to_a_session_that_may_add_an_app() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        let reply = visitor.submit("/account/mfa", &[]).await;
        let place = lead(&reply).trim_start_matches("..").to_owned();
        app.register("bob@example.org").await;
        let mut bob = Visitor::signed_in(&app, "bob@example.org").await;
        assert_eq!(lead(&bob.open(&place).await), "../../account/mfa");
        app.advance(601);
        let mut other = Visitor::signed_in(&app, ANN).await;
        assert!(other.open(&place).await.text().contains("<svg"));
        let reply = visitor.open(&place).await;
        assert!(lead(&reply).starts_with("../../account/confirm?to="));
        let reply = other.open("/account/mfa/not-an-id").await;
        assert_eq!(reply.status, 404);
        assert!(reply.text().contains("This page does not exist"));
    }
}
