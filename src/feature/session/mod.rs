//! Refreshes, lists and ends sessions.

#[cfg(feature = "http")]
mod checked;
#[cfg(feature = "http")]
mod cookie_check;
mod current_user;
#[cfg(feature = "http")]
pub(crate) mod http;
mod logout;
mod refresh;

use std::sync::Arc;

#[cfg(feature = "http")]
pub(crate) use self::{checked::CheckedSessions, cookie_check::CookieCheck};
use crate::{
    core::Core,
    error::{ErrorKind, Result},
    event::{ClientInfo, Event, EventKind},
    token::{ActiveUser, Session, SessionId},
};

/// The sessions of signed-in users, returned by [`Auth::sessions`](crate::Auth::sessions). Cheap to
/// clone.
///
/// Pass the caller that [`UserService::current_user`](crate::UserService::current_user) returns.
#[derive(Clone, Debug)]
pub struct Sessions {
    pub(crate) core: Arc<Core>,
}

impl Sessions {
    /// The caller's live sessions, newest first. Only the newest 200 are returned.
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

    /// Ends one of the caller's sessions immediately. The caller can also end the current session
    /// in this way.
    ///
    /// # Errors
    /// [`SessionNotFound`](ErrorKind::SessionNotFound) if the session is unknown, belongs to
    /// another user, or has ended.
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

    /// Ends all of the caller's sessions except the current one, and returns how many this call ended.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable) while the database is unreachable.
    pub async fn end_others(&self, caller: &ActiveUser, client: &ClientInfo) -> Result<u64> {
        let (user, now) = (caller.user.id, self.core.clock.now());
        let event = Event::new(EventKind::SessionRevoked, now, client)
            .of(user)
            .by(user)
            .with("kept_session_id", caller.session_id.to_string());
        let store = &self.core.store;
        let ended = store.end_other_sessions(user, caller.session_id, now, &event);
        let ended = ended.await?;
        if ended > 0 {
            self.core.trail.publish(&event);
        }
        Ok(ended)
    }
}
