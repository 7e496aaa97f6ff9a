//! `/account/mfa`: the second factors.

use minijinja::{Value, context};

use super::{
    super::super::{
        Pages,
        form::{Field, Kind, PageForm},
        frame::Frame,
        layout::Head,
        notice::Notice,
        texts::AccountTexts,
    },
    Row,
};
use crate::{
    error::{Error, ErrorKind, Result},
    factor::FactorList,
    http::Html,
};

/// The state of the page for second factors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FactorsView<'a> {
    pub(crate) factors: &'a FactorList,
    /// Whether the user must have a second factor.
    pub(crate) is_required: bool,
    /// The typed name for a new app.
    pub(crate) name: &'a str,
    /// The reason why no app was added.
    pub(crate) error: Option<&'a Error>,
}

impl Pages {
    /// `account/mfa`. The form sends `name`.
    pub(crate) fn factors(&self, frame: &Frame<'_>, view: &FactorsView<'_>) -> Result<Html> {
        let texts = self.texts(frame.language);
        let own = &texts.account;
        let mut rows: Vec<Value> = Vec::new();
        for factor in &view.factors.items {
            let name = factor.name.as_deref().unwrap_or(&own.app);
            let url = format!("account/mfa/{}/remove", factor.id);
            let says = own.remove_named.replace("{name}", name);
            let row = Row::of_factor(own, frame, factor);
            rows.push(row.link(&url, &own.remove, says).value());
        }
        if !rows.is_empty() {
            let codes = recovery_codes(own, view.factors.recovery_codes_left);
            rows.push(codes.value());
        }
        let violations = view.error.map(Error::violations).unwrap_or_default();
        let is_full = view
            .error
            .is_some_and(|error| error.kind() == ErrorKind::TooManyFactors);
        let name = Field {
            value: view.name,
            ..Field::new("name", Kind::Text, &own.app_name)
        };
        let form = PageForm {
            notice: is_full.then(|| Notice::refused(texts, &own.too_many_apps)),
            fields: vec![name.with_violations(texts, violations)],
        };
        let v = context! {
            notice => form.notice(),
            fields => form.fields_without_focus(),
            rows,
            is_required => view.is_required,
        };
        let head = Head {
            is_wide: true,
            ..Head::of_form(frame, &own.two_step, form.is_refused())
        };
        self.layout.render("account-factors.html", &head, v)
    }
}

/// The row for the remaining recovery codes.
pub(super) fn recovery_codes(own: &AccountTexts<String>, left: u32) -> Row {
    let left = own.codes_left.replace("{count}", &left.to_string());
    let says = format!("{}: {}", own.renew, own.recovery_codes);
    Row::new(own.recovery_codes.clone())
        .value_of(&left)
        .link("account/mfa/codes", &own.renew, says)
}
