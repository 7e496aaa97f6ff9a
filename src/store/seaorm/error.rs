//! Converts database errors to [`StoreError`].

use std::time::Duration;

#[cfg(feature = "postgres")]
use sea_orm::sqlx::postgres::{PgDatabaseError, PgSeverity};
use sea_orm::{DbErr, RuntimeErr, SqlxError, sqlx::error::DatabaseError};

use crate::{
    deadline::Deadline,
    error::{BoxError, StoreError},
    secret::random_bytes,
};

const MAX_RETRIES: u32 = 3;

/// Once a transaction has read data, SQLite does not let it wait for another writer, because that
/// data may be outdated.
const HOST_CONFLICT: &str = "the host opened this transaction, so the host must roll it back and run it again; on \
    SQLite, begin a transaction that reads before it writes with SqliteTransactionMode::Immediate";

/// Counts how often a statement or transaction has failed for a transient reason, and waits before the next attempt.
#[derive(Debug)]
pub(super) struct Retries {
    left: u32,
    lost: u32,
    /// Whether the work has already been retried because its connection was lost.
    has_reconnected: bool,
    is_of_host: bool,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            left: MAX_RETRIES,
            lost: 0,
            has_reconnected: false,
            is_of_host: false,
        }
    }
}

impl Retries {
    /// Allows no retry, because only the host can run the work again.
    pub(super) fn of_host() -> Self {
        Self {
            left: 0,
            has_reconnected: true,
            is_of_host: true,
            ..Self::default()
        }
    }

    /// Whether the next attempt's connection must be checked first.
    pub(super) fn needs_live_connection(&self) -> bool {
        self.has_reconnected && !self.is_of_host
    }

    /// Waits if the work may be run again. Work on a lost connection may not be run again, because its outcome is
    /// unknown.
    ///
    /// # Errors
    /// If the work may not be run again.
    pub(super) async fn after(&mut self, error: DbErr) -> Result<(), StoreError> {
        if cause(&error) != Cause::Conflict || self.left == 0 {
            return Err(self.give_up(&error));
        }
        self.left -= 1;
        self.lost += 1;
        // Jitter keeps transactions that failed together from colliding again.
        let [jitter] = random_bytes::<1>();
        let wait = Duration::from_micros(u64::from(jitter) * 64) * self.lost;
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// The same as [`after`](Self::after), for work that has changed nothing: a read, or a transaction whose COMMIT was
    /// not sent. Such work is also run again once if its connection was lost.
    ///
    /// # Errors
    /// If the work may not be run again.
    pub(super) async fn after_nothing(&mut self, error: DbErr) -> Result<(), StoreError> {
        if self.has_reconnected || !is_lost_connection(&error) {
            return self.after(error).await;
        }
        self.has_reconnected = true;
        Ok(())
    }

    fn give_up(&self, error: &DbErr) -> StoreError {
        match store_error(error) {
            StoreError::Conflict(_) if self.is_of_host => {
                StoreError::Conflict(format!("{error}; {HOST_CONFLICT}").into())
            }
            error => error,
        }
    }
}

/// Wraps a driver error as a connection error.
pub(super) fn connection_error(error: SqlxError) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}

/// Creates a connection error of this crate.
pub(super) fn internal(text: impl Into<String>) -> DbErr {
    DbErr::Conn(RuntimeErr::Internal(text.into()))
}

/// # Errors
/// If work that takes this long could be committed after the request was answered with 503.
pub(super) fn in_time(duration: Duration) -> Result<(), DbErr> {
    if Deadline::current().allows(duration) {
        Ok(())
    } else {
        Err(internal("the request has too little time left to write"))
    }
}

/// The error for a stored value that cannot be read.
pub(super) fn unreadable(column: &str, error: impl std::fmt::Display) -> DbErr {
    DbErr::Type(format!("{column}: {error}"))
}

/// The error of a call that has to run again, because another statement took a value that had been free, or changed a
/// row that the call had read.
pub(super) fn overtaken() -> DbErr {
    DbErr::RecordNotInserted
}

/// Whether this error means that the connection has ended, because its server closed it or cannot be reached.
pub(super) fn is_lost(error: &SqlxError) -> bool {
    match error {
        SqlxError::Io(_) | SqlxError::Tls(_) => true,
        #[cfg(feature = "postgres")]
        SqlxError::Database(error) => error
            .try_downcast_ref::<PgDatabaseError>()
            .is_some_and(|error| matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic)),
        _ => false,
    }
}

fn is_lost_connection(error: &DbErr) -> bool {
    driver_error(error).is_some_and(is_lost)
}

fn driver_error(error: &DbErr) -> Option<&SqlxError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

pub(super) fn store_error(error: &DbErr) -> StoreError {
    // Keeps only the text, because other members of a driver's error, such as the failing row, must not be logged.
    let text: BoxError = error.to_string().into();
    match cause(error) {
        Cause::Conflict => StoreError::Conflict(text),
        Cause::Schema => StoreError::Schema(text),
        Cause::Trouble => StoreError::Unavailable(text),
        Cause::Other => StoreError::Corrupt(text),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// The transaction conflicts with a concurrent one and has to run again.
    Conflict,
    /// A table or a column is missing.
    Schema,
    /// The database cannot be reached or is not operational.
    Trouble,
    Other,
}

fn cause(error: &DbErr) -> Cause {
    if let Some(error) = driver_error(error) {
        return match error {
            SqlxError::Database(error) => code_cause(&**error),
            SqlxError::Io(_)
            | SqlxError::PoolClosed
            | SqlxError::PoolTimedOut
            | SqlxError::Protocol(_)
            | SqlxError::Tls(_)
            | SqlxError::WorkerCrashed => Cause::Trouble,
            _ => Cause::Other,
        };
    }
    match error {
        DbErr::RecordNotInserted => Cause::Conflict,
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Cause::Trouble,
        _ => Cause::Other,
    }
}

fn code_cause(error: &dyn DatabaseError) -> Cause {
    let code = error.code().unwrap_or_default();
    match code.as_ref() {
        // Postgres, SQLSTATE: serialization failure, deadlock, lock not available.
        "40001" | "40P01" | "55P03" => Cause::Conflict,
        // Unique violation. Every insert handles conflicts with rows that it sees, so another statement must have
        // written the row concurrently. The next attempt sees that row.
        "23505" => Cause::Conflict,
        // No such table, schema or column.
        "42P01" | "3F000" | "42703" => Cause::Schema,
        // A replica after a failover, a failed transaction that was left open, or a cancelled statement.
        "25006" | "25P02" | "57014" => Cause::Trouble,
        // Connection exception, insufficient resources, operator intervention, system error.
        state
            if state.len() == 5
                && ["08", "53", "57P", "58"]
                    .iter()
                    .any(|class| state.starts_with(class)) =>
        {
            Cause::Trouble
        }
        // SQLite: the low byte of the extended code is the primary code.
        number => match number.parse::<u32>().map(|code| code & 0xff) {
            // BUSY, LOCKED
            Ok(5 | 6) if number.len() < 5 => Cause::Conflict,
            // ERROR, which has no extended code.
            Ok(1) if is_of_schema(error.message()) => Cause::Schema,
            // READONLY, IOERR, FULL, CANTOPEN
            Ok(8 | 10 | 13 | 14) if number.len() < 5 => Cause::Trouble,
            _ => Cause::Other,
        },
    }
}

/// Whether a message of SQLite reports a missing table or column. SQLite's messages are always in English.
fn is_of_schema(message: &str) -> bool {
    message.starts_with("no such table")
        || message.starts_with("no such column")
        || message.contains(" has no column named ")
}
