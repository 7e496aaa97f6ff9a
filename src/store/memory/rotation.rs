//! Refresh token rotation in memory.

use async_trait::async_trait;

use super::{MemoryStore, State, session::SessionRow, user::UserRow};
use crate::{
    error::StoreError,
    event::Event,
    mail::Intent,
    store::RotationStore,
    token::{EndReason, RotateSession, Rotation, SessionState, SessionUser, Verdict},
};

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

impl SessionRow {
    fn seen_by(&self, user: &UserRow, rotation: &RotateSession) -> SessionState {
        SessionState {
            generation: self.generation,
            digest: self.digest,
            rotated_at: self.rotated_at,
            live: self.is_live(user, rotation.now),
        }
    }
}
