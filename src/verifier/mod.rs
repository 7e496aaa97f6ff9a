//! Verifies access tokens from a service that runs elsewhere.
//!
//! A verifier needs only the keys that the service publishes; it needs neither a database nor a secret.
//!
//! ```text
//! request ── token ──► key by `kid` ── known ──► signature and claims ──► CurrentUser
//!                          └── unknown ──► fetch jwks.json, at most once a minute ──► key, or 401
//! ```
//!
//! Keys count as fresh for ten minutes, and are then fetched again in the background. While the
//! issuer is unreachable, the cached keys stay in use. Once the set has been fetched again, a
//! withdrawn key no longer verifies any token, including tokens that were seen before. Verification
//! fails with [`Unavailable`](crate::ErrorKind::Unavailable) only if no keys were ever fetched.
//!
//! A verifier sees only the token. The user may have logged out since the token was issued. Until
//! the token expires, it contains the roles that the user had when it was issued.

#[cfg(feature = "http")]
mod cookie;
mod fetch;
#[cfg(feature = "jwks-client")]
mod http_jwks;
mod remote;
mod source;

use std::sync::Arc;

#[cfg(feature = "http")]
pub(crate) use self::cookie::CheckCookie;
#[cfg(feature = "jwks-client")]
pub use self::http_jwks::HttpJwks;
pub use self::{fetch::FetchJwks, source::KeySource};
use self::{remote::Remote, source::Kind};
#[cfg(feature = "http")]
use crate::token::Credential;
use crate::{
    clock::{Clock, SystemClock},
    error::{Error, ErrorKind, Result},
    secret::AccessToken,
    token::{CurrentUser, TokenCheck, Tokens},
};

/// Verifies access tokens without a database. Cheap to clone.
///
/// [`Auth::verifier`](crate::Auth::verifier) returns a verifier for the tokens that an [`Auth`](crate::Auth) issues.
/// Another service builds a verifier from the keys that the issuer publishes.
///
/// ```
/// use hallpass::verifier::{Verifier, KeySource};
///
/// # fn verifier(jwks: &str) -> hallpass::Result<Verifier> {
/// let verifier = Verifier::builder(KeySource::document(jwks)?) // or KeySource::url, with feature `jwks-client`
///     .issuer("https://id.example.org")
///     .audience("notes")
///     .build()?;
/// # Ok(verifier)
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Verifier(Keys);

#[derive(Clone, Debug)]
enum Keys {
    Fixed(Arc<Fixed>),
    Own(Own),
    Remote(Arc<Remote>),
}

#[derive(Clone, Debug)]
struct Own {
    tokens: Tokens,
    #[cfg(feature = "http")]
    sessions: Arc<dyn CheckCookie>,
}

#[derive(Debug)]
struct Fixed {
    check: TokenCheck,
    clock: Arc<dyn Clock>,
}

impl Verifier {
    /// A builder for a verifier with this key source.
    pub fn builder(keys: KeySource) -> VerifierBuilder {
        VerifierBuilder {
            keys,
            issuer: None,
            audience: "hallpass".to_owned(),
            clock: Arc::new(SystemClock),
        }
    }

    /// A verifier for the tokens and cookies that this service itself issues.
    pub(crate) fn own(
        tokens: &Tokens,
        #[cfg(feature = "http")] sessions: &Arc<dyn CheckCookie>,
    ) -> Self {
        Self(Keys::Own(Own {
            tokens: tokens.clone(),
            #[cfg(feature = "http")]
            sessions: Arc::clone(sessions),
        }))
    }

    /// The claims of the presented credential. Checking a cookie takes one query.
    ///
    /// # Errors
    /// The errors of [`verify`](Self::verify).
    #[cfg(feature = "http")]
    pub(crate) async fn claims(&self, credential: &Credential) -> Result<CurrentUser> {
        match (credential, &self.0) {
            (Credential::AccessToken(token), _) => self.verify(token).await,
            (Credential::Cookie(cookie), Keys::Own(own)) => own.sessions.check(cookie).await,
            (Credential::Cookie(_), Keys::Fixed(_) | Keys::Remote(_)) => {
                Err(ErrorKind::InvalidAccessToken.into())
            }
        }
    }

    /// Whether cookies are accepted besides access tokens.
    #[cfg(any(feature = "axum", feature = "actix"))]
    pub(crate) fn credentials(&self) -> Option<&crate::http::CredentialRule> {
        match &self.0 {
            Keys::Own(own) => Some(own.sessions.credentials()),
            Keys::Fixed(_) | Keys::Remote(_) => None,
        }
    }

    /// Like [`CurrentUser::require_step_up`], with the current time from this verifier's clock.
    ///
    /// # Errors
    /// [`StepUpRequired`](ErrorKind::StepUpRequired).
    pub fn require_step_up(&self, caller: &CurrentUser) -> Result<()> {
        caller.require_step_up(match &self.0 {
            Keys::Fixed(fixed) => fixed.clock.now(),
            Keys::Own(own) => own.tokens.now(),
            Keys::Remote(remote) => remote.now(),
        })
    }

    /// Verifies an access token. Sends a request only if the token's key is unknown or the keys are old.
    ///
    /// # Errors
    /// [`InvalidAccessToken`](ErrorKind::InvalidAccessToken), or
    /// [`Unavailable`](ErrorKind::Unavailable) if no keys have been fetched yet.
    pub async fn verify(&self, token: &AccessToken) -> Result<CurrentUser> {
        let token = token.expose();
        match &self.0 {
            Keys::Fixed(fixed) => fixed
                .check
                .verify(token, fixed.clock.now())
                .map_err(|_| ErrorKind::InvalidAccessToken.into()),
            Keys::Own(own) => own.tokens.verify(token),
            Keys::Remote(remote) => remote.verify(token).await,
        }
    }
}

/// Builds a [`Verifier`]. The issuer is required; the rest has defaults.
#[derive(Debug)]
#[must_use]
pub struct VerifierBuilder {
    keys: KeySource,
    issuer: Option<String>,
    audience: String,
    clock: Arc<dyn Clock>,
}

impl VerifierBuilder {
    /// The `iss` claim: the public URL of the issuer, exactly as the issuer sends it. Required.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// The `aud` claim. Default: `hallpass`.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// The clock. Default: the operating system's clock.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Builds the verifier. The keys are first fetched when the first token is verified.
    ///
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration), which names the missing or empty setting.
    pub fn build(self) -> Result<Verifier> {
        let issuer = self.issuer.unwrap_or_default();
        for (name, value) in [("issuer", &issuer), ("audience", &self.audience)] {
            if value.is_empty() {
                return Err(Error::configuration(format!(
                    "the {name} of the tokens is required"
                )));
            }
        }
        let clock = self.clock;
        Ok(Verifier(match self.keys.0 {
            Kind::Document(keys) => Keys::Fixed(Arc::new(Fixed {
                check: TokenCheck::new(keys, issuer, self.audience),
                clock,
            })),
            Kind::Remote(fetch) => {
                Keys::Remote(Arc::new(Remote::new(fetch, issuer, self.audience, clock)))
            }
        }))
    }
}
