//! `/account/activity`: the events about a user.

use chrono::SecondsFormat;
use minijinja::{Value, context};

use super::{
    super::super::{Pages, frame::Frame, layout::Head},
    device_name,
};
use crate::{
    error::Result,
    event::{Event, EventId},
    http::Html,
    mail::moment,
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
            let device = device_name(own, event.client.user_agent.as_deref());
            let is_by_another = event.actor_id.is_some() && event.actor_id != event.user_id;
            let from = match (event.client.ip, &event.client.user_agent) {
                _ if is_by_another => own.by_administrator.clone(),
                (Some(ip), Some(_)) => format!("{device} · {ip}"),
                (Some(ip), None) => ip.to_string(),
                (None, Some(_)) => device,
                (None, None) => String::new(),
            };
            context! {
                at => moment(event.created_at, &frame.locale()),
                datetime => event.created_at.to_rfc3339_opts(SecondsFormat::Secs, true),
                kind => event.kind.as_str(),
                from,
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
