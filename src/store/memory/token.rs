use async_trait::async_trait;

use super::{MemoryStore, State, user::UserRow};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::{ClientInfo, Event},
    limit::LimitKey,
    mail::{Intent, IntentId},
    secret::{PasswordHash, TokenDigest},
    store::{OneTimeTokenStore, PasswordStore, RotationStore, SessionStore},
    token::{
        Checked, CheckedSession, EndReason, IssueOneTime, NewOneTimeToken, NewSession,
        OneTimeStatus, OpenSession, Purpose, RefreshGeneration, Reset, ResetPassword,
        RotateSession, Rotation, Session, SessionId, SessionState, SessionUser, Verdict,
    },
    user::{EmailAddress, User, UserId},
};

#[derive(Debug)]
pub(super) struct SessionRow {
    pub(super) user_id: UserId,
    generation: RefreshGeneration,
    digest: TokenDigest,
    pub(super) credential_version: i64,
    created_at: Timestamp,
    pub(super) authenticated_at: Timestamp,
    pub(super) rotated_at: Timestamp,
    idle_expires_at: Timestamp,
    absolute_expires_at: Timestamp,
    revoked: Option<(Timestamp, EndReason)>,
    client: ClientInfo,
}

impl SessionRow {
    pub(super) fn is_live(&self, user: &UserRow, now: Timestamp) -> bool {
        self.is_open(now) && user.is_at(self.credential_version)
    }

    /// Neither ended nor expired.
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.idle_expires_at && now < self.absolute_expires_at
    }

    /// Whether it ended then, or earlier.
    pub(super) fn has_ended(&self, before: Timestamp) -> bool {
        self.revoked.is_some_and(|(at, _)| at <= before)
            || self.idle_expires_at <= before
            || self.absolute_expires_at <= before
    }

    pub(super) fn end(&mut self, reason: EndReason, now: Timestamp) {
        self.revoked.get_or_insert((now, reason));
    }

    pub(super) fn shown(&self, id: SessionId) -> Session {
        Session {
            id,
            created_at: self.created_at,
            rotated_at: self.rotated_at,
            idle_expires_at: self.idle_expires_at,
            absolute_expires_at: self.absolute_expires_at,
            client: self.client.clone(),
        }
    }

    fn seen_by(&self, user: &UserRow, rotation: &RotateSession) -> SessionState {
        SessionState {
            generation: self.generation,
            digest: self.digest,
            rotated_at: self.rotated_at,
            live: self.is_live(user, rotation.now),
        }
    }

    fn with_user(&self, user: &UserRow) -> SessionUser {
        SessionUser {
            user: user.user.clone(),
            idle_expires_at: self.idle_expires_at,
            absolute_expires_at: self.absolute_expires_at,
            authenticated_at: self.authenticated_at,
        }
    }
}

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

/// Of a proof of an address each mail has its own, of anything else a user has one.
pub(super) type OneTimeKey = (UserId, Purpose, Option<IntentId>);

pub(super) fn key_of(token: &NewOneTimeToken) -> OneTimeKey {
    let is_proof = token.purpose == Purpose::VerifyEmail;
    let mail = is_proof.then_some(token.intent);
    (token.user_id, token.purpose, mail)
}

impl UserRow {
    /// Whether what was ordered at this version and for this address still is.
    fn stands(&self, purpose: Purpose, version: i64, address: &EmailAddress) -> bool {
        let same_address = self.user.email.as_str() == address.as_str();
        match purpose {
            Purpose::ConfirmEmailChange => self.is_at(version),
            // An address stays the user's when the password changes.
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

    /// Whether the address it was mailed to is the user's.
    fn is_mailed_to(&self, user: &UserRow) -> bool {
        self.address.as_str() == user.user.email.as_str()
    }

    /// The other digest is of a retry of the letter with this one, which is not used.
    fn is_renewed_by(&self, new: &NewOneTimeToken, user: &UserRow) -> bool {
        self.created_at < new.created_at
            && self.is_live(new.purpose, user)
            && self.address.as_str() == new.address.as_str()
    }
}

impl State {
    pub(super) fn end_sessions(&mut self, user: UserId, reason: EndReason, now: Timestamp) {
        let sessions = self.sessions.values_mut();
        for session in sessions.filter(|session| session.user_id == user) {
            session.end(reason, now);
        }
    }

    /// Notes that the token of a purpose of which a user has one was spent.
    pub(super) fn use_token(&mut self, user: UserId, purpose: Purpose) {
        if let Some(token) = self.one_time.get_mut(&(user, purpose, None)) {
            token.used = true;
        }
    }

    /// The address was proven otherwise.
    pub(super) fn use_proofs(&mut self, user: UserId) {
        let tokens = self.one_time.iter_mut();
        let is_meant = |(of, purpose, _): OneTimeKey| (of, purpose) == (user, Purpose::VerifyEmail);
        for (_, token) in tokens.filter(|(key, _)| is_meant(**key)) {
            token.used = true;
        }
    }

    /// The sessions and one-time tokens of a user who is deleted.
    pub(super) fn forget_tokens(&mut self, user: UserId) {
        self.sessions.retain(|_, session| session.user_id != user);
        self.one_time.retain(|(of, ..), _| *of != user);
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

    fn one_time_status(
        &self,
        digest: &TokenDigest,
        purpose: Purpose,
        now: Timestamp,
    ) -> OneTimeStatus {
        match self.unexpired(digest, purpose, now) {
            Some((token, user)) if token.is_live(purpose, user) => {
                OneTimeStatus::Live(token.address.clone())
            }
            Some((token, user)) if token.used && token.is_mailed_to(user) => OneTimeStatus::Used,
            _ => OneTimeStatus::Dead,
        }
    }

    fn unexpired(
        &self,
        digest: &TokenDigest,
        purpose: Purpose,
        now: Timestamp,
    ) -> Option<(&OneTimeRow, &UserRow)> {
        let mut tokens = self.one_time.iter();
        let (&(user, ..), token) =
            tokens.find(|((_, of, _), token)| *of == purpose && token.digest == *digest)?;
        let user = self.users.get(&user)?;
        (now < token.expires_at).then_some((token, user))
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn open_session(
        &self,
        new: &NewSession,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<OpenSession, StoreError> {
        let mut state = self.state();
        let Some(row) = state.users.get_mut(&new.user_id) else {
            return Ok(OpenSession::Stale);
        };
        let stored = row.password_hash.as_ref().map(|hash| hash.expose());
        let verified = new.verified_hash.as_ref().map(|hash| hash.expose());
        if !row.is_at(new.credential_version) || (verified.is_some() && verified != stored) {
            return Ok(OpenSession::Stale);
        }
        if let (Some(_), Some(rehashed)) = (verified, &new.rehashed) {
            row.password_hash = Some(rehashed.clone());
        }
        row.user.last_login_at = Some(new.created_at);
        let user = row.user.clone();
        state.make_room(new.user_id, new.sessions_at_most, new.created_at);
        state.sessions.insert(
            new.id,
            SessionRow {
                user_id: new.user_id,
                generation: 0,
                digest: new.digest,
                credential_version: new.credential_version,
                created_at: new.created_at,
                authenticated_at: new.created_at,
                rotated_at: new.created_at,
                idle_expires_at: new.idle_expires_at,
                absolute_expires_at: new.absolute_expires_at,
                revoked: None,
                client: ClientInfo {
                    request_id: None,
                    ..new.client.remembered()
                },
            },
        );
        self.limits.forget(new.cleared_counter);
        state.record(event, Some(user.id));
        state.order(mail, Some(user.id));
        Ok(OpenSession::Opened(user))
    }

    async fn session_user(
        &self,
        id: SessionId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<SessionUser>, StoreError> {
        let state = self.state();
        let session = state.sessions.get(&id);
        let session = session.filter(|session| session.user_id == user);
        let row = state.users.get(&user);
        Ok(session
            .zip(row)
            .filter(|(session, row)| session.is_live(row, now))
            .map(|(session, row)| session.with_user(row)))
    }

    async fn end_session(
        &self,
        id: SessionId,
        reason: EndReason,
        now: Timestamp,
        event: &Event,
    ) -> Result<Option<UserId>, StoreError> {
        let mut state = self.state();
        let session = state.sessions.get_mut(&id);
        let ended = session
            .filter(|session| session.revoked.is_none())
            .map(|session| {
                session.end(reason, now);
                session.user_id
            });
        if ended.is_some() {
            state.record(event, ended);
        }
        Ok(ended)
    }

    async fn end_session_of(
        &self,
        user: UserId,
        id: SessionId,
        now: Timestamp,
        event: &Event,
    ) -> Result<bool, StoreError> {
        Ok(self.state().end_session_of(user, id, now, event))
    }

    async fn sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        Ok(self.state().sessions_of(user, now))
    }

    async fn reauthenticate(
        &self,
        checked: &CheckedSession,
        now: Timestamp,
        event: &Event,
    ) -> Result<Checked, StoreError> {
        Ok(self.state().reauthenticate(checked, now, event))
    }

    async fn end_sessions(
        &self,
        user: UserId,
        reason: EndReason,
        now: Timestamp,
        event: &Event,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(row) = state.users.get_mut(&user) else {
            return Ok(false);
        };
        row.credential_version += 1;
        state.end_sessions(user, reason, now);
        state.record(event, Some(user));
        Ok(true)
    }
}

#[async_trait]
impl RotationStore for MemoryStore {
    async fn session_to_rotate(
        &self,
        rotation: &RotateSession,
    ) -> Result<Option<SessionUser>, StoreError> {
        let state = self.state();
        let session = state.sessions.get(&rotation.id);
        let user = session.and_then(|session| state.users.get(&session.user_id));
        let Some((session, user)) = session.zip(user) else {
            return Ok(None);
        };
        Ok(match session.seen_by(user, rotation).classify(rotation) {
            Verdict::Current | Verdict::Superseded => Some(session.with_user(user)),
            Verdict::Gone | Verdict::Reused(_) => None,
        })
    }

    async fn rotate_session(
        &self,
        rotation: &RotateSession,
        on_reuse: &Event,
        mail: Option<&Intent>,
    ) -> Result<Rotation, StoreError> {
        let Some(&successor) = rotation.successors.first() else {
            return Ok(Rotation::Gone);
        };
        let mut state = self.state();
        let State {
            users, sessions, ..
        } = &mut *state;
        let Some(session) = sessions.get_mut(&rotation.id) else {
            return Ok(Rotation::Gone);
        };
        let Some(user) = users.get(&session.user_id) else {
            return Ok(Rotation::Gone);
        };
        Ok(match session.seen_by(user, rotation).classify(rotation) {
            Verdict::Current => {
                session.generation += 1;
                session.digest = successor;
                session.rotated_at = rotation.now;
                session.idle_expires_at = rotation.idle_expires_at;
                Rotation::Rotated(session.with_user(user))
            }
            Verdict::Superseded => Rotation::Superseded(session.with_user(user), session.digest),
            Verdict::Reused(class) => {
                session.end(EndReason::Reuse, rotation.now);
                let user = session.user_id;
                state.record(&class.noted_on(on_reuse), Some(user));
                state.order(mail, Some(user));
                Rotation::Reused(user, class)
            }
            Verdict::Gone => Rotation::Gone,
        })
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
        Ok(self.state().one_time_status(digest, purpose, now))
    }

    async fn unlock(
        &self,
        digest: &TokenDigest,
        cleared_counter: Option<LimitKey>,
        now: Timestamp,
        event: &Event,
    ) -> Result<Option<UserId>, StoreError> {
        let mut state = self.state();
        let found = state.spendable(digest, Purpose::Unlock, now);
        let Some(id) = found.map(|row| row.user.id) else {
            return Ok(None);
        };
        state.use_token(id, Purpose::Unlock);
        self.limits.forget(cleared_counter);
        state.record(event, Some(id));
        Ok(Some(id))
    }
}

#[async_trait]
impl PasswordStore for MemoryStore {
    async fn change_password(
        &self,
        checked: &CheckedSession,
        password_hash: &PasswordHash,
        now: Timestamp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Result<Checked, StoreError> {
        let mut state = self.state();
        Ok(state.change_password(checked, password_hash, now, event, mail))
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
        let found = state.spendable(&reset.digest, Purpose::ResetPassword, now);
        let found = found.map(|row| (row.user.id, row.user.email_verified_at.is_none()));
        let Some((id, taken_over)) = found else {
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
}
