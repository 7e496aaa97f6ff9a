//! The caller of a request, confirmed by the database.

use super::Sessions;
use crate::{
    error::{ErrorKind, Result},
    secret::AccessToken,
    token::ActiveUser,
};

impl Sessions {
    /// Verifies an access token, and checks with one query whether its session is live and belongs to its user.
    pub(crate) async fn current_user(&self, token: &AccessToken) -> Result<ActiveUser> {
        let claims = self.core.tokens.verify(token.expose())?;
        let (session_id, now) = (claims.session_id(), self.core.clock.now());
        let live = self.core.store.session_user(session_id, claims.id(), now);
        let live = live.await?.ok_or(ErrorKind::InvalidAccessToken)?;
        Ok(ActiveUser {
            user: live.user,
            session_id,
            authenticated_at: live.authenticated_at,
            methods: live.methods,
            second_factor_at: live.second_factor_at,
            has_second_factor: live.has_second_factor,
        })
    }
}
