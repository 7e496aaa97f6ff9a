//! The contract of [`ChallengeStore`](crate::store::ChallengeStore), and of the sessions that are opened when a
//! challenge is answered.

use std::{sync::Arc, time::Duration};

use super::{
    Subject,
    factor::{enrol, new_totp},
    fixture::{
        MICROSECOND, TASKS, credentials, digest, fresh_session, fresh_user, hash, hashed,
        new_session, now, password_hash, race, race_each, try_open,
    },
};
use crate::{
    factor::{AddTotp, CountedFactors, FactorId, NewTotp, SpentTotp},
    secret::TokenDigest,
    token::{
        Attempted, ChallengeId, ChallengePurpose, MAX_CHALLENGES, MAX_TRIES, Method, NewChallenge,
        NewSession, OpenChallenge, SecondProof, SpentFactor,
    },
    user::{User, UserId},
};

/// Runs every check in this module.
///
/// # Panics
/// If the store breaks the contract.
pub async fn check_all(store: &Subject) {
    challenge_is_opened_for_an_unchanged_account(store).await;
    attempt_returns_what_a_try_is_compared_to(store).await;
    concurrent_attempts_stay_within_the_maximum(store).await;
    change_of_the_account_closes_its_challenges(store).await;
    newer_challenges_replace_the_oldest(store).await;
    session_without_its_factor_is_not_opened(store).await;
    step_opens_one_session_over_all_challenges(store).await;
    recovery_code_opens_one_session(store).await;
    challenge_opens_one_session(store).await;
    enrolment_confirms_the_factor_with_the_session(store).await;
    expired_challenges_are_purged(store).await;
}

/// If a version or the hash has changed, no challenge is opened. Otherwise the rehashed password is
/// stored, and the factors are counted.
///
/// # Panics
/// If the store breaks the contract.
pub async fn challenge_is_opened_for_an_unchanged_account(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    enrol(store, &session, 1).await;
    let good = NewChallenge {
        verified_hash: Some(hash("first")),
        rehashed: Some(hash("again")),
        ..new_challenge(user.id)
    };
    let stale = [
        NewChallenge {
            credential_version: 1,
            ..good.clone()
        },
        NewChallenge {
            factor_version: 0,
            ..good.clone()
        },
        NewChallenge {
            verified_hash: Some(hash("other")),
            ..good.clone()
        },
    ];
    for stale in stale {
        assert_eq!(open(store, &stale).await, OpenChallenge::Stale);
        assert!(attempt(store, &stale).await.is_none());
    }
    assert_eq!(password_hash(store, &user).await, hashed("first"));
    let counted = CountedFactors {
        totps: 1,
        recovery_codes: 2,
    };
    assert_eq!(open(store, &good).await, OpenChallenge::Opened(counted));
    assert_eq!(password_hash(store, &user).await, hashed("again"));
    let plain = fresh_user(store).await;
    let first = NewChallenge {
        factor_version: 0,
        ..new_challenge(plain.id)
    };
    let none = CountedFactors::default();
    assert_eq!(open(store, &first).await, OpenChallenge::Opened(none));
}

/// An attempt returns the first proof, the factors and the recovery codes.
///
/// # Panics
/// If the store breaks the contract.
pub async fn attempt_returns_what_a_try_is_compared_to(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let id = enrol(store, &session, 4).await;
    let challenge = NewChallenge {
        provider: Some("acme".to_owned()),
        ..new_challenge(user.id)
    };
    open(store, &challenge).await;
    let found = attempt(store, &challenge).await;
    let found = found.expect("the challenge is open");
    assert_eq!(found.user.id, user.id);
    assert_eq!((found.credential_version, found.factor_version), (0, 1));
    assert_eq!(found.purpose, challenge.purpose);
    assert_eq!(found.methods, challenge.methods);
    assert_eq!(found.provider, challenge.provider);
    assert_eq!(found.recovery_codes.len(), 2);
    let [totp] = found.totps.as_slice() else {
        panic!("one factor is confirmed: {found:?}");
    };
    assert_eq!((totp.id, totp.last_step), (id, Some(4)));
    assert_eq!(totp.sealed, [1; 48]);
    let foreign = store.attempt_challenge(challenge.id, UserId::new(now()), challenge.created_at);
    assert!(foreign.await.expect("attempt_challenge").is_none());
    let late = store.attempt_challenge(challenge.id, user.id, challenge.expires_at);
    assert!(late.await.expect("attempt_challenge").is_none());
    let last = challenge.expires_at - MICROSECOND;
    let in_time = store.attempt_challenge(challenge.id, user.id, last).await;
    assert!(in_time.expect("attempt_challenge").is_some());
}

/// Of many concurrent calls, exactly `MAX_TRIES` get a result.
///
/// # Panics
/// If the store breaks the contract.
pub async fn concurrent_attempts_stay_within_the_maximum(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    enrol(store, &session, 1).await;
    let challenge = new_challenge(user.id);
    open(store, &challenge).await;
    let outcomes = race(TASKS, |_| {
        let (store, challenge) = (Arc::clone(store), challenge.clone());
        async move { attempt(&store, &challenge).await.is_some() }
    })
    .await;
    let tried = outcomes.iter().filter(|tried| **tried).count();
    assert_eq!(u32::try_from(tried), Ok(MAX_TRIES));
    assert!(attempt(store, &challenge).await.is_none());
}

/// A change to the second factors or the credentials closes the user's open challenges.
///
/// # Panics
/// If the store breaks the contract.
pub async fn change_of_the_account_closes_its_challenges(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    enrol(store, &session, 1).await;
    let challenge = new_challenge(user.id);
    open(store, &challenge).await;
    enrol(store, &session, 2).await;
    assert!(attempt(store, &challenge).await.is_none());
    let challenge = NewChallenge {
        factor_version: 2,
        ..new_challenge(user.id)
    };
    open(store, &challenge).await;
    assert!(attempt(store, &challenge).await.is_some());
    let event = super::fixture::event(crate::event::EventKind::LoggedOutEverywhere);
    let reason = crate::token::EndReason::LogoutAll;
    let ended = store.end_sessions(user.id, reason, now(), &event).await;
    assert!(ended.expect("end_sessions"));
    assert!(attempt(store, &challenge).await.is_none());
}

/// If a user has too many challenges, the oldest ones are deleted.
///
/// # Panics
/// If the store breaks the contract.
pub async fn newer_challenges_replace_the_oldest(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    enrol(store, &session, 1).await;
    let mut all = Vec::new();
    for age in 0..=MAX_CHALLENGES {
        let challenge = NewChallenge {
            created_at: now() + MICROSECOND * age,
            ..new_challenge(user.id)
        };
        open(store, &challenge).await;
        all.push(challenge);
    }
    let (oldest, others) = all.split_first().expect("there are challenges");
    assert!(attempt(store, oldest).await.is_none());
    for other in others {
        assert!(attempt(store, other).await.is_some());
    }
}

/// A session that was prepared before the factor was added is not opened (I13).
///
/// # Panics
/// If the store breaks the contract.
pub async fn session_without_its_factor_is_not_opened(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let prepared = new_session(user.id, 0);
    enrol(store, &session, 1).await;
    assert!(try_open(store, &prepared).await.is_none());
    let unanswered = NewSession {
        second: Some(SecondProof::Answer {
            challenge: ChallengeId::new(now()),
            spent: SpentFactor::RecoveryCode(digest()),
            remember: None,
        }),
        ..answering(&user)
    };
    assert!(try_open(store, &unanswered).await.is_none());
}

/// The same time step, presented for many challenges, opens only one session (I15).
///
/// # Panics
/// If the store breaks the contract.
pub async fn step_opens_one_session_over_all_challenges(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let id = enrol(store, &session, 1).await;
    let mut sessions = Vec::new();
    for _ in 0..8 {
        let challenge = new_challenge(user.id);
        open(store, &challenge).await;
        sessions.push(answered(&user, &challenge, totp(id, 2)));
    }
    let earlier = answered(&user, &new_challenge(user.id), totp(id, 1));
    assert!(try_open(store, &earlier).await.is_none());
    assert_eq!(opened_at_once(store, sessions.clone()).await, 1);
    for session in sessions {
        assert!(try_open(store, &session).await.is_none());
    }
    let totps = store.totps(user.id).await.expect("totps");
    assert_eq!(totps.first().and_then(|totp| totp.last_step), Some(2));
}

/// The same recovery code, presented for many challenges, opens only one session (I15).
///
/// # Panics
/// If the store breaks the contract.
pub async fn recovery_code_opens_one_session(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    enrol(store, &session, 1).await;
    let mut sessions = Vec::new();
    for _ in 0..8 {
        let challenge = new_challenge(user.id);
        open(store, &challenge).await;
        let code = recovery_code(store, &challenge).await;
        sessions.push(answered(&user, &challenge, SpentFactor::RecoveryCode(code)));
    }
    assert_eq!(opened_at_once(store, sessions).await, 1);
    let left = store.factors(user.id).await.expect("factors");
    assert_eq!(left.recovery_codes_left, 1);
}

/// A challenge opens only one session, even if two codes are presented.
///
/// # Panics
/// If the store breaks the contract.
pub async fn challenge_opens_one_session(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    let id = enrol(store, &session, 1).await;
    let challenge = new_challenge(user.id);
    open(store, &challenge).await;
    let code = recovery_code(store, &challenge).await;
    let sessions = vec![
        answered(&user, &challenge, totp(id, 2)),
        answered(&user, &challenge, SpentFactor::RecoveryCode(code)),
    ];
    assert_eq!(opened_at_once(store, sessions).await, 1);
    assert!(attempt(store, &challenge).await.is_none());
}

/// The answer to an enrolment confirms the factor, stores the recovery codes, and opens a session
/// with a second factor.
///
/// # Panics
/// If the store breaks the contract.
pub async fn enrolment_confirms_the_factor_with_the_session(store: &Subject) {
    let user = fresh_user(store).await;
    let challenge = NewChallenge {
        purpose: ChallengePurpose::Enrolment,
        factor_version: 0,
        ..new_challenge(user.id)
    };
    open(store, &challenge).await;
    let (replaced, pending) = (new_totp(user.id), new_totp(user.id));
    for totp in [&replaced, &pending] {
        let begun = begin(store, challenge.id, totp).await;
        assert_eq!(begun, AddTotp::Added);
    }
    let tried = attempt(store, &challenge).await;
    let tried = tried.expect("the challenge is open");
    let ids: Vec<FactorId> = tried.totps.iter().map(|totp| totp.id).collect();
    assert_eq!(ids, [pending.id]);
    let answer = |id| {
        let spent = SpentFactor::Enrolled {
            id,
            step: 3,
            codes: vec![digest(), digest(), digest()],
        };
        NewSession {
            factor_version: 0,
            ..answered(&user, &challenge, spent)
        }
    };
    assert!(try_open(store, &answer(replaced.id)).await.is_none());
    let sessions = vec![answer(pending.id), answer(pending.id), answer(pending.id)];
    assert_eq!(opened_at_once(store, sessions).await, 1);
    let held = credentials(store, &user).await;
    assert_eq!((held.second_factors, held.factor_version), (1, 1));
    let factors = store.factors(user.id).await.expect("factors");
    assert_eq!(factors.recovery_codes_left, 3);
    assert_eq!(
        begin(store, challenge.id, &new_totp(user.id)).await,
        AddTotp::Gone
    );

    let asked = new_challenge(user.id);
    open(store, &asked).await;
    let wrong = begin(store, asked.id, &new_totp(user.id)).await;
    assert_eq!(
        wrong,
        AddTotp::Gone,
        "the challenge asks for a second factor"
    );
}

/// Expired challenges are purged, and other challenges are kept.
///
/// # Panics
/// If the store breaks the contract.
pub async fn expired_challenges_are_purged(store: &Subject) {
    let (user, session) = fresh_session(store).await;
    enrol(store, &session, 1).await;
    let challenge = new_challenge(user.id);
    open(store, &challenge).await;
    let end = challenge.expires_at;
    let purge = async |before| {
        let (mut deleted, mut after) = (0, None);
        loop {
            let batch = store.purge_challenges(before, after, 3).await;
            let batch = batch.expect("purge_challenges");
            deleted += batch.deleted;
            after = match batch.next {
                Some(next) => Some(next),
                None => return deleted,
            };
        }
    };
    purge(end - MICROSECOND).await;
    assert!(attempt(store, &challenge).await.is_some());
    assert!(purge(end).await >= 1);
    assert!(attempt(store, &challenge).await.is_none());
}

pub(super) fn new_challenge(user: UserId) -> NewChallenge {
    let now = now();
    NewChallenge {
        id: ChallengeId::new(now),
        purpose: ChallengePurpose::SecondFactor,
        user_id: user,
        credential_version: 0,
        factor_version: 1,
        methods: [Method::Password].into_iter().collect(),
        provider: None,
        verified_hash: None,
        rehashed: None,
        cleared_counter: None,
        created_at: now,
        expires_at: now + Duration::from_secs(300),
    }
}

pub(super) async fn open(store: &Subject, challenge: &NewChallenge) -> OpenChallenge {
    let opened = store.open_challenge(challenge).await;
    opened.expect("open_challenge")
}

async fn attempt(store: &Subject, challenge: &NewChallenge) -> Option<Attempted> {
    let (id, user) = (challenge.id, challenge.user_id);
    let attempted = store.attempt_challenge(id, user, challenge.created_at);
    attempted.await.expect("attempt_challenge")
}

async fn begin(store: &Subject, id: ChallengeId, totp: &NewTotp) -> AddTotp {
    store.enrol_totp(id, totp).await.expect("enrol_totp")
}

async fn recovery_code(store: &Subject, challenge: &NewChallenge) -> TokenDigest {
    let attempted = attempt(store, challenge).await;
    let attempted = attempted.expect("the challenge is open");
    let code = attempted
        .recovery_codes
        .iter()
        .min_by_key(|code| *code.as_bytes());
    *code.expect("the user has recovery codes")
}

pub(super) fn totp(id: FactorId, step: i64) -> SpentFactor {
    SpentFactor::Totp(SpentTotp {
        id,
        step,
        resealed: None,
    })
}

/// A new session of a user who has a factor.
fn answering(user: &User) -> NewSession {
    let session = new_session(user.id, 0);
    NewSession {
        factor_version: 1,
        methods: [Method::Password, Method::Otp, Method::Mfa]
            .into_iter()
            .collect(),
        second_factor_at: Some(session.created_at),
        ..session
    }
}

pub(super) fn answered(user: &User, challenge: &NewChallenge, spent: SpentFactor) -> NewSession {
    NewSession {
        second: Some(SecondProof::Answer {
            challenge: challenge.id,
            spent,
            remember: None,
        }),
        ..answering(user)
    }
}

async fn opened_at_once(store: &Subject, sessions: Vec<NewSession>) -> usize {
    let opened = race_each(sessions, |session| {
        let store = Arc::clone(store);
        async move { try_open(&store, &session).await.is_some() }
    })
    .await;
    opened.into_iter().filter(|opened| *opened).count()
}
