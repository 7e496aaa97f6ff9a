use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;

use super::*;
use crate::{
    clock::{Clock as _, ManualClock},
    error::{ErrorKind, Refusal},
    hook::HookError,
    user::{Roles, UserId, UserStatus},
};

fn ann() -> User {
    let now = ManualClock::new().now();
    User {
        id: UserId::new(now),
        email: "ann@example.org".parse().unwrap(),
        email_verified_at: None,
        roles: Roles::default(),
        status: UserStatus::Active,
        display_name: None,
        metadata: Map::new(),
        created_at: now,
        updated_at: now,
        last_login_at: None,
        locale: None,
    }
}

fn chain(hooks: impl Hooks) -> HookChain {
    HookChain::new(vec![Arc::new(hooks)], Duration::from_secs(1))
}

/// Refuses every deletion and counts deleted users.
#[derive(Clone, Debug, Default)]
struct Keeper(Arc<AtomicUsize>);

#[async_trait]
impl Hooks for Keeper {
    async fn before_deletion(&self, _: &User) -> Result<(), HookError> {
        Err(Refusal::new("owns_a_team", "Give the team away first.").into())
    }

    async fn after_deletion(&self, _: &User) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test]
async fn a_deletion_can_be_refused_and_is_announced() {
    let keeper = Keeper::default();
    let (chain, ann) = (chain(keeper.clone()), ann());
    let refused = chain.before_deletion(&ann).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().code(), "owns_a_team");
    chain.after_deletion(&ann);
    chain.finish().await;
    assert_eq!(keeper.0.load(Ordering::SeqCst), 1);
}

/// Fails with an error that is not a refusal.
#[derive(Debug)]
struct Failing;

#[async_trait]
impl Hooks for Failing {
    async fn before_deletion(&self, _: &User) -> Result<(), HookError> {
        Ok("x".parse::<u8>().map(drop)?)
    }
}

#[tokio::test]
async fn any_error_is_a_failure_that_names_the_hook_in_the_log() {
    let error = chain(Failing).before_deletion(&ann()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.retry_after().is_some());
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "the hook before_deletion failed");
    assert!(source.source().unwrap().to_string().contains("digit"));
}

#[derive(Debug)]
struct Idle;

impl Hooks for Idle {}

#[tokio::test]
async fn a_hook_that_writes_no_method_changes_nothing() {
    let (chain, ann) = (chain(Idle), ann());
    chain.before_deletion(&ann).await.unwrap();
    let session = SessionId::new(ann.created_at);
    let claims = chain.access_token_claims(&ann, session).await.unwrap();
    assert!(claims.is_empty());
}

/// Waits for a signal before each hook call returns.
#[derive(Debug)]
struct Slow(Mutex<Option<tokio::sync::oneshot::Receiver<()>>>);

#[async_trait]
impl Hooks for Slow {
    async fn after_deletion(&self, _: &User) -> Result<(), BoxError> {
        let word = self.0.lock().unwrap().take();
        word.ok_or("asked twice")?.await.map_err(Into::into)
    }
}

#[tokio::test(start_paused = true)]
async fn finishing_waits_for_running_reactions() {
    let (word, heard) = tokio::sync::oneshot::channel();
    let chain = chain(Slow(Mutex::new(Some(heard))));
    chain.after_deletion(&ann());
    let early = timeout(Duration::from_millis(500), chain.finish()).await;
    assert!(early.is_err());
    word.send(()).unwrap();
    chain.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_reaction_has_a_time_limit() {
    let (_word, heard) = tokio::sync::oneshot::channel();
    let chain = chain(Slow(Mutex::new(Some(heard))));
    chain.after_deletion(&ann());
    let in_time = timeout(Duration::from_millis(1_500), chain.finish()).await;
    assert!(in_time.is_ok());
}
