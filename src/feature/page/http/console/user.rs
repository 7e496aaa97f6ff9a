//! `GET /console/users/{id}`.

use super::{
    super::{
        super::{ConsoleUserView, answer::Reply, frame::Tab},
        Parts,
    },
    Admin, Below,
};
use crate::{
    error::Result,
    event::{EventFilter, EventQuery},
    http::Path,
    user::UserId,
};

/// The number of events on a user's page.
const SHOWN: u32 = 10;

pub(super) async fn show(
    parts: Parts,
    Below(asked): Below<2>,
    Admin(admin): Admin,
    Path(id): Path<UserId>,
) -> Result<Reply> {
    let (user, overview) = parts.administration.account(id).await?;
    let mut query = EventQuery::new(EventFilter {
        user_id: Some(id),
        ..EventFilter::default()
    });
    query.limit = SHOWN;
    let events = parts.administration.list_events(&query).await?;
    let view = ConsoleUserView {
        user: &user,
        overview: &overview,
        providers: &parts.providers,
        events: &events.items,
        done: asked.done(),
    };
    let frame = asked.frame_for(&admin, Some(Tab::Users));
    parts.pages.console_user(&frame, &view).map(Reply::page)
}
