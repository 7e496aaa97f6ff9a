//! The contract of [`IdentityStore`](crate::store::IdentityStore): unlinking and other ways to remove an identity.

use std::sync::Arc;

use crate::{
    clock::Timestamp,
    event::{Event, EventKind},
    identity::{IdentityId, Linked, Unlinked},
    secret::TokenDigest,
    store::conformance::{
        Subject,
        fixture::{
            delete, event, events_of, fresh_session, new_token, now, race, reset, try_reset,
        },
        flow::{arrival, assertion, identities, signed_in},
        identity::{
            known,
            link::{link, linked, offer},
        },
        one_time_token::issued,
    },
    token::Purpose,
    user::UserId,
};

const ROUNDS: usize = 16;

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    an_identity_is_unlinked_with_its_event(store).await;
    the_last_sign_in_method_stays(store).await;
    concurrent_unlinks_leave_a_sign_in_method(store).await;
    identities_beyond_the_list_can_be_unlinked(store).await;
    a_deleted_user_frees_their_identities(store).await;
    a_link_does_not_survive_a_concurrent_reset(store).await;
}

/// Another user can link an identity once it is unlinked. A user cannot unlink another user's identities.
///
/// # Panics
/// If the store breaks the contract.
pub async fn an_identity_is_unlinked_with_its_event(store: &Subject) {
    let (user, _) = fresh_session(store).await;
    let (other, _) = fresh_session(store).await;
    let said = assertion(&user.email);
    let id = linked(store, user.id, &said).await;
    let recorded = events_of(store, user.id).await.len();
    for (whose, id) in [
        (other.id, id),
        (user.id, IdentityId::new(now())),
        (UserId::new(now()), id),
    ] {
        let (outcome, _) = unlink(store, whose, id).await;
        assert_eq!(outcome, Unlinked::NotFound);
    }
    assert_eq!(events_of(store, user.id).await.len(), recorded);
    let (outcome, event) = unlink(store, user.id, id).await;
    assert_eq!(outcome, Unlinked::Unlinked);
    assert!(identities(store, user.id).await.is_empty());
    let trail = events_of(store, user.id).await;
    assert_eq!(trail.len(), recorded + 1);
    assert_eq!(trail.first(), Some(&event.of(user.id)));
    assert_eq!(unlink(store, user.id, id).await.0, Unlinked::NotFound);
    linked(store, other.id, &said).await;
}

/// A user without a password keeps at least one identity; a user with a password can remove all identities.
///
/// # Panics
/// If the store breaks the contract.
pub async fn the_last_sign_in_method_stays(store: &Subject) {
    let (user, said) = known(store).await;
    let second = assertion(&user.email);
    linked(store, user.id, &second).await;
    let own = identities(store, user.id).await;
    let [first, second] = &own[..] else {
        panic!("two identities were linked");
    };
    assert_eq!(first.subject, said.subject);
    assert_eq!(unlink(store, user.id, first.id).await.0, Unlinked::Unlinked);
    let recorded = events_of(store, user.id).await.len();
    let (outcome, _) = unlink(store, user.id, second.id).await;
    assert_eq!(outcome, Unlinked::LastCredential);
    assert_eq!(identities(store, user.id).await.len(), 1);
    assert_eq!(events_of(store, user.id).await.len(), recorded);

    let token = new_token(&user, Purpose::ResetPassword);
    let live = issued(store, &token).await;
    assert!(reset_now(store, live, token.created_at).await);
    assert_eq!(
        unlink(store, user.id, second.id).await.0,
        Unlinked::Unlinked
    );
}

/// If a user without a password has two identities, two concurrent calls remove only one of the identities.
///
/// # Panics
/// If the store breaks the contract.
pub async fn concurrent_unlinks_leave_a_sign_in_method(store: &Subject) {
    for _ in 0..ROUNDS {
        let (user, _) = known(store).await;
        linked(store, user.id, &assertion(&user.email)).await;
        let own = identities(store, user.id).await;
        let recorded = events_of(store, user.id).await.len();
        let outcomes = race(2, |index| {
            let (store, user) = (Arc::clone(store), user.id);
            let id = own.get(index).expect("one value for each task").id;
            async move { unlink(&store, user, id).await.0 }
        });
        let mut outcomes = outcomes.await;
        outcomes.sort_by_key(|outcome| *outcome == Unlinked::LastCredential);
        assert_eq!(outcomes, [Unlinked::Unlinked, Unlinked::LastCredential]);
        assert_eq!(identities(store, user.id).await.len(), 1);
        assert_eq!(events_of(store, user.id).await.len(), recorded + 1);
    }
}

/// A list shows only the oldest 200 identities, but newer identities can be unlinked as well.
///
/// # Panics
/// If the store breaks the contract.
pub async fn identities_beyond_the_list_can_be_unlinked(store: &Subject) {
    let (user, _) = fresh_session(store).await;
    let mut last = None;
    for _ in 0..201 {
        last = Some(linked(store, user.id, &assertion(&user.email)).await);
    }
    let last = last.expect("some identities were linked");
    let listed = identities(store, user.id).await;
    assert_eq!(listed.len(), 200);
    assert!(listed.iter().all(|identity| identity.id != last));
    assert_eq!(unlink(store, user.id, last).await.0, Unlinked::Unlinked);
}

/// An identity is deleted with its user, and others can then link it.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_deleted_user_frees_their_identities(store: &Subject) {
    let (user, said) = known(store).await;
    delete(store, user.id, None).await;
    assert!(identities(store, user.id).await.is_empty());
    let (arrival, _) = arrival(store, &said).await;
    let (next, events) = signed_in(store, &arrival).await;
    assert_ne!(next.id, user.id);
    assert_eq!(events.len(), 2);
}

/// If an identity is linked while an unverified account is reset, the link is removed or refused.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_link_does_not_survive_a_concurrent_reset(store: &Subject) {
    for _ in 0..ROUNDS {
        let (user, session) = fresh_session(store).await;
        let token = new_token(&user, Purpose::ResetPassword);
        let (live, at) = (issued(store, &token).await, token.created_at);
        let mut links = Vec::new();
        for _ in 0..3 {
            links.push(offer(store, &session, &assertion(&user.email)).await.0);
        }
        let outcomes = race(4, |index| {
            let (store, offered) = (Arc::clone(store), links.get(index).cloned());
            async move {
                match offered {
                    Some(offered) => !matches!(link(&store, &offered).await, Linked::Taken),
                    None => reset_now(&store, live, at).await,
                }
            }
        });
        assert_eq!(outcomes.await, [true; 4]);
        let left = identities(store, user.id).await;
        assert!(left.is_empty(), "an identity survived a reset");
    }
}

async fn unlink(store: &Subject, user: UserId, id: IdentityId) -> (Unlinked, Event) {
    let event = event(EventKind::IdentityUnlinked);
    let unlinked = store.unlink_identity(user, id, &event).await;
    (unlinked.expect("unlink_identity"), event)
}

async fn reset_now(store: &Subject, digest: TokenDigest, now: Timestamp) -> bool {
    let reset = reset(digest, "new", now);
    try_reset(store, &reset, None).await.is_some()
}
