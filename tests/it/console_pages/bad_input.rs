//! Bad input to the pages of the console.

use super::{ANN, ROOT, administrator, main, user};
use crate::support::{
    app::apps,
    http::PASSWORD,
    visitor::{lead, shown},
};

#[tokio::test]
async fn pages_of_nobody_do_not_exist() {
    for app in apps().await {
        let mut visitor = administrator(&app).await;
        let unknown = "0199c0de-0000-7000-8000-000000000000";
        for path in [
            format!("/console/users/{unknown}"),
            format!("/console/users/{unknown}/edit"),
            format!("/console/users/{unknown}/delete"),
            "/console/users/nonsense".to_owned(),
            "/console/users/nonsense/edit".to_owned(),
            format!("/console/users/{}", "9".repeat(5000)),
        ] {
            let reply = visitor.open(&path).await;
            assert_eq!(reply.status, 404, "{path}");
            assert!(reply.text().contains("This page does not exist"), "{path}");
        }
        let id = user(&app, ANN).await;
        for word in ["nothing", "Delete", "delete%20"] {
            let path = format!("/console/users/{id}/{word}");
            assert_eq!(visitor.open(&path).await.status, 404, "{path}");
            assert_eq!(visitor.submit(&path, &[]).await.status, 404, "{path}");
        }
    }
}

#[tokio::test]
async fn odd_searches_find_nothing_and_break_nothing() {
    for app in apps().await {
        let mut visitor = administrator(&app).await;
        let long = "x".repeat(6000);
        for query in [
            "email=%00".to_owned(),
            "email=%3Ci%3E%22%27".to_owned(),
            "email=%E2%80%AEgro".to_owned(),
            format!("email={long}"),
            format!("role={long}"),
            "cursor=%00".to_owned(),
            "email=%ff".to_owned(),
            "role=admin&role=user".to_owned(),
        ] {
            for page in ["users", "events", "mail"] {
                let path = format!("/console/{page}?{}", query.replace("email", "user"));
                let paths = [format!("/console/{page}?{query}"), path];
                for path in paths {
                    let reply = visitor.open(&path).await;
                    assert!(
                        matches!(reply.status, 200 | 303),
                        "{path}: {}",
                        reply.status
                    );
                    assert!(!main(reply.text()).contains("<i>"), "{path}");
                    assert!(reply.text().len() < 60_000, "{path}");
                }
            }
        }
    }
}

#[tokio::test]
async fn forms_with_every_field_wrong_are_shown_again() {
    for app in apps().await {
        let mut visitor = administrator(&app).await;
        let long = "y".repeat(10_000);
        for [email, name, roles] in [
            ["", "", ""],
            ["nobody", "a\u{0}b", "An Admin"],
            [long.as_str(), "Ann", "user"],
            ["<i>@example.org", "<i>\u{202e}", "<i>"],
        ] {
            let fields = [("email", email), ("display_name", name), ("roles", roles)];
            let reply = visitor.submit("/console/users/new", &fields).await;
            assert_eq!(reply.status, 422, "{email}");
            let text = reply.text();
            assert!(text.contains("email-error"), "{}", main(text));
            assert!(!main(text).contains("<i>"));
        }
        let fields = [("email", ANN), ("password", "x"), ("roles", "user")];
        let reply = visitor.submit("/console/users/new", &fields).await;
        assert_eq!(reply.status, 422, "no page has such a form");
        app.advance(60 * 60 * 24 * 400);
        let fields = [
            ("email", ANN),
            ("display_name", "Ann <B>"),
            ("roles", "admin"),
        ];
        let reply = visitor.submit("/console/users/new", &fields).await;
        let sign_in = lead(&reply).trim_start_matches("../..").to_owned();
        let fields = [("email", ROOT), ("password", PASSWORD)];
        let back = visitor.submit(&sign_in, &fields).await;
        let page = visitor.open(lead(&back)).await;
        let text = shown(&page, 200, "New user");
        for part in [
            r#"value="ann@example.org""#,
            r#"value="Ann &lt;B&gt;""#,
            r#"value="user""#,
        ] {
            assert!(text.contains(part), "{part}: {}", main(&text));
        }
    }
}
