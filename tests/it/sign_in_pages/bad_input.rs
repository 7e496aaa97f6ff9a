//! What strangers, other sites and broken browsers send to the pages.

use hallpass::event::EventKind;

use super::{ANN, right, signed_in};
use crate::support::{
    app::apps,
    browser::{COOKIE, OWN},
    http::PASSWORD,
    visitor::{Visitor, lead},
};

const FORMS: [&str; 6] = [
    "/sign-in",
    "/sign-up",
    "/second-factor",
    "/forgot-password",
    "/check-mail",
    "/sign-out",
];

#[tokio::test]
async fn form_of_another_site_is_refused() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        let session = visitor.cookies[COOKIE].clone();
        for headers in [
            "",
            "Origin: null\r\n",
            "Origin: https://evil.example\r\n",
            "Sec-Fetch-Site: cross-site\r\n",
            "Sec-Fetch-Site: same-site\r\nOrigin: https://id.example.org\r\n",
        ] {
            for path in FORMS {
                let fields = [("email", "bob@example.org"), ("password", PASSWORD)];
                let reply = visitor.submit_with(path, headers, &fields).await;
                assert_eq!(reply.status, 403, "{path} {headers}");
                assert!(reply.text().contains("<h1>"), "a page says so");
            }
        }
        assert_eq!(visitor.cookies[COOKIE], session);
        assert_eq!(app.count_events(EventKind::AccountCreated).await, 1);
        assert_eq!(app.count_events(EventKind::LoggedOut).await, 0);
        let reply = visitor.open("/users/me").await;
        reply.expect(200);
    }
}

#[tokio::test]
async fn body_that_is_no_small_form_changes_nothing() {
    for app in apps().await {
        app.register(ANN).await;
        let mut visitor = Visitor::of(&app).await;
        for path in FORMS {
            if path == "/sign-out" {
                continue;
            }
            for (kind, body, status) in [
                (
                    "text/plain",
                    "email=ann@example.org&password=x".to_owned(),
                    415,
                ),
                ("multipart/form-data; boundary=x", "--x--".to_owned(), 415),
                ("application/json", "{}".to_owned(), 415),
                (
                    "application/x-www-form-urlencoded",
                    format!("email={}", "x".repeat(17_000)),
                    413,
                ),
                (
                    "application/x-www-form-urlencoded",
                    "email=%ff%fe".to_owned(),
                    422,
                ),
                (
                    "application/x-www-form-urlencoded",
                    "roles=admin".to_owned(),
                    422,
                ),
            ] {
                let headers = format!("Content-Type: {kind}\r\n{OWN}");
                let reply = visitor.ask(&format!("POST {path}"), &headers, &body).await;
                let is_refused = (400..500).contains(&reply.status);
                assert!(is_refused, "{path} {kind} {status}: {reply:?}");
            }
        }
        assert!(!visitor.is_signed_in());
    }
}

#[tokio::test]
async fn reading_a_page_changes_nothing() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        let cookies = visitor.cookies.clone();
        for method in ["GET", "HEAD"] {
            for path in FORMS
                .into_iter()
                .chain(["/", "/.well-known/change-password"])
            {
                let path = format!("{path}?email=ann%40example.org&password=x&step=enrol");
                let reply = visitor.ask(&format!("{method} {path}"), "", "").await;
                assert!(reply.status < 400, "{method} {path}: {reply:?}");
            }
        }
        assert_eq!(visitor.cookies, cookies);
        visitor.open("/users/me").await.expect(200);
        app.deliver().await;
        assert!(app.letters(ANN, "/reset-password?").is_empty());
    }
}

#[tokio::test]
async fn place_to_return_to_stays_on_this_origin() {
    let app = crate::support::app::app_with(|builder| builder).await;
    app.register(ANN).await;
    let mut visitor = Visitor::of(&app).await;
    for (next, is_kept) in [
        ("%2Fnotes", true),
        ("%2F", true),
        ("%2Fnotes%3Fa%3D%2F%2Fevil.example", true),
        ("", false),
        ("notes", false),
        ("%2F%2Fevil.example", false),
        ("%2F%5Cevil.example", false),
        ("%5C%5Cevil.example", false),
        ("https%3A%2F%2Fevil.example", false),
        ("https%3Aevil.example", false),
        ("%2F%09%2Fevil.example", false),
        ("%09%2F%2Fevil.example", false),
        ("%2Fx%0D%0ASet-Cookie%3A%20a%3Db", false),
        ("%2Fx%00", false),
        ("javascript%3Aalert(1)", false),
        ("%E2%80%80%2Fx", false),
    ] {
        let path = format!("/sign-in?next={next}");
        let page = visitor.open(&path).await;
        let leaks = page.text().contains("evil.example");
        assert!(is_kept || !leaks, "{next}");
        visitor.cookies.clear();
        let reply = visitor.submit(&path, &right()).await;
        let place = lead(&reply);
        assert_eq!(place != "./", is_kept, "{next} leads to {place}");
        assert!(place == "./" || place.starts_with('/'), "{place}");
        visitor.cookies.clear();
    }
}

#[tokio::test]
async fn markup_in_any_field_is_shown_as_text() {
    const MARKUP: &str = "\"><script>alert(1)</script>";
    for app in apps().await {
        let mut visitor = Visitor::of(&app).await;
        let fields = [
            ("email", MARKUP),
            ("password", MARKUP),
            ("display_name", MARKUP),
            ("code", MARKUP),
            ("username", MARKUP),
            ("purpose", MARKUP),
        ];
        for path in FORMS {
            for field in fields {
                let reply = visitor.submit(path, &[field]).await;
                assert!(!reply.text().contains("<script>alert"), "{path} {field:?}");
                assert!(reply.status < 500, "{path} {field:?}: {reply:?}");
            }
            let query =
                format!("{path}?email=%22%3E%3Cscript%3Ealert&error=%3Cscript%3Ealert&ui=%3C");
            let reply = visitor.open(&query).await;
            assert!(!reply.text().contains("<script>alert"), "{path}");
        }
    }
}
