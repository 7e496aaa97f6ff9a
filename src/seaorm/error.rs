//! From database errors to [`StoreError`].

use std::time::Duration;

use sea_orm::{DbErr, RuntimeErr, SqlxError, sqlx::error::DatabaseError};

use crate::{
    deadline::Deadline,
    error::{BoxError, StoreError},
    secret::random_bytes,
};

const MAX_RETRIES: u32 = 3;

/// Counts how often a statement or transaction has lost against others, and waits before it is run again.
#[derive(Debug)]
pub(super) struct Retries {
    left: u32,
    lost: u32,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            left: MAX_RETRIES,
            lost: 0,
        }
    }
}

impl Retries {
    /// For what cannot be run again.
    pub(super) fn none() -> Self {
        Self { left: 0, lost: 0 }
    }

    /// Waits if it may be run again.
    ///
    /// # Errors
    /// If it may not.
    pub(super) async fn after(&mut self, error: DbErr) -> Result<(), StoreError> {
        if cause(&error) != Cause::Conflict || self.left == 0 {
            return Err(store_error(&error));
        }
        self.left -= 1;
        self.lost += 1;
        // Jitter, so that those who lost together do not meet again.
        let [jitter] = random_bytes::<1>();
        let wait = Duration::from_micros(u64::from(jitter) * 64) * self.lost;
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// An error of the driver about a connection.
pub(super) fn connection_error(error: SqlxError) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}

/// An error of ours about a connection.
pub(super) fn internal(text: impl Into<String>) -> DbErr {
    DbErr::Conn(RuntimeErr::Internal(text.into()))
}

/// # Errors
/// If what takes this long could be committed after the request was answered with 503.
pub(super) fn in_time(duration: Duration) -> Result<(), DbErr> {
    if Deadline::current().allows(duration) {
        Ok(())
    } else {
        Err(internal("the request has too little time left to write"))
    }
}

/// A value that is stored and cannot be read.
pub(super) fn unreadable(column: &str, error: impl std::fmt::Display) -> DbErr {
    DbErr::Type(format!("{column}: {error}"))
}

/// Somebody else has written meanwhile what was found to be free, or moved what was held: to be run again.
pub(super) fn overtaken() -> DbErr {
    DbErr::RecordNotInserted
}

pub(super) fn store_error(error: &DbErr) -> StoreError {
    // The text only: what a driver's error keeps beside it, such as the failing row, is not for logs.
    let text: BoxError = error.to_string().into();
    match cause(error) {
        Cause::Conflict => StoreError::Conflict(text),
        Cause::Trouble => StoreError::Unavailable(text),
        Cause::Other => StoreError::Corrupt(text),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// Lost against a concurrent transaction: run again.
    Conflict,
    /// The database cannot be reached or cannot work.
    Trouble,
    Other,
}

fn cause(error: &DbErr) -> Cause {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => match &**error {
            SqlxError::Database(error) => code_cause(&**error),
            SqlxError::Io(_)
            | SqlxError::PoolClosed
            | SqlxError::PoolTimedOut
            | SqlxError::Protocol(_)
            | SqlxError::Tls(_)
            | SqlxError::WorkerCrashed => Cause::Trouble,
            _ => Cause::Other,
        },
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
        // Unique violation: every insert tells what is to become of a conflict, so that only a row that another
        // statement wrote meanwhile can be in the way. The next try sees it.
        "23505" => Cause::Conflict,
        // A replica after a failover, a transaction that failed and was left open, a cancelled statement.
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
        // SQLite: the low byte of the extended code is the primary one.
        number => match number.parse::<u32>().map(|code| code & 0xff) {
            // BUSY, LOCKED
            Ok(5 | 6) if number.len() < 5 => Cause::Conflict,
            // READONLY, IOERR, FULL, CANTOPEN
            Ok(8 | 10 | 13 | 14) if number.len() < 5 => Cause::Trouble,
            _ => Cause::Other,
        },
    }
}
