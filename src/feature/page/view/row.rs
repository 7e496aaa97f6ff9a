//! A row of a list: a name, a value, and the actions available for it.

use chrono::SecondsFormat;
use minijinja::{Value, context};

use super::super::{frame::Frame, texts::AccountTexts};
use crate::{
    clock::Timestamp, event::ClientInfo, factor::Factor, identity::Identity, mail::moment,
    token::Session, user_agent::software,
};

#[derive(Debug, Default)]
pub(super) struct Row {
    name: String,
    mark: Option<String>,
    value: Option<String>,
    good: Option<String>,
    hints: Vec<String>,
    /// The label of the link or the button, and its accessible name for screen readers.
    action: Option<(String, String)>,
    /// The page that a link leads to.
    url: Option<String>,
    /// The link's query, without the language.
    query: String,
    /// The step and the id that a form on `account` sends.
    form: Option<(&'static str, String)>,
}

impl Row {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }

    /// An authenticator app.
    pub(super) fn of_factor(
        own: &AccountTexts<String>,
        frame: &Frame<'_>,
        factor: &Factor,
    ) -> Self {
        let name = factor.name.as_ref().unwrap_or(&own.app);
        let added = moment(factor.created_at, &frame.locale());
        let row = Self::new(name.clone()).hint(own.added.replace("{at}", &added));
        match factor.last_used_at {
            Some(used) => row.hint(last_used(own, frame, used)),
            None => row,
        }
    }

    /// A linked identity, with its provider's title.
    pub(super) fn of_identity(
        own: &AccountTexts<String>,
        frame: &Frame<'_>,
        title: &str,
        identity: &Identity,
    ) -> Self {
        let linked = moment(identity.created_at, &frame.locale());
        let row = Self::new(title.to_owned()).hint(own.linked.replace("{at}", &linked));
        match &identity.email {
            Some(email) => row.value_of(email),
            None => row,
        }
    }

    /// A session, with the time when it was used.
    pub(super) fn of_session(own: &AccountTexts<String>, session: &Session, used: String) -> Self {
        let client = &session.client;
        let row = Self::new(device_name(own, client.user_agent.as_deref()));
        row.hint(match client.ip {
            Some(ip) => format!("{ip} · {used}"),
            None => used,
        })
    }

    /// Adds text after the name.
    pub(super) fn mark(mut self, mark: &str) -> Self {
        self.mark = Some(mark.to_owned());
        self
    }

    pub(super) fn value_of(mut self, value: &str) -> Self {
        self.value = Some(value.to_owned());
        self
    }

    /// Adds a positive note after the value.
    pub(super) fn good(mut self, good: &str) -> Self {
        self.good = Some(good.to_owned());
        self
    }

    pub(super) fn hint(mut self, hint: String) -> Self {
        self.hints.push(hint);
        self
    }

    pub(super) fn link(mut self, url: &str, label: &str, says: String) -> Self {
        self.url = Some(url.to_owned());
        self.action = Some((label.to_owned(), says));
        self
    }

    pub(super) fn query(mut self, query: &str) -> Self {
        query.clone_into(&mut self.query);
        self
    }

    pub(super) fn form(
        mut self,
        step: &'static str,
        id: String,
        label: &str,
        says: String,
    ) -> Self {
        self.form = Some((step, id));
        self.action = Some((label.to_owned(), says));
        self
    }

    pub(super) fn value(self) -> Value {
        let (action, says) = self.action.unzip();
        let (step, id) = self.form.unzip();
        context! {
            name => self.name,
            mark => self.mark,
            value => self.value,
            good => self.good,
            hints => self.hints,
            url => self.url,
            query => self.query,
            step,
            id,
            action,
            says,
        }
    }
}

/// The name of a device, such as `Firefox on Linux`.
pub(super) fn device_name(own: &AccountTexts<String>, user_agent: Option<&str>) -> String {
    match user_agent.and_then(software) {
        Some(found) => match found.system {
            // The name of the program is the client's own text, so it comes last.
            Some(system) => own
                .browser_on
                .replace("{system}", system)
                .replace("{browser}", &found.program),
            None => found.program,
        },
        None => own.unknown_device.clone(),
    }
}

/// The device and the address that a request came from, as far as they are known.
pub(super) fn came_from(own: &AccountTexts<String>, client: &ClientInfo) -> String {
    let device = client.user_agent.as_deref();
    let device = device.map(|agent| device_name(own, Some(agent)));
    match (client.ip, device) {
        (Some(ip), Some(device)) => format!("{device} · {ip}"),
        (Some(ip), None) => ip.to_string(),
        (None, Some(device)) => device,
        (None, None) => String::new(),
    }
}

pub(super) fn last_used(own: &AccountTexts<String>, frame: &Frame<'_>, at: Timestamp) -> String {
    own.last_used.replace("{at}", &moment(at, &frame.locale()))
}

/// The title of a provider, or its name in URLs if it is no longer configured.
pub(super) fn provider_title<'a>(
    providers: &'a [(String, String)],
    identity: &'a Identity,
) -> &'a str {
    let known = providers
        .iter()
        .find(|(name, _)| *name == identity.provider);
    known.map_or(identity.provider.as_str(), |(_, title)| title)
}

/// A time, converted to a template value.
pub(super) fn time(frame: &Frame<'_>, at: Timestamp) -> Value {
    context! {
        text => moment(at, &frame.locale()),
        datetime => at.to_rfc3339_opts(SecondsFormat::Secs, true),
    }
}
