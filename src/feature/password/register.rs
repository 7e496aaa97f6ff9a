//! Registration with a password.

use super::{Passwords, RegistrationMode};
use crate::{
    credential::NewPassword,
    error::{ErrorKind, Result},
    event::{ClientInfo, Event, EventKind},
    hook::Applicant,
    limit::Budget,
    mail::{Intent, LetterKind, Recipient},
    secret::Password,
    service::Registration,
    store::Store,
    user::{
        EmailAddress, FirstAdministrator, InsertUser, NewUser, Role, Roles, User, UserFilter,
        UserId, UserStatus, check_display_name,
    },
};

/// An account that is ready to be created: its input is checked and its password hashed.
///
/// [`Auth::prepare_registration`](crate::Auth::prepare_registration) creates it, and does the slow
/// part of the registration.
#[derive(Clone, Debug)]
pub struct PreparedRegistration {
    user: NewUser,
    mail: Intent,
    /// With private registration, the email and the event to write if the address is taken.
    if_taken: Option<(Intent, Event)>,
    /// The event to record with the account if the breach check gave no answer.
    pub(crate) unanswered: Option<Event>,
    client: ClientInfo,
}

/// The outcome of a registration, and its event. The event was written together with the outcome, and is published
/// after the commit.
pub(crate) struct Registered {
    pub(crate) user: Result<User>,
    pub(crate) event: Option<Event>,
}

impl Passwords {
    pub(crate) async fn register(&self, registration: Registration) -> Result<User> {
        let store = self.core.store.as_ref();
        self.admit_registration(&registration).await?;
        let prepared = self.prepare_registration(registration).await?;
        if let Some(unanswered) = &prepared.unanswered {
            self.core.trail.record(unanswered).await?;
        }
        let inserted = Self::insert(store, prepared).await;
        // If registration is private, an email was queued whether or not the address is taken.
        self.core.deliveries.wake();
        let Registered { user, event } = inserted?;
        if let Some(event) = &event {
            self.core.trail.publish(event);
        }
        let user = user?;
        self.core.hooks.after_registration(&user);
        Ok(user)
    }

    /// Counts a registration against the limits of its client and its address, before any hash is computed.
    pub(crate) async fn admit_registration(&self, registration: &Registration) -> Result<()> {
        let about = Some(registration.email.canonical());
        let (budget, client) = (Budget::Register, &registration.client);
        self.core.limits.admit(budget, about, client).await
    }

    /// The slow part of a registration, which does not use the database.
    pub(crate) async fn prepare_registration(
        &self,
        registration: Registration,
    ) -> Result<PreparedRegistration> {
        let Registration {
            email,
            password,
            display_name,
            locale,
            client,
        } = registration;
        check_display_name(display_name.as_deref())?;
        let new = NewPassword {
            display_name: display_name.as_deref(),
            ..NewPassword::new("password", &password, &email, &client)
        };
        let unanswered = self.rules.check(&new).await?;
        let applicant = Applicant {
            email: &email,
            display_name: display_name.as_deref(),
            client: &client,
        };
        self.core.hooks.before_registration(&applicant).await?;
        let roles = [Role::USER].into_iter().collect();
        let mut user = self.new_user(email, &password, roles, display_name).await?;
        user.locale = locale;
        let mail = self.core.deliveries.letter(
            LetterKind::VerifyEmail,
            Recipient::UserOfFact,
            user.created_at,
        );
        let if_taken = (self.registration == RegistrationMode::Private).then(|| {
            let owner = Recipient::Holder(user.email.clone());
            let mail = Intent::notice(LetterKind::AccountExists, owner, user.created_at, &client);
            let refused = Event::new(EventKind::RegistrationRefused, user.created_at, &client);
            (mail, self.core.trail.about(refused, user.email.canonical()))
        });
        Ok(PreparedRegistration {
            user,
            mail,
            if_taken,
            unanswered,
            client,
        })
    }

    /// Creates the account, if the address is free.
    pub(crate) async fn insert(
        store: &dyn Store,
        prepared: PreparedRegistration,
    ) -> Result<Registered> {
        let PreparedRegistration {
            user,
            mail,
            if_taken,
            unanswered: _,
            client,
        } = prepared;
        let event = Event::new(EventKind::AccountCreated, user.created_at, &client).by(user.id);
        let taken = if_taken.as_ref().map(|(mail, event)| (mail, event));
        let inserted = store.insert_user(&user, &event, Some(&mail), taken).await?;
        Ok(match inserted {
            InsertUser::Inserted(user) => Registered {
                event: Some(event.of(user.id)),
                user: Ok(user),
            },
            InsertUser::EmailTaken => Registered {
                event: if_taken.map(|(_, event)| event),
                user: Err(ErrorKind::EmailTaken.into()),
            },
        })
    }

    /// Creates a verified administrator. Returns `None` if there is already an administrator or the address is taken.
    pub(crate) async fn ensure_administrator(
        &self,
        email: EmailAddress,
        password: &Password,
    ) -> Result<Option<User>> {
        let store = self.core.store.as_ref();
        let administrators = UserFilter {
            role: Some(Role::ADMIN),
            status: Some(UserStatus::Active),
            ..UserFilter::default()
        };
        // The store makes the decision. This check only avoids computing a password hash at every start.
        if !store.list_users(&administrators, None, 1).await?.is_empty() {
            return Ok(None);
        }
        let nobody = ClientInfo::default();
        let new = NewPassword::new("password", password, &email, &nobody);
        self.rules.ensure(&new).await?;
        let roles = [Role::ADMIN, Role::USER].into_iter().collect();
        let mut user = self.new_user(email, password, roles, None).await?;
        user.email_verified_at = Some(user.created_at);
        let event = Event::new(EventKind::AccountCreated, user.created_at, &nobody);
        match store.insert_first_administrator(&user, &event).await? {
            FirstAdministrator::Inserted(user) => {
                self.core.trail.publish(&event.of(user.id));
                self.core.hooks.after_registration(&user);
                Ok(Some(user))
            }
            // Another instance has created an administrator since the check above.
            FirstAdministrator::NotFirst => Ok(None),
            // Anyone may have registered the address, so the account with this address must not
            // become the administrator.
            FirstAdministrator::EmailTaken => {
                tracing::warn!(
                    "there is no administrator: the configured address belongs to another account"
                );
                Ok(None)
            }
        }
    }

    async fn new_user(
        &self,
        email: EmailAddress,
        password: &Password,
        roles: Roles,
        display_name: Option<String>,
    ) -> Result<NewUser> {
        let password_hash = self.hasher.hash(password).await?;
        let now = self.core.clock.now();
        Ok(NewUser {
            id: UserId::new(now),
            email,
            email_verified_at: None,
            password_hash: Some(password_hash),
            roles,
            display_name,
            locale: None,
            created_at: now,
        })
    }
}
