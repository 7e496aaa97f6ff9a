//! `GET` and `POST /sign-in` and `/sign-out`, and what follows a first proof.

use std::time::Duration;

use super::{
    super::{SignInNotice, SignInView, SignOutView, SignedInAs, answer::Reply},
    Parts,
    asked::{Asked, SentSession, Visitor},
    forms::SignInForm,
    seconds,
};
use crate::{
    error::{Error, ErrorKind, Result, Violation},
    event::ClientInfo,
    http::{Form, OwnOrigin, Problem},
    service::Login,
    sign_in::{SignIn, http::TICKET},
    token::{NewCookie, SessionKind},
    user::EmailAddress,
};

pub(super) async fn show(parts: Parts, asked: Asked, Visitor(visitor): Visitor) -> Result<Reply> {
    let says = |name| asked.parameter(name).is_some();
    let notice = match asked.parameter("error") {
        Some(code) => Some(SignInNotice::Provider(code)),
        None if says("signed_out") => Some(SignInNotice::SignedOut),
        None if says("password_set") => Some(SignInNotice::PasswordSet),
        None if says("verified") => Some(SignInNotice::Verified),
        None if says("expired") => Some(SignInNotice::Expired),
        None => None,
    };
    let signed_in_as = visitor.as_ref().map(|visitor| SignedInAs {
        email: visitor.user.email.as_str(),
        next: asked.next(parts.pages.start()),
    });
    let view = SignInView {
        email: asked.parameter("email").unwrap_or_default(),
        notice,
        signed_in_as,
        ..SignInView::default()
    };
    parts.sign_in_page(&asked, view).map(Reply::page)
}

pub(super) async fn sign_in(
    parts: Parts,
    asked: Asked,
    _: OwnOrigin,
    client: ClientInfo,
    Form(form): Form<SignInForm>,
) -> Result<Reply> {
    let mut violations = Vec::new();
    let email = form.email.parse::<EmailAddress>();
    if email.is_err() {
        violations.push(Violation::new("email", "invalid_email", ""));
    }
    if form.password.expose().is_empty() {
        violations.push(Violation::new("password", "required", ""));
    }
    let view = SignInView {
        email: &form.email,
        remember: form.remember,
        ..SignInView::default()
    };
    let (Ok(email), true) = (email, violations.is_empty()) else {
        let error = Error::validation(violations);
        return parts.refuse_sign_in(&asked, view, error);
    };
    let login = Login::new(email, form.password.clone())
        .with_kind(SessionKind::browser(form.remember))
        .with_client(client);
    match parts.service.login(login).await {
        Ok(sign_in) => parts.go_on(&asked, sign_in),
        Err(error) => parts.refuse_sign_in(&asked, view, error),
    }
}

pub(super) async fn ask_to_sign_out(
    parts: Parts,
    asked: Asked,
    Visitor(visitor): Visitor,
) -> Result<Reply> {
    let Some(visitor) = visitor else {
        return Ok(Reply::see_other(asked.to("sign-in")));
    };
    let email = visitor.user.email.as_str();
    let page = parts.pages.sign_out(&asked.frame(), &SignOutView { email });
    page.map(Reply::page)
}

pub(super) async fn sign_out(
    parts: Parts,
    asked: Asked,
    _: OwnOrigin,
    client: ClientInfo,
    SentSession(cookie): SentSession,
) -> Result<Reply> {
    if let Some(cookie) = cookie {
        parts.sessions.sign_out(&cookie, &client).await?;
    }
    let location = asked.to_with("sign-in", "signed_out", None);
    let gone = parts.cookies.end_session();
    let reply = Reply::see_other(location).with_cookies(gone);
    Ok(reply.with_cookies(parts.no_ticket()).forgetting())
}

impl Parts {
    fn sign_in_page(&self, asked: &Asked, view: SignInView<'_>) -> Result<crate::http::Html> {
        let providers: Vec<(&str, &str)> = self
            .providers
            .iter()
            .map(|(name, title)| (name.as_str(), title.as_str()))
            .collect();
        let view = SignInView {
            providers: &providers,
            may_register: !self.is_closed,
            ..view
        };
        self.pages.sign_in(&asked.frame(), &view)
    }

    fn refuse_sign_in(&self, asked: &Asked, view: SignInView<'_>, error: Error) -> Result<Reply> {
        let notice = match error.kind() {
            ErrorKind::AccountDisabled => SignInNotice::Disabled,
            ErrorKind::EmailNotVerified => SignInNotice::NotVerified,
            ErrorKind::InvalidCredentials => SignInNotice::Wrong,
            ErrorKind::Overloaded | ErrorKind::Unavailable => SignInNotice::Busy,
            ErrorKind::RateLimited => SignInNotice::RateLimited {
                seconds: seconds(&error),
            },
            ErrorKind::TooManyAttempts => SignInNotice::Locked {
                seconds: seconds(&error),
            },
            ErrorKind::ValidationFailed => SignInNotice::Fields(error.violations()),
            ErrorKind::Refused => match error.refusal() {
                Some(refusal) => SignInNotice::Refused(refusal.detail()),
                None => SignInNotice::Busy,
            },
            _ => return Err(error),
        };
        let notice = Some(notice);
        let page = self.sign_in_page(asked, SignInView { notice, ..view })?;
        let problem = Problem::from(error).to_response();
        Ok(Reply::page(page.in_place_of(&problem)))
    }

    /// Leads to the next step of a sign-in, or to the place where the user goes on.
    pub(super) fn go_on(&self, asked: &Asked, sign_in: SignIn) -> Result<Reply> {
        match sign_in {
            SignIn::Browser {
                session, device, ..
            } => {
                let NewCookie { value, max_age } = &session.cookie;
                let device = device.and_then(|token| self.cookies.set_device(&token));
                let session = self.cookies.set_session(value.expose(), *max_age);
                let next = asked.next(self.pages.start());
                Ok(Reply::see_other(next)
                    .with_cookies(session)
                    .with_cookies(device)
                    .with_cookies(self.no_ticket()))
            }
            SignIn::SecondFactor(challenge) => {
                let ticket = challenge.cookie(self.cookies);
                Ok(Reply::see_other(asked.to("second-factor")).with_cookies(ticket))
            }
            SignIn::Complete { .. } => {
                Err(Error::internal("a page has opened a session with tokens"))
            }
        }
    }

    /// The cookie that forgets the ticket.
    pub(super) fn no_ticket(&self) -> Option<::http::HeaderValue> {
        self.cookies.set(TICKET, "", Duration::ZERO)
    }
}
