//! The sign-in and sign-out pages.

use minijinja::{Value, context};

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
    user::UserId,
};

/// The state of the sign-in page.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SignInView<'a> {
    pub(crate) email: &'a str,
    pub(crate) remember: bool,
    pub(crate) notice: Option<SignInNotice<'a>>,
    /// Each provider's name as used in URLs, and its display name.
    pub(crate) providers: &'a [(&'a str, &'a str)],
    pub(crate) may_register: bool,
    pub(crate) signed_in_as: Option<SignedInAs<'a>>,
}

/// A user who opens the sign-in page while already signed in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignedInAs<'a> {
    pub(crate) email: &'a str,
    pub(crate) user: UserId,
    /// The user's destination; `None` if a form requests it with `step=continue` and `user`.
    pub(crate) next: Option<&'a str>,
}

/// The notice above the sign-in form.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SignInNotice<'a> {
    /// The user has deleted the account.
    Deleted,
    Disabled,
    /// The second step took too long.
    Expired,
    /// The violations of `/email` and `/password`.
    Fields(&'a [Violation]),
    Held(Held),
    NotVerified,
    PasswordSet,
    /// The code of an error from a sign-in with a provider.
    Provider(&'a str),
    /// The message with which the host refused the sign-in.
    Refused(&'a str),
    SignedOut,
    Verified,
    Wrong,
}

/// The state of the page that asks whether to sign out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignOutView<'a> {
    pub(crate) email: &'a str,
}

impl Pages {
    /// `sign-in`.
    ///
    /// The form sends `email`, `password` and `remember` (`true`, or absent). The button of
    /// [`NotVerified`](SignInNotice::NotVerified) sends `email` and `purpose=resend` to `check-mail`; the button of
    /// [`SignedInAs`] submits an empty form to `sign-out`. If an application requested the sign-in, a second button
    /// sends `step=continue` and `user` to `sign-in`.
    pub(crate) fn sign_in(&self, frame: &Frame<'_>, view: &SignInView<'_>) -> Result<Html> {
        let texts = self.texts(frame.language);
        let own = &texts.sign_in;
        let common = &texts.common;
        let alarm = |note| Some(Notice::alarm(note));
        let forgot = frame.to("forgot-password");
        let mut violations: &[Violation] = &[];
        let notice = match view.notice {
            None => None,
            Some(SignInNotice::Deleted) => Some(Notice::good(&texts.account.saved.deleted)),
            Some(SignInNotice::Disabled) => alarm(&own.disabled),
            Some(SignInNotice::Expired) => alarm(&own.expired),
            Some(SignInNotice::Fields(found)) => {
                violations = found;
                None
            }
            Some(SignInNotice::Held(held)) => Some(held.notice(texts, frame.language)),
            Some(SignInNotice::NotVerified) => alarm(&own.not_verified),
            Some(SignInNotice::PasswordSet) => Some(Notice::good(&own.password_set)),
            Some(SignInNotice::Provider(code)) => alarm(match code {
                "access_denied" => &own.provider_cancelled,
                "account_disabled" => &own.disabled,
                "email_not_verified" => &own.provider_unverified,
                "link_required" | "identity_taken" => &own.link_required,
                "overloaded" | "rate_limited" | "unavailable" => &common.busy,
                "registration_closed" => &texts.sign_up.closed,
                _ => &own.provider_failed,
            }),
            Some(SignInNotice::Refused(text)) => Some(Notice::refused(texts, text)),
            Some(SignInNotice::SignedOut) => Some(Notice::good(&own.signed_out)),
            Some(SignInNotice::Verified) => Some(Notice::good(&own.verified)),
            Some(SignInNotice::Wrong) => Some(Notice::with_links(&own.wrong, &[&forgot])),
        };
        let email = Field::email(texts, view.email).with_violations(texts, violations);
        let password = Field::new("password", Kind::Password, &common.password)
            .with_violations(texts, violations);
        let form = PageForm {
            notice,
            fields: vec![email, password],
        };
        let form = form.settled(texts);
        let providers = view.providers.iter();
        let signed_in_as = view.signed_in_as.map(
            |own| context! { email => own.email, user => own.user.to_string(), next => own.next },
        );
        let v = context! {
            notice => form.notice(),
            fields => form.fields(),
            email => view.email,
            remember => view.remember,
            resend => matches!(view.notice, Some(SignInNotice::NotVerified)),
            providers => providers.map(|(name, shown)| context! { name => *name, shown => *shown }).collect::<Vec<Value>>(),
            may_register => view.may_register,
            signed_in_as,
            app => frame.leads_to.map(|source| source.trim_end_matches(':')),
        };
        let head = Head::of_form(frame, &own.title, form.is_refused());
        self.layout.render("sign-in.html", &head, v)
    }

    /// `sign-out`. The form sends nothing.
    pub(crate) fn sign_out(&self, frame: &Frame<'_>, view: &SignOutView<'_>) -> Result<Html> {
        let title = self.texts(frame.language).sign_in.sign_out.as_str();
        let head = Head::of_form(frame, title, false);
        let v = context! { email => view.email };
        self.layout.render("sign-out.html", &head, v)
    }
}
