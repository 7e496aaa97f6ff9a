//! One-time tokens in memory.

use std::cmp::Reverse;

use async_trait::async_trait;

use super::{MemoryStore, State, user::UserRow};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::Event,
    limit::LimitKey,
    mail::{IntentId, LetterKind},
    secret::TokenDigest,
    store::{OneTimeTokenStore, PendingEmail},
    token::{
        IssueOneTime, NewOneTimeToken, OneTimeStatus, Purpose, SECURE_TOKENS_PER_ADDRESS,
        SECURE_TOKENS_PER_USER,
    },
    user::{EmailAddress, User, UserId},
};

#[derive(Debug)]
pub(super) struct OneTimeRow {
    pub(super) digest: TokenDigest,
    pub(super) address: EmailAddress,
    intent: IntentId,
    pub(super) letter: LetterKind,
    credential_version: i64,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) used: bool,
}

/// Each email that proves an address, and each notice, has its own token. For any other purpose, a user has only one
/// token.
pub(super) type OneTimeKey = (UserId, Purpose, Option<IntentId>);

pub(super) fn key_of(token: &NewOneTimeToken) -> OneTimeKey {
    let is_of_mail = matches!(token.purpose, Purpose::SecureAccount | Purpose::VerifyEmail);
    let mail = is_of_mail.then_some(token.intent);
    (token.user_id, token.purpose, mail)
}

impl UserRow {
    /// Whether a token that was requested at this credential version and for this address is still valid.
    fn stands(&self, purpose: Purpose, version: i64, address: &EmailAddress) -> bool {
        let same_address = self.user.email.as_str() == address.as_str();
        match purpose {
            Purpose::ConfirmEmailChange => self.is_at(version),
            // Whoever has changed the account must not be able to void the owner's way to secure it.
            Purpose::SecureAccount => self.is_active(),
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
            letter: new.letter,
            credential_version,
            created_at: new.created_at,
            expires_at: new.expires_at,
            used: false,
        }
    }

    pub(super) fn is_live(&self, purpose: Purpose, user: &UserRow) -> bool {
        !self.used && user.stands(purpose, self.credential_version, &self.address)
    }

    /// Whether the address that the token was mailed to is still the user's address.
    pub(super) fn is_mailed_to(&self, user: &UserRow) -> bool {
        self.address.as_str() == user.user.email.as_str()
    }

    /// Whether the new token belongs to a retry of the email that carried this unused token.
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
            if new.purpose == Purpose::SecureAccount {
                state.limit_notices(new.user_id, &new.address);
            }
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
            Some((token, user))
                if token.used
                    && (purpose == Purpose::SecureAccount || token.is_mailed_to(user)) =>
            {
                OneTimeStatus::Used
            }
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

    /// Deletes notice tokens beyond the maximum, after one was mailed to this address.
    fn limit_notices(&mut self, user: UserId, address: &EmailAddress) {
        let (mut same, mut others) = (Vec::new(), Vec::new());
        for (key, token) in &self.one_time {
            if (key.0, key.1) == (user, Purpose::SecureAccount) {
                let is_same = token.address.as_str() == address.as_str();
                let rows = if is_same { &mut same } else { &mut others };
                rows.push((token.created_at, *key));
            }
        }
        same.sort_unstable_by_key(|(at, (.., mail))| Reverse((*at, *mail)));
        others.sort_unstable_by_key(|(at, (.., mail))| (*at, *mail));
        let [of_address, of_user] = [SECURE_TOKENS_PER_ADDRESS, SECURE_TOKENS_PER_USER]
            .map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        let room = of_user.saturating_sub(same.len().min(of_address));
        let surplus = same.iter().skip(of_address).chain(others.iter().skip(room));
        for (_, key) in surplus {
            self.one_time.remove(key);
        }
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

    pub(super) fn unexpired(
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
