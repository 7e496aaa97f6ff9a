//! The baselines of the pairs: minimal handlers.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::FromRef,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse as _, Response},
    routing::{get, post},
    serve::ListenerExt as _,
};
use clap::Subcommand;
use hallpass::{
    Auth, ClientAddress, CurrentUser, UserId,
    clock::{Clock as _, SystemClock},
    mail::TerminalMailer,
    memory::MemoryStore,
    seaorm::{ConnectSettings, SeaOrmStore},
    secret::Secret,
    store::SessionStore as _,
    token::SessionId,
};
use sea_orm::{
    Database, DatabaseConnection,
    prelude::Uuid,
    sqlx::{self, AssertSqlSafe},
};
use tokio::net::TcpListener;

use super::process::READY;
use crate::Result;

#[derive(Debug, Subcommand)]
pub(crate) enum Serve {
    /// Looks up a session with the server's own statement and pool, and answers with a fixed body
    Me {
        database_url: String,
        session_id: Uuid,
        user_id: Uuid,
        body: String,
    },
    /// A host with accounts in memory and a route with the argument `CurrentUser`
    Claims,
    /// A route without arguments
    Nothing,
    /// Reads each request, and refuses every login
    TurnAway,
}

pub(crate) async fn serve(what: Serve) -> Result<()> {
    match what {
        Serve::Me {
            database_url,
            session_id,
            user_id,
            body,
        } => {
            let options = ConnectSettings::new(&database_url).to_options()?;
            let db = Database::connect(options).await?;
            let sql = statement(&db, session_id, user_id).await?;
            listen(me(&db, sql, session_id, user_id, body)).await
        }
        Serve::Claims => {
            let auth = Auth::builder()
                .store(MemoryStore::new())
                .secrets(Secret::generate())
                .public_url("http://localhost")
                .mailer(TerminalMailer)
                .build()?;
            let claims = async |_: CurrentUser| "ok";
            let router = hallpass::axum::router(&auth, ClientAddress::unknown())
                .route("/claims", get(claims));
            listen(router.with_state(Host { auth })).await
        }
        Serve::Nothing => listen(Router::new().route("/claims", get(async || "ok"))).await,
        Serve::TurnAway => {
            let turn_away =
                async |_: Bytes| (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "2")]);
            let router = Router::new()
                .route("/auth/login", post(turn_away))
                .route("/users/me", get(async || "{}"));
            listen(router).await
        }
    }
}

#[derive(Clone, FromRef)]
struct Host {
    auth: Auth,
}

/// The text of the statement that checks a session, as the store runs it.
async fn statement(db: &DatabaseConnection, session: Uuid, user: Uuid) -> Result<&'static str> {
    let seen = Arc::new(Mutex::new(String::new()));
    let note = Arc::clone(&seen);
    let store = SeaOrmStore::new(db.clone())?.watch(move |statement| {
        if let Ok(mut sql) = note.lock() {
            sql.clone_from(&statement.sql);
        }
    });
    let now = SystemClock.now();
    let found = store.session_user(SessionId::from(session), UserId::from(user), now);
    found.await?.ok_or("the session was not found")?;
    let sql = seen.lock().map_err(|_| "the statement was not seen")?;
    Ok(sql.clone().leak())
}

fn me(
    db: &DatabaseConnection,
    sql: &'static str,
    session: Uuid,
    user: Uuid,
    body: String,
) -> Router {
    macro_rules! route {
        ($pool:expr) => {{
            let pool = $pool.clone();
            get(async move || {
                let query = sqlx::query(AssertSqlSafe(sql))
                    .bind(session)
                    .bind(SystemClock.now())
                    .bind(user);
                answer(
                    query.fetch_all(&pool).await.ok().map(|rows| rows.len()),
                    body,
                )
            })
        }};
    }
    let route =
        if sea_orm::ConnectionTrait::get_database_backend(db) == sea_orm::DbBackend::Postgres {
            route!(db.get_postgres_connection_pool())
        } else {
            route!(db.get_sqlite_connection_pool())
        };
    Router::new().route("/users/me", route)
}

fn answer(rows: Option<usize>, body: String) -> Response {
    match rows {
        Some(1) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn listen(router: Router) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{READY}{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            eprintln!("TCP_NODELAY: {error}");
        }
    });
    axum::serve(listener, router).await?;
    Ok(())
}
