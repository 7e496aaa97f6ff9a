//! A store of a host's own: it puts a switch in front of another store, that makes it read-only while its database is
//! copied or moved.
//!
//! Meanwhile who is signed in stays signed in, and what would write is answered with 503 and may be tried again. What is
//! left out of a trait here does not compile, and what is wrong the checks of `hallpass::conformance` find.
//!
//! ```sh
//! cargo run --example custom_store --features testing
//! cargo test --example custom_store --features testing
//! ```
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program speaks to its terminal, and ends when it fails"
)]

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use hallpass::{
    EmailAddress, ErrorKind, User, UserId, UserService as _,
    clock::Timestamp,
    conformance,
    error::StoreError,
    event::{Author, ClientInfo, Event, EventFilter, EventId},
    identity::{
        Assertion, Candidates, CodeChallenge, Flow, Identity, IdentityId, IdentitySignIn,
        IdentitySignedIn, LinkIdentity, Linked, NewCode, NewFlow, Redeemed, Unlinked,
    },
    limit::{Charge, Charged, LimitKey, SealedKey},
    mail::{Admission, Claims, Intent, IntentId, MailEntry, MailStatus, Ordered, RetryMail},
    memory::MemoryStore,
    secret::{PasswordHash, TokenDigest},
    store::{
        AddressStore, EventStore, IdentityStore, LimitKeyStore, Limiter, OutboxStore, PurgeBatch,
        PurgeStore, Store, TokenStore, UserStore,
    },
    testing::{PASSWORD, TestAuth},
    token::{
        Checked, CheckedSession, EndReason, IssueOneTime, NewOneTimeToken, NewSession,
        OneTimeStatus, OpenSession, Purpose, Reset, ResetPassword, RotateSession, Rotation,
        Session, SessionId, SessionUser,
    },
    user::{
        Credentials, DeleteUser, FirstAdministrator, InsertUser, NewUser, ProfileChange,
        UpdateUser, UserChange, UserFilter,
    },
};

/// A store that can be switched to read-only. Clones share the switch.
#[derive(Clone, Debug)]
pub struct Switched<S> {
    store: S,
    read_only: Arc<AtomicBool>,
}

impl<S> Switched<S> {
    /// Puts the switch in front of a store. It may write.
    pub fn new(store: S) -> Self {
        Self {
            store,
            read_only: Arc::default(),
        }
    }

    /// Forbids the store to write, or allows it again. A write that has begun is carried to its end.
    pub fn set_read_only(&self, read_only: bool) {
        self.read_only.store(read_only, Ordering::SeqCst);
    }

    /// The store, if it may be written.
    ///
    /// # Errors
    /// `Unavailable`: the client is told to try again.
    fn writable(&self) -> Result<&S, StoreError> {
        if self.read_only.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("the store is read-only".into()));
        }
        Ok(&self.store)
    }

    /// The store, for reading.
    #[allow(clippy::unnecessary_wraps, reason = "it stands beside `writable`")]
    fn readable(&self) -> Result<&S, StoreError> {
        Ok(&self.store)
    }
}

/// Hands each method on, once the switch allows it. A trait method is one atomic fact, so that asking before it is enough.
macro_rules! switched {
    ($($store:ident { $($allowed:ident $method:ident($($name:ident: $type:ty),*) -> $reply:ty;)* })*) => {$(
        #[async_trait]
        impl<S: Store> $store for Switched<S> {
            $(async fn $method(&self, $($name: $type),*) -> Result<$reply, StoreError> {
                self.$allowed()?.$method($($name),*).await
            })*
        }
    )*};
}

switched! {
    Store {
        readable ping() -> ();
    }
    UserStore {
        writable insert_user(
            user: &NewUser,
            event: &Event,
            mail: Option<&Intent>,
            if_taken: Option<(&Intent, &Event)>
        ) -> InsertUser;
        writable insert_first_administrator(user: &NewUser, event: &Event) -> FirstAdministrator;
        readable user(id: UserId) -> Option<User>;
        readable credentials(email: &EmailAddress) -> Option<Credentials>;
        readable list_users(filter: &UserFilter, after: Option<UserId>, limit: u32) -> Vec<User>;
        writable update_user(id: UserId, change: &UserChange, author: &Author, now: Timestamp) -> UpdateUser;
        writable update_profile(id: UserId, change: &ProfileChange, now: Timestamp) -> Option<User>;
        writable delete_user(id: UserId, version: Option<i64>, event: &Event) -> DeleteUser;
    }
    TokenStore {
        writable open_session(session: &NewSession, event: &Event, mail: Option<&Intent>) -> OpenSession;
        readable session_user(id: SessionId, user: UserId, now: Timestamp) -> Option<SessionUser>;
        readable sessions(user: UserId, now: Timestamp) -> Vec<Session>;
        readable session_to_rotate(rotation: &RotateSession) -> Option<SessionUser>;
        writable rotate_session(
            rotation: &RotateSession,
            on_reuse: &Event,
            mail: Option<&Intent>
        ) -> Rotation;
        writable end_session(id: SessionId, why: EndReason, now: Timestamp, event: &Event) -> Option<UserId>;
        writable end_session_of(user: UserId, id: SessionId, now: Timestamp, event: &Event) -> bool;
        writable end_sessions(user: UserId, why: EndReason, now: Timestamp, event: &Event) -> bool;
        writable issue_one_time(token: &NewOneTimeToken) -> IssueOneTime;
        readable one_time_status(digest: &TokenDigest, purpose: Purpose, now: Timestamp) -> OneTimeStatus;
        readable one_time_user(digest: &TokenDigest, purpose: Purpose, now: Timestamp) -> Option<User>;
        writable change_password(checked: &CheckedSession, hash: &PasswordHash, now: Timestamp, event: &Event, mail: Option<&Intent>) -> Checked;
        writable reauthenticate(checked: &CheckedSession, now: Timestamp, event: &Event) -> Checked;
        writable reset_password(
            reset: &ResetPassword,
            event: &Event,
            on_takeover: &Event,
            mail: Option<&Intent>
        ) -> Option<Reset>;
        writable unlock(
            digest: &TokenDigest,
            cleared_counter: Option<LimitKey>,
            now: Timestamp,
            event: &Event
        ) -> Option<UserId>;
    }
    AddressStore {
        writable verify_email(digest: &TokenDigest, now: Timestamp, event: &Event) -> Option<UserId>;
        writable request_email_change(
            checked: &CheckedSession,
            token: &NewOneTimeToken,
            event: &Event,
            mails: &[Intent]
        ) -> Checked;
        writable confirm_email_change(
            digest: &TokenDigest,
            now: Timestamp,
            event: &Event,
            mail: Option<&Intent>
        ) -> Option<UserId>;
    }
    IdentityStore {
        writable begin_flow(flow: &NewFlow) -> ();
        writable take_flow(state: &TokenDigest, binding: &TokenDigest, now: Timestamp) -> Option<Flow>;
        readable candidates(assertion: &Assertion) -> Candidates;
        writable sign_in(sign_in: &IdentitySignIn) -> IdentitySignedIn;
        writable offer_identity(code: &NewCode, assertion: &Assertion) -> ();
        writable redeem_code(code: &TokenDigest, challenge: &CodeChallenge, now: Timestamp) -> Option<Redeemed>;
        writable link_identity(link: &LinkIdentity, now: Timestamp, event: &Event, mail: Option<&Intent>) -> Linked;
        readable identities(user: UserId) -> Vec<Identity>;
        writable unlink_identity(user: UserId, id: IdentityId, event: &Event) -> Unlinked;
    }
    OutboxStore {
        writable enqueue(intents: &[Intent], event: Option<&Event>) -> ();
        writable claim(now: Timestamp, lease_until: Timestamp, limit: u32) -> Claims;
        writable keep_order(id: IntentId, attempt: i32, ordered: &Ordered) -> bool;
        writable complete(id: IntentId, attempt: i32) -> ();
        writable postpone(id: IntentId, attempt: i32, now: Timestamp, due_at: Timestamp, error: &str) -> ();
        writable bring_forward(now: Timestamp, beyond: Timestamp, asked_from: Timestamp, limit: u32) -> u64;
        writable mark_dead(id: IntentId, attempt: i32, error: &str) -> ();
        writable admit(id: IntentId, attempt: i32, admission: &Admission) -> bool;
        readable list_mail(status: Option<MailStatus>, after: Option<IntentId>, limit: u32) -> Vec<MailEntry>;
        writable retry_mail(id: IntentId, new: IntentId, now: Timestamp, event: &Event) -> RetryMail;
        writable purge_mail(dead_before: Timestamp, budget_before: Timestamp) -> ();
    }
    EventStore {
        writable record_event(event: &Event) -> ();
        readable list_events(filter: &EventFilter, after: Option<EventId>, limit: u32) -> Vec<Event>;
    }
    Limiter {
        writable charge(charges: &[Charge], now: Timestamp) -> Charged;
        writable refund(key: LimitKey, now: Timestamp) -> ();
        writable clear(key: LimitKey) -> ();
    }
    LimitKeyStore {
        writable agree_on_limit_key(offered: &[SealedKey]) -> Vec<SealedKey>;
    }
    PurgeStore {
        writable purge_sessions(before: Timestamp, after: Option<SessionId>, limit: u32) -> PurgeBatch<SessionId>;
        writable purge_one_time(before: Timestamp, after: Option<TokenDigest>, limit: u32) -> PurgeBatch<TokenDigest>;
        writable purge_events(before: Timestamp, after: Option<EventId>, limit: u32) -> PurgeBatch<EventId>;
        writable purge_limits(before: Timestamp, after: Option<LimitKey>, limit: u32) -> PurgeBatch<LimitKey>;
        writable purge_flows(before: Timestamp, after: Option<TokenDigest>, limit: u32) -> PurgeBatch<TokenDigest>;
    }
}

#[tokio::main]
async fn main() {
    keeps_the_contract().await;
    println!("the store keeps the contract of every store");
    stays_readable().await;
    println!("who was signed in stayed so while the store was read-only");
}

/// With the switch off it must do whatever the store behind it does, races included.
async fn keeps_the_contract() {
    conformance::check_all(Arc::new(Switched::new(MemoryStore::new()))).await;
}

/// What is the store's own, seen through a whole service.
async fn stays_readable() {
    let store = Switched::new(MemoryStore::new());
    let auth = TestAuth::with(|builder| builder.store(store.clone()));
    let (ann, nobody) = (auth.user("ann@example.org").await, ClientInfo::default());
    let tokens = auth.sign_in(&ann).await;

    store.set_read_only(true);
    let caller = auth.current_user(&tokens.access_token).await;
    assert_eq!(caller.expect("reading works").user.id, ann.id);
    let login = hallpass::Login::new(ann.email, PASSWORD);
    let refused = auth
        .login(login.clone())
        .await
        .map(drop)
        .map_err(|error| error.kind());
    assert_eq!(refused, Err(ErrorKind::Unavailable));
    let refused = auth.refresh(&tokens.refresh_token, &nobody).await;
    let refused = refused.map(drop).map_err(|error| error.kind());
    assert_eq!(refused, Err(ErrorKind::Unavailable));

    store.set_read_only(false);
    auth.login(login).await.expect("writing works again");
    let next = auth.refresh(&tokens.refresh_token, &nobody).await;
    assert_eq!(
        next.expect("nothing was lost").session_id,
        tokens.session_id
    );
}

#[cfg(test)]
mod tests {
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn the_store_keeps_the_contract() {
        super::keeps_the_contract().await;
    }

    #[tokio::test]
    async fn who_is_signed_in_stays_so_while_the_store_is_read_only() {
        super::stays_readable().await;
    }
}
