//! Opens a pool of connections to Postgres.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sea_orm::{
    ConnectOptions, Database, SqlxError,
    sqlx::{
        self, AssertSqlSafe, Connection as _, PgConnection, Row as _, postgres::PgConnectOptions,
    },
};
use tokio::time::timeout;

use super::{
    ConnectSettings,
    failover::Failover,
    hosts::{Host, Hosts, Wanted, connect_error, unbracketed},
    pooler::{self, Pooling},
};
use crate::{
    error::{Error, Result},
    store::seaorm::{SeaOrmStore, connection::Failure, error::store_error, idle},
};

/// Connect options for an application that opens the pool itself. The URL must name a single database host.
pub(super) fn options(settings: &ConnectSettings) -> Result<ConnectOptions> {
    let hosts = hosts(settings)?;
    let host = hosts.only().ok_or_else(|| {
        Error::configuration("a database URL with several hosts needs SeaOrmStore::connect")
    })?;
    let hooks = Hooks {
        wanted: hosts.wanted(),
        statement_timeout: Some(settings.statement_timeout),
        losses: Losses::default(),
        failover: None,
    };
    Ok(hooks.options(settings, host))
}

pub(super) async fn connect(settings: &ConnectSettings) -> Result<SeaOrmStore> {
    let hosts = hosts(settings)?;
    let patience = settings.acquire_timeout;
    let (host, mut connection) = hosts.find(patience).await?;
    let host = host.clone();
    let limit = has_statement_timeout(&mut connection, settings.statement_timeout);
    let is_limited = match timeout(patience, limit).await {
        Ok(is_limited) => is_limited.map_err(connect_error)?,
        Err(_) => false,
    };
    let pooling = pooler::probe(connection, &host.options, patience).await?;
    if pooling == Pooling::Transaction && !is_limited {
        tracing::warn!(
            "statements are not limited in time, because the database is behind a pooler in transaction mode: \
             ALTER ROLE … SET statement_timeout = '{}ms'",
            settings.statement_timeout.as_millis()
        );
    }
    let failover = hosts.may_change().then(|| Arc::new(Failover::new()));
    let losses = Losses::default();
    let hooks = Hooks {
        wanted: hosts.wanted(),
        // Behind a pooler in transaction mode, the setting would also affect other clients, and would not always affect
        // our own statements.
        statement_timeout: (pooling == Pooling::Session).then_some(settings.statement_timeout),
        losses: losses.clone(),
        failover: failover.clone(),
    };
    let db = Database::connect(hooks.options(settings, &host)).await;
    let mut db = db.map_err(|error| store_error(&error))?;
    if let Some(failover) = &failover {
        Arc::clone(failover).watch(&mut db, hosts, host);
    }
    let store = SeaOrmStore::on_checked(db, settings.statement_timeout)?;
    Ok(store.on_failure(move |failure| {
        if failure == Failure::LostConnection {
            losses.note();
        }
        if let Some(failover) = &failover {
            failover.suspect();
        }
    }))
}

fn hosts(settings: &ConnectSettings) -> Result<Hosts> {
    Hosts::parse(&settings.url, tune(settings))
}

/// Omits the start-up parameter that PgBouncer refuses. The parameter is not needed, because floats are sent in binary.
fn tune(
    settings: &ConnectSettings,
) -> impl Fn(PgConnectOptions) -> PgConnectOptions + Send + Sync + 'static {
    let (statements, map) = (settings.statement_cache, settings.map_postgres.clone());
    move |options| {
        map(options
            .extra_float_digits(None)
            .statement_cache_capacity(statements))
    }
}

/// When one of the store's connections was last found to have ended. Idle connections in the pool may also have ended.
#[derive(Clone, Default)]
struct Losses(Arc<Mutex<Option<Instant>>>);

impl Losses {
    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether a connection that has been idle this long was last used before the most recent connection loss.
    fn concern(&self, idle_for: Duration) -> bool {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| idle_for >= last.elapsed())
    }
}

/// The hooks that the pool runs for each connection.
#[derive(Clone)]
struct Hooks {
    wanted: Wanted,
    statement_timeout: Option<Duration>,
    losses: Losses,
    failover: Option<Arc<Failover>>,
}

impl Hooks {
    fn options(self, settings: &ConnectSettings, host: &Host) -> ConnectOptions {
        let mut options = settings.pool_options(&host.url);
        let tune = tune(settings);
        options.map_sqlx_postgres_opts(move |options| tune(unbracketed(options)));
        let (losses, failover) = (self.losses.clone(), self.failover.clone());
        options.map_sqlx_postgres_before_acquire(move |connection, about| {
            let is_outdated = failover
                .as_ref()
                .is_some_and(|failover| failover.is_outdated(about.age));
            let is_usable = !is_outdated && !connection.is_in_transaction();
            let is_suspect = losses.concern(about.idle_for);
            Box::pin(async move {
                if is_usable && is_suspect {
                    connection.ping().await?;
                }
                Ok(is_usable)
            })
        });
        options.map_sqlx_postgres_pool_opts(move |pool| {
            let hooks = self.clone();
            idle::check_postgres_on_release(pool).after_connect(move |connection, _| {
                let hooks = hooks.clone();
                Box::pin(async move { hooks.after_connect(connection).await })
            })
        });
        options
    }

    async fn after_connect(&self, connection: &mut PgConnection) -> Result<(), SqlxError> {
        if self.wanted != Wanted::Any && !self.wanted.suits(connection).await? {
            if let Some(failover) = &self.failover {
                failover.suspect();
            }
            return Err(SqlxError::Configuration(
                "the database host takes no writes".into(),
            ));
        }
        if let Some(timeout) = self.statement_timeout {
            set_statement_timeout(connection, timeout).await?;
        }
        Ok(())
    }
}

/// Sets the statement timeout, unless the role or the database already has a stricter limit.
async fn set_statement_timeout(
    connection: &mut PgConnection,
    timeout: Duration,
) -> Result<(), SqlxError> {
    let milliseconds = timeout.as_millis();
    let sql = format!(
        "SELECT set_config('statement_timeout', '{milliseconds}', false) FROM pg_settings \
         WHERE name = 'statement_timeout' AND setting::bigint NOT BETWEEN 1 AND {milliseconds}"
    );
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(connection)
        .await?;
    Ok(())
}

async fn has_statement_timeout(
    connection: &mut PgConnection,
    timeout: Duration,
) -> Result<bool, SqlxError> {
    let sql = format!(
        "SELECT setting::bigint BETWEEN 1 AND {} FROM pg_settings WHERE name = 'statement_timeout'",
        timeout.as_millis()
    );
    sqlx::raw_sql(AssertSqlSafe(sql))
        .fetch_one(connection)
        .await?
        .try_get(0)
}
