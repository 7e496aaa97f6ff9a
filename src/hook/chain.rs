//! A host's hooks, in order.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use serde_json::{Map, Value};
use tokio::{sync::watch, time::timeout};
use tracing::Instrument as _;

use super::{Applicant, Hooks, error::Fault};
use crate::{
    error::{BoxError, Result},
    event::ClientInfo,
    id::SessionId,
    user::User,
};

type Reaction<'a> = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'a>>;

/// Calls one hook after the other, until one refuses.
macro_rules! ask {
    ($chain:ident, $moment:ident($($argument:expr),*)) => {{
        let moment = stringify!($moment);
        let asked = async {
            for hook in $chain.hooks.iter() {
                hook.$moment($($argument),*)
                    .await
                    .map_err(|error| Fault::of(moment, error))?;
            }
            Ok(())
        };
        $chain.within_limit(moment, asked).await
    }};
}

/// A host's hooks, in the order in which use cases call them. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct HookChain {
    hooks: Arc<[Arc<dyn Hooks>]>,
    limit: Duration,
    /// The number of events whose hooks are still running.
    under_way: watch::Sender<usize>,
}

impl HookChain {
    pub(crate) fn new(hooks: Vec<Arc<dyn Hooks>>, limit: Duration) -> Self {
        Self {
            hooks: hooks.into(),
            limit,
            under_way: watch::Sender::new(0),
        }
    }

    /// Fails with `Refused`, or with `Unavailable` or `Internal` if a hook did not complete. The other methods that
    /// call hooks before a write fail in the same way.
    pub(crate) async fn before_registration(&self, applicant: &Applicant<'_>) -> Result<()> {
        ask!(self, before_registration(applicant))
    }

    pub(crate) fn after_registration(&self, user: &User) {
        self.react("after_registration", user, |hook, user| {
            hook.after_registration(user)
        });
    }

    pub(crate) async fn before_sign_in(&self, user: &User, client: &ClientInfo) -> Result<()> {
        ask!(self, before_sign_in(user, client))
    }

    pub(crate) fn after_sign_in(&self, user: &User, session: SessionId) {
        self.react("after_sign_in", user, move |hook, user| {
            hook.after_sign_in(user, session)
        });
    }

    pub(crate) async fn access_token_claims(
        &self,
        user: &User,
        session: SessionId,
    ) -> Result<Map<String, Value>> {
        let moment = "access_token_claims";
        let asked = async {
            let mut claims = Map::new();
            for hook in self.hooks.iter() {
                claims.extend(
                    hook.access_token_claims(user, session)
                        .await
                        .map_err(|error| Fault::Failed(moment, error))?,
                );
            }
            Ok(claims)
        };
        self.within_limit(moment, asked).await
    }

    pub(crate) fn after_factor_change(&self, user: &User) {
        self.react("after_factor_change", user, |hook, user| {
            hook.after_factor_change(user)
        });
    }

    pub(crate) fn after_password_change(&self, user: &User) {
        self.react("after_password_change", user, |hook, user| {
            hook.after_password_change(user)
        });
    }

    pub(crate) fn after_takeover(&self, user: &User) {
        self.react("after_takeover", user, |hook, user| {
            hook.after_takeover(user)
        });
    }

    /// Whether there are any hooks. Without hooks, the preparation for them can be skipped.
    pub(crate) fn are_there(&self) -> bool {
        !self.hooks.is_empty()
    }

    pub(crate) async fn before_deletion(&self, user: &User) -> Result<()> {
        ask!(self, before_deletion(user))
    }

    pub(crate) fn after_deletion(&self, user: &User) {
        self.react("after_deletion", user, |hook, user| {
            hook.after_deletion(user)
        });
    }

    /// Waits until all hooks that run after operations have ended.
    pub(crate) async fn finish(&self) {
        let mut count = self.under_way.subscribe();
        // `self` owns a sender, so the channel cannot be closed.
        let _ = count.wait_for(|count| *count == 0).await;
    }

    async fn within_limit<T>(
        &self,
        moment: &'static str,
        asked: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        match timeout(self.limit, caught(asked)).await {
            Ok(Some(outcome)) => outcome,
            Ok(None) => Err(Fault::Panicked(moment).into()),
            Err(_) => Err(Fault::TimedOut(moment).into()),
        }
    }

    /// Starts the hooks that run after an operation, one after the other. A hook runs even if the
    /// previous one failed.
    fn react<F>(&self, moment: &'static str, user: &User, reaction: F)
    where
        F: for<'a> Fn(&'a dyn Hooks, &'a User) -> Reaction<'a> + Send + Sync + 'static,
    {
        if self.hooks.is_empty() {
            return;
        }
        let (hooks, limit, user) = (Arc::clone(&self.hooks), self.limit, user.clone());
        let started = UnderWay::start(&self.under_way);
        let reactions = async move {
            let _started = started;
            for hook in hooks.iter() {
                let reacted = caught(async { reaction(hook.as_ref(), &user).await });
                let fault = match timeout(limit, reacted).await {
                    Ok(Some(Ok(()))) => continue,
                    Ok(Some(Err(error))) => Fault::Failed(moment, error),
                    Ok(None) => Fault::Panicked(moment),
                    Err(_) => Fault::TimedOut(moment),
                };
                let error = &fault as &dyn std::error::Error;
                tracing::error!(user_id = %user.id, error, "a hook did not complete");
            }
        };
        tokio::spawn(reactions.in_current_span());
    }
}

/// `None` if the future panics.
async fn caught<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        },
    )
    .await
}

/// Marks an event as one with running hooks until this value is dropped.
struct UnderWay(watch::Sender<usize>);

impl UnderWay {
    fn start(count: &watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests;
