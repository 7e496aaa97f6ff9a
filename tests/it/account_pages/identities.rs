//! Linked providers on the pages of an account.

use hallpass::event::EventKind;

use super::{ANN, account, signed_in};
use crate::{
    oauth::flow::{apps_of, person},
    support::{
        app::PUBLIC_URL,
        http::PASSWORD,
        provider::FakeProvider,
        visitor::{Visitor, lead, shown},
    },
};

/// The link of the account that begins to link the provider.
async fn link_of(visitor: &mut Visitor) -> String {
    let text = account(visitor).await.replace("&#x2f;", "/");
    let (_, rest) = text
        .split_once(r#"href="account/link/idp?"#)
        .expect("a link");
    let query = rest.split('"').next().expect("its end");
    format!("/account/link/idp?{query}")
}

/// Follows the link, passes the provider, and returns to the callback.
async fn link(visitor: &mut Visitor, fake: &FakeProvider, claims: serde_json::Value) -> String {
    let path = link_of(visitor).await;
    let reply = visitor.open(&path).await;
    let location = lead(&reply).to_owned();
    assert!(location.starts_with(&fake.issuer), "{location}");
    let query = fake.approve(&location, &claims);
    let path = format!("/auth/oauth/idp/callback?{query}");
    let place = lead(&visitor.open(&path).await).to_owned();
    place.strip_prefix(PUBLIC_URL).expect("our own").to_owned()
}

/// Signs in at the provider, and returns to the callback.
async fn sign_in_at(visitor: &mut Visitor, fake: &FakeProvider, claims: serde_json::Value) {
    let reply = visitor.open("/sign-in/idp").await;
    let query = fake.approve(lead(&reply), &claims);
    let path = format!("/auth/oauth/idp/callback?{query}");
    visitor.open(&path).await;
}

fn id_of(text: &str) -> String {
    let (_, rest) = text.split_once(r#"value="unlink">"#).expect("an identity");
    let (_, rest) = rest.split_once(r#"name="id" value=""#).expect("an id");
    rest.split('"').next().expect("its end").to_owned()
}

#[tokio::test]
async fn provider_is_linked_and_unlinked() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let mut visitor = signed_in(&app).await;
        let place = link(&mut visitor, &fake, person("1", "ann@idp.example")).await;
        assert_eq!(place, "/account?saved=linked");
        let text = visitor.open(&place).await;
        let text = shown(&text, 200, super::TITLE).replace("&#x2f;", "/");
        assert!(
            text.contains("ann@idp.example") && text.contains("Linked on"),
            "{text}"
        );
        assert!(!text.contains("account/link/idp"), "{text}");
        assert_eq!(app.count_events(EventKind::IdentityLinked).await, 1);

        // The identity signs in to the same account.
        let mut other = Visitor::of(&app).await;
        sign_in_at(&mut other, &fake, person("1", "ann@idp.example")).await;
        let me = other.open("/users/me").await.expect(200).json();
        assert_eq!(me["email"], ANN);

        let id = id_of(&text);
        let fields = [("step", "unlink"), ("id", id.as_str())];
        let reply = visitor.submit("/account", &fields).await;
        assert_eq!(lead(&reply), "account?saved=unlinked");
        let reply = visitor.submit("/account", &fields).await;
        assert_eq!(lead(&reply), "account", "a second click");
        assert_eq!(app.count_events(EventKind::IdentityUnlinked).await, 1);
    }
}

#[tokio::test]
async fn only_way_in_is_kept_and_an_old_sign_in_is_repeated() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let mut visitor = Visitor::of(&app).await;
        sign_in_at(&mut visitor, &fake, person("2", "carl@example.org")).await;
        assert!(visitor.is_signed_in());
        let text = account(&mut visitor).await;
        assert!(text.contains("Not set"), "{text}");
        let fields = [("step", "unlink"), ("id", &id_of(&text))];
        let reply = visitor.submit("/account", &fields).await;
        let text = shown(&reply, 409, super::TITLE);
        assert!(text.contains("This is your only way to sign in"), "{text}");
        app.advance(601);
        let reply = visitor.open("/account/password").await;
        let confirm = lead(&reply).trim_start_matches("..").to_owned();
        let page = visitor.open(&confirm).await;
        let text = shown(&page, 200, "Sign in again").replace("&#x2f;", "/");
        let action = r#"action="../sign-out?next=%2Faccount%2Fpassword""#;
        assert!(text.contains(action), "{text}");
        let reply = visitor
            .submit("/sign-out?next=%2Faccount%2Fpassword", &[])
            .await;
        assert_eq!(
            lead(&reply),
            "sign-in?next=%2Faccount%2Fpassword&signed_out"
        );
    }
}

#[tokio::test]
async fn first_password_is_set_without_a_current_one() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let mut visitor = Visitor::of(&app).await;
        sign_in_at(&mut visitor, &fake, person("2", "carl@example.org")).await;
        let text = shown(
            &visitor.open("/account/password").await,
            200,
            "Set a password",
        );
        assert!(!text.contains("current_password"), "{text}");
        let reply = visitor
            .submit("/account/password", &[("new_password", PASSWORD)])
            .await;
        assert_eq!(lead(&reply), "../account?saved=password");
        app.login("carl@example.org").await;
    }
}

#[tokio::test]
async fn linking_says_why_it_failed() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let mut visitor = signed_in(&app).await;
        let mut other = Visitor::of(&app).await;
        sign_in_at(&mut other, &fake, person("3", "dora@example.org")).await;
        let place = link(&mut visitor, &fake, person("3", "dora@example.org")).await;
        assert_eq!(place, "/account?error=identity_taken");
        let text = account_at(&mut visitor, &place).await;
        assert!(text.contains("linked to somebody else"), "{text}");

        // The session ends while the browser is at the provider.
        let path = link_of(&mut visitor).await;
        let reply = visitor.open(&path).await;
        let location = lead(&reply).to_owned();
        let query = fake.approve(&location, &person("4", "ann@idp.example"));
        visitor.cookies.retain(|name, _| name.contains("oauth"));
        let reply = visitor
            .open(&format!("/auth/oauth/idp/callback?{query}"))
            .await;
        assert_eq!(
            lead(&reply),
            format!("{PUBLIC_URL}/account?error=unauthenticated")
        );
        assert_eq!(
            lead(&visitor.open("/account").await),
            "sign-in?next=%2Faccount"
        );
        let reply = visitor.open("/account/link/nobody").await;
        assert!(lead(&reply).contains("sign-in"));
    }
}

async fn account_at(visitor: &mut Visitor, place: &str) -> String {
    shown(&visitor.open(place).await, 200, super::TITLE)
}

#[tokio::test]
async fn only_a_link_of_the_account_begins_linking() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let mut visitor = signed_in(&app).await;
        for path in ["/account/link/idp", "/account/link/idp?proof=x"] {
            assert_eq!(lead(&visitor.open(path).await), "../../account");
        }
        let path = link_of(&mut visitor).await;
        let reply = visitor.ask(&format!("HEAD {path}"), "", "").await;
        assert_eq!(lead(&reply), "../../account");
        let unknown = path.replace("/idp?", "/nobody?");
        assert_eq!(visitor.open(&unknown).await.status, 404);
        app.advance(601);
        // The user comes back to the account, and not to the provider.
        let reply = visitor.open(&path).await;
        let confirm = "../../account/confirm?to=account";
        assert_eq!(lead(&reply), confirm);
        let fields = [("password", PASSWORD)];
        let to = "/account/confirm?to=account%2Flink%2Fidp";
        assert_eq!(lead(&visitor.submit(to, &fields).await), "../account");
        // The proof belongs to the cookie before the confirmation.
        assert_eq!(lead(&visitor.open(&path).await), "../../account");
        assert_ne!(link_of(&mut visitor).await, path);
    }
}

#[tokio::test]
async fn flow_links_nothing_to_another_user() {
    let fake = FakeProvider::start().await;
    for app in apps_of(&fake).await {
        let mut ann = signed_in(&app).await;
        let path = link_of(&mut ann).await;
        let reply = ann.open(&path).await;
        let query = fake.approve(lead(&reply), &person("5", "ann@idp.example"));
        // Another user signs in to the same browser.
        app.register("bob@example.org").await;
        let fields = [("email", "bob@example.org"), ("password", PASSWORD)];
        ann.submit("/sign-in", &fields).await;
        let path = format!("/auth/oauth/idp/callback?{query}");
        let reply = ann.open(&path).await;
        let place = lead(&reply).to_owned();
        assert_eq!(place, format!("{PUBLIC_URL}/account?error=invalid_token"));
        let text = account(&mut ann).await;
        assert!(!text.contains("ann@idp.example"), "{text}");
        assert_eq!(app.count_events(EventKind::IdentityLinked).await, 0);
    }
}
