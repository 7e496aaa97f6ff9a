//! Changing a user.

use super::{Administration, check_roles};
use crate::{
    error::{Error, ErrorKind, Result},
    event::Author,
    user::{SeenUser, UpdateUser, User, UserChange, UserId, check_display_name},
};

/// The outcome of a change by an author who has seen the user before.
#[derive(Clone, Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a third outcome would change the contract"
)]
#[allow(clippy::large_enum_variant, reason = "lives for one call")]
pub enum SeenChange {
    /// The changed user.
    Updated(User),
    /// The current user. Another change has replaced a value that the author of this change had seen, so nothing was
    /// changed.
    Overtaken(User),
}

impl Administration {
    /// Changes a user, and returns the changed user. The change takes effect with the user's next request. If a user is
    /// disabled, all sessions of that user end permanently.
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
        match self.change(id, change, None, author).await? {
            SeenChange::Updated(user) => Ok(user),
            SeenChange::Overtaken(_) => Err(Error::internal("nothing was seen")),
        }
    }

    /// Changes a user if no other change has replaced a value that this change would replace. Use it for a form that
    /// shows a user, so that an administrator who saves later does not undo another administrator's earlier change.
    ///
    /// # Errors
    /// The same as for [`update_user`](Self::update_user).
    pub async fn update_seen_user(
        &self,
        id: UserId,
        change: &UserChange,
        seen: &SeenUser,
        author: &Author,
    ) -> Result<SeenChange> {
        self.change(id, change, Some(seen), author).await
    }

    async fn change(
        &self,
        id: UserId,
        change: &UserChange,
        seen: Option<&SeenUser>,
        author: &Author,
    ) -> Result<SeenChange> {
        let name = change.display_name.as_ref();
        check_display_name(name.and_then(|name| name.as_deref()))?;
        change.roles.as_ref().map_or(Ok(()), check_roles)?;
        let now = self.core.clock.now();
        let store = &self.core.store;
        match store.update_user(id, change, seen, author, now).await? {
            UpdateUser::Updated(user, events) => {
                for event in events {
                    self.core.trail.publish(&event.of(id));
                }
                Ok(SeenChange::Updated(user))
            }
            UpdateUser::Overtaken(user) => Ok(SeenChange::Overtaken(user)),
            UpdateUser::LastAdmin => Err(ErrorKind::LastAdmin.into()),
            UpdateUser::NotFound => Err(ErrorKind::UserNotFound.into()),
        }
    }
}
