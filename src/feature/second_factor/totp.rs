//! Enrolling and removing authenticator apps.

use super::{Factors, TotpSecret};
use crate::{
    error::{Error, ErrorKind, Result},
    event::{ClientInfo, EventKind},
    factor::{AddTotp, ConfirmTotp, ConfirmedTotp, FactorId, RecoveryCode, RemoveFactor, TotpCode},
    limit::Budget,
    mail::LetterKind,
    token::ActiveUser,
    user::check_label,
};

/// The maximum length of an authenticator app's name, in code points.
const MAX_NAME: usize = 100;

impl Factors {
    /// Begins the enrolment of an authenticator app. It takes effect once it is [confirmed](Self::confirm_totp).
    ///
    /// # Errors
    /// * [`ReauthenticationRequired`](ErrorKind::ReauthenticationRequired) if the sign-in is not recent;
    /// * [`StepUpRequired`](ErrorKind::StepUpRequired) if the user has a second factor that was not presented recently;
    /// * [`TooManyFactors`](ErrorKind::TooManyFactors) if the user already has five second factors;
    /// * [`ValidationFailed`](ErrorKind::ValidationFailed) for a name of more than 100 code points, or with control
    ///   characters.
    pub async fn begin_totp(&self, caller: &ActiveUser, name: Option<&str>) -> Result<TotpSecret> {
        let now = self.core.clock.now();
        caller.require_recent_sign_in(now)?;
        caller.require_step_up_or_recovery(now)?;
        check_label("name", name, MAX_NAME)?;
        let (name, is_first) = (name.map(str::to_owned), !caller.has_second_factor);
        let (totp, secret) =
            self.enrolments
                .draft(&caller.user, name, Some(caller.session_id), is_first)?;
        match self.core.store.add_totp(&totp).await? {
            AddTotp::Added => Ok(secret),
            AddTotp::TooMany => Err(ErrorKind::TooManyFactors.into()),
            AddTotp::Stale => Err(ErrorKind::StepUpRequired.into()),
            AddTotp::Gone => Err(ErrorKind::InvalidAccessToken.into()),
        }
    }

    /// The key of an authenticator app whose enrolment the caller has begun, so that it can be shown again. The result
    /// is `None` if the enrolment is unknown or has expired.
    ///
    /// # Errors
    /// * [`ReauthenticationRequired`](ErrorKind::ReauthenticationRequired) or
    ///   [`StepUpRequired`](ErrorKind::StepUpRequired) as for [`begin_totp`](Self::begin_totp);
    /// * [`Unavailable`](ErrorKind::Unavailable) while the database is unreachable.
    #[cfg(feature = "pages")]
    pub(crate) async fn pending_totp(
        &self,
        caller: &ActiveUser,
        id: FactorId,
    ) -> Result<Option<TotpSecret>> {
        let now = self.core.clock.now();
        caller.require_recent_sign_in(now)?;
        caller.require_step_up_or_recovery(now)?;
        self.enrolments.pending_of(&caller.user, id).await
    }

    /// Confirms an authenticator app with its first code, and returns the recovery codes if it is
    /// the first factor. The session then counts as multi-factor; other sessions do not change. The
    /// user is notified by email.
    ///
    /// # Errors
    /// [`InvalidCode`](ErrorKind::InvalidCode); [`NotFound`](ErrorKind::NotFound) if the factor is unknown, already
    /// confirmed or expired; [`TooManyFactors`](ErrorKind::TooManyFactors);
    /// [`RateLimited`](ErrorKind::RateLimited).
    pub async fn confirm_totp(
        &self,
        caller: &ActiveUser,
        id: FactorId,
        code: &TotpCode,
        client: &ClientInfo,
    ) -> Result<Vec<RecoveryCode>> {
        let (core, user, now) = (&self.core, caller.user.id, self.core.clock.now());
        core.limits
            .admit_here(Budget::SecondFactor, client.ip)
            .await?;
        let pending = core.store.pending_totp(user, id, now).await?;
        let pending = pending.ok_or(ErrorKind::NotFound)?;
        let key = core.factor_keys.open(user, &pending);
        let key = key.ok_or_else(|| Error::internal("no secret opens the key of a factor"))?;
        let Some(step) = key.matching(code, now) else {
            let failed = self
                .event(EventKind::FactorFailed, caller, client)
                .with("method", "otp")
                .with("reason", "wrong_code");
            core.trail.record(&failed).await?;
            return Err(ErrorKind::InvalidCode.into());
        };
        let codes = RecoveryCode::set();
        let confirm = ConfirmTotp {
            session_id: caller.session_id,
            user_id: user,
            factor_id: id,
            step,
            codes: core.factor_keys.digests(user, &codes),
            now,
        };
        let event = self
            .event(EventKind::FactorAdded, caller, client)
            .with("kind", "totp")
            .with("factor_id", id.to_string());
        let mail = self.notice(LetterKind::FactorAdded, caller, client);
        let confirmed = core.store.confirm_totp(&confirm, &event, mail.as_ref());
        match confirmed.await? {
            ConfirmedTotp::Confirmed { is_first } => {
                self.announce(&event, caller);
                Ok(if is_first { codes } else { Vec::new() })
            }
            ConfirmedTotp::TooMany => Err(ErrorKind::TooManyFactors.into()),
            ConfirmedTotp::NotFound => Err(ErrorKind::NotFound.into()),
        }
    }

    /// Removes a second factor. If it is the last one, the recovery codes are removed too. The user
    /// is notified by email.
    ///
    /// # Errors
    /// [`StepUpRequired`](ErrorKind::StepUpRequired); [`NotFound`](ErrorKind::NotFound);
    /// [`FactorRequired`](ErrorKind::FactorRequired) if it is the last one and the user must have one.
    pub async fn remove(
        &self,
        caller: &ActiveUser,
        id: FactorId,
        client: &ClientInfo,
    ) -> Result<()> {
        if !caller.has_second_factor {
            return Err(ErrorKind::NotFound.into());
        }
        caller.require_step_up_or_recovery(self.core.clock.now())?;
        let event = self
            .event(EventKind::FactorRemoved, caller, client)
            .with("factor_id", id.to_string());
        let mail = self.notice(LetterKind::FactorRemoved, caller, client);
        let (user, is_required) = (caller.user.id, self.is_required(caller));
        let session = caller.session_id;
        let store = &self.core.store;
        let removed = store.remove_factor(session, user, id, is_required, &event, mail.as_ref());
        match removed.await? {
            RemoveFactor::Removed => {
                self.announce(&event, caller);
                Ok(())
            }
            RemoveFactor::Required => Err(ErrorKind::FactorRequired.into()),
            RemoveFactor::NotFound => Err(ErrorKind::NotFound.into()),
        }
    }
}
