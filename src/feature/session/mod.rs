//! Keeping a session and ending it: refresh, log out, log out everywhere, and the list of one's own.

#[cfg(feature = "http")]
pub(crate) mod http;
mod logout;
mod refresh;

use std::sync::Arc;

use crate::{
    admission::Limits,
    clock::Clock,
    error::{ErrorKind, Result},
    event::{ClientInfo, Event, EventKind},
    hook::HookChain,
    store::Store,
    token::{ActiveUser, Session, SessionId, Tokens},
    trail::Trail,
};

/// The sessions of signed-in users. Cheap to clone; from [`Auth::sessions`](crate::Auth::sessions).
///
/// The caller is from [`UserService::current_user`](crate::UserService::current_user).
#[derive(Clone, Debug)]
pub struct Sessions {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) tokens: Tokens,
    pub(crate) limits: Limits,
    /// Whether users are notified when a used refresh token of theirs comes back.
    pub(crate) theft_notice: bool,
    pub(crate) hooks: HookChain,
    pub(crate) trail: Trail,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Sessions {
    /// The caller's live sessions, newest first, and the newest 200 at most.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable) while the database is away.
    pub async fn list(&self, caller: &ActiveUser) -> Result<Vec<Session>> {
        let sessions = self
            .store
            .sessions(caller.user.id, self.clock.now())
            .await?;
        Ok(sessions)
    }

    /// Ends one of the caller's sessions, at once; it may be this one.
    ///
    /// # Errors
    /// [`SessionNotFound`](ErrorKind::SessionNotFound) if the session is another user's, unknown, or over.
    pub async fn end(&self, caller: &ActiveUser, id: SessionId, client: &ClientInfo) -> Result<()> {
        let (user, now) = (caller.user.id, self.clock.now());
        let event = Event::new(EventKind::SessionRevoked, client, now)
            .of(user)
            .by(user)
            .with("session_id", id.to_string());
        if !self.store.end_session_of(user, id, now, &event).await? {
            return Err(ErrorKind::SessionNotFound.into());
        }
        self.trail.publish(&event);
        Ok(())
    }
}
