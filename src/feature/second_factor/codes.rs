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
    /// Replaces the recovery codes by ten new ones, which are returned once. A letter notifies the user.
    ///
    /// # Errors
    /// [`StepUpRequired`](ErrorKind::StepUpRequired), also in a session that was opened with a recovery code;
    /// [`FactorRequired`](ErrorKind::FactorRequired) if the user has no second factor.
    pub async fn renew_recovery_codes(
        &self,
        caller: &ActiveUser,
        client: &ClientInfo,
    ) -> Result<Vec<RecoveryCode>> {
        // A permission for a user without a factor must not outlive the first factor.
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
