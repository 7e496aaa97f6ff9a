//! Opening a session. [`complete`](SignIn::complete) is the only code that does, and it takes a [`Proof`], which only
//! a checked credential makes: whichever way in a user came, nothing is skipped.

use std::sync::Arc;

use crate::{
    clock::Clock,
    credential::Proof,
    error::{Refusal, Result},
    event::{ClientInfo, Event, EventKind, Trail},
    hook::HookChain,
    store::Store,
    token::{NewSession, OpenSession, SessionId, TokenPair, Tokens},
    user::User,
};

/// Opens sessions.
#[derive(Clone, Debug)]
pub(crate) struct SignIn {
    tokens: Tokens,
    hooks: HookChain,
    trail: Trail,
    clock: Arc<dyn Clock>,
}

impl SignIn {
    pub(crate) fn new(
        tokens: Tokens,
        hooks: HookChain,
        trail: Trail,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            tokens,
            hooks,
            trail,
            clock,
        }
    }

    /// Opens a session; `None` if the credentials changed while they were checked.
    ///
    /// What a hook can keep from happening is asked, and what cannot be put into an access token is found out, while
    /// there is no session yet.
    pub(crate) async fn complete(
        &self,
        store: &dyn Store,
        proof: Proof,
        client: ClientInfo,
    ) -> Result<Option<TokenPair>> {
        let checked = proof.user();
        if let Err(error) = self.hooks.before_sign_in(checked, &client).await {
            if let Some(refusal) = error.refusal() {
                self.write_down(store, refusal, checked, &client).await?;
            }
            return Err(error);
        }
        let now = self.clock.now();
        let id = SessionId::new(now);
        let claims = self.hooks.access_token_claims(checked, id).await?;
        let access_token = self.tokens.access(checked, id, &claims, now)?;
        let opening = self.tokens.open(id, now)?;
        let session = NewSession {
            id,
            user_id: checked.id,
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
        // Roles may have changed since the credential was checked.
        let access_token = if user.roles == checked.roles {
            access_token
        } else {
            self.tokens.access(&user, id, &claims, now)?
        };
        self.hooks.after_sign_in(&user, id);
        let tokens = &self.tokens;
        Ok(Some(tokens.pair(
            access_token,
            id,
            opening.token,
            expires_at,
            now,
        )))
    }

    /// The audit trail tells a refusal by the host from one of ours.
    async fn write_down(
        &self,
        store: &dyn Store,
        refusal: &Refusal,
        user: &User,
        client: &ClientInfo,
    ) -> Result<()> {
        let event = Event::new(EventKind::SignInFailed, client, self.clock.now())
            .of(user.id)
            .with("reason", "refused_by_application")
            .with("code", refusal.code());
        let event = self.trail.about(event, user.email.canonical());
        Ok(self.trail.record(store, &event).await?)
    }
}
