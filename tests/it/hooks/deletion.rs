//! Deleting an account, by its owner or an administrator.

use super::*;

#[tokio::test]
async fn hooks_see_deletions_by_owners_and_can_refuse_them() {
    let script = Script::new();
    for app in apps_with(hooked(&script)).await {
        let access = app.join(ANN).await.access;
        app.auth.finish_hooks().await;
        script.seen();
        let change = |current: &str| json!({"current_password": current, "new_password": "another passphrase"});
        let line = "POST /users/me/password";
        app.send(line, &access, change("wrong password"))
            .await
            .expect(401);
        app.send(line, &access, change(PASSWORD)).await.expect(204);
        app.auth.finish_hooks().await;
        assert_eq!(script.seen(), [format!("after_password_change {ANN}")]);

        let delete = async |current: &str| {
            let body = json!({"current_password": current});
            app.send("DELETE /users/me", &access, body).await
        };
        delete(PASSWORD).await.expect(401);
        assert!(script.seen().is_empty());
        script.at("before_deletion", Act::Refuse);
        let reply = delete("another passphrase").await.expect(422);
        assert_eq!(reply.json()["code"], "over_quota");
        for (act, status, code) in FAULTS {
            script.at("before_deletion", act);
            delete("another passphrase").await.problem(status, code);
        }
        app.me(&access).await.expect(200);
        script.seen();
        script.pass();
        delete("another passphrase").await.expect(204);
        app.auth.finish_hooks().await;
        let calls = [
            format!("before_deletion {ANN}"),
            format!("after_deletion {ANN}"),
        ];
        assert_eq!(script.seen(), calls);
    }
}

#[tokio::test]
async fn hooks_see_deletions_by_administrators_and_can_refuse_them() {
    let script = Script::new();
    for app in apps_with(hooked(&script)).await {
        let root = app.administrator().await;
        app.auth.finish_hooks().await;
        script.seen();
        script.at("before_registration", Act::Refuse);
        let account = json!({"email": BOB, "password": PASSWORD});
        let made = app.send("POST /admin/users", &root, account).await;
        let line = format!("DELETE {}", made.expect(201).header("location").unwrap());
        app.auth.finish_hooks().await;
        assert_eq!(script.seen(), [format!("after_registration {BOB}")]);

        script.at("before_deletion", Act::Refuse);
        let delete = async || app.send(&line, &root, json!({})).await;
        delete().await.problem(422, "over_quota");
        for (act, status, code) in FAULTS {
            script.at("before_deletion", act);
            delete().await.problem(status, code);
        }
        assert_eq!(accounts(&app).await, 2);
        script.seen();
        script.pass();
        delete().await.expect(204);
        app.auth.finish_hooks().await;
        let calls = [
            format!("before_deletion {BOB}"),
            format!("after_deletion {BOB}"),
        ];
        assert_eq!(script.seen(), calls);
    }
}
