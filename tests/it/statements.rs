//! How many statements a call costs on Postgres when it succeeds; BEGIN and COMMIT are not counted.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use hallpass::{
    clock::{Clock as _, SystemClock},
    event::{Author, ClientInfo, EventFilter},
    identity::{
        Assertion, CodeChallenge, Flow, FlowIntent, IdentityAdmission, IdentityId, IdentitySignIn,
        LinkIdentity, Linked, NewCode, NewFlow, Unlinked,
    },
    mail::{Intent, IntentId, LetterKind, Ordered, Recipient, RetryMail},
    seaorm::{ConnectSettings, SeaOrmStore},
    secret::{PasswordHash, TokenDigest},
    store::{
        AdministratorStore as _, DeadLetterStore as _, EventStore as _, FlowStore as _,
        IdentityStore as _, OneTimeTokenStore as _, OutboxStore as _, PasswordStore as _,
        PurgeStore as _, RotationStore as _, SessionStore as _, UserStore as _,
    },
    token::{
        Checked, CheckedSession, EndReason, IssueOneTime, Methods, NewOneTimeToken, NewSession,
        OneTimeStatus, OpenSession, PresentedCookie, Purpose, ResetPassword, RotateSession,
        Rotation, SessionId, SessionKind,
    },
    user::{
        DeleteUser, EmailAddress, InsertUser, NewUser, ProfileChange, Role, UpdateUser, UserChange,
        UserFilter, UserId,
    },
};
use sea_orm::DbBackend;

use crate::support::db::Database;

#[tokio::test]
async fn a_call_costs_one_statement_on_postgres_or_two() {
    let Some((_database, store, count)) = counted(DbBackend::Postgres).await else {
        return;
    };
    let now = SystemClock.now();
    let later = now + Duration::from_secs(3600);
    let hash = || {
        let text = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        PasswordHash::parse(text).unwrap()
    };
    let new_user = NewUser {
        id: UserId::new(now),
        email: "ada@example.org".parse().unwrap(),
        email_verified_at: None,
        password_hash: Some(hash()),
        roles: [Role::USER].into_iter().collect(),
        display_name: None,
        locale: None,
        created_at: now,
    };
    let user = new_user.id;
    let event = || crate::support::app::created(SystemClock.now());
    let notice = || {
        let (letter, client) = (LetterKind::PasswordChanged, ClientInfo::default());
        Intent::notice(letter, Recipient::UserOfFact, later, &client)
    };
    let mail = notice();
    let taken = Intent::new(
        LetterKind::AccountExists,
        Recipient::Holder(new_user.email.clone()),
        later,
        Duration::from_secs(60),
    );
    let (created, refused) = (event(), event());
    let taken = Some((&taken, &refused));
    let inserted = store.insert_user(&new_user, &created, Some(&mail), taken);
    assert!(matches!(inserted.await.unwrap(), InsertUser::Inserted(_)));
    count.expect(1, "insert_user");
    let inserted = store.insert_user(&new_user, &created, Some(&mail), taken);
    assert!(matches!(inserted.await.unwrap(), InsertUser::EmailTaken));
    count.expect(1, "insert_user with a taken address");
    store.credentials(&new_user.email).await.unwrap().unwrap();
    count.expect(1, "credentials");
    let users = store.list_users(&UserFilter::default(), None, 10).await;
    assert_eq!(users.unwrap().len(), 1);
    count.expect(1, "list_users");
    store.user(user).await.unwrap().unwrap();
    count.expect(1, "user");
    let author = Author::default();
    let mut change = UserChange::default();
    store
        .update_user(user, &change, None, &author, now)
        .await
        .unwrap();
    count.expect(1, "update_user without a change");
    change.email_verified = Some(true);
    let updated = store
        .update_user(user, &change, None, &author, now)
        .await
        .unwrap();
    assert!(matches!(updated, UpdateUser::Updated(..)));
    count.expect(2, "update_user");

    let session = NewSession {
        id: SessionId::new(now),
        user_id: user,
        credential_version: 0,
        factor_version: 0,
        kind: SessionKind::Tokens,
        digest: TokenDigest::of("0"),
        created_at: now,
        idle_expires_at: later,
        absolute_expires_at: later,
        client: ClientInfo::default(),
        methods: Methods::default(),
        authenticated_at: now,
        second_factor_at: None,
        second: None,
        verified_hash: Some(hash()),
        rehashed: Some(hash()),
        cleared_counter: None,
        sessions_at_most: std::num::NonZeroU32::MAX,
    };
    let opened = store.open_session(&session, &[event()], &[]).await.unwrap();
    assert!(matches!(opened, OpenSession::Opened(_)));
    count.expect(1, "open_session");
    let found = store.session_user(session.id, user, now).await;
    found.unwrap().unwrap();
    count.expect(1, "session_user");
    let rotation = RotateSession {
        id: session.id,
        generation: 0,
        presented: TokenDigest::of("0"),
        successors: vec![TokenDigest::of("1")],
        now,
        idle_expires_at: later,
        grace: Duration::from_secs(10),
    };
    let found = store.session_to_rotate(&rotation).await.unwrap();
    assert_eq!(found.unwrap().user.id, user);
    count.expect(1, "session_to_rotate");
    let rotated = store
        .rotate_session(&rotation, &event(), None)
        .await
        .unwrap();
    assert!(matches!(rotated, Rotation::Rotated(_)));
    count.expect(1, "rotate_session");
    let retried = store
        .rotate_session(&rotation, &event(), None)
        .await
        .unwrap();
    assert!(matches!(retried, Rotation::Superseded(..)));
    count.expect(2, "a retried rotate_session");
    let sessions = store.sessions(user, now).await.unwrap();
    assert_eq!(sessions.len(), 1);
    count.expect(1, "sessions");
    let checked = CheckedSession {
        id: session.id,
        user_id: user,
        credential_version: 0,
        verified_hash: Some(hash()),
    };
    let done = store.reauthenticate(&checked, None, now, &event()).await;
    assert_eq!(done.unwrap(), Checked::Done);
    count.expect(1, "reauthenticate");
    let done = store
        .change_password(&checked, None, &hash(), now, &event(), None)
        .await;
    assert_eq!(done.unwrap(), Checked::Done);
    count.expect(1, "change_password");
    let second = NewSession {
        id: SessionId::new(now),
        credential_version: 1,
        ..session.clone()
    };
    store.open_session(&second, &[event()], &[]).await.unwrap();
    count.forget();
    assert!(
        store
            .end_session_of(user, second.id, now, &event())
            .await
            .unwrap()
    );
    count.expect(1, "end_session_of");
    let change = ProfileChange::new().display_name("Ada");
    store.update_profile(user, &change, now).await.unwrap();
    count.expect(1, "update_profile");
    assert!(
        store
            .end_session(session.id, EndReason::Logout, now, &event())
            .await
            .unwrap()
            .is_some()
    );
    count.expect(1, "end_session");
    assert!(
        store
            .end_sessions(user, EndReason::LogoutAll, now, &event())
            .await
            .unwrap()
    );
    count.expect(1, "end_sessions");

    let digest = TokenDigest::of("reset");
    let token = NewOneTimeToken {
        digests: vec![digest],
        purpose: Purpose::ResetPassword,
        user_id: user,
        address: new_user.email.clone(),
        credential_version: 2,
        intent: IntentId::new(now),
        letter: LetterKind::ResetPassword,
        created_at: now,
        expires_at: later,
    };
    let issued = store.issue_one_time(&token).await.unwrap();
    assert_eq!(issued, IssueOneTime::Live(digest));
    count.expect(1, "issue_one_time");
    let found = store
        .one_time_user(&digest, Purpose::ResetPassword, now)
        .await;
    found.unwrap().unwrap();
    count.expect(1, "one_time_user");
    let status = store.one_time_status(&digest, Purpose::ResetPassword, now);
    let expected = OneTimeStatus::Live(new_user.email.clone());
    assert_eq!(status.await.unwrap(), expected);
    count.expect(1, "one_time_status");
    let reset = ResetPassword {
        cleared_counter: None,
        digest,
        password_hash: hash(),
        now,
    };
    let (done, taken_over, mail) = (event(), event(), notice());
    let done = store.reset_password(&reset, &done, &taken_over, Some(&mail));
    assert_eq!(done.await.unwrap().unwrap().user.id, user);
    count.expect(1, "reset_password");
    let (done, mail, new) = (event(), notice(), hash());
    let set = store.set_password(user, &new, None, now, &done, Some(&mail));
    assert_eq!(set.await.unwrap().unwrap().id, user);
    count.expect(1, "set_password");

    let recipient = Recipient::Holder(new_user.email.clone());
    let lifetime = Duration::from_secs(3600);
    let intent = Intent::new(LetterKind::ResetPassword, recipient, now, lifetime);
    let intents = [intent.clone(), notice()];
    store.enqueue(&intents, Some(&event())).await.unwrap();
    count.expect(1, "enqueue");
    // The notices are dated an hour ahead, because the clock was set back.
    assert_eq!(store.claim(now, later, 10).await.unwrap().len(), 6);
    count.expect(1, "claim");
    let ordered = Ordered {
        user_id: user,
        address: new_user.email.clone(),
        credential_version: 3,
    };
    assert!(store.keep_order(intent.id, 1, &ordered).await.unwrap());
    count.expect(1, "keep_order");
    store
        .postpone(intent.id, 1, now, later, "refused")
        .await
        .unwrap();
    count.expect(1, "postpone");
    assert_eq!(store.bring_forward(now, now, now, 1).await.unwrap(), 1);
    count.expect(1, "bring_forward");
    store.complete(intent.id, 1).await.unwrap();
    count.expect(1, "complete");
    let retried = event();
    let gone = store.retry_mail(intent.id, IntentId::new(now), now, &retried);
    assert_eq!(gone.await.unwrap(), RetryMail::NotFound);
    count.expect(1, "retry_mail of an unknown mail");
    let deleted = store.delete_user(user, None, &event()).await.unwrap();
    assert!(matches!(deleted, DeleteUser::Deleted(_)));
    count.expect(2, "delete_user");

    store.record_event(&event()).await.unwrap();
    count.expect(1, "record_event");
    let filter = EventFilter {
        user_id: Some(user),
        kind: Some(event().kind),
    };
    let events = store.list_events(&filter, None, 10).await.unwrap();
    assert!(!events.is_empty());
    count.expect(1, "list_events");
    store.purge_sessions(now, None, 10).await.unwrap();
    count.expect(1, "purge_sessions");
    store.purge_one_time(now, None, 10).await.unwrap();
    count.expect(1, "purge_one_time");
    store.purge_events(later, None, 10).await.unwrap();
    count.expect(2, "purge_events, one of them for its time");
    store.migrate().await.unwrap();
    count.expect(2, "migrate with nothing pending");
}

#[tokio::test]
async fn signing_in_with_a_provider_costs_few_statements_on_postgres() {
    let Some((_database, store, count)) = counted(DbBackend::Postgres).await else {
        return;
    };
    let now = SystemClock.now();
    let later = now + Duration::from_secs(60);
    let flow = |state: &str, intent| Flow {
        state: TokenDigest::of(state),
        provider: "example".to_owned(),
        intent,
        redirect_to: "https://app.example.org/".to_owned(),
        app_state: None,
        challenge: CodeChallenge::of("verifier"),
    };
    let begin = async |state: &str, intent| {
        let new = NewFlow {
            flow: flow(state, intent),
            binding: TokenDigest::of("browser"),
            created_at: now,
            expires_at: later,
        };
        store.begin_flow(&new).await.unwrap();
        count.expect(1, "begin_flow");
        let taken = store.take_flow(&new.flow.state, &new.binding, now).await;
        taken.unwrap().unwrap();
        count.expect(1, "take_flow");
        NewCode {
            flow: new.flow.state,
            digest: TokenDigest::of(state),
            expires_at: later,
        }
    };
    let email: EmailAddress = "ada@example.org".parse().unwrap();
    let said = |subject: &str| Assertion {
        provider: "example".to_owned(),
        issuer: "https://id.example.org".to_owned(),
        subject: subject.to_owned(),
        email: Some(email.clone()),
        email_verified: true,
        trusted: true,
        display_name: None,
    };
    let new_user = NewUser {
        id: UserId::new(now),
        email: email.clone(),
        email_verified_at: Some(now),
        password_hash: None,
        roles: [Role::USER].into_iter().collect(),
        display_name: None,
        locale: None,
        created_at: now,
    };
    for (subject, wanted) in [("first", 5), ("first", 3), ("second", 4)] {
        let code = begin(&format!("{subject} {wanted}"), FlowIntent::SignIn).await;
        let arrival = IdentitySignIn {
            assertion: said(subject),
            identity: IdentityId::new(now),
            new_user: Some(new_user.clone()),
            code,
            author: Author::default(),
            now,
            joined: None,
            verification: None,
        };
        let arrived = store.sign_in(&arrival).await.unwrap();
        assert!(
            matches!(arrived, IdentityAdmission::Admitted(..)),
            "{arrived:?}"
        );
        count.expect(wanted, "arrive");
        let challenge = CodeChallenge::of("verifier");
        let redeemed = store.redeem_code(&code.digest, &challenge, now).await;
        redeemed.unwrap().unwrap();
        count.expect(1, "redeem_code");
    }
    let (user, event) = (new_user.id, crate::support::app::created(now));
    let session = NewSession {
        id: SessionId::new(now),
        user_id: user,
        credential_version: 0,
        factor_version: 0,
        kind: SessionKind::Tokens,
        digest: TokenDigest::of("0"),
        created_at: now,
        idle_expires_at: later,
        absolute_expires_at: later,
        client: ClientInfo::default(),
        methods: Methods::default(),
        authenticated_at: now,
        second_factor_at: None,
        second: None,
        verified_hash: None,
        rehashed: None,
        cleared_counter: None,
        sessions_at_most: std::num::NonZeroU32::MAX,
    };
    let cookie = PresentedCookie {
        session_id: SessionId::new(now),
        user_id: user,
        digest: TokenDigest::of("cookie"),
    };
    let browser = NewSession {
        id: cookie.session_id,
        kind: SessionKind::browser(false),
        digest: cookie.digest,
        ..session.clone()
    };
    let signed_in = [crate::support::app::created(now)];
    let opened = store.open_session(&browser, &signed_in, &[]).await;
    opened.unwrap();
    store.open_session(&session, &[event], &[]).await.unwrap();
    count.forget();
    let new = NewFlow {
        flow: flow("issued", FlowIntent::SignIn),
        binding: TokenDigest::of("browser"),
        created_at: now,
        expires_at: later,
    };
    let code = NewCode {
        flow: new.flow.state,
        digest: TokenDigest::of("issued"),
        expires_at: later,
    };
    assert!(store.issue_code(&cookie, &new, &code).await.unwrap());
    count.expect(1, "issue_code");
    let code = begin("link", FlowIntent::Link).await;
    store.offer_identity(&code, &said("third")).await.unwrap();
    count.expect(1, "offer_identity");
    let link = LinkIdentity {
        id: IdentityId::new(now),
        code: code.digest,
        challenge: CodeChallenge::of("verifier"),
        session_id: session.id,
        user_id: user,
    };
    let event = crate::support::app::created(now);
    let linked = store.link_identity(&link, now, &event, None).await.unwrap();
    assert!(matches!(linked, Linked::Linked(_)), "{linked:?}");
    count.expect(4, "link_identity");
    let identities = store.identities(user).await.unwrap();
    assert_eq!(identities.len(), 3);
    count.expect(1, "identities");
    let event = crate::support::app::created(now);
    let unlinked = store.unlink_identity(user, link.id, &event).await;
    assert_eq!(unlinked.unwrap(), Unlinked::Unlinked);
    count.expect(4, "unlink_identity");
    store.purge_flows(now, None, 10).await.unwrap();
    count.expect(1, "purge_flows");
}

/// The statements since the last call.
pub(crate) struct Count(Arc<Mutex<Vec<String>>>);

impl Count {
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap().clear();
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    pub(crate) fn expect(&self, wanted: usize, call: &str) {
        let statements = self.take();
        assert_eq!(statements.len(), wanted, "{call}: {statements:#?}");
    }
}

/// A store on a database of this kind, if available, with counted statements.
pub(crate) async fn counted(backend: DbBackend) -> Option<(Database, SeaOrmStore, Count)> {
    for database in Database::migrated().await {
        let options = ConnectSettings::new(database.url()).to_options().unwrap();
        let mut db = sea_orm::Database::connect(options).await.unwrap();
        if sea_orm::ConnectionTrait::get_database_backend(&db) != backend {
            continue;
        }
        let statements = Arc::new(Mutex::new(Vec::new()));
        let [migrated, seen] = [&statements; 2].map(Arc::clone);
        db.set_metric_callback(move |info| {
            migrated.lock().unwrap().push(info.statement.sql.clone());
        });
        let store = SeaOrmStore::new(db).unwrap();
        let store = store.watch(move |statement| seen.lock().unwrap().push(statement.sql.clone()));
        return Some((database, store, Count(statements)));
    }
    None
}
