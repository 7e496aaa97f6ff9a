//! `GET /admin/users`.

use hallpass::{
    UserId,
    user::{NewUser, Role, UserStatus},
};
use serde_json::Value;

use crate::support::{
    app::{App, apps},
    http::members_of,
};

/// Adds users with these addresses, oldest first.
async fn fill(app: &App, emails: impl IntoIterator<Item = String>) {
    for email in emails {
        app.clock.advance(std::time::Duration::from_millis(1));
        let user = NewUser {
            id: UserId::new(app.now()),
            email: email.parse().unwrap(),
            email_verified_at: None,
            password_hash: None,
            roles: [Role::USER].into_iter().collect(),
            display_name: None,
            locale: None,
            created_at: app.now(),
        };
        app.store()
            .insert_user(
                &user,
                &crate::support::app::created(user.created_at),
                None,
                None,
            )
            .await
            .unwrap();
    }
}

async fn list(app: &App, access: &str, query: &str) -> Value {
    let path = format!("/admin/users{query}");
    let reply = app.get(&path, access).await.expect(200);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let page = reply.json();
    assert_eq!(members_of(&page), ["items", "next_cursor"]);
    page
}

fn emails(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|user| user["email"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_administrator_lists_users_newest_first() {
    for app in apps().await {
        let admin = app.administrator().await;
        app.advance(1);
        let ann = app.register("ann@example.org").await;
        app.advance(1);
        app.register("bob@example.org").await;
        let page = list(&app, &admin, "").await;
        let expected = ["bob@example.org", "ann@example.org", "root@example.org"];
        assert_eq!(emails(&page), expected);
        assert_eq!(page["next_cursor"], Value::Null);
        assert_eq!(page["items"][1], ann);
        assert_eq!(page["items"][2]["email_verified"], true);
    }
}

#[tokio::test]
async fn pages_hold_every_user_once_at_any_limit() {
    for app in apps().await {
        let admin = app.administrator().await;
        fill(
            &app,
            (0..119).map(|index| format!("{index:03}@example.org")),
        )
        .await;
        for (limit, pages) in [
            (Some(7), 18),
            (Some(60), 2),
            (Some(120), 1),
            (Some(200), 1),
            (None, 3),
        ] {
            let limit = limit
                .map(|limit| format!("&limit={limit}"))
                .unwrap_or_default();
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            for page in 1..=pages {
                let found = list(&app, &admin, &format!("?{cursor}{limit}")).await;
                seen.extend(emails(&found).into_iter().map(str::to_owned));
                match found["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => assert_eq!(page, pages, "{limit}"),
                }
                assert_eq!(found["next_cursor"].is_null(), page == pages, "{limit}");
            }
            let newest_first = (0..119)
                .rev()
                .map(|index| format!("{index:03}@example.org"));
            let expected: Vec<String> = newest_first
                .chain(["root@example.org".to_owned()])
                .collect();
            assert_eq!(seen, expected, "{limit}");
        }
    }
}

#[tokio::test]
async fn a_page_is_stable_while_users_are_added() {
    for app in apps().await {
        let admin = app.administrator().await;
        fill(&app, (0..6).map(|index| format!("{index}@example.org"))).await;
        let first = list(&app, &admin, "?limit=3").await;
        assert_eq!(
            emails(&first),
            ["5@example.org", "4@example.org", "3@example.org"]
        );
        fill(&app, ["later@example.org".to_owned()]).await;
        let cursor = first["next_cursor"].as_str().unwrap();
        let second = list(&app, &admin, &format!("?limit=3&cursor={cursor}")).await;
        assert_eq!(
            emails(&second),
            ["2@example.org", "1@example.org", "0@example.org"]
        );
    }
}

#[tokio::test]
async fn the_prefix_of_an_address_is_literal() {
    for app in apps().await {
        let admin = app.administrator().await;
        let addresses = [
            "a%b@example.org",
            "a_b@example.org",
            "axb@example.org",
            "Zo\u{eb}@example.org",
        ];
        fill(&app, addresses.map(str::to_owned)).await;
        for (prefix, expected) in [
            ("a%25", &["a%b@example.org"][..]),
            ("a_", &["a_b@example.org"]),
            (
                "a",
                &["axb@example.org", "a_b@example.org", "a%b@example.org"],
            ),
            (
                "A",
                &["axb@example.org", "a_b@example.org", "a%b@example.org"],
            ),
            ("%25", &[]),
            ("_", &[]),
            ("*", &[]),
            ("a%5C", &[]),
            ("%27%20OR%201=1", &[]),
            ("zoe%CC%88", &["Zo\u{eb}@example.org"]),
            ("ROOT@EXAMPLE.org", &["root@example.org"]),
            ("oot", &[]),
            (&"x".repeat(5000), &[]),
        ] {
            let page = list(&app, &admin, &format!("?email={prefix}")).await;
            assert_eq!(emails(&page), expected, "{prefix}");
        }
    }
}

#[tokio::test]
async fn users_are_filtered_by_role_and_status() {
    for app in apps().await {
        let admin = app.administrator().await;
        for (email, roles) in [
            ("ann@example.org", "editor user"),
            ("bob@example.org", "editors user"),
        ] {
            app.advance(1);
            let id = app.register(email).await["id"].as_str().unwrap().to_owned();
            app.set_roles(&id, roles).await;
            if email == "bob@example.org" {
                app.set_status(&id, UserStatus::Disabled).await;
            }
        }
        for (query, expected) in [
            ("?role=admin", &["root@example.org"][..]),
            ("?role=editor", &["ann@example.org"]),
            ("?role=edit", &[]),
            (
                "?role=user&status=active",
                &["ann@example.org", "root@example.org"],
            ),
            ("?status=disabled", &["bob@example.org"]),
            ("?status=disabled&role=admin", &[]),
            ("?email=a&role=editor&status=active", &["ann@example.org"]),
        ] {
            let page = list(&app, &admin, query).await;
            assert_eq!(emails(&page), expected, "{query}");
        }
    }
}

#[tokio::test]
async fn a_cursor_of_another_filter_or_service_is_refused() {
    for app in apps().await {
        let admin = app.administrator().await;
        fill(&app, (0..5).map(|index| format!("{index}@example.org"))).await;
        let page = list(&app, &admin, "?limit=2&status=active").await;
        let cursor = page["next_cursor"].as_str().unwrap().to_owned();
        list(
            &app,
            &admin,
            &format!("?limit=1&status=active&cursor={cursor}"),
        )
        .await;
        let other = app
            .another(|builder| builder.secrets(hallpass::secret::Secret::generate()))
            .await;
        let stranger = other.administrator().await;
        let foreign = list(&other, &stranger, "?limit=2").await;
        let foreign = foreign["next_cursor"].as_str().unwrap();
        let mut queries = vec![
            format!("limit=2&cursor={cursor}"),
            format!("limit=2&status=disabled&cursor={cursor}"),
            format!("limit=2&status=active&role=user&cursor={cursor}"),
            format!("limit=2&status=active&email=a&cursor={cursor}"),
            format!("cursor={foreign}"),
            "cursor=".to_owned(),
            "cursor=x".to_owned(),
            "cursor=%00".to_owned(),
            format!("status=active&cursor={cursor}%3D"),
            format!("status=active&cursor={cursor}A"),
            format!("cursor={}", "A".repeat(5000)),
            format!("cursor={}", page["items"][0]["id"].as_str().unwrap()),
        ];
        for index in 0..cursor.len() {
            let mut edited = cursor.clone().into_bytes();
            edited[index] = if edited[index] == b'A' { b'B' } else { b'A' };
            let edited = String::from_utf8(edited).unwrap();
            queries.push(format!("status=active&cursor={edited}"));
        }
        for query in queries {
            let reply = app.get(&format!("/admin/users?{query}"), &admin).await;
            reply.violations("validation_failed", &[("/cursor", "invalid_cursor")]);
        }
    }
}

#[tokio::test]
async fn unauthenticated_callers_are_refused_before_the_query() {
    for app in apps().await {
        let user = app.join("ann@example.org").await;
        for query in ["limit=0", "cursor=x", "unknown=1"] {
            let path = format!("/admin/users?{query}");
            app.get(&path, "not.a.token")
                .await
                .problem(401, "invalid_access_token");
            app.get(&path, &user.access).await.problem(403, "forbidden");
        }
    }
}

#[tokio::test]
async fn values_out_of_range_are_refused_and_never_clamped() {
    for app in apps().await {
        let admin = app.administrator().await;
        for (query, pointer, code) in [
            ("limit=0", "/limit", "out_of_range"),
            ("limit=201", "/limit", "out_of_range"),
            ("limit=-1", "/limit", "out_of_range"),
            ("limit=1000000000", "/limit", "out_of_range"),
            ("limit=99999999999999999999999", "/limit", "out_of_range"),
            ("limit=abc", "/limit", "out_of_range"),
            ("limit=1.0", "/limit", "out_of_range"),
            ("limit=%2B5", "/limit", "out_of_range"),
            ("limit=", "/limit", "out_of_range"),
            ("limit", "/limit", "out_of_range"),
            ("limit=5&limit=5", "/limit", "repeated"),
            ("limit=%zz", "/limit", "malformed_encoding"),
            ("status=", "/status", "unknown_value"),
            ("status=Active", "/status", "unknown_value"),
            ("status=active%00", "/status", "control_character"),
            ("role=Admin", "/role", "invalid_role"),
            ("role=", "/role", "invalid_role"),
            ("role=%25", "/role", "invalid_role"),
            ("role=_", "/role", "invalid_role"),
            ("role=admin'%20OR%20'1'='1", "/role", "invalid_role"),
            ("role=a%25%5C", "/role", "invalid_role"),
            ("status=active'%20OR%20'1'='1", "/status", "unknown_value"),
            ("status=%25", "/status", "unknown_value"),
            ("email=%00", "/email", "control_character"),
            ("email=%ff", "/email", "malformed_encoding"),
            ("offset=1", "/offset", "unknown_member"),
        ] {
            let reply = app.get(&format!("/admin/users?{query}"), &admin).await;
            assert_eq!(reply.status, 422, "{query}");
            reply.violations("validation_failed", &[(pointer, code)]);
        }
        let reply = app.get("/admin/users?limit=0&status=x&y=1", &admin).await;
        reply.violations(
            "validation_failed",
            &[
                ("/limit", "out_of_range"),
                ("/status", "unknown_value"),
                ("/y", "unknown_member"),
            ],
        );
    }
}

#[tokio::test]
async fn only_administrators_see_users() {
    for app in apps().await {
        let reply = app.ask("GET /admin/users", "", b"").await;
        reply.problem(401, "unauthenticated");
        let reply = app.get("/admin/users", "x").await;
        reply.problem(401, "invalid_access_token");
        let access = app.join("ann@example.org").await.access;
        let reply = app.get("/admin/users", &access).await;
        let reply = reply.problem(403, "forbidden");
        assert!(!reply.text().contains("ann@example.org"));
    }
}

#[tokio::test]
async fn a_change_of_roles_acts_at_once() {
    for app in apps().await {
        // The last administrator cannot be demoted.
        app.administrator().await;
        let id = app.register("ann@example.org").await["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let access = app.login("ann@example.org").await.access;
        app.get("/admin/users", &access)
            .await
            .problem(403, "forbidden");
        app.set_roles(&id, "admin user").await;
        list(&app, &access, "").await;
        app.set_roles(&id, "administrator user").await;
        app.get("/admin/users", &access)
            .await
            .problem(403, "forbidden");

        app.set_roles(&id, "admin").await;
        let tokens = app.login("ann@example.org").await;
        app.set_roles(&id, "user").await;
        // The token still has `admin`: the database decides.
        let claims = app.auth.verify(&tokens.access.as_str().into()).unwrap();
        assert!(claims.has_role(&Role::ADMIN));
        app.get("/admin/users", &tokens.access)
            .await
            .problem(403, "forbidden");

        app.set_roles(&id, "admin").await;
        list(&app, &tokens.access, "").await;
        app.set_status(&id, UserStatus::Disabled).await;
        let reply = app.get("/admin/users", &tokens.access).await;
        reply.problem(401, "invalid_access_token");
    }
}
