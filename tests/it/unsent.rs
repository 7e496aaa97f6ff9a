//! The warning that mails wait and no process sends them.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use hallpass::{
    Auth,
    admin::NewAccount,
    clock::ManualClock,
    event::{Author, ClientInfo},
    limit::RateLimits,
    mail::{Mail, MailError, Mailbox, Mailer},
    memory::MemoryStore,
    secret::Secret,
};

use crate::support::lines::Lines;

#[derive(Debug)]
struct Down;

#[async_trait]
impl Mailer for Down {
    async fn send(&self, _: &Mail) -> Result<(), MailError> {
        Err(MailError::transient("451 later"))
    }
}

struct House {
    clock: ManualClock,
    store: Arc<MemoryStore>,
    lines: Lines,
}

impl House {
    fn new() -> Self {
        Self {
            clock: ManualClock::new(),
            store: Arc::new(MemoryStore::new()),
            lines: Lines::default(),
        }
    }

    fn process(&self, mailer: impl Mailer + 'static) -> Auth {
        Auth::builder()
            .shared_store(self.store.clone())
            .secrets(Secret::generate())
            .public_url("https://id.example.org")
            .mailer(mailer)
            .clock(self.clock.clone())
            .rate_limits(RateLimits::none())
            .build()
            .unwrap()
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The warnings since the last call, those of tasks that are ready included.
    async fn warnings(&self) -> usize {
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        let lines = self.lines.take();
        lines.matches("no process has claimed them").count()
    }
}

/// Asks for a mail to nobody, which waits in the outbox as any other does.
async fn ask(auth: &Auth) {
    let email = "nobody@example.org".parse().unwrap();
    let client = ClientInfo::default();
    let asked = auth.forgot_password(&email, &client);
    asked.await.unwrap();
}

#[tokio::test]
async fn unsent_mail_is_warned_of_once_an_hour() {
    let house = House::new();
    let _logging = house.lines.listen();
    let auth = house.process(Mailbox::new());
    for (seconds, warnings) in [(0, 0), (59, 0), (1, 1), (60, 0), (3539, 0), (1, 1)] {
        house.pass(seconds);
        ask(&auth).await;
        assert_eq!(house.warnings().await, warnings, "after {seconds} more");
    }
}

#[tokio::test]
async fn mail_that_another_process_sends_is_not_warned_of() {
    let house = House::new();
    let _logging = house.lines.listen();
    let (auth, sender) = (house.process(Mailbox::new()), house.process(Mailbox::new()));
    for _ in 0..3 {
        ask(&auth).await;
        assert_eq!(sender.deliver_mail().await.unwrap(), 1);
        house.pass(61);
    }
    assert_eq!(house.warnings().await, 0);
}

#[tokio::test]
async fn mail_that_a_failing_mailer_holds_up_is_not_warned_of() {
    let house = House::new();
    let _logging = house.lines.listen();
    let (auth, sender) = (house.process(Mailbox::new()), house.process(Down));
    // A new account without a password gets a link.
    let account = NewAccount::new("ann@example.org".parse().unwrap());
    let administration = auth.administration();
    let author = Author::default();
    let made = administration.create_user(account, &author);
    made.await.unwrap();
    assert_eq!(sender.deliver_mail().await.unwrap(), 1);
    house.pass(61);
    ask(&auth).await;
    assert_eq!(house.warnings().await, 0);
}

#[tokio::test]
async fn process_that_sends_does_not_look() {
    let house = House::new();
    let _logging = house.lines.listen();
    let auth = house.process(Mailbox::new());
    assert_eq!(auth.deliver_mail().await.unwrap(), 0);
    for _ in 0..3 {
        ask(&auth).await;
        house.pass(61);
    }
    assert_eq!(house.warnings().await, 0);
}
