//! Figures for operators, in SQL.

use async_trait::async_trait;
use sea_orm::{DbErr, QueryResult};

use super::{
    SeaOrmStore,
    error::{store_error, unreadable},
    pool::Database,
    row::column,
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::EventId,
    store::{AppliedMigration, FIGURE_DAYS, Figures, OperatorStore, StoreCondition},
};

/// The events of one kind on one day form a contiguous range in the index on the kind and the identifier.
const FIGURES: &str = "\
    WITH days(day, since, until) AS (VALUES (0, $1, $2), (1, $2, $3), (2, $3, $4), (3, $4, $5), (4, $5, $6), \
        (5, $6, $7), (6, $7, $8), (7, $8, $9), (8, $9, $10), (9, $10, $11), (10, $11, $12), (11, $12, $13), \
        (12, $13, $14), (13, $14, $15)), \
    kinds(kind) AS (VALUES ('signed_in'), ('sign_in_failed'), ('factor_failed'), ('sign_in_locked')) \
    SELECT k.kind AS figure, d.day, (\
        SELECT COUNT(*) FROM auth_events e WHERE e.type = k.kind AND e.id >= d.since AND e.id < d.until\
    ) AS total FROM days d CROSS JOIN kinds k \
    UNION ALL SELECT 'users', 0, COUNT(*) FROM auth_users \
    UNION ALL SELECT 'administrators', 0, COUNT(*) FROM auth_users WHERE status = 'active' AND roles LIKE '% admin %' \
    UNION ALL SELECT 'disabled', 0, COUNT(*) FROM auth_users WHERE status <> 'active' \
    UNION ALL SELECT 'pending_mails', 0, COUNT(*) FROM auth_outbox WHERE state = 'pending' \
    UNION ALL SELECT 'dead_mails', 0, COUNT(*) FROM auth_outbox WHERE state = 'dead'";

const NOTE_KEY: &str = "\
    INSERT INTO auth_signing_keys (id, first_used_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";

/// One row for each key; all rows contain the same counts.
const CONDITION: &str = "\
    SELECT (SELECT COUNT(*) FROM auth_outbox WHERE state = 'pending') AS pending_mails, \
        (SELECT MIN(created_at) FROM auth_outbox WHERE state = 'pending') AS oldest_pending, \
        (SELECT COUNT(*) FROM auth_outbox WHERE state = 'dead') AS dead_mails, m.name, m.applied_at, k.id, \
        k.first_used_at \
    FROM (SELECT name, applied_at FROM auth_migrations ORDER BY name DESC LIMIT 1) m \
    LEFT JOIN auth_signing_keys k ON TRUE ORDER BY k.first_used_at DESC LIMIT 100";

#[async_trait]
impl<D: Database> OperatorStore for SeaOrmStore<D> {
    async fn figures(&self, days: &[EventId; FIGURE_DAYS + 1]) -> Result<Figures, StoreError> {
        let values = days.map(|id| id.as_uuid().into());
        let rows = self.read(FIGURES, values).await?;
        figures(&rows).map_err(|error| store_error(&error))
    }

    async fn note_keys(&self, ids: &[String], now: Timestamp) -> Result<(), StoreError> {
        for id in ids {
            self.write(NOTE_KEY, [id.as_str().into(), now.into()])
                .await?;
        }
        Ok(())
    }

    async fn condition(&self) -> Result<StoreCondition, StoreError> {
        let rows = self.read(CONDITION, []).await?;
        let condition = condition(&rows).map_err(|error| store_error(&error))?;
        condition.ok_or_else(|| StoreError::Schema("migrations are pending".into()))
    }
}

fn figures(rows: &[QueryResult]) -> Result<Figures, DbErr> {
    let mut figures = Figures::default();
    for row in rows {
        let (figure, total): (String, _) = (column(row, "figure")?, count(row, "total")?);
        let day: i32 = column(row, "day")?;
        let day = usize::try_from(day).ok();
        let day = day.and_then(|day| figures.days.get_mut(day));
        let day = day.ok_or_else(|| unreadable("day", "out of range"))?;
        match figure.as_str() {
            "administrators" => figures.administrators = total,
            "dead_mails" => figures.dead_mails = total,
            "disabled" => figures.disabled = total,
            "factor_failed" | "sign_in_failed" => day.failed += total,
            "pending_mails" => figures.pending_mails = total,
            "sign_in_locked" => day.locked = total,
            "signed_in" => day.signed_in = total,
            "users" => figures.users = total,
            other => return Err(unreadable("figure", other)),
        }
    }
    Ok(figures)
}

/// The state of the outbox, the keys and the schema; `None` if no migration was applied.
fn condition(rows: &[QueryResult]) -> Result<Option<StoreCondition>, DbErr> {
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let mut keys = Vec::new();
    for row in rows {
        if let Some(id) = column(row, "id")? {
            keys.push((id, column(row, "first_used_at")?));
        }
    }
    Ok(Some(StoreCondition {
        pending_mails: count(row, "pending_mails")?,
        oldest_pending: column(row, "oldest_pending")?,
        dead_mails: count(row, "dead_mails")?,
        keys,
        migration: Some(AppliedMigration {
            name: column(row, "name")?,
            applied_at: column(row, "applied_at")?,
        }),
    }))
}

fn count(row: &QueryResult, name: &str) -> Result<u64, DbErr> {
    let count: i64 = column(row, name)?;
    u64::try_from(count).map_err(|error| unreadable(name, error))
}
