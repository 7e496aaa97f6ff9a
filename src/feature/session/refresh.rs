//! Exchanging a refresh token.

use serde_json::{Map, Value};

use super::Sessions;
use crate::{
    error::{Error, ErrorKind, Result},
    event::{ClientInfo, Event, EventKind},
    limit::Budget,
    mail::{LetterKind, Recipient},
    secret::{RefreshToken, TokenDigest},
    token::{Authentication, RotateSession, Rotation, SessionUser, TokenPair},
    user::User,
};

/// The session that was passed to the hooks, and the claims that the hooks returned.
struct Asked {
    user: User,
    authentication: Authentication,
    claims: Map<String, Value>,
}

impl Sessions {
    /// Exchanges a refresh token.
    ///
    /// The hooks run and the access token is created before the refresh token is used up. If either
    /// fails, the client can retry with the same refresh token.
    pub(crate) async fn refresh(
        &self,
        refresh_token: &RefreshToken,
        client: &ClientInfo,
    ) -> Result<TokenPair> {
        self.core
            .limits
            .admit_here(Budget::Refresh, client.ip)
            .await?;
        let tokens = &self.core.tokens;
        let rotation = tokens.rotation(refresh_token);
        let (rotation, successors) = rotation.ok_or(ErrorKind::InvalidRefreshToken)?;
        let id = rotation.id;
        let asked = self.ask(&rotation).await?;
        // The hooks may have taken a while, so the rotation gets the current time.
        let rotation = tokens.dated(rotation);
        let now = rotation.now;
        let prepared = asked
            .as_ref()
            .map(|asked| tokens.access(&asked.user, &asked.authentication, &asked.claims, now))
            .transpose()?;
        let (live, digest) = self.rotate(&rotation, client).await?;
        let token = successors
            .into_iter()
            .find(|(candidate, _)| *candidate == digest)
            .map(|(_, token)| token)
            .ok_or_else(|| Error::internal("the store named a successor that was not offered"))?;
        let expires_at = live.idle_expires_at.min(live.absolute_expires_at);
        let authentication = Authentication::of(id, &live);
        let access_token = match (prepared, asked) {
            (Some(prepared), Some(asked))
                if asked.user.roles == live.user.roles
                    && asked.authentication == authentication =>
            {
                prepared
            }
            // Roles or the authentication may have changed since the hooks ran.
            (_, Some(asked)) => tokens.access(&live.user, &authentication, &asked.claims, now)?,
            (_, None) => {
                let claims = self.core.hooks.access_token_claims(&live.user, id).await?;
                tokens.access(&live.user, &authentication, &claims, now)?
            }
        };
        Ok(tokens.pair(access_token, id, token, expires_at, now))
    }

    /// Requests the claims for the next access token from the hooks. No hook is called if the refresh token cannot be
    /// exchanged. Token reuse is therefore handled without the hooks.
    async fn ask(&self, rotation: &RotateSession) -> Result<Option<Asked>> {
        if !self.core.hooks.are_there() {
            return Ok(None);
        }
        let Some(live) = self.core.store.session_to_rotate(rotation).await? else {
            return Ok(None);
        };
        let claims = self
            .core
            .hooks
            .access_token_claims(&live.user, rotation.id)
            .await?;
        Ok(Some(Asked {
            authentication: Authentication::of(rotation.id, &live),
            user: live.user,
            claims,
        }))
    }

    /// Exchanges the token, and returns the session with the digest of its current refresh token.
    async fn rotate(
        &self,
        rotation: &RotateSession,
        client: &ClientInfo,
    ) -> Result<(SessionUser, TokenDigest)> {
        let now = rotation.now;
        let on_reuse = Event::new(EventKind::RefreshTokenReused, now, client)
            .with("session_id", rotation.id.to_string());
        let mail = self.core.deliveries.notice(
            LetterKind::RefreshTokenReused,
            Recipient::UserOfFact,
            now,
            client,
        );
        match self
            .core
            .store
            .rotate_session(rotation, &on_reuse, mail.as_ref())
            .await?
        {
            Rotation::Rotated(live) => {
                let first = rotation
                    .successors
                    .first()
                    .copied()
                    .ok_or_else(|| Error::internal("there is no successor"))?;
                Ok((live, first))
            }
            Rotation::Superseded(live, digest) => Ok((live, digest)),
            Rotation::Reused(user_id, class) => {
                self.core
                    .trail
                    .publish(&class.noted_on(&on_reuse).of(user_id));
                Err(ErrorKind::RefreshTokenReused.into())
            }
            Rotation::Gone => Err(ErrorKind::InvalidRefreshToken.into()),
        }
    }
}
