//! The keys of a remote issuer and how they are refreshed.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use super::FetchJwks;
use crate::{
    clock::{Clock, Timestamp},
    error::{BoxError, Error, ErrorKind, Result},
    renewal::{Fetch, Renewed, Terms},
    token::{CurrentUser, TokenCheck, TokenFault, VerifyingKeys},
};

/// The longest document that is read, in bytes.
pub(super) const MAX_DOCUMENT: usize = 64 * 1024;
/// How long one attempt may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);
/// The time between two attempts, whether or not the first attempt succeeded.
const PAUSE: Duration = Duration::from_secs(60);

const TERMS: Terms = Terms {
    what: "the keys of the issuer",
    timeout: TIMEOUT,
    fresh: Duration::from_secs(600),
    stale: Duration::from_secs(1200),
    pause: PAUSE,
    first_pause: PAUSE,
};

/// Verifies with keys that are fetched and cached.
#[derive(Debug)]
pub(super) struct Remote {
    keys: Renewed<Keys>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
struct Keys {
    fetch: Arc<dyn FetchJwks>,
    issuer: String,
    audience: String,
}

#[derive(Debug)]
struct Fetched {
    document: Vec<u8>,
    /// The check caches the tokens that it has verified, so a new check is needed when the keys
    /// change.
    check: TokenCheck,
}

impl Remote {
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn new(
        fetch: Arc<dyn FetchJwks>,
        issuer: String,
        audience: String,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let keys = Keys {
            fetch,
            issuer,
            audience,
        };
        Self {
            keys: Renewed::new(keys, TERMS, Arc::clone(&clock)),
            clock,
        }
    }

    pub(super) async fn verify(&self, token: &str) -> Result<CurrentUser> {
        let now = self.clock.now();
        let fetched = self.keys.value().await.ok_or_else(unfetched)?;
        let verified = match fetched.check.verify(token, now) {
            Err(TokenFault::UnknownKey) => {
                self.keys.refetch().await;
                self.keys
                    .at_hand()
                    .ok_or_else(unfetched)?
                    .check
                    .verify(token, now)
            }
            verified => verified,
        };
        verified.map_err(|_| ErrorKind::InvalidAccessToken.into())
    }
}

#[async_trait]
impl Fetch for Keys {
    type Value = Fetched;

    async fn fetch(&self, known: Option<Arc<Fetched>>) -> Result<Arc<Fetched>, BoxError> {
        let document = self.fetch.fetch().await?;
        if document.len() > MAX_DOCUMENT {
            return Err(format!("the JWK Set is larger than {MAX_DOCUMENT} bytes").into());
        }
        if let Some(known) = known.filter(|known| known.document == document) {
            return Ok(known);
        }
        let keys = VerifyingKeys::from_jwks(&document)?;
        tracing::info!(keys = keys.len(), "fetched changed keys of the issuer");
        Ok(Arc::new(Fetched {
            document,
            check: TokenCheck::new(keys, self.issuer.clone(), self.audience.clone()),
        }))
    }
}

fn unfetched() -> Error {
    Error::new(ErrorKind::Unavailable)
        .with_retry_after(PAUSE)
        .with_source("the keys of the issuer have not been fetched yet")
}
