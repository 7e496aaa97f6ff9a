//! The contract of [`IdentityStore`](crate::store::IdentityStore): the outcome of an assertion.

pub mod link;
pub mod unlink;

use std::{collections::HashSet, sync::Arc};

use self::link::linked;
use super::{
    Subject,
    fixture::{
        address, by_id, credentials, current_session, events_of, fresh_address, fresh_session,
        fresh_user, insert, is_live, new_session, new_token, new_user, now, race, set_status,
        try_open, unique,
    },
    flow::{arrival, assertion, identities, identity, redeem, sign_in, signed_in},
    one_time_token::issued,
};
use crate::{
    event::{Event, EventKind},
    identity::{
        Assertion, Candidates, Flow, Identity, IdentityAdmission, IdentitySignIn, LinkRefusal,
        Local,
    },
    token::{NewSession, Purpose},
    user::{User, UserId, UserStatus},
};

const RACES: usize = 16;

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    candidates_include_disabled_users(store).await;
    unknown_identity_gets_an_account(store).await;
    unknown_identity_creates_no_account_unless_allowed(store).await;
    linked_identity_signs_in(store).await;
    an_account_with_a_verified_address_is_joined(store).await;
    an_account_with_an_unverified_address_is_taken_over(store).await;
    a_refused_sign_in_writes_nothing(store).await;
    concurrent_sign_ins_of_an_identity_make_one_account(store).await;
    concurrent_sign_ins_take_an_account_over_once(store).await;
    two_identities_of_one_address_make_one_account(store).await;
    link::check_all(store).await;
    unlink::check_all(store).await;
}

/// The candidates for an assertion are the user who is linked to the identity and the user who has the address. Either
/// may be missing.
///
/// # Panics
/// If the store breaks the contract.
pub async fn candidates_include_disabled_users(store: &Subject) {
    let linked = known(store).await;
    let holder = fresh_user(store).await;
    let candidates =
        async |assertion: &Assertion| store.candidates(assertion).await.expect("candidates");
    let mut said = linked.1.clone();
    assert_eq!(
        candidates(&assertion(&fresh_address())).await,
        Candidates::default()
    );
    said.email = Some(address(&holder.email.as_str().to_uppercase()));
    let (by_link, by_address) = (Local::new(&linked.0), Local::new(&holder));
    let both = Candidates {
        linked: Some(by_link),
        holder: Some(by_address),
    };
    assert_eq!(candidates(&said).await, both);
    assert!(by_link.verified && !by_address.verified);
    for id in [linked.0.id, holder.id] {
        set_status(store, id, UserStatus::Disabled).await;
    }
    let disabled = |local: Local| Local {
        active: false,
        ..local
    };
    said.subject = unique();
    let expected = Candidates {
        linked: None,
        holder: Some(disabled(by_address)),
    };
    assert_eq!(candidates(&said).await, expected);
    said.subject = linked.1.subject;
    said.email = None;
    let expected = Candidates {
        linked: Some(disabled(by_link)),
        holder: None,
    };
    assert_eq!(candidates(&said).await, expected);
}

/// The account, the identity and two events are written, and the code belongs to the user.
///
/// # Panics
/// If the store breaks the contract.
pub async fn unknown_identity_gets_an_account(store: &Subject) {
    let said = assertion(&fresh_address());
    let (arrival, flow) = arrival(store, &said).await;
    let (user, events) = signed_in(store, &arrival).await;
    let new = arrival.new_user.as_ref().expect("an account to be made");
    assert_eq!(user, new.to_user());
    assert_eq!(by_id(store, user.id).await.as_ref(), Some(&user));
    assert_eq!(identities(store, user.id).await, [expected(&arrival)]);
    let kinds = [EventKind::AccountCreated, EventKind::IdentityLinked];
    assert_recorded(store, user.id, &events, &kinds, 0).await;
    assert_good(store, &arrival, &flow, &user).await;
}

/// An unknown identity creates no account if the call contains no user to add.
///
/// # Panics
/// If the store breaks the contract.
pub async fn unknown_identity_creates_no_account_unless_allowed(store: &Subject) {
    let said = assertion(&fresh_address());
    let (mut arrival, flow) = arrival(store, &said).await;
    arrival.new_user = None;
    let arrived = sign_in(store, &arrival).await;
    assert!(
        matches!(arrived, IdentityAdmission::NoAccount),
        "{arrived:?}"
    );
    assert_no_code(store, &arrival, &flow).await;
    let candidates = store.candidates(&said).await.expect("candidates");
    assert_eq!(candidates, Candidates::default());
}

/// A linked user signs in, whatever address the provider asserts.
///
/// # Panics
/// If the store breaks the contract.
pub async fn linked_identity_signs_in(store: &Subject) {
    let (user, mut said) = known(store).await;
    let other = fresh_user(store).await;
    let (recorded, linked) = (
        events_of(store, user.id).await,
        identities(store, user.id).await,
    );
    for email in [
        said.email.clone(),
        Some(fresh_address()),
        Some(other.email),
        None,
    ] {
        said.email = email;
        said.email_verified = !said.email_verified;
        let (arrival, flow) = arrival(store, &said).await;
        let (found, events) = signed_in(store, &arrival).await;
        assert_eq!(found, user);
        assert!(events.is_empty(), "a sign-in left events: {events:?}");
        assert_good(store, &arrival, &flow, &user).await;
    }
    assert_eq!(events_of(store, user.id).await, recorded);
    assert_eq!(identities(store, user.id).await, linked);
    assert!(identities(store, other.id).await.is_empty());
}

/// When an identity is linked to an existing account, the account keeps its password and sessions.
///
/// # Panics
/// If the store breaks the contract.
pub async fn an_account_with_a_verified_address_is_joined(store: &Subject) {
    let (user, session) = verified(store).await;
    let before = credentials(store, &user).await;
    let recorded = events_of(store, user.id).await.len();
    let (arrival, flow) = arrival(store, &assertion(&user.email)).await;
    let (found, events) = signed_in(store, &arrival).await;
    assert_eq!(found, before.user);
    let after = credentials(store, &user).await;
    assert_eq!(after.user, before.user);
    assert_eq!(after.credential_version, before.credential_version);
    assert!(after.password_hash.is_some(), "the password is gone");
    assert!(is_live(store, &session, now()).await, "a session ended");
    assert_eq!(identities(store, user.id).await, [expected(&arrival)]);
    assert_recorded(
        store,
        user.id,
        &events,
        &[EventKind::IdentityLinked],
        recorded,
    )
    .await;
    assert_good(store, &arrival, &flow, &user).await;
}

/// The previous holder of the account keeps no password, session, token or identity.
///
/// # Panics
/// If the store breaks the contract.
pub async fn an_account_with_an_unverified_address_is_taken_over(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let (other, others_session) = fresh_session(store).await;
    let [theirs, others] = [(); 2].map(|()| assertion(&fresh_address()));
    linked(store, user.id, &theirs).await;
    linked(store, other.id, &others).await;
    let tokens =
        [Purpose::ResetPassword, Purpose::VerifyEmail].map(|purpose| new_token(&user, purpose));
    for token in &tokens {
        issued(store, token).await;
    }
    let recorded = events_of(store, user.id).await.len();

    let (arrival, flow) = arrival(store, &assertion(&user.email)).await;
    let (found, events) = signed_in(store, &arrival).await;
    let after = credentials(store, &user).await;
    assert_eq!(after.password_hash.map(|_| ()), None, "the password stayed");
    assert_eq!(after.credential_version, 1);
    let mut expected_user = user.clone();
    expected_user.email_verified_at = Some(arrival.now);
    expected_user.updated_at = arrival.now;
    expected_user.last_login_at = after.user.last_login_at;
    assert_eq!(after.user, expected_user);
    assert_eq!(found, after.user);
    assert!(!is_live(store, &session, now()).await, "a session survived");
    for token in &tokens {
        let digest = token.digests.first().expect("a token has a digest");
        let user = store.one_time_user(digest, token.purpose, token.created_at);
        let user = user.await.expect("one_time_user");
        assert!(user.is_none(), "a token survived: {:?}", token.purpose);
    }
    assert_eq!(identities(store, user.id).await, [expected(&arrival)]);
    let candidates = store.candidates(&theirs).await.expect("candidates");
    assert_eq!(candidates.linked, None, "an identity survived");
    let kinds = [EventKind::AccountTakenOver, EventKind::IdentityLinked];
    assert_recorded(store, user.id, &events, &kinds, recorded).await;
    assert_good(store, &arrival, &flow, &after.user).await;
    let opened = try_open(store, &current_session(store, &user).await).await;
    assert!(opened.is_some(), "nobody can sign in after a takeover");

    assert!(is_live(store, &others_session, now()).await);
    let candidates = store.candidates(&others).await.expect("candidates");
    assert!(
        candidates.linked.is_some(),
        "another user's identity was removed"
    );
}

/// A refusal writes no identity, code, event or change.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_refused_sign_in_writes_nothing(store: &Subject) {
    let (disabled, said) = known(store).await;
    set_status(store, disabled.id, UserStatus::Disabled).await;
    refused(store, &said, &disabled, LinkRefusal::AccountDisabled).await;
    let said = assertion(&disabled.email);
    refused(store, &said, &disabled, LinkRefusal::AccountDisabled).await;

    for user in [fresh_user(store).await, verified(store).await.0] {
        let mut said = assertion(&user.email);
        said.trusted = false;
        refused(store, &said, &user, LinkRefusal::LinkRequired).await;
        said.trusted = true;
        said.email_verified = false;
        refused(store, &said, &user, LinkRefusal::LinkRequired).await;
    }
}

/// Exactly one call creates the account, and all calls sign in to it.
///
/// # Panics
/// If the store breaks the contract.
pub async fn concurrent_sign_ins_of_an_identity_make_one_account(store: &Subject) {
    let said = assertion(&fresh_address());
    let (users, events, arrivals) = race_in(store, &[said]).await;
    assert_eq!(users.len(), 1, "one identity has several accounts");
    assert_eq!(events, 2, "an account has more than two events");
    let user = *users.iter().next().expect("one user");
    assert_eq!(identities(store, user).await.len(), 1);
    assert_eq!(events_of(store, user).await.len(), 2);
    let user = by_id(store, user).await.expect("the user is there");
    for (arrival, flow) in arrivals {
        assert_good(store, &arrival, &flow, &user).await;
    }
}

/// The second sign-in does not take the account over again.
///
/// # Panics
/// If the store breaks the contract.
pub async fn concurrent_sign_ins_take_an_account_over_once(store: &Subject) {
    let user = fresh_user(store).await;
    let (users, events, arrivals) = race_in(store, &[assertion(&user.email)]).await;
    assert_eq!(users, HashSet::from([user.id]));
    assert_eq!(events, 2, "an account was taken over more than once");
    let after = credentials(store, &user).await;
    assert_eq!(after.credential_version, 1);
    assert_eq!(identities(store, user.id).await.len(), 1);
    for (arrival, flow) in arrivals {
        assert_good(store, &arrival, &flow, &after.user).await;
    }
}

/// Of two identities with the same verified address, exactly one is used to create the account, and the other is linked
/// to that account.
///
/// # Panics
/// If the store breaks the contract.
pub async fn two_identities_of_one_address_make_one_account(store: &Subject) {
    let email = fresh_address();
    let (users, events, _) = race_in(store, &[assertion(&email), assertion(&email)]).await;
    assert_eq!(users.len(), 1, "one address has several accounts");
    assert_eq!(events, 3);
    let user = *users.iter().next().expect("one user");
    assert_eq!(identities(store, user).await.len(), 2);
    assert_eq!(events_of(store, user).await.len(), 3);
}

/// Runs concurrent sign-ins with these assertions, and returns their users and the number of events.
async fn race_in(
    store: &Subject,
    said: &[Assertion],
) -> (HashSet<UserId>, usize, Vec<(IdentitySignIn, Flow)>) {
    let mut arrivals = Vec::new();
    for said in said.iter().cycle().take(RACES) {
        arrivals.push(arrival(store, said).await);
    }
    let arrived = race(RACES, |index| {
        let store = Arc::clone(store);
        let (arrival, _) = arrivals
            .get(index)
            .expect("one value for each task")
            .clone();
        async move { signed_in(&store, &arrival).await }
    });
    let arrived = arrived.await;
    let users = arrived.iter().map(|(user, _)| user.id).collect();
    let events = arrived.iter().map(|(_, events)| events.len()).sum();
    (users, events, arrivals)
}

/// A user with an identity at a provider and the assertion of that identity.
pub(super) async fn known(store: &Subject) -> (User, Assertion) {
    let said = assertion(&fresh_address());
    let (arrival, _) = arrival(store, &said).await;
    (signed_in(store, &arrival).await.0, said)
}

/// A user with a verified address, the password hash `first` and a session.
async fn verified(store: &Subject) -> (User, NewSession) {
    let mut new = new_user(fresh_address().as_str());
    new.email_verified_at = Some(new.created_at);
    let user = insert(store, &new).await;
    let session = new_session(user.id, 0);
    let opened = try_open(store, &session).await;
    (opened.expect("a session opens for an active user"), session)
}

async fn refused(store: &Subject, said: &Assertion, user: &User, why: LinkRefusal) {
    let before = credentials(store, user).await;
    let (recorded, linked) = (
        events_of(store, user.id).await,
        identities(store, user.id).await,
    );
    let (arrival, flow) = arrival(store, said).await;
    match sign_in(store, &arrival).await {
        IdentityAdmission::Refused(refusal) => assert_eq!(refusal, why),
        other => panic!("a sign-in was not refused: {other:?}"),
    }
    assert_no_code(store, &arrival, &flow).await;
    let after = credentials(store, user).await;
    assert_eq!(after.user, before.user);
    assert_eq!(after.credential_version, before.credential_version);
    assert_eq!(events_of(store, user.id).await, recorded);
    assert_eq!(identities(store, user.id).await, linked);
}

/// The identity that a sign-in links.
fn expected(arrival: &IdentitySignIn) -> Identity {
    identity(arrival.identity, &arrival.assertion, arrival.now)
}

/// Checks the kinds of these events, and checks that the trail contains exactly these events and `before` earlier
/// events.
async fn assert_recorded(
    store: &Subject,
    user: UserId,
    events: &[Event],
    kinds: &[EventKind],
    before: usize,
) {
    let recorded: Vec<EventKind> = events.iter().map(|event| event.kind).collect();
    assert_eq!(recorded, kinds);
    let trail = events_of(store, user).await;
    assert_eq!(trail.len(), before + kinds.len(), "{trail:?}");
    for event in events {
        assert!(trail.contains(event), "not in the trail: {event:?}");
    }
}

async fn assert_good(store: &Subject, arrival: &IdentitySignIn, flow: &Flow, user: &User) {
    let redeemed = redeem(store, &arrival.code.digest, &flow.challenge, arrival.now).await;
    let redeemed = redeemed.expect("a good code");
    assert_eq!(redeemed.credentials.user.id, user.id);
}

async fn assert_no_code(store: &Subject, arrival: &IdentitySignIn, flow: &Flow) {
    let redeemed = redeem(store, &arrival.code.digest, &flow.challenge, arrival.now).await;
    assert!(redeemed.is_none(), "a refused sign-in left a code");
}
