//! A row of a list: a name, a value, and the actions available for it.

use minijinja::{Value, context};

use super::super::texts::AccountTexts;
use crate::user_agent::software;

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
