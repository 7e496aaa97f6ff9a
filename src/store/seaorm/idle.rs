//! Asks the driver and the server whether a connection is outside a transaction.

#[cfg(feature = "postgres")]
use sea_orm::sqlx::postgres::PgPoolOptions;
#[cfg(feature = "sqlite")]
use sea_orm::sqlx::sqlite::SqlitePoolOptions;
use sea_orm::sqlx::{Connection, Error, SqlSafeStr as _};

/// Asks the driver and the server in one round trip, by sending a `SELECT` in place of a BEGIN. If the driver counts an
/// open transaction, it refuses the statement. Otherwise the driver sends the statement. If the server then reports no
/// transaction, the driver returns `BeginFailed`, which here means that the connection is idle. If the server is in a
/// failed transaction, it answers with an error.
///
/// # Errors
/// If the connection is unusable.
pub(super) async fn is_idle<C: Connection>(connection: &mut C) -> Result<bool, Error> {
    match connection.begin_with("SELECT 1".into_sql_str()).await {
        Err(Error::BeginFailed) => Ok(true),
        Err(Error::InvalidSavePointStatement) | Ok(_) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes the pool check each connection that is returned to it.
macro_rules! check_on_release {
    ($name:ident, $options:ty) => {
        pub(super) fn $name(options: $options) -> $options {
            options.after_release(|connection, _| {
                Box::pin(async move {
                    let is_idle = is_idle(connection).await?;
                    if !is_idle {
                        tracing::warn!(
                            "a connection was returned inside a transaction: closing it"
                        );
                    }
                    Ok(is_idle)
                })
            })
        }
    };
}

#[cfg(feature = "postgres")]
check_on_release!(check_postgres_on_release, PgPoolOptions);
#[cfg(feature = "sqlite")]
check_on_release!(check_sqlite_on_release, SqlitePoolOptions);
