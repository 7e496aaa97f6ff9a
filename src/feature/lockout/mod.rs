//! Lifts a lockout with the link in the lockout email.
//!
//! ```text
//! unlock   SELECT by token ─► UPDATE token, DELETE counter ─► SELECT version ─► device token
//! ```
//!
//! The mailed token proves that the owner is using this device. The device becomes a known device, so that further
//! guesses from other devices do not lock this device out again.

#[cfg(feature = "http")]
pub(crate) mod http;

use std::sync::Arc;

use crate::{
    core::Core,
    error::{ErrorKind, Result},
    event::{ClientInfo, Event, EventKind},
    limit::Budget,
    secret::{DeviceToken, OneTimeToken, TokenDigest},
    token::Purpose,
    user::Credentials,
};

/// The use cases for lifting a [lockout](crate::limit::Lockout), returned by
/// [`Auth::lockouts`](crate::Auth::lockouts). Cheap to clone.
#[derive(Clone, Debug)]
pub struct Lockouts {
    pub(crate) core: Arc<Core>,
}

impl Lockouts {
    /// Clears the failed sign-ins of the user to whom the token was mailed, and returns a device token, which makes the
    /// client a known device; see [`ClientInfo::device`].
    ///
    /// # Errors
    /// [`InvalidToken`](ErrorKind::InvalidToken) for an unknown, used or expired token;
    /// [`RateLimited`](ErrorKind::RateLimited); [`Overloaded`](ErrorKind::Overloaded).
    pub async fn unlock(
        &self,
        token: &OneTimeToken,
        client: &ClientInfo,
    ) -> Result<Option<DeviceToken>> {
        let store = self.core.store.as_ref();
        self.core.limits.admit(Budget::Verify, None, client).await?;
        let (digest, now) = (TokenDigest::of(token.expose()), self.core.clock.now());
        let user = store
            .one_time_user(&digest, Purpose::Unlock, now)
            .await?
            .ok_or(ErrorKind::InvalidToken)?;
        let counted = self.core.limits.of_account(user.email.canonical()).await?;
        let cleared_counter = self.core.limits.cleared_with(counted);
        let event = Event::new(EventKind::SignInUnlocked, now, client);
        let id = store
            .unlock(&digest, cleared_counter, now, &event)
            .await?
            .ok_or(ErrorKind::InvalidToken)?;
        self.core.limits.clear_after(counted).await;
        self.core.trail.publish(&event.of(id));
        let found = store.credentials(&user.email).await?;
        let found = found.filter(|found| found.user.id == id);
        Ok(found.and_then(|found| {
            let Credentials {
                user,
                credential_version,
                ..
            } = found;
            self.core
                .devices
                .token(None, &user, credential_version, false)
        }))
    }
}
