//! The way in with address and password: register, log in, and set a new password by mail.
//!
//! ```text
//! register   hash ──────────────► INSERT user ──► User
//! login      SELECT credentials ► verify ► Proof ► sign_in ──► TokenPair
//! forgot     INSERT intent ─────► 202       (the worker mails the link)
//! reset      SELECT by token ───► hash ──► UPDATE user, sessions, tokens
//! ```
//!
//! No connection is held while a password is hashed.

#[cfg(feature = "http")]
pub(crate) mod http;
mod register;
mod reset;

use std::sync::Arc;

use crate::{
    clock::Clock,
    credential::{Hasher, PasswordCheck, PasswordContext, PasswordPolicy},
    delivery::Deliveries,
    error::Result,
    secret::Password,
    service::Login,
    sign_in::SignIn,
    store::Store,
    token::TokenPair,
    user::EmailAddress,
};

/// Who may make an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistrationMode {
    /// Anybody; an address that is taken is answered with 409.
    #[default]
    Open,
    /// Nobody: accounts are made in process.
    Closed,
}

/// The use cases of this folder. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    pub(crate) hasher: Hasher,
    pub(crate) check: PasswordCheck,
    pub(crate) policy: PasswordPolicy,
    pub(crate) registration: RegistrationMode,
    pub(crate) sign_in: SignIn,
    pub(crate) deliveries: Deliveries,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Passwords {
    pub(crate) async fn login(&self, store: &dyn Store, login: Login) -> Result<TokenPair> {
        let proof = self
            .check
            .check(store, &login.email, &login.password)
            .await?;
        self.sign_in.complete(store, proof, login.client).await
    }

    /// Refuses a new password that is short, common, or the address itself.
    fn check_policy(&self, member: &str, password: &Password, email: &EmailAddress) -> Result<()> {
        self.policy
            .check(member, password, &PasswordContext::new(Some(email)))
    }
}
