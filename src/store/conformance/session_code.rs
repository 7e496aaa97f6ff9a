//! The contract of [`FlowStore::issue_code`](crate::store::FlowStore::issue_code).

use std::time::Duration;

use super::{
    Subject,
    browser_session::{browser_session, enrolled_session, renewal},
    fixture::{MICROSECOND, credentials, digest, event, hash, log_out, new_session, try_open},
    flow::{begin, new_flow, redeem},
};
use crate::{
    clock::Timestamp,
    event::EventKind,
    factor::SpentTotp,
    identity::{CodeChallenge, FlowIntent, FlowProof, NewCode, NewFlow},
    secret::TokenDigest,
    token::{Checked, CheckedSession, EarlierSignIn, EndReason, NewSession, PresentedCookie},
};

const SECOND: Duration = Duration::from_secs(1);

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    a_code_keeps_the_authentication_of_its_session(store).await;
    a_former_cookie_issues_a_code_without_the_second_factor(store).await;
    only_a_live_browser_session_issues_a_code(store).await;
    a_code_is_void_after_its_session_has_ended(store).await;
}

/// The code can be redeemed once, and keeps the authentication as it was when the code was issued.
/// A later reauthentication does not change it.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_code_keeps_the_authentication_of_its_session(store: &Subject) {
    let (user, session) = browser_session(store).await;
    let at = session.created_at + SECOND;
    let (flow, code) = issue(store, &session, session.digest, at).await;
    let (flow, code) = (flow, code.expect("the session is live"));
    let taken = store.take_flow(&flow.flow.state, &flow.binding, at).await;
    assert!(taken.expect("take_flow").is_none(), "the flow was taken");

    let renewed = renewal(session.digest, digest(), at);
    let written = event(EventKind::Reauthenticated);
    let checked = CheckedSession {
        id: session.id,
        user_id: user.id,
        credential_version: 0,
        verified_hash: Some(hash("first")),
    };
    let done = store.reauthenticate(&checked, Some(&renewed), at, &written);
    assert_eq!(done.await.expect("reauthenticate"), Checked::Done);

    let last = code.expires_at - MICROSECOND;
    let wrong = CodeChallenge::of("another verifier");
    assert!(redeem(store, &code.digest, &wrong, last).await.is_none());
    let redeemed = redeem(store, &code.digest, &flow.flow.challenge, last).await;
    let redeemed = redeemed.expect("the code is valid");
    assert_eq!(redeemed.credentials.user.id, user.id);
    let kept = EarlierSignIn {
        session_id: session.id,
        authenticated_at: session.created_at,
        methods: session.methods.clone(),
        second_factor_at: None,
        factor_version: session.factor_version,
    };
    assert_eq!(redeemed.proof, FlowProof::Session(kept));
    let again = redeem(store, &code.digest, &flow.flow.challenge, last).await;
    assert!(again.is_none(), "a code was spent twice");

    let (flow, code) = issue(store, &session, renewed.successor, at).await;
    let code = code.expect("the session is live");
    let end = code.expires_at;
    let late = redeem(store, &code.digest, &flow.flow.challenge, end).await;
    assert!(late.is_none(), "an expired code was spent");
}

/// After a second factor is presented, a code issued with the new cookie records that factor. A code issued with the
/// previous cookie does not.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_former_cookie_issues_a_code_without_the_second_factor(store: &Subject) {
    let (user, session, factor) = enrolled_session(store).await;
    let at = session.created_at + SECOND;
    let renewed = renewal(session.digest, digest(), at);
    let spent = SpentTotp {
        id: factor,
        step: 2,
        resealed: None,
    };
    let written = event(EventKind::Reauthenticated);
    let (id, renewal) = (session.id, Some(&renewed));
    let done = store.authenticate_with_totp(id, user.id, &spent, renewal, at, &written);
    assert_eq!(done.await.expect("authenticate_with_totp"), Checked::Done);
    let factor_version = credentials(store, &user).await.factor_version;
    for (cookie, second_factor_at) in [(renewed.successor, Some(at)), (session.digest, None)] {
        let (flow, code) = issue(store, &session, cookie, at).await;
        let code = code.expect("the session is live");
        let redeemed = redeem(store, &code.digest, &flow.flow.challenge, at).await;
        let FlowProof::Session(kept) = redeemed.expect("the code is valid").proof else {
            panic!("the code of a session is not the code of a provider");
        };
        assert_eq!(kept.second_factor_at, second_factor_at);
        assert_eq!(
            kept.methods.have_second_factor(),
            second_factor_at.is_some()
        );
        assert_eq!(kept.factor_version, factor_version);
    }
    let end = renewed.former_until;
    let (_, code) = issue(store, &session, session.digest, end).await;
    assert!(code.is_none(), "a replaced cookie issued a code");
}

/// No code is issued for a different cookie, a session with tokens, or a session that has ended.
///
/// # Panics
/// If the store breaks the contract.
pub async fn only_a_live_browser_session_issues_a_code(store: &Subject) {
    let (user, session) = browser_session(store).await;
    let at = session.created_at;
    let with_tokens = new_session(user.id, 0);
    assert!(try_open(store, &with_tokens).await.is_some());
    let (_, other) = browser_session(store).await;
    let mixed = NewSession {
        user_id: other.user_id,
        ..session.clone()
    };
    for (session, cookie, at) in [
        (&session, digest(), at),
        (&session, session.digest, session.idle_expires_at),
        (&with_tokens, with_tokens.digest, at),
        (&mixed, session.digest, at),
    ] {
        let (flow, code) = issue(store, session, cookie, at).await;
        assert!(code.is_none(), "a foreign cookie issued a code");
        // Nothing was written, so the same state can begin another flow.
        begin(store, &flow).await;
    }
    let ended = event(EventKind::LoggedOut);
    let ended = store.end_session(session.id, EndReason::Logout, at, &ended);
    assert_eq!(ended.await.expect("end_session"), Some(user.id));
    let (_, code) = issue(store, &session, session.digest, at).await;
    assert!(code.is_none(), "an ended session issued a code");
}

/// A logout voids the codes of its session. A logout everywhere voids those of all sessions.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_code_is_void_after_its_session_has_ended(store: &Subject) {
    let (user, session) = browser_session(store).await;
    let at = session.created_at;
    let (flow, code) = issue(store, &session, session.digest, at).await;
    let code = code.expect("the session is live");
    let written = event(EventKind::LoggedOutEverywhere);
    let ended = store.end_sessions(user.id, EndReason::LogoutAll, at, &written);
    assert!(ended.await.expect("end_sessions"));
    let redeemed = redeem(store, &code.digest, &flow.flow.challenge, at).await;
    assert!(redeemed.is_none(), "a code survived a logout everywhere");

    let (_, session) = browser_session(store).await;
    let at = session.created_at;
    let (flow, code) = issue(store, &session, session.digest, at).await;
    let code = code.expect("the session is live");
    assert!(log_out(store, &session).await);
    let redeemed = redeem(store, &code.digest, &flow.flow.challenge, at).await;
    assert!(redeemed.is_none(), "a code survived its session");
}

/// Requests a code with this cookie; `None` if the store refuses.
async fn issue(
    store: &Subject,
    session: &NewSession,
    cookie: TokenDigest,
    at: Timestamp,
) -> (NewFlow, Option<NewCode>) {
    let flow = NewFlow {
        created_at: at,
        expires_at: at + 60 * SECOND,
        ..new_flow(FlowIntent::SignIn)
    };
    let code = NewCode {
        flow: flow.flow.state,
        digest: digest(),
        expires_at: flow.expires_at,
    };
    let cookie = PresentedCookie {
        session_id: session.id,
        user_id: session.user_id,
        digest: cookie,
    };
    let issued = store.issue_code(&cookie, &flow, &code).await;
    let issued = issued.expect("issue_code");
    (flow, issued.then_some(code))
}
