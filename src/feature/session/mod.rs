//! Keeping and ending sessions: refresh, log out, log out everywhere, and the caller's sessions.

mod current_user;
#[cfg(feature = "http")]
pub(crate) mod http;
mod logout;
mod refresh;

use std::sync::Arc;

use crate::{
    core::Core,
    error::{ErrorKind, Result},
    event::{ClientInfo, Event, EventKind},
    token::{ActiveUser, Session, SessionId},
};

/// The sessions of signed-in users, from [`Auth::sessions`](crate::Auth::sessions). Cheap to clone.
///
/// The caller comes from [`UserService::current_user`](crate::UserService::current_user).
#[derive(Clone, Debug)]
pub struct Sessions {
    pub(crate) core: Arc<Core>,
}

impl Sessions {
    /// The caller's live sessions, newest first, at most the newest 200.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable) while the database is unreachable.
    pub async fn list(&self, caller: &ActiveUser) -> Result<Vec<Session>> {
        Ok(self
            .core
            .store
            .sessions(caller.user.id, self.core.clock.now())
            .await?)
    }

    /// Ends one of the caller's sessions immediately; it may be the current one.
    ///
    /// # Errors
    /// [`SessionNotFound`](ErrorKind::SessionNotFound) if the session is unknown, another user's, or has ended.
    pub async fn end(&self, caller: &ActiveUser, id: SessionId, client: &ClientInfo) -> Result<()> {
        let (user, now) = (caller.user.id, self.core.clock.now());
        let event = Event::new(EventKind::SessionRevoked, now, client)
            .of(user)
            .by(user)
            .with("session_id", id.to_string());
        if !self
            .core
            .store
            .end_session_of(user, id, now, &event)
            .await?
        {
            return Err(ErrorKind::SessionNotFound.into());
        }
        self.core.trail.publish(&event);
        Ok(())
    }
}
