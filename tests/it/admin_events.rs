//! `GET /admin/events`.

use hallpass::{
    UserId,
    event::{ClientInfo, Event, EventKind},
};
use serde_json::{Value, json};

use crate::support::{
    app::{App, apps},
    http::{JSON, members_of},
};

const ANN: &str = "ann@example.org";

async fn list(app: &App, access: &str, query: &str) -> Value {
    let reply = app.get(&format!("/admin/events{query}"), access).await;
    let reply = reply.expect(200);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let page = reply.json();
    assert_eq!(members_of(&page), ["items", "next_cursor"]);
    page
}

fn types(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|event| event["type"].as_str().unwrap()).collect()
}

/// Adds events about this user and returns their ids, newest first.
async fn fill(app: &App, user: UserId, count: usize) -> Vec<String> {
    let mut made = Vec::new();
    for _ in 0..count {
        let client = ClientInfo::default();
        let event = Event::new(EventKind::LoggedOut, app.now(), &client).of(user);
        app.store().record_event(&event).await.unwrap();
        made.push(event.id.to_string());
    }
    made.sort_unstable();
    made.reverse();
    made
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|event| event["id"].as_str().unwrap().to_owned())
        .collect()
}

/// The event of a call is stored before the call is answered.
#[tokio::test]
async fn an_administrator_reads_what_happened_newest_first() {
    for app in apps().await {
        let admin = app.administrator().await;
        app.advance(1);
        let ann = app.register(ANN).await;
        app.advance(1);
        let headers = format!("{JSON}X-Request-Id: the-failed-one\r\nUser-Agent: a test\r\n");
        let body = json!({ "email": ANN, "password": "a wrong password" }).to_string();
        let reply = app.ask("POST /auth/login", &headers, body.as_bytes());
        reply.await.expect(401);
        let page = list(&app, &admin, "").await;
        assert_eq!(
            types(&page),
            [
                "sign_in_failed",
                "account_created",
                "signed_in",
                "account_created"
            ]
        );
        assert_eq!(page["next_cursor"], Value::Null);
        let event = &page["items"][0];
        assert_eq!(
            members_of(event),
            [
                "actor_id",
                "created_at",
                "detail",
                "id",
                "ip",
                "outcome",
                "request_id",
                "type",
                "user_agent",
                "user_id"
            ]
        );
        assert_eq!(event["outcome"], "failure");
        assert_eq!(event["user_id"], ann["id"]);
        assert_eq!(event["actor_id"], Value::Null);
        assert_eq!(event["ip"], "127.0.0.1");
        assert_eq!(event["user_agent"], "a test");
        assert_eq!(event["request_id"], "the-failed-one");
        assert_eq!(event["detail"]["reason"], "wrong_password");
        let at: chrono::DateTime<chrono::Utc> =
            event["created_at"].as_str().unwrap().parse().unwrap();
        assert_eq!(at, app.now());
        assert_eq!(page["items"][1]["actor_id"], ann["id"]);
        assert_eq!(page["items"][1]["outcome"], "success");
        assert!(!page.to_string().contains('@'), "the event has an address");
    }
}

#[tokio::test]
async fn events_are_filtered_by_user_and_type() {
    for app in apps().await {
        let admin = app.administrator().await;
        let ann = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        app.advance(1);
        app.login(ANN).await;
        app.advance(1);
        app.try_login("nobody@example.org", "x").await.expect(401);
        let nobody = UserId::new(app.now());
        for (query, expected) in [
            (
                format!("?user_id={ann}"),
                &["signed_in", "account_created"][..],
            ),
            (format!("?user_id={ann}&type=signed_in"), &["signed_in"]),
            (format!("?user_id={ann}&type=logged_out"), &[]),
            ("?type=signed_in".to_owned(), &["signed_in", "signed_in"]),
            ("?type=sign_in_failed".to_owned(), &["sign_in_failed"]),
            (format!("?user_id={nobody}"), &[]),
        ] {
            let page = list(&app, &admin, &query).await;
            assert_eq!(types(&page), expected, "{query}");
        }
    }
}

#[tokio::test]
async fn pages_hold_every_event_once_at_any_limit() {
    for app in apps().await {
        let admin = app.administrator().await;
        let user = UserId::new(app.now());
        let made = fill(&app, user, 119).await;
        for (limit, pages) in [
            (Some(7), 17),
            (Some(60), 2),
            (Some(119), 1),
            (Some(200), 1),
            (None, 3),
        ] {
            let limit = limit.map(|limit| format!("&limit={limit}"));
            let limit = limit.unwrap_or_default();
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            for page in 1..=pages {
                let query = format!("?user_id={user}&type=logged_out{cursor}{limit}");
                let found = list(&app, &admin, &query).await;
                seen.extend(ids(&found));
                if let Some(next) = found["next_cursor"].as_str() {
                    cursor = format!("&cursor={next}");
                }
                assert_eq!(found["next_cursor"].is_null(), page == pages, "{limit}");
            }
            assert_eq!(seen, made, "{limit}");
        }
    }
}

#[tokio::test]
async fn a_cursor_works_for_its_own_list_and_filter_only() {
    for app in apps().await {
        let admin = app.administrator().await;
        app.register(ANN).await;
        let user = UserId::new(app.now());
        fill(&app, user, 3).await;
        let next = |page: &Value| page["next_cursor"].as_str().unwrap().to_owned();
        let cursor = next(&list(&app, &admin, &format!("?limit=1&user_id={user}")).await);
        list(&app, &admin, &format!("?user_id={user}&cursor={cursor}")).await;
        let users = app.get("/admin/users?limit=1", &admin).await;
        let of_users = next(&users.expect(200).json());
        let all = next(&list(&app, &admin, "?limit=1").await);
        let reply = app.get(&format!("/admin/users?cursor={all}"), &admin).await;
        reply.violations("validation_failed", &[("/cursor", "invalid_cursor")]);
        let other = UserId::new(app.now());
        for query in [
            format!("cursor={cursor}"),
            format!("user_id={other}&cursor={cursor}"),
            format!("user_id={user}&type=logged_out&cursor={cursor}"),
            format!("user_id={user}&cursor={cursor}A"),
            format!("cursor={of_users}"),
            "cursor=".to_owned(),
            "cursor=x".to_owned(),
        ] {
            let reply = app.get(&format!("/admin/events?{query}"), &admin).await;
            reply.violations("validation_failed", &[("/cursor", "invalid_cursor")]);
        }
    }
}

#[tokio::test]
async fn a_malformed_query_is_refused() {
    for app in apps().await {
        let admin = app.administrator().await;
        for (query, pointer, code) in [
            ("limit=0", "/limit", "out_of_range"),
            ("limit=201", "/limit", "out_of_range"),
            ("type=", "/type", "unknown_value"),
            ("type=Signed_in", "/type", "unknown_value"),
            ("user_id=x", "/user_id", "invalid_id"),
            ("user_id=", "/user_id", "invalid_id"),
            ("kind=signed_in", "/kind", "unknown_member"),
        ] {
            let reply = app.get(&format!("/admin/events?{query}"), &admin).await;
            reply.violations("validation_failed", &[(pointer, code)]);
        }
    }
}

#[tokio::test]
async fn only_administrators_read_the_trail() {
    for app in apps().await {
        let reply = app.ask("GET /admin/events", "", b"").await;
        reply.problem(401, "unauthenticated");
        let access = app.join(ANN).await.access;
        for path in ["/admin/events", "/admin/events?limit=0"] {
            app.get(path, "x")
                .await
                .problem(401, "invalid_access_token");
            app.get(path, &access).await.problem(403, "forbidden");
        }
    }
}
