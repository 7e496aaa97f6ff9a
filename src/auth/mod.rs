//! The handle an application holds.

mod assemble;
mod background;
mod builder;
#[cfg(feature = "http")]
pub mod endpoints;
pub mod guard;
#[cfg(feature = "http")]
mod health;
pub mod transaction;
mod use_cases;

use std::sync::Arc;

use async_trait::async_trait;

pub use self::builder::AuthBuilder;
use self::use_cases::UseCases;
use crate::{
    delivery::Deliveries,
    error::Result,
    event::ClientInfo,
    feature::{
        account::Accounts, admin::Administration, email_verification::EmailVerifications,
        lockout::Lockouts, session::Sessions,
    },
    hook::HookChain,
    limit::Budget,
    purge::Purges,
    secret::{AccessToken, OneTimeToken, Password, RefreshToken},
    service::{Login, Registration, UserService},
    store::Store,
    token::{ActiveUser, CurrentUser, TokenPair},
    trail::Trail,
    user::{EmailAddress, Page, Role, RolePermissions, User, UserQuery},
    verifier::Verifier,
};

/// Users and sessions of one application: the use cases, and what the routers and extractors stand on.
///
/// Cheap to clone; has no type parameters. It implements [`UserService`] for use in process.
///
/// ```
/// use hallpass::{Auth, Login, Registration, secret::Secret, UserService, mail::Mailbox, memory::MemoryStore};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let auth = Auth::builder()
///     .store(MemoryStore::new())
///     .secrets(Secret::generate())
///     .public_url("https://example.org")
///     .mailer(Mailbox::new())
///     .build()?;
///
/// let ann: hallpass::EmailAddress = "ann@example.org".parse().unwrap();
/// auth.register(Registration::new(ann.clone(), "a long enough password")).await?;
/// let tokens = auth.login(Login::new(ann, "a long enough password")).await?;
/// let caller = auth.current_user(&tokens.access_token).await?;
/// assert_eq!(caller.user.email.as_str(), "ann@example.org");
/// # Ok::<(), hallpass::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Auth(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    use_cases: UseCases,
    permissions: Arc<RolePermissions>,
    service: Arc<dyn UserService>,
    hooks: HookChain,
    accounts: Accounts,
    email_verifications: EmailVerifications,
    lockouts: Lockouts,
    #[cfg(feature = "oauth")]
    provider_sign_ins: crate::feature::oauth::ProviderSignIns,
    deliveries: Deliveries,
    purges: Purges,
    #[cfg(feature = "pages")]
    pages: Arc<crate::feature::page::Pages>,
    #[cfg(feature = "http")]
    cookies: crate::http::Cookies,
    #[cfg(feature = "http")]
    registration: crate::feature::password::RegistrationMode,
    #[cfg(feature = "http")]
    request_timeout: std::time::Duration,
}

impl Auth {
    /// Begins with the defaults.
    pub fn builder() -> AuthBuilder {
        AuthBuilder::default()
    }

    /// The use cases as the endpoints call them: wrapped, if the host wraps them.
    #[must_use]
    pub fn service(&self) -> Arc<dyn UserService> {
        Arc::clone(&self.0.service)
    }

    /// The store everything is kept in.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.use_cases.store
    }

    /// What signed-in users do with their own account.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.0.accounts
    }

    /// How users show that an address is theirs.
    #[must_use]
    pub fn email_verifications(&self) -> &EmailVerifications {
        &self.0.email_verifications
    }

    /// How users whose sign-in is locked get back in.
    #[must_use]
    pub fn lockouts(&self) -> &Lockouts {
        &self.0.lockouts
    }

    /// The sessions of signed-in users.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.0.use_cases.sessions
    }

    /// Counts a call of a client against a budget, as the endpoints do: for a door of the host's own, before it does anything
    /// that costs. The methods of `Auth` count by themselves.
    ///
    /// ```
    /// # async fn f(auth: &hallpass::Auth, client: &hallpass::event::ClientInfo) -> hallpass::Result<()> {
    /// use hallpass::limit::Budget;
    ///
    /// auth.admit(Budget::Register, client).await?;
    /// // ... an invitation is sent ...
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RateLimited`](crate::ErrorKind::RateLimited) if the client calls too often, [`Overloaded`](crate::ErrorKind::Overloaded)
    /// if too many wait to be counted, or [`Unavailable`](crate::ErrorKind::Unavailable) while the counters cannot be reached.
    pub async fn admit(&self, budget: Budget, client: &ClientInfo) -> Result<()> {
        let limits = &self.0.use_cases.limits;
        match budget {
            Budget::Default | Budget::Refresh => limits.admit_here(budget, client.ip).await,
            _ => {
                limits
                    .admit(self.store().as_ref(), budget, client, None)
                    .await
            }
        }
    }

    /// Verifies an access token without asking the database.
    ///
    /// # Errors
    /// [`InvalidAccessToken`](crate::ErrorKind::InvalidAccessToken).
    pub fn verify(&self, token: &AccessToken) -> Result<CurrentUser> {
        self.0.use_cases.tokens.verify(token.expose())
    }

    /// Verifies access tokens as [`verify`](Self::verify) does, where only a [`Verifier`] is asked for.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        Verifier::own(&self.0.use_cases.tokens)
    }

    /// Makes a verified administrator, unless there is an active one; `None` then, and nothing changes. An
    /// account that has the address already is left as it is, and a warning logged: anybody may have registered it.
    ///
    /// # Errors
    /// [`WeakPassword`](crate::ErrorKind::WeakPassword), or [`Unavailable`](crate::ErrorKind::Unavailable) while the
    /// database is away.
    pub async fn ensure_administrator(
        &self,
        email: EmailAddress,
        password: &Password,
    ) -> Result<Option<User>> {
        self.0
            .use_cases
            .passwords
            .ensure_administrator(email, password)
            .await
    }

    /// What administrators do to accounts.
    #[must_use]
    pub fn administration(&self) -> &Administration {
        &self.0.use_cases.administration
    }

    /// Sign-in with providers, and what signed-in users do with their identities there.
    #[cfg(feature = "oauth")]
    #[must_use]
    pub fn provider_sign_ins(&self) -> &crate::feature::oauth::ProviderSignIns {
        &self.0.provider_sign_ins
    }

    /// The public keys of access tokens as a JWK Set (RFC 7517).
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        self.0.use_cases.tokens.keys().jwks()
    }

    fn trail(&self) -> &Trail {
        &self.0.use_cases.passwords.trail
    }
}

#[async_trait]
impl UserService for Auth {
    async fn register(&self, registration: Registration) -> Result<User> {
        self.0.service.register(registration).await
    }

    async fn login(&self, login: Login) -> Result<TokenPair> {
        self.0.service.login(login).await
    }

    async fn refresh(&self, token: &RefreshToken, client: &ClientInfo) -> Result<TokenPair> {
        self.0.service.refresh(token, client).await
    }

    async fn logout(&self, token: &RefreshToken, client: &ClientInfo) -> Result<()> {
        self.0.service.logout(token, client).await
    }

    async fn logout_all(&self, token: &AccessToken, client: &ClientInfo) -> Result<()> {
        self.0.service.logout_all(token, client).await
    }

    async fn forgot_password(&self, email: &EmailAddress, client: &ClientInfo) -> Result<()> {
        self.0.service.forgot_password(email, client).await
    }

    async fn reset_password(
        &self,
        token: &OneTimeToken,
        new_password: &Password,
        client: &ClientInfo,
    ) -> Result<()> {
        self.0
            .service
            .reset_password(token, new_password, client)
            .await
    }

    async fn current_user(&self, token: &AccessToken) -> Result<ActiveUser> {
        self.0.service.current_user(token).await
    }

    async fn require_role(&self, token: &AccessToken, role: &Role) -> Result<ActiveUser> {
        self.0.service.require_role(token, role).await
    }

    async fn list_users(&self, query: &UserQuery) -> Result<Page<User>> {
        self.0.service.list_users(query).await
    }
}
