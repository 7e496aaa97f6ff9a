//! The contract of [`OneTimeTokenStore`](crate::store::OneTimeTokenStore).

use std::{sync::Arc, time::Duration};

use super::{
    Subject,
    fixture::{
        MICROSECOND, TASKS, credentials, digest, event, fresh_user, hashed, new_token, now,
        password_hash, race, reset, set_status, try_reset,
    },
};
use crate::{
    clock::Timestamp,
    event::EventKind,
    secret::TokenDigest,
    token::{EndReason, IssueOneTime, NewOneTimeToken, OneTimeStatus, Purpose},
    user::{User, UserId, UserStatus},
};

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    a_token_works_for_its_purpose_only(store).await;
    a_token_ends_at_its_expiry(store).await;
    the_newest_token_wins(store).await;
    the_newest_token_of_a_race_wins(store).await;
    a_repeated_issue_gives_the_same_token(store).await;
    a_new_credential_version_voids_reset_tokens_only(store).await;
    a_disabled_user_gets_no_token(store).await;
    a_spent_token_differs_from_a_void_one(store).await;
}

/// A token for one purpose is refused for any other purpose.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_token_works_for_its_purpose_only(store: &Subject) {
    let user = fresh_user(store).await;
    let token = new_token(&user, Purpose::VerifyEmail);
    let live = issued(store, &token).await;
    let at = token.created_at;
    let found = user_of(store, live, Purpose::VerifyEmail, at).await;
    assert_eq!(found.map(|user| user.id), Some(user.id));
    let other = user_of(store, live, Purpose::ResetPassword, at).await;
    assert!(other.is_none(), "a token was good for another purpose");
    let spent = spend(store, live, at).await;
    assert_eq!(spent, None, "a token of another purpose reset a password");
    let unknown = user_of(store, digest(), Purpose::VerifyEmail, at).await;
    assert!(unknown.is_none(), "an unknown token has a user");
}

/// A token is valid until its expiry.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_token_ends_at_its_expiry(store: &Subject) {
    let user = fresh_user(store).await;
    let token = new_token(&user, Purpose::ResetPassword);
    let live = issued(store, &token).await;
    let end = token.expires_at;
    assert!(user_of(store, live, token.purpose, end).await.is_none());
    assert_eq!(spend(store, live, end).await, None, "spent at its expiry");
    let before = end - MICROSECOND;
    assert!(user_of(store, live, token.purpose, before).await.is_some());
    assert_eq!(spend(store, live, before).await, Some(user.id));
}

/// A newer token replaces an older token, used or not. An older token never replaces a newer one.
///
/// # Panics
/// If the store breaks the contract.
pub async fn the_newest_token_wins(store: &Subject) {
    let user = fresh_user(store).await;
    let older = new_token(&user, Purpose::ResetPassword);
    let old = issued(store, &older).await;
    let mut newer = new_token(&user, Purpose::ResetPassword);
    newer.created_at = older.created_at + MICROSECOND;
    let new = issued(store, &newer).await;
    let at = newer.created_at;
    assert!(user_of(store, old, older.purpose, at).await.is_none());
    assert!(user_of(store, new, newer.purpose, at).await.is_some());
    assert_eq!(issue(store, &older).await, IssueOneTime::Dead);
    let mut twin = new_token(&user, Purpose::ResetPassword);
    twin.created_at = newer.created_at;
    assert_eq!(issue(store, &twin).await, IssueOneTime::Dead);
    assert_eq!(
        spend(store, old, at).await,
        None,
        "an older token was spent"
    );
    assert_eq!(spend(store, new, at).await, Some(user.id));

    let mut newest = new_token(&user, Purpose::ResetPassword);
    newest.created_at = newer.created_at + MICROSECOND;
    newest.credential_version = 1;
    let live = issued(store, &newest).await;
    assert_eq!(spend(store, live, at).await, Some(user.id));

    // Each purpose has its own token.
    let verify = new_token(&user, Purpose::VerifyEmail);
    issued(store, &verify).await;
}

/// At the end, the newest token is live, regardless of the order of the calls.
///
/// # Panics
/// If the store breaks the contract.
pub async fn the_newest_token_of_a_race_wins(store: &Subject) {
    let user = fresh_user(store).await;
    let start = now();
    let tokens: Vec<NewOneTimeToken> = (0..TASKS)
        .map(|index| {
            let mut token = new_token(&user, Purpose::ResetPassword);
            let offset = u64::try_from(index).unwrap_or_default();
            token.created_at = start + Duration::from_millis(offset);
            token
        })
        .collect();
    let outcomes = race(TASKS, |index| {
        let store = Arc::clone(store);
        let token = tokens.get(index).cloned().expect("one token for each task");
        async move { issue(&store, &token).await }
    });
    outcomes.await;
    let newest = tokens.last().expect("there are tokens");
    for token in &tokens {
        let first = *token.digests.first().expect("a token has a digest");
        let found = user_of(store, first, token.purpose, start).await;
        let is_newest = token.created_at == newest.created_at;
        assert_eq!(found.is_some(), is_newest, "only the newest token is live");
    }
}

/// An email that is sent again carries the same link, even after a key rotation.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_repeated_issue_gives_the_same_token(store: &Subject) {
    let user = fresh_user(store).await;
    let mut token = new_token(&user, Purpose::ResetPassword);
    let live = issued(store, &token).await;
    assert_eq!(issue(store, &token).await, IssueOneTime::Live(live));
    token.digests.insert(0, digest());
    assert_eq!(issue(store, &token).await, IssueOneTime::Live(live));
    let at = token.created_at;
    assert_eq!(spend(store, live, at).await, Some(user.id));
    assert_eq!(
        issue(store, &token).await,
        IssueOneTime::Dead,
        "a used token was revived"
    );
    assert_eq!(spend(store, live, at).await, None, "spent a second time");
}

/// A logout everywhere voids a reset token and keeps a verification token.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_new_credential_version_voids_reset_tokens_only(store: &Subject) {
    let user = fresh_user(store).await;
    let token = new_token(&user, Purpose::ResetPassword);
    let live = issued(store, &token).await;
    let verify = issued(store, &new_token(&user, Purpose::VerifyEmail)).await;
    let at = token.created_at;
    let logged_out = event(EventKind::LoggedOutEverywhere);
    let ended = store.end_sessions(user.id, EndReason::LogoutAll, at, &logged_out);
    assert!(ended.await.expect("end_sessions"));
    assert!(user_of(store, live, token.purpose, at).await.is_none());
    assert_eq!(spend(store, live, at).await, None);
    assert_eq!(issue(store, &token).await, IssueOneTime::Dead);
    let verify = user_of(store, verify, Purpose::VerifyEmail, at).await;
    assert!(verify.is_some(), "a verification token was voided");
}

/// A disabled or unknown user gets no new token, and the user's older tokens of any purpose are
/// void.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_disabled_user_gets_no_token(store: &Subject) {
    let user = fresh_user(store).await;
    let token = new_token(&user, Purpose::ResetPassword);
    let live = issued(store, &token).await;
    let proof = new_token(&user, Purpose::VerifyEmail);
    let verify = issued(store, &proof).await;
    let at = proof.created_at;
    set_status(store, user.id, UserStatus::Disabled).await;
    assert!(user_of(store, live, token.purpose, at).await.is_none());
    assert!(user_of(store, verify, proof.purpose, at).await.is_none());
    assert_eq!(spend(store, live, at).await, None);
    assert_eq!(issue(store, &proof).await, IssueOneTime::Dead);
    let mut newer = new_token(&user, Purpose::ResetPassword);
    newer.created_at = at + Duration::from_secs(1);
    assert_eq!(issue(store, &newer).await, IssueOneTime::Dead);
    let found = credentials(store, &user).await;
    assert_eq!(found.user.status, UserStatus::Disabled);
    assert_eq!(password_hash(store, &user).await, hashed("first"));

    let mut nobody = new_token(&user, Purpose::ResetPassword);
    nobody.user_id = UserId::new(at);
    assert_eq!(issue(store, &nobody).await, IssueOneTime::Dead);
}

/// A spent token counts as spent until it expires; a voided token never counts as spent.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_spent_token_differs_from_a_void_one(store: &Subject) {
    let user = fresh_user(store).await;
    let token = new_token(&user, Purpose::ResetPassword);
    let live = issued(store, &token).await;
    let (at, end) = (token.created_at, token.expires_at);
    let other = |purpose| NewOneTimeToken {
        created_at: at,
        expires_at: end,
        ..new_token(&user, purpose)
    };
    let unlock = issued(store, &other(Purpose::Unlock)).await;
    let verify = issued(store, &other(Purpose::VerifyEmail)).await;
    let status = async |digest: TokenDigest, purpose: Purpose, at: Timestamp| {
        let status = store.one_time_status(&digest, purpose, at).await;
        status.expect("one_time_status")
    };
    let is_live = OneTimeStatus::Live(user.email.clone());
    for (digest, purpose) in [
        (live, Purpose::ResetPassword),
        (unlock, Purpose::Unlock),
        (verify, Purpose::VerifyEmail),
    ] {
        assert_eq!(status(digest, purpose, at).await, is_live, "{purpose:?}");
        let dead = status(digest, purpose, end).await;
        assert_eq!(dead, OneTimeStatus::Dead, "the token has expired");
        let other = status(digest, Purpose::ConfirmEmailChange, at).await;
        assert_eq!(other, OneTimeStatus::Dead, "a token of another purpose");
    }
    let unknown = status(digest(), Purpose::Unlock, at).await;
    assert_eq!(unknown, OneTimeStatus::Dead);

    assert_eq!(spend(store, live, at).await, Some(user.id));
    let last = end - MICROSECOND;
    for (digest, purpose, expected) in [
        (live, Purpose::ResetPassword, OneTimeStatus::Used),
        (unlock, Purpose::Unlock, OneTimeStatus::Dead),
        (verify, Purpose::VerifyEmail, OneTimeStatus::Used),
    ] {
        assert_eq!(status(digest, purpose, last).await, expected, "{purpose:?}");
        let dead = status(digest, purpose, end).await;
        assert_eq!(dead, OneTimeStatus::Dead, "the token has expired");
    }
    set_status(store, user.id, UserStatus::Disabled).await;
    let used = status(live, Purpose::ResetPassword, at).await;
    assert_eq!(
        used,
        OneTimeStatus::Used,
        "a disabled account changes the status"
    );

    let mut newer = new_token(&user, Purpose::ResetPassword);
    newer.created_at = at + MICROSECOND;
    set_status(store, user.id, UserStatus::Active).await;
    newer.credential_version = credentials(store, &user).await.credential_version;
    issued(store, &newer).await;
    let replaced = status(live, Purpose::ResetPassword, at).await;
    assert_eq!(replaced, OneTimeStatus::Dead, "a newer token replaced it");
}

pub(super) async fn issue(store: &Subject, token: &NewOneTimeToken) -> IssueOneTime {
    store.issue_one_time(token).await.expect("issue_one_time")
}

/// Issues a token and expects it to be live under its first digest.
pub(super) async fn issued(store: &Subject, token: &NewOneTimeToken) -> TokenDigest {
    let first = *token.digests.first().expect("a token has a digest");
    assert_eq!(issue(store, token).await, IssueOneTime::Live(first));
    first
}

pub(super) async fn user_of(
    store: &Subject,
    digest: TokenDigest,
    purpose: Purpose,
    now: Timestamp,
) -> Option<User> {
    let user = store.one_time_user(&digest, purpose, now).await;
    user.expect("one_time_user")
}

/// Resets the password to the hash `new`.
pub(super) async fn spend(store: &Subject, digest: TokenDigest, now: Timestamp) -> Option<UserId> {
    let spent = try_reset(store, &reset(digest, "new", now), None).await;
    spent.map(|reset| reset.user.id)
}
