//! Address changes in memory.

use async_trait::async_trait;

use super::{
    MemoryStore, State,
    one_time_token::{OneTimeRow, key_of},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    mail::Intent,
    secret::TokenDigest,
    store::AddressStore,
    token::{Checked, CheckedSession, EndReason, NewOneTimeToken, Purpose},
    user::{EmailAddress, UserId},
};

#[async_trait]
impl AddressStore for MemoryStore {
    async fn verify_email(
        &self,
        digest: &TokenDigest,
        now: Timestamp,
        event: &Event,
    ) -> Result<Option<UserId>, StoreError> {
        let mut state = self.state();
        let Some((id, address)) = state.mailed_to(digest, Purpose::VerifyEmail, now) else {
            return Ok(None);
        };
        let row = state.users.get_mut(&id);
        let Some(row) = row.filter(|row| row.user.email.as_str() == address.as_str()) else {
            return Ok(None);
        };
        if row.user.email_verified_at.is_none() {
            row.user.email_verified_at = Some(now);
            row.user.updated_at = now;
        }
        state.use_tokens_of(id, Purpose::VerifyEmail, &address);
        state.record(event, Some(id));
        Ok(Some(id))
    }

    async fn request_email_change(
        &self,
        checked: &CheckedSession,
        token: &NewOneTimeToken,
        event: &Event,
        mails: &[Intent],
    ) -> Result<Checked, StoreError> {
        let mut state = self.state();
        let now = token.created_at;
        let Some((_, user)) = state.unchanged(checked, now) else {
            return Ok(Checked::Stale);
        };
        let version = user.credential_version;
        let key = key_of(token);
        let newer = state.one_time.get(&key);
        let Some(first) = token.digests.first() else {
            return Ok(Checked::Done);
        };
        if newer.is_none_or(|known| known.created_at < now) {
            state
                .one_time
                .insert(key, OneTimeRow::new(*first, token, version));
            state.record(event, Some(checked.user_id));
            state.order(mails, Some(checked.user_id));
        }
        Ok(Checked::Done)
    }

    async fn confirm_email_change(
        &self,
        digest: &TokenDigest,
        now: Timestamp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<Option<UserId>, StoreError> {
        let mut state = self.state();
        let purpose = Purpose::ConfirmEmailChange;
        let Some((id, address)) = state.mailed_to(digest, purpose, now) else {
            return Ok(None);
        };
        let owner = state.addresses.get(address.canonical());
        if owner.is_some_and(|owner| *owner != id) {
            return Ok(None);
        }
        // The email is queued before the change, so that it goes to the previous address.
        state.order(mail, Some(id));
        let State {
            users, addresses, ..
        } = &mut *state;
        let Some(row) = users.get_mut(&id) else {
            return Ok(None);
        };
        addresses.remove(row.user.email.canonical());
        addresses.insert(address.canonical().to_owned(), id);
        row.user.email = address.clone();
        row.user.email_verified_at = Some(now);
        row.user.updated_at = now;
        row.credential_version += 1;
        state.use_tokens_of(id, purpose, &address);
        state.end_sessions(id, EndReason::EmailChanged, now);
        state.record(event, Some(id));
        Ok(Some(id))
    }
}

impl State {
    /// Returns the user of this live token and the address that the token was mailed to.
    fn mailed_to(
        &self,
        digest: &TokenDigest,
        purpose: Purpose,
        now: Timestamp,
    ) -> Option<(UserId, EmailAddress)> {
        let id = self.spendable(digest, purpose, now)?.user.id;
        let token = self
            .one_time
            .values()
            .find(|token| token.digest == *digest)?;
        Some((id, token.address.clone()))
    }

    /// Marks the tokens of this purpose that were mailed to this address as used.
    pub(super) fn use_tokens_of(&mut self, user: UserId, purpose: Purpose, address: &EmailAddress) {
        let tokens = self
            .one_time
            .iter_mut()
            .filter(|((of, kind, _), _)| (*of, *kind) == (user, purpose));
        for (_, token) in tokens {
            token.used |= token.address.as_str() == address.as_str();
        }
    }
}
