//! What becomes of a mail that was asked for over HTTP.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use hallpass::mail::{Mail, MailError, Mailbox, Mailer};
use tokio::sync::oneshot;

use crate::support::app::{app_with, apps, apps_with, race, token_in};

const ANN: &str = "ann@example.org";

/// Refuses the first mails, and keeps them all the same: they may have reached their reader.
#[derive(Debug)]
struct Moody {
    refusals: AtomicUsize,
    mails: Mailbox,
}

#[async_trait]
impl Mailer for Moody {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        self.mails.send(mail).await?;
        let left = self.refusals.load(Ordering::SeqCst);
        self.refusals
            .store(left.saturating_sub(1), Ordering::SeqCst);
        match left {
            0 => Ok(()),
            _ => Err(MailError::transient("not now")),
        }
    }
}

#[tokio::test]
async fn a_mail_that_is_sent_again_carries_the_same_link() {
    for app in apps().await {
        let mails = Mailbox::new();
        let mailer = Arc::new(Moody {
            refusals: AtomicUsize::new(2),
            mails: mails.clone(),
        });
        let app = app
            .another(|builder| builder.shared_mailer(mailer.clone()))
            .await;
        app.register(ANN).await;
        app.forgot(ANN).await;
        for sent in [1, 2, 3] {
            app.auth.deliver_mail().await.unwrap();
            assert_eq!(mails.mails().len(), sent);
            // Not before its time.
            assert_eq!(app.auth.deliver_mail().await.unwrap(), 0);
            app.advance(60);
        }
        assert_eq!(app.auth.deliver_mail().await.unwrap(), 0);
        let mails = mails.mails();
        let token = token_in(mails[0].text());
        for mail in &mails {
            assert_eq!(token_in(mail.text()), token);
            assert_eq!(mail.id(), mails[0].id());
        }
        app.reset(&token, "another good passphrase")
            .await
            .expect(204);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_send_a_mail_once() {
    for app in apps().await {
        let other = app.another(|builder| builder).await;
        for index in 0..10 {
            let email = format!("{index}@example.org");
            app.register(&email).await;
            app.forgot(&email).await;
        }
        let workers = [app.auth.clone(), other.auth.clone()];
        let claimed = race(2, move |index| {
            let auth = workers[index].clone();
            async move { auth.deliver_mail().await.unwrap() }
        })
        .await;
        assert_eq!(claimed.iter().sum::<usize>(), 10);
        let mails = app.mailbox.mails();
        assert_eq!(mails.len(), 10);
        for index in 0..10 {
            assert!(
                app.mailbox
                    .last_to(&format!("{index}@example.org"))
                    .is_some()
            );
        }
    }
}

#[tokio::test]
async fn an_order_outlives_the_process_that_took_it() {
    for app in apps().await {
        app.register(ANN).await;
        app.forgot(ANN).await;
        let restarted = app.another(|builder| builder).await;
        drop(app);
        assert_eq!(restarted.auth.deliver_mail().await.unwrap(), 1);
        let token = token_in(restarted.mailbox.last_to(ANN).unwrap().text());
        let reply = restarted.reset(&token, "another good passphrase").await;
        reply.expect(204);
    }
}

#[tokio::test]
async fn a_mail_whose_link_would_be_dead_is_not_sent() {
    for app in apps().await {
        app.register(ANN).await;
        app.forgot(ANN).await;
        app.advance(1800);
        assert_eq!(app.auth.deliver_mail().await.unwrap(), 1);
        assert!(app.mailbox.mails().is_empty());
        assert_eq!(app.auth.deliver_mail().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn the_letter_says_what_it_is_in_text_and_in_html() {
    let app = app_with(|builder| builder).await;
    app.register(ANN).await;
    let token = app.reset_token(ANN).await;
    let mail = app.mailbox.last_to(ANN).unwrap();
    assert!(!mail.subject().is_empty());
    assert_eq!(mail.text().matches(&token).count(), 1);
    assert!(
        mail.html()
            .contains(&format!("reset-password?token={token}"))
    );
    assert!(mail.text().contains("30 minutes"), "{}", mail.text());
    assert_eq!(mail.date(), app.now());
    let shown = format!("{mail:?}");
    assert!(!shown.contains(&token), "{shown}");
}

/// The worker as the servers run it: an order is sent without anybody asking for it, and the worker ends when told.
#[tokio::test]
async fn a_running_worker_sends_what_is_asked_for() {
    for app in apps_with(|builder| builder).await {
        app.register(ANN).await;
        let (stop, stopped) = oneshot::channel::<()>();
        let auth = app.auth.clone();
        let worker = tokio::spawn(async move {
            auth.run_mail(async { drop(stopped.await) }).await;
        });
        app.forgot(ANN).await;
        let arrived = async {
            while app.mailbox.last_to(ANN).is_none() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let arrived = tokio::time::timeout(Duration::from_secs(10), arrived).await;
        arrived.expect("the mail is sent");
        drop(stop);
        let ended = tokio::time::timeout(Duration::from_secs(10), worker).await;
        ended.expect("the worker ends").unwrap();
    }
}
