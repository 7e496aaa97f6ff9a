use std::sync::mpsc;

use tokio::{
    task,
    time::{self, Instant, sleep},
};

use super::*;
use crate::error::ErrorKind;

/// A time limit that only a hanging test reaches.
const PATIENCE: Duration = Duration::from_secs(60);

fn cheap() -> HashParams {
    HashParams::danger_weak(64, 1, 1).unwrap()
}

fn hasher(permits: usize, queue: usize, deadline: Duration) -> Hasher {
    Hasher::builder(cheap())
        .permits(permits)
        .queue(queue)
        .deadline(deadline)
        .build()
        .unwrap()
}

/// Occupies a permit until the sender is dropped.
async fn occupy(hasher: &Hasher) -> (mpsc::Sender<()>, task::JoinHandle<Result<()>>) {
    let free = hasher.0.pool.free_permits();
    let (release, released) = mpsc::channel::<()>();
    let task = tokio::spawn({
        let hasher = hasher.clone();
        async move {
            hasher
                .run(move |_| {
                    released.recv().ok();
                    Ok(())
                })
                .await
        }
    });
    until(|| hasher.0.pool.free_permits() < free).await;
    (release, task)
}

async fn until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "it never holds");
        sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_hash_verifies_and_has_the_promised_shape() {
    let hasher = hasher(1, 8, DEFAULT_DEADLINE);
    let password = Password::new("correct horse \u{1f40e}");
    let hash = hasher.hash(&password).await.unwrap();
    let other = hasher.hash(&password).await.unwrap();
    assert_ne!(hash.expose(), other.expose());
    let parts: Vec<&str> = hash.expose().split('$').collect();
    assert_eq!(parts[1..4], ["argon2id", "v=19", "m=64,t=1,p=1"]);
    assert_eq!((parts[4].len(), parts[5].len()), (31, 43));

    let verify = |text: &str| {
        let (hasher, hash, password) = (hasher.clone(), hash.clone(), Password::new(text));
        async move { hasher.verify(&password, Some(&hash)).await.unwrap() }
    };
    assert_eq!(verify(password.expose()).await, Verification::Right);
    assert_eq!(verify("correct horse").await, Verification::Wrong);
    assert_eq!(verify("").await, Verification::Wrong);
    assert_eq!(
        hasher.verify(&password, None).await.unwrap(),
        Verification::Wrong
    );
    assert_eq!(hasher.checks(), 4);
}

#[tokio::test]
async fn a_failure_costs_one_check_for_every_password_form() {
    let hasher = hasher(1, 8, DEFAULT_DEADLINE);
    let prepared = hasher.hash(&"zoe\u{308} zo\u{eb}".into()).await.unwrap();
    let of_bytes = PasswordHash::parse(
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    ).unwrap();
    for hash in [None, Some(&prepared), Some(&of_bytes)] {
        for text in ["plain", "nai\u{308}ve", "na\u{ef}ve"] {
            let before = hasher.checks();
            let verified = hasher.verify(&text.into(), hash).await.unwrap();
            assert_eq!(verified, Verification::Wrong);
            assert_eq!(hasher.checks(), before + 1);
        }
    }
    for text in [
        "zoe\u{308} zo\u{eb}",
        "zo\u{eb} zoe\u{308}",
        "zo\u{eb}\u{a0}zo\u{eb}",
    ] {
        let verified = hasher.verify(&text.into(), Some(&prepared)).await;
        assert_eq!(verified.unwrap(), Verification::Right);
    }
}

#[tokio::test]
async fn hashes_of_other_libraries_verify_and_are_outdated() {
    // The example of the reference implementation: password `password`, salt `somesalt`.
    let hash = PasswordHash::parse(
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    )
    .unwrap();
    let hasher = hasher(1, 8, DEFAULT_DEADLINE);
    let verify = |text: &'static str| {
        let (hasher, hash) = (hasher.clone(), hash.clone());
        async move { hasher.verify(&text.into(), Some(&hash)).await.unwrap() }
    };
    assert_eq!(verify("password").await, Verification::Outdated);
    assert_eq!(verify("Password").await, Verification::Wrong);
    assert_eq!(hasher.0.pool.idle_memory_kib(), [64]);
}

/// A stored hash that `parse` refuses, as if it had been written into the database by hand.
fn refused(text: String) -> PasswordHash {
    let error = PasswordHash::parse(text.clone()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ValidationFailed);
    assert!(!format!("{error} {error:?}").contains("c29t"), "{error:?}");
    PasswordHash::trusted(text)
}

#[tokio::test]
async fn an_excessive_argon2id_hash_is_an_error_without_a_check() {
    let hasher = hasher(1, 8, DEFAULT_DEADLINE);
    let tail = "$c29tZXNhbHRzb21lc2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    for head in [
        "$argon2id$v=19$m=4194304,t=1,p=1",
        "$argon2id$v=19$m=4294967295,t=4294967295,p=1",
        "$argon2id$v=19$m=64,t=4294967295,p=1",
        "$argon2id$v=19$m=64,t=1,p=16777215",
        "$argon2id$v=19$m=64,t=1,p=0",
        "$argon2id$v=19$m=1,t=1,p=1",
        "$argon2id$v=19$m=64,t=1",
        "$argon2id$v=19$m=64,t=1,p=1,keyid=AAAA",
        "$argon2id$v=19$m=64,t=1,p=1,p=1",
        "$argon2id$v=16$m=64,t=1,p=1",
        "$argon2id$m=64,t=1,p=1",
        "$argon2i$v=19$m=64,t=1,p=1",
        "$argon2d$v=19$m=64,t=1,p=1",
        "$scrypt$ln=30,r=8,p=1",
        "$2b$31",
        "$",
        "",
    ] {
        let hash = refused(format!("{head}{tail}"));
        let error = hasher
            .verify(&"password".into(), Some(&hash))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal, "{head}");
        assert!(!format!("{error:?}").contains("c29t"), "{error:?}");
    }
    for text in [
        "",
        "$",
        "plain",
        "$argon2id$v=19$m=64,t=1,p=1",
        "$$$$$",
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAA",
    ] {
        let hash = refused(text.to_owned());
        assert!(hasher.verify(&"p".into(), Some(&hash)).await.is_err());
    }
    assert_eq!(hasher.checks(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_is_permits_times_the_parameters_and_kept() {
    let params = HashParams::danger_weak(256, 1, 1).unwrap();
    let hasher = Hasher::builder(params).permits(2).build().unwrap();
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let hasher = hasher.clone();
            tokio::spawn(async move { hasher.verify(&"password".into(), None).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let kept = hasher.0.pool.idle_memory_kib();
    assert!((1..=2).contains(&kept.len()), "{kept:?}");
    assert!(kept.iter().all(|&kib| kib == 256), "{kept:?}");
}

#[tokio::test]
async fn a_caller_beyond_the_queue_is_refused_at_once() {
    let hasher = hasher(1, 1, PATIENCE);
    let (release, busy) = occupy(&hasher).await;
    let waiter = tokio::spawn({
        let hasher = hasher.clone();
        async move { hasher.hash(&"password".into()).await }
    });
    until(|| hasher.waiting() == 1).await;
    let error = hasher.hash(&"password".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert!(error.retry_after().unwrap() >= Duration::from_secs(1));
    let dummy = hasher.verify(&"password".into(), None).await.unwrap_err();
    assert_eq!(dummy.kind(), ErrorKind::Overloaded);
    drop(release);
    busy.await.unwrap().unwrap();
    waiter.await.unwrap().unwrap();
    assert_eq!(hasher.waiting(), 0);
}

#[tokio::test]
async fn a_caller_that_waited_too_long_is_refused() {
    let hasher = hasher(1, 8, Duration::from_millis(20));
    let (release, busy) = occupy(&hasher).await;
    let error = hasher.hash(&"password".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert_eq!(hasher.waiting(), 0);
    drop(release);
    busy.await.unwrap().unwrap();
    hasher.hash(&"password".into()).await.unwrap();
}

#[tokio::test]
async fn a_disconnected_caller_leaves_the_queue() {
    let hasher = hasher(1, 1, PATIENCE);
    let (release, busy) = occupy(&hasher).await;
    for _ in 0..10 {
        let waiter = tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.hash(&"password".into()).await }
        });
        until(|| hasher.waiting() == 1).await;
        waiter.abort();
        assert!(waiter.await.unwrap_err().is_cancelled());
        assert_eq!(hasher.waiting(), 0);
    }
    drop(release);
    busy.await.unwrap().unwrap();
    hasher.hash(&"password".into()).await.unwrap();
}

#[tokio::test]
async fn queue_slots_equal_permits_plus_waiters() {
    let hasher = hasher(2, 1, DEFAULT_DEADLINE);
    let mut slots: Vec<_> = (0..3).map(|_| hasher.slot().unwrap()).collect();
    let error = hasher.slot().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert!(error.retry_after().unwrap() >= Duration::from_secs(1));
    slots.pop();
    slots.push(hasher.slot().unwrap());
    hasher.slot().unwrap_err();
}

#[tokio::test]
async fn a_permit_stays_taken_until_an_abandoned_hash_ends() {
    let hasher = hasher(1, 0, PATIENCE);
    let (release, busy) = occupy(&hasher).await;
    busy.abort();
    assert!(busy.await.unwrap_err().is_cancelled());
    let error = hasher.hash(&"password".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    drop(release);
    until(|| hasher.0.pool.free_permits() == 1).await;
    hasher.hash(&"password".into()).await.unwrap();
}

#[tokio::test]
async fn a_panic_while_hashing_returns_the_permit() {
    let hasher = hasher(1, 0, PATIENCE);
    for _ in 0..3 {
        let error = hasher.run::<()>(|_| panic!("by design")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        until(|| hasher.0.pool.free_permits() == 1).await;
    }
    hasher.hash(&"password".into()).await.unwrap();
}

#[tokio::test]
async fn waiting_callers_are_served_in_turn() {
    let hasher = hasher(1, 16, PATIENCE);
    let (release, busy) = occupy(&hasher).await;
    let (done, mut order) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..8 {
        let (hasher, done) = (hasher.clone(), done.clone());
        let expected = hasher.waiting() + 1;
        tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.run(move |_| Ok(done.send(number).is_ok())).await }
        });
        until(|| hasher.waiting() == expected).await;
    }
    drop(release);
    busy.await.unwrap().unwrap();
    for number in 0..8 {
        assert_eq!(order.recv().await, Some(number));
    }
}

#[tokio::test]
async fn waiting_callers_are_served_while_the_async_threads_are_busy() {
    let hasher = hasher(1, 8, PATIENCE);
    let (release, busy) = occupy(&hasher).await;
    let (begun, begins) = mpsc::channel();
    let mut waiters = Vec::new();
    for number in 0..3 {
        let (hasher_of_waiter, begun) = (hasher.clone(), begun.clone());
        waiters.push(tokio::spawn(async move {
            let job = move |_: &mut Workspace| Ok(begun.send(number).is_ok());
            hasher_of_waiter.run(job).await
        }));
        until(|| hasher.waiting() == number + 1).await;
    }
    drop(release);
    // This blocks the only async thread.
    for number in 0..3 {
        assert_eq!(begins.recv_timeout(PATIENCE), Ok(number));
    }
    busy.await.unwrap().unwrap();
    for waiter in waiters {
        assert!(waiter.await.unwrap().unwrap());
    }
}

#[tokio::test]
async fn a_panic_while_hashing_does_not_affect_waiting_callers() {
    let hasher = hasher(1, 8, PATIENCE);
    let (release, busy) = occupy(&hasher).await;
    let panics = tokio::spawn({
        let hasher = hasher.clone();
        async move { hasher.run::<()>(|_| panic!("by design")).await }
    });
    until(|| hasher.waiting() == 1).await;
    let waiter = tokio::spawn({
        let hasher = hasher.clone();
        async move { hasher.hash(&"password".into()).await }
    });
    until(|| hasher.waiting() == 2).await;
    drop(release);
    busy.await.unwrap().unwrap();
    let error = panics.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    waiter.await.unwrap().unwrap();
    assert_eq!(hasher.0.pool.free_permits(), 1);
}

#[tokio::test]
async fn the_deadline_limits_waiting_and_not_hashing() {
    let hasher = hasher(1, 8, PATIENCE);
    let (release, busy) = occupy(&hasher).await;
    let (end, ended) = mpsc::channel::<()>();
    let (begun, begins) = mpsc::channel();
    let waiter = tokio::spawn({
        let hasher = hasher.clone();
        async move {
            let job = move |_: &mut Workspace| {
                begun.send(()).ok();
                Ok(ended.recv().is_err())
            };
            hasher.run(job).await
        }
    });
    until(|| hasher.waiting() == 1).await;
    drop(release);
    busy.await.unwrap().unwrap();
    begins.recv_timeout(PATIENCE).unwrap();
    time::pause();
    time::advance(2 * PATIENCE).await;
    task::yield_now().await;
    assert!(!waiter.is_finished());
    time::resume();
    drop(end);
    assert!(waiter.await.unwrap().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn refused_callers_were_not_served() {
    let hasher = hasher(2, 1000, Duration::from_millis(2));
    let served = Arc::new(AtomicU64::new(0));
    let callers: Vec<_> = (0..400)
        .map(|_| {
            let (hasher, served) = (hasher.clone(), Arc::clone(&served));
            tokio::spawn(async move {
                let job = move |_: &mut Workspace| {
                    thread::sleep(Duration::from_micros(50));
                    Ok(served.fetch_add(1, Ordering::SeqCst))
                };
                hasher.run(job).await
            })
        })
        .collect();
    let mut answered = 0;
    for caller in callers {
        match caller.await.unwrap() {
            Ok(_) => answered += 1,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Overloaded),
        }
    }
    assert!(answered >= 2, "{answered}");
    assert_eq!(served.load(Ordering::SeqCst), answered);
    assert_eq!((hasher.waiting(), hasher.0.pool.free_permits()), (0, 2));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn hashing_yields_to_other_threads() {
    let nice = || rustix::process::getpriority_process(None).unwrap();
    let before = nice();
    let builder = || Hasher::builder(cheap()).permits(1);
    for (builder, added) in [(builder(), 10), (builder().niceness(3), 3)] {
        let hasher = builder.build().unwrap();
        let hashing = hasher.run(move |_| Ok(nice())).await.unwrap();
        assert_eq!(hashing, (before + added).min(19));
    }
    assert_eq!(nice(), before);
}

#[tokio::test]
async fn callers_do_not_wait_for_a_thread_that_cannot_be_started() {
    let hasher = hasher(1, 1, PATIENCE);
    hasher.0.pool.take_permit();
    let waiter = tokio::spawn({
        let hasher = hasher.clone();
        async move { hasher.hash(&"password".into()).await }
    });
    until(|| hasher.waiting() == 1).await;
    let error = std::io::Error::other("by design");
    let unavailable = hasher.0.pool.without_a_thread(&error);
    let waiting = waiter.await.unwrap().unwrap_err();
    for error in [unavailable, waiting] {
        assert_eq!(error.kind(), ErrorKind::Overloaded);
        assert!(error.retry_after().is_some());
    }
    assert_eq!((hasher.waiting(), hasher.0.pool.free_permits()), (0, 1));
    hasher.hash(&"password".into()).await.unwrap();
}

#[test]
fn a_hasher_needs_a_reasonable_number_of_permits() {
    for permits in [0, MAX_PERMITS + 1] {
        let hasher = Hasher::builder(cheap()).permits(permits).build();
        assert_eq!(hasher.unwrap_err().kind(), ErrorKind::Configuration);
    }
    let hasher = Hasher::builder(cheap()).niceness(20).build();
    assert_eq!(hasher.unwrap_err().kind(), ErrorKind::Configuration);
}
