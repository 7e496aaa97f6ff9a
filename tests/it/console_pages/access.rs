//! Access to the console.

use hallpass::{
    event::EventKind,
    second_factor::SecondFactorPolicy,
    user::{Role, UserStatus},
};

use super::{ANN, ROOT, administrator, enrolled, open, user};
use crate::support::{
    app::{apps, apps_with},
    authenticator::Authenticator,
    browser::OWN,
    http::{PASSWORD, Reply},
    visitor::{Visitor, lead, shown},
};

/// The pages, with the user that they are about.
fn pages(id: &str) -> [String; 9] {
    [
        "/console".to_owned(),
        "/console/users".to_owned(),
        "/console/users/new".to_owned(),
        format!("/console/users/{id}"),
        format!("/console/users/{id}/edit"),
        format!("/console/users/{id}/delete"),
        "/console/events".to_owned(),
        "/console/mail".to_owned(),
        "/console/status".to_owned(),
    ]
}

/// The pages with a form that changes something.
fn forms(id: &str) -> [String; 10] {
    [
        "/console/users/new".to_owned(),
        format!("/console/users/{id}/edit"),
        format!("/console/users/{id}/delete"),
        format!("/console/users/{id}/disable"),
        format!("/console/users/{id}/enable"),
        format!("/console/users/{id}/reset-factors"),
        format!("/console/users/{id}/send-link"),
        format!("/console/users/{id}/sign-out"),
        format!("/console/users/{id}/unlock"),
        "/console/mail".to_owned(),
    ]
}

#[tokio::test]
async fn console_does_not_exist_for_other_users() {
    for app in apps().await {
        let id = user(&app, ANN).await;
        let mut visitor = Visitor::signed_in(&app, ANN).await;
        for path in pages(&id) {
            shown_nothing(&visitor.open(&path).await, &path);
        }
        let fields = [
            ("display_name", "Eve"),
            ("roles", "admin"),
            ("email", "x@example.org"),
        ];
        for path in forms(&id) {
            shown_nothing(&visitor.submit(&path, &fields).await, &path);
        }
        let me = visitor.open("/users/me").await.expect(200).json();
        assert_eq!(me["roles"], serde_json::json!(["user"]));
        let text = visitor.open("/account").await;
        assert!(!text.text().contains("console"), "no link leads there");
    }
}

#[track_caller]
fn shown_nothing(reply: &Reply, path: &str) {
    assert_eq!(reply.status, 404, "{path}: {reply:?}");
    let text = reply.text();
    assert!(text.contains("<h1>This page does not exist</h1>"), "{path}");
    assert!(!text.contains("Admin"), "{path}");
}

#[tokio::test]
async fn visitor_is_led_to_the_sign_in_and_back() {
    for app in apps().await {
        app.administrator().await;
        let id = user(&app, ANN).await;
        let mut visitor = Visitor::of(&app).await;
        for (path, root) in pages(&id).iter().zip([
            "",
            "../",
            "../../",
            "../../",
            "../../../",
            "../../../",
            "../",
            "../",
            "../",
        ]) {
            let next = path.replace('/', "%2F");
            let to = format!("{root}sign-in?next={next}");
            assert_eq!(lead(&visitor.open(path).await), to);
        }
        let reply = visitor
            .open("/console/users?email=a%26b&status=active")
            .await;
        let next = "next=%2Fconsole%2Fusers%3Femail%3Da%2526b%26status%3Dactive";
        assert_eq!(
            lead(&reply),
            format!("../sign-in?{next}"),
            "a search is kept"
        );
        let fields = [("email", ROOT), ("password", PASSWORD)];
        let reply = visitor.submit(&format!("/sign-in?{next}"), &fields).await;
        assert_eq!(lead(&reply), "/console/users?email=a%26b&status=active");
    }
}

#[tokio::test]
async fn administrator_presents_the_second_factor_first() {
    for app in apps().await {
        let (id, user) = enrolled(&app, ROOT).await;
        app.set_roles(&id, "admin user").await;
        let mut visitor = Visitor::of(&app).await;
        let code = |authenticator: &Authenticator| authenticator.code(app.now());
        let fields = [("email", ROOT), ("password", PASSWORD)];
        visitor.submit("/sign-in", &fields).await;
        let fields = [
            ("code", &*code(&user.authenticator)),
            ("remember_device", "true"),
        ];
        visitor.submit("/second-factor", &fields).await;
        open(&mut visitor, "/console", "Overview").await;

        // On a remembered device, the password alone opens a session.
        app.advance(60);
        visitor.submit("/sign-out", &[("step", "out")]).await;
        let fields = [("email", ROOT), ("password", PASSWORD)];
        visitor.submit("/sign-in", &fields).await;
        assert!(visitor.is_signed_in());
        let reply = visitor.open("/console/users").await;
        let to = "../account/confirm?to=console%2Fusers";
        assert_eq!(lead(&reply), to);
        let fields = [("code", &*code(&user.authenticator))];
        let reply = visitor.submit(to.trim_start_matches(".."), &fields).await;
        assert_eq!(lead(&reply), "../console/users");
        open(&mut visitor, "/console/users", "Users").await;

        // Reading goes on, and a change asks for another code.
        app.advance(601);
        open(&mut visitor, "/console/users", "Users").await;
        let reply = visitor.open("/console/users/new").await;
        let to = "../../account/confirm?to=console%2Fusers%2Fnew";
        assert_eq!(lead(&reply), to);
    }
}

#[tokio::test]
async fn administrator_who_must_have_a_second_factor_sets_one_up() {
    let policy = SecondFactorPolicy::roles([Role::ADMIN]);
    for app in apps_with(|builder| builder.second_factor(policy.clone())).await {
        let id = user(&app, ANN).await;
        let mut visitor = Visitor::signed_in(&app, ANN).await;
        app.set_roles(&id, "admin user").await;
        let reply = visitor.open("/console/users").await;
        assert_eq!(lead(&reply), "../account/mfa");
        let page = visitor.open("/account/mfa").await;
        shown(&page, 200, "Two-step sign-in");
    }
}

#[tokio::test]
async fn change_needs_a_recent_password() {
    for app in apps().await {
        let mut visitor = administrator(&app).await;
        let id = user(&app, ANN).await;
        app.advance(601);
        open(&mut visitor, &format!("/console/users/{id}"), ANN).await;
        for path in forms(&id) {
            let levels = path.matches('/').count() - 1;
            let page = path.trim_start_matches('/').replace('/', "%2F");
            let to = format!("{}account/confirm?to={page}", "../".repeat(levels));
            if path != "/console/mail" {
                assert_eq!(lead(&visitor.open(&path).await), to);
            }
            let fields = [("display_name", "Eve"), ("roles", "admin")];
            let fields = match path.as_str() {
                "/console/mail" => &[("id", id.as_str())],
                _ => &fields[..],
            };
            assert_eq!(lead(&visitor.submit(&path, fields).await), to);
        }
        let path = format!("/account/confirm?to=console%2Fusers%2F{id}%2Fdisable");
        let reply = visitor.submit(&path, &[("password", PASSWORD)]).await;
        assert_eq!(lead(&reply), format!("../console/users/{id}/disable"));
        let path = format!("/console/users/{id}/disable");
        let reply = visitor.submit(&path, &[]).await;
        assert_eq!(
            lead(&reply),
            format!("../../../console/users/{id}?done=disabled")
        );
        assert_eq!(app.count_events(EventKind::StatusChanged).await, 1);
    }
}

#[tokio::test]
async fn former_administrator_is_out_at_once() {
    for app in apps().await {
        let mut visitor = administrator(&app).await;
        let id = user(&app, ANN).await;
        app.set_roles(&id, "admin").await;
        let mut ann = Visitor::signed_in(&app, ANN).await;
        open(&mut ann, "/console", "Overview").await;
        let account = ann.open("/account").await;
        assert!(account.text().contains(">Administration</a>"));
        app.set_roles(&id, "user").await;
        shown_nothing(&ann.open("/console").await, "/console");
        app.set_roles(&id, "admin").await;
        app.set_status(&id, UserStatus::Disabled).await;
        assert_eq!(lead(&ann.open("/console").await), "sign-in?next=%2Fconsole");
        open(&mut visitor, "/console", "Overview").await;
    }
}

#[tokio::test]
async fn token_does_not_open_the_console() {
    for app in apps().await {
        let token = app.administrator().await;
        let mut visitor = Visitor::of(&app).await;
        let headers = format!("Authorization: Bearer {token}\r\nAccept: text/html\r\n{OWN}");
        let reply = visitor.ask("GET /console", &headers, "").await;
        assert_eq!(lead(&reply), "sign-in?next=%2Fconsole");
    }
}

#[tokio::test]
async fn form_of_another_site_is_refused() {
    for app in apps().await {
        let mut visitor = administrator(&app).await;
        let id = user(&app, ANN).await;
        for headers in [
            "",
            "Origin: null\r\n",
            "Sec-Fetch-Site: cross-site\r\n",
            "Sec-Fetch-Site: same-site\r\n",
        ] {
            for path in forms(&id) {
                let reply = visitor
                    .submit_with(&path, headers, &[("roles", "admin")])
                    .await;
                assert_eq!(reply.status, 403, "{path} {headers}");
            }
        }
        assert_eq!(app.count_events(EventKind::AccountDeleted).await, 0);
        let page = visitor.open(&format!("/console/users/{id}")).await;
        shown(&page, 200, ANN);
    }
}
