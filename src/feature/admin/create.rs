//! Creating a user.

use super::{Administration, check_roles};
use crate::{
    credential::NewPassword,
    error::{ErrorKind, Result},
    event::{Author, EventKind},
    mail::{LetterKind, Recipient},
    secret::Password,
    user::{EmailAddress, InsertUser, NewUser, Role, Roles, User, UserId},
};

/// An account that an administrator makes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewAccount {
    /// The address, not verified yet.
    pub email: EmailAddress,
    /// The password; without one, the user is mailed a link that sets it.
    pub password: Option<Password>,
    /// The roles, at most 32. Default `user`.
    pub roles: Roles,
}

impl NewAccount {
    /// An account with this address and the role `user`, whose password is set by its user.
    #[must_use]
    pub fn new(email: EmailAddress) -> Self {
        Self {
            email,
            password: None,
            roles: [Role::USER].into_iter().collect(),
        }
    }

    /// Sets the password.
    #[must_use]
    pub fn with_password(mut self, password: impl Into<Password>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Sets the roles in place of the default.
    #[must_use]
    pub fn with_roles(mut self, roles: Roles) -> Self {
        self.roles = roles;
        self
    }
}

impl Administration {
    /// Makes an account, whatever the [`RegistrationMode`](crate::password::RegistrationMode). No hook is asked before.
    ///
    /// Without a password the mail with the link is ordered once the account is made. It works as long as a link that
    /// resets a password; a further one can be asked for as for a forgotten password.
    ///
    /// # Errors
    /// [`EmailTaken`](ErrorKind::EmailTaken), [`WeakPassword`](ErrorKind::WeakPassword),
    /// [`Overloaded`](ErrorKind::Overloaded), and [`ValidationFailed`](ErrorKind::ValidationFailed) for more than 32
    /// roles.
    pub async fn create_user(&self, account: NewAccount, author: &Author) -> Result<User> {
        let NewAccount {
            email,
            password,
            roles,
        } = account;
        check_roles(&roles)?;
        let password_hash = match &password {
            Some(password) => {
                let new = NewPassword {
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
            email_verified_at: None,
            password_hash,
            roles,
            display_name: None,
            locale: None,
            created_at: now,
        };
        let event = author.event(EventKind::AccountCreated, now);
        let set_password = || {
            let letter = LetterKind::ResetPassword;
            self.core
                .deliveries
                .letter(letter, Recipient::UserOfFact, now)
        };
        let mail = password.is_none().then(set_password);
        let inserted = self
            .core
            .store
            .insert_user(&new, &event, mail.as_ref(), None);
        let user = match inserted.await? {
            InsertUser::Inserted(user) => user,
            InsertUser::EmailTaken => return Err(ErrorKind::EmailTaken.into()),
        };
        self.core.trail.publish(&event.of(user.id));
        self.core.hooks.after_registration(&user);
        self.core.deliveries.wake();
        Ok(user)
    }
}
