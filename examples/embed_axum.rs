//! A notes API on axum that embeds its users: own routes, own table, one database, one process.
//!
//! ```sh
//! cargo run --example embed_axum --all-features
//! ```
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program speaks to its terminal"
)]

#[path = "notes/mod.rs"]
mod notes;

use std::net::SocketAddr;

use axum::{
    Json, Router,
    extract::{FromRef, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use hallpass::{
    Admin, Auth, CurrentUser, Role, Secret, WithRole,
    clock::{Clock as _, SystemClock},
    mail::TerminalMailer,
    seaorm::SeaOrmStore,
};
use sea_orm::{Database, DatabaseConnection, DbErr};
use sea_orm_migration::MigratorTrait as _;
use serde::Deserialize;

use notes::Note;

/// The host's own state. `FromRef` is how the extractors find the [`Auth`] in it.
#[derive(Clone, FromRef)]
struct AppState {
    auth: Auth,
    db: DatabaseConnection,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let db = Database::connect("sqlite://notes.db?mode=rwc").await?;
    let store = SeaOrmStore::new(db.clone())?;
    store.migrate().await?;
    notes::Migrator::up(&db, None).await?;

    // In production the secret comes from the environment: a new one at each start ends every session.
    let auth = Auth::builder()
        .store(store)
        .secrets(Secret::generate())
        .public_url("http://localhost:8000")
        .mailer(TerminalMailer)
        .build()?;
    let admin = "admin@example.org".parse()?;
    auth.ensure_administrator(admin, &"correct horse battery".into())
        .await?;
    tokio::spawn({
        let auth = auth.clone();
        async move { auth.run_mail(std::future::pending()).await }
    });

    let app = router(AppState { auth, db });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .await?;
    Ok(())
}

fn router(state: AppState) -> Router {
    let reports = Router::new()
        .route("/admin/notes/count", get(count_notes))
        .route_layer(hallpass::axum::RequireRole::new(&state.auth, Role::ADMIN));
    Router::new()
        .route("/notes", get(my_notes).post(add_note))
        .route("/admin/notes", get(all_notes))
        .merge(reports)
        .nest(
            "/api",
            hallpass::axum::router(state.auth.endpoints().with_docs()),
        )
        .with_state(state)
}

#[derive(Deserialize)]
struct NewNote {
    text: String,
}

/// [`CurrentUser`] trusts the access token: no query, and a logout acts when the token expires.
async fn my_notes(
    user: CurrentUser,
    State(db): State<DatabaseConnection>,
) -> Result<Json<Vec<Note>>, AppError> {
    Ok(Json(notes::of(&db, user.id()).await?))
}

async fn add_note(
    user: CurrentUser,
    State(db): State<DatabaseConnection>,
    Json(note): Json<NewNote>,
) -> Result<(StatusCode, Json<Note>), AppError> {
    let note = notes::add(&db, user.id(), note.text, SystemClock.now()).await?;
    Ok((StatusCode::CREATED, Json(note)))
}

/// The role is part of the signature, and is checked in the database.
async fn all_notes(
    _: WithRole<Admin>,
    State(db): State<DatabaseConnection>,
) -> Result<Json<Vec<Note>>, AppError> {
    Ok(Json(notes::all(&db).await?))
}

/// Behind the `RequireRole` layer: handlers need say nothing.
async fn count_notes(State(db): State<DatabaseConnection>) -> Result<String, AppError> {
    Ok(notes::all(&db).await?.len().to_string())
}

struct AppError(DbErr);

impl From<DbErr> for AppError {
    fn from(error: DbErr) -> Self {
        Self(error)
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        tracing::error!(error = %self.0, "the database failed");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}
