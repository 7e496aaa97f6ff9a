//! The warning that mails are waiting and no process sends them.

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

    async fn pass(&self, seconds: u64) {
        let time = Duration::from_secs(seconds);
        self.clock.advance(time);
        tokio::time::sleep(time).await;
    }

    fn warnings(&self) -> usize {
        let lines = self.lines.take();
        lines.matches("no process sends them").count()
    }
}

/// Requests a mail to an address without an account. It waits in the outbox like any other mail.
async fn ask(auth: &Auth) {
    let email = "nobody@example.org".parse().unwrap();
    let client = ClientInfo::default();
    let asked = auth.forgot_password(&email, &client);
    asked.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn unsent_mail_is_warned_of_once_an_hour() {
    let house = House::new();
    let _logging = tracing::subscriber::set_default(house.lines.subscriber());
    let auth = house.process(Mailbox::new());
    ask(&auth).await;
    house.pass(59).await;
    assert_eq!(house.warnings(), 0);
    house.pass(2).await;
    assert_eq!(house.warnings(), 1);
    for _ in 0..11 {
        house.pass(300).await;
        ask(&auth).await;
    }
    assert_eq!(house.warnings(), 0);
    house.pass(600).await;
    ask(&auth).await;
    house.pass(61).await;
    assert_eq!(house.warnings(), 1);
}

#[tokio::test(start_paused = true)]
async fn mail_that_another_process_sends_is_not_warned_of() {
    let house = House::new();
    let _logging = tracing::subscriber::set_default(house.lines.subscriber());
    let (auth, sender) = (house.process(Mailbox::new()), house.process(Mailbox::new()));
    ask(&auth).await;
    assert_eq!(sender.deliver_mail().await.unwrap(), 1);
    house.pass(61).await;
    assert_eq!(house.warnings(), 0);
    // The watch begins again when the next mail waits.
    ask(&auth).await;
    house.pass(61).await;
    assert_eq!(house.warnings(), 1);
}

#[tokio::test(start_paused = true)]
async fn mail_that_a_failing_mailer_holds_up_is_not_warned_of() {
    let house = House::new();
    let _logging = tracing::subscriber::set_default(house.lines.subscriber());
    let (auth, sender) = (house.process(Mailbox::new()), house.process(Down));
    // A new account that has no password gets a link.
    let account = NewAccount::new("ann@example.org".parse().unwrap());
    let administration = auth.administration();
    let author = Author::default();
    let made = administration.create_user(account, &author);
    made.await.unwrap();
    assert_eq!(sender.deliver_mail().await.unwrap(), 1);
    house.pass(61).await;
    assert_eq!(house.warnings(), 0);
}
