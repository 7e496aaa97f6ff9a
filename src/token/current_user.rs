//! The caller that an access token identifies.

use std::sync::Arc;

use serde_json::{Map, Value};
use uuid::Uuid;

#[cfg(feature = "http")]
use super::ActiveUser;
use super::{AAL2, Methods, RECENT, SessionId};
use crate::{
    clock::Timestamp,
    error::{ErrorKind, Result},
    user::{Permission, Permissions, Role, Roles, UserId},
};

/// The caller that a verified access token identifies. The database was not queried, so the session
/// may have ended since.
///
/// A browser session cookie is always checked in the database. The claims are then those of the
/// session. The session identifier is also the token's own identifier, and the token expires when
/// the session does.
///
/// Cheap to clone. Where a logout must take effect immediately, use [`ActiveUser`](super::ActiveUser).
#[derive(Clone, Debug)]
pub struct CurrentUser(pub(super) Arc<Verified>);

#[derive(Debug)]
pub(super) struct Verified {
    pub(super) id: UserId,
    pub(super) session_id: SessionId,
    pub(super) token_id: Uuid,
    pub(super) roles: Roles,
    pub(super) permissions: Permissions,
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) authenticated_at: Timestamp,
    pub(super) methods: Methods,
    pub(super) acr: String,
    pub(super) others: Map<String, Value>,
}

impl CurrentUser {
    /// The caller of a browser session, which has no token.
    #[cfg(feature = "http")]
    pub(super) fn of_session(
        caller: &ActiveUser,
        permissions: Permissions,
        now: Timestamp,
    ) -> Self {
        let session = caller.session_id;
        Self(Arc::new(Verified {
            id: caller.user.id,
            session_id: session,
            token_id: session.as_uuid(),
            roles: caller.user.roles.clone(),
            permissions,
            issued_at: now,
            expires_at: caller.expires_at,
            authenticated_at: caller.second_factor_at.unwrap_or(caller.authenticated_at),
            methods: caller.methods.clone(),
            acr: caller.methods.acr().to_owned(),
            others: Map::new(),
        }))
    }

    /// The user: claim `sub`.
    #[must_use]
    pub fn id(&self) -> UserId {
        self.0.id
    }

    /// The session: claim `sid`.
    #[must_use]
    pub fn session_id(&self) -> SessionId {
        self.0.session_id
    }

    /// The token's own identifier: claim `jti`.
    #[must_use]
    pub fn token_id(&self) -> Uuid {
        self.0.token_id
    }

    /// The roles that the user had when the token was issued: claim `roles`.
    #[must_use]
    pub fn roles(&self) -> &Roles {
        &self.0.roles
    }

    /// Whether the user had the role when the token was issued.
    #[must_use]
    pub fn has_role(&self, role: &Role) -> bool {
        self.0.roles.contains(role)
    }

    /// Requires a role.
    ///
    /// # Errors
    /// [`Forbidden`](ErrorKind::Forbidden) if the user did not have the role when the token was issued.
    pub fn require_role(&self, role: &Role) -> Result<()> {
        demand(self.has_role(role))
    }

    /// The permissions when the token was issued: claim `permissions`. Empty unless the issuer writes them; see
    /// [`AuthBuilder::permissions_in_tokens`](crate::AuthBuilder::permissions_in_tokens).
    #[must_use]
    pub fn permissions(&self) -> &Permissions {
        &self.0.permissions
    }

    /// Whether the token contains the permission.
    #[must_use]
    pub fn has_permission(&self, permission: &Permission) -> bool {
        self.0.permissions.contains(permission)
    }

    /// Requires a permission.
    ///
    /// # Errors
    /// [`Forbidden`](ErrorKind::Forbidden) if the token does not contain it.
    pub fn require_permission(&self, permission: &Permission) -> Result<()> {
        demand(self.has_permission(permission))
    }

    /// When the token was issued: claim `iat`.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.0.issued_at
    }

    /// When the token expires: claim `exp`.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.0.expires_at
    }

    /// When the user last presented a credential in the session, in whole seconds: claim `auth_time`. In a session with
    /// two factors, this is the time of the last second factor. A refresh alone does not change this time. After
    /// `POST /auth/reauthenticate`, the tokens of the next refresh contain the new time.
    #[must_use]
    pub fn authenticated_at(&self) -> Timestamp {
        self.0.authenticated_at
    }

    /// The methods by which the user has authenticated in the session: claim `amr` (RFC 8176). Methods that this
    /// version does not recognise are ignored.
    #[must_use]
    pub fn methods(&self) -> &Methods {
        &self.0.methods
    }

    /// Requires that the user presented a second factor other than a recovery code, and last
    /// authenticated within the last 10 minutes, according to the token: claims `acr`, `amr` and
    /// `auth_time`.
    ///
    /// # Errors
    /// [`StepUpRequired`](ErrorKind::StepUpRequired) if the token does not meet this requirement.
    pub fn require_step_up(&self, now: Timestamp) -> Result<()> {
        let is_recent = now < self.0.authenticated_at + RECENT;
        if is_recent && self.0.acr == AAL2 && self.0.methods.are_strong() {
            Ok(())
        } else {
            Err(ErrorKind::StepUpRequired.into())
        }
    }

    /// The assurance level of the authentication: claim `acr`, which is `urn:hallpass:aal1` after one factor and
    /// `urn:hallpass:aal2` after two.
    #[must_use]
    pub fn acr(&self) -> &str {
        &self.0.acr
    }

    /// The claims that no other method returns.
    ///
    /// They never include `iss`, `sub`, `aud`, `client_id`, `exp`, `iat`, `nbf`, `jti`, `cnf`, `sid`, `auth_time`,
    /// `amr`, `acr`, `roles` or `permissions`.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        &self.0.others
    }

    /// One of [`claims`](Self::claims).
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.0.others.get(name)
    }
}

fn demand(met: bool) -> Result<()> {
    if met {
        Ok(())
    } else {
        Err(ErrorKind::Forbidden.into())
    }
}
