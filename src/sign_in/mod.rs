//! Opening a session. [`complete`](SignIn::complete) is the only code that does, and it takes a [`Proof`], which only
//! a checked credential makes: whichever way in a user came, nothing is skipped.

use std::{num::NonZeroU32, sync::Arc};

use crate::{
    admission::Limits,
    clock::Clock,
    credential::{Devices, Proof},
    delivery::Deliveries,
    error::{Refusal, Result},
    event::{ClientInfo, Event, EventKind},
    hook::HookChain,
    store::Store,
    token::{NewSession, OpenSession, SessionId, TokenPair, Tokens},
    trail::Trail,
    user::User,
};

/// Opens sessions.
#[derive(Clone, Debug)]
pub(crate) struct SignIn {
    /// Of one user.
    pub(crate) sessions_at_most: NonZeroU32,
    pub(crate) tokens: Tokens,
    pub(crate) devices: Devices,
    pub(crate) limits: Limits,
    pub(crate) deliveries: Deliveries,
    pub(crate) hooks: HookChain,
    pub(crate) trail: Trail,
    pub(crate) clock: Arc<dyn Clock>,
}

impl SignIn {
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
        let (version, counted) = (proof.credential_version(), proof.counted());
        let token = client.device.as_ref();
        let known = token.and_then(|token| self.devices.read(token, checked.email.canonical()));
        let known = known.filter(|device| device.is_of(checked.id, version));
        // The first sign-in is on an unknown device as a matter of course.
        let letter = match (known, checked.last_login_at) {
            (None, Some(_)) => self.deliveries.new_sign_in(checked.id, &client, now),
            _ => None,
        };
        let session = NewSession {
            id,
            user_id: checked.id,
            credential_version: version,
            digest: opening.digest,
            created_at: now,
            idle_expires_at: opening.idle_expires_at,
            absolute_expires_at: opening.absolute_expires_at,
            client,
            verified_hash: proof.verified_hash().cloned(),
            rehashed: proof.rehashed().cloned(),
            cleared_counter: self.limits.cleared_with(counted),
            sessions_at_most: self.sessions_at_most,
        };
        let mut event = Event::new(EventKind::SignedIn, &session.client, now)
            .by(session.user_id)
            .with("session_id", id.to_string());
        if let Some(provider) = proof.provider() {
            event = event.with("provider", provider);
        }
        let user = match store
            .open_session(&session, &event, letter.as_ref())
            .await?
        {
            OpenSession::Opened(user) => user,
            OpenSession::Stale => return Ok(None),
        };
        self.trail.publish(&event.of(user.id));
        self.limits.clear_after(counted).await;
        if letter.is_some() {
            self.deliveries.wake();
        }
        let expires_at = session.idle_expires_at.min(session.absolute_expires_at);
        // Roles may have changed since the credential was checked.
        let access_token = if user.roles == checked.roles {
            access_token
        } else {
            self.tokens.access(&user, id, &claims, now)?
        };
        self.hooks.after_sign_in(&user, id);
        let tokens = &self.tokens;
        let mut pair = tokens.pair(access_token, id, opening.token, expires_at, now);
        // One whose counter is full begins a new one.
        let same = known.filter(|_| counted.on_device);
        pair.device = self.devices.token(same, &user, version);
        Ok(Some(pair))
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
