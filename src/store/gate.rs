//! A gate in front of a store.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use super::{
    AccountOverview, AccountStore, AddressStore, AdministratorStore, BrowserSessionStore,
    ChallengeStore, DeadLetterStore, DeviceStore, EventStore, FIGURE_DAYS, FactorStore, Figures,
    FlowStore, IdentityStore, LimitKeyStore, Limiter, OneTimeTokenStore, OperatorStore,
    OutboxStore, PasswordStore, PurgeBatch, PurgeStore, RotationStore, SessionStore, Store,
    StoreCondition, UserStore,
};
use crate::{
    clock::Timestamp,
    error::StoreError,
    event::{Author, Event, EventFilter, EventId},
    factor::{
        AddTotp, ConfirmTotp, ConfirmedTotp, DeviceId, FactorId, FactorList, NewTotp,
        RememberedDevice, RemoveFactor, SealedTotp, SpentTotp,
    },
    identity::{
        Assertion, Candidates, CodeChallenge, Flow, Identity, IdentityAdmission, IdentityId,
        IdentitySignIn, LinkIdentity, Linked, NewCode, NewFlow, Redeemed, Unlinked,
    },
    limit::{Charge, Charged, LimitKey, SealedKey},
    mail::{Admission, Claims, Intent, IntentId, MailEntry, MailStatus, Ordered, RetryMail},
    secret::{PasswordHash, TokenDigest},
    token::{
        Attempted, BrowserUser, ChallengeId, Checked, CheckedSession, EndReason, IssueOneTime,
        NewChallenge, NewOneTimeToken, NewSession, OneTimeStatus, OpenChallenge, OpenSession,
        PresentedCookie, Purpose, RenewedCookie, Reset, ResetPassword, RotateSession, Rotation,
        SecureAccount, SecuredAccount, Session, SessionId, SessionUser,
    },
    user::{
        Credentials, DeleteUser, EmailAddress, FirstAdministrator, InsertUser, NewUser,
        ProfileChange, SeenUser, UpdateUser, User, UserChange, UserFilter, UserId,
    },
};

/// A store behind a gate. The gate can make the store read-only, for example while its database is copied. In tests,
/// the gate can also make the store unavailable or slow. Clones share the gate.
///
/// A call that the gate refuses fails with [`Unavailable`](StoreError::Unavailable), and clients
/// may try again. A call that has begun runs to completion.
///
/// ```
/// use hallpass::{memory::MemoryStore, store::{Gate, Passage, Store as _}};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let store = Gate::new(MemoryStore::new());
/// store.set(Passage::Closed);
/// assert!(store.ping().await.is_err());
/// store.set(Passage::Open);
/// assert!(store.ping().await.is_ok());
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct Gate<S> {
    store: S,
    state: Arc<Mutex<State>>,
}

/// The methods that a [`Gate`] lets through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Passage {
    /// All methods.
    #[default]
    Open,
    /// Only methods that read. The readiness check then fails, because it writes.
    ReadOnly,
    /// No methods.
    Closed,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    passage: Passage,
    delay: Duration,
}

impl<S> Gate<S> {
    /// Puts an open gate in front of a store.
    pub fn new(store: S) -> Self {
        Self {
            store,
            state: Arc::default(),
        }
    }

    /// Sets which methods the gate lets through from now on.
    pub fn set(&self, passage: Passage) {
        self.change(|state| state.passage = passage);
    }

    /// Makes each call wait this long before the gate is checked. A delay of zero disables the
    /// wait.
    pub fn delay(&self, delay: Duration) {
        self.change(|state| state.delay = delay);
    }

    /// Returns the store behind the gate.
    pub fn store(&self) -> &S {
        &self.store
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn passage(&self) -> Passage {
        let State { delay, .. } = self.state();
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.state().passage
    }

    async fn readable(&self) -> Result<&S, StoreError> {
        match self.passage().await {
            Passage::Open | Passage::ReadOnly => Ok(&self.store),
            Passage::Closed => Err(StoreError::Unavailable("the store is down".into())),
        }
    }

    async fn writable(&self) -> Result<&S, StoreError> {
        match self.passage().await {
            Passage::Open => Ok(&self.store),
            Passage::ReadOnly => Err(StoreError::Unavailable("the store is read-only".into())),
            Passage::Closed => Err(StoreError::Unavailable("the store is down".into())),
        }
    }
}

/// Forwards each method once the gate lets it through. Each method is atomic, so one check before the call is enough.
macro_rules! gated {
    ($($store:ident { $($way:ident $method:ident($($name:ident: $type:ty),*) -> $reply:ty;)* })*) => {$(
        #[async_trait]
        impl<S: Store> $store for Gate<S> {
            $(async fn $method(&self, $($name: $type),*) -> Result<$reply, StoreError> {
                self.$way().await?.$method($($name),*).await
            })*
        }
    )*};
}

gated! {
    Store {
        writable ping() -> ();
    }
    UserStore {
        writable insert_user(
            user: &NewUser,
            event: &Event,
            mail: Option<&Intent>,
            if_taken: Option<(&Intent, &Event)>
        ) -> InsertUser;
        readable user(id: UserId) -> Option<User>;
        readable credentials(email: &EmailAddress) -> Option<Credentials>;
        readable addresses(ids: &[UserId]) -> Vec<(UserId, EmailAddress)>;
        readable list_users(filter: &UserFilter, after: Option<UserId>, limit: u32) -> Vec<User>;
        writable update_profile(id: UserId, change: &ProfileChange, now: Timestamp) -> Option<User>;
    }
    AdministratorStore {
        writable insert_first_administrator(user: &NewUser, event: &Event) -> FirstAdministrator;
        writable update_user(id: UserId, change: &UserChange, seen: Option<&SeenUser>, author: &Author, now: Timestamp) -> UpdateUser;
        writable delete_user(id: UserId, version: Option<i64>, event: &Event) -> DeleteUser;
    }
    AccountStore {
        readable account(user: UserId, now: Timestamp) -> AccountOverview;
    }
    SessionStore {
        writable open_session(session: &NewSession, events: &[Event], mails: &[Intent]) -> OpenSession;
        readable session_user(id: SessionId, user: UserId, now: Timestamp) -> Option<SessionUser>;
        readable sessions(user: UserId, now: Timestamp) -> Vec<Session>;
        writable end_session(id: SessionId, why: EndReason, now: Timestamp, event: &Event) -> Option<UserId>;
        writable end_session_of(user: UserId, id: SessionId, now: Timestamp, event: &Event) -> bool;
        writable end_sessions(user: UserId, why: EndReason, now: Timestamp, event: &Event) -> bool;
        writable end_other_sessions(user: UserId, kept: SessionId, now: Timestamp, event: &Event) -> u64;
        writable reauthenticate(checked: &CheckedSession, renewed: Option<&RenewedCookie>, now: Timestamp, event: &Event) -> Checked;
    }
    BrowserSessionStore {
        readable browser_user(cookie: &PresentedCookie, now: Timestamp) -> Option<BrowserUser>;
        writable use_browser_session(id: SessionId, idle_expires_at: Timestamp, now: Timestamp) -> ();
    }
    RotationStore {
        readable session_to_rotate(rotation: &RotateSession) -> Option<SessionUser>;
        writable rotate_session(
            rotation: &RotateSession,
            on_reuse: &Event,
            mail: Option<&Intent>
        ) -> Rotation;
    }
    OneTimeTokenStore {
        writable issue_one_time(token: &NewOneTimeToken) -> IssueOneTime;
        readable one_time_user(digest: &TokenDigest, purpose: Purpose, now: Timestamp) -> Option<User>;
        readable one_time_status(digest: &TokenDigest, purpose: Purpose, now: Timestamp) -> OneTimeStatus;
        writable unlock(
            digest: &TokenDigest,
            cleared_counter: Option<LimitKey>,
            now: Timestamp,
            event: &Event
        ) -> Option<UserId>;
    }
    PasswordStore {
        writable change_password(checked: &CheckedSession, renewed: Option<&RenewedCookie>, hash: &PasswordHash, now: Timestamp, event: &Event, mail: Option<&Intent>) -> Checked;
        writable reset_password(
            reset: &ResetPassword,
            event: &Event,
            on_takeover: &Event,
            mail: Option<&Intent>
        ) -> Option<Reset>;
        writable secure_account(secure: &SecureAccount, event: &Event, reset: &Intent) -> Option<SecuredAccount>;
        writable set_password(user: UserId, hash: &PasswordHash, cleared_counter: Option<LimitKey>, now: Timestamp, event: &Event, mail: Option<&Intent>) -> Option<User>;
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
        readable candidates(assertion: &Assertion) -> Candidates;
        writable sign_in(sign_in: &IdentitySignIn) -> IdentityAdmission;
        writable link_identity(link: &LinkIdentity, now: Timestamp, event: &Event, mail: Option<&Intent>) -> Linked;
        readable identities(user: UserId) -> Vec<Identity>;
        writable unlink_identity(user: UserId, id: IdentityId, event: &Event) -> Unlinked;
    }
    FlowStore {
        writable begin_flow(flow: &NewFlow) -> ();
        writable take_flow(state: &TokenDigest, binding: &TokenDigest, now: Timestamp) -> Option<Flow>;
        writable offer_identity(code: &NewCode, assertion: &Assertion) -> ();
        writable issue_code(cookie: &PresentedCookie, flow: &NewFlow, code: &NewCode) -> bool;
        writable redeem_code(code: &TokenDigest, challenge: &CodeChallenge, now: Timestamp) -> Option<Redeemed>;
    }
    FactorStore {
        readable factors(user: UserId) -> FactorList;
        readable totps(user: UserId) -> Vec<SealedTotp>;
        readable pending_totp(user: UserId, id: FactorId, now: Timestamp) -> Option<SealedTotp>;
        writable add_totp(totp: &NewTotp) -> AddTotp;
        writable confirm_totp(confirm: &ConfirmTotp, event: &Event, mail: Option<&Intent>) -> ConfirmedTotp;
        writable remove_factor(
            session: SessionId,
            user: UserId,
            id: FactorId,
            is_required: bool,
            event: &Event,
            mail: Option<&Intent>
        ) -> RemoveFactor;
        writable renew_codes(user: UserId, codes: &[TokenDigest], event: &Event, mail: Option<&Intent>) -> bool;
        writable authenticate_with_totp(
            session: SessionId,
            user: UserId,
            spent: &SpentTotp,
            renewed: Option<&RenewedCookie>,
            now: Timestamp,
            event: &Event
        ) -> Checked;
        writable reset_factors(user: UserId, now: Timestamp, event: &Event, mail: Option<&Intent>) -> bool;
    }
    ChallengeStore {
        writable open_challenge(challenge: &NewChallenge) -> OpenChallenge;
        writable attempt_challenge(id: ChallengeId, user: UserId, now: Timestamp) -> Option<Attempted>;
        writable enrol_totp(id: ChallengeId, totp: &NewTotp) -> AddTotp;
    }
    DeviceStore {
        readable devices(user: UserId, now: Timestamp) -> Vec<RememberedDevice>;
        writable forget_device(user: UserId, id: DeviceId, now: Timestamp, event: &Event) -> bool;
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
        writable purge_mail(dead_before: Timestamp, budget_before: Timestamp) -> ();
    }
    DeadLetterStore {
        readable list_mail(status: Option<MailStatus>, after: Option<IntentId>, limit: u32) -> Vec<MailEntry>;
        writable retry_mail(id: IntentId, new: IntentId, now: Timestamp, event: &Event) -> RetryMail;
    }
    EventStore {
        writable record_event(event: &Event) -> ();
        readable list_events(filter: &EventFilter, after: Option<EventId>, limit: u32) -> Vec<Event>;
    }
    OperatorStore {
        readable figures(days: &[EventId; FIGURE_DAYS + 1]) -> Figures;
        writable note_keys(ids: &[String], now: Timestamp) -> ();
        readable condition() -> StoreCondition;
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
        writable purge_challenges(before: Timestamp, after: Option<ChallengeId>, limit: u32) -> PurgeBatch<ChallengeId>;
        writable purge_devices(before: Timestamp, after: Option<DeviceId>, limit: u32) -> PurgeBatch<DeviceId>;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::store::memory::MemoryStore;

    #[tokio::test(start_paused = true)]
    async fn a_gate_admits_calls_by_its_mode_after_its_delay() {
        let gate = Gate::new(MemoryStore::new());
        for (passage, reads, writes) in [
            (Passage::Open, true, true),
            (Passage::ReadOnly, true, false),
            (Passage::Closed, false, false),
        ] {
            gate.clone().set(passage);
            let read = gate.list_users(&UserFilter::default(), None, 1).await;
            assert_eq!(read.is_ok(), reads, "{passage:?}");
            assert_eq!(gate.ping().await.is_ok(), writes, "{passage:?}");
        }
        let begun = Instant::now();
        gate.delay(Duration::from_secs(3));
        gate.ping().await.unwrap_err();
        assert_eq!(begun.elapsed(), Duration::from_secs(3));
    }
}
