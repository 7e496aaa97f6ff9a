//! The account that an email is for. It is fixed when the email is requested, or at the latest by
//! the first claim.

use super::Deliveries;
use crate::{
    error::Result,
    mail::{ClaimedIntent, Intent, LetterKind, Ordered, Recipient},
    user::{Credentials, EmailAddress, User, UserStatus},
};

/// The user who gets an email, and the address that it is sent to.
pub(super) struct Addressee {
    pub(super) user: User,
    pub(super) address: EmailAddress,
    /// The version of the user's credentials when the email was requested.
    pub(super) credential_version: i64,
}

impl Deliveries {
    /// The addressee; `None` if there is no recipient, or the email is no longer valid.
    pub(super) async fn addressee(&self, claimed: &ClaimedIntent) -> Result<Option<Addressee>> {
        let intent = &claimed.intent;
        let found = match &claimed.ordered {
            Some(ordered) => {
                let user = self.0.parts.store.user(ordered.user_id).await?;
                user.map(|user| (user, ordered.clone()))
            }
            None => self.first_found(claimed).await?,
        };
        let Some((user, ordered)) = found.filter(|(user, _)| is_active(user)) else {
            return Ok(None);
        };
        if intent.letter == LetterKind::VerifyEmail && user.email_verified_at.is_some() {
            return Ok(None);
        }
        // A link that acts on the address is mailed only if the user still has it. A notice is sent to the original
        // address even if the user has changed it.
        let moved = user.email.as_str() != ordered.address.as_str();
        if moved && intent.letter.purpose().is_some() && !intent.letter.is_notice() {
            tracing::info!(id = %intent.id, "an email was dropped because the address of the account has changed");
            return Ok(None);
        }
        if self.is_taken(intent, &user).await? {
            return Ok(None);
        }
        let address = match &intent.recipient {
            Recipient::NewAddress(_, new) => new.clone(),
            _ => ordered.address,
        };
        Ok(Some(Addressee {
            user,
            address,
            credential_version: ordered.credential_version,
        }))
    }

    /// The account that the first claim finds. After that the email stays bound to that account.
    async fn first_found(&self, claimed: &ClaimedIntent) -> Result<Option<(User, Ordered)>> {
        let found = self.holder(&claimed.intent).await?;
        let Some(found) = found.filter(|found| is_active(&found.user)) else {
            return Ok(None);
        };
        let ordered = Ordered {
            user_id: found.user.id,
            address: found.user.email.clone(),
            credential_version: found.credential_version,
        };
        let (id, attempt) = (claimed.intent.id, claimed.attempt);
        let store = &self.0.parts.store;
        let is_ours = store.keep_order(id, attempt, &ordered).await?;
        Ok(is_ours.then_some((found.user, ordered)))
    }

    /// The account that an intent identifies by address, or by user id if an older version wrote the intent.
    async fn holder(&self, intent: &Intent) -> Result<Option<Credentials>> {
        let store = &self.0.parts.store;
        let id = match &intent.recipient {
            Recipient::Holder(address) => return Ok(store.credentials(address).await?),
            Recipient::NewAddress(id, _) | Recipient::User(id) => *id,
            Recipient::UserOfFact => return Ok(None),
        };
        let Some(user) = store.user(id).await? else {
            return Ok(None);
        };
        let found = store.credentials(&user.email).await?;
        Ok(found.filter(|found| found.user.id == id))
    }

    /// Whether the requested address now belongs to another user.
    async fn is_taken(&self, intent: &Intent, user: &User) -> Result<bool> {
        let Recipient::NewAddress(_, new) = &intent.recipient else {
            return Ok(false);
        };
        let owner = self.0.parts.store.credentials(new).await?;
        Ok(owner.is_some_and(|owner| owner.user.id != user.id))
    }
}

fn is_active(user: &User) -> bool {
    user.status == UserStatus::Active
}
