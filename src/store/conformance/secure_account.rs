//! The contract of the tokens in notices: their number, what voids them, and the effect of spending one.

use std::{sync::Arc, time::Duration};

use super::{
    Subject,
    address::mailed,
    fixture::{
        TASKS, count_events, credentials, current_session, event, events_of, fresh_session,
        fresh_user, hash, hashed, insert, is_live, new_token, new_user, now, password_hash, race,
        set_status, try_open, unique,
    },
    one_time_token::{issue, issued, user_of},
    outbox::complete,
};
use crate::{
    clock::Timestamp,
    event::EventKind,
    mail::{Intent, LetterKind, Ordered, Recipient},
    secret::TokenDigest,
    token::{
        EndReason, IssueOneTime, NewOneTimeToken, OneTimeStatus, Purpose,
        SECURE_TOKENS_PER_ADDRESS, SECURE_TOKENS_PER_USER, SecureAccount, SecuredAccount,
    },
    user::{EmailAddress, User, UserStatus},
};

const PURPOSE: Purpose = Purpose::SecureAccount;

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    a_change_of_the_account_voids_no_token_of_a_notice(store).await;
    tokens_of_notices_are_bounded(store).await;
    a_race_of_notices_keeps_the_bound(store).await;
    securing_ends_sessions_and_mails_a_reset(store).await;
    an_account_without_a_password_stays_without_one(store).await;
    a_former_address_ends_sessions_only(store).await;
    a_token_of_a_notice_is_spent_once(store).await;
    a_disabled_user_cannot_secure_the_account(store).await;
}

/// Neither new credentials nor a new address void the token.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_change_of_the_account_voids_no_token_of_a_notice(store: &Subject) {
    let user = fresh_user(store).await;
    let token = new_token(&user, PURPOSE);
    let live = issued(store, &token).await;
    let at = token.created_at;
    for _ in 0..2 {
        let event = event(EventKind::LoggedOutEverywhere);
        let ended = store.end_sessions(user.id, EndReason::LogoutAll, at, &event);
        assert!(ended.await.expect("end_sessions"));
    }
    assert!(user_of(store, live, PURPOSE, at).await.is_some());
    let status = status(store, live, at).await;
    assert_eq!(status, OneTimeStatus::Live(user.email.clone()));
    let again = issue(store, &token).await;
    assert_eq!(again, IssueOneTime::Live(live), "the letter is sent again");
    let former = elsewhere(&user);
    let live = issued(store, &former).await;
    assert!(user_of(store, live, PURPOSE, at).await.is_some());
    let end = former.expires_at;
    assert!(user_of(store, live, PURPOSE, end).await.is_none());
}

/// Each address keeps its newest tokens. An account at the maximum loses the newest tokens of other addresses.
///
/// # Panics
/// If the store breaks the contract.
pub async fn tokens_of_notices_are_bounded(store: &Subject) {
    let user = fresh_user(store).await;
    let start = now();
    let count = u64::from(SECURE_TOKENS_PER_ADDRESS) + 2;
    let own = series(&user, &user.email, start, count);
    for token in &own {
        issued(store, token).await;
    }
    assert_eq!(live(store, &own).await, numbers(2..count));

    // Somebody moves the account from address to address.
    let addresses = u64::from(SECURE_TOKENS_PER_USER / SECURE_TOKENS_PER_ADDRESS) + 1;
    let mut others = Vec::new();
    for step in 1..=addresses {
        let address = elsewhere(&user).address;
        let at = start + Duration::from_secs(60 * step);
        let tokens = series(&user, &address, at, u64::from(SECURE_TOKENS_PER_ADDRESS));
        for token in &tokens {
            issued(store, token).await;
        }
        others.push(tokens);
    }
    assert_eq!(
        live(store, &own).await,
        numbers(2..count),
        "the oldest stay"
    );
    let last = others.pop().expect("there are other addresses");
    assert_eq!(live(store, &last).await.len(), last.len());
    let mut kept = live(store, &own).await.len() + last.len();
    for tokens in &others {
        kept += live(store, tokens).await.len();
    }
    assert_eq!(u32::try_from(kept), Ok(SECURE_TOKENS_PER_USER));
}

/// Concurrent calls do not exceed the maximum, and each call that stored its token reports this.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_race_of_notices_keeps_the_bound(store: &Subject) {
    let user = fresh_user(store).await;
    let count = u64::try_from(TASKS).unwrap_or_default();
    let tokens = series(&user, &user.email, now(), count);
    let outcomes = race(TASKS, |index| {
        let store = Arc::clone(store);
        let token = tokens.get(index).cloned().expect("one token for each task");
        async move { issue(&store, &token).await }
    });
    for (outcome, token) in outcomes.await.into_iter().zip(&tokens) {
        assert_eq!(outcome, IssueOneTime::Live(first(token)));
    }
    let kept = u64::from(SECURE_TOKENS_PER_ADDRESS);
    assert_eq!(live(store, &tokens).await, numbers(count - kept..count));
}

/// Sessions end, the password becomes unusable, and the other notices to the address count as used. The mailed link is
/// valid for the account as it is after this change.
///
/// # Panics
/// If the store breaks the contract.
pub async fn securing_ends_sessions_and_mails_a_reset(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let (_, stranger) = fresh_session(store).await;
    let [older, newer, former] = [
        new_token(&user, PURPOSE),
        new_token(&user, PURPOSE),
        elsewhere(&user),
    ];
    let [spent, other, elsewhere] = [
        issued(store, &older).await,
        issued(store, &newer).await,
        issued(store, &former).await,
    ];
    let reset = new_token(&user, Purpose::ResetPassword);
    let voided = issued(store, &reset).await;
    let at = former.created_at;
    let secured = secure(store, spent, at)
        .await
        .expect("the account is secured");
    assert_eq!(
        secured,
        SecuredAccount {
            user_id: user.id,
            letter: Some("password_changed".to_owned()),
            is_reset_mailed: true,
        }
    );
    assert!(!is_live(store, &session, at).await, "a session survived");
    assert!(is_live(store, &stranger, at).await);
    let found = credentials(store, &user).await;
    assert_eq!((found.credential_version, found.user.updated_at), (1, at));
    assert_eq!(password_hash(store, &user).await, hashed("useless"));
    assert!(
        user_of(store, voided, Purpose::ResetPassword, at)
            .await
            .is_none()
    );
    for digest in [spent, other] {
        assert_eq!(status(store, digest, at).await, OneTimeStatus::Used);
        assert!(secure(store, digest, at).await.is_none());
    }
    let live = OneTimeStatus::Live(former.address.clone());
    assert_eq!(status(store, elsewhere, at).await, live);

    let events = events_of(store, user.id).await;
    let event = events
        .iter()
        .find(|event| event.kind == EventKind::AccountSecured);
    let detail = &event.expect("an event").detail;
    assert_eq!(detail.get("letter"), Some(&"password_changed".into()));
    assert_eq!(detail.get("reset_mailed"), Some(&true.into()));
    let ordered = Ordered {
        user_id: user.id,
        address: user.email.clone(),
        credential_version: 1,
    };
    assert_eq!(resets(store, &user).await, [ordered]);
    let opened = try_open(store, &current_session(store, &user).await).await;
    assert!(opened.is_some(), "nobody can sign in afterwards");
}

/// An account without a password is not given one, but its user gets the link that sets one.
///
/// # Panics
/// If the store breaks the contract.
pub async fn an_account_without_a_password_stays_without_one(store: &Subject) {
    let mut new = new_user(&format!("{}@example.org", unique()));
    new.password_hash = None;
    let user = insert(store, &new).await;
    let token = new_token(&user, PURPOSE);
    let spent = issued(store, &token).await;
    let secured = secure(store, spent, token.created_at).await;
    assert!(secured.expect("the account is secured").is_reset_mailed);
    assert_eq!(password_hash(store, &user).await, None);
    assert_eq!(resets(store, &user).await.len(), 1);
}

/// The token of a notice to a former address ends sessions, and does nothing else.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_former_address_ends_sessions_only(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let token = elsewhere(&user);
    let spent = issued(store, &token).await;
    let own = issued(store, &new_token(&user, PURPOSE)).await;
    let at = token.created_at;
    let secured = secure(store, spent, at).await.expect("the sessions end");
    assert!(!secured.is_reset_mailed);
    assert!(!is_live(store, &session, at).await, "a session survived");
    assert_eq!(credentials(store, &user).await.credential_version, 1);
    assert_eq!(password_hash(store, &user).await, hashed("first"));
    assert_eq!(resets(store, &user).await, []);
    assert_eq!(status(store, spent, at).await, OneTimeStatus::Used);
    assert!(user_of(store, own, PURPOSE, at).await.is_some());
}

/// If several calls use tokens of the same address concurrently, exactly one takes effect.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_token_of_a_notice_is_spent_once(store: &Subject) {
    let user = fresh_user(store).await;
    let tokens = [new_token(&user, PURPOSE), new_token(&user, PURPOSE)];
    for token in &tokens {
        issued(store, token).await;
    }
    let at = tokens[0].created_at;
    let outcomes = race(TASKS, |index| {
        let store = Arc::clone(store);
        let [one, other] = &tokens;
        let digest = first(if index % 2 == 0 { one } else { other });
        async move { secure(&store, digest, at).await }
    });
    let done = outcomes.await.iter().flatten().count();
    assert_eq!(done, 1, "the account was secured {done} times");
    assert_eq!(credentials(store, &user).await.credential_version, 1);
    let events = count_events(store, &user, EventKind::AccountSecured).await;
    assert_eq!(events, 1);
    assert_eq!(resets(store, &user).await.len(), 1);
}

/// A disabled user has no token and gets none.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_disabled_user_cannot_secure_the_account(store: &Subject) {
    let user = fresh_user(store).await;
    let token = new_token(&user, PURPOSE);
    let live = issued(store, &token).await;
    set_status(store, user.id, UserStatus::Disabled).await;
    let at = token.created_at;
    assert!(user_of(store, live, PURPOSE, at).await.is_none());
    assert!(secure(store, live, at).await.is_none());
    assert_eq!(status(store, live, at).await, OneTimeStatus::Dead);
    let another = issue(store, &new_token(&user, PURPOSE)).await;
    assert_eq!(another, IssueOneTime::Dead);
}

/// A token that was mailed to an address that the user does not have.
fn elsewhere(user: &User) -> NewOneTimeToken {
    let address = format!("{}@example.net", unique());
    mailed(user, PURPOSE, &super::fixture::address(&address))
}

/// Tokens that were mailed to one address at intervals of one second.
fn series(
    user: &User,
    address: &EmailAddress,
    start: Timestamp,
    count: u64,
) -> Vec<NewOneTimeToken> {
    let token = |second| NewOneTimeToken {
        created_at: start + Duration::from_secs(second),
        expires_at: start + Duration::from_secs(86_400),
        ..mailed(user, PURPOSE, address)
    };
    (0..count).map(token).collect()
}

/// The indices of the tokens that can be spent.
async fn live(store: &Subject, tokens: &[NewOneTimeToken]) -> Vec<u64> {
    let mut live = Vec::new();
    for (position, token) in (0..).zip(tokens) {
        let found = user_of(store, first(token), PURPOSE, token.created_at).await;
        live.extend(found.map(|_| position));
    }
    live
}

fn numbers(range: std::ops::Range<u64>) -> Vec<u64> {
    range.collect()
}

fn first(token: &NewOneTimeToken) -> TokenDigest {
    *token.digests.first().expect("a token has a digest")
}

async fn status(store: &Subject, digest: TokenDigest, at: Timestamp) -> OneTimeStatus {
    let status = store.one_time_status(&digest, PURPOSE, at).await;
    status.expect("one_time_status")
}

async fn secure(store: &Subject, digest: TokenDigest, at: Timestamp) -> Option<SecuredAccount> {
    let secure = SecureAccount {
        digest,
        useless_hash: hash("useless"),
        now: at,
    };
    let lifetime = Duration::from_secs(1800);
    let reset = Intent::new(
        LetterKind::AccountSecured,
        Recipient::UserOfFact,
        at,
        lifetime,
    );
    let event = event(EventKind::AccountSecured);
    let secured = store.secure_account(&secure, &event, &reset);
    secured.await.expect("secure_account")
}

/// Claims all pending emails, and returns the accounts for which this user's password reset emails were requested.
async fn resets(store: &Subject, user: &User) -> Vec<Ordered> {
    let now = now();
    let claims = store.claim(now, now + Duration::from_secs(30), 100_000);
    let claimed = claims.await.expect("claim").intents;
    for claimed in &claimed {
        complete(store, claimed).await;
    }
    let resets = claimed
        .into_iter()
        .filter(|claimed| claimed.intent.letter == LetterKind::AccountSecured);
    let ordered = resets.filter_map(|claimed| claimed.ordered);
    ordered
        .filter(|ordered| ordered.user_id == user.id)
        .collect()
}
