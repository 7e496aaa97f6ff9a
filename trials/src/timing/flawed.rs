//! Services that have one leak each, which the measurement must find.

use std::sync::Arc;

use async_trait::async_trait;
use hallpass::{
    ActiveUser, Error, ErrorKind, Login, Registration, Result, SignIn, User, UserService,
    error::Refusal,
    event::ClientInfo,
    secret::{OneTimeToken, Password, RefreshToken},
    store::Store,
    token::{Credential, TokenPair},
    user::{EmailAddress, Page, Role, UserQuery},
};

/// A leak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Nothing is hashed for an address without an account.
    NoDummyHash,
    /// Nothing is written to the outbox for an address without an account.
    NoDummyOrder,
    /// A lock is reported differently if the address has an account.
    RevealedLock,
    /// The parameters of the stored hash are not declared, which is a configuration flaw.
    UndeclaredParams,
}

/// A service with a leak. It always looks up the account, so that the lookup makes no difference.
#[derive(Debug)]
pub(crate) struct Flawed {
    pub(crate) inner: Arc<dyn UserService>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) flaw: Flaw,
}

impl Flawed {
    async fn is_known(&self, email: &EmailAddress) -> Result<bool> {
        Ok(self.store.credentials(email).await?.is_some())
    }
}

#[async_trait]
impl UserService for Flawed {
    async fn login(&self, login: Login) -> Result<SignIn> {
        let is_known = self.is_known(&login.email).await?;
        if self.flaw == Flaw::NoDummyHash && !is_known {
            return Err(ErrorKind::InvalidCredentials.into());
        }
        let reveal = |error: Error| match error.kind() {
            ErrorKind::TooManyAttempts if self.flaw == Flaw::RevealedLock && is_known => {
                Refusal::new("account_locked", "The account is locked.").into()
            }
            _ => error,
        };
        self.inner.login(login).await.map_err(reveal)
    }

    async fn forgot_password(&self, email: &EmailAddress, client: &ClientInfo) -> Result<()> {
        let is_known = self.is_known(email).await?;
        if self.flaw == Flaw::NoDummyOrder && !is_known {
            return Ok(());
        }
        self.inner.forgot_password(email, client).await
    }

    async fn register(&self, registration: Registration) -> Result<User> {
        self.inner.register(registration).await
    }

    async fn refresh(&self, token: &RefreshToken, client: &ClientInfo) -> Result<TokenPair> {
        self.inner.refresh(token, client).await
    }

    async fn logout(&self, token: &RefreshToken, client: &ClientInfo) -> Result<()> {
        self.inner.logout(token, client).await
    }

    async fn logout_all(&self, credential: &Credential, client: &ClientInfo) -> Result<()> {
        self.inner.logout_all(credential, client).await
    }

    async fn reset_password(
        &self,
        token: &OneTimeToken,
        new_password: &Password,
        client: &ClientInfo,
    ) -> Result<()> {
        self.inner.reset_password(token, new_password, client).await
    }

    async fn current_user(&self, credential: &Credential) -> Result<ActiveUser> {
        self.inner.current_user(credential).await
    }

    async fn require_role(&self, credential: &Credential, role: &Role) -> Result<ActiveUser> {
        self.inner.require_role(credential, role).await
    }

    async fn list_users(&self, query: &UserQuery) -> Result<Page<User>> {
        self.inner.list_users(query).await
    }
}
