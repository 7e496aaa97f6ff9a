//! Bad input to the pages of an account: from strangers, other sites, ended sessions and broken browsers.

use hallpass::event::EventKind;

use super::{ANN, TITLE, account, signed_in};
use crate::support::{
    app::apps,
    browser::{COOKIE, OWN},
    http::PASSWORD,
    visitor::{Visitor, lead, shown},
};

const ID: &str = "0199c0de-0000-7000-8000-000000000000";

const FORMS: [(&str, &str); 9] = [
    ("/account", ""),
    ("/account/confirm", "../"),
    ("/account/delete", "../"),
    ("/account/email", "../"),
    ("/account/export", "../"),
    ("/account/mfa", "../"),
    ("/account/mfa/codes", "../../"),
    (
        "/account/mfa/0199c0de-0000-7000-8000-000000000000/remove",
        "../../../",
    ),
    ("/account/password", "../"),
];

#[tokio::test]
async fn visitor_is_led_to_the_sign_in_and_back() {
    for app in apps().await {
        app.register(ANN).await;
        let mut visitor = Visitor::of(&app).await;
        let fields = [("step", "end_others")];
        for (path, root) in FORMS {
            let next = match path {
                "/account/confirm" | "/account/delete" => "%2Faccount".to_owned(),
                path => path.replace('/', "%2F"),
            };
            let to = format!("{root}sign-in?next={next}");
            assert_eq!(lead(&visitor.open(path).await), to);
            assert_eq!(lead(&visitor.submit(path, &fields).await), to);
            let in_german = visitor.open(&format!("{path}?ui=de")).await;
            assert_eq!(
                lead(&in_german),
                format!("{root}sign-in?next={next}%3Fui%3Dde&ui=de")
            );
        }
        for (path, next) in [
            ("/account/activity", "next=%2Faccount%2Factivity"),
            ("/account/confirm?to=account%2Fmfa", "next=%2Faccount%2Fmfa"),
            ("/account/link/idp", "next=%2Faccount"),
        ] {
            let reply = visitor.open(path).await;
            assert!(lead(&reply).ends_with(next), "{path}: {reply:?}");
        }
        let fields = [("email", ANN), ("password", PASSWORD)];
        let reply = visitor
            .submit("/sign-in?next=%2Faccount%2Fmfa", &fields)
            .await;
        assert_eq!(lead(&reply), "/account/mfa");
    }
}

#[tokio::test]
async fn typed_name_survives_the_end_of_the_session() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        app.advance(60 * 60 * 24 * 400);
        let fields = [("step", "profile"), ("display_name", "Ann <B> & Co")];
        let reply = visitor.submit("/account", &fields).await;
        let sign_in = lead(&reply).to_owned();
        let fields = [("email", ANN), ("password", PASSWORD)];
        let reply = visitor.submit(&format!("/{sign_in}"), &fields).await;
        let back = lead(&reply).to_owned();
        let text = shown(&visitor.open(&back).await, 200, TITLE);
        assert!(text.contains(r#"value="Ann &lt;B&gt; &amp; Co""#), "{text}");
        let long = "x".repeat(10_000);
        let mut nobody = Visitor::of(&app).await;
        let fields = [("step", "profile"), ("display_name", long.as_str())];
        let reply = nobody.submit("/account", &fields).await;
        assert_eq!(lead(&reply), "sign-in?next=%2Faccount");
    }
}

#[tokio::test]
async fn form_of_another_site_is_refused() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        let session = visitor.cookies[COOKIE].clone();
        for headers in [
            "",
            "Origin: null\r\n",
            "Sec-Fetch-Site: cross-site\r\n",
            "Sec-Fetch-Site: same-site\r\nOrigin: https://id.example.org\r\n",
        ] {
            for (path, _) in FORMS {
                let fields = [("step", "end_others"), ("current_password", PASSWORD)];
                let reply = visitor.submit_with(path, headers, &fields).await;
                assert_eq!(reply.status, 403, "{path} {headers}");
                assert!(reply.text().contains("<h1>"), "a page says so");
            }
        }
        assert_eq!(visitor.cookies[COOKIE], session);
        assert_eq!(app.count_events(EventKind::AccountDeleted).await, 0);
        account(&mut visitor).await;
    }
}

#[tokio::test]
async fn forms_that_no_page_has_change_nothing() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        for (path, fields) in [
            ("/account", vec![("step", "admin")]),
            ("/account", vec![]),
            ("/account", vec![("step", "profile"), ("roles", "admin")]),
            ("/account/email", vec![("email", "x")]),
        ] {
            let reply = visitor.submit(path, &fields).await;
            assert_eq!(reply.status, 422, "{path} {fields:?}");
            assert!(reply.text().contains("<h1>"), "{}", reply.text());
        }
        let headers = format!("Content-Type: text/plain\r\n{OWN}");
        let line = "POST /account/mfa?ui=de";
        let text = visitor.ask(line, &headers, "x").await;
        let text = text.text().replace("&#x2f;", "/");
        assert!(text.contains(r#"href="../sign-in?ui=de""#), "{text}");
        let large = "x".repeat(20_000);
        let fields = [("step", "profile"), ("display_name", large.as_str())];
        let reply = visitor.submit("/account", &fields).await;
        assert_eq!(reply.status, 413);
        assert!(reply.text().contains("<h1>"), "{}", reply.text());
        let headers = format!("Content-Type: application/json\r\n{OWN}");
        let reply = visitor.ask("POST /account/delete", &headers, "{}").await;
        assert_eq!(reply.status, 415);
        let line = format!("Authorization: Bearer x\r\n{OWN}");
        let reply = visitor.submit_with("/account/delete", &line, &[]).await;
        assert_eq!(reply.status, 400, "a cookie and a token");
        for path in [
            format!("/account/mfa/{ID}"),
            format!("/account/mfa/{ID}/remove"),
        ] {
            let reply = visitor.open(&path).await;
            assert!(lead(&reply).ends_with("account/mfa"), "{path}");
        }
        account(&mut visitor).await;
    }
}

#[tokio::test]
async fn confirmation_leads_only_to_pages_of_the_account() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        app.advance(601);
        for to in [
            "%2F%2Fevil.example",
            "https:%2F%2Fevil.example",
            "sign-out",
            "",
        ] {
            let path = format!("/account/confirm?to={to}");
            let text = visitor.open(&path).await.text().replace("&#x2f;", "/");
            assert!(
                text.contains(r#"action="../account/confirm?to=account""#),
                "{text}"
            );
        }
        let fields = [("password", PASSWORD)];
        let path = "/account/confirm?to=%2F%2Fevil.example";
        assert_eq!(lead(&visitor.submit(path, &fields).await), "../account");
    }
}
