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

/// The behaviour of the mailer for the next mails; then it accepts them.
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

    /// The number of attempts, sent mails and open orders.
    fn counts(&self) -> (usize, usize, usize) {
        (
            self.mailer.begun.load(Ordering::SeqCst),
            self.mailer.taken.mails().len(),
            self.store.store().waiting(),
        )
    }

    /// The number of seconds, up to a quarter less.
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
    let house = Setup::new();
    house.request("aNN@EXAMPLE.org").await;
    assert_eq!(house.deliver().await, 1);
    let mails = house.mailer.taken.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to().as_str(), ANN);
    assert!(mails[0].text().contains("within 30 minutes"));
    let live = house.store.store().live_token().unwrap();
    assert_eq!(TokenDigest::of(&token(&mails[0])), live);
    assert_eq!(house.deliver().await, 0);
    assert_eq!(house.counts(), (1, 1, 0));
}

#[tokio::test]
async fn unknown_and_disabled_accounts_get_no_mail() {
    let house = Setup::new();
    house
        .store
        .store()
        .add_user("bob@example.org", None, house.clock.now());
    house.store.store().disable("bob@example.org");
    house.request("nobody@example.org").await;
    house.request("bob@example.org").await;
    assert_eq!(house.counts(), (0, 0, 2));
    assert_eq!(house.deliver().await, 2);
    assert_eq!(house.counts(), (0, 0, 0));
}

#[tokio::test]
async fn a_failed_mail_is_sent_again_with_the_same_link() {
    let house = Setup::new();
    house.next(Next::Fail(MailError::transient));
    house.request(ANN).await;
    house.deliver().await;
    assert_eq!(house.counts(), (1, 0, 1));
    assert!(house.is_due_in(15));
    let live = house.store.store().live_token().unwrap();
    let note = house.note();
    assert!(
        note.contains("[token]") && !note.contains("hp_ot_"),
        "{note}"
    );
    assert!(!note.contains('\0') && note.len() <= 500, "{note}");

    assert_eq!(house.deliver().await, 0);
    house.advance(15);
    house.deliver().await;
    let mails = house.mailer.taken.mails();
    assert_eq!(TokenDigest::of(&token(&mails[0])), live);
    assert_eq!(house.counts(), (2, 1, 0));
}

#[tokio::test]
async fn a_refused_mail_is_retried_less_often() {
    let house = Setup::new();
    house.next(Next::Fail(MailError::permanent));
    house.request(ANN).await;
    house.deliver().await;
    assert_eq!(house.counts(), (1, 0, 1));
    assert!(house.is_due_in(300));
}

#[tokio::test]
async fn a_mail_backs_off_and_is_given_up_before_it_expires() {
    let house = Setup::new();
    house.request(ANN).await;
    for seconds in [15, 30, 60, 120, 240, 480] {
        house.next(Next::Fail(MailError::transient));
        assert_eq!(house.deliver().await, 1);
        assert!(house.is_due_in(seconds), "{seconds}");
        house.advance(seconds as u64);
    }
    // Another twelve minutes would be too late.
    house.advance(200);
    house.next(Next::Fail(MailError::transient));
    assert_eq!(house.deliver().await, 1);
    assert_eq!(house.counts(), (7, 0, 0));
    let given_up = house.store.store().given_up();
    assert!(given_up[0].contains("[token]") && !given_up[0].contains("hp_ot_"));
}

#[tokio::test]
async fn an_expired_mail_is_not_sent() {
    let house = Setup::new();
    house.request(ANN).await;
    house.advance(1800);
    assert_eq!(house.deliver().await, 1);
    assert_eq!(house.counts(), (0, 0, 0));
    assert!(house.store.store().live_token().is_none());
    let given_up = house.store.store().given_up();
    assert_eq!(given_up, ["it expired before it could be sent"]);
}

#[tokio::test]
async fn the_mail_says_how_long_the_link_still_works() {
    let house = Setup::new();
    house.next(Next::Fail(MailError::transient));
    house.request(ANN).await;
    house.deliver().await;
    house.advance(600);
    house.deliver().await;
    let mails = house.mailer.taken.mails();
    assert!(mails[0].text().contains("within 20 minutes"));
}

#[tokio::test]
async fn an_older_order_is_dropped_when_a_newer_one_was_sent() {
    let house = Setup::new();
    house.next(Next::Fail(MailError::transient));
    house.request(ANN).await;
    house.deliver().await;
    house.advance(1);
    house.request(ANN).await;
    assert_eq!(house.deliver().await, 1);
    house.advance(60);
    assert_eq!(house.deliver().await, 1);
    assert_eq!(house.counts(), (2, 1, 0));
}

#[tokio::test]
async fn a_repeat_after_a_change_of_secrets_carries_the_first_link() {
    let (old, new) = (Secret::generate(), Secret::generate());
    let house = Setup::with_secrets(&old.clone().into());
    house.next(Next::Fail(MailError::transient));
    house.request(ANN).await;
    house.deliver().await;
    let live = house.store.store().live_token().unwrap();
    house.advance(15);
    let both = Secrets::new(new, vec![old]).unwrap();
    let restarted = deliveries(&both, &house.store, &house.clock, &house.mailer);
    restarted.deliver().await.unwrap();
    assert_eq!(
        TokenDigest::of(&token(&house.mailer.taken.mails()[0])),
        live
    );
}

#[tokio::test(start_paused = true)]
async fn a_hanging_mailer_delays_no_other_mail() {
    let house = Setup::new();
    house
        .store
        .store()
        .add_user("bob@example.org", None, house.clock.now());
    house.next(Next::Hang);
    house.request(ANN).await;
    house.request("bob@example.org").await;
    let pass = tokio::spawn({
        let deliveries = house.deliveries.clone();
        async move { deliveries.deliver().await }
    });
    until(|| house.counts() == (2, 1, 1)).await;
    // The lease keeps other workers away.
    assert_eq!(house.deliver().await, 0);
    assert_eq!(pass.await.unwrap().unwrap(), 2);
    assert_eq!(house.note(), "the mailer did not answer in time");
    assert!(house.is_due_in(15));
}

#[tokio::test(start_paused = true)]
async fn the_worker_wakes_for_an_order_and_ends_on_shutdown() {
    let house = Setup::new();
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(house.deliveries.clone().run(async {
        stopped.await.ok();
    }));
    for number in 1..=3 {
        house.request(ANN).await;
        house.advance(1);
        let woken = timeout(
            Duration::from_millis(900),
            until(|| house.counts() == (number, number, 0)),
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
    let house = Setup::new();
    house.next(Next::Panic);
    house.request(ANN).await;
    house.store.set(Passage::Closed);
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(house.deliveries.clone().run(async {
        stopped.await.ok();
    }));
    sleep(Duration::from_secs(5)).await;
    assert_eq!(house.counts(), (0, 0, 1));
    house.store.set(Passage::Open);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(house.counts(), (1, 0, 1));
    assert_eq!(house.note(), "the delivery panicked");
    assert!(house.is_due_in(15));
    house.advance(30);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(house.counts(), (2, 1, 0));
    drop(stop);
    worker.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_hanging_mail_delays_the_shutdown_by_seconds_only() {
    let house = Setup::new();
    house.next(Next::Hang);
    house.request(ANN).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(house.deliveries.clone().run(async {
        stopped.await.ok();
    }));
    until(|| house.counts().0 == 1).await;
    house
        .store
        .store()
        .add_user("bob@example.org", None, house.clock.now());
    house.request("bob@example.org").await;
    until(|| house.counts() == (2, 1, 1)).await;
    let before = Instant::now();
    drop(stop);
    worker.await.unwrap();
    assert!(before.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn an_order_that_cannot_be_kept_is_an_error() {
    let house = Setup::new();
    house.store.set(Passage::Closed);
    let email = ANN.parse().unwrap();
    let error = house
        .deliveries
        .request_reset(&*house.store, &email, &ClientInfo::default())
        .await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Unavailable);
    assert!(house.deliveries.deliver().await.is_err());
}
