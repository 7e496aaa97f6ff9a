//! A sign-in with a provider that begins and ends on the pages.

use hallpass::AuthBuilder;
use serde_json::json;

use super::ANN;
use crate::{
    oauth::flow::{apps_of, idp, person},
    support::{
        app::{App, PUBLIC_URL, apps_with},
        provider::FakeProvider,
        visitor::{Visitor, lead},
    },
};

/// Begins a sign-in, passes the provider, and returns to the callback.
pub(super) async fn pass(
    visitor: &mut Visitor,
    fake: &FakeProvider,
    query: &str,
    claims: serde_json::Value,
) -> String {
    let reply = visitor.open(&format!("/sign-in/idp{query}")).await;
    let location = lead(&reply).to_owned();
    assert!(location.starts_with(&fake.issuer), "{location}");
    let query = fake.approve(&location, &claims);
    let reply = visitor
        .open(&format!("/auth/oauth/idp/callback?{query}"))
        .await;
    lead(&reply).to_owned()
}

#[tokio::test]
async fn provider_sign_in_begins_and_ends_on_the_pages() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let mut visitor = Visitor::of(&app).await;
        let page = visitor.open("/sign-in?next=%2Fnotes").await;
        let link = r#"href="sign-in/idp?next=%2Fnotes""#;
        assert!(page.text().contains(link), "{}", page.text());
        let place = pass(&mut visitor, &fake, "?next=%2Fnotes", person("1", ANN)).await;
        assert_eq!(place, "/notes");
        assert!(visitor.is_signed_in());
        let me = visitor.open("/users/me").await.expect(200).json();
        assert_eq!(me["email"], ANN);
        assert!(
            !visitor.cookies.keys().any(|name| name.contains("oauth")),
            "{:?}",
            visitor.cookies
        );

        let mut other = Visitor::of(&app).await;
        let place = pass(
            &mut other,
            &fake,
            "?ui=de&next=%2F%2Fevil",
            person("1", ANN),
        )
        .await;
        assert_eq!(place, format!("{PUBLIC_URL}/"));
        assert!(other.is_signed_in());
    }
}

#[tokio::test]
async fn callback_of_another_browser_opens_no_session() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let mut visitor = Visitor::of(&app).await;
        let reply = visitor.open("/sign-in/idp").await;
        let query = fake.approve(lead(&reply), &person("1", ANN));
        let path = format!("/auth/oauth/idp/callback?{query}");
        let mut victim = Visitor::of(&app).await;
        let reply = victim.open(&path).await;
        reply.problem(400, "invalid_token");
        assert!(!victim.is_signed_in());
        assert_eq!(lead(&visitor.open(&path).await), format!("{PUBLIC_URL}/"));
        let again = visitor.open(&path).await;
        again.problem(400, "invalid_token");
    }
}

#[tokio::test]
async fn failed_provider_leads_back_to_the_sign_in() {
    let fake = FakeProvider::start().await;
    let strict = |builder: AuthBuilder| builder.provider(idp(&fake)).require_verified_email(true);
    for app in apps_with(strict).await {
        let mut visitor = Visitor::of(&app).await;
        let reply = visitor.open("/sign-in/idp?next=%2Fnotes&ui=de").await;
        let query = fake.approve(lead(&reply), &person("1", ANN));
        let state = query.split('&').find(|pair| pair.starts_with("state="));
        let denied = format!("error=access_denied&{}", state.expect("a state"));
        let reply = visitor
            .open(&format!("/auth/oauth/idp/callback?{denied}"))
            .await;
        let place = format!("{PUBLIC_URL}/sign-in?next=%2Fnotes&ui=de&error=access_denied");
        assert_eq!(lead(&reply), place);
        let page = visitor.open(place.trim_start_matches(PUBLIC_URL)).await;
        assert!(page.text().contains("summary"), "{}", page.text());

        let unverified =
            json!({"sub": "2", "email": "eve@elsewhere.example", "email_verified": true});
        let place = pass(&mut visitor, &fake, "", unverified).await;
        assert_eq!(
            place,
            format!("{PUBLIC_URL}/sign-in?error=email_not_verified")
        );
        assert!(!visitor.is_signed_in());
        let unknown = visitor.open("/sign-in/nobody").await;
        assert_eq!(unknown.status, 404);
        // Another site cannot begin a sign-in.
        for (line, headers) in [
            (
                "GET /sign-in/idp?next=%2Fnotes",
                "Sec-Fetch-Site: cross-site\r\n",
            ),
            (
                "GET /sign-in/idp?next=%2Fnotes",
                "Sec-Fetch-Site: same-site\r\n",
            ),
            ("HEAD /sign-in/idp?next=%2Fnotes", ""),
        ] {
            let reply = visitor.ask(line, headers, "").await;
            assert_eq!(lead(&reply), "../sign-in?next=%2Fnotes");
            assert!(reply.header("set-cookie").is_none());
        }
    }
}

#[tokio::test]
async fn provider_sign_in_asks_for_the_second_factor() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let mut visitor = Visitor::of(&app).await;
        pass(&mut visitor, &fake, "", person("1", ANN)).await;
        let phone = enrol(&app, &mut visitor).await;
        let mut visitor = Visitor::of(&app).await;
        let place = pass(&mut visitor, &fake, "?next=%2Fnotes", person("1", ANN)).await;
        assert_eq!(place, format!("{PUBLIC_URL}/second-factor?next=%2Fnotes"));
        assert!(!visitor.is_signed_in());
        app.advance(30);
        let code = phone.code(app.now());
        let reply = visitor
            .submit("/second-factor?next=%2Fnotes", &[("code", &code)])
            .await;
        assert_eq!(lead(&reply), "/notes");
    }
}

async fn enrol(app: &App, visitor: &mut Visitor) -> crate::support::authenticator::Authenticator {
    use crate::support::{authenticator::Authenticator, browser::OWN, http::JSON};
    let headers = format!("{JSON}{OWN}");
    let line = "POST /users/me/factors/totp";
    let phone = Authenticator::scan(visitor.ask(line, &headers, "{}").await);
    let line = format!("POST /users/me/factors/totp/{}/confirm", phone.id);
    let body = json!({"totp": phone.code(app.now())}).to_string();
    visitor.ask(&line, &headers, &body).await.expect(200);
    phone
}
