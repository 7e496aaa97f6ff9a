//! The rules for new passwords: the policy and the breach check.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;

use super::{
    BreachCheck, Hasher, PasswordContext, PasswordPolicy, policy::violation, prepared::prepared,
};
use crate::{
    core::Core,
    error::{Error, ErrorKind, Result, Weakness},
    event::{ClientInfo, Event, EventKind},
    id::UserId,
    secret::Password,
    user::EmailAddress,
};

/// The maximum duration of a breach check.
pub(crate) const BREACH_CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// The checks that every new password must pass, wherever it is set. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct PasswordRules(Arc<PasswordRulesParts>);

#[derive(Debug)]
pub(crate) struct PasswordRulesParts {
    pub(crate) core: Arc<Core>,
    pub(crate) policy: PasswordPolicy,
    pub(crate) breaches: Option<Arc<dyn BreachCheck>>,
    /// How long the breach check may take.
    pub(crate) breach_timeout: Duration,
    pub(crate) hasher: Hasher,
}

/// A password to be set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewPassword<'a> {
    /// The name of the request member that contains the password.
    pub(crate) member: &'static str,
    pub(crate) password: &'a Password,
    pub(crate) email: &'a EmailAddress,
    pub(crate) display_name: Option<&'a str>,
    /// The account's user; `None` if the account does not exist yet.
    pub(crate) user_id: Option<UserId>,
    /// The user who sets the password.
    pub(crate) actor_id: Option<UserId>,
    pub(crate) client: &'a ClientInfo,
}

impl<'a> NewPassword<'a> {
    /// The password for a new account without a display name, set by an unknown caller.
    pub(crate) fn new(
        member: &'static str,
        password: &'a Password,
        email: &'a EmailAddress,
        client: &'a ClientInfo,
    ) -> Self {
        Self {
            member,
            password,
            email,
            display_name: None,
            user_id: None,
            actor_id: None,
            client,
        }
    }
}

impl PasswordRules {
    pub(crate) fn new(parts: PasswordRulesParts) -> Self {
        Self(Arc::new(parts))
    }

    /// Refuses a password that breaks the rules. If the breach check itself fails, records an
    /// event.
    ///
    /// # Errors
    /// The errors of [`check`](Self::check), and [`Unavailable`](ErrorKind::Unavailable) if the
    /// event could not be written.
    pub(crate) async fn ensure(&self, new: &NewPassword<'_>) -> Result<()> {
        if let Some(unanswered) = self.check(new).await? {
            self.0.core.trail.record(&unanswered).await?;
        }
        Ok(())
    }

    /// Refuses a password that breaks the rules. This method does not use the database, so the
    /// caller has to record the returned event.
    ///
    /// # Errors
    /// [`WeakPassword`](ErrorKind::WeakPassword); [`Overloaded`](ErrorKind::Overloaded) if the strength has to be
    /// estimated and too many callers are waiting for an estimate.
    pub(crate) async fn check(&self, new: &NewPassword<'_>) -> Result<Option<Event>> {
        self.check_policy(new).await?;
        let Some(breaches) = &self.0.breaches else {
            return Ok(None);
        };
        let password = prepared(new.password);
        match timeout(self.0.breach_timeout, breaches.is_breached(&password))
            .await
            .unwrap_or_else(|elapsed| Err(elapsed.into()))
        {
            Ok(false) => Ok(None),
            Ok(true) => Err(Error::new(ErrorKind::WeakPassword)
                .with_violations(vec![violation(new.member, Weakness::Breached)])),
            Err(error) => {
                tracing::warn!(
                    error = &*error,
                    "a new password could not be looked up among the breached ones; it is accepted"
                );
                Ok(Some(self.unanswered(new)))
            }
        }
    }

    async fn check_policy(&self, new: &NewPassword<'_>) -> Result<()> {
        let policy = &self.0.policy;
        let context = PasswordContext::new(new.email).with_display_name(new.display_name);
        if !policy.is_slow() {
            return policy.check(new.member, new.password, &context);
        }
        let (rules, member, password) = (self.clone(), new.member, new.password.clone());
        let (email, name) = (new.email.clone(), new.display_name.map(str::to_owned));
        self.0
            .hasher
            .run(move |_| {
                let context = PasswordContext::new(&email).with_display_name(name.as_deref());
                rules.0.policy.check(member, &password, &context)
            })
            .await
    }

    fn unanswered(&self, new: &NewPassword<'_>) -> Event {
        let mut event = Event::new(
            EventKind::BreachCheckFailed,
            self.0.core.clock.now(),
            new.client,
        );
        event.user_id = new.user_id;
        event.actor_id = new.actor_id;
        self.0.core.trail.about(event, new.email.canonical())
    }
}
