//! Renewing recovery codes.

use super::Factors;
use crate::{
    error::{ErrorKind, Result},
    event::{ClientInfo, EventKind},
    factor::RecoveryCode,
    mail::LetterKind,
    token::ActiveUser,
};

impl Factors {
    /// Replaces the recovery codes with ten new ones, which only this call returns. The user is
    /// notified by email.
    ///
    /// # Errors
    /// [`StepUpRequired`](ErrorKind::StepUpRequired) if no second factor was presented recently, or
    /// only a recovery code was presented in the session;
    /// [`FactorRequired`](ErrorKind::FactorRequired) if the user has no second factor.
    pub async fn renew_recovery_codes(
        &self,
        caller: &ActiveUser,
        client: &ClientInfo,
    ) -> Result<Vec<RecoveryCode>> {
        // Without a second factor, a recent sign-in would pass the next check. It must not
        // authorize new codes if another call has just enrolled the first factor.
        if !caller.has_second_factor {
            return Err(ErrorKind::FactorRequired.into());
        }
        caller.require_step_up(self.core.clock.now())?;
        let (user, codes) = (caller.user.id, RecoveryCode::set());
        let digests = self.core.factor_keys.digests(user, &codes);
        let event = self.event(EventKind::RecoveryCodesRenewed, caller, client);
        let mail = self.notice(LetterKind::RecoveryCodesRenewed, caller, client);
        let store = &self.core.store;
        let renewed = store.renew_codes(user, &digests, &event, mail.as_ref());
        if !renewed.await? {
            return Err(ErrorKind::FactorRequired.into());
        }
        self.announce(&event, caller);
        Ok(codes)
    }
}
