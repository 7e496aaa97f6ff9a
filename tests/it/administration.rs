//! Calls of administrators on one account.

mod change;
mod create;
mod first;
mod in_process;
mod last;

use hallpass::{
    event::{Author, Event, EventFilter, EventKind},
    user::{Role, UserChange},
};
use serde_json::{Value, json};

use crate::support::{
    app::{App, apps, race, user_id},
    http::{JSON, PASSWORD, Reply, members_of},
};

const ANN: &str = "ann@example.org";

fn path(user: &Value) -> String {
    format!("/admin/users/{}", id(user))
}

fn id(user: &Value) -> &str {
    user["id"].as_str().unwrap()
}

async fn call(app: &App, line: &str, access: &str, body: &str) -> Reply {
    let headers = format!("Authorization: Bearer {access}\r\n{JSON}");
    app.ask(line, &headers, body.as_bytes()).await
}

async fn patch(app: &App, user: &Value, access: &str, body: Value) -> Reply {
    let line = format!("PATCH {}", path(user));
    call(app, &line, access, &body.to_string()).await
}

async fn delete(app: &App, user: &Value, access: &str) -> Reply {
    call(app, &format!("DELETE {}", path(user)), access, "").await
}

async fn create(app: &App, access: &str, body: Value) -> Reply {
    call(app, "POST /admin/users", access, &body.to_string()).await
}

/// The trail of a user, oldest first.
async fn events(app: &App, user: &Value) -> Vec<Event> {
    let filter = EventFilter {
        user_id: Some(user_id(id(user))),
        kind: None,
    };
    let mut events = app.store().list_events(&filter, None, 100).await.unwrap();
    events.reverse();
    events
}

async fn me(app: &App, access: &str) -> Value {
    app.me(access).await.expect(200).json()
}

#[tokio::test]
async fn a_user_is_read_by_their_id() {
    for app in apps().await {
        let admin = app.administrator().await;
        let ann = app.register(ANN).await;
        let reply = app.get(&path(&ann), &admin).await.expect(200);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.json(), ann);
        for id in [
            "01890000-0000-7000-8000-000000000000",
            "x",
            "me",
            "1%20OR%201=1",
        ] {
            for line in [
                format!("GET /admin/users/{id}"),
                format!("PATCH /admin/users/{id}"),
                format!("DELETE /admin/users/{id}"),
                format!("POST /admin/users/{id}/logout"),
                format!("POST /admin/users/{id}/unlock"),
            ] {
                let reply = call(&app, &line, &admin, "{}").await;
                reply.problem(404, "user_not_found");
            }
        }
    }
}

#[tokio::test]
async fn unauthenticated_callers_are_refused_before_the_input() {
    for app in apps().await {
        let ann = app.register(ANN).await;
        let access = app.login(ANN).await.access;
        for line in [
            "POST /admin/users".to_owned(),
            format!("GET {}", path(&ann)),
            format!("PATCH {}", path(&ann)),
            format!("DELETE {}", path(&ann)),
            format!("POST {}/logout", path(&ann)),
            format!("POST {}/unlock", path(&ann)),
            "GET /admin/users/x".to_owned(),
        ] {
            let reply = app.ask(&line, JSON, b"nonsense").await;
            reply.problem(401, "unauthenticated");
            let reply = call(&app, &line, "x", "nonsense").await;
            reply.problem(401, "invalid_access_token");
            let reply = call(&app, &line, &access, "nonsense").await;
            reply.problem(403, "forbidden");
        }
        assert_eq!(me(&app, &access).await["id"], ann["id"]);
    }
}

#[tokio::test]
async fn a_deleted_user_is_gone_and_the_address_free() {
    for app in apps().await {
        let admin = app.administrator().await;
        let ann = app.register(ANN).await;
        let token = app.reset_token(ANN).await;
        let reply = delete(&app, &ann, &admin).await.expect(204);
        assert_eq!(reply.text(), "");
        delete(&app, &ann, &admin)
            .await
            .problem(404, "user_not_found");
        app.get(&path(&ann), &admin)
            .await
            .problem(404, "user_not_found");
        app.reset(&token, PASSWORD)
            .await
            .problem(400, "invalid_token");
        let reply = app.try_login(ANN, PASSWORD).await;
        reply.problem(401, "invalid_credentials");
        app.advance(1);
        let again = app.register(ANN).await;
        assert_ne!(again["id"], ann["id"]);
        app.login(ANN).await;
    }
}

#[tokio::test]
async fn logging_a_user_out_ends_every_session_and_link() {
    for app in apps().await {
        let admin = app.administrator().await;
        let ann = app.register(ANN).await;
        let sessions = [app.login(ANN).await, app.login(ANN).await];
        let token = app.reset_token(ANN).await;
        let line = format!("POST {}/logout", path(&ann));
        assert_eq!(call(&app, &line, &admin, "").await.expect(204).text(), "");
        for session in sessions {
            app.me(&session.access)
                .await
                .problem(401, "invalid_access_token");
            let reply = app.refresh(&session.refresh).await;
            reply.problem(401, "invalid_refresh_token");
        }
        app.reset(&token, PASSWORD)
            .await
            .problem(400, "invalid_token");
        app.me(&app.login(ANN).await.access).await.expect(200);
        call(&app, &line, &admin, "").await.expect(204);
        app.me(&admin).await.expect(200);

        let line = format!("POST {}/unlock", path(&ann));
        assert_eq!(call(&app, &line, &admin, "").await.expect(204).text(), "");
    }
}

#[tokio::test]
async fn the_audit_trail_names_the_administrator() {
    for app in apps().await {
        let admin = app.administrator().await;
        let root = user_id(id(&me(&app, &admin).await));
        let body = json!({"email": ANN, "password": PASSWORD});
        let ann = create(&app, &admin, body).await.expect(201).json();
        for body in [
            json!({"roles": ["editor"]}),
            json!({"roles": ["editor"], "display_name": "Ann"}),
            json!({"email_verified": true}),
            json!({"email_verified": false}),
            json!({"status": "disabled"}),
        ] {
            app.advance(1);
            patch(&app, &ann, &admin, body).await.expect(200);
        }
        let line = format!("POST {}/logout", path(&ann));
        app.advance(1);
        call(&app, &line, &admin, "").await.expect(204);
        app.advance(1);
        delete(&app, &ann, &admin).await.expect(204);

        let events = events(&app, &ann).await;
        let recorded: Vec<_> = events
            .iter()
            .map(|event| (event.kind, json!(event.detail)))
            .collect();
        let expected = [
            (EventKind::AccountCreated, json!({})),
            (
                EventKind::RolesChanged,
                json!({"from": ["user"], "to": ["editor"]}),
            ),
            (EventKind::EmailVerified, json!({})),
            (EventKind::EmailUnverified, json!({})),
            (
                EventKind::StatusChanged,
                json!({"from": "active", "to": "disabled"}),
            ),
            (EventKind::LoggedOutEverywhere, json!({})),
            (EventKind::AccountDeleted, json!({})),
        ];
        assert_eq!(recorded, expected);
        for event in events {
            assert_eq!(event.actor_id, Some(root), "{event:?}");
            assert!(event.client.ip.is_some() && event.client.request_id.is_some());
        }
    }
}

/// A host makes the same calls in process, with or without an actor.
#[tokio::test]
async fn a_host_administers_in_process() {
    for app in apps().await {
        let admin = app.administrator().await;
        let ann = app.register(ANN).await;
        app.advance(1);
        let administration = app.auth.administration();
        let found = administration.user(user_id(id(&ann))).await.unwrap();
        let roles = [Role::ADMIN].into_iter().collect();
        let change = UserChange {
            roles: Some(roles),
            ..UserChange::default()
        };
        let nobody = Author::default();
        let changed = administration.update_user(found.id, &change, &nobody);
        assert!(changed.await.unwrap().is_administrator());
        let page = app.get("/admin/users?role=admin", &admin).await.json();
        assert_eq!(members_of(&page), ["items", "next_cursor"]);
        assert_eq!(page["items"].as_array().unwrap().len(), 2);
        let events = events(&app, &ann).await;
        assert_eq!(events.last().unwrap().actor_id, None);
    }
}
