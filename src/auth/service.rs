//! The use cases of [`UserService`], each delegated to its feature.

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

#[async_trait]
impl UserService for Auth {
    async fn register(&self, registration: Registration) -> Result<User> {
        self.parts.passwords.register(registration).await
    }

    async fn login(&self, login: Login) -> Result<SignIn> {
        self.parts.passwords.login(login).await
    }

    async fn refresh(&self, token: &RefreshToken, client: &ClientInfo) -> Result<TokenPair> {
        self.parts.sessions.refresh(token, client).await
    }

    async fn logout(&self, token: &RefreshToken, client: &ClientInfo) -> Result<()> {
        self.parts.sessions.logout(token, client).await
    }

    async fn logout_all(&self, token: &AccessToken, client: &ClientInfo) -> Result<()> {
        let caller = self.current_user(token).await?;
        self.parts.sessions.logout_all(&caller, client).await
    }

    async fn forgot_password(&self, email: &EmailAddress, client: &ClientInfo) -> Result<()> {
        self.parts.passwords.forgot(email, client).await
    }

    async fn reset_password(
        &self,
        token: &OneTimeToken,
        new_password: &Password,
        client: &ClientInfo,
    ) -> Result<()> {
        let passwords = &self.parts.passwords;
        passwords.reset(token, new_password, client).await
    }

    async fn current_user(&self, token: &AccessToken) -> Result<ActiveUser> {
        self.parts.sessions.current_user(token).await
    }

    async fn require_role(&self, token: &AccessToken, role: &Role) -> Result<ActiveUser> {
        let caller = self.current_user(token).await?;
        caller.require_role(role)?;
        Ok(caller)
    }

    async fn list_users(&self, query: &UserQuery) -> Result<Page<User>> {
        self.parts.administration.list_users(query).await
    }
}
