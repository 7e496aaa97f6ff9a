//! Browser sessions in memory.

use async_trait::async_trait;

use super::{
    MemoryStore, State,
    session::{Former, SessionRow},
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    secret::TokenDigest,
    store::BrowserSessionStore,
    token::{BrowserUser, PresentedCookie, RenewedCookie, SessionId, SessionUser},
};

#[async_trait]
impl BrowserSessionStore for MemoryStore {
    async fn browser_user(
        &self,
        cookie: &PresentedCookie,
        now: Timestamp,
    ) -> Result<Option<BrowserUser>, StoreError> {
        Ok(self.state().browser_user(cookie, now))
    }

    async fn use_browser_session(
        &self,
        id: SessionId,
        idle_expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        let session = state.sessions.get_mut(&id);
        if let Some(session) = session.filter(|session| session.is_open(now)) {
            session.idle_expires_at = session.idle_expires_at.max(idle_expires_at);
            session.rotated_at = session.rotated_at.max(now);
        }
        Ok(())
    }
}

impl State {
    /// The live browser session with this cookie.
    pub(super) fn browser_user(
        &self,
        cookie: &PresentedCookie,
        now: Timestamp,
    ) -> Option<BrowserUser> {
        let live = self.live(cookie.session_id, cookie.user_id, now);
        let (session, row) = live.filter(|(session, _)| session.is_of_browser)?;
        let found = session.with_user(row);
        if session.digest == cookie.digest {
            return Some(BrowserUser {
                session: found,
                is_former: false,
            });
        }
        let former = session.former(&cookie.digest, now)?;
        Some(BrowserUser {
            session: SessionUser {
                authenticated_at: former.authenticated_at,
                methods: former.methods.clone(),
                second_factor_at: former.second_factor_at,
                ..found
            },
            is_former: true,
        })
    }
}

impl SessionRow {
    /// The authentication that the previous cookie still represents.
    pub(super) fn former(&self, digest: &TokenDigest, now: Timestamp) -> Option<&Former> {
        let former = self.former.as_ref();
        former.filter(|former| former.digest == *digest && now < former.until)
    }

    /// Whether a reauthentication may replace the presented cookie.
    pub(super) fn may_renew(&self, renewed: Option<&RenewedCookie>, now: Timestamp) -> bool {
        renewed.is_none_or(|renewed| {
            self.digest == renewed.presented
                || (self.digest == renewed.successor
                    && self
                        .former(&renewed.presented, now)
                        .is_some_and(|former| former.second_factor_at == self.second_factor_at))
        })
    }

    /// Whether the presented cookie is the current one.
    pub(super) fn has_current(&self, renewed: Option<&RenewedCookie>) -> bool {
        renewed.is_none_or(|renewed| self.digest == renewed.presented)
    }

    /// Replaces the cookie before the authentication is strengthened.
    pub(super) fn renew(&mut self, renewed: Option<&RenewedCookie>) {
        let Some(renewed) = renewed.filter(|renewed| self.digest == renewed.presented) else {
            return;
        };
        self.former = Some(Former {
            digest: renewed.presented,
            until: renewed.former_until,
            methods: self.methods.clone(),
            authenticated_at: self.authenticated_at,
            second_factor_at: self.second_factor_at,
        });
        self.digest = renewed.successor;
        self.generation += 1;
    }
}
