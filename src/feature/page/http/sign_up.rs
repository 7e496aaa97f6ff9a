//! `GET` and `POST /sign-up`, `/forgot-password` and `/check-mail`.

use chrono::TimeDelta;

use super::{
    super::{
        CheckMailView, ForgotNotice, ForgotView, Held, MailPurpose, SignUpNotice, SignUpView,
        answer::Reply,
    },
    Parts,
    asked::Asked,
    forms::{MailForm, SignUpForm},
};
use crate::{
    error::{Error, ErrorKind, Result, Violation},
    event::ClientInfo,
    http::{Form, Input, OwnOrigin, Problem, Request},
    percent,
    service::{Login, Registration},
    token::SessionKind,
    user::{EmailAddress, Locale},
};

/// How long a repeated sign-up is treated as the first one.
const SAME: TimeDelta = TimeDelta::seconds(60);

pub(super) async fn show(parts: Parts, asked: Asked) -> Result<Reply> {
    let view = SignUpView {
        email: asked.parameter("email").unwrap_or_default(),
        notice: parts.is_closed.then_some(SignUpNotice::Closed),
        ..SignUpView::default()
    };
    parts.pages.sign_up(&asked.frame(), &view).map(Reply::page)
}

/// The client, and the languages that its user prefers.
pub(super) struct Newcomer {
    client: ClientInfo,
    languages: String,
}

impl<S: Sync> Input<S> for Newcomer {
    async fn take(state: &S, request: &mut Request) -> Result<Self> {
        Ok(Self {
            client: ClientInfo::take(state, request).await?,
            languages: request.accept_language(),
        })
    }
}

pub(super) async fn sign_up(
    parts: Parts,
    asked: Asked,
    _: OwnOrigin,
    Newcomer { client, languages }: Newcomer,
    Form(form): Form<SignUpForm>,
) -> Result<Reply> {
    if parts.is_closed {
        return parts.refuse_sign_up(&asked, &form, ErrorKind::RegistrationClosed.into());
    }
    let Ok(email) = form.email.parse::<EmailAddress>() else {
        let violation = Violation::new("email", "invalid_email", "");
        return parts.refuse_sign_up(&asked, &form, Error::validation(vec![violation]));
    };
    let mut registration =
        Registration::new(email.clone(), form.password.clone()).with_client(client.clone());
    registration.display_name = form.display_name.clone();
    registration.locale = match asked.chosen.by_ui {
        true => Some(asked.chosen.language.locale()),
        false => Locale::accepted(&languages, &parts.locales).cloned(),
    };
    let is_private = parts.is_private;
    match parts.service.register(registration).await {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::EmailTaken => {
            if !is_private && !parts.is_repeated(&email, &form, &client).await? {
                return parts.refuse_sign_up(&asked, &form, error);
            }
        }
        Err(error) => return parts.refuse_sign_up(&asked, &form, error),
    }
    if is_private || parts.require_verified {
        return Ok(check_mail_at(&asked, &form.email, MailPurpose::SignUp));
    }
    let login = Login::new(email, form.password.clone())
        .with_kind(SessionKind::browser(false))
        .with_client(client.clone());
    match parts.service.login(login).await {
        Ok(sign_in) => parts.go_on(&asked, &sign_in, &client).await,
        Err(error) if Problem::from(error.kind()).status().is_server_error() => Err(error),
        // The account exists, so the sign-in says why this did not work.
        Err(_) => Ok(Reply::see_other(asked.to("sign-in"))),
    }
}

pub(super) async fn ask_for_link(parts: Parts, asked: Asked) -> Result<Reply> {
    let view = ForgotView {
        email: asked.parameter("email").unwrap_or_default(),
        ..ForgotView::default()
    };
    let page = parts.pages.forgot_password(&asked.frame(), &view);
    page.map(Reply::page)
}

pub(super) async fn forgot(
    parts: Parts,
    asked: Asked,
    _: OwnOrigin,
    client: ClientInfo,
    Form(form): Form<MailForm>,
) -> Result<Reply> {
    let email = &form.email;
    let ordered = parts.mail(email, MailPurpose::Forgot, &client).await;
    let Err(error) = ordered else {
        return Ok(check_mail_at(&asked, email, MailPurpose::Forgot));
    };
    let notice = match Held::of(&error) {
        Some(held) => ForgotNotice::Held(held),
        None if error.kind() == ErrorKind::ValidationFailed => ForgotNotice::BadEmail,
        None => return Err(error),
    };
    let notice = Some(notice);
    let view = ForgotView { email, notice };
    let page = parts.pages.forgot_password(&asked.frame(), &view)?;
    Ok(Reply::refused(page, error))
}

/// Shows that an email is on its way. Without an address, the visitor has to start again.
pub(super) async fn check_mail(parts: Parts, asked: Asked) -> Result<Reply> {
    let purpose = asked.parameter("purpose").and_then(MailPurpose::named);
    let email = asked.parameter("email");
    // The page shows no text but an address.
    let email = email.filter(|email| email.parse::<EmailAddress>().is_ok());
    let (Some(purpose), Some(email)) = (purpose, email) else {
        return Ok(Reply::see_other(asked.to("sign-in")));
    };
    let view = CheckMailView {
        email,
        purpose,
        held: None,
    };
    let page = parts.pages.check_mail(&asked.frame(), &view);
    page.map(Reply::page)
}

pub(super) async fn send_again(
    parts: Parts,
    asked: Asked,
    _: OwnOrigin,
    client: ClientInfo,
    Form(form): Form<MailForm>,
) -> Result<Reply> {
    let (email, purpose) = (&form.email, form.purpose.unwrap_or(MailPurpose::Resend));
    let Err(error) = parts.mail(email, purpose, &client).await else {
        return Ok(check_mail_at(&asked, email, purpose));
    };
    if error.kind() == ErrorKind::ValidationFailed {
        return Ok(Reply::see_other(asked.to(purpose.start())));
    }
    let held = Held::of(&error);
    if held.is_none() {
        return Err(error);
    }
    let view = CheckMailView {
        email,
        purpose,
        held,
    };
    let page = parts.pages.check_mail(&asked.frame(), &view)?;
    Ok(Reply::refused(page, error))
}

fn check_mail_at(asked: &Asked, email: &str, purpose: MailPurpose) -> Reply {
    let query = format!(
        "email={}&purpose={}",
        percent::encoded(email),
        purpose.as_str()
    );
    Reply::see_other(asked.to_with("check-mail", &query))
}

impl Parts {
    /// Requests an email, whether or not the address has an account.
    async fn mail(&self, email: &str, purpose: MailPurpose, client: &ClientInfo) -> Result<()> {
        let Ok(address) = email.parse::<EmailAddress>() else {
            let violation = Violation::new("email", "invalid_email", "");
            return Err(Error::validation(vec![violation]));
        };
        match purpose {
            MailPurpose::Forgot => self.service.forgot_password(&address, client).await,
            MailPurpose::Resend | MailPurpose::SignUp => {
                self.verifications.resend(&address, client).await
            }
        }
    }

    fn refuse_sign_up(&self, asked: &Asked, form: &SignUpForm, error: Error) -> Result<Reply> {
        let mut violations = Vec::new();
        let notice = match error.kind() {
            ErrorKind::EmailTaken => Some(SignUpNotice::Taken),
            ErrorKind::RegistrationClosed => Some(SignUpNotice::Closed),
            ErrorKind::Refused => error
                .refusal()
                .map(|refusal| SignUpNotice::Refused(refusal.detail())),
            ErrorKind::ValidationFailed | ErrorKind::WeakPassword => {
                violations = error.violations().to_vec();
                None
            }
            _ => match Held::of(&error) {
                Some(held) => Some(SignUpNotice::Held(held)),
                None => return Err(error),
            },
        };
        let view = SignUpView {
            email: &form.email,
            display_name: form.display_name.as_deref().unwrap_or_default(),
            violations: &violations,
            notice,
        };
        let page = self.pages.sign_up(&asked.frame(), &view)?;
        Ok(Reply::refused(page, error))
    }

    /// Whether the same sign-up succeeded a moment ago, because somebody clicked twice.
    async fn is_repeated(
        &self,
        email: &EmailAddress,
        form: &SignUpForm,
        client: &ClientInfo,
    ) -> Result<bool> {
        let core = &self.links.core;
        let Some(found) = core.store.credentials(email).await? else {
            return Ok(false);
        };
        if core.clock.now() - found.user.created_at >= SAME {
            return Ok(false);
        }
        let confirmation = &self.accounts.confirmation;
        let check = &confirmation.check;
        let checked = check.check_user(&found.user, &form.password, client);
        let Err(failed) = checked.await? else {
            return Ok(true);
        };
        let failures = &confirmation.failures;
        failures.record_sign_in(email, &failed, client).await?;
        Ok(false)
    }
}
