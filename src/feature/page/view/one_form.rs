//! A page with one form, for a signed-in user.

use minijinja::{Value, context};

use super::super::{
    Pages,
    form::{Field, PageForm},
    frame::Frame,
    layout::Head,
    notice::{Held, Notice},
    texts::OwnTexts,
};
use crate::{
    error::{Error, ErrorKind, Result},
    http::Html,
};

/// The field for the current password.
pub(crate) const CURRENT_PASSWORD: &str = "current_password";

/// A page for a signed-in user with one form.
#[derive(Debug)]
pub(crate) struct FormView<'a> {
    pub(crate) title: &'a str,
    pub(crate) texts: Vec<&'a str>,
    /// The page that the form is sent to.
    pub(crate) page: &'a str,
    /// The user's address, for password managers.
    pub(crate) email: &'a str,
    pub(crate) fields: Vec<Field<'a>>,
    /// The names and values that the form sends back.
    pub(crate) hidden: Vec<(&'static str, String)>,
    pub(crate) button: &'a str,
    /// Whether the action is destructive.
    pub(crate) is_danger: bool,
    /// Whether the browser stays on the page, because the answer is a file.
    pub(crate) stays: bool,
    /// The label of the link that leads back.
    pub(crate) keep: Option<&'a str>,
    /// The page that the link leads back to.
    pub(crate) back: &'a str,
    /// The reason why the form was refused.
    pub(crate) error: Option<&'a Error>,
    /// The notice above the form, which replaces the notice for the error.
    pub(crate) notice: Option<Notice>,
}

impl<'a> FormView<'a> {
    pub(crate) fn new(page: &'a str, email: &'a str) -> Self {
        Self {
            title: "",
            texts: Vec::new(),
            page,
            email,
            fields: Vec::new(),
            hidden: Vec::new(),
            button: "",
            is_danger: false,
            stays: false,
            keep: None,
            back: "account",
            error: None,
            notice: None,
        }
    }

    /// Whether the page can show why the form was refused.
    pub(crate) fn can_say(error: &Error) -> bool {
        Held::of(error).is_some()
            || matches!(
                error.kind(),
                ErrorKind::AccountDisabled
                    | ErrorKind::EmailTaken
                    | ErrorKind::FactorRequired
                    | ErrorKind::InvalidCredentials
                    | ErrorKind::LastAdmin
                    | ErrorKind::Refused
                    | ErrorKind::ValidationFailed
                    | ErrorKind::WeakPassword
            )
    }
}

impl Pages {
    /// A page with one form, which is sent to the view's `page`.
    pub(crate) fn one_form<'a>(&'a self, frame: &Frame<'_>, view: FormView<'a>) -> Result<Html> {
        let texts = self.texts(frame.language);
        let error = view.error;
        let violations = error.map(Error::violations).unwrap_or_default();
        let is_wrong = error.is_some_and(|error| error.kind() == ErrorKind::InvalidCredentials);
        let fields = view.fields.into_iter().map(|field| {
            let wrong = (is_wrong && field.name == CURRENT_PASSWORD)
                .then_some(texts.second_factor.wrong_password.as_str());
            field.with_violations(texts, violations).with_error(wrong)
        });
        let form = PageForm {
            notice: view
                .notice
                .or_else(|| error.and_then(|error| notice(texts, frame, error))),
            fields: fields.collect(),
        };
        let form = form.settled(texts);
        let lines = view.texts.into_iter().map(Value::from);
        let v = context! {
            notice => form.notice(),
            fields => form.fields(),
            texts => lines.collect::<Vec<Value>>(),
            page => view.page,
            email => view.email,
            button => view.button,
            is_danger => view.is_danger,
            hidden => view.hidden,
            stays => view.stays,
            keep => view.keep.unwrap_or(&texts.account.back),
            back => view.back,
        };
        let head = Head::of_form(frame, view.title, form.is_refused());
        self.layout.render("one-form.html", &head, v)
    }
}

fn notice(texts: &OwnTexts, frame: &Frame<'_>, error: &Error) -> Option<Notice> {
    match error.kind() {
        ErrorKind::AccountDisabled => Some(Notice::alarm(&texts.console.action.is_disabled)),
        ErrorKind::EmailTaken => Some(Notice::alarm(&texts.console.edit.taken)),
        ErrorKind::FactorRequired => Some(Notice::alarm(&texts.account.factor_required)),
        ErrorKind::LastAdmin => Some(Notice::alarm(&texts.account.last_admin)),
        ErrorKind::Refused => {
            let refusal = error.refusal()?;
            Some(Notice::refused(texts, refusal.detail()))
        }
        _ => Held::of(error).map(|held| held.notice(texts, frame.language)),
    }
}
