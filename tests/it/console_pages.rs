//! The pages on which administrators look after users, the audit trail and the emails.

mod access;
mod bad_input;
mod edit;
mod mail;
mod trail;
mod user;

use hallpass::user::UserStatus;

use crate::support::{
    app::{App, apps},
    authenticator::Enrolled,
    visitor::{Visitor, lead, shown},
};

const ROOT: &str = "root@example.org";
const ANN: &str = "ann@example.org";

/// An administrator who has signed in on the page.
async fn administrator(app: &App) -> Visitor {
    app.administrator().await;
    Visitor::signed_in(app, ROOT).await
}

/// The id of a new user.
async fn user(app: &App, email: &str) -> String {
    let user = app.settled(email).await;
    user["id"].as_str().expect("an id").to_owned()
}

/// The id of a new user with an authenticator app.
async fn enrolled(app: &App, email: &str) -> (String, Enrolled) {
    let user = app.enrolled(email).await;
    let me = app.me(&user.tokens.access).await.expect(200).json();
    (me["id"].as_str().expect("an id").to_owned(), user)
}

/// A page of the console with this title, without escaped slashes.
async fn open(visitor: &mut Visitor, path: &str, title: &str) -> String {
    shown(&visitor.open(path).await, 200, title).replace("&#x2f;", "/")
}

#[track_caller]
fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part}: {}", main(text));
    }
}

/// The part of a page without its style.
fn main(text: &str) -> &str {
    text.split_once("</style>").map_or(text, |(_, rest)| rest)
}

#[tokio::test]
async fn overview_counts_users_sign_ins_and_mails() {
    for app in apps().await {
        let mut visitor = administrator(&app).await;
        user(&app, ANN).await;
        app.login(ANN).await;
        app.try_login(ANN, "wrong password").await;
        let text = open(&mut visitor, "/console", "Overview").await;
        contains(
            &text,
            &[
                r#"class="wide admin""#,
                "Hallpass · Admin</p>",
                r#"<a href="console" aria-current="page">Overview</a>"#,
                r#"<dt>Users</dt><dd><a href="console/users">2</a>"#,
                r#"<dt>Administrators</dt><dd><a href="console/users?role=admin&amp;status=active">1</a>"#,
                r#"<dt>Messages on their way</dt><dd><a href="console/mail?status=pending">"#,
                "<rect class=\"in\"",
            ],
        );
        let today = app.now().format("%Y-%m-%d").to_string();
        let (_, row) = text.split_once(&format!("{today}</time>")).expect("today");
        let row = row.split("</tr>").next().expect("a row");
        let counts: Vec<&str> = row
            .split("<td")
            .skip(1)
            .filter_map(|cell| cell.split('>').nth(1)?.split('<').next())
            .collect();
        // The administrator has signed in with the API and on the page.
        assert_eq!(counts, ["3", "1", "0"], "{row}");
        assert_eq!(text.matches(r#"<th scope="row""#).count(), 14);
    }
}

#[tokio::test]
async fn users_are_found_by_address_role_and_status() {
    for app in apps().await {
        let mut visitor = administrator(&app).await;
        let ids = [
            user(&app, ANN).await,
            user(&app, "anna_b@example.org").await,
        ];
        app.set_roles(&ids[1], "user editor").await;
        app.set_status(&ids[1], UserStatus::Disabled).await;
        let all = open(&mut visitor, "/console/users", "Users").await;
        contains(
            &all,
            &[
                &format!(
                    r#"<a href="../console/users/{}"><bdi>{ANN}</bdi></a>"#,
                    ids[0]
                ),
                "Active, not confirmed",
                "Switched off, not confirmed",
                "Never",
            ],
        );
        for (query, found) in [
            ("email=ann", vec![ANN, "anna_b@example.org"]),
            ("email=ANN@EXAMPLE.ORG", vec![ANN]),
            ("email=anna_", vec!["anna_b@example.org"]),
            ("email=anna%25", vec![]),
            ("role=editor", vec!["anna_b@example.org"]),
            ("role=admin", vec![ROOT]),
            ("role=edit", vec![]),
            ("status=disabled", vec!["anna_b@example.org"]),
            ("status=active&email=anna", vec![]),
            (
                "status=nonsense&email=&role=",
                vec![ANN, "anna_b@example.org", ROOT],
            ),
        ] {
            let text = open(&mut visitor, &format!("/console/users?{query}"), "Users").await;
            // The address of the administrator is in the bar as well.
            for email in [ANN, "anna_b@example.org", ROOT] {
                let rows = text.matches(&format!("\"><bdi>{email}</bdi></a>")).count();
                let in_bar = usize::from(email == ROOT);
                let expected = usize::from(found.contains(&email)) + in_bar;
                assert_eq!(rows, expected, "{query}: {email} in {}", main(&text));
            }
            assert_eq!(
                text.contains("No user matches."),
                found.is_empty(),
                "{query}"
            );
        }
        let text = open(&mut visitor, "/console/users?role=An%20Admin", "Users").await;
        contains(
            &text,
            &["role-error", r#"value="An Admin""#, "No user matches."],
        );
        let reply = visitor
            .open(&format!("/console/users?email={}", ids[0]))
            .await;
        let to = format!("../console/users/{}", ids[0]);
        assert_eq!(lead(&reply), to, "an identifier");
    }
}

#[tokio::test]
async fn long_list_of_users_has_pages() {
    for app in apps().await {
        let mut visitor = administrator(&app).await;
        for index in 0..27 {
            app.register(&format!("user{index:02}@example.org")).await;
        }
        let text = open(&mut visitor, "/console/users?email=user&ui=en", "Users").await;
        assert_eq!(
            text.matches("@example.org</bdi></a>").count(),
            25 + 1,
            "and the bar"
        );
        let (_, next) = text
            .split_once(r#"<p class="after"><a href=""#)
            .expect("a next page");
        let next = next
            .split('"')
            .next()
            .expect("its URL")
            .replace("&amp;", "&");
        assert!(
            next.starts_with("../console/users?email=user&cursor="),
            "{next}"
        );
        assert!(next.ends_with("&ui=en"), "{next}");
        let next = next.trim_start_matches("..");
        let text = open(&mut visitor, next, "Users").await;
        assert_eq!(text.matches("@example.org</bdi></a>").count(), 2 + 1);
        // The cursor of one search is of no use for another one.
        let other = next.replace("email=user", "email=us");
        let reply = visitor.open(&other).await;
        let to = "../console/users?email=us&ui=en";
        assert_eq!(lead(&reply), to);
    }
}

#[tokio::test]
async fn status_shows_the_service_and_its_dangers() {
    for app in apps().await {
        let mut visitor = administrator(&app).await;
        let text = open(&mut visitor, "/console/status", "Status").await;
        contains(
            &text,
            &[
                env!("CARGO_PKG_VERSION"),
                "Accepts changes",
                "Signs and checks",
                // The tests hash with weak parameters.
                "Passwords are hashed with weak parameters.",
            ],
        );
        let jwks = visitor
            .open("/.well-known/jwks.json")
            .await
            .expect(200)
            .json();
        let kid = jwks["keys"][0]["kid"].as_str().expect("a key").to_owned();
        contains(&text, &[&kid]);
    }
}
