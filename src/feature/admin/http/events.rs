//! `GET /admin/events`.

use serde::Serialize;

use super::{Administrator, State};
use crate::{
    error::Result,
    event::{EventFilter, EventKind, EventQuery, http::EventView},
    feature::admin::MAX_LIMIT,
    http::{FromMembers, Json, Members, Query},
    user::UserId,
};

pub(super) async fn list_events(
    state: State,
    _: Administrator,
    Query(query): Query<ListEventsQuery>,
) -> Result<Json<EventPage>> {
    let page = state.administration.list_events(&query.into()).await?;
    Ok(Json(EventPage {
        items: page.items.into_iter().map(EventView::from).collect(),
        next_cursor: page.next_cursor,
    }))
}

/// One page of the audit trail.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct EventPage {
    items: Vec<EventView>,
    /// The cursor of the next page; null on the last page.
    #[cfg_attr(feature = "openapi", schema(required))]
    next_cursor: Option<String>,
}

/// Which page of events to list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct ListEventsQuery {
    /// The maximum number of items.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 200, default = 50))]
    limit: Option<u32>,
    /// The `next_cursor` of a page with the same filters.
    cursor: Option<String>,
    /// Only events about this user.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<uuid::Uuid>))]
    user_id: Option<UserId>,
    /// Only events of this type.
    #[cfg_attr(feature = "openapi", schema(rename = "type", value_type = Option<String>))]
    kind: Option<EventKind>,
}

impl FromMembers for ListEventsQuery {
    fn from_members(members: &mut Members) -> Option<Self> {
        let kinds: Vec<_> = EventKind::ALL
            .iter()
            .map(|kind| (kind.as_str(), *kind))
            .collect();
        let limit = members.optional_number("limit", 1..=MAX_LIMIT.into());
        let cursor = members.optional_token("cursor");
        let user_id =
            members.optional_parse("user_id", "invalid_id", "The text is not an identifier.");
        let kind = members.optional_word("type", &kinds);
        Some(Self {
            limit: limit?.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)),
            cursor: cursor?,
            user_id: user_id?,
            kind: kind?,
        })
    }
}

impl From<ListEventsQuery> for EventQuery {
    fn from(query: ListEventsQuery) -> Self {
        let mut events = Self::new(EventFilter {
            user_id: query.user_id,
            kind: query.kind,
        });
        events.cursor = query.cursor;
        events.limit = query.limit.unwrap_or(events.limit);
        events
    }
}
