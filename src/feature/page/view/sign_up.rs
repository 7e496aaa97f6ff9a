//! The sign-up page, and the pages that send an email.

use minijinja::context;

use super::super::{
    Pages,
    form::{Field, Kind, PageForm},
    frame::Frame,
    layout::Head,
    notice::{Held, Notice},
};
use crate::{
    error::{Result, Violation},
    http::Html,
};

/// The state of the sign-up form.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SignUpView<'a> {
    pub(crate) email: &'a str,
    pub(crate) display_name: &'a str,
    /// The violations of `/email`, `/password` and `/display_name`.
    pub(crate) violations: &'a [Violation],
    pub(crate) notice: Option<SignUpNotice<'a>>,
}

/// The notice above the sign-up form.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SignUpNotice<'a> {
    /// Registration is closed, and the page has no form.
    Closed,
    Held(Held),
    /// The host refused the registration with this message.
    Refused(&'a str),
    /// The address already has an account.
    Taken,
}

/// The page shown after an email may have been sent. It is the same whether or not an email was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CheckMailView<'a> {
    pub(crate) email: &'a str,
    pub(crate) purpose: MailPurpose,
    /// The reason why no further email was sent.
    pub(crate) held: Option<Held>,
}

/// The purpose of an email.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MailPurpose {
    Forgot,
    Resend,
    SignUp,
}

impl MailPurpose {
    /// The value of the field `purpose`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Forgot => "forgot",
            Self::Resend => "resend",
            Self::SignUp => "sign_up",
        }
    }

    /// The purpose that the field `purpose` names.
    pub(crate) fn named(word: &str) -> Option<Self> {
        let all = [Self::Forgot, Self::Resend, Self::SignUp];
        all.into_iter().find(|own| own.as_str() == word)
    }

    /// The page where the user can enter a different address.
    pub(crate) fn start(self) -> &'static str {
        match self {
            Self::Forgot => "forgot-password",
            Self::Resend => "sign-in",
            Self::SignUp => "sign-up",
        }
    }
}

/// The state of the form that asks for a link to set a new password.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ForgotView<'a> {
    pub(crate) email: &'a str,
    pub(crate) notice: Option<ForgotNotice>,
}

/// The notice on that form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ForgotNotice {
    /// The text is not an address.
    BadEmail,
    Held(Held),
}

impl Pages {
    /// `sign-up`. The form sends `email`, `password` and `display_name` (may be empty).
    pub(crate) fn sign_up(&self, frame: &Frame<'_>, view: &SignUpView<'_>) -> Result<Html> {
        let texts = self.texts(frame.language);
        let (own, common) = (&texts.sign_up, &texts.common);
        let (sign_in, forgot) = (frame.to("sign-in"), frame.to("forgot-password"));
        let notice = view.notice.map(|notice| match notice {
            SignUpNotice::Closed => Notice::alarm(&own.closed),
            SignUpNotice::Held(held) => held.notice(texts, frame.language),
            SignUpNotice::Refused(text) => Notice::refused(texts, text),
            SignUpNotice::Taken => Notice::with_links(&own.taken, &[&sign_in, &forgot]),
        });
        let name = Field {
            value: view.display_name,
            ..Field::new("display_name", Kind::Name, &own.optional_name)
        };
        let password = Field {
            hint: Some(texts.password.hint.clone()),
            ..Field::new("password", Kind::NewPassword, &common.password)
        };
        let fields = [Field::email(texts, view.email), password, name];
        let fields = fields.map(|field| field.with_violations(texts, view.violations));
        let form = PageForm {
            notice,
            fields: fields.into(),
        };
        let form = form.settled(texts);
        let closed = matches!(view.notice, Some(SignUpNotice::Closed));
        let v = context! { notice => form.notice(), fields => form.fields(), closed };
        let mut head = Head::of_form(frame, &own.title, form.is_refused());
        head.has_form = !closed;
        self.layout.render("sign-up.html", &head, v)
    }

    /// `check-mail`. The form sends `email` and `purpose` again.
    pub(crate) fn check_mail(&self, frame: &Frame<'_>, view: &CheckMailView<'_>) -> Result<Html> {
        let texts = self.texts(frame.language);
        let notice = view
            .held
            .map(|held| held.notice(texts, frame.language).value());
        let v = context! {
            notice,
            email => view.email,
            purpose => view.purpose.as_str(),
            start => view.purpose.start(),
        };
        let title = texts.sign_up.check_mail.as_str();
        let head = Head::of_form(frame, title, view.held.is_some());
        self.layout.render("check-mail.html", &head, v)
    }

    /// `forgot-password`. The form sends `email`.
    pub(crate) fn forgot_password(&self, frame: &Frame<'_>, view: &ForgotView<'_>) -> Result<Html> {
        let texts = self.texts(frame.language);
        let (notice, error) = match view.notice {
            None => (None, None),
            Some(ForgotNotice::BadEmail) => (None, Some(texts.common.bad_email.as_str())),
            Some(ForgotNotice::Held(held)) => (Some(held.notice(texts, frame.language)), None),
        };
        let form = PageForm {
            notice,
            fields: vec![Field::email(texts, view.email).with_error(error)],
        };
        let v = context! { notice => form.notice(), fields => form.fields() };
        let head = Head::of_form(frame, &texts.sign_up.forgot, form.is_refused());
        self.layout.render("forgot-password.html", &head, v)
    }
}
