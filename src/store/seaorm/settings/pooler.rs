//! Detects a pooler between this process and Postgres.

use std::time::Duration;

use sea_orm::{
    SqlxError,
    sqlx::{
        self, AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _,
        postgres::{PgConnectOptions, PgDatabaseError, PgSeverity},
    },
};
use tokio::time::timeout;

use super::hosts::connect_error;
use crate::{
    error::{Error, StoreError},
    secret::random_bytes,
};

/// How one connection maps to Postgres sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pooling {
    /// Always the same Postgres session, reached directly or through a pooler in session mode.
    Session,
    /// Each transaction may use a different session, behind a pooler that keeps prepared statements separate.
    Transaction,
}

/// Opens two connections to detect how connections map to Postgres sessions. A pooler in transaction mode
/// lends the second connection the session that the first connection has just returned. The second
/// connection then prepares its first statement in the same session and under the same name.
///
/// # Errors
/// [`Configuration`](crate::ErrorKind::Configuration) if the pooler mixes up the prepared statements of its clients, or
/// allows no transactions.
pub(super) async fn probe(
    first: PgConnection,
    options: &PgConnectOptions,
    patience: Duration,
) -> Result<Pooling, Error> {
    let mut first = Prober::new(first, patience);
    let lent = first.session().await.map_err(explain)?;
    let second = match timeout(patience, options.connect()).await {
        Ok(connected) => connected.map_err(connect_error),
        Err(_) => Err(no_answer()),
    };
    let pooling = match second {
        Ok(second) => {
            let mut second = Prober::new(second, patience);
            let pooling = compare(&mut first, lent, &mut second).await;
            // The second connection is closed inside a transaction, so that the pooler ends the session and thereby
            // drops its prepared statements.
            second.close().await;
            pooling
        }
        Err(error) => {
            tracing::warn!(
                ?error,
                "a pooler cannot be detected: the database accepts no second connection"
            );
            Ok(Pooling::Session)
        }
    };
    first.close().await;
    pooling
}

async fn compare(first: &mut Prober, lent: i32, second: &mut Prober) -> Result<Pooling, Error> {
    match second.begin().await {
        Ok(()) => {}
        // If there is no answer, the first connection has the only session of the pooler.
        Err(Fault::NoAnswer) => return Ok(Pooling::Session),
        // PgBouncer writes this text in any locale, and uses the same error code for all its errors.
        Err(Fault::Driver(SqlxError::Database(error)))
            if error.message().contains("statement pooling mode") =>
        {
            return Err(Error::configuration(
                "the database is behind a pooler that allows no transactions: use its session mode",
            ));
        }
        Err(fault) => return Err(explain(fault)),
    }
    if second.session().await.map_err(explain)? == lent {
        return Ok(Pooling::Transaction);
    }
    // If other clients are active, the pooler may have lent the second connection a different
    // session, so the first connection is queried again.
    match first.session().await {
        Ok(again) if again == lent => Ok(Pooling::Session),
        Ok(_) | Err(Fault::NoAnswer) => Ok(Pooling::Transaction),
        Err(fault) => Err(explain(fault)),
    }
}

/// A connection with a prepared statement that no other connection has.
struct Prober {
    connection: PgConnection,
    mark: i64,
    patience: Duration,
}

enum Fault {
    Driver(SqlxError),
    /// A statement with the same name from another connection ran instead of our prepared statement.
    MixedUp,
    NoAnswer,
}

impl Prober {
    fn new(connection: PgConnection, patience: Duration) -> Self {
        Self {
            connection,
            mark: i64::from_le_bytes(random_bytes()).saturating_abs(),
            patience,
        }
    }

    async fn begin(&mut self) -> Result<(), Fault> {
        let begin = sqlx::raw_sql("BEGIN").execute(&mut self.connection);
        match timeout(self.patience, begin).await {
            Ok(begun) => begun.map(drop).map_err(Fault::Driver),
            Err(_) => Err(Fault::NoAnswer),
        }
    }

    /// The process id of the Postgres session that answers.
    async fn session(&mut self) -> Result<i32, Fault> {
        let sql = format!("SELECT pg_backend_pid(), {}::bigint", self.mark);
        let ask = sqlx::query(AssertSqlSafe(sql)).fetch_one(&mut self.connection);
        let row = match timeout(self.patience, ask).await {
            Ok(row) => row.map_err(Fault::Driver)?,
            Err(_) => return Err(Fault::NoAnswer),
        };
        match (row.try_get(0), row.try_get::<i64, _>(1)) {
            (Ok(session), Ok(mark)) if mark == self.mark => Ok(session),
            _ => Err(Fault::MixedUp),
        }
    }

    async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "the other side closed the connection first");
        }
    }
}

fn explain(fault: Fault) -> Error {
    match fault {
        Fault::NoAnswer => no_answer().into(),
        Fault::Driver(error) if !is_mixed_up(&error) => connect_error(error).into(),
        Fault::Driver(_) | Fault::MixedUp => Error::configuration(
            "the database is behind a pooler in transaction mode that mixes up prepared statements: use session mode, \
             or a pooler that keeps them apart (PgBouncer 1.21 or later with max_prepared_statements)",
        ),
    }
}

fn is_mixed_up(error: &SqlxError) -> bool {
    match error {
        SqlxError::Database(error) => match error.code().as_deref() {
            // The prepared statement does not exist, or its name is already in use.
            Some("26000" | "42P05") => true,
            // The name belongs to a statement with other parameters. If the error is fatal, it comes from a pooler that
            // cannot reach the database.
            Some("08P01") => error
                .try_downcast_ref::<PgDatabaseError>()
                .is_some_and(|error| error.severity() == PgSeverity::Error),
            _ => false,
        },
        SqlxError::RowNotFound => true,
        _ => false,
    }
}

fn no_answer() -> StoreError {
    StoreError::Unavailable("the database does not answer".into())
}
