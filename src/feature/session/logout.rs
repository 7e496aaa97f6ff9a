//! Logging out.

use super::Sessions;
use crate::{
    error::Result,
    event::{ClientInfo, Event, EventKind},
    secret::RefreshToken,
    token::{ActiveUser, EndReason},
};

impl Sessions {
    /// Ends the session that a refresh token belongs to, even if the token has been superseded. A
    /// text that is not a refresh token of this service has no effect.
    pub(crate) async fn logout(
        &self,
        refresh_token: &RefreshToken,
        client: &ClientInfo,
    ) -> Result<()> {
        if let Some(id) = self.core.tokens.session_of(refresh_token) {
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
        }
        Ok(())
    }

    /// Ends every session of the user.
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
