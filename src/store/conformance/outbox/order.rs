//! Emails that are written in the transaction of the change that causes them.

use std::time::Duration;

use crate::{
    clock::Timestamp,
    event::{ClientInfo, EventFilter, EventId, EventKind},
    identity::{Assertion, IdentityAdmission, Linked},
    mail::{Intent, LetterKind, Recipient},
    store::conformance::{
        Subject,
        fixture::{
            MICROSECOND, address, digest, event, fresh_session, fresh_user, hash, insert, log_out,
            new_token, new_user, reset, rotated, rotation, try_reset, unique,
        },
        flow::{arrival, assertion, sign_in},
        identity::link::offer,
        one_time_token::issued,
        outbox::{LEASE, claim, claim_one, complete, long_ago},
    },
    token::{Checked, CheckedSession, Purpose, Rotation},
    user::{InsertUser, UserId},
};

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    a_registration_orders_one_mail_for_free_and_taken_addresses(store).await;
    a_reset_orders_its_notice(store).await;
    a_password_change_orders_its_notice(store).await;
    a_theft_orders_its_notice(store).await;
    a_link_orders_its_notice(store).await;
    joined_account_receives_a_notice(store).await;
    an_unproven_account_gets_a_verification_link(store).await;
    several_mails_are_ordered_in_one_call(store).await;
}

/// A new user gets an email. If the address is taken, its user gets a different email, and an event
/// is recorded.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_registration_orders_one_mail_for_free_and_taken_addresses(store: &Subject) {
    let email = format!("{}@example.org", unique());
    let user = new_user(&email);
    let taken = |at| {
        let recipient = Recipient::Holder(address(&email));
        Intent::new(LetterKind::AccountExists, recipient, at, LEASE)
    };
    let first = long_ago();
    let created = event(EventKind::AccountCreated);
    let refused = event(EventKind::RegistrationRefused);
    let (mail, if_taken) = (notice(first), taken(first));
    let inserted = store.insert_user(&user, &created, Some(&mail), Some((&if_taken, &refused)));
    let inserted = inserted.await.expect("insert_user");
    assert!(matches!(inserted, InsertUser::Inserted(_)));
    assert_only(store, first, LetterKind::PasswordChanged, user.id).await;
    assert!(!refusals(store).await.contains(&refused.id));

    let second = long_ago();
    let again = new_user(&email);
    let created = event(EventKind::AccountCreated);
    let refused = event(EventKind::RegistrationRefused);
    let (mail, if_taken) = (notice(second), taken(second));
    let inserted = store.insert_user(&again, &created, Some(&mail), Some((&if_taken, &refused)));
    let inserted = inserted.await.expect("insert_user");
    assert!(matches!(inserted, InsertUser::EmailTaken));
    let claimed = claim_one(store, second).await;
    assert_eq!(claimed.intent.letter, LetterKind::AccountExists);
    assert_eq!(claimed.intent.recipient, Recipient::Holder(address(&email)));
    complete(store, &claimed).await;
    assert!(refusals(store).await.contains(&refused.id));
}

async fn refusals(store: &Subject) -> Vec<EventId> {
    let filter = EventFilter {
        user_id: None,
        kind: Some(EventKind::RegistrationRefused),
    };
    let events = store.list_events(&filter, None, 100).await;
    let events = events.expect("list_events");
    events.iter().map(|event| event.id).collect()
}

/// A successful reset queues a notice for the user.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_reset_orders_its_notice(store: &Subject) {
    let user = fresh_user(store).await;
    let token = new_token(&user, Purpose::ResetPassword);
    let live = issued(store, &token).await;
    for (presented, works) in [(digest(), false), (live, true), (live, false)] {
        let at = long_ago();
        let reset = reset(presented, "new", token.created_at);
        let done = try_reset(store, &reset, Some(&notice(at))).await;
        assert_eq!(done.is_some(), works);
        if works {
            assert_only(store, at, LetterKind::PasswordChanged, user.id).await;
        } else {
            assert!(
                claim(store, at, 10).await.is_empty(),
                "an email without its cause"
            );
        }
    }
}

/// A successful password change queues a notice.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_password_change_orders_its_notice(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let checked = CheckedSession {
        id: session.id,
        user_id: user.id,
        credential_version: 0,
        verified_hash: Some(hash("first")),
    };
    for works in [true, false] {
        let (at, new) = (long_ago(), hash("second"));
        let (changed, mail) = (event(EventKind::PasswordChanged), notice(at));
        let done = store.change_password(
            &checked,
            None,
            &new,
            session.created_at,
            &changed,
            Some(&mail),
        );
        let done = done.await.expect("change_password");
        assert_eq!(done == Checked::Done, works);
        if works {
            assert_only(store, at, LetterKind::PasswordChanged, user.id).await;
        } else {
            assert!(
                claim(store, at, 10).await.is_empty(),
                "an email without its cause"
            );
        }
    }
}

/// When a token theft is detected, the session's user gets one notice.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_theft_orders_its_notice(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let (second, third) = (digest(), digest());
    rotated(store, &rotation(&session, 0, session.digest, second)).await;
    rotated(store, &rotation(&session, 1, second, third)).await;
    let stolen = rotation(&session, 0, session.digest, second);
    for works in [true, false] {
        let at = long_ago();
        let reused = event(EventKind::RefreshTokenReused);
        let mail = notice(at);
        let outcome = store.rotate_session(&stolen, &reused, Some(&mail));
        let outcome = outcome.await.expect("rotate_session");
        assert_eq!(
            matches!(outcome, Rotation::Reused(..)),
            works,
            "{outcome:?}"
        );
        if works {
            assert_only(store, at, LetterKind::PasswordChanged, user.id).await;
        } else {
            assert!(
                claim(store, at, 10).await.is_empty(),
                "an email without its cause"
            );
        }
    }
    assert!(!log_out(store, &session).await, "the session was ended");
}

/// The user gets a notice only if the identity was not linked before.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_link_orders_its_notice(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let said = assertion(&user.email);
    for works in [true, false] {
        let at = long_ago();
        let (link, code) = offer(store, &session, &said).await;
        let (linked, mail) = (event(EventKind::IdentityLinked), notice(at));
        let now = code.expires_at - MICROSECOND;
        let outcome = store.link_identity(&link, now, &linked, Some(&mail)).await;
        let is_new = matches!(outcome.expect("link_identity"), Linked::Linked(_));
        assert_eq!(is_new, works);
        if works {
            assert_only(store, at, LetterKind::PasswordChanged, user.id).await;
        } else {
            assert!(
                claim(store, at, 10).await.is_empty(),
                "an email without its cause"
            );
        }
    }
}

/// A provider sign-in queues a notice only if it links an identity to an existing account.
///
/// # Panics
/// If the store breaks the contract.
pub async fn joined_account_receives_a_notice(store: &Subject) {
    let mut user = new_user(&format!("{}@example.org", unique()));
    user.email_verified_at = Some(user.created_at);
    let user = insert(store, &user).await;
    let joining = assertion(&user.email);
    let new = assertion(&address(&format!("{}@example.org", unique())));
    for (said, works) in [(&joining, true), (&joining, false), (&new, false)] {
        let at = long_ago();
        let (mut arrival, _) = arrival(store, said).await;
        arrival.joined = Some(notice(at));
        let arrived = sign_in(store, &arrival).await;
        assert!(
            matches!(arrived, IdentityAdmission::Admitted(..)),
            "{arrived:?}"
        );
        if works {
            assert_only(store, at, LetterKind::PasswordChanged, user.id).await;
        } else {
            assert!(
                claim(store, at, 10).await.is_empty(),
                "an email without its cause"
            );
        }
    }
}

/// A verification link is queued for a new account with an unproven address. No link is queued if the account is
/// proven, already exists or is taken over.
///
/// # Panics
/// If the store breaks the contract.
pub async fn an_unproven_account_gets_a_verification_link(store: &Subject) {
    let fresh = || assertion(&address(&format!("{}@example.org", unique())));
    let (proven, mut doubtful) = (fresh(), fresh());
    doubtful.trusted = false;
    let owner = Assertion {
        trusted: true,
        subject: unique(),
        ..doubtful.clone()
    };
    for (said, works) in [
        (&proven, false),
        (&doubtful, true),
        (&doubtful, false),
        (&owner, false),
    ] {
        let at = long_ago();
        let (mut arrival, _) = arrival(store, said).await;
        let link = Intent::new(LetterKind::VerifyEmail, Recipient::UserOfFact, at, LEASE);
        arrival.verification = Some(link);
        let IdentityAdmission::Admitted(user, _) = sign_in(store, &arrival).await else {
            panic!("a provider sign-in was not admitted");
        };
        if works {
            assert_only(store, at, LetterKind::VerifyEmail, user.id).await;
        } else {
            assert!(claim(store, at, 10).await.is_empty(), "an unneeded link");
        }
    }
}

/// One call queues several intents, and its event is about the first intent's user.
///
/// # Panics
/// If the store breaks the contract.
pub async fn several_mails_are_ordered_in_one_call(store: &Subject) {
    let user = insert(store, &new_user(&format!("{}@example.org", unique()))).await;
    let at = long_ago();
    let to_new = Recipient::NewAddress(user.id, address("new@example.org"));
    let orders = [
        Intent::new(LetterKind::ConfirmEmailChange, to_new, at, LEASE),
        Intent::new(
            LetterKind::EmailChangeRequested,
            Recipient::User(user.id),
            at + Duration::from_secs(1),
            LEASE,
        ),
    ];
    let asked = event(EventKind::EmailChanged);
    let ordered = store.enqueue(&orders, Some(&asked)).await;
    ordered.expect("enqueue");
    let claimed = claim(store, at + Duration::from_secs(1), 10).await;
    let intents: Vec<_> = claimed
        .iter()
        .map(|claimed| claimed.intent.clone())
        .collect();
    assert_eq!(intents, orders);
    for claimed in &claimed {
        complete(store, claimed).await;
    }
    let filter = EventFilter {
        user_id: Some(user.id),
        kind: Some(EventKind::EmailChanged),
    };
    let events = store.list_events(&filter, None, 10).await;
    let ids: Vec<_> = events.expect("list_events").iter().map(|e| e.id).collect();
    assert_eq!(ids, [asked.id]);

    store.enqueue(&[], None).await.expect("enqueue");
}

fn notice(at: Timestamp) -> Intent {
    let (recipient, client) = (Recipient::UserOfFact, ClientInfo::default());
    Intent::notice(LetterKind::PasswordChanged, recipient, at, &client)
}

async fn assert_only(store: &Subject, at: Timestamp, letter: LetterKind, user: UserId) {
    let claimed = claim_one(store, at).await;
    assert_eq!(claimed.intent.letter, letter);
    assert_eq!(claimed.intent.recipient, Recipient::User(user));
    complete(store, &claimed).await;
}
