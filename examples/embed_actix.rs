//! A notes application on actix with embedded user management, its own API and page, and its own table in the same
//! database. The page is at `/`; the visitor signs in on the built-in pages.
//!
//! ```sh
//! cargo run --example embed_actix --all-features
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

use std::{env, future::pending};

use actix_web::{
    App, HttpResponse, HttpServer,
    http::header::ContentType,
    web::{self, Data, Form, Json, Redirect, ServiceConfig},
};
use hallpass::{
    ActiveUser, Auth, ClientAddress, CurrentUser,
    brand::Brand,
    clock::{Clock as _, SystemClock},
    guard::{Admin, OrSignIn, WithRole},
    http::Problem,
    mail::TerminalMailer,
    seaorm::SeaOrmStore,
    secret::Secret,
    user::Role,
};
use sea_orm::{Database, DatabaseConnection};
use sea_orm_migration::MigratorTrait as _;
use serde::Deserialize;

use notes::Note;

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

    let server = HttpServer::new(move || {
        // The layer keeps replies for a signed-in user out of caches.
        App::new()
            .wrap(auth.request_scope(ClientAddress::peer()))
            .configure(routes(&auth, &db))
    });
    let server = server.h1_allow_half_closed(false).bind(&address)?;
    println!("listening on http://{address}");
    server.run().await?;
    Ok(())
}

/// The path below which the endpoints and pages of Hallpass are.
const ACCOUNTS: &str = "/api";

/// The extractors find the [`Auth`] as `web::Data`.
fn routes(auth: &Auth, db: &DatabaseConnection) -> impl FnOnce(&mut ServiceConfig) + use<> {
    let (auth, db) = (auth.clone(), db.clone());
    move |config| {
        let reports = web::scope("/admin/notes/count")
            .wrap(hallpass::actix::RequireRole::new(&auth, Role::ADMIN))
            .route("", web::get().to(count_notes));
        let api = web::scope(ACCOUNTS).configure(hallpass::actix::configure(
            auth.endpoints().with_account_pages().with_docs(),
            ClientAddress::peer(),
        ));
        config
            .app_data(Data::new(auth))
            .app_data(Data::new(db))
            .service(api)
            .route("/", web::get().to(show_notes))
            .route("/", web::post().to(add_note_by_form))
            .service(reports)
            .route("/admin/notes", web::get().to(all_notes))
            .route("/notes", web::get().to(my_notes))
            .route("/notes", web::post().to(add_note));
    }
}

#[derive(Deserialize)]
struct NewNote {
    text: String,
}

/// [`CurrentUser`] trusts an access token without a query, so a logout takes effect when the token expires. It looks up
/// the cookie of a browser session.
async fn my_notes(
    user: CurrentUser,
    db: Data<DatabaseConnection>,
) -> Result<Json<Vec<Note>>, Problem> {
    let notes = notes::of(&db, user.id())
        .await
        .map_err(hallpass::Error::internal)?;
    Ok(Json(notes))
}

async fn add_note(
    user: CurrentUser,
    db: Data<DatabaseConnection>,
    note: Json<NewNote>,
) -> Result<HttpResponse, Problem> {
    let text = note.into_inner().text;
    notes::check(&text)?;
    let note = notes::add(db.get_ref(), user.id(), text, SystemClock.now())
        .await
        .map_err(hallpass::Error::internal)?;
    Ok(HttpResponse::Created().json(note))
}

/// A page. A visitor who has not signed in is led to the page where people sign in, and comes back.
async fn show_notes(
    OrSignIn(caller): OrSignIn<ActiveUser>,
    db: Data<DatabaseConnection>,
) -> Result<HttpResponse, Problem> {
    let notes = notes::of(&db, caller.user.id)
        .await
        .map_err(hallpass::Error::internal)?;
    let page = page::notes(ACCOUNTS, &caller.user.email, &notes);
    Ok(HttpResponse::Ok()
        .content_type(ContentType::html())
        .body(page))
}

/// Hallpass refuses forms that another site posts, so the page needs no token in its form.
async fn add_note_by_form(
    OrSignIn(caller): OrSignIn<ActiveUser>,
    db: Data<DatabaseConnection>,
    note: Form<NewNote>,
) -> Result<Redirect, Problem> {
    let text = note.into_inner().text;
    notes::check(&text)?;
    notes::add(db.get_ref(), caller.user.id, text, SystemClock.now())
        .await
        .map_err(hallpass::Error::internal)?;
    Ok(Redirect::to("/").see_other())
}

/// The role is part of the signature, and is checked against the database.
async fn all_notes(
    _: WithRole<Admin>,
    db: Data<DatabaseConnection>,
) -> Result<Json<Vec<Note>>, Problem> {
    let notes = notes::all(&db).await.map_err(hallpass::Error::internal)?;
    Ok(Json(notes))
}

/// The `RequireRole` middleware guards this route, so the handler needs no guard.
async fn count_notes(db: Data<DatabaseConnection>) -> Result<String, Problem> {
    let notes = notes::all(&db).await.map_err(hallpass::Error::internal)?;
    Ok(notes.len().to_string())
}
