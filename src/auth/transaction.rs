//! Use cases inside the host's transaction.

use super::Auth;
use crate::{
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    event::{Author, Event, EventKind},
    feature::password::{Passwords, PreparedRegistration, Registered},
    service::Registration,
    store::{Store, Transaction},
    user::{DeleteUser, EmailAddress, Role, UpdateUser, User, UserChange, UserId, UserStatus},
};

impl Auth {
    /// Does the slow part of a registration before a transaction begins: checks the input and
    /// hashes the password. If a [breach check](crate::credential::BreachCheck) is configured, it
    /// also runs here.
    ///
    /// The call first counts against the registration limit for its [client](Registration::with_client), as a
    /// registration over HTTP does. Counting runs one statement, so a database connection must be free. Calls from a
    /// client whose address is unknown are not counted.
    ///
    /// # Errors
    /// [`RateLimited`](crate::ErrorKind::RateLimited), [`ValidationFailed`](crate::ErrorKind::ValidationFailed),
    /// [`WeakPassword`](crate::ErrorKind::WeakPassword), [`Overloaded`](crate::ErrorKind::Overloaded), or
    /// [`Unavailable`](crate::ErrorKind::Unavailable) while the counters cannot be reached.
    pub async fn prepare_registration(
        &self,
        registration: Registration,
    ) -> Result<PreparedRegistration> {
        let passwords = &self.parts.passwords;
        passwords.admit_registration(&registration).await?;
        passwords.prepare_registration(registration).await
    }

    /// The use cases that can run inside the host's own transaction on the store's database. An account and the host's
    /// own rows are then committed together or not at all.
    ///
    /// No password is hashed and no email is sent while the transaction is open. A
    /// [wrapper](crate::AuthBuilder::wrap_service) of the use cases is bypassed, because the host itself is calling.
    ///
    /// ```
    /// # #[cfg(any(feature = "postgres", feature = "sqlite"))] mod example {
    /// # use hallpass::{Auth, Registration, Result};
    /// use sea_orm::{DatabaseConnection, TransactionTrait};
    ///
    /// # async fn sign_up(auth: &Auth, db: &DatabaseConnection, form: Registration)
    /// #     -> Result<(), Box<dyn std::error::Error>> {
    /// let prepared = auth.prepare_registration(form).await?;
    /// let txn = db.begin().await?;
    /// let mut accounts = auth.within(&txn)?;
    /// let user = accounts.register(prepared).await?;
    /// // ... the host's own row, with user.id ...
    /// let unpublished = accounts.finish();
    /// txn.commit().await?;
    /// unpublished.publish();
    /// # let _ = user;
    /// # Ok(())
    /// # }
    /// # }
    /// ```
    ///
    /// On SQLite, if a transaction reads before it writes, begin it with
    /// `SqliteTransactionMode::Immediate` (`begin_with_options`). An immediate transaction waits
    /// for its turn, and no other transaction can write until it ends. Without this mode, the first
    /// write fails immediately if another transaction is writing, or has written since the first
    /// read. Hallpass never retries inside the host's transaction: on
    /// [`Unavailable`](crate::ErrorKind::Unavailable), the host must roll back and begin again.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) if the store cannot use such a transaction.
    pub fn within<'a>(&self, txn: impl Transaction<'a>) -> Result<InTransaction<'a>> {
        Ok(InTransaction {
            auth: self.clone(),
            store: txn.into_store()?,
            author: Author::default(),
            done: Done::default(),
        })
    }
}

/// Use cases inside the host's transaction, created by [`Auth::within`].
///
/// If the transaction is rolled back, nothing changes, and no event is published. On Postgres, a transaction in which
/// a statement failed can only be rolled back. An outcome such as [`EmailTaken`](crate::ErrorKind::EmailTaken) is not
/// a failed statement.
#[derive(Debug)]
pub struct InTransaction<'a> {
    auth: Auth,
    store: Box<dyn Store + 'a>,
    author: Author,
    done: Done,
}

/// The events and hooks to publish after the commit.
#[derive(Debug, Default)]
struct Done {
    events: Vec<Event>,
    registered: Vec<User>,
    deleted: Vec<User>,
}

impl InTransaction<'_> {
    /// Sets the author for the audit trail. The author of a registration is always the new user.
    #[must_use]
    pub fn by(mut self, author: Author) -> Self {
        self.author = author;
        self
    }

    /// Creates an account.
    ///
    /// # Errors
    /// [`EmailTaken`](crate::ErrorKind::EmailTaken), or [`Unavailable`](crate::ErrorKind::Unavailable) if the
    /// database fails.
    pub async fn register(&mut self, mut prepared: PreparedRegistration) -> Result<User> {
        if let Some(unanswered) = prepared.unanswered.take() {
            self.store.record_event(&unanswered).await?;
            self.done.events.push(unanswered);
        }
        let Registered { user, event } = Passwords::insert(&*self.store, prepared).await?;
        self.done.events.extend(event);
        let user = user?;
        self.done.registered.push(user.clone());
        Ok(user)
    }

    /// Queues a password-reset email, if an account has this address. The email is sent after the transaction is
    /// committed.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) if the database fails.
    pub async fn request_password_reset(&mut self, email: &EmailAddress) -> Result<()> {
        let requested = self
            .auth
            .parts
            .core
            .deliveries
            .request_reset(&*self.store, email, &self.author.client)
            .await?;
        self.done.events.push(requested);
        Ok(())
    }

    /// Gives the user a role, and returns the changed user.
    ///
    /// # Errors
    /// [`UserNotFound`](crate::ErrorKind::UserNotFound), or [`Unavailable`](crate::ErrorKind::Unavailable) if the
    /// database fails.
    pub async fn assign_role(&mut self, user: UserId, role: Role) -> Result<User> {
        self.update(
            user,
            &UserChange {
                add_roles: [role].into_iter().collect(),
                ..UserChange::default()
            },
        )
        .await
    }

    /// Disables the account. Once the transaction is committed, all of the account's sessions and one-time tokens are
    /// invalid.
    ///
    /// # Errors
    /// [`LastAdmin`](crate::ErrorKind::LastAdmin), [`UserNotFound`](crate::ErrorKind::UserNotFound), or
    /// [`Unavailable`](crate::ErrorKind::Unavailable) if the database fails.
    pub async fn disable(&mut self, user: UserId) -> Result<User> {
        self.update(
            user,
            &UserChange {
                status: Some(UserStatus::Disabled),
                ..UserChange::default()
            },
        )
        .await
    }

    /// Changes the user, and returns the changed user.
    ///
    /// # Errors
    /// [`LastAdmin`](crate::ErrorKind::LastAdmin), [`UserNotFound`](crate::ErrorKind::UserNotFound), or
    /// [`Unavailable`](crate::ErrorKind::Unavailable) if the database fails.
    pub async fn update(&mut self, user: UserId, change: &UserChange) -> Result<User> {
        let now = self.now();
        match self
            .store
            .update_user(user, change, None, &self.author, now)
            .await?
        {
            UpdateUser::Updated(user, events) => {
                self.done
                    .events
                    .extend(events.into_iter().map(|event| event.of(user.id)));
                Ok(user)
            }
            UpdateUser::LastAdmin => Err(ErrorKind::LastAdmin.into()),
            UpdateUser::NotFound => Err(ErrorKind::UserNotFound.into()),
            UpdateUser::Overtaken(_) => Err(Error::internal("nothing was seen")),
        }
    }

    /// Deletes the account and everything that Hallpass stores about it, except the audit trail. No
    /// hook runs before the deletion, because the host itself is calling.
    ///
    /// # Errors
    /// [`LastAdmin`](crate::ErrorKind::LastAdmin), [`UserNotFound`](crate::ErrorKind::UserNotFound), or
    /// [`Unavailable`](crate::ErrorKind::Unavailable) if the database fails.
    pub async fn delete(&mut self, user: UserId) -> Result<()> {
        let event = self
            .author
            .event(EventKind::AccountDeleted, self.now())
            .of(user);
        match self.store.delete_user(user, None, &event).await? {
            DeleteUser::Deleted(user) => {
                self.done.events.push(event);
                self.done.deleted.push(user);
                Ok(())
            }
            DeleteUser::LastAdmin => Err(ErrorKind::LastAdmin.into()),
            DeleteUser::NotFound | DeleteUser::Stale => Err(ErrorKind::UserNotFound.into()),
        }
    }

    fn now(&self) -> Timestamp {
        self.auth.parts.core.clock.now()
    }

    /// Releases the transaction, so that the host can commit it.
    pub fn finish(self) -> Unpublished {
        Unpublished {
            auth: self.auth,
            done: self.done,
        }
    }
}

/// The events and hooks of a transaction, to be published once it is committed.
#[derive(Debug)]
#[must_use = "`publish` it after the commit"]
pub struct Unpublished {
    auth: Auth,
    done: Done,
}

impl Unpublished {
    /// Sends the events of the transaction to the sinks, and starts the [hooks](crate::hook) that run after these
    /// events. Call it after the commit. The audit trail contains the events even without this call.
    pub fn publish(self) {
        let core = &self.auth.parts.core;
        for event in &self.done.events {
            core.trail.publish(event);
        }
        for user in &self.done.registered {
            core.hooks.after_registration(user);
        }
        for user in &self.done.deleted {
            core.hooks.after_deletion(user);
        }
        self.auth.parts.core.deliveries.wake();
    }
}
