//! A notes application on axum with embedded user management, its own API and page, and its own table in the same
//! database. The page is at `/`; the visitor signs in on the built-in pages.
//!
//! ```sh
//! cargo run --example embed_axum --all-features
//! ```
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program writes to its terminal"
)]

#[path = "notes/mod.rs"]
#[allow(dead_code, reason = "another example removes notes")]
mod notes;
#[path = "notes/page.rs"]
mod page;

use std::{env, future::pending, net::SocketAddr};

use axum::{
    Form, Json, Router,
    extract::{FromRef, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use hallpass::{
    ActiveUser, Auth, ClientAddress, CurrentUser, Registration,
    brand::Brand,
    clock::{Clock as _, SystemClock},
    error::Violation,
    event::ClientInfo,
    guard::{Admin, OrSignIn, WithRole},
    http::Problem,
    mail::TerminalMailer,
    seaorm::SeaOrmStore,
    secret::Secret,
    user::{EmailAddress, InvalidEmail, Role},
};
use sea_orm::{Database, DatabaseConnection, DbErr, TransactionTrait as _};
use sea_orm_migration::MigratorTrait as _;
use serde::Deserialize;

use notes::Note;

/// The host's own state. The extractors find the [`Auth`] in it through `FromRef`.
#[derive(Clone, FromRef)]
struct AppState {
    auth: Auth,
    db: DatabaseConnection,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = env::var("ADDRESS").unwrap_or_else(|_| "localhost:8000".to_owned());
    let db = Database::connect("sqlite://notes.db?mode=rwc").await?;
    let store = SeaOrmStore::new(db.clone())?;
    store.migrate().await?;
    notes::Migrator::up(&db, None).await?;

    // In production, read the secret from the environment. A new secret at each start ends every session.
    let auth = Auth::builder()
        .store(store)
        .secrets(Secret::generate())
        // The links in emails begin with this URL. It includes the prefix of the router, because the linked pages are
        // below it.
        .public_url(format!("http://{address}{ACCOUNTS}"))
        .mailer(TerminalMailer)
        .brand(Brand::new("Notes").home(format!("http://{address}/")))
        .build()?;
    if let Ok(password) = env::var("ADMIN_PASSWORD") {
        let admin = "admin@example.org".parse()?;
        auth.ensure_administrator(admin, &password.into()).await?;
    }
    tokio::spawn({
        let auth = auth.clone();
        async move { auth.run(pending()).await }
    });

    let app = router(AppState { auth, db });
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .await?;
    Ok(())
}

/// The path below which the endpoints and pages of Hallpass are.
const ACCOUNTS: &str = "/api";

fn router(state: AppState) -> Router {
    let reports = Router::new()
        .route("/admin/notes/count", get(count_notes))
        .route_layer(hallpass::axum::RequireRole::new(&state.auth, Role::ADMIN));
    Router::new()
        .route("/sign-up", post(sign_up))
        .route("/notes", get(my_notes).post(add_note))
        .route("/admin/notes", get(all_notes))
        .route("/", get(show_notes).post(add_note_by_form))
        .merge(reports)
        .nest(
            ACCOUNTS,
            hallpass::axum::router(
                state.auth.endpoints().with_account_pages().with_docs(),
                ClientAddress::peer(),
            ),
        )
        // The layer keeps replies for a signed-in user out of caches, and provides `ClientInfo`.
        .layer(state.auth.request_scope(ClientAddress::peer()))
        .with_state(state)
}

#[derive(Deserialize)]
struct SignUp {
    email: String,
    password: String,
}

/// The account and its first note are committed together, or not at all. Slow work is done before the transaction
/// begins. `POST /api/users` and the page at `/api/sign-up` also create accounts, without a note.
async fn sign_up(
    State(AppState { auth, db }): State<AppState>,
    client: ClientInfo,
    Json(form): Json<SignUp>,
) -> Result<(StatusCode, Json<Note>), AppError> {
    let email: EmailAddress = form.email.parse()?;
    let registration = Registration::new(email, form.password).with_client(client);
    let prepared = auth.prepare_registration(registration).await?;

    let txn = db.begin().await?;
    let mut accounts = auth.within(&txn)?;
    let user = accounts.register(prepared).await?;
    let welcome = "Welcome to your notes".to_owned();
    let note = notes::add(&txn, user.id, welcome, SystemClock.now()).await?;
    let unpublished = accounts.finish();
    txn.commit().await?;
    unpublished.publish();
    Ok((StatusCode::CREATED, Json(note)))
}

#[derive(Deserialize)]
struct NewNote {
    text: String,
}

/// [`CurrentUser`] trusts an access token without a query, so a logout takes effect when the token expires. It looks up
/// the cookie of a browser session.
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
    notes::check(&note.text)?;
    let note = notes::add(&db, user.id(), note.text, SystemClock.now()).await?;
    Ok((StatusCode::CREATED, Json(note)))
}

/// A page. A visitor who has not signed in is led to the page where people sign in, and comes back.
async fn show_notes(
    OrSignIn(caller): OrSignIn<ActiveUser>,
    State(db): State<DatabaseConnection>,
) -> Result<Html<String>, AppError> {
    let notes = notes::of(&db, caller.user.id).await?;
    Ok(Html(page::notes(ACCOUNTS, &caller.user.email, &notes)))
}

/// Hallpass refuses forms that another site posts, so the page needs no token in its form.
async fn add_note_by_form(
    OrSignIn(caller): OrSignIn<ActiveUser>,
    State(db): State<DatabaseConnection>,
    Form(note): Form<NewNote>,
) -> Result<Redirect, AppError> {
    notes::check(&note.text)?;
    notes::add(&db, caller.user.id, note.text, SystemClock.now()).await?;
    Ok(Redirect::to("/"))
}

/// The role is part of the signature, and is checked against the database.
async fn all_notes(
    _: WithRole<Admin>,
    State(db): State<DatabaseConnection>,
) -> Result<Json<Vec<Note>>, AppError> {
    Ok(Json(notes::all(&db).await?))
}

/// The `RequireRole` layer guards this route, so the handler needs no guard.
async fn count_notes(State(db): State<DatabaseConnection>) -> Result<String, AppError> {
    Ok(notes::all(&db).await?.len().to_string())
}

/// The error of a handler, as a problem. A Hallpass error keeps its status and code; a database error becomes a 500.
struct AppError(Problem);

impl From<hallpass::Error> for AppError {
    fn from(error: hallpass::Error) -> Self {
        Self(error.into())
    }
}

impl From<DbErr> for AppError {
    fn from(error: DbErr) -> Self {
        hallpass::Error::internal(error).into()
    }
}

impl From<InvalidEmail> for AppError {
    fn from(error: InvalidEmail) -> Self {
        let violation = Violation::new("email", "invalid_email", error.to_string());
        hallpass::Error::validation(vec![violation]).into()
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}
