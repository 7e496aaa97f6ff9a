//! The way back in for an owner whose sign-in is locked: the link in the mail that told of it.
//!
//! ```text
//! unlock   SELECT by token ─► UPDATE token, DELETE counter
//! ```

#[cfg(feature = "http")]
pub(crate) mod http;

use std::sync::Arc;

use crate::{
    clock::Clock,
    error::{ErrorKind, Result},
    event::{ClientInfo, Event, EventKind, Trail},
    limit::{Budget, Limits},
    secret::{OneTimeToken, TokenDigest},
    store::Store,
    token::Purpose,
};

/// How users whose sign-in is [locked](crate::limit::Lockout) get back in. Cheap to clone; from
/// [`Auth::lockouts`](crate::Auth::lockouts).
#[derive(Clone, Debug)]
pub struct Lockouts {
    pub(crate) limits: Limits,
    pub(crate) trail: Trail,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Lockouts {
    /// Forgets the failed sign-ins of the user to whom the token was mailed.
    ///
    /// # Errors
    /// [`InvalidToken`](ErrorKind::InvalidToken) for an unknown, used or expired token;
    /// [`RateLimited`](ErrorKind::RateLimited).
    pub async fn unlock(
        &self,
        store: &dyn Store,
        token: &OneTimeToken,
        client: &ClientInfo,
    ) -> Result<()> {
        let admitted = self.limits.admit(store, Budget::Verify, client, None);
        admitted.await?;
        let (digest, now) = (TokenDigest::of(token.expose()), self.clock.now());
        let user = store.one_time_user(&digest, Purpose::Unlock, now).await?;
        let user = user.ok_or(ErrorKind::InvalidToken)?;
        let counted = self.limits.of_account(user.email.canonical());
        let forgiven = self.limits.forgiven_with(counted);
        let event = Event::new(EventKind::SignInUnlocked, client, now);
        let unlocked = store.unlock(&digest, forgiven, now, &event).await?;
        let user = unlocked.ok_or(ErrorKind::InvalidToken)?;
        self.limits.forgive_after(counted).await;
        self.trail.publish(&event.of(user));
        Ok(())
    }
}
