//! Creating a user.

use super::{Administration, check_roles};
use crate::{
    credential::NewPassword,
    error::{ErrorKind, Result},
    event::{Author, EventKind},
    mail::{LetterKind, Recipient},
    secret::Password,
    user::{EmailAddress, InsertUser, NewUser, Role, Roles, User, UserId, check_display_name},
};

/// An account that an administrator creates.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewAccount {
    /// The address.
    pub email: EmailAddress,
    /// Whether the address is known to belong to the user. Default: no.
    pub is_verified: bool,
    /// The display name: at most 200 code points, no control characters.
    pub display_name: Option<String>,
    /// The password. If there is none, the user receives an email with a link to set one.
    pub password: Option<Password>,
    /// The roles, at most 32. Default: `user`.
    pub roles: Roles,
}

impl NewAccount {
    /// An account with this address and the role `user`. The user sets the password through a
    /// mailed link.
    #[must_use]
    pub fn new(email: EmailAddress) -> Self {
        Self {
            email,
            is_verified: false,
            display_name: None,
            password: None,
            roles: [Role::USER].into_iter().collect(),
        }
    }

    /// Marks the address as verified.
    #[must_use]
    pub fn verified(mut self) -> Self {
        self.is_verified = true;
        self
    }

    /// Sets the display name.
    #[must_use]
    pub fn with_display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(name.into());
        self
    }

    /// Sets the password.
    #[must_use]
    pub fn with_password(mut self, password: impl Into<Password>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Sets the roles, which replace the default role `user`.
    #[must_use]
    pub fn with_roles(mut self, roles: Roles) -> Self {
        self.roles = roles;
        self
    }
}

impl Administration {
    /// Creates an account, whatever the [`RegistrationMode`](crate::password::RegistrationMode) is.
    /// No hook can refuse it.
    ///
    /// If the account has no password, an email with a link to set one is queued together with it.
    /// The link is valid for as long as a password reset link. A user who needs another link
    /// requests a password reset.
    ///
    /// # Errors
    /// [`EmailTaken`](ErrorKind::EmailTaken), [`WeakPassword`](ErrorKind::WeakPassword),
    /// [`Overloaded`](ErrorKind::Overloaded), and [`ValidationFailed`](ErrorKind::ValidationFailed)
    /// for more than 32 roles, or for a display name that is longer than 200 code points or
    /// contains control characters.
    pub async fn create_user(&self, account: NewAccount, author: &Author) -> Result<User> {
        let NewAccount {
            email,
            is_verified,
            display_name,
            password,
            roles,
        } = account;
        check_roles(&roles)?;
        check_display_name(display_name.as_deref())?;
        let password_hash = match &password {
            Some(password) => {
                let new = NewPassword {
                    display_name: display_name.as_deref(),
                    actor_id: author.actor_id,
                    ..NewPassword::new("password", password, &email, &author.client)
                };
                self.rules.ensure(&new).await?;
                Some(self.hasher.hash(password).await?)
            }
            None => None,
        };
        let now = self.core.clock.now();
        let new = NewUser {
            id: UserId::new(now),
            email,
            email_verified_at: is_verified.then_some(now),
            password_hash,
            roles,
            display_name,
            locale: None,
            created_at: now,
        };
        let event = author.event(EventKind::AccountCreated, now);
        let set_password = || {
            self.core
                .deliveries
                .letter(LetterKind::ResetPassword, Recipient::UserOfFact, now)
        };
        let mail = password.is_none().then(set_password);
        let user = match self
            .core
            .store
            .insert_user(&new, &event, mail.as_ref(), None)
            .await?
        {
            InsertUser::Inserted(user) => user,
            InsertUser::EmailTaken => return Err(ErrorKind::EmailTaken.into()),
        };
        self.core.trail.publish(&event.of(user.id));
        self.core.hooks.after_registration(&user);
        self.core.deliveries.wake();
        Ok(user)
    }
}
