//! A small notes application with htmx 2: every form also works without it.
//!
//! ```sh
//! cargo run --example htmx --all-features    # then open http://localhost:8000
//! ```
#![allow(clippy::print_stdout, reason = "a program writes to its terminal")]

#[path = "notes/mod.rs"]
#[allow(dead_code, reason = "another example lists the notes of everyone")]
mod notes;

use std::{env, net::SocketAddr};

use axum::{
    Form, Router,
    extract::{FromRef, Path, State},
    http::HeaderMap,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use hallpass::{
    ActiveUser, Auth, ClientAddress,
    brand::Brand,
    clock::{Clock as _, SystemClock},
    guard::OrSignIn,
    http::Problem,
    mail::TerminalMailer,
    seaorm::SeaOrmStore,
    secret::Secret,
};
use maud::{DOCTYPE, Markup, html};
use sea_orm::{Database, DatabaseConnection};
use sea_orm_migration::MigratorTrait as _;
use serde::Deserialize;
use uuid::Uuid;

use notes::Note;

/// The digest is that of the file in the npm package, so a changed file does not run.
const HTMX: (&str, &str) = (
    "https://unpkg.com/htmx.org@2.0.11/dist/htmx.min.js",
    "sha384-2OatzQy1H+Zd/IIrjr1TcuDGqLXeHhbooAyJY1KdQMKnr4LZ22k31GBLdYKHmVjg",
);

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
    let url = format!("http://{address}");
    let auth = Auth::builder()
        .store(store)
        .secrets(Secret::generate())
        .brand(Brand::new("Notes").home(format!("{url}/")))
        .public_url(url)
        .mailer(TerminalMailer)
        .build()?;
    let _background = auth.spawn();

    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let app = router(AppState { auth, db });
    axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .await?;
    Ok(())
}

fn router(state: AppState) -> Router {
    let endpoints = state.auth.endpoints().with_account_pages();
    Router::new()
        .route("/", get(show))
        .route("/notes", post(add))
        .route("/notes/{id}/remove", post(remove))
        // The layer keeps replies for a signed-in user out of caches.
        .layer(state.auth.request_scope(ClientAddress::peer()))
        .merge(hallpass::axum::router(endpoints, ClientAddress::peer()))
        .with_state(state)
}

/// A visitor who has not signed in is led to the page where people sign in, and comes back.
async fn show(
    OrSignIn(caller): OrSignIn<ActiveUser>,
    State(db): State<DatabaseConnection>,
) -> Result<Html<String>, Problem> {
    let notes = notes::of(&db, caller.user.id)
        .await
        .map_err(hallpass::Error::internal)?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "Notes" }
                script src=(HTMX.0) integrity=(HTMX.1) crossorigin="anonymous" async {}
            }
            body {
                h1 { "The notes of " (caller.user.email) }
                ul #notes { @for note in &notes { (item(note)) } }
                form method="post" action="/notes" hx-post="/notes" hx-target="#notes" hx-swap="beforeend"
                    hx-on--after-request="if (event.detail.successful) this.reset()" {
                    label { "Note " input name="text" maxlength="1000" required; }
                    " " button { "Add" }
                }
                p { a href="/sign-out" { "Sign out" } }
            }
        }
    };
    Ok(Html(page.into_string()))
}

fn item(note: &Note) -> Markup {
    let remove = format!("/notes/{}/remove", note.id);
    html! {
        li {
            (note.text) " "
            form method="post" action=(remove) hx-post=(remove) hx-target="closest li" hx-swap="delete" {
                button { "Remove" }
            }
        }
    }
}

#[derive(Deserialize)]
struct NewNote {
    text: String,
}

/// If the session has ended, [`OrSignIn`] answers htmx with `HX-Redirect`, so the sign-in page does not appear within
/// the list.
async fn add(
    OrSignIn(caller): OrSignIn<ActiveUser>,
    State(db): State<DatabaseConnection>,
    headers: HeaderMap,
    Form(note): Form<NewNote>,
) -> Result<Response, Problem> {
    notes::check(&note.text)?;
    let note = notes::add(&db, caller.user.id, note.text, SystemClock.now())
        .await
        .map_err(hallpass::Error::internal)?;
    Ok(fragment_or_page(&headers, item(&note)))
}

async fn remove(
    OrSignIn(caller): OrSignIn<ActiveUser>,
    State(db): State<DatabaseConnection>,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    notes::remove(&db, caller.user.id, id)
        .await
        .map_err(hallpass::Error::internal)?;
    Ok(fragment_or_page(&headers, html! {}))
}

/// The fragment if htmx has sent the form, and otherwise the page.
fn fragment_or_page(headers: &HeaderMap, fragment: Markup) -> Response {
    if headers.contains_key("hx-request") {
        Html(fragment.into_string()).into_response()
    } else {
        Redirect::to("/").into_response()
    }
}
