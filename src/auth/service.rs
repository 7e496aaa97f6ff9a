//! The use cases of [`UserService`] as methods of [`Auth`].

use async_trait::async_trait;

use super::Auth;
use crate::{
    error::Result,
    event::ClientInfo,
    secret::{OneTimeToken, Password, RefreshToken},
    service::{Login, Registration, UserService},
    sign_in::SignIn,
    token::{ActiveUser, Credential, TokenPair},
    user::{EmailAddress, Page, Role, User, UserQuery},
};

/// These methods mirror the trait, but callers need not import it, and the futures are not boxed. They bypass a
/// [wrapper](crate::AuthBuilder::wrap_service); calls to [`Auth::service`] go through it.
impl Auth {
    /// Creates an account regardless of the [`RegistrationMode`](crate::password::RegistrationMode), which applies only
    /// to the endpoint.
    ///
    /// # Errors
    /// The errors of [`UserService::register`].
    pub async fn register(&self, registration: Registration) -> Result<User> {
        self.parts.passwords.register(registration).await
    }

    /// Signs in with an email address and a password.
    ///
    /// # Errors
    /// The errors of [`UserService::login`].
    pub async fn login(&self, login: Login) -> Result<SignIn> {
        self.parts.passwords.login(login).await
    }

    /// Exchanges a refresh token for a new pair of tokens.
    ///
    /// # Errors
    /// The errors of [`UserService::refresh`].
    pub async fn refresh(&self, token: &RefreshToken, client: &ClientInfo) -> Result<TokenPair> {
        self.parts.sessions.refresh(token, client).await
    }

    /// Ends the session that a refresh token belongs to. Does nothing if this service did not issue the token, or its
    /// session has ended.
    ///
    /// # Errors
    /// The errors of [`UserService::logout`].
    pub async fn logout(&self, token: &RefreshToken, client: &ClientInfo) -> Result<()> {
        self.parts.sessions.logout(token, client).await
    }

    /// Ends all of the caller's sessions, including the current one.
    ///
    /// # Errors
    /// The errors of [`UserService::logout_all`].
    pub async fn logout_all(
        &self,
        credential: impl Into<Credential>,
        client: &ClientInfo,
    ) -> Result<()> {
        let caller = self.current_user(credential).await?;
        self.parts.sessions.logout_all(&caller, client).await
    }

    /// Emails a password-reset link, if the address has an active account. The call takes the same time in every case.
    ///
    /// # Errors
    /// The errors of [`UserService::forgot_password`].
    pub async fn forgot_password(&self, email: &EmailAddress, client: &ClientInfo) -> Result<()> {
        self.parts.passwords.forgot(email, client).await
    }

    /// Sets a new password with the token from a mailed link, and ends all of the user's sessions.
    ///
    /// # Errors
    /// The errors of [`UserService::reset_password`].
    pub async fn reset_password(
        &self,
        token: &OneTimeToken,
        new_password: &Password,
        client: &ClientInfo,
    ) -> Result<()> {
        self.parts
            .passwords
            .reset(token, new_password, client)
            .await
    }

    /// Verifies the access token or the cookie, and returns the caller as confirmed by the database.
    ///
    /// # Errors
    /// The errors of [`UserService::current_user`].
    pub async fn current_user(&self, credential: impl Into<Credential>) -> Result<ActiveUser> {
        self.parts.sessions.current_user(&credential.into()).await
    }

    /// Returns the caller as [`current_user`](Self::current_user) does, and fails if the caller
    /// lacks the role.
    ///
    /// # Errors
    /// The errors of [`UserService::require_role`].
    pub async fn require_role(
        &self,
        credential: impl Into<Credential>,
        role: &Role,
    ) -> Result<ActiveUser> {
        let caller = self.current_user(credential).await?;
        caller.require_role(role)?;
        Ok(caller)
    }

    /// A page of users, newest first. The calling code must check whether its caller may see them.
    ///
    /// # Errors
    /// The errors of [`UserService::list_users`].
    pub async fn list_users(&self, query: &UserQuery) -> Result<Page<User>> {
        self.parts.administration.list_users(query).await
    }
}

#[async_trait]
impl UserService for Auth {
    async fn register(&self, registration: Registration) -> Result<User> {
        Self::register(self, registration).await
    }

    async fn login(&self, login: Login) -> Result<SignIn> {
        Self::login(self, login).await
    }

    async fn refresh(&self, token: &RefreshToken, client: &ClientInfo) -> Result<TokenPair> {
        Self::refresh(self, token, client).await
    }

    async fn logout(&self, token: &RefreshToken, client: &ClientInfo) -> Result<()> {
        Self::logout(self, token, client).await
    }

    async fn logout_all(&self, credential: &Credential, client: &ClientInfo) -> Result<()> {
        Self::logout_all(self, credential.clone(), client).await
    }

    async fn forgot_password(&self, email: &EmailAddress, client: &ClientInfo) -> Result<()> {
        Self::forgot_password(self, email, client).await
    }

    async fn reset_password(
        &self,
        token: &OneTimeToken,
        new_password: &Password,
        client: &ClientInfo,
    ) -> Result<()> {
        Self::reset_password(self, token, new_password, client).await
    }

    async fn current_user(&self, credential: &Credential) -> Result<ActiveUser> {
        self.parts.sessions.current_user(credential).await
    }

    async fn require_role(&self, credential: &Credential, role: &Role) -> Result<ActiveUser> {
        Self::require_role(self, credential.clone(), role).await
    }

    async fn list_users(&self, query: &UserQuery) -> Result<Page<User>> {
        Self::list_users(self, query).await
    }
}
