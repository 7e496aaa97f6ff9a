use std::sync::Arc;

use async_trait::async_trait;
use hallpass::{
    ActiveUser, Error, ErrorKind, Login, Registration, Result, SignIn, User, UserService,
    event::ClientInfo,
    secret::{OneTimeToken, Password, RefreshToken},
    token::{Credential, TokenPair},
    user::{EmailAddress, Page, Role, UserQuery},
};

/// Acts as the new password says.
#[derive(Debug)]
pub(super) struct Scripted(pub(super) Arc<dyn UserService>);

#[async_trait]
impl UserService for Scripted {
    async fn register(&self, registration: Registration) -> Result<User> {
        self.0.register(registration).await
    }

    async fn login(&self, login: Login) -> Result<SignIn> {
        self.0.login(login).await
    }

    async fn refresh(&self, token: &RefreshToken, client: &ClientInfo) -> Result<TokenPair> {
        self.0.refresh(token, client).await
    }

    async fn logout(&self, token: &RefreshToken, client: &ClientInfo) -> Result<()> {
        self.0.logout(token, client).await
    }

    async fn logout_all(&self, credential: &Credential, client: &ClientInfo) -> Result<()> {
        self.0.logout_all(credential, client).await
    }

    async fn forgot_password(&self, email: &EmailAddress, client: &ClientInfo) -> Result<()> {
        self.0.forgot_password(email, client).await
    }

    async fn reset_password(
        &self,
        token: &OneTimeToken,
        new_password: &Password,
        client: &ClientInfo,
    ) -> Result<()> {
        match new_password.expose() {
            "overloaded please" => Err(ErrorKind::Overloaded.into()),
            "unavailable please" => Err(ErrorKind::Unavailable.into()),
            "internal please" => Err(Error::internal("the source")),
            "never please" => std::future::pending().await,
            "panic please" => panic!("by design"),
            _ => self.0.reset_password(token, new_password, client).await,
        }
    }

    async fn current_user(&self, credential: &Credential) -> Result<ActiveUser> {
        self.0.current_user(credential).await
    }

    async fn require_role(&self, credential: &Credential, role: &Role) -> Result<ActiveUser> {
        self.0.require_role(credential, role).await
    }

    async fn list_users(&self, query: &UserQuery) -> Result<Page<User>> {
        self.0.list_users(query).await
    }
}
