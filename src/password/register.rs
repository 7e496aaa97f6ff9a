use super::{Passwords, RegistrationMode};
use crate::{
    error::{ErrorKind, Result},
    event::{ClientInfo, Event, EventKind},
    hook::Applicant,
    limit::Budget,
    mail::{Intent, LetterKind, Recipient},
    secret::Password,
    service::Registration,
    store::Store,
    user::{EmailAddress, InsertUser, NewUser, Role, Roles, User, UserId, check_display_name},
};

/// An account that is ready to be made: its input is checked, and its password hashed.
///
/// Made by [`Auth::prepare_registration`](crate::Auth::prepare_registration), which does all that is slow.
#[derive(Clone, Debug)]
pub struct PreparedRegistration {
    user: NewUser,
    mail: Intent,
    /// To who has the address already, where registration is private.
    if_taken: Option<Intent>,
    client: ClientInfo,
}

impl Passwords {
    pub(crate) async fn register(
        &self,
        store: &dyn Store,
        registration: Registration,
    ) -> Result<User> {
        let (client, about) = (&registration.client, registration.email.canonical());
        let admitted = self
            .limits
            .admit(store, Budget::Register, client, Some(about));
        admitted.await?;
        let prepared = self.prepare_registration(registration).await?;
        let inserted = Self::insert(store, prepared).await;
        // There is a mail either way where registration is private.
        self.deliveries.wake();
        let (user, event) = inserted?;
        self.trail.publish(&event);
        self.hooks.after_registration(&user);
        Ok(user)
    }

    /// All that is slow, and asks no database.
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
        self.check_policy("password", &password, &email)?;
        let applicant = Applicant {
            email: &email,
            display_name: display_name.as_deref(),
            client: &client,
        };
        self.hooks.before_registration(&applicant).await?;
        let roles = [Role::USER].into_iter().collect();
        let mut user = self.new_user(email, &password, roles, display_name).await?;
        user.locale = locale;
        let mail = self
            .deliveries
            .verification(Recipient::UserOfFact, user.created_at);
        let if_taken = (self.registration == RegistrationMode::Private).then(|| {
            let owner = Recipient::Holder(user.email.clone());
            Intent::notice(LetterKind::AccountExists, owner, &client, user.created_at)
        });
        Ok(PreparedRegistration {
            user,
            mail,
            if_taken,
            client,
        })
    }

    /// Makes the account. The event is told when the account is there to stay.
    pub(crate) async fn insert(
        store: &dyn Store,
        prepared: PreparedRegistration,
    ) -> Result<(User, Event)> {
        let PreparedRegistration {
            user,
            mail,
            if_taken,
            client,
        } = prepared;
        let event = Event::new(EventKind::AccountCreated, &client, user.created_at).by(user.id);
        let inserted = store.insert_user(&user, &event, Some(&mail), if_taken.as_ref());
        match inserted.await? {
            InsertUser::Inserted(user) => {
                let event = event.of(user.id);
                Ok((user, event))
            }
            InsertUser::EmailTaken => Err(ErrorKind::EmailTaken.into()),
        }
    }

    /// Makes a verified administrator, unless the address has an account; `None` then.
    pub(crate) async fn ensure_administrator(
        &self,
        store: &dyn Store,
        email: EmailAddress,
        password: &Password,
    ) -> Result<Option<User>> {
        if store.credentials(&email).await?.is_some() {
            return Ok(None);
        }
        self.check_policy("password", password, &email)?;
        let roles = [Role::ADMIN, Role::USER].into_iter().collect();
        let mut user = self.new_user(email, password, roles, None).await?;
        user.email_verified_at = Some(user.created_at);
        let nobody = ClientInfo::default();
        let event = Event::new(EventKind::AccountCreated, &nobody, user.created_at);
        let inserted = store.insert_user(&user, &event, None, None);
        match inserted.await? {
            InsertUser::Inserted(user) => {
                self.trail.publish(&event.of(user.id));
                self.hooks.after_registration(&user);
                Ok(Some(user))
            }
            // Another instance was faster.
            InsertUser::EmailTaken => Ok(None),
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
        let now = self.clock.now();
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
