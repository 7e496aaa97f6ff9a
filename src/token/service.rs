//! Issuing and verifying tokens.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value};

use super::{
    Authentication, CurrentUser, Methods, RECENT, RotateSession, SessionId, TokenLifetimes,
    access::AccessTokens, key::SigningKeys, refresh::RefreshKeys,
};
use crate::{
    clock::{Clock, Timestamp},
    error::{Error, ErrorKind, Result},
    secret::{AccessToken, RefreshToken, Secrets, TokenDigest},
    user::{Permissions, Role, RolePermissions, User},
};

/// The maximum number of bytes that the permissions may take in an access token.
const MAX_PERMISSIONS: usize = 4 * 1024;

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

/// A user whose session the database has just confirmed. The session has not ended, and the user is
/// not disabled.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a host's own service builds it")]
pub struct ActiveUser {
    /// The user as currently stored in the database.
    pub user: User,
    /// The session of the access token.
    pub session_id: SessionId,
    /// When the user last presented a credential in this session: at sign-in, or later by `POST /auth/reauthenticate`.
    /// A refresh does not change it.
    pub authenticated_at: Timestamp,
    /// How the user has authenticated in this session.
    pub methods: Methods,
    /// When the user last presented a second factor in this session; `None` if they never did.
    pub second_factor_at: Option<Timestamp>,
    /// Whether the user has a second factor now.
    pub has_second_factor: bool,
}

impl ActiveUser {
    /// Requires a role.
    ///
    /// # Errors
    /// [`Forbidden`](ErrorKind::Forbidden) if the user does not have the role.
    pub fn require_role(&self, role: &Role) -> Result<()> {
        if self.user.roles.contains(role) {
            Ok(())
        } else {
            Err(ErrorKind::Forbidden.into())
        }
    }

    /// Requires that the user presented a credential within the last 10 minutes.
    ///
    /// # Errors
    /// [`ReauthenticationRequired`](ErrorKind::ReauthenticationRequired) if the user last presented
    /// a credential more than 10 minutes ago.
    pub fn require_recent_sign_in(&self, now: Timestamp) -> Result<()> {
        if now < self.authenticated_at + RECENT {
            Ok(())
        } else {
            Err(ErrorKind::ReauthenticationRequired.into())
        }
    }

    /// Requires that the user has presented a second factor other than a recovery code in this
    /// session, and that the last second factor in it was presented within the last 10 minutes. A
    /// user without a second factor needs a recent sign-in instead.
    ///
    /// # Errors
    /// [`StepUpRequired`](ErrorKind::StepUpRequired) for a user with a second factor, otherwise
    /// [`ReauthenticationRequired`](ErrorKind::ReauthenticationRequired).
    pub fn require_step_up(&self, now: Timestamp) -> Result<()> {
        if self.has_second_factor && !self.methods.are_strong() {
            return Err(ErrorKind::StepUpRequired.into());
        }
        self.require_step_up_or_recovery(now)
    }

    /// Like [`require_step_up`](Self::require_step_up), but a user without a second factor passes.
    pub(crate) fn require_step_up_if_enrolled(&self, now: Timestamp) -> Result<()> {
        if self.has_second_factor {
            self.require_step_up(now)
        } else {
            Ok(())
        }
    }

    /// Like [`require_step_up`](Self::require_step_up), for changes of the second factors
    /// themselves. A recovery code suffices, because a user who presents one has lost the other
    /// factors.
    pub(crate) fn require_step_up_or_recovery(&self, now: Timestamp) -> Result<()> {
        if !self.has_second_factor {
            return self.require_recent_sign_in(now);
        }
        match self.second_factor_at {
            Some(at) if now < at + RECENT => Ok(()),
            _ => Err(ErrorKind::StepUpRequired.into()),
        }
    }
}

/// Access and refresh tokens, and the sessions they belong to. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Tokens(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    access: AccessTokens,
    refresh: RefreshKeys,
    lifetimes: TokenLifetimes,
    reuse_window: Duration,
    permissions: Option<Arc<RolePermissions>>,
    clock: Arc<dyn Clock>,
}

/// The configuration of tokens.
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

/// The first refresh token of a session, and when the session ends.
pub(crate) struct Opening {
    pub(crate) token: RefreshToken,
    pub(crate) digest: TokenDigest,
    pub(crate) idle_expires_at: Timestamp,
    pub(crate) absolute_expires_at: Timestamp,
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

    /// Prepares a session without storing it.
    pub(crate) fn open(&self, id: SessionId, now: Timestamp) -> Result<Opening> {
        let token = self
            .0
            .refresh
            .mint(id)
            .ok_or_else(|| Error::internal("there is no refresh key"))?;
        Ok(Opening {
            digest: TokenDigest::of(token.expose()),
            token,
            idle_expires_at: now + self.0.lifetimes.session_idle,
            absolute_expires_at: now + self.0.lifetimes.session_max,
        })
    }

    /// An access token of a session, with the claims that the hooks add.
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

    /// The token pair of a session that the store has opened or rotated.
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

    /// The session of a refresh token of any generation, if this service issued the token.
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

    /// The same exchange, at the current time.
    pub(crate) fn dated(&self, rotation: RotateSession) -> RotateSession {
        let now = self.now();
        RotateSession {
            now,
            idle_expires_at: now + self.0.lifetimes.session_idle,
            ..rotation
        }
    }
}

/// Checks that verifiers accept even the token of a user who has every role.
fn check_length(permissions: &Permissions) -> Result<()> {
    let length: usize = permissions.iter().map(|one| one.as_str().len() + 3).sum();
    if length > MAX_PERMISSIONS {
        return Err(Error::configuration(format!(
            "all permissions together take {length} bytes of a token, more than {MAX_PERMISSIONS}"
        )));
    }
    Ok(())
}
