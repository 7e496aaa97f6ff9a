//! The way back in for an owner whose sign-in is locked: the link in the mail that told of it.
//!
//! ```text
//! unlock   SELECT by token ─► UPDATE token, DELETE counter ─► SELECT version ─► device token
//! ```
//!
//! Who shows the mailed token is the owner, on a device of theirs: from then on it is a known one, so that whoever goes on
//! guessing does not lock it out again.

#[cfg(feature = "http")]
pub(crate) mod http;

use std::sync::Arc;

use crate::{
    admission::Limits,
    clock::Clock,
    credential::Devices,
    error::{ErrorKind, Result},
    event::{ClientInfo, Event, EventKind},
    limit::Budget,
    secret::{DeviceToken, OneTimeToken, TokenDigest},
    store::Store,
    token::Purpose,
    trail::Trail,
    user::Credentials,
};

/// How users whose sign-in is [locked](crate::limit::Lockout) get back in. Cheap to clone; from
/// [`Auth::lockouts`](crate::Auth::lockouts).
#[derive(Clone, Debug)]
pub struct Lockouts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) limits: Limits,
    pub(crate) devices: Devices,
    pub(crate) trail: Trail,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Lockouts {
    /// Forgets the failed sign-ins of the user to whom the token was mailed, and gives what makes the client a known
    /// device; see [`ClientInfo::device`].
    ///
    /// # Errors
    /// [`InvalidToken`](ErrorKind::InvalidToken) for an unknown, used or expired token;
    /// [`RateLimited`](ErrorKind::RateLimited); [`Overloaded`](ErrorKind::Overloaded).
    pub async fn unlock(
        &self,
        token: &OneTimeToken,
        client: &ClientInfo,
    ) -> Result<Option<DeviceToken>> {
        let store = self.store.as_ref();
        let admitted = self.limits.admit(store, Budget::Verify, client, None);
        admitted.await?;
        let (digest, now) = (TokenDigest::of(token.expose()), self.clock.now());
        let user = store.one_time_user(&digest, Purpose::Unlock, now).await?;
        let user = user.ok_or(ErrorKind::InvalidToken)?;
        let counted = self.limits.of_account(user.email.canonical()).await?;
        let cleared_counter = self.limits.cleared_with(counted);
        let event = Event::new(EventKind::SignInUnlocked, client, now);
        let unlocked = store.unlock(&digest, cleared_counter, now, &event).await?;
        let id = unlocked.ok_or(ErrorKind::InvalidToken)?;
        self.limits.clear_after(counted).await;
        self.trail.publish(&event.of(id));
        let found = store.credentials(&user.email).await?;
        let found = found.filter(|found| found.user.id == id);
        Ok(found.and_then(|found| {
            let Credentials {
                user,
                credential_version,
                ..
            } = found;
            self.devices.token(None, &user, credential_version)
        }))
    }
}
