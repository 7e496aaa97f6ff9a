//! `PATCH /users/me` and `POST /users/me/password`.

use std::sync::Arc;

use hallpass::event::{EventFilter, EventKind};
use serde_json::{Value, json};

use crate::support::{
    app::{App, apps, apps_with, race, unhurried, user_id},
    http::{JSON, PASSWORD, Reply, Tokens},
};

const ANN: &str = "ann@example.org";
const NEW: &str = "another long password";

async fn change(app: &App, access: &str, current: &str, new: &str) -> Reply {
    let body = json!({"current_password": current, "new_password": new});
    app.send("POST /users/me/password", access, body).await
}

async fn is_dead(app: &App, tokens: &Tokens) {
    for line in [
        "GET /users/me",
        "PATCH /users/me",
        "GET /users/me/sessions",
        "DELETE /users/me/sessions/x",
        "POST /users/me/password",
        "POST /auth/reauthenticate",
        "POST /auth/logout-all",
        "GET /admin/users",
    ] {
        let reply = app.send(line, &tokens.access, json!({})).await;
        reply.problem(401, "invalid_access_token");
    }
    let reply = app.refresh(&tokens.refresh).await;
    reply.problem(401, "invalid_refresh_token");
}

#[tokio::test]
async fn a_user_changes_their_profile() {
    for app in apps().await {
        let mut me = app.register(ANN).await;
        let access = app.login(ANN).await.access;
        me["last_login_at"] = me["created_at"].clone();
        let metadata = json!({"theme": "dark", "é": [1, -2.5, true, null, {"a\n": "\u{1f511}"}]});
        for change in [
            json!({"display_name": "Zoë \u{1f511} O'Neil"}),
            json!({"metadata": metadata}),
            json!({"metadata": {}, "display_name": "Ann"}),
            json!({"display_name": null}),
        ] {
            app.advance(1);
            for (name, value) in change.as_object().unwrap() {
                me[name] = value.clone();
            }
            let reply = app.send("PATCH /users/me", &access, change).await;
            assert_eq!(reply.header("cache-control"), Some("no-store"));
            let changed = reply.expect(200).json();
            assert_ne!(changed["updated_at"], me["updated_at"]);
            me["updated_at"] = changed["updated_at"].clone();
            assert_eq!(changed, me);
            assert_eq!(app.me(&access).await.json(), me);
        }
        app.advance(1);
        let same = app.send("PATCH /users/me", &access, json!({})).await;
        assert_eq!(same.expect(200).json(), me, "an empty change");
        assert_eq!(app.me(&access).await.json(), me);
    }
}

#[tokio::test]
async fn members_that_a_caller_must_not_set_are_refused_by_name() {
    for app in apps().await {
        let access = app.join(ANN).await.access;
        let before = app.me(&access).await.json();
        let patch = async |body: Value| app.send("PATCH /users/me", &access, body).await;
        for name in before.as_object().unwrap().keys() {
            if name == "display_name" || name == "metadata" {
                continue;
            }
            let reply = patch(json!({name: before[name], "display_name": "x"})).await;
            let pointer = format!("/{name}");
            reply.violations("validation_failed", &[(pointer.as_str(), "unknown_member")]);
        }
        let reply =
            patch(json!({"roles": ["admin"], "password": NEW, "email_verified": true})).await;
        let names = ["/email_verified", "/password", "/roles"];
        reply.violations(
            "validation_failed",
            &names.map(|name| (name, "unknown_member")),
        );
        assert_eq!(app.me(&access).await.json(), before);
    }
}

#[tokio::test]
async fn a_profile_that_cannot_be_kept_is_refused() {
    for app in apps().await {
        let access = app.join(ANN).await.access;
        let before = app.me(&access).await.json();
        let patch = async |body: Value| app.send("PATCH /users/me", &access, body).await;
        for (body, pointer, code) in [
            (json!({"display_name": 1}), "/display_name", "wrong_type"),
            (
                json!({"display_name": "a\nb"}),
                "/display_name",
                "control_character",
            ),
            (
                json!({"display_name": "é".repeat(201)}),
                "/display_name",
                "too_long",
            ),
            (json!({"metadata": null}), "/metadata", "required"),
            (json!({"metadata": []}), "/metadata", "wrong_type"),
            (json!({"metadata": "{}"}), "/metadata", "wrong_type"),
            // Each number takes five bytes, and Postgres prints it with 309 digits.
            (
                json!({"metadata": {"a": vec![1e308; 60]}}),
                "/metadata",
                "too_long",
            ),
            (
                json!({"metadata": {"a": "\0"}}),
                "/metadata",
                "control_character",
            ),
            (
                json!({"metadata": {"\0": 1}}),
                "/metadata",
                "control_character",
            ),
            (
                json!({"metadata": {"a": [{"b\0": 1}]}}),
                "/metadata",
                "control_character",
            ),
        ] {
            patch(body)
                .await
                .violations("validation_failed", &[(pointer, code)]);
        }
        let large = json!({"metadata": {"a": "x".repeat(17 * 1024)}});
        patch(large).await.problem(413, "body_too_large");
        assert_eq!(app.me(&access).await.json(), before);
        let name = "é".repeat(200);
        let kept = patch(json!({"display_name": name})).await.expect(200);
        assert_eq!(kept.json()["display_name"], name);
        // The maximum nesting of a body, with numbers at the limits.
        let deep = format!("{}1{}", "[".repeat(120), "]".repeat(120));
        let body = format!(r#"{{"metadata":{{"a":{deep},"b":1e300,"c":18446744073709551615}}}}"#);
        let body: Value = serde_json::from_str(&body).unwrap();
        let kept = patch(body.clone()).await.expect(200).json();
        assert_eq!(kept["metadata"], body["metadata"]);
        assert_eq!(app.me(&access).await.expect(200).json(), kept);
    }
}

#[tokio::test]
async fn an_integer_that_cannot_be_returned_exactly_is_refused() {
    for app in apps().await {
        let access = app.join(ANN).await.access;
        let before = app.me(&access).await.json();
        let patch = async |metadata: &str| {
            let headers = format!("{JSON}Authorization: Bearer {access}\r\n");
            let body = format!(r#"{{"metadata":{metadata}}}"#);
            app.ask("PATCH /users/me", &headers, body.as_bytes()).await
        };
        for metadata in [
            r#"{"a":18446744073709551616}"#,
            r#"{"a":-9223372036854775809}"#,
            r#"{"a":[1,{"b":123456789012345678901234567890}]}"#,
        ] {
            let reply = patch(metadata).await;
            reply.violations("validation_failed", &[("/metadata", "out_of_range")]);
        }
        assert_eq!(app.me(&access).await.json(), before);
        for metadata in [
            r#"{"a":18446744073709551615,"b":-9223372036854775808}"#,
            r#"{"a":"123456789012345678901234567890","b":1e20,"c":100000000000000000000.0}"#,
        ] {
            let kept = patch(metadata).await.expect(200).json();
            let expected: Value = serde_json::from_str(metadata).unwrap();
            assert_eq!(kept["metadata"], expected);
        }
    }
}

/// `serde_json` would read the text of such a member as the value itself.
#[tokio::test]
async fn a_value_that_would_change_when_read_back_is_refused() {
    for app in apps().await {
        let administrator = app.administrator().await;
        let access = app.join(ANN).await.access;
        let before = app.me(&access).await.json();
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for value in [
            json!({"$serde_json::private::RawValue": deep}),
            json!({"$serde_json::private::RawValue": "18446744073709551616"}),
            json!({"z": 1, "$serde_json::private::RawValue": "["}),
            json!([{"$serde_json::private::Number": "1", "a": 2}]),
        ] {
            let body = json!({"metadata": {"a": value}});
            let reply = app.send("PATCH /users/me", &access, body).await;
            reply.problem(400, "malformed_body");
        }
        let login = json!({"email": {"$serde_json::private::RawValue": "\"ann@example.org\""}, "password": PASSWORD});
        let reply = app.post("/auth/login", login).await;
        reply.problem(400, "malformed_body");
        assert_eq!(app.me(&access).await.expect(200).json(), before);
        app.get("/admin/users", &administrator).await.expect(200);
    }
}

#[tokio::test]
async fn the_extreme_numbers_are_returned_exactly() {
    for app in apps().await {
        let administrator = app.administrator().await;
        let access = app.join(ANN).await.access;
        let metadata = json!({"a": [f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, 1.234_567_891_234_567_9e-12]});
        let body = json!({"metadata": metadata});
        let kept = app.send("PATCH /users/me", &access, body).await;
        assert_eq!(kept.expect(200).json()["metadata"], metadata);
        assert_eq!(
            app.me(&access).await.expect(200).json()["metadata"],
            metadata
        );
        let listed = app
            .send("GET /admin/users", &administrator, json!({}))
            .await;
        assert_eq!(listed.expect(200).json()["items"][0]["metadata"], metadata);
    }
}

#[tokio::test]
async fn a_new_password_leaves_only_the_session_that_set_it() {
    for app in apps().await {
        let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        let (here, there) = (app.login(ANN).await, app.login(ANN).await);
        let reset = app.reset_token(ANN).await;
        let reply = change(&app, &here.access, PASSWORD, NEW).await.expect(204);
        assert_eq!(reply.text(), "");
        app.me(&here.access).await.expect(200);
        let next = app.refresh(&here.refresh).await.tokens();
        app.me(&next.access).await.expect(200);
        is_dead(&app, &there).await;
        let reply = app.try_login(ANN, PASSWORD).await;
        reply.problem(401, "invalid_credentials");
        app.try_login(ANN, NEW).await.expect(200);
        app.reset(&reset, PASSWORD)
            .await
            .problem(400, "invalid_token");

        app.deliver().await;
        assert_eq!(
            app.letters(ANN, "password of your Hallpass account was changed")
                .len(),
            1
        );

        let changed = events(&app, &id, EventKind::PasswordChanged).await;
        assert_eq!(changed.len(), 1);
        assert_eq!(changed[0].actor_id, Some(user_id(&id)));
        assert_eq!(changed[0].detail["session_id"], here.session);
    }
}

#[tokio::test]
async fn a_wrong_current_password_changes_nothing_and_counts() {
    for app in apps().await {
        let id = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        let (here, there) = (app.login(ANN).await, app.login(ANN).await);
        for current in ["wrong password", "", NEW] {
            let reply = change(&app, &here.access, current, NEW).await;
            reply.problem(401, "invalid_credentials");
        }
        let failed = events(&app, &id, EventKind::ReauthenticationFailed).await;
        assert_eq!(failed.len(), 3);
        assert_eq!(events(&app, &id, EventKind::PasswordChanged).await.len(), 0);
        for tokens in [&here, &there] {
            app.me(&tokens.access).await.expect(200);
        }
        app.login(ANN).await;
    }
}

#[tokio::test]
async fn a_weak_or_missing_password_is_refused() {
    for app in apps().await {
        let access = app.join(ANN).await.access;
        for (new, code) in [
            ("short", "too_short"),
            ("password1", "common_password"),
            (ANN, "contains_address"),
        ] {
            let reply = change(&app, &access, PASSWORD, new).await;
            reply.violations("weak_password", &[("/new_password", code)]);
        }
        for (body, violations) in [
            (json!({}), &[("/new_password", "required")][..]),
            (
                json!({"new_password": NEW}),
                &[("/current_password", "required")],
            ),
            (
                json!({"new_password": NEW, "current_password": null}),
                &[("/current_password", "required")],
            ),
            (
                json!({"new_password": NEW, "current_password": "x".repeat(1025)}),
                &[("/current_password", "too_long")],
            ),
            (
                json!({"new_password": 1, "current_password": [], "password": NEW}),
                &[
                    ("/current_password", "wrong_type"),
                    ("/new_password", "wrong_type"),
                    ("/password", "unknown_member"),
                ],
            ),
        ] {
            let reply = app.send("POST /users/me/password", &access, body).await;
            reply.violations("validation_failed", violations);
        }
        app.login(ANN).await;
    }
}

/// A recent sign-in takes the place of the password.
#[tokio::test]
async fn an_account_without_a_password_sets_its_first() {
    for app in apps().await {
        let first = json!({"new_password": NEW});
        let set = async |access: &str| {
            app.send("POST /users/me/password", access, first.clone())
                .await
        };
        let late = app.passwordless("late@example.org").await;
        app.advance(600);
        let late = app.refresh(&late.refresh).await.tokens();
        set(&late.access)
            .await
            .problem(403, "reauthentication_required");

        let access = app.passwordless(ANN).await.access;
        let reply = change(&app, &access, PASSWORD, NEW).await;
        reply.problem(401, "invalid_credentials");
        app.advance(597);
        set(&access).await.expect(204);
        app.me(&access).await.expect(200);
        app.try_login(ANN, NEW).await.expect(200);
        let reply = set(&access).await;
        reply.violations("validation_failed", &[("/current_password", "required")]);
    }
}

/// One of many changes with the same old password succeeds. The others find a wrong password or an ended session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_32_concurrent_changes_wins() {
    for app in apps_with(unhurried).await {
        let mut sessions = vec![app.join(ANN).await];
        for _ in 0..3 {
            sessions.push(app.login(ANN).await);
        }
        let (client, sessions) = (*app, Arc::new(sessions));
        let replies = race(32, |index| {
            let sessions = Arc::clone(&sessions);
            async move {
                let body =
                    json!({"current_password": PASSWORD, "new_password": format!("{NEW} {index}")});
                let access = &sessions[index % 4].access;
                client.send("POST /users/me/password", access, body).await
            }
        })
        .await;
        let mut winner = None;
        for (index, reply) in replies.into_iter().enumerate() {
            if reply.status == 204 {
                assert_eq!(winner.replace(index), None, "two changes succeeded");
                continue;
            }
            let code = reply.json()["code"].as_str().unwrap().to_owned();
            assert!(code.starts_with("invalid_"), "{code}");
            reply.problem(401, &code);
        }
        let winner = winner.expect("one change succeeds");
        app.try_login(ANN, &format!("{NEW} {winner}"))
            .await
            .expect(200);
        for (index, tokens) in sessions.iter().enumerate() {
            let status = app.me(&tokens.access).await.status;
            assert_eq!(status, if index == winner % 4 { 200 } else { 401 });
            let status = app.refresh(&tokens.refresh).await.status;
            assert_eq!(status, if index == winner % 4 { 200 } else { 401 });
        }
    }
}

/// The call that loses is refused, and its sessions end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_during_a_reset_or_logout_revives_no_session() {
    for app in apps().await {
        app.register(ANN).await;
        let mut password = PASSWORD.to_owned();
        for round in 0..6 {
            let here = app.try_login(ANN, &password).await.tokens();
            app.advance(60);
            let reset = app.reset_token(ANN).await;
            let (client, own) = (*app, password.clone());
            let replies = race(2, |index| {
                let (here, reset, own) = (here.clone(), reset.clone(), own.clone());
                async move {
                    match (index, round % 3) {
                        (0, _) => {
                            let body = json!({"current_password": own, "new_password": format!("{NEW} {round}")});
                            client.send("POST /users/me/password", &here.access, body).await
                        }
                        (_, 0) => client.reset(&reset, &format!("reset {NEW} {round}")).await,
                        (_, 1) => client.logout(&here.refresh).await,
                        _ => client.logout_all(&here.access).await,
                    }
                }
            })
            .await;
            let (changed, other) = (replies[0].status == 204, replies[1].status == 204);
            assert!(changed || replies[0].status == 401, "{:?}", replies[0]);
            if round % 3 == 0 {
                assert!(changed != other, "one call is too late: {replies:?}");
                if other {
                    password = format!("reset {NEW} {round}");
                }
                let status = app.me(&here.access).await.status;
                assert_eq!(status, if changed { 200 } else { 401 });
            } else {
                assert!(other, "{:?}", replies[1]);
                is_dead(&app, &here).await;
            }
            if changed {
                password = format!("{NEW} {round}");
            }
            app.try_login(ANN, &password).await.expect(200);
        }
    }
}

async fn events(app: &App, id: &str, kind: EventKind) -> Vec<hallpass::event::Event> {
    let filter = EventFilter {
        user_id: Some(user_id(id)),
        kind: Some(kind),
    };
    let events = app.store().list_events(&filter, None, 50).await;
    events.expect("the store works")
}
