//! The account that an email was requested for, which is stored with the email and compared when its link is issued.

use std::{sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    event::{ClientInfo, EventKind},
    mail::{Intent, IntentId, LetterKind, Ordered, Recipient},
    store::conformance::{
        Subject,
        address::{change_to, confirm, first, mailed, request},
        fixture::{
            MICROSECOND, address, by_id, digest, event, fresh_address, fresh_session, fresh_user,
            new_token, new_user, now, race, reset, set_status, try_reset, unique,
        },
        one_time_token::{issue, issued},
        outbox::{LEASE, claim, claim_one, complete, long_ago},
    },
    token::{Checked, EndReason, IssueOneTime, NewOneTimeToken, Purpose},
    user::{InsertUser, UserStatus},
};

const SECOND: Duration = Duration::from_secs(1);
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    a_mail_is_ordered_for_the_current_account(store).await;
    a_notice_of_a_new_address_is_ordered_for_the_old_one(store).await;
    a_token_is_kept_for_the_account_it_was_ordered_for(store).await;
    a_token_of_another_key_is_elsewhere(store).await;
    a_pending_request_can_be_mailed_again(store).await;
    a_voided_request_stays_void(store).await;
    a_request_is_kept_as_long_as_its_letter(store).await;
    a_link_to_a_former_address_is_void(store).await;
}

/// The email of a registration is queued for the new user, and other emails are queued for the existing user. An email
/// that is queued for an address has no user yet.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_mail_is_ordered_for_the_current_account(store: &Subject) {
    let (user, at) = (new_user(&format!("{}@example.org", unique())), long_ago());
    let verify = Intent::new(LetterKind::VerifyEmail, Recipient::UserOfFact, at, LEASE);
    let created = event(EventKind::AccountCreated);
    let inserted = store.insert_user(&user, &created, Some(&verify), None);
    let inserted = inserted.await.expect("insert_user");
    assert!(matches!(inserted, InsertUser::Inserted(_)));
    let ordered = |version| {
        Some(Ordered {
            user_id: user.id,
            address: user.email.clone(),
            credential_version: version,
        })
    };
    let claimed = claim_one(store, at).await;
    assert_eq!(claimed.ordered, ordered(0));
    complete(store, &claimed).await;

    set_status(store, user.id, UserStatus::Disabled).await;
    for (recipient, expected) in [
        (Recipient::User(user.id), ordered(1)),
        (Recipient::NewAddress(user.id, fresh_address()), ordered(1)),
        (Recipient::Holder(user.email.clone()), None),
    ] {
        let at = long_ago();
        let intent = Intent::new(LetterKind::AccountLocked, recipient, at, LEASE);
        store.enqueue(&[intent], None).await.expect("enqueue");
        let claimed = claim_one(store, at).await;
        assert_eq!(claimed.ordered, expected, "{:?}", claimed.intent);
        complete(store, &claimed).await;
    }
}

/// The request for a new address and the change itself each queue a notice, but not if they are
/// refused.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_notice_of_a_new_address_is_ordered_for_the_old_one(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let token = change_to(&user, &fresh_address());
    let at = long_ago();
    let notice = |letter| {
        let (recipient, client) = (Recipient::User(user.id), ClientInfo::default());
        Intent::notice(letter, recipient, at, &client)
    };
    let asked = event(EventKind::EmailChangeRequested);
    let mails = [notice(LetterKind::EmailChangeRequested)];
    let checked = crate::store::conformance::address::checked(&session);
    let requested = store.request_email_change(&checked, &token, &asked, &mails);
    assert_eq!(requested.await.expect("a request"), Checked::Done);
    let mut mail = notice(LetterKind::EmailChanged);
    mail.recipient = Recipient::UserOfFact;
    for (presented, is_good) in [(digest(), false), (first(&token), true)] {
        let changed = event(EventKind::EmailChanged);
        let confirmed_at = token.created_at;
        let done = store.confirm_email_change(&presented, confirmed_at, &changed, Some(&mail));
        assert_eq!(done.await.expect("a change").is_some(), is_good);
    }
    let both = claim(store, at, 10).await;
    assert_eq!(both.len(), 2);
    for claimed in both {
        let ordered = claimed.ordered.clone().expect("it is known");
        assert_eq!(ordered.address.as_str(), user.email.as_str());
        assert_eq!(ordered.user_id, user.id);
        assert_eq!(claimed.intent.recipient, Recipient::User(user.id));
        complete(store, &claimed).await;
    }
}

/// A token is refused after a change to the address and, except for verification, after a change to the credentials.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_token_is_kept_for_the_account_it_was_ordered_for(store: &Subject) {
    for purpose in [
        Purpose::ResetPassword,
        Purpose::Unlock,
        Purpose::VerifyEmail,
    ] {
        let user = fresh_user(store).await;
        let token = new_token(&user, purpose);
        let mut elsewhere = token.clone();
        elsewhere.address = fresh_address();
        assert_eq!(issue(store, &elsewhere).await, IssueOneTime::Dead);
        elsewhere.address = address(&user.email.as_str().to_uppercase());
        assert_eq!(issue(store, &elsewhere).await, IssueOneTime::Dead);

        let ended = event(EventKind::LoggedOutEverywhere);
        let ended = store.end_sessions(user.id, EndReason::LogoutAll, now(), &ended);
        assert!(ended.await.expect("end_sessions"));
        let is_proof = purpose == Purpose::VerifyEmail;
        let expected = match first(&token) {
            live if is_proof => IssueOneTime::Live(live),
            _ => IssueOneTime::Dead,
        };
        assert_eq!(issue(store, &token).await, expected, "{purpose:?}");
        let mut later = new_token(&user, purpose);
        later.created_at = token.created_at + SECOND;
        later.credential_version = 1;
        issued(store, &later).await;
    }
}

/// A link issued by another instance with another secret is not reported as void.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_token_of_another_key_is_elsewhere(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let reset = new_token(&user, Purpose::ResetPassword);
    issued(store, &reset).await;
    let change = change_to(&user, &fresh_address());
    assert_eq!(request(store, &session, &change).await, Checked::Done);
    for token in [reset, change] {
        let mut other_key = token.clone();
        other_key.digests = vec![digest()];
        assert_eq!(issue(store, &other_key).await, IssueOneTime::Elsewhere);
        let mut older = other_key.clone();
        older.intent = IntentId::new(token.created_at);
        assert_eq!(issue(store, &older).await, IssueOneTime::Dead);
        other_key.digests.push(first(&token));
        assert_eq!(
            issue(store, &other_key).await,
            IssueOneTime::Live(first(&token))
        );
    }
}

/// The new link replaces the old one and has its full lifetime.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_pending_request_can_be_mailed_again(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let asked = change_to(&user, &fresh_address());
    assert_eq!(
        issue(store, &asked).await,
        IssueOneTime::Dead,
        "no request was made"
    );
    assert_eq!(request(store, &session, &asked).await, Checked::Done);
    let again = retried(&asked);
    issued(store, &again).await;
    let at = again.created_at;
    assert_eq!(
        confirm(store, first(&asked), at).await,
        None,
        "the old link"
    );
    let done = confirm(store, first(&again), again.expires_at - MICROSECOND).await;
    assert_eq!(done, Some(user.id));
    let found = by_id(store, user.id).await.expect("the user is there");
    assert_eq!(found.email.as_str(), asked.address.as_str());
    assert_eq!(issue(store, &retried(&again)).await, IssueOneTime::Dead);
}

/// A reset, a logout everywhere or a newer request voids the link, and the link stays void after a purge.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_voided_request_stays_void(store: &Subject) {
    for voided_by in 0..3 {
        let (user, session) = fresh_session(store).await;
        let asked = change_to(&user, &fresh_address());
        assert_eq!(request(store, &session, &asked).await, Checked::Done);
        match voided_by {
            0 => {
                let live = issued(store, &new_token(&user, Purpose::ResetPassword)).await;
                let reset = reset(live, "new", now());
                assert!(try_reset(store, &reset, None).await.is_some());
            }
            1 => {
                let ended = event(EventKind::LoggedOutEverywhere);
                let ended = store.end_sessions(user.id, EndReason::LogoutAll, now(), &ended);
                assert!(ended.await.expect("end_sessions"));
            }
            _ => {
                let mut newer = change_to(&user, &fresh_address());
                newer.created_at = asked.created_at + SECOND;
                assert_eq!(request(store, &session, &newer).await, Checked::Done);
            }
        }
        let again = retried(&asked);
        assert_eq!(issue(store, &again).await, IssueOneTime::Dead);
        purge(store, asked.expires_at + YEAR).await;
        assert_eq!(issue(store, &again).await, IssueOneTime::Dead);
        let done = confirm(store, first(&again), again.created_at).await;
        assert_eq!(done, None, "voided by {voided_by}");
    }
}

/// The purge keeps the record of the newest request while one of its emails can be retried.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_request_is_kept_as_long_as_its_letter(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let (asked, at) = (change_to(&user, &fresh_address()), long_ago());
    assert_eq!(request(store, &session, &asked).await, Checked::Done);
    let recipient = Recipient::NewAddress(user.id, asked.address.clone());
    let letter = Intent::new(LetterKind::ConfirmEmailChange, recipient, at, LEASE);
    store.enqueue(&[letter], None).await.expect("enqueue");
    purge(store, asked.expires_at + YEAR).await;
    let again = retried(&asked);
    issued(store, &again).await;
    complete(store, &claim_one(store, at).await).await;
    purge(store, again.expires_at + YEAR).await;
    assert_eq!(issue(store, &retried(&again)).await, IssueOneTime::Dead);
}

/// A link that is issued during the change belongs to the former address and is void.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_link_to_a_former_address_is_void(store: &Subject) {
    for _ in 0..8 {
        let (user, session) = fresh_session(store).await;
        let change = change_to(&user, &fresh_address());
        assert_eq!(request(store, &session, &change).await, Checked::Done);
        let purposes = [
            Purpose::ResetPassword,
            Purpose::Unlock,
            Purpose::VerifyEmail,
        ];
        let tokens = purposes.map(|purpose| mailed(&user, purpose, &user.email));
        race(4, |index| {
            let (store, token) = (Arc::clone(store), tokens.get(index).cloned());
            let (live, at) = (first(&change), change.created_at);
            async move {
                match token {
                    Some(token) => drop(issue(&store, &token).await),
                    None => assert!(confirm(&store, live, at).await.is_some()),
                }
            }
        })
        .await;
        for token in tokens {
            let (live, at) = (first(&token), token.created_at);
            let found = store.one_time_user(&live, token.purpose, at).await;
            assert_eq!(found.expect("one_time_user"), None, "{:?}", token.purpose);
            assert_eq!(issue(store, &token).await, IssueOneTime::Dead);
        }
    }
}

/// The token for a retry of the same email, a year later, to the same address.
fn retried(token: &NewOneTimeToken) -> NewOneTimeToken {
    let at = token.created_at + YEAR;
    NewOneTimeToken {
        digests: vec![digest()],
        intent: IntentId::new(at),
        created_at: at,
        expires_at: token.expires_at + YEAR,
        ..token.clone()
    }
}

async fn purge(store: &Subject, before: Timestamp) {
    let mut after = None;
    loop {
        let batch = store.purge_one_time(before, after, 500).await;
        match batch.expect("purge_one_time").next {
            Some(last) => after = Some(last),
            None => return,
        }
    }
}
