//! The use cases of [`UserService`], each delegated to its feature. They need no import of the trait on an [`Auth`].

use async_trait::async_trait;

use super::Auth;
use crate::{
    error::Result,
    event::ClientInfo,
    secret::{AccessToken, OneTimeToken, Password, RefreshToken},
    service::{Login, Registration, UserService},
    sign_in::SignIn,
    token::{ActiveUser, TokenPair},
    user::{EmailAddress, Page, Role, User, UserQuery},
};

/// As the trait has them, without its import and without the box of a future. They pass by a
/// [wrapper](crate::AuthBuilder::wrap_service): [`Auth::service`] goes through it.
impl Auth {
    /// Makes an account, whatever the [`RegistrationMode`](crate::password::RegistrationMode): that closes the endpoint.
    ///
    /// # Errors
    /// [`ValidationFailed`](crate::ErrorKind::ValidationFailed), [`WeakPassword`](crate::ErrorKind::WeakPassword),
    /// [`EmailTaken`](crate::ErrorKind::EmailTaken), [`RateLimited`](crate::ErrorKind::RateLimited),
    /// [`Overloaded`](crate::ErrorKind::Overloaded), and
    /// [`Refused`](crate::ErrorKind::Refused) by a [hook](crate::hook::Hooks::before_registration).
    pub async fn register(&self, registration: Registration) -> Result<User> {
        self.parts.passwords.register(registration).await
    }

    /// Signs in with address and password.
    ///
    /// Who drops the future leaves the queue, and the attempt is taken back; a password that is being looked at by then is
    /// checked to its end, and what came of it written down.
    ///
    /// # Errors
    /// [`InvalidCredentials`](crate::ErrorKind::InvalidCredentials) for an unknown address, a wrong password and an
    /// account without one, in the same time; [`AccountDisabled`](crate::ErrorKind::AccountDisabled), and
    /// [`EmailNotVerified`](crate::ErrorKind::EmailNotVerified) where a verified address is required, after the right
    /// password only; [`ValidationFailed`](crate::ErrorKind::ValidationFailed) for a password that is too long to be
    /// one; [`TooManyAttempts`](crate::ErrorKind::TooManyAttempts) after too many failures, whatever the password;
    /// [`RateLimited`](crate::ErrorKind::RateLimited); [`Overloaded`](crate::ErrorKind::Overloaded); [`Refused`](crate::ErrorKind::Refused) by a
    /// [hook](crate::hook::Hooks::before_sign_in), after the right password only.
    pub async fn login(&self, login: Login) -> Result<SignIn> {
        self.parts.passwords.login(login).await
    }

    /// Exchanges a refresh token for the next pair.
    ///
    /// # Errors
    /// [`InvalidRefreshToken`](crate::ErrorKind::InvalidRefreshToken);
    /// [`RefreshTokenReused`](crate::ErrorKind::RefreshTokenReused) when this call ended the session because of it;
    /// [`RateLimited`](crate::ErrorKind::RateLimited).
    pub async fn refresh(&self, token: &RefreshToken, client: &ClientInfo) -> Result<TokenPair> {
        self.parts.sessions.refresh(token, client).await
    }

    /// Ends the session of a refresh token. A token that is not ours, or whose session is over, ends nothing.
    ///
    /// # Errors
    /// None of its own.
    pub async fn logout(&self, token: &RefreshToken, client: &ClientInfo) -> Result<()> {
        self.parts.sessions.logout(token, client).await
    }

    /// Ends every session of the caller, this one included.
    ///
    /// # Errors
    /// [`InvalidAccessToken`](crate::ErrorKind::InvalidAccessToken), also when the session is over.
    pub async fn logout_all(&self, token: &AccessToken, client: &ClientInfo) -> Result<()> {
        let caller = self.current_user(token).await?;
        self.parts.sessions.logout_all(&caller, client).await
    }

    /// Mails a link that sets a new password, if the address has an active account. Takes the same time if not.
    ///
    /// # Errors
    /// [`RateLimited`](crate::ErrorKind::RateLimited); [`Overloaded`](crate::ErrorKind::Overloaded).
    pub async fn forgot_password(&self, email: &EmailAddress, client: &ClientInfo) -> Result<()> {
        self.parts.passwords.forgot(email, client).await
    }

    /// Sets a new password with the token of such a link, and ends every session.
    ///
    /// # Errors
    /// [`InvalidToken`](crate::ErrorKind::InvalidToken) for an unknown, used or expired token;
    /// [`WeakPassword`](crate::ErrorKind::WeakPassword) without spending it;
    /// [`RateLimited`](crate::ErrorKind::RateLimited); [`Overloaded`](crate::ErrorKind::Overloaded).
    pub async fn reset_password(
        &self,
        token: &OneTimeToken,
        new_password: &Password,
        client: &ClientInfo,
    ) -> Result<()> {
        let passwords = &self.parts.passwords;
        passwords.reset(token, new_password, client).await
    }

    /// Who is calling, confirmed by the database.
    ///
    /// # Errors
    /// [`InvalidAccessToken`](crate::ErrorKind::InvalidAccessToken), also when the session is over.
    pub async fn current_user(&self, token: &AccessToken) -> Result<ActiveUser> {
        self.parts.sessions.current_user(token).await
    }

    /// Who is calling, confirmed by the database, with a role.
    ///
    /// # Errors
    /// As [`current_user`](Self::current_user), and [`Forbidden`](crate::ErrorKind::Forbidden) without the role.
    pub async fn require_role(&self, token: &AccessToken, role: &Role) -> Result<ActiveUser> {
        let caller = self.current_user(token).await?;
        caller.require_role(role)?;
        Ok(caller)
    }

    /// A page of users, newest first. Whether the caller may see them is the caller's to check.
    ///
    /// # Errors
    /// [`ValidationFailed`](crate::ErrorKind::ValidationFailed) for a limit out of range, and for a cursor that is
    /// not ours or belongs to another filter.
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

    async fn logout_all(&self, token: &AccessToken, client: &ClientInfo) -> Result<()> {
        Self::logout_all(self, token, client).await
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

    async fn current_user(&self, token: &AccessToken) -> Result<ActiveUser> {
        Self::current_user(self, token).await
    }

    async fn require_role(&self, token: &AccessToken, role: &Role) -> Result<ActiveUser> {
        Self::require_role(self, token, role).await
    }

    async fn list_users(&self, query: &UserQuery) -> Result<Page<User>> {
        Self::list_users(self, query).await
    }
}
