//! The handle through which an application uses the library.

mod assemble;
pub mod background;
mod builder;
#[cfg(feature = "http")]
pub mod endpoints;
pub mod guard;
#[cfg(feature = "http")]
mod health;
mod service;
pub mod transaction;

use std::sync::Arc;

pub use self::builder::AuthBuilder;
#[cfg(feature = "http")]
use crate::verifier::CheckCookie;
use crate::{
    core::Core,
    error::Result,
    event::ClientInfo,
    feature::{
        account::Accounts, admin::Administration, email_verification::EmailVerifications,
        lockout::Lockouts, password::Passwords, safeguard::Safeguards, second_factor::Factors,
        session::Sessions,
    },
    limit::Budget,
    mail::Templates,
    purge::Purges,
    secret::{AccessToken, Password},
    service::UserService,
    store::Store,
    token::CurrentUser,
    trail::Trail,
    user::{EmailAddress, RolePermissions, User},
    verifier::Verifier,
};

/// Manages the users and sessions of one application. It provides the use cases, and is the state
/// for routers and extractors.
///
/// It is cheap to clone and has no type parameters. It implements [`UserService`] for in-process
/// use.
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
/// let ann: hallpass::user::EmailAddress = "ann@example.org".parse().unwrap();
/// auth.register(Registration::new(ann.clone(), "a long enough password")).await?;
/// let tokens = auth.login(Login::new(ann, "a long enough password")).await?.into_tokens()?;
/// let caller = auth.current_user(&tokens.access_token).await?;
/// assert_eq!(caller.user.email.as_str(), "ann@example.org");
/// # Ok::<(), hallpass::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Auth {
    parts: Arc<Parts>,
    /// The host's wrapper around the use cases, if there is one.
    wrapped: Option<Arc<dyn UserService>>,
}

#[derive(Debug)]
struct Parts {
    core: Arc<Core>,
    passwords: Passwords,
    sessions: Sessions,
    accounts: Accounts,
    email_verifications: EmailVerifications,
    lockouts: Lockouts,
    safeguards: Safeguards,
    factors: Factors,
    administration: Administration,
    #[cfg(feature = "oauth")]
    provider_sign_ins: crate::feature::oauth::ProviderSignIns,
    purges: Purges,
    permissions: Arc<RolePermissions>,
    #[cfg(feature = "pages")]
    pages: Arc<crate::feature::page::Pages>,
    /// The path of the public URL.
    #[cfg(feature = "pages")]
    base: Arc<str>,
    /// Checks session cookies for guards that check only the token's claims.
    #[cfg(feature = "http")]
    cookie_check: Arc<dyn CheckCookie>,
    #[cfg(feature = "http")]
    credentials: crate::http::CredentialRule,
    #[cfg(any(feature = "axum", feature = "actix"))]
    sign_in_pages: guard::SignInPages,
    #[cfg(feature = "http")]
    request_timeout: std::time::Duration,
}

impl Auth {
    /// A builder with the defaults.
    pub fn builder() -> AuthBuilder {
        AuthBuilder::default()
    }

    /// The use cases as the endpoints call them, with the host's [wrapper](AuthBuilder::wrap_service) if there is one.
    #[must_use]
    pub fn service(&self) -> Arc<dyn UserService> {
        self.wrapped
            .clone()
            .unwrap_or_else(|| Arc::new(self.clone()) as _)
    }

    /// The store that keeps all state.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.parts.core.store
    }

    /// The use cases with which signed-in users manage their own account.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.parts.accounts
    }

    /// The use cases for proving that an address belongs to the user.
    #[must_use]
    pub fn email_verifications(&self) -> &EmailVerifications {
        &self.parts.email_verifications
    }

    /// The use cases for second factors: enrolment, recovery codes, remembered devices, and the second step of a
    /// sign-in.
    #[must_use]
    pub fn factors(&self) -> &Factors {
        &self.parts.factors
    }

    /// The email templates as this service uses them, with its brand.
    #[must_use]
    pub fn letters(&self) -> &Templates {
        self.parts.core.deliveries.letters()
    }

    /// The use cases for lifting a lockout.
    #[must_use]
    pub fn lockouts(&self) -> &Lockouts {
        &self.parts.lockouts
    }

    /// The use case for the link in notices, which account owners follow if they did not make the change.
    #[must_use]
    pub fn safeguards(&self) -> &Safeguards {
        &self.parts.safeguards
    }

    /// The sessions of signed-in users.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.parts.sessions
    }

    /// Counts a client's call against a budget, as the endpoints do. Call it in the host's own endpoints, before any
    /// costly work. The methods of `Auth` count their own calls.
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
    /// [`RateLimited`](crate::ErrorKind::RateLimited) if the client calls too often,
    /// [`Overloaded`](crate::ErrorKind::Overloaded) if too many calls are waiting to be counted, or
    /// [`Unavailable`](crate::ErrorKind::Unavailable) while the counters cannot be reached.
    pub async fn admit(&self, budget: Budget, client: &ClientInfo) -> Result<()> {
        let limits = &self.parts.core.limits;
        match budget {
            Budget::Default | Budget::Refresh | Budget::SecondFactor => {
                limits.admit_here(budget, client.ip).await
            }
            _ => limits.admit(budget, None, client).await,
        }
    }

    /// Verifies an access token without querying the database.
    ///
    /// # Errors
    /// [`InvalidAccessToken`](crate::ErrorKind::InvalidAccessToken).
    pub fn verify(&self, token: &AccessToken) -> Result<CurrentUser> {
        self.parts.core.tokens.verify(token.expose())
    }

    /// A [`Verifier`] that verifies access tokens as [`verify`](Self::verify) does.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        Verifier::own(
            &self.parts.core.tokens,
            #[cfg(feature = "http")]
            &self.parts.cookie_check,
        )
    }

    /// Creates an administrator with a verified address. If there already is an active
    /// administrator, it returns `None` and changes nothing. If the address already has an account,
    /// that account is left unchanged and a warning is logged, because another person may have
    /// registered it.
    ///
    /// # Errors
    /// [`WeakPassword`](crate::ErrorKind::WeakPassword), or [`Unavailable`](crate::ErrorKind::Unavailable) while the
    /// database is unreachable.
    pub async fn ensure_administrator(
        &self,
        email: EmailAddress,
        password: &Password,
    ) -> Result<Option<User>> {
        self.parts
            .passwords
            .ensure_administrator(email, password)
            .await
    }

    /// The use cases for administrators.
    #[must_use]
    pub fn administration(&self) -> &Administration {
        &self.parts.administration
    }

    /// Provider sign-in, and the use cases with which signed-in users manage their identities at providers.
    #[cfg(feature = "oauth")]
    #[must_use]
    pub fn provider_sign_ins(&self) -> &crate::feature::oauth::ProviderSignIns {
        &self.parts.provider_sign_ins
    }

    /// The public keys that verify access tokens, as a JWK Set (RFC 7517).
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        self.parts.core.tokens.keys().jwks()
    }

    /// The same as [`service`](Self::service).
    #[cfg(feature = "http")]
    fn as_service(&self) -> &dyn UserService {
        self.wrapped.as_deref().unwrap_or(self)
    }

    fn trail(&self) -> &Trail {
        &self.parts.core.trail
    }
}
