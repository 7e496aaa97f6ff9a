use std::{sync::Arc, time::Duration};

use super::*;
use crate::{
    clock::{Clock as _, SystemClock},
    credential::HashParams,
    store::{Gate, Passage, Store, memory::MemoryStore},
    user::UserId,
};

const ANN: &str = "ann@example.org";

fn hasher(passes: u32) -> Hasher {
    let params = HashParams::danger_weak(64, passes, 1).unwrap();
    Hasher::builder(params).permits(1).build().unwrap()
}

fn door(hasher: &Hasher, store: impl Store + 'static) -> PasswordCheck {
    PasswordCheck {
        core: Core::over(Arc::new(store)),
        hasher: hasher.clone(),
    }
}

async fn store(hash_with: &Hasher) -> MemoryStore {
    let store = MemoryStore::new();
    let hash = hash_with.hash(&"right password".into()).await.unwrap();
    store.add_user(ANN, Some(hash), SystemClock.now());
    store.add_user("passwordless@example.org", None, SystemClock.now());
    store
}

async fn check(check: &PasswordCheck, email: &str, password: &str) -> Result<CheckedPassword> {
    let email = email.parse().unwrap();
    let (password, nobody) = (password.into(), ClientInfo::default());
    let mut ticket = check.enter(&nobody).await?;
    let checked = check.check(&mut ticket, &email, &password, &nobody);
    Ok(checked.await??)
}

fn kind(result: Result<CheckedPassword>) -> ErrorKind {
    result.unwrap_err().kind()
}

#[tokio::test]
async fn every_refusal_costs_one_check_and_is_identical() {
    let hasher = hasher(1);
    let store = store(&hasher).await;
    let door = door(&hasher, store.clone());
    for (number, (email, password)) in [
        (ANN, "wrong password"),
        ("nobody@example.org", "right password"),
        ("passwordless@example.org", "right password"),
        (ANN, ""),
    ]
    .into_iter()
    .enumerate()
    {
        let result = check(&door, email, password).await;
        assert_eq!(kind(result), ErrorKind::InvalidCredentials, "{email}");
        assert_eq!(hasher.checks(), number as u64 + 1, "{email}");
    }
}

#[tokio::test]
async fn the_right_password_gives_the_data_of_a_session() {
    let hasher = hasher(1);
    let store = store(&hasher).await;
    let door = door(&hasher, store.clone());
    let proof = check(&door, "ANN@Example.org", "right password")
        .await
        .unwrap();
    let user = store.credentials_of(ANN);
    assert_eq!(proof.user.id, user.user.id);
    assert_eq!(proof.credential_version, 7);
    let hash = |hash: Option<&PasswordHash>| hash.map(|hash| hash.expose().to_owned());
    assert_eq!(
        hash(proof.verified_hash.as_ref()),
        hash(user.password_hash.as_ref())
    );
    assert!(proof.rehashed.is_none());
    assert_eq!(hasher.checks(), 1);
}

#[tokio::test]
async fn a_signed_in_user_proves_their_own_password_only() {
    let hasher = hasher(1);
    let store = store(&hasher).await;
    let door = door(&hasher, store.clone());
    let ann = store.credentials_of(ANN).user;
    let ask = async |user: &User, password: &str| {
        let password = password.into();
        Ok(door
            .check_user(user, &password, &ClientInfo::default())
            .await??)
    };
    let proof = ask(&ann, "right password").await.unwrap();
    assert_eq!((proof.user.id, proof.credential_version), (ann.id, 7));
    let mut former = ann.clone();
    former.id = UserId::new(SystemClock.now());
    let passwordless = store.credentials_of("passwordless@example.org").user;
    for (user, password) in [
        (&ann, "wrong password"),
        (&former, "right password"),
        (&passwordless, "right password"),
    ] {
        let result = ask(user, password).await;
        assert_eq!(kind(result), ErrorKind::InvalidCredentials);
    }
    assert_eq!(hasher.checks(), 4);
}

#[tokio::test]
async fn a_disabled_account_shows_only_after_the_right_password() {
    let hasher = hasher(1);
    let store = store(&hasher).await;
    store.disable(ANN);
    let door = door(&hasher, store);
    let wrong = check(&door, ANN, "wrong password").await;
    assert_eq!(kind(wrong), ErrorKind::InvalidCredentials);
    let right = check(&door, ANN, "right password").await;
    assert_eq!(kind(right), ErrorKind::AccountDisabled);
}

#[tokio::test]
async fn outdated_parameters_are_hashed_again() {
    let store = store(&hasher(1)).await;
    let now = hasher(2);
    let door = door(&now, store);
    let wrong = check(&door, ANN, "wrong password").await;
    assert_eq!(kind(wrong), ErrorKind::InvalidCredentials);
    let proof = check(&door, ANN, "right password").await.unwrap();
    let new = proof.rehashed.unwrap();
    assert!(new.expose().contains("t=2"));
    assert!(proof.verified_hash.unwrap().expose().contains("t=1"));
    let verification = now.verify(&"right password".into(), Some(&new)).await;
    assert_eq!(verification.unwrap(), Verification::Right);
}

#[tokio::test]
async fn a_sign_in_skips_the_rehash_when_the_hasher_is_busy() {
    let params = HashParams::danger_weak(64, 2, 1).unwrap();
    let busy = Hasher::builder(params)
        .permits(1)
        .queue(0)
        .deadline(Duration::ZERO)
        .build()
        .unwrap();
    let door = door(&busy, MemoryStore::new());
    let (release, released) = std::sync::mpsc::channel::<()>();
    let occupied = tokio::spawn(async move {
        busy.run(move |_| {
            released.recv().ok();
            Ok(())
        })
        .await
    });
    tokio::task::yield_now().await;
    assert!(door.rehash(&"right password".into()).await.is_none());
    drop(release);
    occupied.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_impossible_password_costs_no_check_and_no_query() {
    let hasher = hasher(1);
    let store = Gate::new(MemoryStore::new());
    store.set(Passage::Closed);
    let door = door(&hasher, store.clone());
    for password in ["nul\0", &"x".repeat(1025)] {
        let result = check(&door, ANN, password).await;
        assert_eq!(kind(result), ErrorKind::ValidationFailed);
    }
    assert_eq!(hasher.checks(), 0);
    let down = check(&door, ANN, "right password").await;
    assert_eq!(kind(down), ErrorKind::Unavailable);
}
