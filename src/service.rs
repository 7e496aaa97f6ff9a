//! The use cases as one object-safe trait.

#[cfg(feature = "http")]
pub(crate) mod http;

use async_trait::async_trait;

use crate::{
    error::Result,
    event::ClientInfo,
    secret::{OneTimeToken, Password, RefreshToken},
    sign_in::SignIn,
    token::{ActiveUser, Credential, SessionKind, TokenPair},
    user::{EmailAddress, Locale, Page, Role, User, UserQuery},
};

/// Users and their sessions, as use cases.
///
/// [`Auth`](crate::Auth) implements this trait, and endpoints and guards call it. A host may wrap
/// it ([`AuthBuilder::wrap_service`](crate::AuthBuilder::wrap_service)) to log, count or extend
/// calls. Other entry points bypass the wrapper, so use a [hook](crate::hook::Hooks) to refuse a
/// registration or a sign-in.
///
/// Every method fails with [`Unavailable`](crate::ErrorKind::Unavailable) while the database is unreachable.
#[async_trait]
pub trait UserService: std::fmt::Debug + Send + Sync {
    /// Creates an account regardless of the [`RegistrationMode`](crate::password::RegistrationMode), which applies only
    /// to the endpoint.
    ///
    /// # Errors
    /// [`ValidationFailed`](crate::ErrorKind::ValidationFailed),
    /// [`WeakPassword`](crate::ErrorKind::WeakPassword),
    /// [`EmailTaken`](crate::ErrorKind::EmailTaken),
    /// [`RateLimited`](crate::ErrorKind::RateLimited),
    /// [`Overloaded`](crate::ErrorKind::Overloaded), and [`Refused`](crate::ErrorKind::Refused) if
    /// a [hook](crate::hook::Hooks::before_registration) refuses.
    async fn register(&self, registration: Registration) -> Result<User>;

    /// Signs in with an email address and a password.
    ///
    /// If the future is dropped, the call leaves the queue and the attempt is taken back. A
    /// password check that has begun runs to completion, and its outcome is recorded.
    ///
    /// # Errors
    /// [`InvalidCredentials`](crate::ErrorKind::InvalidCredentials) for an unknown address, a wrong
    /// password, and an account without a password, all in the same time. Only if the password was
    /// right: [`AccountDisabled`](crate::ErrorKind::AccountDisabled);
    /// [`EmailNotVerified`](crate::ErrorKind::EmailNotVerified) if a verified address is required;
    /// [`Refused`](crate::ErrorKind::Refused) if a [hook](crate::hook::Hooks::before_sign_in)
    /// refuses. In other cases: [`ValidationFailed`](crate::ErrorKind::ValidationFailed) for a
    /// password that is too long; [`TooManyAttempts`](crate::ErrorKind::TooManyAttempts) after too
    /// many failures, even with the right password; [`RateLimited`](crate::ErrorKind::RateLimited);
    /// [`Overloaded`](crate::ErrorKind::Overloaded).
    async fn login(&self, login: Login) -> Result<SignIn>;

    /// Exchanges a refresh token for a new pair of tokens.
    ///
    /// # Errors
    /// [`InvalidRefreshToken`](crate::ErrorKind::InvalidRefreshToken);
    /// [`RefreshTokenReused`](crate::ErrorKind::RefreshTokenReused) if the token had already been
    /// used, in which case this call ends the session;
    /// [`RateLimited`](crate::ErrorKind::RateLimited).
    async fn refresh(&self, token: &RefreshToken, client: &ClientInfo) -> Result<TokenPair>;

    /// Ends the session that a refresh token belongs to. A token that this service did not issue, or whose session has
    /// ended, has no effect.
    ///
    /// # Errors
    /// None, except [`Unavailable`](crate::ErrorKind::Unavailable).
    async fn logout(&self, token: &RefreshToken, client: &ClientInfo) -> Result<()>;

    /// Ends all of the caller's sessions, including the current one.
    ///
    /// # Errors
    /// [`InvalidAccessToken`](crate::ErrorKind::InvalidAccessToken) if the credential is invalid or
    /// its session has ended.
    async fn logout_all(&self, credential: &Credential, client: &ClientInfo) -> Result<()>;

    /// Emails a password-reset link, if the address has an active account. The call takes the same time in every case.
    ///
    /// # Errors
    /// [`RateLimited`](crate::ErrorKind::RateLimited); [`Overloaded`](crate::ErrorKind::Overloaded).
    async fn forgot_password(&self, email: &EmailAddress, client: &ClientInfo) -> Result<()>;

    /// Sets a new password with the token from a mailed link, and ends all of the user's sessions.
    ///
    /// # Errors
    /// [`InvalidToken`](crate::ErrorKind::InvalidToken) for an unknown, used or expired token;
    /// [`WeakPassword`](crate::ErrorKind::WeakPassword), which does not use up the token;
    /// [`RateLimited`](crate::ErrorKind::RateLimited); [`Overloaded`](crate::ErrorKind::Overloaded).
    async fn reset_password(
        &self,
        token: &OneTimeToken,
        new_password: &Password,
        client: &ClientInfo,
    ) -> Result<()>;

    /// Verifies the access token or the cookie, and returns the caller as confirmed by the database.
    ///
    /// # Errors
    /// [`InvalidAccessToken`](crate::ErrorKind::InvalidAccessToken) if the credential is invalid or
    /// its session has ended.
    async fn current_user(&self, credential: &Credential) -> Result<ActiveUser>;

    /// Returns the caller as [`current_user`](Self::current_user) does, and fails if the caller
    /// lacks the role.
    ///
    /// # Errors
    /// The errors of [`current_user`](Self::current_user), and
    /// [`Forbidden`](crate::ErrorKind::Forbidden) without the role.
    async fn require_role(&self, credential: &Credential, role: &Role) -> Result<ActiveUser>;

    /// A page of users, newest first. The calling code must check whether its caller may see the
    /// users.
    ///
    /// # Errors
    /// [`ValidationFailed`](crate::ErrorKind::ValidationFailed) for a limit out of range, an
    /// invalid cursor, or a cursor for another filter.
    async fn list_users(&self, query: &UserQuery) -> Result<Page<User>>;
}

/// An account to be created.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Registration {
    /// The address.
    pub email: EmailAddress,
    /// The password.
    pub password: Password,
    /// The display name: at most 200 code points, no control characters.
    pub display_name: Option<String>,
    /// The language for emails to the user; English by default.
    pub locale: Option<Locale>,
    /// The client.
    pub client: ClientInfo,
}

impl Registration {
    /// An account with this address and password.
    pub fn new(email: EmailAddress, password: impl Into<Password>) -> Self {
        Self {
            email,
            password: password.into(),
            display_name: None,
            locale: None,
            client: ClientInfo::default(),
        }
    }

    /// Sets the language for emails to the user.
    #[must_use]
    pub fn with_locale(mut self, locale: Locale) -> Self {
        self.locale = Some(locale);
        self
    }

    /// Sets the display name.
    #[must_use]
    pub fn with_display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(name.into());
        self
    }

    /// Sets the client.
    #[must_use]
    pub fn with_client(mut self, client: ClientInfo) -> Self {
        self.client = client;
        self
    }
}

/// A sign-in with an email address and a password.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Login {
    /// The address.
    pub email: EmailAddress,
    /// The password.
    pub password: Password,
    /// The kind of session; a session with tokens by default.
    pub kind: SessionKind,
    /// The client, which the session records.
    pub client: ClientInfo,
    /// Whether the second factor is required on remembered devices too. A sign-in for an application needs this
    /// setting, and only a challenge accepts a recovery code.
    pub(crate) on_every_device: bool,
}

impl Login {
    /// A sign-in with this address and password, from an unknown client.
    pub fn new(email: EmailAddress, password: impl Into<Password>) -> Self {
        Self {
            email,
            password: password.into(),
            kind: SessionKind::Tokens,
            client: ClientInfo::default(),
            on_every_device: false,
        }
    }

    /// Opens a session of this kind.
    #[must_use]
    pub fn with_kind(mut self, kind: SessionKind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets the client.
    #[must_use]
    pub fn with_client(mut self, client: ClientInfo) -> Self {
        self.client = client;
        self
    }
}
