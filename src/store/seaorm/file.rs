//! Checks that SQLite's files are still at their paths.
//!
//! If a file was removed or replaced, later writes to it are lost when the process ends.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use sea_orm::{
    DbErr,
    sqlx::{self, ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool},
};
use tokio::{sync::OnceCell, task};

use super::error::{connection_error, internal};

/// The database file and its write-ahead log, as they were at the first check.
#[derive(Clone, Default)]
pub(super) struct Files(Arc<OnceCell<Opened>>);

struct Opened {
    /// Empty for a database in memory.
    files: Vec<(PathBuf, Identity)>,
    /// An idle connection outside the pool. While a connection is open, SQLite neither removes the log nor creates a
    /// new log.
    connection: Mutex<Option<SqliteConnection>>,
}

/// Device and inode. An inode is not reused while a connection has the file open.
type Identity = (u64, u64);

impl Files {
    /// The first call records the files, and each call compares the files at their paths with that record.
    ///
    /// # Errors
    /// If a file is gone or was replaced.
    pub(super) async fn ensure_in_place(&self, pool: &SqlitePool) -> Result<(), DbErr> {
        let opened = self.0.get_or_try_init(|| Opened::on(pool)).await?;
        let files = opened.files.clone();
        task::spawn_blocking(move || {
            files
                .iter()
                .try_for_each(|(path, identity)| match identify(path) {
                    Ok(found) if found == *identity => Ok(()),
                    Ok(_) => Err(lost(path, "was replaced")),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        Err(lost(path, "was removed"))
                    }
                    Err(error) => Err(lost(path, &error.to_string())),
                })
        })
        .await
        .unwrap_or_else(|error| Err(internal(error.to_string())))
    }
}

impl Files {
    /// Releases the files, so that the pool's last connection can write the log into the database file.
    pub(super) async fn close(&self) {
        let Some(opened) = self.0.get() else {
            return;
        };
        let taken = opened
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(connection) = taken
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "a connection to SQLite was not closed cleanly");
        }
    }
}

impl Opened {
    async fn on(pool: &SqlitePool) -> Result<Self, DbErr> {
        let opened = async {
            let mut connection = pool.connect_options().connect().await?;
            // Only a connection that has read from the database keeps the log open, so this query
            // also reads the schema.
            let sql = "SELECT file FROM pragma_database_list WHERE name = 'main' AND (SELECT count(*) >= 0 FROM sqlite_schema)";
            let path: Option<String> = sqlx::query_scalar(sql).fetch_one(&mut connection).await?;
            let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
                .fetch_one(&mut connection)
                .await?;
            Ok::<_, sqlx::Error>((connection, path.unwrap_or_default(), mode))
        };
        let (connection, path, mode) = opened.await.map_err(connection_error)?;
        let mut paths = Vec::new();
        if !path.is_empty() {
            if mode == "wal" {
                paths.push(PathBuf::from(format!("{path}-wal")));
            }
            paths.push(path.into());
        }
        let files = paths.into_iter().map(|path| match identify(&path) {
            Ok(identity) => Ok((path, identity)),
            Err(error) => Err(lost(&path, &error.to_string())),
        });
        Ok(Self {
            files: files.collect::<Result<_, _>>()?,
            connection: Mutex::new(Some(connection)),
        })
    }
}

#[cfg(unix)]
fn identify(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt as _;

    fs::metadata(path).map(|about| (about.dev(), about.ino()))
}

/// On a system other than Unix, only the existence of a file can be checked.
#[cfg(not(unix))]
fn identify(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|_| (0, 0))
}

fn lost(path: &Path, how: &str) -> DbErr {
    tracing::error!(path = %path.display(), "a file of the database {how} while it was open: writes are lost");
    internal(format!("a file of the database {how}"))
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Files")
    }
}
