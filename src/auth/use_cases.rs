//! The use cases, each delegated to its feature.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    admission::Limits,
    error::{ErrorKind, Result},
    event::ClientInfo,
    feature::{admin::Administration, password::Passwords, session::Sessions},
    secret::{AccessToken, OneTimeToken, Password, RefreshToken},
    service::{Login, Registration, UserService},
    store::Store,
    token::{ActiveUser, TokenPair, Tokens},
    user::{EmailAddress, Page, Role, User, UserQuery},
};

#[derive(Clone, Debug)]
pub(super) struct UseCases {
    pub(super) store: Arc<dyn Store>,
    pub(super) tokens: Tokens,
    pub(super) passwords: Passwords,
    pub(super) sessions: Sessions,
    pub(super) limits: Limits,
    pub(super) administration: Administration,
}

#[async_trait]
impl UserService for UseCases {
    async fn register(&self, registration: Registration) -> Result<User> {
        self.passwords.register(registration).await
    }

    async fn login(&self, login: Login) -> Result<TokenPair> {
        self.passwords.login(login).await
    }

    async fn refresh(&self, token: &RefreshToken, client: &ClientInfo) -> Result<TokenPair> {
        self.sessions.refresh(token, client).await
    }

    async fn logout(&self, token: &RefreshToken, client: &ClientInfo) -> Result<()> {
        self.sessions.logout(token, client).await
    }

    async fn logout_all(&self, token: &AccessToken, client: &ClientInfo) -> Result<()> {
        let caller = self.current_user(token).await?;
        self.sessions.logout_all(&caller, client).await
    }

    async fn forgot_password(&self, email: &EmailAddress, client: &ClientInfo) -> Result<()> {
        self.passwords.forgot(email, client).await
    }

    async fn reset_password(
        &self,
        token: &OneTimeToken,
        new_password: &Password,
        client: &ClientInfo,
    ) -> Result<()> {
        self.passwords.reset(token, new_password, client).await
    }

    async fn current_user(&self, token: &AccessToken) -> Result<ActiveUser> {
        let claims = self.tokens.verify(token.expose())?;
        let (session_id, now) = (claims.session_id(), self.tokens.now());
        let live = self
            .store
            .session_user(session_id, claims.id(), now)
            .await?;
        let live = live.ok_or(ErrorKind::InvalidAccessToken)?;
        Ok(ActiveUser {
            user: live.user,
            session_id,
            authenticated_at: live.authenticated_at,
        })
    }

    async fn require_role(&self, token: &AccessToken, role: &Role) -> Result<ActiveUser> {
        let caller = self.current_user(token).await?;
        caller.require_role(role)?;
        Ok(caller)
    }

    async fn list_users(&self, query: &UserQuery) -> Result<Page<User>> {
        self.administration.list_users(query).await
    }
}
