//! Administration in process, where it goes beyond the endpoints.

use std::time::Duration;

use hallpass::{
    AuthBuilder, ErrorKind,
    admin::NewAccount,
    event::{Author, EventKind},
    limit::Lockout,
    memory::MemoryLimiter,
    user::UserStatus,
};

use super::{ANN, events};
use crate::support::{
    app::{apps, apps_with, user_id},
    http::PASSWORD,
    patience::until,
};

const NEW: &str = "another good password";

#[tokio::test]
async fn a_set_password_ends_every_session_and_notifies_the_user() {
    for app in apps().await {
        let ann = app.settled(ANN).await;
        let id = user_id(ann["id"].as_str().unwrap());
        let before = app.login(ANN).await;
        app.deliver().await;
        app.mailbox.clear();
        let administration = app.auth.administration();
        let set = async |password: &str| {
            let (password, author) = (password.into(), Author::default());
            administration.set_password(id, &password, &author).await
        };
        assert_eq!(
            set("short").await.unwrap_err().kind(),
            ErrorKind::WeakPassword
        );
        app.me(&before.access).await.expect(200);

        assert_eq!(set(NEW).await.unwrap().id, id, "{}", app.name);
        app.me(&before.access)
            .await
            .problem(401, "invalid_access_token");
        app.try_login(ANN, PASSWORD)
            .await
            .problem(401, "invalid_credentials");
        app.try_login(ANN, NEW).await.tokens();
        app.deliver().await;
        assert_eq!(app.letters(ANN, "changed").len(), 1);
        let events = events(&app, &ann).await;
        let changed = |kind| kind == EventKind::PasswordChanged;
        assert_eq!(events.iter().filter(|event| changed(event.kind)).count(), 1);

        app.set_status(&id.to_string(), UserStatus::Disabled).await;
        assert_eq!(set(PASSWORD).await.unwrap().status, UserStatus::Disabled);
        let author = Author::default();
        administration.delete_user(id, &author).await.unwrap();
        assert_eq!(set(NEW).await.unwrap_err().kind(), ErrorKind::UserNotFound);
    }
}

#[tokio::test]
async fn a_set_password_ends_the_lockout_with_any_limiter() {
    let in_store = |builder: AuthBuilder| builder.lockout(Lockout::default());
    let elsewhere = |builder| in_store(builder).limiter(MemoryLimiter::new());
    let mut all = apps_with(in_store).await;
    all.extend(apps_with(elsewhere).await);
    for app in all {
        let ann = app.settled(ANN).await;
        for _ in 0..5 {
            app.try_login(ANN, "wrong").await.expect(401);
        }
        app.try_login(ANN, PASSWORD)
            .await
            .problem(429, "too_many_attempts");
        let (id, author) = (user_id(ann["id"].as_str().unwrap()), Author::default());
        let (administration, new) = (app.auth.administration(), NEW.into());
        administration
            .set_password(id, &new, &author)
            .await
            .unwrap();
        app.try_login(ANN, NEW).await.tokens();
    }
}

#[tokio::test]
async fn an_account_can_be_created_verified_and_with_a_name() {
    for app in apps().await {
        let account = NewAccount::new(ANN.parse().unwrap())
            .with_password(PASSWORD)
            .with_display_name("Ann")
            .verified();
        let (administration, author) = (app.auth.administration(), Author::default());
        let ann = administration.create_user(account, &author).await.unwrap();
        assert_eq!(ann.display_name.as_deref(), Some("Ann"));
        assert_eq!(ann.email_verified_at, Some(ann.created_at));
        let access = app.login(ANN).await.access;
        let me = app.me(&access).await.expect(200).json();
        assert_eq!(me["email_verified"], true);
        let nameless = NewAccount::new("bob@example.org".parse().unwrap());
        let long = nameless.with_display_name("x".repeat(201));
        let refused = administration.create_user(long, &author).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::ValidationFailed);
    }
}

#[tokio::test]
async fn a_spawned_background_sends_mail_and_stops_in_time() {
    for app in apps().await {
        app.register(ANN).await;
        let background = app.auth.spawn();
        app.forgot(ANN).await;
        let arrived = async || !app.letters(ANN, "/reset-password?").is_empty();
        until("the mail is sent", arrived).await;
        assert!(
            background.stop(Duration::from_secs(20)).await,
            "{}",
            app.name
        );
    }
}
