//! Changing a user.

use super::{Administration, check_roles};
use crate::{
    error::{ErrorKind, Result},
    event::Author,
    user::{UpdateUser, User, UserChange, UserId, check_display_name},
};

impl Administration {
    /// Changes a user, and returns the changed user. The change takes effect with the next request
    /// of the user. If a user is disabled, all sessions of that user end permanently.
    ///
    /// # Errors
    /// [`UserNotFound`](ErrorKind::UserNotFound); [`LastAdmin`](ErrorKind::LastAdmin) if no active
    /// administrator would be left; [`ValidationFailed`](ErrorKind::ValidationFailed) for a display
    /// name that is longer than 200 code points or contains control characters, and for more than
    /// 32 roles.
    pub async fn update_user(
        &self,
        id: UserId,
        change: &UserChange,
        author: &Author,
    ) -> Result<User> {
        let name = change.display_name.as_ref();
        check_display_name(name.and_then(|name| name.as_deref()))?;
        change.roles.as_ref().map_or(Ok(()), check_roles)?;
        let now = self.core.clock.now();
        match self.core.store.update_user(id, change, author, now).await? {
            UpdateUser::Updated(user, events) => {
                for event in events {
                    self.core.trail.publish(&event.of(id));
                }
                Ok(user)
            }
            UpdateUser::LastAdmin => Err(ErrorKind::LastAdmin.into()),
            UpdateUser::NotFound => Err(ErrorKind::UserNotFound.into()),
        }
    }
}
