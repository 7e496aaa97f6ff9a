//! Sessions in memory.

use std::{cmp::Reverse, num::NonZeroU32};

use async_trait::async_trait;

use super::{MemoryStore, State, user::UserRow};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::{ClientInfo, Event},
    mail::Intent,
    secret::{PasswordHash, TokenDigest},
    store::SessionStore,
    token::{
        Checked, CheckedSession, EndReason, Method, Methods, NewSession, OpenSession,
        RefreshGeneration, RenewedCookie, Session, SessionId, SessionKind, SessionUser,
    },
    user::UserId,
};

/// The maximum number of sessions in a list.
const LISTED: usize = 200;

#[derive(Debug)]
pub(super) struct SessionRow {
    pub(super) user_id: UserId,
    pub(super) generation: RefreshGeneration,
    pub(super) digest: TokenDigest,
    pub(super) credential_version: i64,
    created_at: Timestamp,
    pub(super) authenticated_at: Timestamp,
    pub(super) rotated_at: Timestamp,
    pub(super) idle_expires_at: Timestamp,
    absolute_expires_at: Timestamp,
    revoked: Option<(Timestamp, EndReason)>,
    client: ClientInfo,
    pub(super) methods: Methods,
    pub(super) second_factor_at: Option<Timestamp>,
    pub(super) is_of_browser: bool,
    pub(super) former: Option<Former>,
}

/// The previous cookie of a browser session, and the authentication that it represents.
#[derive(Debug)]
pub(super) struct Former {
    pub(super) digest: TokenDigest,
    pub(super) until: Timestamp,
    pub(super) methods: Methods,
    pub(super) authenticated_at: Timestamp,
    pub(super) second_factor_at: Option<Timestamp>,
}

impl SessionRow {
    pub(super) fn is_live(&self, user: &UserRow, now: Timestamp) -> bool {
        self.is_open(now) && user.is_at(self.credential_version)
    }

    /// Whether the session has neither ended nor expired.
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.idle_expires_at && now < self.absolute_expires_at
    }

    /// Whether the session ended or expired at this time or earlier.
    pub(super) fn has_ended(&self, before: Timestamp) -> bool {
        self.revoked.is_some_and(|(at, _)| at <= before)
            || self.idle_expires_at <= before
            || self.absolute_expires_at <= before
    }

    pub(super) fn end(&mut self, reason: EndReason, now: Timestamp) {
        self.revoked.get_or_insert((now, reason));
    }

    fn shown(&self, id: SessionId) -> Session {
        Session {
            id,
            created_at: self.created_at,
            rotated_at: self.rotated_at,
            idle_expires_at: self.idle_expires_at,
            absolute_expires_at: self.absolute_expires_at,
            client: self.client.clone(),
        }
    }

    pub(super) fn with_user(&self, user: &UserRow) -> SessionUser {
        SessionUser {
            user: user.user.clone(),
            idle_expires_at: self.idle_expires_at,
            absolute_expires_at: self.absolute_expires_at,
            authenticated_at: self.authenticated_at,
            methods: self.methods.clone(),
            second_factor_at: self.second_factor_at,
            has_second_factor: user.second_factors > 0,
        }
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn open_session(
        &self,
        new: &NewSession,
        events: &[Event],
        mails: &[Intent],
    ) -> Result<OpenSession, StoreError> {
        let mut state = self.state();
        let Some(row) = state.users.get(&new.user_id) else {
            return Ok(OpenSession::Stale);
        };
        let verified = new.verified_hash.as_ref();
        let versions = (new.credential_version, new.factor_version);
        if !row.is_proved(versions, verified) || !state.prove(new) {
            return Ok(OpenSession::Stale);
        }
        let Some(row) = state.users.get_mut(&new.user_id) else {
            return Ok(OpenSession::Stale);
        };
        row.rehash(verified, new.rehashed.as_ref());
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
                authenticated_at: new.authenticated_at,
                second_factor_at: new.second_factor_at,
                methods: new.methods.clone(),
                rotated_at: new.created_at,
                idle_expires_at: new.idle_expires_at,
                absolute_expires_at: new.absolute_expires_at,
                revoked: None,
                is_of_browser: new.kind != SessionKind::Tokens,
                former: None,
                client: ClientInfo {
                    request_id: None,
                    ..new.client.remembered()
                },
            },
        );
        self.limits.forget(new.cleared_counter);
        for event in events {
            state.record(event, Some(user.id));
        }
        state.order(mails, Some(user.id));
        Ok(OpenSession::Opened(user))
    }

    async fn session_user(
        &self,
        id: SessionId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<SessionUser>, StoreError> {
        let state = self.state();
        Ok(state
            .live(id, user, now)
            .map(|(session, row)| session.with_user(row)))
    }

    async fn sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        Ok(self.state().sessions_of(user, now))
    }

    async fn end_session(
        &self,
        id: SessionId,
        reason: EndReason,
        now: Timestamp,
        event: &Event,
    ) -> Result<Option<UserId>, StoreError> {
        let mut state = self.state();
        let ended = state
            .sessions
            .get_mut(&id)
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
        let mut state = self.state();
        let Some(session) = state
            .sessions
            .get_mut(&id)
            .filter(|session| session.user_id == user && session.is_open(now))
        else {
            return Ok(false);
        };
        session.end(EndReason::Revoked, now);
        state.record(event, Some(user));
        Ok(true)
    }

    async fn end_other_sessions(
        &self,
        user: UserId,
        kept: SessionId,
        now: Timestamp,
        event: &Event,
    ) -> Result<u64, StoreError> {
        let mut state = self.state();
        if !state.users.get(&user).is_some_and(UserRow::is_active) {
            return Ok(0);
        }
        let mut ended = 0;
        for (id, session) in &mut state.sessions {
            if session.user_id == user && *id != kept && session.is_open(now) {
                session.end(EndReason::Revoked, now);
                ended += 1;
            }
        }
        if ended > 0 {
            state.record(event, Some(user));
        }
        Ok(ended)
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

    async fn reauthenticate(
        &self,
        checked: &CheckedSession,
        renewed: Option<&RenewedCookie>,
        now: Timestamp,
        event: &Event,
    ) -> Result<Checked, StoreError> {
        let mut state = self.state();
        let unchanged = state.unchanged(checked, now);
        let Some((session, _)) = unchanged.filter(|(found, _)| found.may_renew(renewed, now))
        else {
            return Ok(Checked::Stale);
        };
        session.renew(renewed);
        session.authenticated_at = now;
        session.methods = session.methods.clone().with(Method::Password);
        state.record(event, Some(checked.user_id));
        Ok(Checked::Done)
    }
}

impl State {
    /// A user's live sessions, newest first.
    pub(super) fn sessions_of(&self, user: UserId, now: Timestamp) -> Vec<Session> {
        let Some(row) = self.users.get(&user) else {
            return Vec::new();
        };
        let mut live: Vec<Session> = self
            .sessions
            .iter()
            .filter(|(_, session)| session.user_id == user && session.is_live(row, now))
            .map(|(id, session)| session.shown(*id))
            .collect();
        live.sort_by_key(|session| Reverse((session.created_at, session.id)));
        live.truncate(LISTED);
        live
    }

    /// A live session and its user.
    pub(super) fn live(
        &self,
        id: SessionId,
        user: UserId,
        now: Timestamp,
    ) -> Option<(&SessionRow, &UserRow)> {
        let session = self.sessions.get(&id);
        let session = session.filter(|session| session.user_id == user);
        session
            .zip(self.users.get(&user))
            .filter(|(session, row)| session.is_live(row, now))
    }

    /// Ends a user's live sessions to leave room for another one, starting with those that were used longest ago.
    fn make_room(&mut self, user: UserId, at_most: NonZeroU32, now: Timestamp) {
        let Some(row) = self.users.get(&user) else {
            return;
        };
        let mut live: Vec<_> = self
            .sessions
            .iter_mut()
            .filter(|(_, session)| session.user_id == user && session.is_live(row, now))
            .collect();
        live.sort_by_key(|(id, session)| Reverse((session.rotated_at, **id)));
        let others = usize::try_from(at_most.get() - 1).unwrap_or(usize::MAX);
        for (_, session) in live.into_iter().skip(others) {
            session.end(EndReason::TooManySessions, now);
        }
    }

    pub(super) fn end_sessions(&mut self, user: UserId, reason: EndReason, now: Timestamp) {
        for session in self
            .sessions
            .values_mut()
            .filter(|session| session.user_id == user)
        {
            session.end(reason, now);
        }
    }

    /// A live session and its user, if both are unchanged since the check.
    pub(super) fn unchanged(
        &mut self,
        checked: &CheckedSession,
        now: Timestamp,
    ) -> Option<(&mut SessionRow, &mut UserRow)> {
        let row = self.users.get_mut(&checked.user_id)?;
        let session = self.sessions.get_mut(&checked.id)?;
        let stored = row.password_hash.as_ref().map(PasswordHash::expose);
        let verified = checked.verified_hash.as_ref().map(PasswordHash::expose);
        let same = session.user_id == checked.user_id
            && session.is_live(row, now)
            && row.credential_version == checked.credential_version
            && stored == verified;
        same.then_some((session, row))
    }
}
