//! Address and password: register, log in, and set a new password by email.
//!
//! ```text
//! register   hash ──────────────► INSERT user ──► User
//! login      SELECT credentials ► verify ► Proof ► sign_in ──► SignIn
//!                                       └► FailedCheck ► INSERT event ──► 401
//! forgot     INSERT intent ─────► 202       (the worker mails the link)
//! reset      SELECT by token ───► hash ──► UPDATE user, sessions, tokens
//! ```
//!
//! No database connection is held while a password is hashed or the breach check runs.

#[cfg(feature = "http")]
pub(crate) mod http;
mod register;
mod reset;

pub use self::register::PreparedRegistration;
pub(crate) use self::register::Registered;

use std::{str::FromStr, sync::Arc};

use crate::{
    core::Core,
    credential::{
        CHECKS, Caller, CheckTicket, CheckedPassword, FailedCheck, FailureReason, Failures, Hasher,
        PasswordCheck, PasswordRules, overtaken,
    },
    error::Result,
    service::Login,
    sign_in::{Proof, SessionOpener, SignIn},
};

/// How users can register over HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistrationMode {
    /// Anyone may register. A registration with a taken address is answered with 409.
    #[default]
    Open,
    /// Anyone may register. The answer is always 202, so it does not reveal whether the address is taken. A new address
    /// receives the verification email; the owner of a taken address receives an email about the attempt. A sign-in
    /// with a provider creates an account only if the provider is trusted for the address and reports that the address
    /// is verified.
    Private,
    /// Only administrators create accounts over HTTP; [`UserService::register`](crate::UserService::register) creates
    /// accounts in process.
    Closed,
}

impl FromStr for RegistrationMode {
    type Err = UnknownRegistrationMode;

    /// Reads `open`, `private` or `closed`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "open" => Ok(Self::Open),
            "private" => Ok(Self::Private),
            "closed" => Ok(Self::Closed),
            _ => Err(UnknownRegistrationMode(())),
        }
    }
}

/// The error for a string that does not name a registration mode.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("expected open, private or closed")]
pub struct UnknownRegistrationMode(());

/// The use cases for accounts with an email address and a password. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    pub(crate) core: Arc<Core>,
    pub(crate) hasher: Hasher,
    pub(crate) check: PasswordCheck,
    pub(crate) failures: Failures,
    pub(crate) rules: PasswordRules,
    pub(crate) registration: RegistrationMode,
    /// Whether signing in requires a verified address.
    pub(crate) require_verified: bool,
    pub(crate) sign_in: SessionOpener,
}

impl Passwords {
    /// If the caller disconnects, the call leaves the queue. If a password check has already begun,
    /// its outcome is still recorded.
    pub(crate) async fn login(&self, login: Login) -> Result<SignIn> {
        let ticket = self.check.enter(&login.client).await?;
        let passwords = self.clone();
        Caller::outlived(|caller| async move {
            let ticket = ticket.for_caller(caller);
            passwords.attempt(login, ticket).await
        })
        .await
    }

    async fn attempt(&self, login: Login, mut ticket: CheckTicket) -> Result<SignIn> {
        for _ in 0..CHECKS {
            let (email, password) = (&login.email, &login.password);
            let checked = self
                .check
                .check(&mut ticket, email, password, &login.client);
            let checked = match checked.await? {
                Ok(checked) => checked,
                Err(failed) => return self.refuse(&login, failed).await,
            };
            let attempt = checked.attempt.clone();
            match self.open(&login, ticket.caller(), checked).await {
                Ok(Some(sign_in)) => return Ok(sign_in),
                // The account changed during the check, so the attempt does not count and the password is checked
                // again.
                Ok(None) => attempt.take_back().await,
                Err(error) => {
                    // The password was right, so the failed attempts are cleared, even though the
                    // sign-in fails for another reason.
                    attempt.clear().await?;
                    return Err(error);
                }
            }
        }
        Err(overtaken())
    }

    async fn open(
        &self,
        login: &Login,
        caller: &Caller,
        checked: CheckedPassword,
    ) -> Result<Option<SignIn>> {
        let user = &checked.user;
        if self.require_verified && user.email_verified_at.is_none() {
            let failed = FailedCheck::of(user.id, FailureReason::EmailNotVerified);
            return self.refuse(login, failed).await;
        }
        let proof = Proof::of_password(checked).on_every_device(login.on_every_device);
        let kind = login.kind;
        let opening = self.sign_in.complete(proof, kind, login.client.clone());
        caller.in_time(opening).await
    }

    /// Records a failed sign-in, and only then returns the error.
    async fn refuse<T>(&self, login: &Login, failed: FailedCheck) -> Result<T> {
        let Login { email, client, .. } = login;
        self.failures.record_sign_in(email, &failed, client).await?;
        Err(failed.into())
    }
}
