//! The contract of [`BrowserSessionStore`](crate::store::BrowserSessionStore), and of the renewal of cookies.

use std::{sync::Arc, time::Duration};

use super::{
    Subject,
    factor::enrol,
    fixture::{
        MICROSECOND, TASKS, credentials, digest, event, fresh_user, hash, log_out, new_session,
        race, try_open,
    },
};
use crate::{
    clock::Timestamp,
    event::EventKind,
    factor::{FactorId, SpentTotp},
    secret::TokenDigest,
    token::{
        Checked, CheckedSession, EndReason, Method, NewSession, PresentedCookie, RenewedCookie,
        SessionKind, SessionUser,
    },
    user::User,
};

const SECOND: Duration = Duration::from_secs(1);

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    cookie_finds_its_live_session(store).await;
    use_of_a_session_prolongs_it(store).await;
    former_cookie_keeps_its_authentication_for_a_while(store).await;
    concurrent_renewals_leave_one_successor(store).await;
    second_factor_renews_the_cookie(store).await;
    second_factor_needs_the_current_cookie(store).await;
    new_password_voids_every_earlier_cookie(store).await;
}

/// A user is found only by the cookie of a live browser session.
///
/// # Panics
/// If the store breaks the contract.
pub async fn cookie_finds_its_live_session(store: &Subject) {
    let (user, session) = browser_session(store).await;
    let at = session.created_at;
    let found = find(store, &session, session.digest, at).await;
    let found = found.expect("the session is live");
    assert_eq!(found.user.id, user.id);
    assert_eq!(found.authenticated_at, at);
    assert_eq!(found.methods, session.methods);
    assert_eq!(found.idle_expires_at, session.idle_expires_at);
    assert_eq!(found.absolute_expires_at, session.absolute_expires_at);
    assert!(find(store, &session, digest(), at).await.is_none());
    let end = session.idle_expires_at;
    assert!(find(store, &session, session.digest, end).await.is_none());
    let (_, other) = browser_session(store).await;
    let mixed = NewSession {
        id: session.id,
        ..other.clone()
    };
    assert!(find(store, &mixed, session.digest, at).await.is_none());

    let with_tokens = new_session(user.id, 0);
    assert!(try_open(store, &with_tokens).await.is_some());
    let digest = with_tokens.digest;
    assert!(find(store, &with_tokens, digest, at).await.is_none());

    let ended = event(EventKind::LoggedOut);
    let ended = store.end_session(session.id, EndReason::Logout, at, &ended);
    assert_eq!(ended.await.expect("end_session"), Some(user.id));
    assert!(find(store, &session, session.digest, at).await.is_none());
    assert!(log_out(store, &other).await);
    assert!(find(store, &other, other.digest, at).await.is_none());
}

/// The idle expiry only grows, and nothing revives an ended session.
///
/// # Panics
/// If the store breaks the contract.
pub async fn use_of_a_session_prolongs_it(store: &Subject) {
    let (_, session) = browser_session(store).await;
    let at = session.created_at + SECOND;
    let later = session.idle_expires_at + SECOND;
    for (until, expected) in [(later, later), (session.idle_expires_at, later)] {
        let used = store.use_browser_session(session.id, until, at).await;
        used.expect("use_browser_session");
        let found = find(store, &session, session.digest, at).await;
        assert_eq!(found.expect("it is live").idle_expires_at, expected);
    }
    let listed = store.sessions(session.user_id, at).await.expect("sessions");
    assert_eq!(listed.first().expect("a session").rotated_at, at);
    let dead = later + SECOND;
    let used = store.use_browser_session(session.id, dead + SECOND, dead);
    used.await.expect("use_browser_session");
    assert!(find(store, &session, session.digest, dead).await.is_none());
}

/// After a reauthentication, the former cookie finds the session as it was before, until that
/// cookie expires.
///
/// # Panics
/// If the store breaks the contract.
pub async fn former_cookie_keeps_its_authentication_for_a_while(store: &Subject) {
    let (_, session) = browser_session(store).await;
    let at = session.created_at + SECOND;
    let renewed = renewal(session.digest, digest(), at);
    for _ in 0..2 {
        let done = reauthenticate(store, &session, &renewed, at).await;
        assert_eq!(done, Checked::Done, "a repeated renewal has one successor");
    }
    let found = find(store, &session, renewed.successor, at).await;
    let found = found.expect("the new cookie is accepted");
    assert_eq!(found.authenticated_at, at);
    assert!(found.methods.contains(Method::Password));
    let last = renewed.former_until - MICROSECOND;
    let former = find(store, &session, session.digest, last).await;
    let former = former.expect("the former cookie is still accepted");
    assert_eq!(former.authenticated_at, session.created_at);
    assert_eq!(former.methods, session.methods);
    let end = renewed.former_until;
    assert!(find(store, &session, session.digest, end).await.is_none());
    assert_eq!(
        reauthenticate(store, &session, &renewed, end).await,
        Checked::Stale
    );
    let stranger = renewal(digest(), digest(), at);
    assert_eq!(
        reauthenticate(store, &session, &stranger, at).await,
        Checked::Stale
    );
    assert!(
        find(store, &session, renewed.successor, end)
            .await
            .is_some()
    );
}

/// Any number of concurrent renewals of the same cookie succeed with the same successor.
///
/// # Panics
/// If the store breaks the contract.
pub async fn concurrent_renewals_leave_one_successor(store: &Subject) {
    let (_, session) = browser_session(store).await;
    let at = session.created_at + SECOND;
    let renewed = renewal(session.digest, digest(), at);
    let outcomes = race(TASKS, |_| {
        let (store, session) = (Arc::clone(store), session.clone());
        async move { reauthenticate(&store, &session, &renewed, at).await }
    })
    .await;
    assert!(outcomes.iter().all(|outcome| *outcome == Checked::Done));
    for cookie in [renewed.successor, session.digest] {
        assert!(find(store, &session, cookie, at).await.is_some());
    }
}

/// Presenting a code renews the cookie, and the former cookie still represents an authentication without the second
/// factor.
///
/// # Panics
/// If the store breaks the contract.
pub async fn second_factor_renews_the_cookie(store: &Subject) {
    let (user, session, factor) = enrolled_session(store).await;
    let at = session.created_at;
    let spent = |step| SpentTotp {
        id: factor,
        step,
        resealed: None,
    };
    let stranger = renewal(digest(), digest(), at);
    let renewed = renewal(session.digest, digest(), at);
    for (step, renewed, expected) in [
        (2, stranger, Checked::Stale),
        (2, renewed, Checked::Done),
        (3, renewed, Checked::Stale),
    ] {
        let (id, user) = (session.id, user.id);
        let (spent, written) = (spent(step), event(EventKind::Reauthenticated));
        let done = store.authenticate_with_totp(id, user, &spent, Some(&renewed), at, &written);
        assert_eq!(done.await.expect("authenticate_with_totp"), expected);
    }
    let strong = find(store, &session, renewed.successor, at).await;
    assert_eq!(strong.expect("it is live").second_factor_at, Some(at));
    let former = find(store, &session, session.digest, at).await;
    let former = former.expect("it is still accepted");
    assert_eq!(former.second_factor_at, None);
    assert!(!former.methods.have_second_factor());
    assert_eq!(
        reauthenticate(store, &session, &renewed, at).await,
        Checked::Stale,
        "a password gained the second factor"
    );
}

/// A second factor strengthens a session only with the current cookie, not with a cookie that has been replaced since.
///
/// # Panics
/// If the store breaks the contract.
pub async fn second_factor_needs_the_current_cookie(store: &Subject) {
    let (user, session, factor) = enrolled_session(store).await;
    let at = session.created_at;
    let renewed = renewal(session.digest, digest(), at);
    assert_eq!(
        reauthenticate(store, &session, &renewed, at).await,
        Checked::Done
    );
    let (written, spent) = (
        event(EventKind::Reauthenticated),
        SpentTotp {
            id: factor,
            step: 2,
            resealed: None,
        },
    );
    let (id, renewed) = (session.id, Some(&renewed));
    let done = store.authenticate_with_totp(id, user.id, &spent, renewed, at, &written);
    let done = done.await.expect("authenticate_with_totp");
    assert_eq!(done, Checked::Stale);
}

/// After a password change, only the new cookie is accepted.
///
/// # Panics
/// If the store breaks the contract.
pub async fn new_password_voids_every_earlier_cookie(store: &Subject) {
    let (_, session) = browser_session(store).await;
    let at = session.created_at;
    let first = renewal(session.digest, digest(), at);
    assert_eq!(
        reauthenticate(store, &session, &first, at).await,
        Checked::Done
    );
    let former = renewal(session.digest, digest(), at);
    let stranger = renewal(digest(), digest(), at);
    let second = renewal(first.successor, digest(), at);
    for (renewed, expected) in [
        (former, Checked::Stale),
        (stranger, Checked::Stale),
        (second, Checked::Done),
    ] {
        let written = event(EventKind::PasswordChanged);
        let (checked, new) = (checked(&session), hash("second"));
        let changed = store.change_password(&checked, Some(&renewed), &new, at, &written, None);
        assert_eq!(changed.await.expect("change_password"), expected);
    }
    for (cookie, is_accepted) in [
        (session.digest, false),
        (first.successor, false),
        (second.successor, true),
    ] {
        let found = find(store, &session, cookie, at).await;
        assert_eq!(found.is_some(), is_accepted);
    }
}

/// An open browser session in which the user, who has an authenticator app, has not presented a code.
pub(super) async fn enrolled_session(store: &Subject) -> (User, NewSession, FactorId) {
    let (user, session) = browser_session(store).await;
    let factor = enrol(store, &session, 1).await;
    let session = NewSession {
        factor_version: credentials(store, &user).await.factor_version,
        kind: SessionKind::browser(true),
        ..new_session(user.id, 0)
    };
    assert!(try_open(store, &session).await.is_some());
    (user, session, factor)
}

/// An open browser session of a fresh user, whose password is `first`.
pub(super) async fn browser_session(store: &Subject) -> (User, NewSession) {
    let user = fresh_user(store).await;
    let session = NewSession {
        kind: SessionKind::browser(true),
        methods: [Method::Provider].into_iter().collect(),
        ..new_session(user.id, 0)
    };
    let opened = try_open(store, &session).await;
    (opened.expect("the session opens"), session)
}

async fn find(
    store: &Subject,
    session: &NewSession,
    digest: TokenDigest,
    at: Timestamp,
) -> Option<SessionUser> {
    let cookie = PresentedCookie {
        session_id: session.id,
        user_id: session.user_id,
        digest,
    };
    let found = store.browser_user(&cookie, at).await;
    found.expect("browser_user").map(|found| found.session)
}

pub(super) fn renewal(
    presented: TokenDigest,
    successor: TokenDigest,
    at: Timestamp,
) -> RenewedCookie {
    RenewedCookie {
        presented,
        successor,
        former_until: at + 30 * SECOND,
    }
}

fn checked(session: &NewSession) -> CheckedSession {
    CheckedSession {
        id: session.id,
        user_id: session.user_id,
        credential_version: 0,
        verified_hash: Some(hash("first")),
    }
}

async fn reauthenticate(
    store: &Subject,
    session: &NewSession,
    renewed: &RenewedCookie,
    at: Timestamp,
) -> Checked {
    let written = event(EventKind::Reauthenticated);
    let checked = checked(session);
    let done = store.reauthenticate(&checked, Some(renewed), at, &written);
    done.await.expect("reauthenticate")
}
