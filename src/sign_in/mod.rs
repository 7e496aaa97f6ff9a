//! Opening a session.
//!
//! Only [`complete`](SessionOpener::complete) opens a session. It takes a [`Proof`], which only a checked credential
//! creates, so that no way of signing in skips a step.

#[cfg(feature = "http")]
pub(crate) mod http;
mod outcome;
mod proof;

use std::{num::NonZeroU32, sync::Arc};

pub use self::outcome::SignIn;
pub(crate) use self::proof::Proof;
use crate::{
    core::Core,
    error::{Refusal, Result},
    event::{ClientInfo, Event, EventKind},
    mail::{LetterKind, Recipient},
    token::{Authentication, NewSession, OpenSession, SessionId},
    user::User,
};

/// Opens sessions.
#[derive(Clone, Debug)]
pub(crate) struct SessionOpener {
    pub(crate) core: Arc<Core>,
    /// The maximum number of sessions of one user.
    pub(crate) sessions_at_most: NonZeroU32,
}

impl SessionOpener {
    /// Opens a session; `None` if the credentials changed while they were checked.
    ///
    /// Hooks that may refuse the sign-in are called before the session is opened. The access token is also signed
    /// before the session is opened, so that no session is opened if the claims do not fit into the token.
    pub(crate) async fn complete(
        &self,
        proof: Proof,
        client: ClientInfo,
    ) -> Result<Option<SignIn>> {
        let checked = &proof.user;
        if let Err(error) = self.core.hooks.before_sign_in(checked, &client).await {
            if let Some(refusal) = error.refusal() {
                self.write_down(refusal, checked, &client).await?;
            }
            return Err(error);
        }
        let now = self.core.clock.now();
        let id = SessionId::new(now);
        let claims = self.core.hooks.access_token_claims(checked, id).await?;
        let authentication = Authentication {
            session_id: id,
            at: now,
            methods: proof.methods,
        };
        let access_token = self
            .core
            .tokens
            .access(checked, &authentication, &claims, now)?;
        let opening = self.core.tokens.open(id, now)?;
        let version = proof.credential_version;
        let token = client.device.as_ref();
        let known =
            token.and_then(|token| self.core.devices.read(token, checked.email.canonical()));
        let known = known.filter(|device| device.is_of(checked.id, version));
        // The first sign-in is always on an unknown device, so it is not reported to the user.
        let letter = match (known, checked.last_login_at) {
            (None, Some(_)) => {
                let (letter, recipient) = (LetterKind::NewSignIn, Recipient::User(checked.id));
                self.core.deliveries.notice(letter, recipient, now, &client)
            }
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
            methods: authentication.methods.clone(),
            verified_hash: proof.verified_hash,
            rehashed: proof.rehashed,
            cleared_counter: proof.attempt.cleared_counter(),
            sessions_at_most: self.sessions_at_most,
        };
        let mut event = Event::new(EventKind::SignedIn, now, &session.client)
            .by(session.user_id)
            .with("session_id", id.to_string());
        if let Some(provider) = proof.provider {
            event = event.with("provider", provider);
        }
        let user = match self
            .core
            .store
            .open_session(&session, &event, letter.as_ref())
            .await?
        {
            OpenSession::Opened(user) => user,
            OpenSession::Stale => return Ok(None),
        };
        self.core.trail.publish(&event.of(user.id));
        let is_on_device = proof.attempt.is_on_device();
        proof.attempt.cleared().await;
        if letter.is_some() {
            self.core.deliveries.wake();
        }
        let expires_at = session.idle_expires_at.min(session.absolute_expires_at);
        // Roles may have changed since the credential was checked.
        let access_token = if user.roles == checked.roles {
            access_token
        } else {
            self.core
                .tokens
                .access(&user, &authentication, &claims, now)?
        };
        self.core.hooks.after_sign_in(&user, id);
        let tokens = &self.core.tokens;
        // A device whose counter is full gets a new identity.
        let same = known.filter(|_| is_on_device);
        Ok(Some(SignIn::Complete {
            tokens: tokens.pair(access_token, id, opening.token, expires_at, now),
            device: self.core.devices.token(same, &user, version),
        }))
    }

    /// Records a refusal by the host, which the audit trail distinguishes from a refusal by Hallpass.
    async fn write_down(&self, refusal: &Refusal, user: &User, client: &ClientInfo) -> Result<()> {
        let event = Event::new(EventKind::SignInFailed, self.core.clock.now(), client)
            .of(user.id)
            .with("reason", "refused_by_application")
            .with("code", refusal.code());
        let event = self.core.trail.about(event, user.email.canonical());
        Ok(self.core.trail.record(&event).await?)
    }
}
