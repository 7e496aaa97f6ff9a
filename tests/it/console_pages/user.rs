//! The page of a user, and what an administrator does there.

use hallpass::{event::EventKind, limit::Lockout};

use super::{ANN, ROOT, administrator, contains, enrolled, open, user};
use crate::support::{
    app::{apps, apps_with, link_token},
    http::PASSWORD,
    visitor::{Visitor, lead, shown},
};

#[tokio::test]
async fn page_shows_everything_about_a_user() {
    for app in apps().await {
        let mut visitor = administrator(&app).await;
        let (id, enrolled) = enrolled(&app, ANN).await;
        let path = format!("/console/users/{id}");
        let text = open(&mut visitor, &path, ANN).await;
        contains(
            &text,
            &[
                &format!("<bdi>{ANN}</bdi>"),
                &id,
                "✓ confirmed",
                "Active",
                "10 left",
                "Authenticator app added",
                &format!(r#"href="../../console/users/{id}/edit""#),
                &format!(r#"href="../../console/users/{id}/delete""#),
                &format!(r#"href="../../console/events?user={id}""#),
                &format!(r#"aria-label="Unlock: {ANN}""#),
            ],
        );
        for _ in 0..12 {
            app.login_with(ANN, &enrolled.authenticator).await;
            app.advance(30);
        }
        let text = open(&mut visitor, &path, ANN).await;
        contains(&text, &["more are not shown."]);
        assert!(text.len() < 30_000, "{}", text.len());
    }
}

#[tokio::test]
async fn invited_user_sets_a_password() {
    for app in apps().await {
        let mut visitor = administrator(&app).await;
        let path = "/console/users/new";
        let text = open(&mut visitor, path, "New user").await;
        contains(&text, &[r#"name="roles""#, r#"value="user""#]);
        let form = |email| {
            [
                ("email", email),
                ("display_name", " Ann Berg "),
                ("roles", "user, editor"),
            ]
        };
        let reply = visitor.submit(path, &form(ANN)).await;
        let place = lead(&reply).trim_start_matches("../..").to_owned();
        assert!(place.ends_with("?done=created"), "{place}");
        let text = open(&mut visitor, &place, ANN).await;
        contains(
            &text,
            &["The user is created.", "Ann Berg", "editor user", "Not set"],
        );
        let reply = visitor.submit(path, &form(ANN)).await;
        let text = shown(&reply, 409, "New user");
        contains(&text, &["There is a user with this address", "Ann Berg"]);
        app.deliver().await;
        let token = link_token(&app.letter(ANN, "/reset-password?"), "reset-password");
        app.reset(&token, PASSWORD).await.expect(204);
        let ann = Visitor::signed_in(&app, ANN).await;
        assert!(ann.is_signed_in());
    }
}

#[tokio::test]
async fn administrator_helps_a_user_who_is_locked_out() {
    for app in apps_with(|builder| builder.lockout(Lockout::default())).await {
        let mut visitor = administrator(&app).await;
        let id = user(&app, ANN).await;
        for _ in 0..8 {
            app.try_login(ANN, "wrong password").await;
        }
        assert_eq!(app.try_login(ANN, PASSWORD).await.status, 429);
        let path = format!("/console/users/{id}");
        let text = open(&mut visitor, &path, ANN).await;
        contains(&text, &["Sign-in refused <span", "reason: wrong_password"]);
        let path = format!("{path}/unlock");
        let text = open(&mut visitor, &path, "Unlock the sign-in?").await;
        contains(&text, &[ANN, "Wrong passwords are forgotten"]);
        for _ in 0..2 {
            let reply = visitor.submit(&path, &[]).await;
            assert_eq!(
                lead(&reply),
                format!("../../../console/users/{id}?done=unlocked")
            );
        }
        app.try_login(ANN, PASSWORD).await.expect(200);

        let path = format!("/console/users/{id}/send-link");
        let reply = visitor.submit(&path, &[]).await;
        assert_eq!(
            lead(&reply),
            format!("../../../console/users/{id}?done=link_sent")
        );
        app.deliver().await;
        let token = link_token(&app.letter(ANN, "/reset-password?"), "reset-password");
        app.reset(&token, "another long password").await.expect(204);
        app.try_login(ANN, "another long password")
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn administrator_signs_out_disables_enables_and_deletes() {
    for app in apps().await {
        let mut visitor = administrator(&app).await;
        let id = user(&app, ANN).await;
        let mut ann = Visitor::signed_in(&app, ANN).await;
        let act = async |visitor: &mut Visitor, word: &str| {
            let path = format!("/console/users/{id}/{word}");
            let page = visitor.open(&path).await.expect(200);
            assert!(page.text().contains(ANN), "the page names the user");
            lead(&visitor.submit(&path, &[]).await).to_owned()
        };
        let place = act(&mut visitor, "sign-out").await;
        assert!(place.ends_with("?done=signed_out"), "{place}");
        assert_eq!(lead(&ann.open("/account").await), "sign-in?next=%2Faccount");
        let place = act(&mut visitor, "disable").await;
        assert!(place.ends_with("?done=disabled"), "{place}");
        assert_eq!(app.try_login(ANN, PASSWORD).await.status, 403);
        let path = format!("/console/users/{id}/send-link");
        let text = shown(
            &visitor.submit(&path, &[]).await,
            403,
            "Send a link to set a password?",
        );
        contains(&text, &["This account is switched off"]);
        let text = open(&mut visitor, &format!("/console/users/{id}"), ANN).await;
        contains(&text, &["Switched off", "/enable\""]);
        let place = act(&mut visitor, "enable").await;
        assert!(place.ends_with("?done=enabled"), "{place}");
        app.try_login(ANN, PASSWORD).await.expect(200);
        for _ in 0..2 {
            let reply = visitor
                .submit(&format!("/console/users/{id}/delete"), &[])
                .await;
            assert_eq!(lead(&reply), "../../../console/users?done=deleted");
        }
        assert_eq!(
            visitor.open(&format!("/console/users/{id}")).await.status,
            404
        );
        assert_eq!(app.count_events(EventKind::AccountDeleted).await, 1);
        let text = open(&mut visitor, "/console/users?done=deleted", "Users").await;
        contains(&text, &["The user is deleted."]);
    }
}

#[tokio::test]
async fn second_step_is_removed_and_the_owner_gets_a_mail() {
    for app in apps().await {
        let mut visitor = administrator(&app).await;
        let (id, _) = enrolled(&app, ANN).await;
        let path = format!("/console/users/{id}/reset-factors");
        open(&mut visitor, &path, "Remove the second step?").await;
        let reply = visitor.submit(&path, &[]).await;
        assert_eq!(
            lead(&reply),
            format!("../../../console/users/{id}?done=factors_reset")
        );
        app.try_login(ANN, PASSWORD).await.expect(200);
        app.deliver().await;
        assert!(!app.letters(ANN, "administrator").is_empty());
        assert_eq!(app.count_events(EventKind::FactorsReset).await, 1);
    }
}

#[tokio::test]
async fn last_administrator_stays() {
    for app in apps().await {
        let mut visitor = administrator(&app).await;
        let users = visitor.open("/console/users?role=admin").await;
        let (_, id) = users
            .text()
            .split_once("console&#x2f;users&#x2f;0")
            .expect("an id");
        let id = format!("0{}", id.split('"').next().expect("its end"));
        for (word, title) in [
            ("delete", "Delete this user?"),
            ("disable", "Switch off this user?"),
        ] {
            let reply = visitor
                .submit(&format!("/console/users/{id}/{word}"), &[])
                .await;
            let text = shown(&reply, 409, title);
            contains(&text, &["This is the last administrator", ROOT]);
        }
        let seen = [
            ("seen_name", ""),
            ("seen_roles", "admin user"),
            ("seen_verified", "true"),
        ];
        let mut fields = vec![
            ("email", ""),
            ("display_name", ""),
            ("roles", "user"),
            ("verified", "true"),
        ];
        fields.extend(seen);
        let reply = visitor
            .submit(&format!("/console/users/{id}/edit"), &fields)
            .await;
        let text = shown(&reply, 409, "Edit user");
        contains(&text, &["This is the last administrator"]);
        open(&mut visitor, "/console", "Overview").await;
    }
}
