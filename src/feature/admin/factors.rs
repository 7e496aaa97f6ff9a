//! The second factors of a user.

use super::Administration;
use crate::{
    error::{ErrorKind, Result},
    event::{Author, EventKind},
    factor::FactorList,
    mail::{LetterKind, Recipient},
    user::UserId,
};

impl Administration {
    /// The second factors of a user, without their keys, and the number of unused recovery codes.
    ///
    /// # Errors
    /// [`UserNotFound`](ErrorKind::UserNotFound).
    pub async fn factors(&self, id: UserId) -> Result<FactorList> {
        self.user(id).await?;
        Ok(self.core.store.factors(id).await?)
    }

    /// Removes all second factors, recovery codes and remembered devices of a user, and ends every
    /// session of the user. Call it for a user who has lost the second factors. The user is
    /// notified by email. Before the call, make sure that the request really comes from the user.
    ///
    /// # Errors
    /// [`UserNotFound`](ErrorKind::UserNotFound).
    pub async fn reset_factors(&self, id: UserId, author: &Author) -> Result<()> {
        let user = self.user(id).await?;
        let (core, now) = (&self.core, self.core.clock.now());
        let event = author.event(EventKind::FactorsReset, now);
        let (letter, recipient) = (LetterKind::FactorsReset, Recipient::UserOfFact);
        let mail = core
            .deliveries
            .notice(letter, recipient, now, &author.client);
        let reset = core.store.reset_factors(id, now, &event, mail.as_ref());
        if !reset.await? {
            return Err(ErrorKind::UserNotFound.into());
        }
        core.trail.publish(&event.of(id));
        core.hooks.after_factor_change(&user);
        core.deliveries.wake();
        Ok(())
    }
}
