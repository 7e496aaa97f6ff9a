//! `PATCH /admin/users/{id}` and the effect of a change.

use super::*;

#[tokio::test]
async fn a_user_is_changed_member_by_member() {
    for app in apps().await {
        let admin = app.administrator().await;
        let ann = app.register(ANN).await;
        for (body, expected) in [
            (
                json!({"roles": ["user", "editor", "user"]}),
                json!({"roles": ["editor", "user"]}),
            ),
            (json!({"roles": []}), json!({"roles": []})),
            (json!({"status": "disabled"}), json!({"status": "disabled"})),
            (json!({"status": "active"}), json!({"status": "active"})),
            (
                json!({"display_name": "Zo\u{eb}"}),
                json!({"display_name": "Zo\u{eb}"}),
            ),
            (json!({"display_name": null}), json!({"display_name": null})),
            (
                json!({"email_verified": true}),
                json!({"email_verified": true}),
            ),
            (
                json!({"email_verified": false}),
                json!({"email_verified": false}),
            ),
            (
                json!({"roles": ["user"], "status": "disabled", "display_name": "A", "email_verified": true}),
                json!({"roles": ["user"], "status": "disabled", "display_name": "A", "email_verified": true}),
            ),
        ] {
            let before = app.get(&path(&ann), &admin).await.json();
            app.advance(1);
            let reply = patch(&app, &ann, &admin, body.clone()).await.expect(200);
            assert_eq!(reply.header("cache-control"), Some("no-store"));
            let mut wanted = before.clone();
            for (name, value) in expected.as_object().unwrap() {
                wanted[name] = value.clone();
            }
            let changed = reply.json();
            assert_ne!(changed["updated_at"], before["updated_at"], "{body}");
            wanted["updated_at"] = changed["updated_at"].clone();
            assert_eq!(changed, wanted, "{body}");
            assert_eq!(app.get(&path(&ann), &admin).await.json(), changed);
            app.advance(1);
            for same in [body, json!({})] {
                let again = patch(&app, &ann, &admin, same).await.expect(200);
                assert_eq!(again.json(), changed, "an empty change changes nothing");
            }
        }
    }
}

#[tokio::test]
async fn a_change_of_the_wrong_shape_changes_nothing() {
    for app in apps().await {
        let admin = app.administrator().await;
        let ann = app.register(ANN).await;
        let many: Vec<String> = (0..33).map(|index| format!("r{index}")).collect();
        for (body, expected) in [
            (json!({"roles": "admin"}), &[("/roles", "wrong_type")][..]),
            (json!({"roles": null}), &[("/roles", "required")]),
            (
                json!({"roles": {"0": "admin"}}),
                &[("/roles", "wrong_type")],
            ),
            (
                json!({"roles": ["user", "Admin", 7, null, "", "a b"]}),
                &[
                    ("/roles/1", "invalid_role"),
                    ("/roles/2", "wrong_type"),
                    ("/roles/3", "required"),
                    ("/roles/4", "invalid_role"),
                    ("/roles/5", "invalid_role"),
                ],
            ),
            (json!({"roles": many}), &[("/roles", "too_long")]),
            (json!({"status": "Active"}), &[("/status", "unknown_value")]),
            (json!({"status": null}), &[("/status", "required")]),
            (
                json!({"display_name": 7}),
                &[("/display_name", "wrong_type")],
            ),
            (
                json!({"display_name": "a\u{0}"}),
                &[("/display_name", "control_character")],
            ),
            (
                json!({"display_name": "x".repeat(201)}),
                &[("/display_name", "too_long")],
            ),
            (
                json!({"email_verified": "true"}),
                &[("/email_verified", "wrong_type")],
            ),
            (
                json!({"email_verified": null}),
                &[("/email_verified", "required")],
            ),
            (
                json!({"roles": ["user"], "email": "x@example.org", "id": "x", "password": "y"}),
                &[
                    ("/email", "unknown_member"),
                    ("/id", "unknown_member"),
                    ("/password", "unknown_member"),
                ],
            ),
        ] {
            let reply = patch(&app, &ann, &admin, body).await;
            reply.violations("validation_failed", expected);
        }
        let many = json!({"roles": many[..32], "display_name": "x".repeat(200)});
        patch(&app, &ann, &admin, many).await.expect(200);
    }
}

/// Every built-in endpoint with an access token.
async fn bearer_lines(app: &App) -> Vec<String> {
    let document = app.ask("GET /openapi.json", "", b"").await.json();
    let mut lines = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if operation["security"][0]["bearer"].is_array() {
                let path = path.replace(['{', '}'], "");
                lines.push(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    assert!(lines.len() >= 9, "{lines:?}");
    lines
}

#[tokio::test]
async fn disabling_and_deleting_act_on_the_next_request() {
    for app in apps().await {
        let admin = app.administrator().await;
        let lines = bearer_lines(&app).await;
        for deleted in [false, true] {
            app.advance(1);
            let ann = app.register(ANN).await;
            patch(&app, &ann, &admin, json!({"roles": ["admin"]}))
                .await
                .expect(200);
            let tokens = app.login(ANN).await;
            app.get(&path(&ann), &tokens.access).await.expect(200);
            if deleted {
                delete(&app, &ann, &admin).await.expect(204);
            } else {
                patch(&app, &ann, &admin, json!({"status": "disabled"}))
                    .await
                    .expect(200);
            }
            for line in &lines {
                let reply = call(&app, line, &tokens.access, "{}").await;
                reply.problem(401, "invalid_access_token");
            }
            let reply = app.refresh(&tokens.refresh).await;
            reply.problem(401, "invalid_refresh_token");
            if !deleted {
                patch(&app, &ann, &admin, json!({"status": "active"}))
                    .await
                    .expect(200);
                let reply = app.me(&tokens.access).await;
                reply.problem(401, "invalid_access_token");
                app.login(ANN).await;
                delete(&app, &ann, &admin).await.expect(204);
            }
        }
    }
}

#[tokio::test]
async fn a_demotion_acts_on_the_next_request() {
    for app in apps().await {
        let admin = app.administrator().await;
        let ann = app.register(ANN).await;
        let access = app.login(ANN).await.access;
        patch(&app, &ann, &admin, json!({"roles": ["admin"]}))
            .await
            .expect(200);
        // The user changes their own account, with the earlier token.
        patch(&app, &ann, &access, json!({"roles": ["user"]}))
            .await
            .expect(200);
        for line in bearer_lines(&app).await {
            if line.contains("/admin/") {
                let reply = call(&app, &line, &access, "{}").await;
                reply.problem(403, "forbidden");
            }
        }
        assert_eq!(me(&app, &access).await["roles"], json!(["user"]));
    }
}
