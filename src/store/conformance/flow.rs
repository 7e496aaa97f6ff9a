//! The contract of [`FlowStore`](crate::store::FlowStore): flows and their codes.

use std::{sync::Arc, time::Duration};

use super::{
    Subject,
    fixture::{
        MICROSECOND, TASKS, credentials, delete, digest, event, events_of, fresh_address,
        fresh_user, new_user, now, race, set_status, unique,
    },
};
use crate::{
    clock::Timestamp,
    event::{Author, ClientInfo, Event, EventKind},
    identity::{
        Assertion, CodeChallenge, Flow, FlowIntent, FlowProof, Identity, IdentityAdmission,
        IdentityId, IdentitySignIn, NewCode, NewFlow, Redeemed,
    },
    secret::TokenDigest,
    token::EndReason,
    user::{EmailAddress, User, UserId, UserStatus},
};

const RACES: usize = 16;
const ROUNDS: usize = 16;
const MINUTE: Duration = Duration::from_secs(60);

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    a_flow_is_taken_as_it_was_kept(store).await;
    a_pending_flow_is_taken_by_its_own_browser_only(store).await;
    a_flow_is_taken_once_in_a_race(store).await;
    a_code_is_good_for_its_user(store).await;
    a_code_is_spent_only_by_the_user_who_began_the_flow(store).await;
    a_code_is_spent_once_in_a_race(store).await;
    a_code_expires(store).await;
    a_code_is_void_after_a_change_of_credentials(store).await;
    a_linking_code_signs_nobody_in(store).await;
}

/// Every field is returned as it was stored, for both intents, with and without the application's
/// state.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_flow_is_taken_as_it_was_kept(store: &Subject) {
    for (intent, app_state) in [
        (FlowIntent::SignIn, None),
        (
            FlowIntent::Link,
            Some("q=1&name=\u{1f511} O'Neil".to_owned()),
        ),
    ] {
        let mut new = new_flow(intent);
        new.flow.app_state = app_state;
        begin(store, &new).await;
        let taken = take(store, &new.flow.state, &new.binding, new.created_at).await;
        assert_eq!(taken, Some(new.flow));
    }
}

/// Only the browser that began a flow can take it, once and before it expires. A failed attempt
/// does not take the flow.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_pending_flow_is_taken_by_its_own_browser_only(store: &Subject) {
    let (new, other) = (new_flow(FlowIntent::SignIn), new_flow(FlowIntent::SignIn));
    begin(store, &new).await;
    begin(store, &other).await;
    let (state, last) = (new.flow.state, new.expires_at - MICROSECOND);
    for (state, binding, at) in [
        (&state, &other.binding, last),
        (&other.flow.state, &new.binding, last),
        (&digest(), &new.binding, last),
        (&state, &digest(), last),
        (&state, &new.binding, new.expires_at),
    ] {
        let taken = take(store, state, binding, at).await;
        assert!(taken.is_none(), "a foreign browser took a flow");
    }
    assert!(take(store, &state, &new.binding, last).await.is_some());
    let again = take(store, &state, &new.binding, last).await;
    assert!(again.is_none(), "a flow was taken twice");
}

/// Invariant I1: of many concurrent calls, exactly one takes the flow.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_flow_is_taken_once_in_a_race(store: &Subject) {
    let new = new_flow(FlowIntent::SignIn);
    begin(store, &new).await;
    let taken = race(TASKS, |_| {
        let (store, new) = (Arc::clone(store), new.clone());
        async move { take(&store, &new.flow.state, &new.binding, new.created_at).await }
    });
    let taken = taken.await.into_iter().flatten().count();
    assert_eq!(taken, 1, "a flow was taken {taken} times");
}

/// The code can be redeemed once, and returns the user's current credentials and the provider's
/// name.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_code_is_good_for_its_user(store: &Subject) {
    let (user, flow, code) = admitted(store).await;
    let at = code.expires_at - MICROSECOND;
    let redeemed = redeem(store, &code.digest, &flow.challenge, at).await;
    let redeemed = redeemed.expect("a good code");
    assert_eq!(redeemed.proof, FlowProof::Provider(flow.provider));
    let expected = credentials(store, &user).await;
    let found = redeemed.credentials;
    assert_eq!(found.user, expected.user);
    assert_eq!(found.credential_version, expected.credential_version);
    assert_eq!(
        found.password_hash.map(|hash| hash.expose().to_owned()),
        expected.password_hash.map(|hash| hash.expose().to_owned())
    );
    let again = redeem(store, &code.digest, &flow.challenge, at).await;
    assert!(again.is_none(), "a code was spent twice");
}

/// A call with a wrong verifier or code does not sign the user in and does not use up the code.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_code_is_spent_only_by_the_user_who_began_the_flow(store: &Subject) {
    let (_, flow, code) = admitted(store).await;
    let (_, other, _) = admitted(store).await;
    let at = now();
    for (code, challenge) in [
        (&code.digest, &CodeChallenge::of("another verifier")),
        (&code.digest, &other.challenge),
        (&digest(), &flow.challenge),
    ] {
        let redeemed = redeem(store, code, challenge, at).await;
        assert!(redeemed.is_none(), "another user spent a code");
    }
    let redeemed = redeem(store, &code.digest, &flow.challenge, at).await;
    assert!(redeemed.is_some(), "another user burnt the code");
}

/// Invariant I1: of many concurrent calls, exactly one redeems the code.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_code_is_spent_once_in_a_race(store: &Subject) {
    for _ in 0..ROUNDS {
        let (_, flow, code) = admitted(store).await;
        let at = now();
        let redeemed = race(RACES, |_| {
            let (store, challenge) = (Arc::clone(store), flow.challenge.clone());
            async move { redeem(&store, &code.digest, &challenge, at).await }
        });
        let redeemed = redeemed.await.into_iter().flatten().count();
        assert_eq!(redeemed, 1, "a code was spent {redeemed} times");
    }
}

/// A code is void after it has expired.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_code_expires(store: &Subject) {
    let (_, flow, code) = admitted(store).await;
    let late = redeem(store, &code.digest, &flow.challenge, code.expires_at).await;
    assert!(late.is_none(), "an expired code was spent");
}

/// The code of a disabled, logged-out or deleted user is void, even if the user is enabled again.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_code_is_void_after_a_change_of_credentials(store: &Subject) {
    let at = now();
    let (user, flow, code) = admitted(store).await;
    for status in [UserStatus::Disabled, UserStatus::Active] {
        set_status(store, user.id, status).await;
        let redeemed = redeem(store, &code.digest, &flow.challenge, at).await;
        assert!(
            redeemed.is_none(),
            "a code survived a change of credentials"
        );
    }
    let (user, flow, code) = admitted(store).await;
    let logged_out = event(EventKind::LoggedOutEverywhere);
    let ended = store.end_sessions(user.id, EndReason::LogoutAll, at, &logged_out);
    assert!(ended.await.expect("end_sessions"));
    let redeemed = redeem(store, &code.digest, &flow.challenge, at).await;
    assert!(redeemed.is_none(), "a code survived a logout everywhere");

    let (user, flow, code) = admitted(store).await;
    delete(store, user.id, None).await;
    let redeemed = redeem(store, &code.digest, &flow.challenge, at).await;
    assert!(redeemed.is_none(), "a code survived its user");
}

/// The code of an offered identity is accepted only for linking, and the offer alone does not link
/// the identity.
///
/// # Panics
/// If the store breaks the contract.
pub async fn a_linking_code_signs_nobody_in(store: &Subject) {
    let user = fresh_user(store).await;
    let before = events_of(store, user.id).await.len();
    let (flow, code) = offered(store, &assertion(&user.email)).await;
    let redeemed = redeem(store, &code.digest, &flow.challenge, now()).await;
    assert!(redeemed.is_none(), "the code of a link signed somebody in");
    let identities = store.identities(user.id).await.expect("identities");
    assert!(identities.is_empty(), "an offer linked an identity");
    assert_eq!(events_of(store, user.id).await.len(), before);
}

pub(super) fn new_flow(intent: FlowIntent) -> NewFlow {
    let now = now();
    NewFlow {
        flow: Flow {
            state: digest(),
            provider: "example".to_owned(),
            intent,
            redirect_to: "https://app.example.org/signed-in?from=provider".to_owned(),
            app_state: None,
            challenge: CodeChallenge::of(&unique()),
        },
        binding: digest(),
        created_at: now,
        expires_at: now + MINUTE * 10,
    }
}

pub(super) async fn begin(store: &Subject, new: &NewFlow) {
    store.begin_flow(new).await.expect("begin_flow");
}

async fn take(
    store: &Subject,
    state: &TokenDigest,
    binding: &TokenDigest,
    now: Timestamp,
) -> Option<Flow> {
    let taken = store.take_flow(state, binding, now).await;
    taken.expect("take_flow")
}

/// A flow that was taken and a code to complete it.
pub(super) async fn taken(store: &Subject, intent: FlowIntent) -> (Flow, NewCode) {
    let new = new_flow(intent);
    begin(store, &new).await;
    let flow = take(store, &new.flow.state, &new.binding, new.created_at).await;
    let flow = flow.expect("a pending flow");
    let code = NewCode {
        flow: flow.state,
        digest: digest(),
        expires_at: new.created_at + MINUTE,
    };
    (flow, code)
}

/// An assertion by a trusted provider about a new user with this address.
pub(super) fn assertion(email: &EmailAddress) -> Assertion {
    Assertion {
        provider: "example".to_owned(),
        issuer: "https://id.example.org".to_owned(),
        subject: unique(),
        email: Some(email.clone()),
        email_verified: true,
        trusted: true,
        display_name: None,
    }
}

/// The identity that is stored when an assertion is linked.
pub(super) fn identity(id: IdentityId, said: &Assertion, created_at: Timestamp) -> Identity {
    Identity {
        id,
        provider: said.provider.clone(),
        issuer: said.issuer.clone(),
        subject: said.subject.clone(),
        email: said.email.as_ref().map(|email| email.as_str().to_owned()),
        created_at,
    }
}

/// The sign-in at the end of a fresh flow, with a new account to create if needed.
pub(super) async fn arrival(store: &Subject, assertion: &Assertion) -> (IdentitySignIn, Flow) {
    let (flow, code) = taken(store, FlowIntent::SignIn).await;
    let at = now();
    let new_user = assertion.email.as_ref().map(|email| {
        let mut user = new_user(email.as_str());
        user.email_verified_at = assertion.proves().then_some(user.created_at);
        user.password_hash = None;
        user
    });
    let arrival = IdentitySignIn {
        assertion: assertion.clone(),
        identity: IdentityId::new(at),
        new_user,
        code,
        author: Author {
            actor_id: None,
            client: ClientInfo::new(Some([127, 0, 0, 1].into()), Some("check")),
        },
        joined: None,
        verification: None,
        now: at,
    };
    (arrival, flow)
}

pub(super) async fn sign_in(store: &Subject, arrival: &IdentitySignIn) -> IdentityAdmission {
    store.sign_in(arrival).await.expect("sign_in")
}

/// A new user with a valid code after a provider sign-in.
async fn admitted(store: &Subject) -> (User, Flow, NewCode) {
    let (arrival, flow) = arrival(store, &assertion(&fresh_address())).await;
    match sign_in(store, &arrival).await {
        IdentityAdmission::Admitted(user, _) => (user, flow, arrival.code),
        other => panic!("a new user was not admitted: {other:?}"),
    }
}

/// A linking flow with its code.
pub(super) async fn offered(store: &Subject, assertion: &Assertion) -> (Flow, NewCode) {
    let (flow, code) = taken(store, FlowIntent::Link).await;
    let offered = store.offer_identity(&code, assertion).await;
    offered.expect("offer_identity");
    (flow, code)
}

pub(super) async fn redeem(
    store: &Subject,
    code: &TokenDigest,
    challenge: &CodeChallenge,
    now: Timestamp,
) -> Option<Redeemed> {
    let redeemed = store.redeem_code(code, challenge, now).await;
    redeemed.expect("redeem_code")
}

pub(super) async fn signed_in(store: &Subject, arrival: &IdentitySignIn) -> (User, Vec<Event>) {
    match sign_in(store, arrival).await {
        IdentityAdmission::Admitted(user, events) => (user, events),
        other => panic!("a sign-in was not admitted: {other:?}"),
    }
}

pub(super) async fn identities(store: &Subject, user: UserId) -> Vec<Identity> {
    store.identities(user).await.expect("identities")
}
