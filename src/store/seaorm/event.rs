//! The audit trail.

use async_trait::async_trait;
use sea_orm::{
    ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _, QueryResult,
    QuerySelect as _, QueryTrait as _, Value, prelude::Uuid,
};
use serde_json::json;

use super::{
    SeaOrmStore,
    entity::event::{Column, Entity},
    error::{store_error, unreadable},
    pool::{Access, Database},
    row::{column, object, parsed},
    transaction::{Txn, run},
};
use crate::{
    error::StoreError,
    event::{ClientInfo, Event, EventFilter, EventId, Outcome},
    store::EventStore,
    user::UserId,
};

/// On Postgres, writes the events in parameter `$parameter` (see [`events`]) within the statement
/// of the change, once for each row of `$from`. If an event has no user, its user is set to
/// `$user`.
macro_rules! record {
    ($parameter:literal, $user:literal $(, $from:literal)?) => {
        concat!(
            "INSERT INTO auth_events (id, type, outcome, user_id, actor_id, ip, user_agent, request_id, detail, \
                created_at) \
            SELECT e.id, e.type, e.outcome, COALESCE(e.user_id, ",
            $user,
            "), e.actor_id, e.ip, e.user_agent, e.request_id, e.detail, e.created_at \
            FROM jsonb_to_recordset(",
            $parameter,
            "::jsonb) AS e(id uuid, type text, outcome text, user_id uuid, actor_id uuid, ip text, user_agent text, \
                request_id text, detail jsonb, created_at timestamptz)"
            $(, ", ", $from)?
        )
    };
}
pub(super) use record;

const INSERT: &str = "\
    INSERT INTO auth_events (id, type, outcome, user_id, actor_id, ip, user_agent, request_id, detail, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// The value of `$parameter` in [`record!`].
pub(super) fn events<'a>(events: impl IntoIterator<Item = &'a Event>) -> Value {
    let records = events.into_iter().map(|event| {
        json!({
            "id": event.id,
            "type": event.kind.as_str(),
            "outcome": event.outcome.as_str(),
            "user_id": event.user_id,
            "actor_id": event.actor_id,
            "ip": event.client.ip,
            "user_agent": event.client.user_agent,
            "request_id": event.client.request_id,
            "detail": event.detail,
            "created_at": event.created_at,
        })
    });
    serde_json::Value::Array(records.collect()).into()
}

/// Writes the event of a change that affects this user, in the transaction of the change.
pub(super) async fn insert(
    txn: &Txn<'_>,
    event: &Event,
    user: Option<UserId>,
) -> Result<(), DbErr> {
    run(txn, INSERT, values(event, user)).await.map(drop)
}

fn values(event: &Event, user: Option<UserId>) -> [Value; 10] {
    let client = &event.client;
    let user = event.user_id.or(user).map(UserId::as_uuid);
    [
        event.id.as_uuid().into(),
        event.kind.as_str().into(),
        event.outcome.as_str().into(),
        user.into(),
        event.actor_id.map(UserId::as_uuid).into(),
        client.ip.map(|ip| ip.to_string()).into(),
        client.user_agent.clone().into(),
        client.request_id.clone().into(),
        serde_json::Value::Object(event.detail.clone()).into(),
        event.created_at.into(),
    ]
}

#[async_trait]
impl<D: Database> EventStore for SeaOrmStore<D> {
    async fn record_event(&self, event: &Event) -> Result<(), StoreError> {
        self.write(INSERT, values(event, None)).await.map(drop)
    }

    async fn list_events(
        &self,
        filter: &EventFilter,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        let mut query = Entity::find().order_by_desc(Column::Id);
        if let Some(user) = filter.user_id {
            query = query.filter(Column::UserId.eq(user.as_uuid()));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(Column::Kind.eq(kind.as_str()));
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let (mut events, mut after) = (Vec::new(), after.map(EventId::as_uuid));
        loop {
            let wanted = limit - events.len();
            let mut page = query.clone().limit(wanted as u64);
            if let Some(after) = after {
                page = page.filter(Column::Id.lt(after));
            }
            let statement = page.build(self.backend());
            let rows = self.query(Access::Read, || statement.clone()).await?;
            // An event that this version cannot read, such as an event of a kind that a newer version added, must not
            // hide the other events.
            events.extend(rows.iter().filter_map(|row| {
                event(row)
                    .inspect_err(|error| {
                        tracing::error!(%error, "an event cannot be read");
                    })
                    .ok()
            }));
            if rows.len() < wanted || events.len() == limit {
                return Ok(events);
            }
            after = rows
                .last()
                .map(|row| column(row, "id"))
                .transpose()
                .map_err(|error| store_error(&error))?;
        }
    }
}

fn event(row: &QueryResult) -> Result<Event, DbErr> {
    let ip: Option<String> = column(row, "ip")?;
    let outcome: String = column(row, "outcome")?;
    let ip = ip
        .map(|ip| ip.parse())
        .transpose()
        .map_err(|error| unreadable("ip", error))?;
    let agent: Option<String> = column(row, "user_agent")?;
    let mut client = ClientInfo::new(ip, agent.as_deref());
    client.request_id = column(row, "request_id")?;
    Ok(Event {
        id: column::<Uuid>(row, "id")?.into(),
        kind: parsed(row, "type")?,
        outcome: match outcome.as_str() {
            "success" => Outcome::Success,
            "failure" => Outcome::Failure,
            _ => return Err(unreadable("outcome", "unknown")),
        },
        user_id: column::<Option<Uuid>>(row, "user_id")?.map(UserId::from),
        actor_id: column::<Option<Uuid>>(row, "actor_id")?.map(UserId::from),
        client,
        detail: object("detail", column(row, "detail")?)?,
        created_at: column(row, "created_at")?,
    })
}
