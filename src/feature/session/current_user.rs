//! A request's caller, confirmed by the database.

use super::Sessions;
use crate::{
    clock::Timestamp,
    error::{ErrorKind, Result},
    secret::{AccessToken, SessionCookie},
    token::{ActiveUser, Credential, SessionId, SessionUser},
};

impl Sessions {
    /// Verifies an access token or a cookie, and checks with one query whether its session is live
    /// and belongs to its user.
    pub(crate) async fn current_user(&self, credential: &Credential) -> Result<ActiveUser> {
        match credential {
            Credential::AccessToken(token) => self.token_user(token).await,
            Credential::Cookie(cookie) => self.browser_user(cookie).await,
        }
    }

    async fn token_user(&self, token: &AccessToken) -> Result<ActiveUser> {
        let claims = self.core.tokens.verify(token.expose())?;
        let (session_id, now) = (claims.session_id(), self.core.clock.now());
        let live = self.core.store.session_user(session_id, claims.id(), now);
        let live = live.await?.ok_or(ErrorKind::InvalidAccessToken)?;
        Ok(ActiveUser::of(live, session_id, None))
    }

    async fn browser_user(&self, cookie: &SessionCookie) -> Result<ActiveUser> {
        let presented = self.core.tokens.presented(cookie);
        let presented = presented.ok_or(ErrorKind::InvalidAccessToken)?;
        let now = self.core.clock.now();
        let live = self.core.store.browser_user(&presented, now).await?;
        let mut live = live.ok_or(ErrorKind::InvalidAccessToken)?.session;
        if let Some(prolonged) = self.core.tokens.prolonged(&live, now) {
            self.prolong(&mut live, presented.session_id, prolonged)
                .await;
        }
        Ok(ActiveUser::of(
            live,
            presented.session_id,
            Some(cookie.clone()),
        ))
    }

    /// Writes a session's idle time. If the write fails, the session is still live, and the next request tries again.
    async fn prolong(&self, live: &mut SessionUser, id: SessionId, until: Timestamp) {
        let now = self.core.clock.now();
        match self.core.store.use_browser_session(id, until, now).await {
            Ok(()) => live.idle_expires_at = until,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the use of a browser session cannot be recorded");
            }
        }
    }
}
