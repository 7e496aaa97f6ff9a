//! The contract of [`AccountStore`](crate::store::AccountStore).

use super::{
    Subject,
    address::{change_to, confirm, first, request},
    device::{remember, with_factor},
    fixture::{current_session, fresh_address, fresh_user, new_session, now, try_open},
    identity::known,
};
use crate::{
    clock::Timestamp,
    store::{AccountOverview, PendingEmail},
    token::Checked,
    user::UserId,
};

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    overview_equals_the_lists(store).await;
    pending_address_is_shown_until_it_is_confirmed_or_expires(store).await;
}

/// The overview always contains the same data as the lists, and nothing that belongs to other
/// users.
///
/// # Panics
/// If the store breaks the contract.
pub async fn overview_equals_the_lists(store: &Subject) {
    let (ann, factor) = with_factor(store).await;
    for step in 2..4 {
        remember(store, &ann, factor, step).await;
    }
    let session = current_session(store, &ann).await;
    try_open(store, &session).await.expect("another session");
    let (bob, _) = known(store).await;
    let session = new_session(bob.id, 0);
    try_open(store, &session).await.expect("a session");
    let nobody = UserId::new(now());
    for user in [ann.id, bob.id, nobody] {
        for at in [now(), session.idle_expires_at] {
            let overview = overview(store, user, at).await;
            let stored = store.user(user).await.expect("user");
            assert_eq!(overview.user, stored);
            let factors = store.factors(user).await.expect("factors");
            assert_eq!(overview.factors, factors);
            let devices = store.devices(user, at).await.expect("devices");
            assert_eq!(overview.devices, devices);
            let sessions = store.sessions(user, at).await.expect("sessions");
            assert_eq!(overview.sessions, sessions);
            let identities = store.identities(user).await.expect("identities");
            assert_eq!(overview.identities, identities);
            assert_eq!(overview.pending_email, None);
        }
    }
    let of_ann = overview(store, ann.id, now()).await;
    assert!(of_ann.has_password);
    assert_eq!(of_ann.factors.recovery_codes_left, 2);
    assert_eq!((of_ann.devices.len(), of_ann.sessions.len()), (2, 4));
    let of_bob = overview(store, bob.id, now()).await;
    assert!(!of_bob.has_password);
    assert_eq!((of_bob.identities.len(), of_bob.sessions.len()), (1, 1));
    let of_nobody = overview(store, nobody, now()).await;
    assert_eq!(of_nobody, AccountOverview::default());
}

/// A change of address is pending until its link is used or expires.
///
/// # Panics
/// If the store breaks the contract.
pub async fn pending_address_is_shown_until_it_is_confirmed_or_expires(store: &Subject) {
    let user = fresh_user(store).await;
    let session = new_session(user.id, 0);
    try_open(store, &session).await.expect("a session");
    let address = fresh_address();
    let token = change_to(&user, &address);
    assert_eq!(request(store, &session, &token).await, Checked::Done);
    let at = token.created_at;
    let pending = PendingEmail {
        address,
        expires_at: token.expires_at,
    };
    let shown = overview(store, user.id, at).await.pending_email;
    assert_eq!(shown, Some(pending));
    let late = overview(store, user.id, token.expires_at).await;
    assert_eq!(late.pending_email, None);
    let confirmed = confirm(store, first(&token), at).await;
    assert_eq!(confirmed, Some(user.id));
    let after = overview(store, user.id, at).await;
    assert_eq!(after.pending_email, None);
}

async fn overview(store: &Subject, user: UserId, at: Timestamp) -> AccountOverview {
    store.account(user, at).await.expect("account")
}
