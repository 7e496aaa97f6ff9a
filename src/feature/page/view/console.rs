//! The console pages.

mod events;
mod figures;
mod mail;
mod status;
mod user;
mod users;

use minijinja::{Value, context};

pub(crate) use self::{
    events::{EventSearch, EventsView},
    mail::MailView,
    user::ConsoleUserView,
    users::{UserSearch, UsersView},
};
use super::{
    super::{
        frame::{Frame, joined},
        layout::Head,
        notice::Notice,
        texts::{ConsoleTexts, DoneTexts},
    },
    reports::reports,
    row::time,
};
use crate::{event::Event, percent};

reports! {
    /// A completed action that a page reports.
    Done DoneTexts {
        Created created
        Deleted deleted
        Disabled disabled
        Enabled enabled
        FactorsReset factors_reset
        LinkSent link_sent
        Retried retried
        Saved saved
        SignedOut signed_out
        Unlocked unlocked
    }
}

impl Done {
    fn notice(done: Option<Self>, own: &ConsoleTexts<String>) -> Option<Value> {
        done.map(|done| Notice::good(done.text(&own.done)).value())
    }
}

/// The head of a console page, which exists in every language with the same query.
fn head<'a>(frame: &'a Frame<'a>, title: &'a str, has_form: bool) -> Head<'a> {
    Head {
        frame,
        title,
        is_error: false,
        has_form,
        keep: Some(frame.query),
        is_wide: true,
    }
}

/// The URL of the next page of a list.
fn next_page(frame: &Frame<'_>, page: &str, cursor: Option<&str>) -> Option<String> {
    let cursor = format!("cursor={}", percent::encoded(cursor?));
    let query = joined(frame.query, &cursor);
    Some(frame.away_with(page, &query))
}

/// The kind of an event, and the details that are meaningful to a person.
fn event(event: &Event) -> Value {
    let details = event.detail.iter();
    // Identifiers and digests of addresses are only useful to machines.
    let details = details.filter(|(name, _)| {
        !name.ends_with("_id") && !matches!(name.as_str(), "address" | "from_session")
    });
    let details = details.map(|(name, value)| format!("{name}: {}", plain(value)));
    context! {
        kind => event.kind.as_str(),
        details => details.collect::<Vec<_>>().join(", "),
    }
}

/// A JSON value as text.
fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}
