//! The contract of [`IdentityStore`](crate::store::IdentityStore): unlinking, and what else takes an identity away.

use std::sync::Arc;

use super::{
    Subject,
    fixture::{
        delete, event, events_of, fresh_address, fresh_session, new_token, now, race, reset,
    },
    flow::{arrival, assertion},
    identity::{admitted, identities, known},
    link::{link, linked, offer},
    one_time::issued,
};
use crate::{
    clock::Timestamp,
    event::{Event, EventKind},
    identity::{IdentityId, Linked, Unlinked},
    secret::TokenDigest,
    token::Purpose,
    user::{User, UserId},
};

const ROUNDS: usize = 16;

/// Runs every check of this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    an_identity_is_taken_away_with_its_event(store).await;
    the_last_way_in_stays(store).await;
    unlinking_at_once_leaves_a_way_in(store).await;
    a_deleted_user_frees_their_identities(store).await;
    a_reset_of_an_unverified_account_removes_identities(store).await;
    a_reset_of_a_verified_account_removes_unproven_identities(store).await;
    a_trusted_provider_takes_over_what_an_untrusted_one_vouched_for(store).await;
    no_link_slips_through_a_reset(store).await;
}

/// The identity is another's to link from then on. Nobody else's can be taken away.
///
/// # Panics
/// If the store breaks the contract.
pub async fn an_identity_is_taken_away_with_its_event(store: &Subject) {
    let (user, _) = fresh_session(store).await;
    let (other, _) = fresh_session(store).await;
    let said = assertion(&user.email);
    let id = linked(store, user.id, &said).await;
    let told = events_of(store, user.id).await.len();
    for (whose, id) in [
        (other.id, id),
        (user.id, IdentityId::new(now())),
        (UserId::new(now()), id),
    ] {
        let (outcome, _) = unlink(store, whose, id).await;
        assert_eq!(outcome, Unlinked::NotFound);
    }
    assert_eq!(events_of(store, user.id).await.len(), told);
    let (outcome, event) = unlink(store, user.id, id).await;
    assert_eq!(outcome, Unlinked::Unlinked);
    assert!(identities(store, user.id).await.is_empty());
    let trail = events_of(store, user.id).await;
    assert_eq!(trail.len(), told + 1);
    assert_eq!(trail.first(), Some(&event.of(user.id)));
    assert_eq!(unlink(store, user.id, id).await.0, Unlinked::NotFound);
    linked(store, other.id, &said).await;
}

/// Of a user without a password. With one, every identity can go.
///
/// # Panics
/// If the store breaks the contract.
pub async fn the_last_way_in_stays(store: &Subject) {
    let (user, said) = known(store).await;
    let second = assertion(&user.email);
    linked(store, user.id, &second).await;
    let own = identities(store, user.id).await;
    let [first, second] = &own[..] else {
        panic!("two identities were linked");
    };
    assert_eq!(first.subject, said.subject);
    assert_eq!(unlink(store, user.id, first.id).await.0, Unlinked::Unlinked);
    let told = events_of(store, user.id).await.len();
    let (outcome, _) = unlink(store, user.id, second.id).await;
    assert_eq!(outcome, Unlinked::LastCredential);
    assert_eq!(identities(store, user.id).await.len(), 1);
    assert_eq!(events_of(store, user.id).await.len(), told);

    let token = new_token(user.id, Purpose::ResetPassword);
    let live = issued(store, &token).await;
    assert!(reset_now(store, live, token.created_at).await);
    assert_eq!(
        unlink(store, user.id, second.id).await.0,
        Unlinked::Unlinked
    );
}

/// Two at once take one of two from a user without a password.
///
/// # Panics
/// If the store breaks the contract.
pub async fn unlinking_at_once_leaves_a_way_in(store: &Subject) {
    for _ in 0..ROUNDS {
        let (user, _) = known(store).await;
        linked(store, user.id, &assertion(&user.email)).await;
        let own = identities(store, user.id).await;
        let told = events_of(store, user.id).await.len();
        let outcomes = race(2, |index| {
            let (store, user) = (Arc::clone(store), user.id);
            let id = own.get(index).expect("one for each task").id;
            async move { unlink(&store, user, id).await.0 }
        });
        let mut outcomes = outcomes.await;
        outcomes.sort_by_key(|outcome| *outcome == Unlinked::LastCredential);
        assert_eq!(outcomes, [Unlinked::Unlinked, Unlinked::LastCredential]);
        assert_eq!(identities(store, user.id).await.len(), 1);
        assert_eq!(events_of(store, user.id).await.len(), told + 1);
    }
}

/// With the user it is gone, and becomes somebody else's.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_deleted_user_frees_their_identities(store: &Subject) {
    let (user, said) = known(store).await;
    delete(store, user.id, None).await;
    assert!(identities(store, user.id).await.is_empty());
    let (arrival, _) = arrival(store, &said).await;
    let (next, events) = admitted(store, &arrival).await;
    assert_ne!(next.id, user.id);
    assert_eq!(events.len(), 2);
}

/// Who registered first may not be who has the mailbox.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_reset_of_an_unverified_account_removes_identities(store: &Subject) {
    let (user, _) = fresh_session(store).await;
    let said = assertion(&user.email);
    linked(store, user.id, &said).await;
    let (other, _) = known(store).await;
    reset_by_mail(store, &user).await;
    assert!(identities(store, user.id).await.is_empty());
    let standing = store.standing(&said).await.expect("standing");
    assert_eq!(standing.linked, None);
    assert_eq!(identities(store, other.id).await.len(), 1);
}

/// What the provider that is not trusted for the address said was all that stood for it; what was linked later, or by
/// a trusted one, stays.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_reset_of_a_verified_account_removes_unproven_identities(store: &Subject) {
    let (proven, _) = known(store).await;
    reset_by_mail(store, &proven).await;
    assert_eq!(identities(store, proven.id).await.len(), 1);

    let mut said = assertion(&fresh_address());
    said.trusted = false;
    let (arrival, _) = arrival(store, &said).await;
    let (user, _) = admitted(store, &arrival).await;
    assert!(user.email_verified_at.is_some());
    let later = linked(store, user.id, &assertion(&user.email)).await;
    assert_eq!(identities(store, user.id).await.len(), 2);
    reset_by_mail(store, &user).await;
    let left = identities(store, user.id).await;
    assert_eq!(left.iter().map(|own| own.id).collect::<Vec<_>>(), [later]);
}

/// Whoever came first by the word of a provider that is not trusted does not share the account with the owner.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_trusted_provider_takes_over_what_an_untrusted_one_vouched_for(store: &Subject) {
    let mut said = assertion(&fresh_address());
    said.trusted = false;
    let (first, _) = arrival(store, &said).await;
    let (user, _) = admitted(store, &first).await;
    let (second, _) = arrival(store, &assertion(&user.email)).await;
    let (owner, _) = admitted(store, &second).await;
    assert_eq!(owner.id, user.id);
    let left = identities(store, user.id).await;
    let left: Vec<_> = left.iter().map(|own| own.id).collect();
    assert_eq!(left, [second.identity]);
}

/// A link beside the reset of an unverified account is removed by it, or comes too late.
///
/// # Panics
/// If the store breaks the contract.
pub async fn no_link_slips_through_a_reset(store: &Subject) {
    for _ in 0..ROUNDS {
        let (user, session) = fresh_session(store).await;
        let token = new_token(user.id, Purpose::ResetPassword);
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
        assert!(left.is_empty(), "an identity slipped through a reset");
    }
}

async fn unlink(store: &Subject, user: UserId, id: IdentityId) -> (Unlinked, Event) {
    let event = event(EventKind::IdentityUnlinked);
    let unlinked = store.unlink_identity(user, id, &event).await;
    (unlinked.expect("unlink_identity"), event)
}

async fn reset_now(store: &Subject, digest: TokenDigest, now: Timestamp) -> bool {
    let done = event(EventKind::PasswordReset);
    let reset = reset(digest, "new", now);
    let reset = store.reset_password(&reset, &done, None).await;
    reset.expect("reset_password").is_some()
}

async fn reset_by_mail(store: &Subject, user: &User) {
    let token = new_token(user.id, Purpose::ResetPassword);
    let live = issued(store, &token).await;
    assert!(reset_now(store, live, token.created_at).await);
}
