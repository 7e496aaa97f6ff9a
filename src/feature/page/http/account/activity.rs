//! `GET /account/activity`.

use std::str::FromStr as _;

use super::{
    super::{
        super::{
            ActivityView,
            answer::Reply,
            frame::{Frame, Tab},
        },
        Parts,
    },
    Below, Owner,
};
use crate::{error::Result, event::EventId};

/// The number of events on a page.
const SHOWN: u32 = 50;

pub(super) async fn show(
    parts: Parts,
    Below(asked): Below<1>,
    Owner(owner): Owner,
) -> Result<Reply> {
    let before = asked.parameter("before");
    let before = before.and_then(|before| EventId::from_str(before).ok());
    // One more event shows whether older ones follow.
    let mut events = parts.accounts.events(&owner, before, SHOWN + 1).await?;
    let has_older = events.len() > SHOWN as usize;
    events.truncate(SHOWN as usize);
    let older = events.last().filter(|_| has_older).map(|event| event.id);
    let query = before.map_or_else(String::new, |before| format!("before={before}"));
    let frame = Frame {
        query: &query,
        ..asked.frame_of(&owner, Some(Tab::Activity))
    };
    let view = ActivityView {
        events: &events,
        older,
    };
    parts.pages.activity(&frame, &view).map(Reply::page)
}
