//! Password changes in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    limit::LimitKey,
    mail::Intent,
    secret::PasswordHash,
    store::PasswordStore,
    token::{
        Checked, CheckedSession, EndReason, Purpose, RenewedCookie, Reset, ResetPassword,
        SecureAccount, SecuredAccount,
    },
    user::{User, UserId},
};

#[async_trait]
impl PasswordStore for MemoryStore {
    async fn change_password(
        &self,
        checked: &CheckedSession,
        renewed: Option<&RenewedCookie>,
        password_hash: &PasswordHash,
        now: Timestamp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<Checked, StoreError> {
        let mut state = self.state();
        let unchanged = state.unchanged(checked, now);
        let Some((session, row)) = unchanged.filter(|(session, _)| session.has_current(renewed))
        else {
            return Ok(Checked::Stale);
        };
        if let Some(renewed) = renewed {
            session.digest = renewed.successor;
            session.former = None;
        }
        row.password_hash = Some(password_hash.clone());
        row.credential_version += 1;
        row.user.updated_at = now;
        session.credential_version = row.credential_version;
        let user = checked.user_id;
        for (_, session) in state
            .sessions
            .iter_mut()
            .filter(|(id, session)| session.user_id == user && **id != checked.id)
        {
            session.end(EndReason::PasswordChanged, now);
        }
        state.record(event, Some(user));
        state.order(mail, Some(user));
        Ok(Checked::Done)
    }

    async fn reset_password(
        &self,
        reset: &ResetPassword,
        event: &Event,
        on_takeover: &Event,
        mail: Option<&Intent>,
    ) -> Result<Option<Reset>, StoreError> {
        let mut state = self.state();
        let now = reset.now;
        let Some((id, taken_over)) = state
            .spendable(&reset.digest, Purpose::ResetPassword, now)
            .map(|row| (row.user.id, row.user.email_verified_at.is_none()))
        else {
            return Ok(None);
        };
        let (hash, reason) = (reset.password_hash.clone(), EndReason::PasswordReset);
        if taken_over {
            state.take_over(id, Some(hash), reason, now);
            state.record(on_takeover, Some(id));
        } else {
            if let Some(row) = state.users.get_mut(&id) {
                row.password_hash = Some(hash);
                row.credential_version += 1;
                row.user.updated_at = now;
            }
            state.end_sessions(id, reason, now);
            state.use_proofs(id);
        }
        state.use_token(id, Purpose::ResetPassword);
        let Some(user) = state.users.get(&id).map(|row| row.user.clone()) else {
            return Ok(None);
        };
        self.limits.forget(reset.cleared_counter);
        state.record(event, Some(id));
        state.order(mail, Some(id));
        Ok(Some(Reset { user, taken_over }))
    }

    async fn secure_account(
        &self,
        secure: &SecureAccount,
        event: &Event,
        reset: &Intent,
    ) -> Result<Option<SecuredAccount>, StoreError> {
        let mut state = self.state();
        let (purpose, now) = (Purpose::SecureAccount, secure.now);
        let found = state.unexpired(&secure.digest, purpose, now);
        let Some((token, row)) = found.filter(|(token, row)| token.is_live(purpose, row)) else {
            return Ok(None);
        };
        let address = token.address.clone();
        let secured = SecuredAccount {
            user_id: row.user.id,
            letter: Some(token.letter.as_str().to_owned()),
            is_reset_mailed: token.is_mailed_to(row),
        };
        let id = secured.user_id;
        let Some(row) = state.users.get_mut(&id) else {
            return Ok(None);
        };
        row.credential_version += 1;
        if secured.is_reset_mailed
            && let Some(hash) = &mut row.password_hash
        {
            hash.clone_from(&secure.useless_hash);
            row.user.updated_at = now;
        }
        state.use_tokens_of(id, purpose, &address);
        state.end_sessions(id, EndReason::AccountSecured, now);
        state.record(&secured.noted_on(event), Some(id));
        if secured.is_reset_mailed {
            state.order([reset], Some(id));
        }
        Ok(Some(secured))
    }

    async fn set_password(
        &self,
        id: UserId,
        password_hash: &PasswordHash,
        cleared_counter: Option<LimitKey>,
        now: Timestamp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<Option<User>, StoreError> {
        let mut state = self.state();
        let Some(row) = state.users.get_mut(&id) else {
            return Ok(None);
        };
        row.password_hash = Some(password_hash.clone());
        row.credential_version += 1;
        row.user.updated_at = now;
        let user = row.user.clone();
        state.end_sessions(id, EndReason::PasswordChanged, now);
        self.limits.forget(cleared_counter);
        state.record(event, Some(id));
        state.order(mail, Some(id));
        Ok(Some(user))
    }
}
