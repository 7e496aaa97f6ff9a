use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use axum::{Router, body::Body};
use hallpass::{
    mail::{Mail, MailError, Mailbox, Mailer},
    seaorm::SeaOrmStore,
};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use sea_orm::{ConnectionTrait as _, DbBackend};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::support::transcript::{self, Unsayable};

/// Refuses every second mail, and quotes it in the error.
#[derive(Debug, Default)]
pub(super) struct RefusesHalf {
    pub(super) taken: Mailbox,
    pub(super) is_good: AtomicBool,
}

#[async_trait]
impl Mailer for RefusesHalf {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        if self.is_good.fetch_xor(true, Ordering::SeqCst) {
            return self.taken.send(mail).await;
        }
        let reply = format!("550 <{}> refused: {}", mail.to(), mail.text());
        Err(MailError::transient(reply))
    }
}

/// The endpoints. Their replies to failures are part of the transcript.
pub(super) struct Api {
    pub(super) router: Router,
}

impl Api {
    pub(super) async fn post(&self, path: &str, body: &Value) -> (StatusCode, String) {
        self.send("POST", path, None, body.to_string()).await
    }

    pub(super) async fn me(&self, access: &str) -> StatusCode {
        self.send("GET", "/users/me", Some(access), String::new())
            .await
            .0
    }

    pub(super) async fn tokens(
        &self,
        path: &str,
        body: &Value,
        unsayable: &mut Unsayable,
    ) -> (String, String) {
        let (status, body) = self.post(path, body).await;
        assert_eq!(status, 200, "{path}: {body}");
        let pair: Value = serde_json::from_str(&body).unwrap();
        let text = |member: &str| pair[member].as_str().unwrap().to_owned();
        let (access, refresh) = (text("access_token"), text("refresh_token"));
        unsayable.token("an access token", &access);
        unsayable.token("a refresh token", &refresh);
        (access, refresh)
    }

    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        bearer: Option<&str>,
        body: String,
    ) -> (StatusCode, String) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(token) = bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Body::from(body)).unwrap();
        let reply = self.router.clone().oneshot(request).await.unwrap();
        let status = reply.status();
        let headers = format!("{:?}", reply.headers());
        let body = reply.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        if !status.is_success() {
            transcript::say(&format!("{headers} {body}"));
        }
        (status, body)
    }
}

/// On Postgres, the message quotes the row that fails. On SQLite, the tables are gone.
pub(super) async fn break_tables(store: &SeaOrmStore) {
    let db = store.database();
    for table in [
        "auth_users",
        "auth_sessions",
        "auth_one_time_tokens",
        "auth_outbox",
    ] {
        let sql = match db.get_database_backend() {
            DbBackend::Postgres => {
                format!(
                    "ALTER TABLE {table} ADD CONSTRAINT {table}_broken CHECK (created_at IS NULL) NOT VALID"
                )
            }
            _ => format!("ALTER TABLE {table} RENAME TO {table}_broken"),
        };
        db.execute_unprepared(&sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

/// All text in the table of events.
pub(super) async fn trail(store: &SeaOrmStore) -> String {
    let db = store.database();
    let sql = "SELECT type || ' ' || COALESCE(user_agent, '') || ' ' || COALESCE(request_id, '') || ' ' \
        || CAST(detail AS text) AS line FROM auth_events";
    let rows = db
        .query_all_raw(sea_orm::Statement::from_string(
            db.get_database_backend(),
            sql,
        ))
        .await
        .unwrap();
    assert!(rows.len() >= 10, "the flows left events");
    let lines = rows
        .iter()
        .map(|row| row.try_get::<String>("", "line").unwrap());
    lines.collect::<Vec<_>>().join("\n")
}
