//! The last active administrator.

use super::*;

#[tokio::test]
async fn the_last_administrator_cannot_be_demoted() {
    for app in apps().await {
        let admin = app.administrator().await;
        let root = me(&app, &admin).await;
        // A disabled administrator does not count.
        let ann = app.register(ANN).await;
        let body = json!({"roles": ["admin"], "status": "disabled"});
        patch(&app, &ann, &admin, body).await.expect(200);
        for body in [
            json!({"roles": ["user"]}),
            json!({"status": "disabled"}),
            json!({"roles": ["user"], "display_name": "Root"}),
        ] {
            let reply = patch(&app, &root, &admin, body).await;
            reply.problem(409, "last_admin");
        }
        delete(&app, &root, &admin).await.problem(409, "last_admin");
        assert_eq!(me(&app, &admin).await, root);
        let body = json!({"roles": ["admin", "editor"], "display_name": "Root"});
        patch(&app, &root, &admin, body).await.expect(200);

        let body = json!({"status": "active"});
        patch(&app, &ann, &admin, body).await.expect(200);
        delete(&app, &root, &admin).await.expect(204);
        app.me(&admin).await.problem(401, "invalid_access_token");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_two_administrators_who_remove_each_other_stays() {
    const ROOT: &str = "root@example.org";
    for app in apps().await {
        app.administrator().await;
        let ann = app.register(ANN).await;
        app.set_roles(id(&ann), "admin").await;
        let mut tokens = vec![
            (app.login(ROOT).await.access, None),
            (app.login(ANN).await.access, None),
        ];
        let root = me(&app, &tokens[0].0).await;
        tokens[0].1 = Some(ann);
        tokens[1].1 = Some(root);
        let client = *app;
        let replies = race(16, |index| {
            let (access, other) = tokens[index % 2].clone();
            let path = path(&other.unwrap());
            let headers = format!("Authorization: Bearer {access}\r\n{JSON}");
            let (line, body) = match index / 2 % 3 {
                0 => (format!("PATCH {path}"), r#"{"roles":["user"]}"#),
                1 => (format!("PATCH {path}"), r#"{"status":"disabled"}"#),
                _ => (format!("DELETE {path}"), ""),
            };
            async move { client.ask(&line, &headers, body.as_bytes()).await }
        })
        .await;
        for reply in replies {
            let refused = [401, 403, 404, 409].contains(&reply.status);
            assert!(refused || [200, 204].contains(&reply.status), "{reply:?}");
        }
        let mut left = 0;
        for (access, _) in &tokens {
            let path = "/admin/users?role=admin&status=active";
            let reply = app.get(path, access).await;
            if reply.status == 200 {
                left += 1;
                assert_eq!(reply.json()["items"].as_array().unwrap().len(), 1);
            }
        }
        assert_eq!(left, 1, "active administrators");
    }
}
