//! The contract of takeovers.
//!
//! The contract covers [`IdentityStore`](crate::store::IdentityStore) and
//! [`PasswordStore`](crate::store::PasswordStore): the previous holder of an unproven account loses
//! all access when the owner of the address signs in or resets the password.

use std::sync::Arc;

use super::{
    Subject,
    address::{change_to, first},
    factor::enrol,
    fixture::{
        checked, credentials, event, events_of, fresh_address, fresh_session, hashed, is_live,
        new_session, new_token, now, password_hash, race, reset, try_open, try_reset,
    },
    flow::{arrival, assertion, identities, signed_in},
    identity::{
        known,
        link::{link, offer},
    },
    one_time_token::issued,
};
use crate::{
    event::EventKind,
    factor::FactorList,
    identity::{Assertion, IdentityAdmission, IdentityId, Linked, Unlinked},
    token::{Checked, NewSession, Purpose},
    user::{ProfileChange, User, UserId},
};

const ROUNDS: usize = 16;

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    a_reset_of_an_unproven_account_takes_it_over(store).await;
    a_reset_of_a_proven_account_leaves_its_identities(store).await;
    an_untrusted_assertion_proves_no_account(store).await;
    unlinking_an_untrusted_identity_proves_nothing(store).await;
    an_account_with_a_proven_new_address_is_not_taken_over(store).await;
    a_concurrent_reset_and_sign_in_take_over_once(store).await;
}

/// Sessions, tokens and identities are removed, the profile is kept, and other users are
/// unaffected.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_reset_of_an_unproven_account_takes_it_over(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let (other, others_session) = fresh_session(store).await;
    let said = [(); 2].map(|()| assertion(&fresh_address()));
    for said in &said {
        linked_in(store, &session, said).await;
    }
    linked_in(store, &others_session, &assertion(&fresh_address())).await;
    enrol(store, &session, 1).await;
    let change = ProfileChange::new().display_name("Ann");
    let changed = store.update_profile(user.id, &change, now()).await;
    let before = changed.expect("update_profile").expect("the user is there");
    let verify = issued(store, &new_token(&user, Purpose::VerifyEmail)).await;
    let token = new_token(&user, Purpose::ResetPassword);
    let (live, at) = (issued(store, &token).await, token.created_at);

    let reset = try_reset(store, &reset(live, "new", at), None).await;
    let reset = reset.expect("the token is good");
    assert!(reset.taken_over, "the takeover is not reported");
    let after = credentials(store, &user).await;
    assert_eq!(reset.user, after.user);
    let mut expected = before;
    expected.email_verified_at = Some(at);
    expected.updated_at = at;
    assert_eq!(after.user, expected);
    assert_eq!(after.credential_version, 1);
    assert_eq!(password_hash(store, &user).await, hashed("new"));
    assert!(!is_live(store, &session, at).await, "a session survived");
    assert_eq!((after.second_factors, after.factor_version), (0, 2));
    let factors = store.factors(user.id).await.expect("factors");
    assert_eq!(factors, FactorList::default(), "a second factor survived");
    let found = store.one_time_user(&verify, Purpose::VerifyEmail, at);
    assert_eq!(found.await.expect("one_time_user"), None);
    assert!(identities(store, user.id).await.is_empty());
    for said in &said {
        let candidates = store.candidates(said).await.expect("candidates");
        assert_eq!(candidates.linked, None, "an identity survived");
    }
    assert_eq!(count(store, user.id, EventKind::AccountTakenOver).await, 1);
    assert_eq!(count(store, user.id, EventKind::PasswordReset).await, 1);
    assert!(is_live(store, &others_session, at).await);
    assert_eq!(identities(store, other.id).await.len(), 1);
}

/// A password reset for an account with a proven address is not a takeover, and even identities at untrusted providers
/// are kept.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_reset_of_a_proven_account_leaves_its_identities(store: &Subject) {
    let (user, _) = known(store).await;
    let session = opened(store, user.id, 0).await;
    let mut said = assertion(&fresh_address());
    said.trusted = false;
    linked_in(store, &session, &said).await;
    enrol(store, &session, 1).await;
    let factors = store.factors(user.id).await.expect("factors");
    let before = identities(store, user.id).await;
    let token = new_token(&user, Purpose::ResetPassword);
    let live = issued(store, &token).await;
    let reset = try_reset(store, &reset(live, "new", token.created_at), None).await;
    let reset = reset.expect("the token is good");
    assert!(!reset.taken_over, "a takeover of a proven account");
    assert_eq!(reset.user, credentials(store, &user).await.user);
    assert_eq!(reset.user.email_verified_at, user.email_verified_at);
    assert_eq!(identities(store, user.id).await, before);
    assert_eq!(factors.items.len(), 1);
    let left = store.factors(user.id).await.expect("factors");
    assert_eq!(left, factors, "a reset removed a second factor");
    assert_eq!(count(store, user.id, EventKind::AccountTakenOver).await, 0);
}

/// An assertion that is untrusted or has an unverified address leaves the account unproven, so the owner of the
/// address can take the account over.
///
/// # Panics
/// If the store breaks the contract.
pub async fn an_untrusted_assertion_proves_no_account(store: &Subject) {
    for (trusted, email_verified) in [(false, true), (true, false), (false, false)] {
        let said = Assertion {
            trusted,
            email_verified,
            ..assertion(&fresh_address())
        };
        let (first, _) = arrival(store, &said).await;
        let (user, _) = signed_in(store, &first).await;
        assert_eq!(user.email_verified_at, None);
        let candidates = store.candidates(&said).await.expect("candidates");
        assert!(candidates.holder.is_some_and(|local| !local.verified));
        assert_taken_over(store, &user).await;
    }
}

/// The account stays unproven after its holder sets a password and links another identity.
///
/// # Panics
/// If the store breaks the contract.
pub async fn unlinking_an_untrusted_identity_proves_nothing(store: &Subject) {
    let (user, session) = vouched_for(store).await;
    linked_in(store, &session, &assertion(&fresh_address())).await;
    let first = identities(store, user.id).await;
    let first = first.first().expect("an identity").id;
    let unlinked = event(EventKind::IdentityUnlinked);
    let unlinked = store.unlink_identity(user.id, first, &unlinked).await;
    assert_eq!(unlinked.expect("unlink_identity"), Unlinked::Unlinked);
    assert_taken_over(store, &user).await;
    assert!(!is_live(store, &session, now()).await, "a session survived");
}

/// The link proved the new address that it was mailed to, so the user keeps the account.
///
/// # Panics
/// If the store breaks the contract.
pub async fn an_account_with_a_proven_new_address_is_not_taken_over(store: &Subject) {
    let (user, session) = vouched_for(store).await;
    let new = fresh_address();
    let token = change_to(&user, &new);
    let asked = event(EventKind::EmailChangeRequested);
    let checked = checked(&session, 1, Some("own"));
    let asked = store.request_email_change(&checked, &token, &asked, &[]);
    assert_eq!(asked.await.expect("request_email_change"), Checked::Done);
    let (live, at) = (first(&token), token.created_at);
    let changed = event(EventKind::EmailChanged);
    let changed = store.confirm_email_change(&live, at, &changed, None).await;
    assert_eq!(changed.expect("confirm_email_change"), Some(user.id));

    let (arrival, _) = arrival(store, &assertion(&new)).await;
    let (found, events) = signed_in(store, &arrival).await;
    assert_eq!(found.id, user.id);
    let kinds: Vec<EventKind> = events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::IdentityLinked]);
    assert_eq!(password_hash(store, &found).await, hashed("own"));
    assert_eq!(identities(store, user.id).await.len(), 2);
}

/// The first call takes the account over. If the reset comes second, its token is void; if the sign-in comes second,
/// the identity joins the proven account.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_concurrent_reset_and_sign_in_take_over_once(store: &Subject) {
    for _ in 0..ROUNDS {
        let (user, session) = fresh_session(store).await;
        linked_in(store, &session, &assertion(&fresh_address())).await;
        let token = new_token(&user, Purpose::ResetPassword);
        let (live, at) = (issued(store, &token).await, token.created_at);
        let (arrival, _) = arrival(store, &assertion(&user.email)).await;
        let identity = arrival.identity;
        let outcomes = race(2, |index| {
            let (store, arrival) = (Arc::clone(store), arrival.clone());
            async move {
                if index == 0 {
                    let reset = try_reset(&store, &reset(live, "new", at), None).await;
                    return reset.is_some();
                }
                let arrived = store.sign_in(&arrival).await.expect("sign_in");
                matches!(arrived, IdentityAdmission::Admitted(..))
            }
        });
        let outcomes = outcomes.await;
        let [was_reset, true] = outcomes[..] else {
            panic!("the owner was not admitted: {outcomes:?}");
        };
        let expected = was_reset.then(|| hashed("new")).flatten();
        assert_eq!(password_hash(store, &user).await, expected);
        assert_only_identity(store, user.id, identity).await;
        assert_eq!(count(store, user.id, EventKind::AccountTakenOver).await, 1);
    }
}

/// Signs the owner in with a trusted provider, and asserts that the previous holder has no access left.
async fn assert_taken_over(store: &Subject, user: &User) {
    let (arrival, _) = arrival(store, &assertion(&user.email)).await;
    let (owner, events) = signed_in(store, &arrival).await;
    assert_eq!(owner.id, user.id);
    assert_eq!(owner.email_verified_at, Some(arrival.now));
    let kinds: Vec<EventKind> = events.iter().map(|event| event.kind).collect();
    let expected = [EventKind::AccountTakenOver, EventKind::IdentityLinked];
    assert_eq!(kinds, expected, "the account is shared");
    assert_eq!(password_hash(store, user).await, None);
    assert_only_identity(store, user.id, arrival.identity).await;
}

async fn assert_only_identity(store: &Subject, user: UserId, id: IdentityId) {
    let left = identities(store, user).await;
    let left: Vec<IdentityId> = left.iter().map(|own| own.id).collect();
    assert_eq!(left, [id]);
}

/// A user of an untrusted provider with the password `own` and an open session.
async fn vouched_for(store: &Subject) -> (User, NewSession) {
    let said = Assertion {
        trusted: false,
        ..assertion(&fresh_address())
    };
    let (arrival, _) = arrival(store, &said).await;
    let (user, _) = signed_in(store, &arrival).await;
    let session = opened(store, user.id, 0).await;
    let own = super::fixture::hash("own");
    let changed = event(EventKind::PasswordChanged);
    let checked = checked(&session, 0, None);
    let changed = store.change_password(&checked, None, &own, now(), &changed, None);
    assert_eq!(changed.await.expect("change_password"), Checked::Done);
    (user, session)
}

async fn opened(store: &Subject, user: UserId, version: i64) -> NewSession {
    let session = new_session(user, version);
    let opened = try_open(store, &session).await;
    opened.expect("a session opens for an active user");
    session
}

async fn linked_in(store: &Subject, session: &NewSession, said: &Assertion) {
    let (offer, _) = offer(store, session, said).await;
    let linked = link(store, &offer).await;
    assert!(matches!(linked, Linked::Linked(_)), "{linked:?}");
}

async fn count(store: &Subject, user: UserId, kind: EventKind) -> usize {
    let events = events_of(store, user).await;
    events.iter().filter(|event| event.kind == kind).count()
}
