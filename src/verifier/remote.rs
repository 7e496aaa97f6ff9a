use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, OwnedMutexGuard, watch},
    task::JoinHandle,
};

use super::FetchJwks;
use crate::{
    clock::{Clock, Timestamp},
    error::{BoxError, Error, ErrorKind, Result},
    token::{CurrentUser, TokenCheck, TokenFault, VerifyingKeys},
};

/// The longest document that is read, in bytes.
pub(super) const MAX_DOCUMENT: usize = 64 * 1024;
/// How long one attempt may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);
/// How long keys are taken as they are.
const FRESH: Duration = Duration::from_secs(600);
/// How long keys are taken while they are fetched anew: after that, who asks for it waits for the outcome.
const STALE: Duration = Duration::from_secs(1200);
/// The time between two attempts, whatever became of the first.
const PAUSE: Duration = Duration::from_secs(60);

/// Verifies by keys that are fetched, and kept for a while.
#[derive(Debug)]
pub(super) struct Remote {
    fetch: Arc<dyn FetchJwks>,
    issuer: String,
    audience: String,
    clock: Arc<dyn Clock>,
    keys: watch::Sender<Option<Fetched>>,
    /// When the last attempt began. Held for as long as one is under way.
    last: Arc<Mutex<Option<Timestamp>>>,
}

#[derive(Clone, Debug)]
struct Fetched {
    document: Arc<[u8]>,
    /// Remembers the tokens it has verified, so that other keys need another one.
    check: Arc<TokenCheck>,
    at: Timestamp,
}

impl Remote {
    pub(super) fn new(
        fetch: Arc<dyn FetchJwks>,
        issuer: String,
        audience: String,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            fetch,
            issuer,
            audience,
            clock,
            keys: watch::Sender::new(None),
            last: Arc::default(),
        }
    }

    pub(super) async fn verify(self: &Arc<Self>, token: &str) -> Result<CurrentUser> {
        let now = self.clock.now();
        let check = self.check(now).await?;
        let verified = match check.verify(token, now) {
            Err(TokenFault::UnknownKey) => {
                self.refetch().await;
                self.at_hand()?.check.verify(token, now)
            }
            verified => verified,
        };
        verified.map_err(|_| ErrorKind::InvalidAccessToken.into())
    }

    /// The keys, renewed if they are old. They go on if that fails.
    async fn check(self: &Arc<Self>, now: Timestamp) -> Result<Arc<TokenCheck>> {
        let Ok(fetched) = self.at_hand() else {
            self.refetch().await;
            return self.at_hand().map(|fetched| fetched.check);
        };
        if within(fetched.at, now, FRESH) {
            return Ok(fetched.check);
        }
        // One asks; the others do not wait for it.
        let attempt = Arc::clone(&self.last).try_lock_owned().ok();
        let attempt = attempt.and_then(|last| self.attempt(last));
        match attempt {
            Some(attempt) if !within(fetched.at, now, STALE) => {
                finish(attempt).await;
                self.at_hand().map(|fetched| fetched.check)
            }
            _ => Ok(fetched.check),
        }
    }

    fn at_hand(&self) -> Result<Fetched> {
        self.keys.borrow().clone().ok_or_else(|| {
            Error::new(ErrorKind::Unavailable)
                .with_retry_after(PAUSE)
                .with_source("the keys of the issuer have not been fetched yet")
        })
    }

    /// Waits for the attempt that is under way, if there is one, and makes one, if it is time.
    async fn refetch(self: &Arc<Self>) {
        let last = Arc::clone(&self.last).lock_owned().await;
        if let Some(attempt) = self.attempt(last) {
            finish(attempt).await;
        }
    }

    /// Begins an attempt, unless the last one is less than a minute ago. It is a task of its own: a caller who goes away
    /// must not end it for all.
    fn attempt(
        self: &Arc<Self>,
        mut last: OwnedMutexGuard<Option<Timestamp>>,
    ) -> Option<JoinHandle<()>> {
        let now = self.clock.now();
        if last.is_some_and(|last| within(last, now, PAUSE)) {
            return None;
        }
        *last = Some(now);
        let remote = Arc::clone(self);
        Some(tokio::spawn(async move {
            if let Err(error) = remote.renew(now).await {
                let at_hand = remote.at_hand().is_ok();
                tracing::warn!(
                    error = &*error,
                    at_hand,
                    "the keys of the issuer could not be fetched"
                );
            }
            drop(last);
        }))
    }

    async fn renew(&self, now: Timestamp) -> Result<(), BoxError> {
        let document = tokio::time::timeout(TIMEOUT, self.fetch.fetch()).await??;
        if document.len() > MAX_DOCUMENT {
            return Err(format!("the JWK Set is larger than {MAX_DOCUMENT} bytes").into());
        }
        let known = self.keys.borrow().clone();
        let unchanged = known.filter(|known| *known.document == *document);
        let check = match unchanged {
            Some(known) => known.check,
            None => {
                let keys = VerifyingKeys::from_jwks(&document)?;
                tracing::info!(keys = keys.len(), "fetched other keys of the issuer");
                let (issuer, audience) = (self.issuer.clone(), self.audience.clone());
                Arc::new(TokenCheck::new(keys, issuer, audience))
            }
        };
        self.keys.send_replace(Some(Fetched {
            document: document.into(),
            check,
            at: now,
        }));
        Ok(())
    }
}

async fn finish(attempt: JoinHandle<()>) {
    if let Err(error) = attempt.await {
        tracing::error!(%error, "fetching the keys of the issuer broke off");
    }
}

/// Whether less than this time has gone by. A clock that was set back ends the wait.
fn within(since: Timestamp, now: Timestamp, time: Duration) -> bool {
    (now - since).to_std().is_ok_and(|gone| gone < time)
}
