//! `/console/events`: the audit trail.

use std::collections::HashMap;

use minijinja::{Value, context};

use super::{
    super::{
        super::{Pages, frame::Frame, texts::OwnTexts},
        row::came_from,
    },
    event, head, next_page, time,
};
use crate::{
    error::Result,
    event::{Event, EventKind},
    http::Html,
    user::{EmailAddress, UserId},
};

/// The search that the form requests, as typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventSearch {
    pub(crate) user: String,
    pub(crate) kind: Option<EventKind>,
    /// Whether the typed text does not identify a user.
    pub(crate) is_unknown: bool,
}

/// A page of the events that match a search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventsView<'a> {
    pub(crate) search: &'a EventSearch,
    /// The user that the search is about.
    pub(crate) user: Option<UserId>,
    pub(crate) events: &'a [Event],
    /// The addresses of the users who still exist.
    pub(crate) addresses: &'a HashMap<UserId, EmailAddress>,
    /// The cursor of the next page.
    pub(crate) next: Option<&'a str>,
}

impl Pages {
    /// `console/events`. The form sends `type` and `user` in the query.
    pub(crate) fn events(&self, frame: &Frame<'_>, view: &EventsView<'_>) -> Result<Html> {
        let texts = self.texts(frame.language);
        let own = &texts.console;
        let person = |id: Option<UserId>| id.map(|id| person(texts, frame, view, id));
        let rows = view.events.iter().map(|shown| {
            context! {
                at => time(frame, shown.created_at),
                event => event(shown),
                by => person(shown.actor_id),
                on => person(shown.user_id),
                from => came_from(&texts.account, &shown.client),
            }
        });
        let kinds = EventKind::ALL.iter().map(|kind| kind.as_str());
        let address = view.user.and_then(|id| view.addresses.get(&id));
        let v = context! {
            kinds => kinds.collect::<Vec<&str>>(),
            kind => view.search.kind.map(EventKind::as_str),
            user => address.map_or(view.search.user.as_str(), EmailAddress::as_str),
            unknown => view.search.is_unknown.then_some(&own.trail.unknown_user),
            rows => rows.collect::<Vec<Value>>(),
            next => next_page(frame, "console/events", view.next),
        };
        self.layout
            .render("console-events.html", &head(frame, &own.events, true), v)
    }
}

/// A user, converted to a template value.
fn person(texts: &OwnTexts, frame: &Frame<'_>, view: &EventsView<'_>, id: UserId) -> Value {
    match view.addresses.get(&id) {
        Some(email) => {
            let url = frame.away(&format!("console/users/{id}"));
            context! { name => email.as_str(), url }
        }
        None => {
            let name = &texts.console.trail.deleted_user;
            context! { name => name.replace("{id}", &id.to_string()), url => Value::from(()) }
        }
    }
}
