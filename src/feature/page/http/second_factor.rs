//! `GET` and `POST /second-factor`: the second step of a sign-in, and the confirmation of a signed-in user.

use std::mem;

use super::{
    super::{
        CodeNotice, ConfirmPasswordView, EnrolView, Held, PasswordNotice, RecoveryCodesView,
        SecondFactorView, answer::Reply, frame::Frame, qr, seconds,
    },
    Parts,
    asked::{Asked, Sender, SentTicket, Visitor},
    forms::{SecondFactorForm, Step},
};
use crate::{
    error::{Error, ErrorKind, Result},
    event::ClientInfo,
    factor::{FactorId, RecoveryCode, TotpCode},
    http::{Form, Html, Problem},
    secret::Ticket,
    sign_in::{
        SecondFactor, SignIn,
        http::{TICKET, no_ticket},
    },
    token::{ActiveUser, ChallengePurpose, NewCookie, TICKET_LIFETIME},
};

const PAGE: &str = "second-factor";

pub(super) async fn show(
    parts: Parts,
    asked: Asked,
    SentTicket(ticket): SentTicket,
    Visitor(visitor): Visitor,
) -> Result<Reply> {
    if let Some((ticket, factor)) = &ticket
        && let Some(step) = parts.factors.step_of(ticket)
    {
        let page = parts.step_page(&asked, step, (ticket, *factor), None).await;
        return match page {
            Err(error) if error.kind() == ErrorKind::InvalidToken => Ok(parts.start_again(&asked)),
            page => page.map(Reply::page),
        };
    }
    match visitor {
        Some(visitor) => parts
            .confirmation_page(&asked.frame(), PAGE, &visitor, None)
            .map(Reply::page),
        None if ticket.is_some() => Ok(parts.start_again(&asked)),
        None => Ok(Reply::see_other(asked.to("sign-in"))),
    }
}

pub(super) async fn answer(
    parts: Parts,
    asked: Asked,
    Sender { client, visitor }: Sender,
    SentTicket(ticket): SentTicket,
    Form(form): Form<SecondFactorForm>,
) -> Result<Reply> {
    if let Some((ticket, factor)) = ticket
        && let Some(step) = parts.factors.step_of(&ticket)
    {
        return match form.step {
            Step::Enrol => parts.begin(&asked, &ticket).await,
            Step::Code => {
                let sent = (&ticket, factor);
                parts.complete(&asked, step, sent, &form, client).await
            }
        };
    }
    match visitor {
        Some(visitor) => parts.confirm(&asked, &visitor, &form, &client).await,
        None => Ok(parts.start_again(&asked)),
    }
}

/// A code as a user types it: six digits are from an app, everything else is a recovery code.
fn code(text: &str) -> Option<SecondFactor> {
    if let Ok(code) = text.parse::<TotpCode>() {
        return Some(SecondFactor::Totp(code));
    }
    let code = text.trim().parse::<RecoveryCode>().ok()?;
    Some(SecondFactor::RecoveryCode(code))
}

impl Parts {
    /// The page for the step that a ticket requires.
    async fn step_page(
        &self,
        asked: &Asked,
        step: ChallengePurpose,
        (ticket, factor): (&Ticket, Option<FactorId>),
        again: Option<(CodeNotice, bool)>,
    ) -> Result<Html> {
        let notice = again.map(|(notice, _)| notice);
        match (step, factor) {
            (ChallengePurpose::SecondFactor, _) => {
                let view = SecondFactorView {
                    totp: true,
                    recovery_code: true,
                    notice,
                    remember_device: again.is_some_and(|(_, remember)| remember),
                    ..SecondFactorView::default()
                };
                self.pages.second_factor(&asked.frame(), PAGE, &view)
            }
            (ChallengePurpose::Enrolment, None) => self.pages.begin_enrol(&asked.frame()),
            (ChallengePurpose::Enrolment, Some(id)) => {
                let secret = self.factors.pending(ticket, id).await?;
                let view = EnrolView {
                    qr_svg: &qr(secret.expose_uri())?,
                    secret_groups: &groups(secret.expose_base32()),
                    notice,
                };
                self.pages.enrol(&asked.frame(), PAGE, &view)
            }
        }
    }

    /// Begins the enrolment, and redirects to the page that shows it.
    async fn begin(&self, asked: &Asked, ticket: &Ticket) -> Result<Reply> {
        let secret = match self.factors.enrol(ticket).await {
            Ok(secret) => secret,
            Err(error) if error.kind() == ErrorKind::InvalidToken => {
                return Ok(self.start_again(asked));
            }
            Err(error) => return Err(error),
        };
        let value = format!("{}.{}", ticket.expose(), secret.id);
        let cookie = self.cookies.set(TICKET, &value, TICKET_LIFETIME);
        Ok(Reply::see_other(asked.to(PAGE)).with_cookies(cookie))
    }

    /// Completes a sign-in.
    async fn complete(
        &self,
        asked: &Asked,
        step: ChallengePurpose,
        sent: (&Ticket, Option<FactorId>),
        form: &SecondFactorForm,
        client: ClientInfo,
    ) -> Result<Reply> {
        let refuse = async |notice, error: Error| {
            let again = Some((notice, form.remember_device));
            let page = self.step_page(asked, step, sent, again).await?;
            Ok(Reply::refused(page, error))
        };
        let Some(shown) = code(&form.code) else {
            let error = Error::validation(Vec::new());
            return refuse(CodeNotice::Malformed, error).await;
        };
        let remember = form.remember_device;
        let answered = self
            .factors
            .answer_in_browser(sent.0, shown, remember, client.clone())
            .await;
        let mut sign_in = match answered {
            Ok(sign_in) => sign_in,
            Err(error) if error.kind() == ErrorKind::InvalidToken => {
                return Ok(self.start_again(asked));
            }
            Err(error) => {
                return match notice_of(&error) {
                    Some(notice) => refuse(notice, error).await,
                    None => Err(error),
                };
            }
        };
        let codes = match &mut sign_in {
            SignIn::Browser { recovery_codes, .. } => mem::take(recovery_codes),
            _ => Vec::new(),
        };
        if codes.is_empty() {
            return self.go_on(asked, &sign_in, &client).await;
        }
        let (_, cookies) = sign_in.on_pages(self.cookies)?;
        let codes: Vec<&str> = codes.iter().map(RecoveryCode::expose).collect();
        let view = RecoveryCodesView {
            codes: &codes,
            next: &match asked.is_local() {
                true => asked.next(self.pages.start()).to_owned(),
                false => asked.to("sign-in"),
            },
        };
        let page = self.pages.recovery_codes(&asked.frame(), &view)?;
        Ok(Reply::page(page).with_cookies(cookies))
    }

    /// The page on which a signed-in user presents a credential again. Its form is sent to `page`.
    pub(super) fn confirmation_page(
        &self,
        frame: &Frame<'_>,
        page: &str,
        visitor: &ActiveUser,
        error: Option<&Error>,
    ) -> Result<Html> {
        let email = visitor.user.email.as_str();
        if visitor.has_second_factor {
            let view = SecondFactorView {
                totp: true,
                notice: error.and_then(notice_of),
                step_up: Some(email),
                ..SecondFactorView::default()
            };
            return self.pages.second_factor(frame, page, &view);
        }
        let notice = error.and_then(password_notice);
        let view = ConfirmPasswordView { email, notice };
        self.pages.confirm_password(frame, page, &view)
    }

    /// Checks the credential of a signed-in user again. The session gets a new cookie, which is returned.
    pub(super) async fn check_again(
        &self,
        visitor: &ActiveUser,
        form: &SecondFactorForm,
        client: &ClientInfo,
    ) -> Result<Option<NewCookie>> {
        if visitor.has_second_factor {
            let Ok(code) = form.code.parse::<TotpCode>() else {
                return Err(Error::validation(Vec::new()));
            };
            return self.factors.reauthenticate(visitor, &code, client).await;
        }
        if form.password.expose().is_empty() {
            return Err(Error::validation(Vec::new()));
        }
        let accounts = &self.accounts;
        let checked = accounts.reauthenticate(visitor, &form.password, client);
        checked.await
    }

    /// The page shown for a refused confirmation.
    pub(super) fn refuse_again(
        &self,
        frame: &Frame<'_>,
        page: &str,
        visitor: &ActiveUser,
        error: Error,
    ) -> Result<Reply> {
        let has_ended = error.kind() == ErrorKind::InvalidAccessToken;
        if has_ended || Problem::from(error.kind()).status() == 500 {
            return Err(error);
        }
        let page = self.confirmation_page(frame, page, visitor, Some(&error))?;
        Ok(Reply::refused(page, error))
    }

    /// Checks the credential of a signed-in user again, and redirects to the user's destination.
    async fn confirm(
        &self,
        asked: &Asked,
        visitor: &ActiveUser,
        form: &SecondFactorForm,
        client: &ClientInfo,
    ) -> Result<Reply> {
        match self.check_again(visitor, form, client).await {
            Ok(renewed) => {
                let current = renewed.as_ref().map(|renewed| &renewed.value);
                let location = match current.or(visitor.cookie.as_ref()) {
                    Some(cookie) => self.onward(asked, cookie, client).await,
                    None => asked.to("sign-in"),
                };
                let cookie = renewed.and_then(|cookie| cookie.header(self.cookies));
                Ok(Reply::see_other(location).with_cookies(cookie))
            }
            Err(error) if error.kind() == ErrorKind::InvalidAccessToken => {
                Ok(Reply::see_other(asked.to("sign-in")))
            }
            Err(error) => self.refuse_again(&asked.frame(), PAGE, visitor, error),
        }
    }

    /// Redirects back to the sign-in page, because the second step took too long.
    fn start_again(&self, asked: &Asked) -> Reply {
        let location = asked.to_with("sign-in", "expired");
        Reply::see_other(location).with_cookies(no_ticket(self.cookies))
    }
}

/// The notice on a form that asks for a password, if the error has one.
fn password_notice(error: &Error) -> Option<PasswordNotice> {
    match error.kind() {
        ErrorKind::InvalidCredentials => Some(PasswordNotice::Wrong),
        ErrorKind::ValidationFailed => Some(PasswordNotice::Empty),
        _ => Held::of(error).map(PasswordNotice::Held),
    }
}

/// The notice on a form that asks for a code, if the error has one.
pub(super) fn notice_of(error: &Error) -> Option<CodeNotice> {
    match error.kind() {
        ErrorKind::InvalidCode => Some(CodeNotice::Wrong),
        ErrorKind::ValidationFailed => Some(CodeNotice::Malformed),
        ErrorKind::TooManyAttempts | ErrorKind::RateLimited => Some(CodeNotice::TooMany {
            seconds: seconds(error),
        }),
        ErrorKind::Overloaded | ErrorKind::Unavailable => Some(CodeNotice::Busy),
        _ => None,
    }
}

/// The key in groups of four, for typing.
pub(super) fn groups(base32: &str) -> String {
    let letters: Vec<char> = base32.chars().collect();
    let groups = letters.chunks(4).map(|group| group.iter().collect());
    groups.collect::<Vec<String>>().join(" ")
}
