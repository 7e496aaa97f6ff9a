//! The contract of [`IdentityStore`](crate::store::IdentityStore): linking.

use std::sync::Arc;

use crate::{
    clock::Timestamp,
    event::EventKind,
    identity::{Assertion, CodeChallenge, IdentityId, LinkIdentity, Linked, NewCode},
    secret::TokenDigest,
    store::conformance::{
        Subject,
        fixture::{
            MICROSECOND, TASKS, delete, event, events_of, fresh_address, fresh_session, log_out,
            new_session, now, race, set_status, try_open, unique,
        },
        flow::{arrival, assertion, identities, identity, offered, redeem, signed_in},
    },
    token::{EndReason, NewSession},
    user::{UserId, UserStatus},
};

const ROUNDS: usize = 16;

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    a_link_is_written_with_its_event(store).await;
    a_linked_identity_keeps_its_user(store).await;
    flow_links_only_for_the_user_who_began_it(store).await;
    a_code_links_once(store).await;
    linking_needs_a_live_session(store).await;
    one_of_two_users_links_an_identity(store).await;
}

/// A link is stored with microsecond precision, and the user can sign in with it. The oldest link
/// is listed first.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_link_is_written_with_its_event(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let mut second = assertion(&user.email);
    second.email = None;
    let mut expected = Vec::new();
    for said in [assertion(&user.email), second] {
        let (link, code) = offer(store, &session, &said).await;
        let event = event(EventKind::IdentityLinked).by(user.id);
        let at = code.expires_at - MICROSECOND;
        let linked = store.link_identity(&link, at, &event, None).await;
        let new = identity(link.id, &said, at);
        let recorded = new.noted_on(&event.of(user.id));
        expected.push(new.clone());
        assert_eq!(linked.expect("link_identity"), Linked::Linked(new));
        assert_eq!(identities(store, user.id).await, expected);
        let trail = events_of(store, user.id).await;
        let last = trail.first().expect("an event of the link");
        assert_eq!(*last, recorded);
        let (arrival, _) = arrival(store, &said).await;
        assert_eq!(signed_in(store, &arrival).await.0.id, user.id);
    }
}

/// An attempt to link an identity that is already linked to the user or to another user writes no event, but spends the
/// code.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_linked_identity_keeps_its_user(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let (other, others_session) = fresh_session(store).await;
    let said = assertion(&user.email);
    linked(store, user.id, &said).await;
    let own = identities(store, user.id).await;
    let recorded = events_of(store, user.id).await.len();

    let (again, code) = offer(store, &session, &said).await;
    let known = own.first().expect("an identity").clone();
    assert_eq!(link(store, &again).await, Linked::Known(known));
    assert_eq!(link(store, &again).await, Linked::BadCode);
    let (taken, _) = offer(store, &others_session, &said).await;
    assert_eq!(link(store, &taken).await, Linked::Taken);
    assert_eq!(link(store, &taken).await, Linked::BadCode);

    assert_eq!(identities(store, user.id).await, own);
    assert!(identities(store, other.id).await.is_empty());
    assert_eq!(events_of(store, user.id).await.len(), recorded);
    assert_eq!(events_of(store, other.id).await.len(), 2);
    let found = redeem(store, &code.digest, &again.challenge, now()).await;
    assert!(found.is_none(), "the code of a link signed somebody in");
}

/// A call with a wrong verifier or code, a sign-in code or an expired code neither links the
/// identity nor spends a code.
///
/// # Panics
/// If the store breaks the contract.
pub async fn flow_links_only_for_the_user_who_began_it(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let (good, code) = offer(store, &session, &assertion(&user.email)).await;
    let mut wrong = good.clone();
    wrong.challenge = CodeChallenge::of("another verifier");
    assert_eq!(link(store, &wrong).await, Linked::BadCode);
    wrong = good.clone();
    wrong.code = TokenDigest::of(&unique());
    assert_eq!(link(store, &wrong).await, Linked::BadCode);

    let fresh = fresh_address();
    let (arrival, flow) = arrival(store, &assertion(&fresh)).await;
    let (signed_in, _) = signed_in(store, &arrival).await;
    wrong.code = arrival.code.digest;
    wrong.challenge = flow.challenge.clone();
    assert_eq!(link(store, &wrong).await, Linked::BadCode);
    let redeemed = redeem(store, &wrong.code, &wrong.challenge, now()).await;
    let redeemed = redeemed.expect("linking burnt a code that signs in");
    assert_eq!(redeemed.credentials.user.id, signed_in.id);

    assert!(identities(store, user.id).await.is_empty());
    let late = link_at(store, &good, code.expires_at).await;
    assert_eq!(late, Linked::BadCode);
    assert!(matches!(link(store, &good).await, Linked::Linked(_)));
}

/// Invariant I1: exactly one of any number of concurrent calls links the identity.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_code_links_once(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let (good, _) = offer(store, &session, &assertion(&user.email)).await;
    let recorded = events_of(store, user.id).await.len();
    let outcomes = race(TASKS, |_| {
        let (store, good) = (Arc::clone(store), good.clone());
        async move { link(&store, &good).await }
    });
    let outcomes = outcomes.await;
    let linked = outcomes
        .iter()
        .filter(|linked| matches!(linked, Linked::Linked(_)));
    assert_eq!(linked.count(), 1);
    let bad = outcomes.iter().filter(|linked| **linked == Linked::BadCode);
    assert_eq!(bad.count(), TASKS - 1);
    assert_eq!(identities(store, user.id).await.len(), 1);
    assert_eq!(events_of(store, user.id).await.len(), recorded + 1);
}

/// The call writes nothing, and the code stays valid, if the session has ended, has expired or
/// belongs to another user, or if the user is disabled, logged out or deleted.
///
/// # Panics
/// If the store breaks the contract.
pub async fn linking_needs_a_live_session(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let (other, others_session) = fresh_session(store).await;
    let (good, _) = offer(store, &session, &assertion(&user.email)).await;
    let mut wrong = good.clone();
    wrong.session_id = others_session.id;
    assert_eq!(link(store, &wrong).await, Linked::Gone);
    wrong.user_id = UserId::new(now());
    assert_eq!(link(store, &wrong).await, Linked::Gone);
    let expired = link_at(store, &good, session.idle_expires_at).await;
    assert_eq!(expired, Linked::Gone);
    let gone = async |session: &NewSession| {
        let mut wrong = good.clone();
        (wrong.session_id, wrong.user_id) = (session.id, session.user_id);
        assert_eq!(link(store, &wrong).await, Linked::Gone);
    };
    assert!(log_out(store, &others_session).await);
    gone(&others_session).await;
    let (disabled, session) = fresh_session(store).await;
    set_status(store, disabled.id, UserStatus::Disabled).await;
    gone(&session).await;
    let (out, session) = fresh_session(store).await;
    let logged_out = event(EventKind::LoggedOutEverywhere);
    let ended = store.end_sessions(out.id, EndReason::LogoutAll, now(), &logged_out);
    assert!(ended.await.expect("end_sessions"));
    gone(&session).await;
    let (deleted, session) = fresh_session(store).await;
    delete(store, deleted.id, None).await;
    gone(&session).await;

    for user in [&user, &other, &disabled, &out] {
        assert!(identities(store, user.id).await.is_empty());
        let trail = events_of(store, user.id).await;
        let linked = trail
            .iter()
            .any(|event| event.kind == EventKind::IdentityLinked);
        assert!(!linked, "a refused link left an event");
    }
    assert!(matches!(link(store, &good).await, Linked::Linked(_)));
}

/// Exactly one user gets the identity, and the other is refused.
///
/// # Panics
/// If the store breaks the contract.
pub async fn one_of_two_users_links_an_identity(store: &Subject) {
    for _ in 0..ROUNDS {
        let said = assertion(&fresh_address());
        let mut links = Vec::new();
        for _ in 0..2 {
            let (_, session) = fresh_session(store).await;
            links.push(offer(store, &session, &said).await.0);
        }
        let outcomes = race(2, |index| {
            let store = Arc::clone(store);
            let mine = links.get(index).expect("one value for each task").clone();
            async move { (mine.user_id, link(&store, &mine).await) }
        });
        let mut owners = Vec::new();
        for (user, outcome) in outcomes.await {
            let own = identities(store, user).await.len();
            match outcome {
                Linked::Linked(_) => owners.push((user, own)),
                Linked::Taken => assert_eq!(own, 0),
                other => panic!("a race for an identity ended with {other:?}"),
            }
        }
        let [(owner, 1)] = owners[..] else {
            panic!("one identity was linked {} times", owners.len());
        };
        let candidates = store.candidates(&said).await.expect("candidates");
        assert_eq!(candidates.linked.map(|local| local.user_id), Some(owner));
    }
}

/// An offer to link this identity to the session's user.
pub(in crate::store::conformance) async fn offer(
    store: &Subject,
    session: &NewSession,
    said: &Assertion,
) -> (LinkIdentity, NewCode) {
    let (flow, code) = offered(store, said).await;
    let link = LinkIdentity {
        id: IdentityId::new(now()),
        code: code.digest,
        challenge: flow.challenge,
        session_id: session.id,
        user_id: session.user_id,
    };
    (link, code)
}

pub(in crate::store::conformance) async fn link(store: &Subject, link: &LinkIdentity) -> Linked {
    link_at(store, link, now()).await
}

async fn link_at(store: &Subject, link: &LinkIdentity, now: Timestamp) -> Linked {
    let event = event(EventKind::IdentityLinked);
    let linked = store.link_identity(link, now, &event, None).await;
    linked.expect("link_identity")
}

/// Links an identity to a user at the initial credential version.
pub(in crate::store::conformance) async fn linked(
    store: &Subject,
    user: UserId,
    said: &Assertion,
) -> IdentityId {
    let session = new_session(user, 0);
    let opened = try_open(store, &session).await;
    opened.expect("a session opens for an active user");
    let (offer, _) = offer(store, &session, said).await;
    match link(store, &offer).await {
        Linked::Linked(identity) => identity.id,
        other => panic!("an identity was not linked: {other:?}"),
    }
}
