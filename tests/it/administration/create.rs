//! `POST /admin/users`.

use super::*;

#[tokio::test]
async fn an_account_with_a_password_is_created() {
    for app in apps().await {
        let admin = app.administrator().await;
        let body = json!({"email": "Ann@Example.org", "password": PASSWORD, "roles": ["editor", "editor"]});
        let reply = create(&app, &admin, body.clone()).await.expect(201);
        let ann = reply.json();
        assert_eq!(reply.header("location"), Some(path(&ann).as_str()));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(ann["email"], "Ann@Example.org");
        assert_eq!(ann["email_verified"], false);
        assert_eq!(ann["roles"], json!(["editor"]));
        assert_eq!(ann["status"], "active");
        let access = app.login(ANN).await.access;
        assert_eq!(me(&app, &access).await["id"], ann["id"]);
        assert_eq!(
            app.auth.deliver_mail().await.unwrap(),
            0,
            "the account needs no mail"
        );
        create(&app, &admin, body).await.problem(409, "email_taken");
        let none = json!({"email": "bob@example.org", "password": PASSWORD, "roles": []});
        let bob = create(&app, &admin, none).await.expect(201).json();
        assert_eq!(bob["roles"], json!([]));
    }
}

#[tokio::test]
async fn an_account_without_a_password_gets_a_mail_that_sets_one() {
    for app in apps().await {
        let admin = app.administrator().await;
        let ann = create(&app, &admin, json!({"email": ANN}))
            .await
            .expect(201)
            .json();
        assert_eq!(ann["roles"], json!(["user"]));
        let reply = app.try_login(ANN, PASSWORD).await;
        reply.problem(401, "invalid_credentials");
        assert_eq!(app.auth.deliver_mail().await.unwrap(), 1);
        let mail = app.mailbox.last_to(ANN).expect("a mail");
        let token = crate::support::app::token_in(mail.text());
        app.reset(&token, PASSWORD).await.expect(204);
        let access = app.login(ANN).await.access;
        assert_eq!(me(&app, &access).await["email_verified"], true);

        // The mail is the notice of the new password.
        assert_eq!(app.auth.deliver_mail().await.unwrap(), 1);
        let again = create(&app, &admin, json!({"email": "ANN@example.org"})).await;
        again.problem(409, "email_taken");
        assert_eq!(
            app.auth.deliver_mail().await.unwrap(),
            0,
            "an unneeded mail"
        );
    }
}

#[tokio::test]
async fn an_account_of_the_wrong_shape_is_refused() {
    for app in apps().await {
        let admin = app.administrator().await;
        for (body, expected) in [
            (json!({}), &[("/email", "required")][..]),
            (json!({"email": "ann"}), &[("/email", "invalid_email")]),
            (
                json!({"email": ANN, "password": 7}),
                &[("/password", "wrong_type")],
            ),
            (
                json!({"email": ANN, "roles": ["user", "A"]}),
                &[("/roles/1", "invalid_role")],
            ),
            (
                json!({"email": ANN, "status": "active", "email_verified": true}),
                &[
                    ("/email_verified", "unknown_member"),
                    ("/status", "unknown_member"),
                ],
            ),
        ] {
            let reply = create(&app, &admin, body).await;
            reply.violations("validation_failed", expected);
        }
        let weak = create(&app, &admin, json!({"email": ANN, "password": "short"})).await;
        weak.violations("weak_password", &[("/password", "too_short")]);
        let page = app.get("/admin/users", &admin).await.json();
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
    }
}
