//! Accounts that change during a credential check.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use hallpass::{
    AuthBuilder, User,
    clock::{Clock as _, SystemClock, Timestamp},
    credential::Hasher,
    error::StoreError,
    event::{ClientInfo, Event, EventKind},
    hook::{HookError, Hooks},
    limit::{Charge, Charged, LimitKey, Lockout},
    secret::TokenDigest,
    store::{Limiter, Store},
    token::{EndReason, Methods, NewSession, OpenSession, SessionId, SessionKind},
    user::EmailAddress,
};
use serde_json::json;

use crate::support::{
    app::{App, apps, cheap, created},
    http::PASSWORD,
};

const ANN: &str = "ann@example.org";

/// Raises the version of an account during this many of the next sign-ins.
#[derive(Debug)]
struct Raising {
    store: Arc<dyn Store>,
    left: Arc<AtomicUsize>,
}

#[async_trait]
impl Hooks for Raising {
    async fn before_sign_in(&self, user: &User, _: &ClientInfo) -> Result<(), HookError> {
        let one_less = |left: usize| left.checked_sub(1);
        let order = Ordering::SeqCst;
        if self.left.fetch_update(order, order, one_less).is_ok() {
            let now = user.created_at;
            let event = Event::new(EventKind::LoggedOutEverywhere, now, &ClientInfo::default());
            let (id, reason) = (user.id, EndReason::LogoutAll);
            let ended = self.store.end_sessions(id, reason, now, &event).await;
            assert!(ended.expect("the store works"));
        }
        Ok(())
    }
}

/// A service that locks at the first wrong password, and changes the account during this many sign-ins.
async fn raising(app: &App) -> (App, Arc<AtomicUsize>) {
    let left = Arc::new(AtomicUsize::new(0));
    let (store, shared) = (app.store(), Arc::clone(&left));
    let raising = app.another(move |builder: AuthBuilder| {
        let wait = Duration::from_secs(900);
        let lockout = Lockout {
            free_attempts: 1,
            base_delay: wait,
            max_delay: wait,
            ..Lockout::default()
        };
        let (store, left) = (Arc::clone(&store), Arc::clone(&shared));
        builder.lockout(lockout).hooks(Raising { store, left })
    });
    (raising.await, left)
}

#[tokio::test]
async fn a_right_password_signs_in_despite_two_account_changes() {
    for app in apps().await {
        app.register(ANN).await;
        let (app, left) = raising(&app).await;
        left.store(2, Ordering::SeqCst);
        let tokens = app.login(ANN).await;
        app.me(&tokens.access).await.expect(200);
        assert_eq!(left.load(Ordering::SeqCst), 0);
        assert_eq!(app.count_events(EventKind::SignInFailed).await, 0);
    }
}

#[tokio::test]
async fn a_right_password_overtaken_each_time_is_not_a_failure() {
    for app in apps().await {
        app.register(ANN).await;
        let (app, left) = raising(&app).await;
        left.store(usize::MAX, Ordering::SeqCst);
        let reply = app.try_login(ANN, PASSWORD).await;
        assert!(reply.header("retry-after").is_some());
        reply.problem(503, "unavailable");
        assert_eq!(usize::MAX - left.load(Ordering::SeqCst), 3, "checks");
        assert_eq!(app.count_events(EventKind::SignInFailed).await, 0);
        // One failed attempt would lock the account.
        left.store(0, Ordering::SeqCst);
        app.login(ANN).await;
        app.try_login(ANN, "a wrong password").await.expect(401);
        app.try_login(ANN, PASSWORD)
            .await
            .problem(429, "too_many_attempts");
    }
}

/// An instance with other hash parameters, which rehashes the password after each check.
#[derive(Debug)]
struct Rehashing {
    store: Arc<dyn Store>,
    hasher: Hasher,
}

#[async_trait]
impl Limiter for Rehashing {
    async fn charge(&self, _: &[Charge], _: Timestamp) -> Result<Charged, StoreError> {
        Ok(Charged::Granted(None))
    }

    async fn refund(&self, _: LimitKey, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn clear(&self, _: LimitKey) -> Result<(), StoreError> {
        let email: EmailAddress = ANN.parse().expect("an address");
        let found = self.store.credentials(&email).await?;
        let found = found.expect("the account is there");
        let hash = self.hasher.hash(&PASSWORD.into()).await;
        let now = SystemClock.now();
        let session = NewSession {
            id: SessionId::new(now),
            user_id: found.user.id,
            credential_version: found.credential_version,
            factor_version: 0,
            kind: SessionKind::Tokens,
            digest: TokenDigest::of(&now.to_string()),
            created_at: now,
            idle_expires_at: now,
            absolute_expires_at: now,
            client: ClientInfo::default(),
            methods: Methods::default(),
            authenticated_at: now,
            second_factor_at: None,
            second: None,
            verified_hash: found.password_hash,
            rehashed: Some(hash.expect("the hasher works")),
            cleared_counter: None,
            sessions_at_most: std::num::NonZeroU32::MAX,
        };
        let event = created(now);
        let opened = self.store.open_session(&session, &[event], &[]).await?;
        assert!(matches!(opened, OpenSession::Opened(_)));
        Ok(())
    }
}

#[tokio::test]
async fn a_live_session_survives_a_rehash_at_each_check() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        let store = app.store();
        let rehashing = app.another(move |builder| {
            let (store, hasher) = (Arc::clone(&store), Hasher::builder(cheap()));
            let hasher = hasher.build().expect("a hasher");
            builder
                .lockout(Lockout::default())
                .limiter(Rehashing { store, hasher })
        });
        let app = rehashing.await;
        let new = "another long password";
        for (line, body) in [
            ("POST /auth/reauthenticate", json!({"password": PASSWORD})),
            (
                "POST /users/me/password",
                json!({"current_password": PASSWORD, "new_password": new}),
            ),
            (
                "POST /users/me/email",
                json!({"current_password": PASSWORD, "new_email": "new@example.org"}),
            ),
        ] {
            let reply = app.send(line, &tokens.access, body).await;
            assert!(reply.header("retry-after").is_some(), "{line}");
            reply.problem(503, "unavailable");
            app.me(&tokens.access).await.expect(200);
        }
    }
}
