//! The caller that the database has confirmed.

use super::{Methods, RECENT, SessionId, SessionUser};
use crate::{
    clock::Timestamp,
    error::{ErrorKind, Result},
    secret::SessionCookie,
    user::{Role, User},
};

/// A user whose session the database has just confirmed. The session has not ended, and the user is
/// not disabled.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a host's own service builds it")]
pub struct ActiveUser {
    /// The user as currently stored in the database.
    pub user: User,
    /// The access token's or the cookie's session.
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
    /// When the session ends if it is not used or refreshed.
    pub expires_at: Timestamp,
    /// The cookie by which the caller has identified itself; `None` for an access token.
    pub cookie: Option<SessionCookie>,
}

impl ActiveUser {
    /// The caller of a session that the database has confirmed.
    pub(crate) fn of(
        live: SessionUser,
        session_id: SessionId,
        cookie: Option<SessionCookie>,
    ) -> Self {
        let (_, methods) = live.authentication();
        Self {
            expires_at: live.expires_at(),
            user: live.user,
            session_id,
            authenticated_at: live.authenticated_at,
            methods,
            second_factor_at: live.second_factor_at,
            has_second_factor: live.has_second_factor,
            cookie,
        }
    }

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

    /// Requires that the user has presented a second factor other than a recovery code in this session and that the
    /// most recent one was presented within the last 10 minutes. A user without a second factor needs a recent sign-in
    /// instead.
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

    /// Like [`require_step_up`](Self::require_step_up), for changes to the second factors themselves. A recovery code
    /// suffices, because a user who presents one has lost the other factors.
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
