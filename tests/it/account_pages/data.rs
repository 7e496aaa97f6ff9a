//! Activity, export and deletion on the pages of an account.

use hallpass::event::EventKind;
use serde_json::Value;

use super::{ANN, account, signed_in, signed_in_with_code};
use crate::support::{
    app::apps,
    http::PASSWORD,
    visitor::{Visitor, lead, shown},
};

#[tokio::test]
async fn activity_lists_the_events_of_the_user_page_by_page() {
    for app in apps().await {
        app.register("bob@example.org").await;
        app.login("bob@example.org").await;
        let mut visitor = signed_in(&app).await;
        let wrong = [("email", ANN), ("password", "wrong password")];
        let mut other = Visitor::of(&app).await;
        other.submit("/sign-in", &wrong).await;
        for index in 0..60 {
            let name = format!("Ann {index}");
            let fields = [("current_password", PASSWORD), ("new_email", "x")];
            visitor.submit("/account/email", &fields).await.expect(422);
            let fields = [("step", "profile"), ("display_name", name.as_str())];
            visitor.submit("/account", &fields).await.expect(303);
            app.login(ANN).await;
        }
        let page = visitor.open("/account/activity").await;
        let text = shown(&page, 200, "Activity");
        assert_eq!(text.matches("<tr><td").count(), 50, "{text}");
        assert!(
            text.replace("&#x2f;", "/")
                .contains(r#"<a href="../account/activity" aria-current="page">"#),
            "{text}"
        );
        let (_, rest) = text.split_once("before=").expect("older events");
        let before = rest.split(['"', '&']).next().expect("its end");
        let path = format!("/account/activity?before={before}");
        let text = shown(&visitor.open(&path).await, 200, "Activity");
        // 61 sign-ins, the account, the wrong password.
        assert_eq!(text.matches("<tr><td").count(), 63 - 50, "{text}");
        for part in [
            "Account created",
            "Sign-in refused",
            "Signed in",
            "127.0.0.1",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("rel=\"next\""), "{text}");
        for before in ["x", "", "00000000-0000-7000-8000-000000000000"] {
            let page = visitor
                .open(&format!("/account/activity?before={before}"))
                .await;
            page.expect(200);
        }
    }
}

#[tokio::test]
async fn export_is_a_file_with_everything_about_the_user() {
    for app in apps().await {
        app.register("bob@example.org").await;
        let mut visitor = signed_in(&app).await;
        shown(
            &visitor.open("/account/export").await,
            200,
            "Download your data",
        );
        let reply = visitor.submit("/account/export", &[]).await;
        let disposition = reply.header("content-disposition");
        assert_eq!(disposition, Some("attachment; filename=\"account.json\""));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        let export: Value = reply.expect(200).json();
        assert_eq!(export["user"]["email"], ANN);
        assert_eq!(export["has_password"], true);
        assert_eq!(export["sessions"].as_array().map(Vec::len), Some(1));
        assert_eq!(export["sessions"][0]["current"], true);
        let events = export["events"].as_array().expect("events");
        assert!(
            events
                .iter()
                .any(|event| event["type"] == "account_created")
        );
        assert!(
            events
                .iter()
                .all(|event| event["user_id"] == export["user"]["id"])
        );
        assert_eq!(export["events_are_complete"], true);
        for empty in ["devices", "identities"] {
            assert_eq!(export[empty], serde_json::json!([]), "{empty}");
        }
        let text = export.to_string();
        assert!(!text.contains("argon2") && !text.contains("hp_"), "{text}");
        app.advance(601);
        let to = "../account/confirm?to=account%2Fexport";
        assert_eq!(lead(&visitor.open("/account/export").await), to);
        assert_eq!(lead(&visitor.submit("/account/export", &[]).await), to);
    }
}

#[tokio::test]
async fn account_is_deleted_with_its_password() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        let title = "Delete your account?";
        let text = shown(&visitor.open("/account/delete").await, 200, title);
        assert!(
            text.contains("Type your password") && text.contains(ANN),
            "{text}"
        );
        for (password, status) in [("", 422), ("wrong password", 401)] {
            let fields = [("current_password", password)];
            let reply = visitor.submit("/account/delete", &fields).await;
            let text = shown(&reply, status, title);
            assert!(text.contains("current_password-error"), "{text}");
        }
        account(&mut visitor).await;
        let fields = [("current_password", PASSWORD), ("ui", "de")];
        let reply = visitor.submit("/account/delete", &fields).await;
        assert_eq!(lead(&reply), "../sign-in?deleted&ui=de");
        assert_eq!(reply.header("clear-site-data"), Some("\"cache\""));
        assert!(!visitor.is_signed_in());
        let page = visitor.open("/sign-in?deleted").await;
        assert!(page.text().contains("Your account is deleted."));
        app.try_login(ANN, PASSWORD)
            .await
            .problem(401, "invalid_credentials");
        app.register(ANN).await;
    }
}

#[tokio::test]
async fn last_administrator_stays() {
    for app in apps().await {
        app.administrator().await;
        let mut visitor = Visitor::signed_in(&app, "root@example.org").await;
        let fields = [("current_password", PASSWORD)];
        let reply = visitor.submit("/account/delete", &fields).await;
        let text = shown(&reply, 409, "Delete your account?");
        assert!(text.contains("This is the last administrator"), "{text}");
        account(&mut visitor).await;
    }
}

#[tokio::test]
async fn account_with_a_factor_needs_the_factor_and_the_password() {
    for app in apps().await {
        let ann = app.enrolled(ANN).await;
        let mut visitor = signed_in_with_code(&app, &ann, "").await;
        app.advance(601);
        for page in ["delete", "email"] {
            let to = format!("../account/confirm?to=account%2F{page}");
            let path = format!("/account/{page}");
            assert_eq!(lead(&visitor.open(&path).await), to);
            let fields = [
                ("current_password", PASSWORD),
                ("new_email", "a@example.net"),
            ];
            assert_eq!(lead(&visitor.submit(&path, &fields).await), to);
        }
        let wrong = ann.authenticator.wrong_code(app.now());
        let confirm = "/account/confirm?to=account%2Fdelete";
        let reply = visitor.submit(confirm, &[("code", &wrong)]).await;
        assert_eq!(reply.status, 401);
        let text = reply.text().replace("&#x2f;", "/");
        assert!(
            text.contains(r#"action="../account/confirm?to=account%2Fdelete""#),
            "{text}"
        );
        let code = ann.authenticator.code(app.now());
        let reply = visitor.submit(confirm, &[("code", &code)]).await;
        assert_eq!(lead(&reply), "../account/delete");
        // A user who has just confirmed is not asked again.
        assert_eq!(lead(&visitor.open(confirm).await), "../account/delete");
        let fields = [("current_password", PASSWORD)];
        let reply = visitor.submit("/account/delete", &fields).await;
        assert_eq!(lead(&reply), "../sign-in?deleted");
        assert_eq!(app.count_events(EventKind::AccountDeleted).await, 1);
    }
}

#[tokio::test]
async fn client_of_an_administrator_is_not_shown() {
    for app in apps().await {
        let mut visitor = signed_in(&app).await;
        let me = visitor.open("/users/me").await.expect(200).json();
        let id = me["id"].as_str().expect("an id");
        let admin = app.administrator().await;
        let headers = format!(
            "Authorization: Bearer {admin}\r\nContent-Type: application/json\r\nUser-Agent: admin-tool/1\r\n"
        );
        let line = format!("PATCH /admin/users/{id}");
        let body = br#"{"email_verified": true}"#;
        app.ask(&line, &headers, body).await.expect(200);
        let text = visitor.open("/account/activity").await.text().to_owned();
        assert!(text.contains("Email address confirmed"), "{text}");
        assert!(text.contains("<bdi>An administrator</bdi>"), "{text}");
        let export = visitor.submit("/account/export", &[]).await;
        for text in [&text, export.text()] {
            assert!(!text.contains("admin-tool"), "{text}");
        }
    }
}
