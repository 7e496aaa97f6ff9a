//! Opening a session. [`complete`](SignIn::complete) is the only code that does, and it takes a [`Proof`], which only
//! a checked credential makes: whichever way in a user came, nothing is skipped.

use std::sync::Arc;

use crate::{
    clock::Clock,
    credential::Proof,
    error::Result,
    event::{ClientInfo, Event, EventKind, Trail},
    store::Store,
    token::{NewSession, OpenSession, SessionId, TokenPair, Tokens},
};

/// Opens sessions.
#[derive(Clone, Debug)]
pub(crate) struct SignIn {
    tokens: Tokens,
    trail: Trail,
    clock: Arc<dyn Clock>,
}

impl SignIn {
    pub(crate) fn new(tokens: Tokens, trail: Trail, clock: Arc<dyn Clock>) -> Self {
        Self {
            tokens,
            trail,
            clock,
        }
    }

    /// Opens a session; `None` if the credentials changed while they were checked.
    pub(crate) async fn complete(
        &self,
        store: &dyn Store,
        proof: Proof,
        client: ClientInfo,
    ) -> Result<Option<TokenPair>> {
        let now = self.clock.now();
        let id = SessionId::new(now);
        let opening = self.tokens.open(id, now)?;
        let session = NewSession {
            id,
            user_id: proof.user_id(),
            credential_version: proof.credential_version(),
            digest: opening.digest,
            created_at: now,
            idle_expires_at: opening.idle_expires_at,
            absolute_expires_at: opening.absolute_expires_at,
            client,
            verified_hash: proof.verified_hash().cloned(),
            rehashed: proof.rehashed().cloned(),
        };
        let event = Event::new(EventKind::SignedIn, &session.client, now)
            .by(session.user_id)
            .with("session_id", id.to_string());
        let user = match store.open_session(&session, &event).await? {
            OpenSession::Opened(user) => user,
            OpenSession::Stale => return Ok(None),
        };
        self.trail.publish(&event.of(user.id));
        let expires_at = session.idle_expires_at.min(session.absolute_expires_at);
        let pair = self
            .tokens
            .pair(&user, id, opening.token, expires_at, now)?;
        Ok(Some(pair))
    }
}
