//! Address verification and address changes, each with a token that was mailed to the address.

use std::{sync::Arc, time::Duration};

use super::{
    Subject,
    fixture::{
        TASKS, address, by_id, credentials, digest, event, fresh_address, fresh_session,
        fresh_user, insert, is_live, log_out, new_token, new_user, race, set_status, unique,
    },
    one_time_token::{issue, issued},
};
use crate::{
    clock::Timestamp,
    event::EventKind,
    secret::TokenDigest,
    token::{Checked, CheckedSession, IssueOneTime, NewOneTimeToken, NewSession, Purpose},
    user::{EmailAddress, InsertUser, User, UserId, UserStatus},
};

const SECOND: Duration = Duration::from_secs(1);

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    a_token_verifies_the_address_it_was_mailed_to(store).await;
    a_verification_token_is_spent_once(store).await;
    older_links_verify_until_one_is_used(store).await;
    one_of_several_links_verifies(store).await;
    a_disabled_user_verifies_no_address(store).await;
    a_change_gives_the_user_the_new_address(store).await;
    a_change_token_is_spent_once(store).await;
    a_newer_request_voids_the_older_link(store).await;
    a_request_needs_the_checked_credentials(store).await;
    a_taken_address_stays_with_its_user(store).await;
    one_of_two_users_gets_the_address(store).await;
    a_registration_and_a_change_make_one_owner(store).await;
    a_change_holds_after_a_race_with_a_verification(store).await;
    a_deletion_holds_after_a_race_with_a_change(store).await;
}

/// A token works only once, and only before it expires. An address that is already verified keeps
/// its verification time.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_token_verifies_the_address_it_was_mailed_to(store: &Subject) {
    let user = fresh_user(store).await;
    let token = mailed(&user, Purpose::VerifyEmail, &user.email);
    let live = issued(store, &token).await;
    let at = token.created_at;
    assert_eq!(verify(store, digest(), at).await, None);
    assert_eq!(confirm(store, live, at).await, None, "another purpose");
    assert_eq!(verify(store, live, token.expires_at).await, None, "expired");
    assert_eq!(verified_at(store, &user).await, None);
    assert_eq!(verify(store, live, at).await, Some(user.id));
    assert_eq!(verify(store, live, at).await, None, "used");
    let found = credentials(store, &user).await;
    assert_eq!(found.user.email_verified_at, Some(at));
    assert_eq!(found.user.updated_at, at);
    assert_eq!(found.credential_version, 0);

    let mut again = mailed(&user, Purpose::VerifyEmail, &user.email);
    again.created_at = at + SECOND;
    let live = issued(store, &again).await;
    assert_eq!(verify(store, live, again.created_at).await, Some(user.id));
    assert_eq!(verified_at(store, &user).await, Some(at), "the first time");

    let other = fresh_user(store).await;
    let elsewhere = mailed(&other, Purpose::VerifyEmail, &fresh_address());
    assert_eq!(issue(store, &elsewhere).await, IssueOneTime::Dead);
    let live = first(&elsewhere);
    assert_eq!(verify(store, live, elsewhere.created_at).await, None);
    assert_eq!(verified_at(store, &other).await, None, "another address");
}

/// Of several parallel uses of a token, exactly one succeeds.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_verification_token_is_spent_once(store: &Subject) {
    let user = fresh_user(store).await;
    let token = mailed(&user, Purpose::VerifyEmail, &user.email);
    let live = issued(store, &token).await;
    let winners = race(TASKS, |_| {
        let store = Arc::clone(store);
        let at = token.created_at;
        async move { verify(&store, live, at).await }
    });
    let winners = winners.await.into_iter().flatten().count();
    assert_eq!(winners, 1);
}

/// Every link that was mailed to the address, old or new, works until it expires. Once one of the links is used, all of
/// them are void.
///
/// # Panics
/// If the store breaks the contract.
pub async fn older_links_verify_until_one_is_used(store: &Subject) {
    let (user, other) = (fresh_user(store).await, fresh_user(store).await);
    let of = |user: &User| mailed(user, Purpose::VerifyEmail, &user.email);
    let second = of(&user);
    let (mut first, mut third) = (of(&user), of(&user));
    first.created_at = second.created_at - SECOND;
    first.expires_at = second.expires_at - SECOND;
    third.created_at = second.created_at + SECOND;
    third.expires_at = second.expires_at + SECOND;
    let elsewhere = issued(store, &of(&other)).await;
    let links = [
        issued(store, &second).await,
        issued(store, &first).await,
        issued(store, &third).await,
    ];
    let [_, oldest, newest] = links;
    // A repeated email carries the same link.
    issued(store, &first).await;
    let mut by_another = first.clone();
    by_another.digests = vec![digest()];
    let issue_again = issue(store, &by_another).await;
    assert_eq!(issue_again, IssueOneTime::Elsewhere);
    let at = third.created_at;
    for link in links {
        let found = store.one_time_user(&link, Purpose::VerifyEmail, at).await;
        let found = found.expect("one_time_user").map(|user| user.id);
        assert_eq!(found, Some(user.id), "an older link is void");
    }
    assert_eq!(
        verify(store, oldest, first.expires_at).await,
        None,
        "expired"
    );
    assert_eq!(verify(store, oldest, at).await, Some(user.id));
    assert_eq!(verified_at(store, &user).await, Some(at));
    for link in links {
        assert_eq!(
            verify(store, link, at).await,
            None,
            "a link after the use of another"
        );
    }
    let found = store.one_time_user(&newest, Purpose::VerifyEmail, at).await;
    assert_eq!(found.expect("one_time_user"), None);
    assert_eq!(issue(store, &third).await, IssueOneTime::Dead);
    assert_eq!(verify(store, elsewhere, at).await, Some(other.id));
}

/// If several links that were mailed to an address are used in parallel, exactly one succeeds.
///
/// # Panics
/// If the store breaks the contract.
pub async fn one_of_several_links_verifies(store: &Subject) {
    for _ in 0..8 {
        let user = fresh_user(store).await;
        let mut links = Vec::new();
        for _ in 0..4 {
            let token = mailed(&user, Purpose::VerifyEmail, &user.email);
            links.push((issued(store, &token).await, token.created_at));
        }
        let at = links
            .iter()
            .map(|(_, at)| *at)
            .max()
            .expect("there are links");
        let winners = race(TASKS, |index| {
            let store = Arc::clone(store);
            let (link, _) = *links.get(index % 4).expect("a link for each task");
            async move { verify(&store, link, at).await }
        });
        let winners = winners.await.into_iter().flatten().count();
        assert_eq!(winners, 1);
    }
}

/// # Panics
/// If the store breaks the contract.
pub async fn a_disabled_user_verifies_no_address(store: &Subject) {
    let user = fresh_user(store).await;
    let token = mailed(&user, Purpose::VerifyEmail, &user.email);
    let live = issued(store, &token).await;
    set_status(store, user.id, UserStatus::Disabled).await;
    assert_eq!(verify(store, live, token.created_at).await, None);
}

/// The new address is verified, the old address can be used again, sessions end, and tokens become
/// void.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_change_gives_the_user_the_new_address(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let reset = issued(store, &mailed(&user, Purpose::ResetPassword, &user.email)).await;
    let proof = issued(store, &mailed(&user, Purpose::VerifyEmail, &user.email)).await;
    let new = address(&format!("Zoë.{}@B\u{fc}cher.Example", unique()));
    let (live, at) = requested(store, &user, &session, &new).await;
    assert!(
        is_live(store, &session, at).await,
        "a request ended a session"
    );
    assert_eq!(verify(store, live, at).await, None, "another purpose");
    assert_eq!(confirm(store, live, at).await, Some(user.id));

    let found = store.credentials(&new).await.expect("credentials");
    let found = found.expect("the user has the new address");
    assert_eq!(found.user.id, user.id);
    assert_eq!(found.user.email.as_str(), new.as_str(), "kept as given");
    assert_eq!(found.user.email_verified_at, Some(at));
    assert_eq!(found.user.updated_at, at);
    assert_eq!(found.credential_version, 1);
    assert!(!is_live(store, &session, at).await, "a session survived");
    let purpose = Purpose::ResetPassword;
    let reset = store.one_time_user(&reset, purpose, at).await;
    assert!(
        reset.expect("one_time_user").is_none(),
        "a reset token survived"
    );
    assert_eq!(
        verify(store, proof, at).await,
        None,
        "a link of the old address"
    );
    assert_eq!(confirm(store, live, at).await, None, "used");

    let gone = store.credentials(&user.email).await.expect("credentials");
    assert!(gone.is_none(), "the old address is still taken");
    insert(store, &new_user(user.email.as_str())).await;
}

/// Of several parallel uses of a token, exactly one succeeds.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_change_token_is_spent_once(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let (live, at) = requested(store, &user, &session, &fresh_address()).await;
    let winners = race(TASKS, |_| {
        let store = Arc::clone(store);
        async move { confirm(&store, live, at).await }
    });
    let winners = winners.await.into_iter().flatten().count();
    assert_eq!(winners, 1);
    let found = by_id(store, user.id).await.expect("the user is there");
    let found = credentials(store, &found).await;
    assert_eq!(found.credential_version, 1);
}

/// The older link becomes void at once, and stays void if its request is repeated.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_newer_request_voids_the_older_link(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let older = change_to(&user, &fresh_address());
    let mut newer = change_to(&user, &fresh_address());
    newer.created_at = older.created_at + SECOND;
    assert_eq!(request(store, &session, &older).await, Checked::Done);
    assert_eq!(request(store, &session, &newer).await, Checked::Done);
    let at = newer.created_at;
    assert_eq!(confirm(store, first(&older), at).await, None);
    assert_eq!(request(store, &session, &older).await, Checked::Done);
    assert_eq!(confirm(store, first(&older), at).await, None);
    // The worker sends the newer email again.
    issued(store, &newer).await;
    assert_eq!(confirm(store, first(&newer), at).await, Some(user.id));
    let found = by_id(store, user.id).await.expect("the user is there");
    assert_eq!(found.email.as_str(), newer.address.as_str());
}

/// A request fails if the credentials have changed or the session has ended.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_request_needs_the_checked_credentials(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let token = change_to(&user, &fresh_address());
    let at = token.created_at;
    let mut checked = checked(&session);
    checked.credential_version = 1;
    let asked = event(EventKind::EmailChangeRequested);
    let requested = store.request_email_change(&checked, &token, &asked, &[]);
    assert_eq!(requested.await.expect("a request"), Checked::Stale);
    assert_eq!(confirm(store, first(&token), at).await, None);

    assert!(log_out(store, &session).await);
    assert_eq!(request(store, &session, &token).await, Checked::Stale);
    assert_eq!(confirm(store, first(&token), at).await, None);
}

/// A refused change writes nothing. A different spelling of the user's own address is allowed.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_taken_address_stays_with_its_user(store: &Subject) {
    let owner = fresh_user(store).await;
    let (user, session) = fresh_session(store).await;
    let same = address(&owner.email.as_str().to_uppercase());
    let (live, at) = requested(store, &user, &session, &same).await;
    assert_eq!(confirm(store, live, at).await, None);
    assert!(is_live(store, &session, at).await, "a session ended");
    assert_eq!(credentials(store, &owner).await.user.id, owner.id);
    assert_eq!(credentials(store, &user).await.credential_version, 0);

    let own = address(&user.email.as_str().to_uppercase());
    let mut token = change_to(&user, &own);
    token.created_at = at + SECOND;
    assert_eq!(request(store, &session, &token).await, Checked::Done);
    let at = token.created_at;
    assert_eq!(confirm(store, first(&token), at).await, Some(user.id));
    let found = by_id(store, user.id).await.expect("the user is there");
    assert_eq!(found.email.as_str(), own.as_str());
}

/// If several users confirm the same address, exactly one of them gets it, and the others keep their previous
/// addresses.
///
/// # Panics
/// If the store breaks the contract.
pub async fn one_of_two_users_gets_the_address(store: &Subject) {
    let wanted = fresh_address();
    let mut asking = Vec::new();
    for _ in 0..8 {
        let (user, session) = fresh_session(store).await;
        let (live, at) = requested(store, &user, &session, &wanted).await;
        asking.push((user, live, at));
    }
    let mut links = asking.iter().map(|(_, live, at)| (*live, *at));
    let outcomes = race(asking.len(), |_| {
        let store = Arc::clone(store);
        let (live, at) = links.next().expect("each task has a link");
        async move { confirm(&store, live, at).await }
    });
    let winners: Vec<UserId> = outcomes.await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    for (user, ..) in asking {
        let found = by_id(store, user.id).await.expect("the user is there");
        let won = winners.contains(&user.id);
        let expected = if won { &wanted } else { &user.email };
        assert_eq!(found.email.as_str(), expected.as_str());
    }
}

/// # Panics
/// If the store breaks the contract.
pub async fn a_registration_and_a_change_make_one_owner(store: &Subject) {
    for _ in 0..8 {
        let wanted = fresh_address();
        let (user, session) = fresh_session(store).await;
        let (live, at) = requested(store, &user, &session, &wanted).await;
        let outcomes = race(2, |index| {
            let (store, wanted) = (Arc::clone(store), wanted.clone());
            async move {
                if index == 0 {
                    return confirm(&store, live, at).await.is_some();
                }
                let new = new_user(wanted.as_str());
                let created = event(EventKind::AccountCreated);
                let inserted = store.insert_user(&new, &created, None, None).await;
                matches!(inserted.expect("insert_user"), InsertUser::Inserted(_))
            }
        });
        let outcomes = <[bool; 2]>::try_from(outcomes.await);
        let [confirmed, registered] = outcomes.expect("there are two tasks");
        assert_ne!(confirmed, registered, "one owner");
        let owner = store.credentials(&wanted).await.expect("credentials");
        let owner = owner.expect("the address has an owner").user;
        assert_eq!(owner.id == user.id, confirmed);
    }
}

/// At the end, the new address is verified, whichever call runs first.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_change_holds_after_a_race_with_a_verification(store: &Subject) {
    for _ in 0..8 {
        let (user, session) = fresh_session(store).await;
        let proof = issued(store, &mailed(&user, Purpose::VerifyEmail, &user.email)).await;
        let new = fresh_address();
        let (live, at) = requested(store, &user, &session, &new).await;
        let outcomes = race(8, |index| {
            let store = Arc::clone(store);
            async move {
                match index {
                    0 => confirm(&store, live, at + SECOND).await,
                    _ => verify(&store, proof, at).await,
                }
            }
        });
        let outcomes = outcomes.await;
        let (changed, verified) = outcomes.split_first().expect("there are tasks");
        assert_eq!(*changed, Some(user.id));
        assert!(verified.iter().flatten().count() <= 1);
        let found = by_id(store, user.id).await.expect("the user is there");
        assert_eq!(found.email.as_str(), new.as_str());
        assert_eq!(found.email_verified_at, Some(at + SECOND));
    }
}

/// At the end, the account is deleted, and no account has either address.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_deletion_holds_after_a_race_with_a_change(store: &Subject) {
    for _ in 0..8 {
        let (user, session) = fresh_session(store).await;
        let new = fresh_address();
        let (live, at) = requested(store, &user, &session, &new).await;
        let id = user.id;
        let outcomes = race(2, |index| {
            let store = Arc::clone(store);
            async move {
                if index == 0 {
                    confirm(&store, live, at).await;
                    return;
                }
                let deleted = event(EventKind::AccountDeleted);
                let deleted = store.delete_user(id, None, &deleted).await;
                deleted.expect("delete_user");
            }
        });
        outcomes.await;
        assert!(by_id(store, user.id).await.is_none());
        for address in [&user.email, &new] {
            insert(store, &new_user(address.as_str())).await;
        }
    }
}

/// A token that was mailed to this address.
pub(super) fn mailed(user: &User, purpose: Purpose, address: &EmailAddress) -> NewOneTimeToken {
    NewOneTimeToken {
        address: address.clone(),
        ..new_token(user, purpose)
    }
}

pub(super) fn change_to(user: &User, address: &EmailAddress) -> NewOneTimeToken {
    mailed(user, Purpose::ConfirmEmailChange, address)
}

pub(super) fn first(token: &NewOneTimeToken) -> TokenDigest {
    *token.digests.first().expect("a token has a digest")
}

/// The checked session of a user with the password hash `first`.
pub(super) fn checked(session: &NewSession) -> CheckedSession {
    CheckedSession {
        id: session.id,
        user_id: session.user_id,
        credential_version: 0,
        verified_hash: Some(super::fixture::hash("first")),
    }
}

pub(super) async fn request(
    store: &Subject,
    session: &NewSession,
    token: &NewOneTimeToken,
) -> Checked {
    let asked = event(EventKind::EmailChangeRequested);
    let checked = checked(session);
    let requested = store.request_email_change(&checked, token, &asked, &[]);
    requested.await.expect("request_email_change")
}

/// Requests a change to this address and returns its token and time.
async fn requested(
    store: &Subject,
    user: &User,
    session: &NewSession,
    address: &EmailAddress,
) -> (TokenDigest, Timestamp) {
    let token = change_to(user, address);
    assert_eq!(request(store, session, &token).await, Checked::Done);
    (first(&token), token.created_at)
}

async fn verify(store: &Subject, digest: TokenDigest, now: Timestamp) -> Option<UserId> {
    let event = event(EventKind::EmailVerified);
    let verified = store.verify_email(&digest, now, &event);
    verified.await.expect("verify_email")
}

pub(super) async fn confirm(
    store: &Subject,
    digest: TokenDigest,
    now: Timestamp,
) -> Option<UserId> {
    let event = event(EventKind::EmailChanged);
    let changed = store.confirm_email_change(&digest, now, &event, None);
    changed.await.expect("confirm_email_change")
}

async fn verified_at(store: &Subject, user: &User) -> Option<Timestamp> {
    credentials(store, user).await.user.email_verified_at
}
