//! The second step of a sign-in, the confirmation of a password, and setting up an authenticator app.

use minijinja::{Value, context};

use super::super::{
    Pages,
    form::{Field, Kind, PageForm},
    frame::Frame,
    language::Language,
    layout::Head,
    notice::{Held, Notice},
    texts::OwnTexts,
};
use crate::{error::Result, http::Html};

/// The state of the page for the second step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SecondFactorView<'a> {
    /// Whether a code from an authenticator app is accepted.
    pub(crate) totp: bool,
    /// Whether a recovery code is accepted.
    pub(crate) recovery_code: bool,
    pub(crate) notice: Option<CodeNotice>,
    pub(crate) remember_device: bool,
    /// The address of the user, if the user is already signed in and has to present a second factor again.
    pub(crate) step_up: Option<&'a str>,
}

/// The notice on a form that asks for a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeNotice {
    Busy,
    /// The text is not a code.
    Malformed,
    TooMany {
        seconds: u64,
    },
    Wrong,
}

/// The state of the page on which a signed-in user confirms the password.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConfirmPasswordView<'a> {
    pub(crate) email: &'a str,
    pub(crate) notice: Option<PasswordNotice>,
}

/// The notice on a form that asks for the current password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PasswordNotice {
    Empty,
    Held(Held),
    Wrong,
}

/// Setting up an authenticator app.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EnrolView<'a> {
    /// The picture, as the markup of [`qr`](super::super::qr::qr).
    pub(crate) qr_svg: &'a str,
    /// The secret in groups, for typing.
    pub(crate) secret_groups: &'a str,
    pub(crate) notice: Option<CodeNotice>,
}

/// New recovery codes, shown once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecoveryCodesView<'a> {
    pub(crate) codes: &'a [&'a str],
    /// The URL to which the user continues.
    pub(crate) next: &'a str,
}

impl Pages {
    /// `second-factor`. The form sends `code` and `remember_device` (`true`, or absent) to `page`.
    pub(crate) fn second_factor(
        &self,
        frame: &Frame<'_>,
        page: &str,
        view: &SecondFactorView<'_>,
    ) -> Result<Html> {
        let texts = self.texts(frame.language);
        let own = &texts.second_factor;
        let form = code_form(texts, frame.language, view.notice);
        let text = match (view.totp, view.recovery_code) {
            (true, true) => own.with_either.as_str(),
            (false, true) => own.with_recovery_code.as_str(),
            (_, false) => own.with_app.as_str(),
        };
        let v = context! {
            notice => form.notice(),
            fields => form.fields(),
            text,
            page,
            remember_device => view.remember_device,
            step_up => view.step_up,
        };
        let head = Head::of_form(frame, &own.title, form.is_refused());
        self.layout.render("second-factor.html", &head, v)
    }

    /// The confirmation page for a signed-in user without a second factor. The form sends `password` to the same page;
    /// the field `username` is for password managers.
    pub(crate) fn confirm_password(
        &self,
        frame: &Frame<'_>,
        page: &str,
        view: &ConfirmPasswordView<'_>,
    ) -> Result<Html> {
        let texts = self.texts(frame.language);
        let (own, common) = (&texts.second_factor, &texts.common);
        let (notice, error) = match view.notice {
            None => (None, None),
            Some(PasswordNotice::Empty) => (None, Some(common.no_password.as_str())),
            Some(PasswordNotice::Held(held)) => (Some(held.notice(texts, frame.language)), None),
            Some(PasswordNotice::Wrong) => (None, Some(own.wrong_password.as_str())),
        };
        let field = Field::new("password", Kind::Password, &common.password);
        let form = PageForm {
            notice,
            fields: vec![field.with_error(error)],
        };
        let v = context! {
            notice => form.notice(),
            fields => form.fields(),
            email => view.email,
            page,
        };
        let head = Head::of_form(frame, &own.confirm, form.is_refused());
        self.layout.render("confirm-password.html", &head, v)
    }

    /// The page before an authenticator app is set up. The form sends `step=enrol` to `second-factor`.
    pub(crate) fn begin_enrol(&self, frame: &Frame<'_>) -> Result<Html> {
        let head = Head::of_form(
            frame,
            self.texts(frame.language).second_factor.enrol.as_str(),
            false,
        );
        self.layout.render("begin-enrol.html", &head, context! {})
    }

    /// Setting up an authenticator app. The form sends `code` to `page`.
    pub(crate) fn enrol(
        &self,
        frame: &Frame<'_>,
        page: &str,
        view: &EnrolView<'_>,
    ) -> Result<Html> {
        let texts = self.texts(frame.language);
        let own = &texts.second_factor;
        let form = code_form(texts, frame.language, view.notice);
        let v = context! {
            notice => form.notice(),
            fields => form.fields(),
            qr => Value::from_safe_string(view.qr_svg.to_owned()),
            secret => view.secret_groups,
            page,
        };
        let head = Head::of_form(frame, &own.enrol, form.is_refused());
        self.layout.render("enrol.html", &head, v)
    }

    /// New recovery codes, which the reader can copy, print or download.
    pub(crate) fn recovery_codes(
        &self,
        frame: &Frame<'_>,
        view: &RecoveryCodesView<'_>,
    ) -> Result<Html> {
        // A recovery code consists of letters, digits and dashes, which need no encoding.
        let file = format!(
            "data:text/plain;charset=utf-8,{}%0A",
            view.codes.join("%0A")
        );
        let v = context! { codes => view.codes.iter().map(|code| Value::from(*code)).collect::<Vec<Value>>(), next => view.next, file };
        let head = Head {
            frame,
            title: &self.texts(frame.language).second_factor.codes,
            is_error: false,
            has_form: false,
            keep: None,
            is_wide: false,
        };
        self.layout.render("recovery-codes.html", &head, v)
    }
}

fn code_form(texts: &OwnTexts, language: Language, notice: Option<CodeNotice>) -> PageForm<'_> {
    let own = &texts.second_factor;
    let (notice, error) = match notice {
        None => (None, None),
        Some(CodeNotice::Busy) => (Some(Held::Busy.notice(texts, language)), None),
        Some(CodeNotice::Malformed) => (None, Some(texts.common.bad_code.as_str())),
        Some(CodeNotice::TooMany { seconds }) => {
            let notice = Notice::wait(&own.too_many, language, seconds);
            (Some(notice), None)
        }
        Some(CodeNotice::Wrong) => (None, Some(own.wrong.as_str())),
    };
    let field = Field::new("code", Kind::Code, &texts.common.code);
    PageForm {
        notice,
        fields: vec![field.with_error(error)],
    }
}
