//! Beginning the enrolment of an authenticator app.

use std::{fmt, sync::Arc, time::Duration};

use zeroize::Zeroizing;

use crate::{
    core::Core,
    error::{ErrorKind, Result},
    factor::{AddTotp, FactorId, NewTotp, TotpKey},
    percent::encoded,
    secret::Ticket,
    token::{ChallengePurpose, ParsedTicket, SessionId},
    user::User,
};

/// How long after its start an enrolment can be confirmed.
const PENDING_LIFETIME: Duration = Duration::from_secs(900);

/// The key of an authenticator app, which is shown once.
#[derive(Clone)]
#[non_exhaustive]
pub struct TotpSecret {
    /// The identifier of the pending factor.
    pub id: FactorId,
    /// How long the enrolment can be confirmed.
    pub expires_in: Duration,
    key: Zeroizing<String>,
    uri: Zeroizing<String>,
}

impl TotpSecret {
    /// The key in base32 (RFC 4648), without padding. Keep it confidential.
    #[must_use]
    pub fn expose_base32(&self) -> &str {
        &self.key
    }

    /// The `otpauth://` URI with the key, for a QR code. Keep it confidential.
    #[must_use]
    pub fn expose_uri(&self) -> &str {
        &self.uri
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TotpSecret")
            .field("id", &self.id)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// Begins enrolments.
#[derive(Clone, Debug)]
pub(crate) struct Enrolments {
    pub(crate) core: Arc<Core>,
    /// The name of the product, which authenticator apps show.
    pub(crate) issuer: Arc<str>,
}

impl Enrolments {
    /// Creates a key for a user. Nothing is stored yet.
    ///
    /// # Errors
    /// [`Internal`](ErrorKind::Internal) if the key cannot be sealed.
    pub(crate) fn draft(
        &self,
        user: &User,
        name: Option<String>,
        session: Option<SessionId>,
        is_first: bool,
    ) -> Result<(NewTotp, TotpSecret)> {
        let now = self.core.clock.now();
        let (id, key) = (FactorId::new(now), TotpKey::generate());
        let totp = NewTotp {
            id,
            user_id: user.id,
            session_id: session,
            name,
            sealed: self.core.factor_keys.seal(user.id, id, &key)?,
            is_first,
            created_at: now,
            expires_at: now + PENDING_LIFETIME,
        };
        let secret = TotpSecret {
            id,
            expires_in: PENDING_LIFETIME,
            uri: self.uri(user, &key),
            key: key.base32(),
        };
        Ok((totp, secret))
    }

    /// Begins the enrolment that a ticket requires.
    ///
    /// # Errors
    /// [`InvalidToken`](ErrorKind::InvalidToken) if the ticket does not require an enrolment, or is
    /// no longer valid.
    pub(crate) async fn begin(&self, ticket: &Ticket) -> Result<TotpSecret> {
        let parsed = self.enrolling(ticket)?;
        let user = self
            .core
            .store
            .user(parsed.user_id)
            .await?
            .ok_or(ErrorKind::InvalidToken)?;
        let (totp, secret) = self.draft(&user, None, None, true)?;
        match self.core.store.enrol_totp(parsed.id, &totp).await? {
            AddTotp::Added => Ok(secret),
            AddTotp::TooMany | AddTotp::Stale | AddTotp::Gone => {
                Err(ErrorKind::InvalidToken.into())
            }
        }
    }

    /// The pending enrolment that a ticket has begun, to show it again.
    ///
    /// # Errors
    /// [`InvalidToken`](ErrorKind::InvalidToken) if there is none.
    #[cfg(feature = "pages")]
    pub(crate) async fn pending(&self, ticket: &Ticket, id: FactorId) -> Result<TotpSecret> {
        let parsed = self.enrolling(ticket)?;
        let user = self.core.store.user(parsed.user_id).await?;
        let user = user.ok_or(ErrorKind::InvalidToken)?;
        let pending = self.pending_of(&user, id).await?;
        pending.ok_or_else(|| ErrorKind::InvalidToken.into())
    }

    /// A user's pending enrolment, to show it again.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable) while the database is unreachable.
    #[cfg(feature = "pages")]
    pub(crate) async fn pending_of(&self, user: &User, id: FactorId) -> Result<Option<TotpSecret>> {
        let now = self.core.clock.now();
        let sealed = self.core.store.pending_totp(user.id, id, now).await?;
        let key = sealed.and_then(|sealed| self.core.factor_keys.open(user.id, &sealed));
        Ok(key.map(|key| TotpSecret {
            id,
            expires_in: PENDING_LIFETIME,
            uri: self.uri(user, &key),
            key: key.base32(),
        }))
    }

    /// Parses a ticket that requires an enrolment.
    fn enrolling(&self, ticket: &Ticket) -> Result<ParsedTicket> {
        self.core
            .tickets
            .read(ticket, self.core.clock.now())
            .filter(|parsed| parsed.purpose == ChallengePurpose::Enrolment)
            .ok_or_else(|| ErrorKind::InvalidToken.into())
    }

    fn uri(&self, user: &User, key: &TotpKey) -> Zeroizing<String> {
        let issuer = encoded(&self.issuer);
        let account = encoded(user.email.as_str());
        let secret = key.base32();
        Zeroizing::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period=30",
            *secret
        ))
    }
}
