//! Page forms: their fields and errors.

use minijinja::{Value, context};

use super::{
    notice::Notice,
    texts::{OwnTexts, PasswordTexts},
};
use crate::error::{Violation, Weakness};

/// A page's form.
#[derive(Debug, Default)]
pub(super) struct PageForm<'a> {
    pub(super) notice: Option<Notice>,
    pub(super) fields: Vec<Field<'a>>,
}

/// A form field.
#[derive(Debug)]
pub(crate) struct Field<'a> {
    /// The field's name and id.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) label: &'a str,
    pub(super) value: &'a str,
    pub(super) errors: Vec<String>,
    pub(super) hint: Option<String>,
}

/// The kind of a field, which determines how browsers and password managers fill it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A checkbox, which is checked if the field has a value.
    Check,
    Code,
    Email,
    Name,
    NewEmail,
    NewPassword,
    Password,
    Roles,
    Text,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Code => "code",
            Self::Email => "email",
            Self::Name => "name",
            Self::NewEmail => "new-email",
            Self::NewPassword => "new-password",
            Self::Password => "password",
            Self::Roles => "roles",
            Self::Text => "text",
        }
    }
}

impl<'a> Field<'a> {
    pub(super) fn new(name: &'static str, kind: Kind, label: &'a str) -> Self {
        Self {
            name,
            kind,
            label,
            value: "",
            errors: Vec::new(),
            hint: None,
        }
    }

    pub(super) fn email(texts: &'a OwnTexts, value: &'a str) -> Self {
        Self {
            value,
            ..Self::new("email", Kind::Email, &texts.common.email)
        }
    }

    pub(super) fn of_name(texts: &'a OwnTexts, value: &'a str) -> Self {
        Self {
            value,
            ..Self::new("display_name", Kind::Name, &texts.common.name)
        }
    }

    pub(super) fn of_roles(texts: &'a OwnTexts, value: &'a str) -> Self {
        let own = &texts.console.edit;
        Self {
            value,
            hint: Some(own.roles_hint.clone()),
            ..Self::new("roles", Kind::Roles, &own.roles)
        }
    }

    /// Adds the messages for the violations that concern this field.
    pub(super) fn with_violations(mut self, texts: &OwnTexts, violations: &[Violation]) -> Self {
        let pointer = format!("/{}", self.name);
        let own = violations.iter().filter(|own| own.pointer == pointer);
        self.errors = own.map(|own| said(texts, self.kind, own)).collect();
        self.errors.dedup();
        self
    }

    pub(super) fn with_error(mut self, text: Option<&str>) -> Self {
        self.errors.extend(text.map(ToOwned::to_owned));
        self
    }

    fn value(&self, has_focus: bool) -> Value {
        context! {
            name => self.name,
            kind => self.kind.word(),
            label => self.label,
            value => self.value,
            errors => &self.errors,
            hint => &self.hint,
            has_focus,
        }
    }
}

impl PageForm<'_> {
    /// Adds a notice if more than one field is invalid.
    pub(super) fn settled(mut self, texts: &OwnTexts) -> Self {
        if self.notice.is_none() && self.wrong() > 1 {
            let note = &texts.common.several;
            self.notice = Some(Notice::alarm(note));
        }
        self
    }

    /// Whether something is wrong.
    pub(super) fn is_refused(&self) -> bool {
        self.notice.as_ref().is_some_and(Notice::is_alarm) || self.wrong() > 0
    }

    pub(super) fn notice(&self) -> Option<Value> {
        self.notice.as_ref().map(Notice::value)
    }

    /// The fields. The first invalid field has the focus, or the first empty field if none is invalid; if there is a
    /// notice, no field has the focus.
    pub(super) fn fields(&self) -> Vec<Value> {
        let focused = match (&self.notice, self.wrong()) {
            (Some(_), _) => None,
            (None, 0) => self.fields.iter().position(|field| field.value.is_empty()),
            (None, _) => self
                .fields
                .iter()
                .position(|field| !field.errors.is_empty()),
        };
        let fields = self.fields.iter().enumerate();
        fields
            .map(|(index, field)| field.value(Some(index) == focused))
            .collect()
    }

    /// The fields of one of several forms on a page. Only an invalid field gets the focus.
    pub(super) fn fields_without_focus(&self) -> Vec<Value> {
        match self.wrong() {
            0 => self.fields.iter().map(|field| field.value(false)).collect(),
            _ => self.fields(),
        }
    }

    fn wrong(&self) -> usize {
        let wrong = self.fields.iter().filter(|field| !field.errors.is_empty());
        wrong.count()
    }
}

/// The message for a violation: the text for its rule, or otherwise the English description.
fn said(texts: &OwnTexts, kind: Kind, violation: &Violation) -> String {
    let common = &texts.common;
    let text = match (kind, violation.code) {
        (Kind::Code, _) => &common.bad_code,
        (Kind::Email | Kind::NewEmail, _) => &common.bad_email,
        (Kind::Check | Kind::Name | Kind::Text, _) => &common.bad_name,
        (Kind::Roles, "too_long") => &texts.console.edit.too_many_roles,
        (Kind::Roles, _) => &texts.console.edit.bad_roles,
        (Kind::Password, "too_long") => &common.long_password,
        (Kind::Password, _) => &common.no_password,
        (Kind::NewPassword, code) => {
            let weakness = Weakness::ALL.iter().find(|known| known.code() == code);
            match weakness {
                Some(weakness) => texts.password.rule(*weakness),
                None => return violation.detail.clone(),
            }
        }
    };
    text.clone()
}

impl PasswordTexts<String> {
    /// The reason for refusing a new password.
    fn rule(&self, weakness: Weakness) -> &String {
        match weakness {
            Weakness::Breached => &self.breached,
            Weakness::Common => &self.common,
            Weakness::ContainsAddress => &self.contains_address,
            Weakness::ContainsName => &self.contains_name,
            Weakness::ContainsProduct => &self.contains_product,
            Weakness::ControlCharacter => &self.control_character,
            Weakness::TooGuessable => &self.too_guessable,
            Weakness::TooLong => &self.too_long,
            Weakness::TooShort => &self.too_short,
        }
    }
}
