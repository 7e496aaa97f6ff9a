//! The background work of a process.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hallpass::{
    Auth,
    admin::NewAccount,
    clock::{Clock, SystemClock, Timestamp},
    event::Author,
    mail::Mailbox,
    memory::MemoryStore,
    secret::Secret,
};

/// A clock whose next readings panic.
#[derive(Clone, Debug, Default)]
struct Failing(Arc<AtomicUsize>);

impl Clock for Failing {
    fn now(&self) -> Timestamp {
        let left = |left: usize| left.checked_sub(1);
        let (set, fetched) = (Ordering::SeqCst, Ordering::SeqCst);
        assert!(
            self.0.fetch_update(set, fetched, left).is_err(),
            "by design"
        );
        SystemClock.now()
    }
}

fn auth(clock: &Failing, mailbox: &Mailbox) -> Auth {
    Auth::builder()
        .store(MemoryStore::new())
        .secrets(Secret::generate())
        .public_url("https://id.example.org")
        .mailer(mailbox.clone())
        .clock(clock.clone())
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn background_work_starts_again_after_a_panic() {
    let (clock, mailbox) = (Failing::default(), Mailbox::new());
    let auth = auth(&clock, &mailbox);
    // A new account without a password gets a mail.
    let account = NewAccount::new("ann@example.org".parse().unwrap());
    let author = Author::default();
    let administration = auth.administration();
    administration.create_user(account, &author).await.unwrap();

    clock.0.store(2, Ordering::SeqCst);
    let background = auth.spawn();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(clock.0.load(Ordering::SeqCst), 0);
    assert_eq!(mailbox.mails().len(), 1);
    assert!(background.stop(Duration::from_secs(10)).await);
}

#[tokio::test(start_paused = true)]
async fn background_work_that_panics_can_be_stopped() {
    let clock = Failing::default();
    let auth = auth(&clock, &Mailbox::new());
    clock.0.store(usize::MAX, Ordering::SeqCst);
    let background = auth.spawn();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(background.stop(Duration::from_secs(10)).await);
}
