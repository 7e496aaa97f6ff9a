//! A store for the unit tests of this layer: users and the outbox, no more. A test that asks it for anything else
//! fails.

mod outbox;

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;

use crate::{
    clock::Timestamp,
    error::StoreError,
    event::{Author, Event, EventFilter, EventId, EventStore},
    identity::{
        Assertion, Candidates, CodeChallenge, Flow, Identity, IdentityId, IdentitySignIn,
        IdentitySignedIn, IdentityStore, LinkIdentity, Linked, NewCode, NewFlow, Redeemed,
        Unlinked,
    },
    limit::{Charge, Charged, LimitKey, LimitKeyStore, Limiter, SealedKey},
    mail::{Intent, Ordered},
    purge::{PurgeBatch, PurgeStore},
    secret::{PasswordHash, TokenDigest},
    store::Store,
    token::{
        AddressStore, Checked, CheckedSession, EndReason, IssueOneTime, NewOneTimeToken,
        NewSession, OneTimeStatus, OpenSession, Purpose, Reset, ResetPassword, RotateSession,
        Rotation, Session, SessionId, SessionUser, TokenStore,
    },
    user::{
        Credentials, DeleteUser, EmailAddress, FirstAdministrator, InsertUser, NewUser,
        ProfileChange, Roles, UpdateUser, User, UserChange, UserFilter, UserId, UserStatus,
        UserStore,
    },
};

#[derive(Debug, Default)]
pub(crate) struct FakeStore(Mutex<State>);

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) users: Vec<Credentials>,
    pub(crate) outbox: Vec<Row>,
    /// Why mails were given up.
    pub(crate) buried: Vec<String>,
    pub(crate) live: Option<(Timestamp, TokenDigest)>,
    /// The database is down.
    pub(crate) down: bool,
}

#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) intent: Intent,
    pub(crate) ordered: Option<Ordered>,
    pub(crate) attempt: i32,
    pub(crate) due_at: Timestamp,
    pub(crate) error: Option<String>,
}

impl FakeStore {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn add_user(&self, email: &str, hash: Option<PasswordHash>, now: Timestamp) {
        let user = User {
            id: UserId::new(now),
            email: email.parse().unwrap(),
            email_verified_at: None,
            roles: Roles::default(),
            status: UserStatus::Active,
            display_name: None,
            metadata: serde_json::Map::new(),
            created_at: now,
            updated_at: now,
            last_login_at: None,
            locale: None,
        };
        self.state().users.push(Credentials {
            user,
            password_hash: hash,
            credential_version: 7,
        });
    }

    pub(crate) fn disable(&self, email: &str) {
        let email: EmailAddress = email.parse().unwrap();
        for found in &mut self.state().users {
            if found.user.email == email {
                found.user.status = UserStatus::Disabled;
            }
        }
    }

    fn up(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.state();
        if state.down {
            return Err(StoreError::Unavailable("down".into()));
        }
        Ok(state)
    }
}

#[async_trait]
impl Store for FakeStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.up().map(drop)
    }
}

#[async_trait]
impl UserStore for FakeStore {
    async fn insert_user(
        &self,
        _: &NewUser,
        _: &Event,
        _: Option<&Intent>,
        _: Option<(&Intent, &Event)>,
    ) -> Result<InsertUser, StoreError> {
        unimplemented!()
    }

    async fn insert_first_administrator(
        &self,
        _: &NewUser,
        _: &Event,
    ) -> Result<FirstAdministrator, StoreError> {
        unimplemented!()
    }

    async fn credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        let state = self.up()?;
        Ok(state.users.iter().find(|u| u.user.email == *email).cloned())
    }

    async fn list_users(
        &self,
        _: &UserFilter,
        _: Option<UserId>,
        _: u32,
    ) -> Result<Vec<User>, StoreError> {
        unimplemented!()
    }

    async fn update_profile(
        &self,
        _: UserId,
        _: &ProfileChange,
        _: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        unimplemented!()
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let state = self.up()?;
        let found = state.users.iter().find(|found| found.user.id == id);
        Ok(found.map(|found| found.user.clone()))
    }

    async fn update_user(
        &self,
        _: UserId,
        _: &UserChange,
        _: &Author,
        _: Timestamp,
    ) -> Result<UpdateUser, StoreError> {
        unimplemented!()
    }

    async fn delete_user(
        &self,
        _: UserId,
        _: Option<i64>,
        _: &Event,
    ) -> Result<DeleteUser, StoreError> {
        unimplemented!()
    }
}

#[async_trait]
impl TokenStore for FakeStore {
    async fn open_session(
        &self,
        _: &NewSession,
        _: &Event,
        _: Option<&Intent>,
    ) -> Result<OpenSession, StoreError> {
        unimplemented!()
    }

    async fn session_user(
        &self,
        _: SessionId,
        _: UserId,
        _: Timestamp,
    ) -> Result<Option<SessionUser>, StoreError> {
        unimplemented!()
    }

    async fn session_to_rotate(
        &self,
        _: &RotateSession,
    ) -> Result<Option<SessionUser>, StoreError> {
        unimplemented!()
    }

    async fn rotate_session(
        &self,
        _: &RotateSession,
        _: &Event,
        _: Option<&Intent>,
    ) -> Result<Rotation, StoreError> {
        unimplemented!()
    }

    async fn end_session(
        &self,
        _: SessionId,
        _: EndReason,
        _: Timestamp,
        _: &Event,
    ) -> Result<Option<UserId>, StoreError> {
        unimplemented!()
    }

    async fn end_session_of(
        &self,
        _: UserId,
        _: SessionId,
        _: Timestamp,
        _: &Event,
    ) -> Result<bool, StoreError> {
        unimplemented!()
    }

    async fn sessions(&self, _: UserId, _: Timestamp) -> Result<Vec<Session>, StoreError> {
        unimplemented!()
    }

    async fn change_password(
        &self,
        _: &CheckedSession,
        _: &PasswordHash,
        _: Timestamp,
        _: &Event,
        _: Option<&Intent>,
    ) -> Result<Checked, StoreError> {
        unimplemented!()
    }

    async fn reauthenticate(
        &self,
        _: &CheckedSession,
        _: Timestamp,
        _: &Event,
    ) -> Result<Checked, StoreError> {
        unimplemented!()
    }

    async fn end_sessions(
        &self,
        _: UserId,
        _: EndReason,
        _: Timestamp,
        _: &Event,
    ) -> Result<bool, StoreError> {
        unimplemented!()
    }

    async fn issue_one_time(&self, token: &NewOneTimeToken) -> Result<IssueOneTime, StoreError> {
        let mut state = self.up()?;
        let repeated = state.live.filter(|(_, live)| token.digests.contains(live));
        if let Some((_, live)) = repeated {
            return Ok(IssueOneTime::Live(live));
        }
        if state.live.is_some_and(|(at, _)| at > token.created_at) {
            return Ok(IssueOneTime::Dead);
        }
        state.live = Some((token.created_at, token.digests[0]));
        Ok(IssueOneTime::Live(token.digests[0]))
    }

    async fn one_time_status(
        &self,
        _: &TokenDigest,
        _: Purpose,
        _: Timestamp,
    ) -> Result<OneTimeStatus, StoreError> {
        unimplemented!()
    }

    async fn one_time_user(
        &self,
        _: &TokenDigest,
        _: Purpose,
        _: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        unimplemented!()
    }

    async fn reset_password(
        &self,
        _: &ResetPassword,
        _: &Event,
        _: &Event,
        _: Option<&Intent>,
    ) -> Result<Option<Reset>, StoreError> {
        unimplemented!()
    }

    async fn unlock(
        &self,
        _: &TokenDigest,
        _: Option<LimitKey>,
        _: Timestamp,
        _: &Event,
    ) -> Result<Option<UserId>, StoreError> {
        unimplemented!()
    }
}

#[async_trait]
impl AddressStore for FakeStore {
    async fn verify_email(
        &self,
        _: &TokenDigest,
        _: Timestamp,
        _: &Event,
    ) -> Result<Option<UserId>, StoreError> {
        unimplemented!()
    }

    async fn request_email_change(
        &self,
        _: &CheckedSession,
        _: &NewOneTimeToken,
        _: &Event,
        _: &[Intent],
    ) -> Result<Checked, StoreError> {
        unimplemented!()
    }

    async fn confirm_email_change(
        &self,
        _: &TokenDigest,
        _: Timestamp,
        _: &Event,
        _: Option<&Intent>,
    ) -> Result<Option<UserId>, StoreError> {
        unimplemented!()
    }
}

#[async_trait]
impl IdentityStore for FakeStore {
    async fn begin_flow(&self, _: &NewFlow) -> Result<(), StoreError> {
        unimplemented!()
    }

    async fn take_flow(
        &self,
        _: &TokenDigest,
        _: &TokenDigest,
        _: Timestamp,
    ) -> Result<Option<Flow>, StoreError> {
        unimplemented!()
    }

    async fn candidates(&self, _: &Assertion) -> Result<Candidates, StoreError> {
        unimplemented!()
    }

    async fn sign_in(&self, _: &IdentitySignIn) -> Result<IdentitySignedIn, StoreError> {
        unimplemented!()
    }

    async fn offer_identity(&self, _: &NewCode, _: &Assertion) -> Result<(), StoreError> {
        unimplemented!()
    }

    async fn redeem_code(
        &self,
        _: &TokenDigest,
        _: &CodeChallenge,
        _: Timestamp,
    ) -> Result<Option<Redeemed>, StoreError> {
        unimplemented!()
    }

    async fn link_identity(
        &self,
        _: &LinkIdentity,
        _: Timestamp,
        _: &Event,
        _: Option<&Intent>,
    ) -> Result<Linked, StoreError> {
        unimplemented!()
    }

    async fn identities(&self, _: UserId) -> Result<Vec<Identity>, StoreError> {
        unimplemented!()
    }

    async fn unlink_identity(
        &self,
        _: UserId,
        _: IdentityId,
        _: &Event,
    ) -> Result<Unlinked, StoreError> {
        unimplemented!()
    }
}

#[async_trait]
impl EventStore for FakeStore {
    async fn record_event(&self, _: &Event) -> Result<(), StoreError> {
        unimplemented!()
    }

    async fn list_events(
        &self,
        _: &EventFilter,
        _: Option<EventId>,
        _: u32,
    ) -> Result<Vec<Event>, StoreError> {
        unimplemented!()
    }
}

/// There is always room.
#[async_trait]
impl Limiter for FakeStore {
    async fn charge(&self, _: &[Charge], _: Timestamp) -> Result<Charged, StoreError> {
        drop(self.up()?);
        Ok(Charged::Granted(None))
    }

    async fn refund(&self, _: LimitKey, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn clear(&self, _: LimitKey) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl LimitKeyStore for FakeStore {
    async fn agree_on_limit_key(
        &self,
        offered: &[SealedKey],
    ) -> Result<Vec<SealedKey>, StoreError> {
        drop(self.up()?);
        Ok(offered.to_vec())
    }
}

#[async_trait]
impl PurgeStore for FakeStore {
    async fn purge_sessions(
        &self,
        _: Timestamp,
        _: Option<SessionId>,
        _: u32,
    ) -> Result<PurgeBatch<SessionId>, StoreError> {
        unimplemented!()
    }

    async fn purge_one_time(
        &self,
        _: Timestamp,
        _: Option<TokenDigest>,
        _: u32,
    ) -> Result<PurgeBatch<TokenDigest>, StoreError> {
        unimplemented!()
    }

    async fn purge_events(
        &self,
        _: Timestamp,
        _: Option<EventId>,
        _: u32,
    ) -> Result<PurgeBatch<EventId>, StoreError> {
        unimplemented!()
    }

    async fn purge_limits(
        &self,
        _: Timestamp,
        _: Option<LimitKey>,
        _: u32,
    ) -> Result<PurgeBatch<LimitKey>, StoreError> {
        unimplemented!()
    }

    async fn purge_flows(
        &self,
        _: Timestamp,
        _: Option<TokenDigest>,
        _: u32,
    ) -> Result<PurgeBatch<TokenDigest>, StoreError> {
        unimplemented!()
    }
}
