//! `GET` and `POST /sign-in` and `/sign-out`, and the steps after the first factor.

use super::{
    super::{Held, SignInNotice, SignInView, SignOutView, SignedInAs, answer::Reply},
    Parts,
    asked::{Asked, Sender, SentSession, Visitor},
    forms::SignInForm,
};
#[cfg(feature = "oauth")]
use crate::feature::oauth::Issued;
use crate::{
    error::{Error, ErrorKind, Result, Violation},
    event::ClientInfo,
    http::{Form, Html, OwnOrigin, Problem},
    secret::SessionCookie,
    service::Login,
    sign_in::{
        SignIn,
        http::{NextStep, no_ticket},
    },
    token::SessionKind,
    user::EmailAddress,
};

pub(super) async fn show(parts: Parts, asked: Asked, Visitor(visitor): Visitor) -> Result<Reply> {
    let says = |name| asked.parameter(name).is_some();
    let notice = match asked.parameter("error") {
        Some(code) => Some(SignInNotice::Provider(code)),
        None if says("deleted") => Some(SignInNotice::Deleted),
        None if says("signed_out") => Some(SignInNotice::SignedOut),
        None if says("password_set") => Some(SignInNotice::PasswordSet),
        None if says("verified") => Some(SignInNotice::Verified),
        None if says("expired") => Some(SignInNotice::Expired),
        None => None,
    };
    let signed_in_as = visitor.as_ref().map(|visitor| SignedInAs {
        email: visitor.user.email.as_str(),
        user: visitor.user.id,
        next: asked.is_local().then(|| asked.next(parts.pages.start())),
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
    Sender { client, visitor }: Sender,
    Form(form): Form<SignInForm>,
) -> Result<Reply> {
    if form.is_continued {
        // Another user may have signed in since the page was shown.
        let visitor = visitor.filter(|visitor| visitor.user.id.to_string() == form.user);
        let Some(cookie) = visitor.and_then(|visitor| visitor.cookie) else {
            return Ok(Reply::see_other(asked.to("sign-in")));
        };
        let destination = parts.destination(&asked, &cookie, &client).await;
        return destination.map(Reply::see_other);
    }
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
    let mut login = Login::new(email, form.password.clone())
        .with_kind(SessionKind::browser(form.remember))
        .with_client(client.clone());
    login.on_every_device = !asked.is_local();
    match parts.service.login(login).await {
        Ok(sign_in) => parts.go_on(&asked, &sign_in, &client).await,
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
    let location = asked.to_with("sign-in", "signed_out");
    let gone = parts.cookies.end_session();
    let reply = Reply::see_other(location).with_cookies(gone);
    Ok(reply.with_cookies(no_ticket(parts.cookies)).forgetting())
}

impl Parts {
    fn sign_in_page(&self, asked: &Asked, view: SignInView<'_>) -> Result<Html> {
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
            ErrorKind::ValidationFailed => SignInNotice::Fields(error.violations()),
            ErrorKind::Refused => match error.refusal() {
                Some(refusal) => SignInNotice::Refused(refusal.detail()),
                None => SignInNotice::Held(Held::Busy),
            },
            _ => match Held::of(&error) {
                Some(held) => SignInNotice::Held(held),
                None => return Err(error),
            },
        };
        let notice = Some(notice);
        let page = self.sign_in_page(asked, SignInView { notice, ..view })?;
        Ok(Reply::refused(page, error))
    }

    /// Redirects to the next step of a sign-in, or to the user's destination.
    pub(super) async fn go_on(
        &self,
        asked: &Asked,
        sign_in: &SignIn,
        client: &ClientInfo,
    ) -> Result<Reply> {
        let (step, cookies) = sign_in.on_pages(self.cookies)?;
        let location = match step {
            NextStep::GoOn(cookie) => self.onward(asked, cookie, client).await,
            NextStep::SecondFactor => asked.to("second-factor"),
        };
        Ok(Reply::see_other(location).with_cookies(cookies))
    }

    /// The destination of a user who has just signed in. The sign-in page offers it again if the application cannot get
    /// a code now, so that the user stays signed in.
    pub(super) async fn onward(
        &self,
        asked: &Asked,
        cookie: &SessionCookie,
        client: &ClientInfo,
    ) -> String {
        self.destination(asked, cookie, client)
            .await
            .unwrap_or_else(|error| {
                let problem = Problem::from(error);
                problem.log();
                asked.to_with("sign-in", &format!("error={}", problem.code()))
            })
    }

    /// The destination of a signed-in user: the application that requested the sign-in, or a page on this origin.
    #[cfg_attr(
        not(feature = "oauth"),
        allow(clippy::unused_async, unused_variables, reason = "for applications")
    )]
    async fn destination(
        &self,
        asked: &Asked,
        cookie: &SessionCookie,
        client: &ClientInfo,
    ) -> Result<String> {
        #[cfg(feature = "oauth")]
        if let Some(app) = &asked.app {
            let issued = self.provider_sign_ins.issue(cookie, &app.new, client);
            return Ok(match issued.await? {
                Issued::At(url) => url,
                Issued::First(page) => asked.to(page),
            });
        }
        Ok(asked.next(self.pages.start()).to_owned())
    }
}
