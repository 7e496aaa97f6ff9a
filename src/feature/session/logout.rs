//! Logging out.

use super::Sessions;
#[cfg(feature = "http")]
use crate::secret::SessionCookie;
use crate::{
    error::Result,
    event::{ClientInfo, Event, EventKind},
    secret::RefreshToken,
    token::{ActiveUser, EndReason, SessionId},
};

impl Sessions {
    /// Ends the session that a refresh token belongs to, even if the token has been superseded. A text that is not one
    /// of this service's refresh tokens has no effect.
    pub(crate) async fn logout(
        &self,
        refresh_token: &RefreshToken,
        client: &ClientInfo,
    ) -> Result<()> {
        match self.core.tokens.session_of(refresh_token) {
            Some(id) => self.end_by_owner(id, client).await,
            None => Ok(()),
        }
    }

    async fn end_by_owner(&self, id: SessionId, client: &ClientInfo) -> Result<()> {
        let now = self.core.clock.now();
        let event =
            Event::new(EventKind::LoggedOut, now, client).with("session_id", id.to_string());
        let ended = self
            .core
            .store
            .end_session(id, EndReason::Logout, now, &event)
            .await?;
        if let Some(user) = ended {
            self.core.trail.publish(&event.of(user));
        }
        Ok(())
    }

    /// Ends the browser session that a cookie belongs to. A value that is not one of this service's cookies has no
    /// effect.
    #[cfg(feature = "http")]
    pub(crate) async fn sign_out(&self, cookie: &SessionCookie, client: &ClientInfo) -> Result<()> {
        let Some(presented) = self.core.tokens.presented(cookie) else {
            return Ok(());
        };
        self.end_by_owner(presented.session_id, client).await
    }

    /// Ends all of the user's sessions.
    pub(crate) async fn logout_all(&self, caller: &ActiveUser, client: &ClientInfo) -> Result<()> {
        let (user, now) = (caller.user.id, self.core.clock.now());
        let event = Event::new(EventKind::LoggedOutEverywhere, now, client).by(user);
        let ended = self
            .core
            .store
            .end_sessions(user, EndReason::LogoutAll, now, &event)
            .await?;
        // A deleted account has no sessions left.
        if ended {
            self.core.trail.publish(&event.of(user));
        }
        Ok(())
    }
}
