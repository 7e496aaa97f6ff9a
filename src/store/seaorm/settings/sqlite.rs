//! Opens a pool of connections to SQLite.

use std::{fs, io, path::Path, time::Duration};

use sea_orm::{
    ConnectOptions, Database,
    sqlx::{
        Connection as _, SqlitePool,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};
use url::form_urlencoded;

use super::ConnectSettings;
use crate::{
    error::{Error, Result},
    store::seaorm::{SeaOrmStore, error::Retries, idle},
};

/// With this timeout and the retries, a write waits for other processes for at most about eight seconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// The URL parameters that the driver reads.
const PARAMETERS: [&str; 4] = ["cache", "immutable", "mode", "vfs"];

/// Connect options for an application that opens the pool itself.
pub(super) fn options(settings: &ConnectSettings) -> Result<ConnectOptions> {
    let place = place(&settings.url)?;
    let mut options = settings.pool_options(&settings.url);
    if let Place::Memory = place {
        // The pool keeps one connection, because each connection would have a separate database in
        // memory, which would be deleted together with it.
        options
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None);
    }
    let (statements, busy_timeout) = (settings.statement_cache, busy_timeout(settings));
    let map = settings.map_sqlite.clone();
    options.map_sqlx_sqlite_opts(move |options| {
        map(options
            .statement_cache_capacity(statements)
            .busy_timeout(busy_timeout)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal))
    });
    options.map_sqlx_sqlite_pool_opts(idle::check_sqlite_on_release);
    options.map_sqlx_sqlite_before_acquire(|connection, _| {
        let is_idle = !connection.is_in_transaction();
        Box::pin(async move { Ok(is_idle) })
    });
    Ok(options)
}

pub(super) async fn connect(settings: &ConnectSettings) -> Result<SeaOrmStore> {
    let options = options(settings)?;
    if let Place::NewFile(options) = place(&settings.url)? {
        create(options.get_filename());
    }
    let mut retries = Retries::default();
    loop {
        let opened = match Database::connect(options.clone()).await {
            Ok(db) => {
                never_create_again(db.get_sqlite_connection_pool());
                let store = SeaOrmStore::on_checked(db, busy_timeout(settings))?;
                store.ensure_in_place().await.map(|()| store)
            }
            Err(error) => Err(error),
        };
        match opened {
            Ok(store) => return Ok(store),
            // The file may be locked, because each instance that starts switches a new SQLite file to WAL, which locks
            // the file.
            Err(error) => retries.after(error).await?,
        }
    }
}

fn busy_timeout(settings: &ConnectSettings) -> Duration {
    BUSY_TIMEOUT.min(settings.statement_timeout)
}

/// If a removed file were created again, a connection to the empty file would treat the live log as its own, and clear
/// it.
fn never_create_again(pool: &SqlitePool) {
    let options = pool.connect_options().as_ref().clone();
    pool.set_connect_options(options.create_if_missing(false));
}

/// The database that a URL names.
enum Place {
    File,
    Memory,
    /// A file that is created if it does not exist.
    NewFile(Box<SqliteConnectOptions>),
}

/// # Errors
/// [`Configuration`](crate::ErrorKind::Configuration) if the driver would refuse the URL with an error text that
/// repeats the URL, or would open a database that stores nothing.
fn place(url: &str) -> Result<Place> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut is_memory = matches!(path, "sqlite::memory:" | "sqlite://:memory:");
    let mut is_made = false;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match (&*name, &*value) {
            ("mode", "ro") | ("immutable", "1" | "true") => {
                return Err(Error::configuration(format!(
                    "the database URL opens the file read-only: {name}={value}"
                )));
            }
            ("mode", "memory") => is_memory = true,
            ("mode", "rwc") => is_made = true,
            (name, _) if !PARAMETERS.contains(&name) => return Err(super::unknown_parameter(name)),
            _ => {}
        }
    }
    let options: SqliteConnectOptions = url
        .parse()
        .map_err(|_| Error::configuration("the database URL is not a SQLite URL"))?;
    if is_memory {
        return Ok(Place::Memory);
    }
    if options.get_filename().as_os_str().is_empty() {
        // SQLite would create a separate database for each connection, and remove that database when the connection is
        // closed.
        return Err(Error::configuration(
            "the database URL must name a file, for example sqlite://hallpass.db?mode=rwc",
        ));
    }
    Ok(if is_made {
        Place::NewFile(Box::new(options))
    } else {
        Place::File
    })
}

/// Creates the file so that only the current user can access it; SQLite gives the companion files
/// the same mode. If the file cannot be created here, the driver reports the error.
fn create(path: &Path) {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => tracing::debug!(%error, "the database file was not created"),
    }
}
