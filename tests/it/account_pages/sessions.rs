//! Sessions and remembered devices on the page of an account.

use hallpass::event::EventKind;

use super::{ANN, account, signed_in, signed_in_with_code};
use crate::support::{
    app::{App, apps},
    browser::OWN,
    http::PASSWORD,
    visitor::{Visitor, lead},
};

const FIREFOX: &str =
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n";

async fn with_firefox(app: &App) -> Visitor {
    let mut visitor = Visitor::of(app).await;
    let fields = [("email", ANN), ("password", PASSWORD)];
    let headers = format!("{OWN}{FIREFOX}");
    visitor.submit_with("/sign-in", &headers, &fields).await;
    assert!(visitor.is_signed_in());
    visitor
}

/// The values of the fields `id` after this value of `step`.
fn ids(text: &str, step: &str) -> Vec<String> {
    let step = format!(r#"name="step" value="{step}">"#);
    let parts = text.split(&step).skip(1);
    let value = |part: &str| {
        let (_, rest) = part.split_once(r#"name="id" value=""#).expect("an id");
        rest.split('"').next().expect("its end").to_owned()
    };
    parts.map(value).collect()
}

#[tokio::test]
async fn device_is_named_and_signed_out() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        let mut other = with_firefox(&app).await;
        let text = account(&mut visitor).await;
        assert!(text.contains("<bdi>Firefox on Linux</bdi>"), "{text}");
        assert!(text.contains(r#"aria-label="Sign out Firefox on Linux""#));
        let [id] = &ids(&text, "end_session")[..] else {
            panic!("one other session: {text}");
        };
        let fields = [("step", "end_session"), ("id", id)];
        let reply = visitor.submit("/account", &fields).await;
        assert_eq!(lead(&reply), "account?saved=session");
        assert_eq!(
            lead(&other.open("/account").await),
            "sign-in?next=%2Faccount"
        );
        // A second click finds nothing to do.
        let reply = visitor.submit("/account", &fields).await;
        assert_eq!(lead(&reply), "account");
        account(&mut visitor).await;
        assert_eq!(app.count_events(EventKind::SessionRevoked).await, 1);
    }
}

#[tokio::test]
async fn all_other_devices_are_signed_out() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        let mut others = [
            with_firefox(&app).await,
            Visitor::signed_in(&app, ANN).await,
        ];
        let tokens = app.login(ANN).await;
        let text = account(&mut visitor).await;
        assert!(text.contains("Sign out all other devices (3)"), "{text}");
        let reply = visitor.submit("/account", &[("step", "end_others")]).await;
        assert_eq!(lead(&reply), "account?saved=sessions");
        for other in &mut others {
            lead(&other.open("/account").await);
        }
        let reply = app.me(&tokens.access).await;
        reply.problem(401, "invalid_access_token");
        let text = account(&mut visitor).await;
        assert!(!text.contains("end_others"), "{text}");
        assert_eq!(app.count_events(EventKind::SessionRevoked).await, 1);
    }
}

#[tokio::test]
async fn remembered_device_is_forgotten() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let mut visitor = signed_in_with_code(&app, &ann, "true").await;
        let text = account(&mut visitor).await;
        assert!(text.contains("Devices that need no second step"), "{text}");
        let [id] = &ids(&text, "forget")[..] else {
            panic!("one device: {text}");
        };
        let fields = [("step", "forget"), ("id", id)];
        let reply = visitor.submit("/account", &fields).await;
        assert_eq!(lead(&reply), "account?saved=device");
        let text = account(&mut visitor).await;
        assert!(!text.contains("Devices that need no second step"), "{text}");
        let reply = visitor.submit("/account", &fields).await;
        assert_eq!(lead(&reply), "account");
    }
}

#[tokio::test]
async fn ids_of_others_end_nothing() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        app.register("bob@example.org").await;
        let bob = app.login("bob@example.org").await;
        for id in [bob.session.as_str(), "", "x", "../../bob"] {
            for step in ["end_session", "forget", "unlink"] {
                let reply = visitor
                    .submit("/account", &[("step", step), ("id", id)])
                    .await;
                assert_eq!(lead(&reply), "account", "{step} {id}");
            }
        }
        app.me(&bob.access).await.expect(200);
    }
}
