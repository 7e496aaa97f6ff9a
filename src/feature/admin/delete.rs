//! Deleting a user.

use super::Administration;
use crate::{
    error::{ErrorKind, Result},
    event::{Author, EventKind},
    user::{DeleteUser, UserId},
};

impl Administration {
    /// Deletes a user and everything that belongs to them. The address can be registered again
    /// immediately. The user's events in the audit trail are kept. [Hooks](crate::hook) are called
    /// first and can refuse the deletion.
    ///
    /// # Errors
    /// [`UserNotFound`](ErrorKind::UserNotFound), or [`LastAdmin`](ErrorKind::LastAdmin) if no
    /// active administrator would be left; [`Refused`](ErrorKind::Refused) if a hook refuses.
    pub async fn delete_user(&self, id: UserId, author: &Author) -> Result<()> {
        if self.core.hooks.are_there() {
            let user = self.user(id).await?;
            self.core.hooks.before_deletion(&user).await?;
        }
        let event = author.event(EventKind::AccountDeleted, self.core.clock.now());
        match self.core.store.delete_user(id, None, &event).await? {
            DeleteUser::Deleted(user) => {
                self.core.trail.publish(&event.of(id));
                self.core.hooks.after_deletion(&user);
                Ok(())
            }
            DeleteUser::LastAdmin => Err(ErrorKind::LastAdmin.into()),
            // No version was given, so the result cannot be `Stale`.
            DeleteUser::NotFound | DeleteUser::Stale => Err(ErrorKind::UserNotFound.into()),
        }
    }
}
