//! `GET /console/events`: the audit trail.

use super::{
    super::{
        super::{
            EventSearch, EventsView,
            answer::Reply,
            frame::{Frame, Tab},
        },
        Parts,
    },
    Admin, Asked, Below,
};
use crate::{
    error::Result,
    event::{Event, EventFilter, EventKind, EventQuery},
    percent,
    token::ActiveUser,
    user::{EmailAddress, Page, UserId},
};

const PAGE: &str = "console/events";

/// The number of events on a page.
const SHOWN: u32 = 25;

pub(super) async fn show(
    parts: Parts,
    Below(asked): Below<1>,
    Admin(admin): Admin,
) -> Result<Reply> {
    let typed = asked.parameter("user").unwrap_or_default().trim();
    let mut search = EventSearch {
        user: typed.to_owned(),
        kind: asked.parameter("type").and_then(|kind| kind.parse().ok()),
        is_unknown: false,
    };
    let user_id = match (typed, typed.parse::<UserId>()) {
        ("", _) => None,
        (_, Ok(id)) => Some(id),
        (_, Err(_)) => match parts.user_named(typed).await? {
            // The identifier is part of the URL of a search, so that the search outlives a change of address.
            Some(id) => {
                let query = query_of(Some(id), search.kind);
                let location = asked.frame().away_with(PAGE, &query);
                return Ok(Reply::see_other(location));
            }
            None => {
                search.is_unknown = true;
                let nothing = Page::new(Vec::new(), None);
                return parts
                    .events_page(&asked, &admin, &search, None, &nothing)
                    .await;
            }
        },
    };
    let mut query = EventQuery::new(EventFilter {
        user_id,
        kind: search.kind,
    });
    query.limit = SHOWN;
    query.cursor = asked.parameter("cursor").map(str::to_owned);
    match parts.administration.list_events(&query).await {
        Ok(page) => {
            parts
                .events_page(&asked, &admin, &search, user_id, &page)
                .await
        }
        Err(error) => {
            let search = query_of(user_id, search.kind);
            asked.first_page(PAGE, &search, query.cursor.as_deref(), error)
        }
    }
}

/// The percent-encoded query for a search.
fn query_of(user: Option<UserId>, kind: Option<EventKind>) -> String {
    let user = user.map(|user| format!("user={user}"));
    let kind = kind.map(|kind| format!("type={}", percent::encoded(kind.as_str())));
    let parts: Vec<String> = [user, kind].into_iter().flatten().collect();
    parts.join("&")
}

impl Parts {
    async fn user_named(&self, typed: &str) -> Result<Option<UserId>> {
        let Ok(email) = typed.parse::<EmailAddress>() else {
            return Ok(None);
        };
        let user = self.administration.user_with_address(&email).await?;
        Ok(user.map(|user| user.id))
    }

    async fn events_page(
        &self,
        asked: &Asked,
        admin: &ActiveUser,
        search: &EventSearch,
        user: Option<UserId>,
        page: &Page<Event>,
    ) -> Result<Reply> {
        let of_events = page.items.iter();
        let of_events = of_events.flat_map(|event| [event.user_id, event.actor_id]);
        let mut ids: Vec<UserId> = of_events.chain([user]).flatten().collect();
        ids.sort_unstable();
        ids.dedup();
        let addresses = self.administration.addresses(&ids).await?;
        let query = query_of(user, search.kind);
        let frame = Frame {
            query: &query,
            ..asked.frame_for(admin, Some(Tab::Events))
        };
        let view = EventsView {
            search,
            user,
            events: &page.items,
            addresses: &addresses,
            next: page.next_cursor.as_deref(),
        };
        self.pages.events(&frame, &view).map(Reply::page)
    }
}
