//! Issuing and verifying tokens.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value};

use super::{
    ActiveUser, Authentication, CurrentUser, FORMER_COOKIE, NewCookie, PresentedCookie,
    RenewedCookie, RotateSession, SessionId, SessionKind, SessionUser, TokenLifetimes,
    access::AccessTokens,
    browser::{BrowserKeys, ParsedCookie, UNREMEMBERED},
    key::SigningKeys,
    refresh::RefreshKeys,
};
use crate::{
    clock::{Clock, Timestamp},
    error::{Error, ErrorKind, Result},
    secret::{AccessToken, RefreshToken, Secrets, SessionCookie, TokenDigest},
    user::{Permissions, RolePermissions, User, UserId},
};

/// The maximum number of bytes that the permissions may take in an access token.
const MAX_PERMISSIONS: usize = 4 * 1024;

/// The maximum interval between two updates of the idle expiry of a browser session in use.
const MAX_PAUSE: Duration = Duration::from_secs(300);

/// The tokens of one session, as a client receives them.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a host's own service builds it")]
pub struct TokenPair {
    /// For the `Authorization: Bearer` header.
    pub access_token: AccessToken,
    /// How long the access token is accepted.
    pub expires_in: Duration,
    /// The token that can be exchanged once for the next pair.
    pub refresh_token: RefreshToken,
    /// How long the refresh token can be exchanged.
    pub refresh_expires_in: Duration,
    /// The session of both tokens.
    pub session_id: SessionId,
}

/// Access and refresh tokens and the sessions that they belong to. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Tokens(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    access: AccessTokens,
    refresh: RefreshKeys,
    browser: BrowserKeys,
    lifetimes: TokenLifetimes,
    reuse_window: Duration,
    permissions: Option<Arc<RolePermissions>>,
    clock: Arc<dyn Clock>,
}

/// The token configuration.
pub(crate) struct TokenParts<'a> {
    pub(crate) keys: SigningKeys,
    pub(crate) secrets: &'a Secrets,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    /// The claim `client_id`.
    pub(crate) client_id: String,
    pub(crate) lifetimes: TokenLifetimes,
    /// The request timeout.
    pub(crate) request_timeout: Duration,
    /// The permissions to write into access tokens; `None` if they are not written.
    pub(crate) permissions: Option<Arc<RolePermissions>>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A cookie that replaces the presented one and the digests for the store.
pub(crate) struct Renewal {
    pub(crate) renewed: RenewedCookie,
    pub(crate) cookie: NewCookie,
}

/// A session's first secret and the time at which the session ends.
pub(crate) struct Opening {
    pub(crate) secret: OpenedAs,
    pub(crate) digest: TokenDigest,
    pub(crate) idle_expires_at: Timestamp,
    pub(crate) absolute_expires_at: Timestamp,
}

/// The session's first secret.
pub(crate) enum OpenedAs {
    Tokens(RefreshToken),
    Browser(NewCookie),
}

impl Tokens {
    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration) if a lifetime is out of range, or if there are too many
    /// permissions.
    pub(crate) fn new(parts: TokenParts<'_>) -> Result<Self> {
        let TokenParts { lifetimes, .. } = parts;
        lifetimes.check()?;
        if let Some(permissions) = &parts.permissions {
            check_length(&permissions.all())?;
        }
        Ok(Self(Arc::new(Inner {
            access: AccessTokens::new(
                parts.keys,
                parts.issuer,
                parts.audience,
                parts.client_id,
                lifetimes.access,
            ),
            refresh: RefreshKeys::new(parts.secrets),
            browser: BrowserKeys::new(parts.secrets),
            lifetimes,
            reuse_window: lifetimes.reuse_window(parts.request_timeout),
            permissions: parts.permissions,
            clock: parts.clock,
        })))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    pub(crate) fn keys(&self) -> &SigningKeys {
        self.0.access.keys()
    }

    /// Verifies an access token without a database query.
    pub(crate) fn verify(&self, access_token: &str) -> Result<CurrentUser> {
        self.0.access.verify(access_token, self.0.clock.now())
    }

    /// Prepares a session without storing it. Its maximum lifetime is counted from the authentication.
    pub(crate) fn open(
        &self,
        id: SessionId,
        user: UserId,
        kind: SessionKind,
        now: Timestamp,
        authenticated_at: Timestamp,
    ) -> Result<Opening> {
        let TokenLifetimes {
            session_idle: idle,
            session_max: mut max,
            ..
        } = self.0.lifetimes;
        let (digest, secret) = match kind {
            SessionKind::Tokens => {
                let token = self.0.refresh.mint(id);
                let token = token.ok_or_else(|| Error::internal("there is no refresh key"))?;
                (TokenDigest::of(token.expose()), OpenedAs::Tokens(token))
            }
            SessionKind::Browser { remember } => {
                if !remember {
                    max = max.min(UNREMEMBERED);
                }
                let value = self.0.browser.mint(id, user, remember).ok_or_else(no_key)?;
                let digest = TokenDigest::of(value.expose());
                let max_age = remember.then_some(max);
                (digest, OpenedAs::Browser(NewCookie { value, max_age }))
            }
        };
        Ok(Opening {
            digest,
            secret,
            idle_expires_at: now + idle,
            absolute_expires_at: authenticated_at + max,
        })
    }

    /// Whether this service has issued the cookie. Takes no query.
    #[cfg(feature = "http")]
    pub(crate) fn has_issued(&self, cookie: &str) -> bool {
        self.0.browser.parse(cookie).is_some()
    }

    /// The session and the user that a cookie names, if this service issued it.
    pub(crate) fn presented(&self, cookie: &SessionCookie) -> Option<PresentedCookie> {
        let parsed = self.0.browser.parse(cookie.expose())?;
        Some(PresentedCookie {
            session_id: parsed.session_id,
            user_id: parsed.user_id,
            digest: TokenDigest::of(cookie.expose()),
        })
    }

    /// The idle expiry of a browser session that is in use now; `None` if it need not be written yet. It is
    /// written at most once every five minutes, or once every tenth of the idle time if that is shorter.
    pub(crate) fn prolonged(&self, session: &SessionUser, now: Timestamp) -> Option<Timestamp> {
        let idle = self.0.lifetimes.session_idle;
        let pause = MAX_PAUSE.min(idle / 10);
        let prolonged = now + idle;
        (session.idle_expires_at + pause <= prolonged).then_some(prolonged)
    }

    /// The claims that an access token of the caller would carry now, except those of hooks.
    #[cfg(feature = "http")]
    pub(crate) fn claims_of(&self, caller: &ActiveUser) -> CurrentUser {
        let permissions = self.0.permissions.as_ref();
        let permissions = permissions.map(|granted| granted.of(&caller.user.roles));
        CurrentUser::of_session(caller, permissions.unwrap_or_default(), self.now())
    }

    /// The cookie after a reauthentication; `None` for a caller with an access token.
    pub(crate) fn renewal(&self, caller: &ActiveUser, now: Timestamp) -> Result<Option<Renewal>> {
        self.renewed(caller, now, ParsedCookie::successor)
    }

    /// The cookie after a password change, which does not depend on the presented one.
    pub(crate) fn replacement(
        &self,
        caller: &ActiveUser,
        now: Timestamp,
    ) -> Result<Option<Renewal>> {
        self.renewed(caller, now, ParsedCookie::replacement)
    }

    fn renewed(
        &self,
        caller: &ActiveUser,
        now: Timestamp,
        next: impl Fn(ParsedCookie) -> ParsedCookie,
    ) -> Result<Option<Renewal>> {
        let Some(cookie) = &caller.cookie else {
            return Ok(None);
        };
        let parsed = self.0.browser.parse(cookie.expose());
        let parsed = parsed.ok_or(ErrorKind::InvalidAccessToken)?;
        let value = self.0.browser.seal(&next(parsed)).ok_or_else(no_key)?;
        Ok(Some(Renewal {
            renewed: RenewedCookie {
                presented: TokenDigest::of(cookie.expose()),
                successor: TokenDigest::of(value.expose()),
                former_until: now + FORMER_COOKIE,
            },
            cookie: NewCookie {
                value,
                max_age: parsed.remember.then_some(self.0.lifetimes.session_max),
            },
        }))
    }

    /// An access token for a session, with the claims that the hooks add.
    pub(crate) fn access(
        &self,
        user: &User,
        authentication: &Authentication,
        claims: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<AccessToken> {
        let permissions = self
            .0
            .permissions
            .as_ref()
            .map(|granted| granted.of(&user.roles));
        self.0
            .access
            .issue(user, authentication, permissions.as_ref(), claims, now)
    }

    /// The token pair for a session that the store has opened or rotated.
    pub(crate) fn pair(
        &self,
        access_token: AccessToken,
        session_id: SessionId,
        refresh_token: RefreshToken,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> TokenPair {
        TokenPair {
            access_token,
            expires_in: self.0.access.lifetime(),
            refresh_token,
            refresh_expires_in: (expires_at - now).to_std().unwrap_or_default(),
            session_id,
        }
    }

    /// The session of a refresh token, whatever the token's generation, if this service issued the
    /// token.
    pub(crate) fn session_of(&self, refresh_token: &RefreshToken) -> Option<SessionId> {
        self.0
            .refresh
            .parse(refresh_token.expose())
            .map(|parsed| parsed.session_id)
    }

    /// The exchange of a refresh token at the current time, and its possible successors; `None` if
    /// this service did not issue the token.
    pub(crate) fn rotation(
        &self,
        refresh_token: &RefreshToken,
    ) -> Option<(RotateSession, Vec<(TokenDigest, RefreshToken)>)> {
        let parsed = self.0.refresh.parse(refresh_token.expose())?;
        let successors = self.0.refresh.successors(&parsed)?;
        let now = self.now();
        let rotation = RotateSession {
            id: parsed.session_id,
            generation: parsed.generation,
            presented: TokenDigest::of(refresh_token.expose()),
            successors: successors.iter().map(|(digest, _)| *digest).collect(),
            now,
            idle_expires_at: now + self.0.lifetimes.session_idle,
            grace: self.0.reuse_window,
        };
        Some((rotation, successors))
    }

    /// The same exchange, with its times set from the current time.
    pub(crate) fn dated(&self, rotation: RotateSession) -> RotateSession {
        let now = self.now();
        RotateSession {
            now,
            idle_expires_at: now + self.0.lifetimes.session_idle,
            ..rotation
        }
    }
}

fn no_key() -> Error {
    Error::internal("there is no key for cookies")
}

/// Checks that even the token of a user who has every role is short enough for verifiers to accept.
fn check_length(permissions: &Permissions) -> Result<()> {
    let length: usize = permissions.iter().map(|one| one.as_str().len() + 3).sum();
    if length > MAX_PERMISSIONS {
        return Err(Error::configuration(format!(
            "all permissions together take {length} bytes of a token, more than {MAX_PERMISSIONS}"
        )));
    }
    Ok(())
}
