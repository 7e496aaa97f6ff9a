//! Sessions in their owner's hands, and what is done on the strength of one.

use std::{cmp::Reverse, num::NonZeroU32};

use super::{State, token::SessionRow, user::UserRow};
use crate::{
    clock::Timestamp,
    event::Event,
    mail::Intent,
    secret::PasswordHash,
    token::{Checked, CheckedSession, EndReason, Session, SessionId},
    user::UserId,
};

/// As many sessions of a user are listed at most.
const LISTED: usize = 200;

impl State {
    pub(super) fn sessions_of(&self, user: UserId, now: Timestamp) -> Vec<Session> {
        let Some(row) = self.users.get(&user) else {
            return Vec::new();
        };
        let sessions = self.sessions.iter();
        let mut live: Vec<Session> = sessions
            .filter(|(_, session)| session.user_id == user && session.is_live(row, now))
            .map(|(id, session)| session.shown(*id))
            .collect();
        live.sort_by_key(|session| Reverse((session.created_at, session.id)));
        live.truncate(LISTED);
        live
    }

    /// Ends the live sessions of a user that leave no room for another one, those that were used longest ago.
    pub(super) fn make_room(&mut self, user: UserId, at_most: NonZeroU32, now: Timestamp) {
        let Some(row) = self.users.get(&user) else {
            return;
        };
        let sessions = self.sessions.iter_mut();
        let mut live: Vec<_> = sessions
            .filter(|(_, session)| session.user_id == user && session.is_live(row, now))
            .collect();
        live.sort_by_key(|(id, session)| Reverse((session.rotated_at, **id)));
        let others = usize::try_from(at_most.get() - 1).unwrap_or(usize::MAX);
        for (_, session) in live.into_iter().skip(others) {
            session.end(EndReason::TooManySessions, now);
        }
    }

    pub(super) fn end_session_of(
        &mut self,
        user: UserId,
        id: SessionId,
        now: Timestamp,
        event: &Event,
    ) -> bool {
        let session = self.sessions.get_mut(&id);
        let open = session.filter(|session| session.user_id == user && session.is_open(now));
        let Some(session) = open else {
            return false;
        };
        session.end(EndReason::Revoked, now);
        self.record(event, Some(user));
        true
    }

    pub(super) fn change_password(
        &mut self,
        checked: &CheckedSession,
        password_hash: &PasswordHash,
        now: Timestamp,
        event: &Event,
        mail: Option<&Intent>,
    ) -> Checked {
        let Some((session, row)) = self.unchanged(checked, now) else {
            return Checked::Stale;
        };
        row.password_hash = Some(password_hash.clone());
        row.credential_version += 1;
        row.user.updated_at = now;
        session.credential_version = row.credential_version;
        let user = checked.user_id;
        let sessions = self.sessions.iter_mut();
        for (_, session) in
            sessions.filter(|(id, session)| session.user_id == user && **id != checked.id)
        {
            session.end(EndReason::PasswordChanged, now);
        }
        self.record(event, Some(user));
        self.order(mail, Some(user));
        Checked::Done
    }

    pub(super) fn reauthenticate(
        &mut self,
        checked: &CheckedSession,
        now: Timestamp,
        event: &Event,
    ) -> Checked {
        let Some((session, _)) = self.unchanged(checked, now) else {
            return Checked::Stale;
        };
        session.authenticated_at = now;
        self.record(event, Some(checked.user_id));
        Checked::Done
    }

    /// A live session and its user, if both are still what was checked.
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
