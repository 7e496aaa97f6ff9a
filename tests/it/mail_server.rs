//! Slow, unavailable and refusing mail servers, and killed workers.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use hallpass::{
    mail::{Mail, MailError, Mailbox, Mailer},
    password::RegistrationMode,
};
use serde_json::json;

use crate::support::{
    app::{apps, apps_with, token_in},
    http::PASSWORD,
    patience::until,
};

const ANN: &str = "ann@example.org";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// The server accepts the connection and stays silent.
    Tarpit,
    /// The server is down.
    Refused,
    /// The server answers with a 4xx code.
    Transient,
    /// The server answers with a 5xx code.
    Permanent,
}

#[derive(Debug)]
struct Faulty {
    fault: Fault,
    begun: AtomicUsize,
}

#[async_trait]
impl Mailer for Faulty {
    async fn send(&self, _: &Mail) -> Result<(), MailError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        match self.fault {
            Fault::Tarpit => pending().await,
            Fault::Refused => {
                let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
                Err(MailError::transient(refused))
            }
            Fault::Transient => Err(MailError::transient("451 later")),
            Fault::Permanent => Err(MailError::permanent("550 no")),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_caller_gets_the_same_reply_for_every_mail_outcome() {
    let faults = [
        Fault::Tarpit,
        Fault::Refused,
        Fault::Transient,
        Fault::Permanent,
    ];
    for mode in [RegistrationMode::Open, RegistrationMode::Private] {
        for app in apps_with(|builder| builder.registration(mode)).await {
            for (round, fault) in faults.into_iter().enumerate() {
                let mailer = Arc::new(Faulty {
                    fault,
                    begun: AtomicUsize::new(0),
                });
                let faulty = app
                    .another(|builder| builder.registration(mode).shared_mailer(mailer.clone()))
                    .await;
                let worker = tokio::spawn({
                    let auth = faulty.auth.clone();
                    async move { auth.run_mail(pending()).await }
                });
                let email = format!("ann{round}@example.org");
                let account = json!({"email": email, "password": PASSWORD});
                let (new, taken) = match mode {
                    RegistrationMode::Private => (202, 202),
                    _ => (201, 409),
                };
                for (path, body, status) in [
                    ("/users", account.clone(), new),
                    ("/users", account, taken),
                    ("/auth/forgot-password", json!({"email": email}), 202),
                    ("/auth/resend-verification", json!({"email": email}), 202),
                    (
                        "/auth/forgot-password",
                        json!({"email": "nobody@example.org"}),
                        202,
                    ),
                ] {
                    // A caller who waited for the tarpit would time out.
                    faulty.post(path, body).await.expect(status);
                }
                let begun = async || mailer.begun.load(Ordering::SeqCst) > 0;
                until("the worker is sending", begun).await;
                faulty.login(&email).await;
                worker.abort();
            }
        }
    }
}

/// Sends each mail and never returns.
#[derive(Debug, Default)]
struct Swallowed(Mailbox);

#[async_trait]
impl Mailer for Swallowed {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        self.0.send(mail).await?;
        pending().await
    }
}

/// The mail was sent without being recorded as sent, so the same mail is sent once more.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_worker_killed_after_sending_repeats_the_same_mail() {
    for app in apps().await {
        app.settled(ANN).await;
        let swallowed = Arc::new(Swallowed::default());
        let killed = app
            .another(|builder| builder.shared_mailer(swallowed.clone()))
            .await;
        killed.forgot(ANN).await;
        let worker = tokio::spawn({
            let auth = killed.auth.clone();
            async move { auth.deliver_mail().await }
        });
        let sent = async || !swallowed.0.mails().is_empty();
        until("the mail is sent", sent).await;
        worker.abort();
        // The mail belongs to the worker until its lease expires.
        let before = app.mailbox.mails().len();
        app.deliver().await;
        assert_eq!(app.mailbox.mails().len(), before);
        app.advance(60);
        app.deliver().await;
        let (first, again) = (swallowed.0.mails(), app.mailbox.mails());
        assert_eq!(again.len(), before + 1, "{}", app.name);
        let (first, again) = (&first[0], &again[before]);
        assert_eq!(first.id(), again.id());
        assert_eq!(token_in(first.text()), token_in(again.text()));
        app.reset(&token_in(first.text()), PASSWORD)
            .await
            .expect(204);
        app.advance(3600);
        app.deliver().await;
        let resets = app.letters(ANN, "/reset-password?");
        assert_eq!(resets.len(), 1, "the mail is not sent a third time");
    }
}
