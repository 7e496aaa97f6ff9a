use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, timeout},
};

use super::*;
use crate::{
    clock::{ManualClock, Timestamp},
    error::ErrorKind,
    event::ClientInfo,
    mail::{Mail, MailError, Mailbox},
    secret::{Secret, TokenDigest},
    store::{Gate, Passage, memory::MemoryStore},
};

const ANN: &str = "Ann@example.org";

/// How the mailer handles the next emails. After these, it accepts every email.
enum Next {
    Fail(fn(String) -> MailError),
    Hang,
    Panic,
}

#[derive(Debug, Default)]
struct Script {
    next: Mutex<VecDeque<Next>>,
    taken: Mailbox,
    begun: AtomicUsize,
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Next")
    }
}

#[async_trait]
impl Mailer for Script {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let next = self.next.lock().unwrap().pop_front();
        match next {
            Some(Next::Fail(error)) => Err(error(format!("no\0thing: {}", mail.text()))),
            Some(Next::Hang) => std::future::pending().await,
            Some(Next::Panic) => panic!("by design"),
            None => self.taken.send(mail).await,
        }
    }
}

struct Setup {
    store: Arc<Gate<MemoryStore>>,
    clock: ManualClock,
    mailer: Arc<Script>,
    deliveries: Deliveries,
}

impl Setup {
    fn new() -> Self {
        Self::with_secrets(&Secret::generate().into())
    }

    fn with_secrets(secrets: &Secrets) -> Self {
        let (store, clock) = (Arc::new(Gate::new(MemoryStore::new())), ManualClock::new());
        let mailer = Arc::new(Script::default());
        store.store().add_user(ANN, None, clock.now());
        let deliveries = deliveries(secrets, &store, &clock, &mailer);
        Self {
            store,
            clock,
            mailer,
            deliveries,
        }
    }

    async fn request(&self, email: &str) {
        let email = email.parse().unwrap();
        let client = ClientInfo::default();
        let request = self.deliveries.request_reset(&*self.store, &email, &client);
        request.await.unwrap();
        self.deliveries.wake();
    }

    async fn deliver(&self) -> usize {
        self.deliveries.deliver().await.unwrap()
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    fn next(&self, next: Next) {
        self.mailer.next.lock().unwrap().push_back(next);
    }

    /// The number of attempts, sent emails and queued emails.
    fn counts(&self) -> (usize, usize, usize) {
        (
            self.mailer.begun.load(Ordering::SeqCst),
            self.mailer.taken.mails().len(),
            self.store.store().waiting(),
        )
    }

    /// Whether the email is due in this many seconds, or up to a quarter earlier.
    fn is_due_in(&self, seconds: i64) -> bool {
        let (due_at, _): (Timestamp, _) = self.store.store().letter();
        let millis = (due_at - self.clock.now()).num_milliseconds();
        (seconds * 750..=seconds * 1000).contains(&millis)
    }

    fn note(&self) -> String {
        self.store.store().letter().1.unwrap()
    }
}

fn deliveries(
    secrets: &Secrets,
    store: &Arc<Gate<MemoryStore>>,
    clock: &ManualClock,
    mailer: &Arc<Script>,
) -> Deliveries {
    let parts = DeliveryParts {
        trail: Trail::new(Arc::clone(store) as _, secrets, Vec::new()),
        store: Arc::clone(store) as _,
        mailer: Arc::clone(mailer) as _,
        clock: Arc::new(clock.clone()),
        links: Links::new("http://localhost:8000").unwrap(),
        templates: Templates::new("Hallpass").unwrap(),
        notices: Notices::default(),
        lifetimes: LinkLifetimes::default(),
        budgets: false,
    };
    Deliveries::new(secrets, parts).unwrap()
}

fn token(mail: &Mail) -> String {
    let (_, rest) = mail.text().split_once("?token=").unwrap();
    rest.lines().next().unwrap().to_owned()
}

async fn until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "it never holds");
        sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_reset_mail_goes_to_the_stored_address_with_a_live_token() {
    let setup = Setup::new();
    setup.request("aNN@EXAMPLE.org").await;
    assert_eq!(setup.deliver().await, 1);
    let mails = setup.mailer.taken.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to().as_str(), ANN);
    assert!(mails[0].text().contains("within 30 minutes"));
    let live = setup.store.store().live_token().unwrap();
    assert_eq!(TokenDigest::of(&token(&mails[0])), live);
    assert_eq!(setup.deliver().await, 0);
    assert_eq!(setup.counts(), (1, 1, 0));
}

#[tokio::test]
async fn unknown_and_disabled_accounts_get_no_mail() {
    let setup = Setup::new();
    setup
        .store
        .store()
        .add_user("bob@example.org", None, setup.clock.now());
    setup.store.store().disable("bob@example.org");
    setup.request("nobody@example.org").await;
    setup.request("bob@example.org").await;
    assert_eq!(setup.counts(), (0, 0, 2));
    assert_eq!(setup.deliver().await, 2);
    assert_eq!(setup.counts(), (0, 0, 0));
}

#[tokio::test]
async fn a_failed_mail_is_sent_again_with_the_same_link() {
    let setup = Setup::new();
    setup.next(Next::Fail(MailError::transient));
    setup.request(ANN).await;
    setup.deliver().await;
    assert_eq!(setup.counts(), (1, 0, 1));
    assert!(setup.is_due_in(15));
    let live = setup.store.store().live_token().unwrap();
    let note = setup.note();
    assert!(
        note.contains("[token]") && !note.contains("hp_ot_"),
        "{note}"
    );
    assert!(!note.contains('\0') && note.len() <= 500, "{note}");

    assert_eq!(setup.deliver().await, 0);
    setup.advance(15);
    setup.deliver().await;
    let mails = setup.mailer.taken.mails();
    assert_eq!(TokenDigest::of(&token(&mails[0])), live);
    assert_eq!(setup.counts(), (2, 1, 0));
}

#[tokio::test]
async fn a_refused_mail_is_retried_less_often() {
    let setup = Setup::new();
    setup.next(Next::Fail(MailError::permanent));
    setup.request(ANN).await;
    setup.deliver().await;
    assert_eq!(setup.counts(), (1, 0, 1));
    assert!(setup.is_due_in(300));
}

#[tokio::test]
async fn a_mail_backs_off_and_is_given_up_before_it_expires() {
    let setup = Setup::new();
    setup.request(ANN).await;
    for seconds in [15, 30, 60, 120, 240, 480] {
        setup.next(Next::Fail(MailError::transient));
        assert_eq!(setup.deliver().await, 1);
        assert!(setup.is_due_in(seconds), "{seconds}");
        setup.advance(seconds as u64);
    }
    // A further attempt twelve minutes later would come after the link expired.
    setup.advance(200);
    setup.next(Next::Fail(MailError::transient));
    assert_eq!(setup.deliver().await, 1);
    assert_eq!(setup.counts(), (7, 0, 0));
    let given_up = setup.store.store().given_up();
    assert!(given_up[0].contains("[token]") && !given_up[0].contains("hp_ot_"));
}

#[tokio::test]
async fn an_expired_mail_is_not_sent() {
    let setup = Setup::new();
    setup.request(ANN).await;
    setup.advance(1800);
    assert_eq!(setup.deliver().await, 1);
    assert_eq!(setup.counts(), (0, 0, 0));
    assert!(setup.store.store().live_token().is_none());
    let given_up = setup.store.store().given_up();
    assert_eq!(given_up, ["it expired before it could be sent"]);
}

#[tokio::test]
async fn the_mail_says_how_long_the_link_still_works() {
    let setup = Setup::new();
    setup.next(Next::Fail(MailError::transient));
    setup.request(ANN).await;
    setup.deliver().await;
    setup.advance(600);
    setup.deliver().await;
    let mails = setup.mailer.taken.mails();
    assert!(mails[0].text().contains("within 20 minutes"));
}

#[tokio::test]
async fn an_older_order_is_dropped_when_a_newer_one_was_sent() {
    let setup = Setup::new();
    setup.next(Next::Fail(MailError::transient));
    setup.request(ANN).await;
    setup.deliver().await;
    setup.advance(1);
    setup.request(ANN).await;
    assert_eq!(setup.deliver().await, 1);
    setup.advance(60);
    assert_eq!(setup.deliver().await, 1);
    assert_eq!(setup.counts(), (2, 1, 0));
}

#[tokio::test]
async fn a_repeat_after_a_change_of_secrets_carries_the_first_link() {
    let (old, new) = (Secret::generate(), Secret::generate());
    let setup = Setup::with_secrets(&old.clone().into());
    setup.next(Next::Fail(MailError::transient));
    setup.request(ANN).await;
    setup.deliver().await;
    let live = setup.store.store().live_token().unwrap();
    setup.advance(15);
    let both = Secrets::new(new, vec![old]).unwrap();
    let restarted = deliveries(&both, &setup.store, &setup.clock, &setup.mailer);
    restarted.deliver().await.unwrap();
    assert_eq!(
        TokenDigest::of(&token(&setup.mailer.taken.mails()[0])),
        live
    );
}

#[tokio::test(start_paused = true)]
async fn a_hanging_mailer_delays_no_other_mail() {
    let setup = Setup::new();
    setup
        .store
        .store()
        .add_user("bob@example.org", None, setup.clock.now());
    setup.next(Next::Hang);
    setup.request(ANN).await;
    setup.request("bob@example.org").await;
    let pass = tokio::spawn({
        let deliveries = setup.deliveries.clone();
        async move { deliveries.deliver().await }
    });
    until(|| setup.counts() == (2, 1, 1)).await;
    // The lease keeps other workers from claiming the email.
    assert_eq!(setup.deliver().await, 0);
    assert_eq!(pass.await.unwrap().unwrap(), 2);
    assert_eq!(setup.note(), "the mailer did not answer in time");
    assert!(setup.is_due_in(15));
}

#[tokio::test(start_paused = true)]
async fn the_worker_wakes_for_an_order_and_ends_on_shutdown() {
    let setup = Setup::new();
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(setup.deliveries.clone().run(async {
        stopped.await.ok();
    }));
    for number in 1..=3 {
        setup.request(ANN).await;
        setup.advance(1);
        let woken = timeout(
            Duration::from_millis(900),
            until(|| setup.counts() == (number, number, 0)),
        );
        woken.await.unwrap();
    }
    drop(stop);
    timeout(Duration::from_secs(1), worker)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_worker_survives_an_outage_and_a_panicking_mail() {
    let setup = Setup::new();
    setup.next(Next::Panic);
    setup.request(ANN).await;
    setup.store.set(Passage::Closed);
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(setup.deliveries.clone().run(async {
        stopped.await.ok();
    }));
    sleep(Duration::from_secs(5)).await;
    assert_eq!(setup.counts(), (0, 0, 1));
    setup.store.set(Passage::Open);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(setup.counts(), (1, 0, 1));
    assert_eq!(setup.note(), "the delivery panicked");
    assert!(setup.is_due_in(15));
    setup.advance(30);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(setup.counts(), (2, 1, 0));
    drop(stop);
    worker.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_hanging_mail_delays_the_shutdown_by_seconds_only() {
    let setup = Setup::new();
    setup.next(Next::Hang);
    setup.request(ANN).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(setup.deliveries.clone().run(async {
        stopped.await.ok();
    }));
    until(|| setup.counts().0 == 1).await;
    setup
        .store
        .store()
        .add_user("bob@example.org", None, setup.clock.now());
    setup.request("bob@example.org").await;
    until(|| setup.counts() == (2, 1, 1)).await;
    let before = Instant::now();
    drop(stop);
    worker.await.unwrap();
    assert!(before.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn an_order_that_cannot_be_kept_is_an_error() {
    let setup = Setup::new();
    setup.store.set(Passage::Closed);
    let email = ANN.parse().unwrap();
    let error = setup
        .deliveries
        .request_reset(&*setup.store, &email, &ClientInfo::default())
        .await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Unavailable);
    assert!(setup.deliveries.deliver().await.is_err());
}
