//! One-time tokens in memory.

use async_trait::async_trait;

use super::{MemoryStore, State, user::UserRow};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    limit::LimitKey,
    mail::IntentId,
    secret::TokenDigest,
    store::{OneTimeTokenStore, PendingEmail},
    token::{IssueOneTime, NewOneTimeToken, OneTimeStatus, Purpose},
    user::{EmailAddress, User, UserId},
};

#[derive(Debug)]
pub(super) struct OneTimeRow {
    pub(super) digest: TokenDigest,
    pub(super) address: EmailAddress,
    intent: IntentId,
    credential_version: i64,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) used: bool,
}

/// Each email that proves an address has its own token. For any other purpose, a user has only one
/// token.
pub(super) type OneTimeKey = (UserId, Purpose, Option<IntentId>);

pub(super) fn key_of(token: &NewOneTimeToken) -> OneTimeKey {
    let is_proof = token.purpose == Purpose::VerifyEmail;
    let mail = is_proof.then_some(token.intent);
    (token.user_id, token.purpose, mail)
}

impl UserRow {
    /// Whether a token that was requested at this credential version and for this address is still valid.
    fn stands(&self, purpose: Purpose, version: i64, address: &EmailAddress) -> bool {
        let same_address = self.user.email.as_str() == address.as_str();
        match purpose {
            Purpose::ConfirmEmailChange => self.is_at(version),
            // A changed password does not affect the address.
            Purpose::VerifyEmail => self.is_active() && same_address,
            Purpose::ResetPassword | Purpose::Unlock => self.is_at(version) && same_address,
        }
    }
}

impl OneTimeRow {
    pub(super) fn new(digest: TokenDigest, new: &NewOneTimeToken, credential_version: i64) -> Self {
        Self {
            digest,
            address: new.address.clone(),
            intent: new.intent,
            credential_version,
            created_at: new.created_at,
            expires_at: new.expires_at,
            used: false,
        }
    }

    fn is_live(&self, purpose: Purpose, user: &UserRow) -> bool {
        !self.used && user.stands(purpose, self.credential_version, &self.address)
    }

    /// Whether the address that the token was mailed to is still the address of the user.
    fn is_mailed_to(&self, user: &UserRow) -> bool {
        self.address.as_str() == user.user.email.as_str()
    }

    /// Whether the new token belongs to a retry of the letter that carried this unused token.
    fn is_renewed_by(&self, new: &NewOneTimeToken, user: &UserRow) -> bool {
        self.created_at < new.created_at
            && self.is_live(new.purpose, user)
            && self.address.as_str() == new.address.as_str()
    }
}

#[async_trait]
impl OneTimeTokenStore for MemoryStore {
    async fn issue_one_time(&self, new: &NewOneTimeToken) -> Result<IssueOneTime, StoreError> {
        let mut state = self.state();
        let State {
            users, one_time, ..
        } = &mut *state;
        let Some(user) = users.get(&new.user_id).filter(|user| user.is_active()) else {
            return Ok(IssueOneTime::Dead);
        };
        let Some(&digest) = new.digests.first() else {
            return Ok(IssueOneTime::Dead);
        };
        let key = key_of(new);
        let kept = one_time.get(&key);
        let is_new = match (new.purpose, kept) {
            (Purpose::ConfirmEmailChange, kept) => {
                kept.is_some_and(|kept| kept.is_renewed_by(new, user))
            }
            (_, kept) => kept.is_none_or(|kept| kept.created_at < new.created_at),
        };
        if is_new && user.stands(new.purpose, new.credential_version, &new.address) {
            one_time.insert(key, OneTimeRow::new(digest, new, user.credential_version));
            return Ok(IssueOneTime::Live(digest));
        }
        let live = kept.filter(|kept| kept.is_live(new.purpose, user));
        Ok(match live {
            Some(live) if new.digests.contains(&live.digest) => IssueOneTime::Live(live.digest),
            Some(live) if live.intent == new.intent => IssueOneTime::Elsewhere,
            _ => IssueOneTime::Dead,
        })
    }

    async fn one_time_user(
        &self,
        digest: &TokenDigest,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        let state = self.state();
        Ok(state
            .spendable(digest, purpose, now)
            .map(|row| row.user.clone()))
    }

    async fn one_time_status(
        &self,
        digest: &TokenDigest,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<OneTimeStatus, StoreError> {
        let state = self.state();
        Ok(match state.unexpired(digest, purpose, now) {
            Some((token, user)) if token.is_live(purpose, user) => {
                OneTimeStatus::Live(token.address.clone())
            }
            Some((token, user)) if token.used && token.is_mailed_to(user) => OneTimeStatus::Used,
            _ => OneTimeStatus::Dead,
        })
    }

    async fn unlock(
        &self,
        digest: &TokenDigest,
        cleared_counter: Option<LimitKey>,
        now: Timestamp,
        event: &Event,
    ) -> Result<Option<UserId>, StoreError> {
        let mut state = self.state();
        let Some(id) = state
            .spendable(digest, Purpose::Unlock, now)
            .map(|row| row.user.id)
        else {
            return Ok(None);
        };
        state.use_token(id, Purpose::Unlock);
        self.limits.forget(cleared_counter);
        state.record(event, Some(id));
        Ok(Some(id))
    }
}

impl State {
    /// The change of address that a user has not confirmed yet.
    pub(super) fn pending_email(&self, user: UserId, now: Timestamp) -> Option<PendingEmail> {
        let token = self
            .one_time
            .get(&(user, Purpose::ConfirmEmailChange, None))?;
        let owner = self.users.get(&user)?;
        let is_live = token.is_live(Purpose::ConfirmEmailChange, owner) && now < token.expires_at;
        is_live.then(|| PendingEmail {
            address: token.address.clone(),
            expires_at: token.expires_at,
        })
    }

    /// Marks the user's only token of a purpose as spent.
    pub(super) fn use_token(&mut self, user: UserId, purpose: Purpose) {
        if let Some(token) = self.one_time.get_mut(&(user, purpose, None)) {
            token.used = true;
        }
    }

    /// Marks the tokens that prove the address as used, because the address was proven in another way.
    pub(super) fn use_proofs(&mut self, user: UserId) {
        let is_meant = |(of, purpose, _): OneTimeKey| (of, purpose) == (user, Purpose::VerifyEmail);
        for (_, token) in self.one_time.iter_mut().filter(|(key, _)| is_meant(**key)) {
            token.used = true;
        }
    }

    pub(super) fn spendable(
        &self,
        digest: &TokenDigest,
        purpose: Purpose,
        now: Timestamp,
    ) -> Option<&UserRow> {
        let (token, user) = self.unexpired(digest, purpose, now)?;
        token.is_live(purpose, user).then_some(user)
    }

    fn unexpired(
        &self,
        digest: &TokenDigest,
        purpose: Purpose,
        now: Timestamp,
    ) -> Option<(&OneTimeRow, &UserRow)> {
        let (&(user, ..), token) = self
            .one_time
            .iter()
            .find(|((_, of, _), token)| *of == purpose && token.digest == *digest)?;
        let user = self.users.get(&user)?;
        (now < token.expires_at).then_some((token, user))
    }
}
