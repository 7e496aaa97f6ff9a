//! `/account/activity`: the events about a user.

use minijinja::{Value, context};

use super::super::{
    super::{Pages, frame::Frame, layout::Head},
    row::{came_from, time},
};
use crate::{
    error::Result,
    event::{Event, EventId},
    http::Html,
};

/// A page of events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ActivityView<'a> {
    pub(crate) events: &'a [Event],
    /// The last event on this page, if older events follow.
    pub(crate) older: Option<EventId>,
}

impl Pages {
    /// `account/activity`.
    pub(crate) fn activity(&self, frame: &Frame<'_>, view: &ActivityView<'_>) -> Result<Html> {
        let own = &self.texts(frame.language).account;
        let rows = view.events.iter().map(|event| {
            let is_by_another = event.actor_id.is_some() && event.actor_id != event.user_id;
            context! {
                at => time(frame, event.created_at),
                kind => event.kind.as_str(),
                from => match is_by_another {
                    true => own.by_administrator.clone(),
                    false => came_from(own, &event.client),
                },
            }
        });
        let v = context! {
            rows => rows.collect::<Vec<Value>>(),
            older => view.older.map(|id| id.to_string()),
        };
        let head = Head {
            frame,
            title: &own.activity,
            is_error: false,
            has_form: false,
            keep: Some(frame.query),
            is_wide: true,
        };
        self.layout.render("account-activity.html", &head, v)
    }
}
