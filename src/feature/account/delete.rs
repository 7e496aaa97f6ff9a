//! Deleting one's own account.

use super::Accounts;
use crate::{
    error::{ErrorKind, Result},
    event::{ClientInfo, EventKind},
    secret::Password,
    token::ActiveUser,
    user::DeleteUser,
};

impl Accounts {
    /// Deletes the caller's account and everything that belongs to it. The address can be registered again
    /// immediately. The audit trail is kept.
    ///
    /// For an account without a password, omit `current`; a recent sign-in is required instead.
    ///
    /// # Errors
    /// * [`InvalidCredentials`](ErrorKind::InvalidCredentials) if `current` is wrong, or the account has no password;
    /// * [`ValidationFailed`](ErrorKind::ValidationFailed) for `current_password` if it is missing
    ///   or too long;
    /// * [`ReauthenticationRequired`](ErrorKind::ReauthenticationRequired) for an account without a password, if the
    ///   sign-in is not recent;
    /// * [`StepUpRequired`](ErrorKind::StepUpRequired) if the account has a second factor that was not presented
    ///   recently;
    /// * [`LastAdmin`](ErrorKind::LastAdmin) for the last active administrator;
    /// * [`InvalidAccessToken`](ErrorKind::InvalidAccessToken) if the credentials changed while they were checked;
    /// * [`TooManyAttempts`](ErrorKind::TooManyAttempts), [`RateLimited`](ErrorKind::RateLimited)
    ///   or [`Overloaded`](ErrorKind::Overloaded), or the error that a [hook](crate::hook) returns.
    pub async fn delete(
        &self,
        caller: &ActiveUser,
        current: Option<&Password>,
        client: &ClientInfo,
    ) -> Result<()> {
        caller.require_step_up_if_enrolled(self.core.clock.now())?;
        let checked = self
            .confirmation
            .password_or_recent(caller, "current_password", current, client)
            .await?;
        self.core.hooks.before_deletion(&caller.user).await?;
        let event = Self::event(
            EventKind::AccountDeleted,
            caller,
            self.core.clock.now(),
            client,
        );
        match self
            .core
            .store
            .delete_user(caller.user.id, Some(checked.credential_version), &event)
            .await?
        {
            DeleteUser::Deleted(user) => {
                self.core.trail.publish(&event);
                self.core.hooks.after_deletion(&user);
                Ok(())
            }
            DeleteUser::LastAdmin => Err(ErrorKind::LastAdmin.into()),
            DeleteUser::NotFound | DeleteUser::Stale => Err(ErrorKind::InvalidAccessToken.into()),
        }
    }
}
