//! Mails that are requested over HTTP.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use hallpass::mail::{LetterKind, Mail, MailError, Mailbox, Mailer, Notices};
use serde_json::json;
use tokio::sync::oneshot;

use crate::support::{
    app::{PUBLIC_URL, app_with, apps, apps_with, race, token_in},
    http::{JSON, PASSWORD},
    patience::{PATIENCE, until},
};

const ANN: &str = "ann@example.org";
const CHROME: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
                      Chrome/142.0.0.0 Safari/537.36";

/// Refuses the first mails but keeps them, because a refused mail may still have reached the recipient.
#[derive(Debug)]
struct FailingAtFirst {
    refusals: AtomicUsize,
    mails: Mailbox,
}

#[async_trait]
impl Mailer for FailingAtFirst {
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
        let mailer = Arc::new(FailingAtFirst {
            refusals: AtomicUsize::new(0),
            mails: mails.clone(),
        });
        let app = app
            .another(|builder| builder.shared_mailer(mailer.clone()))
            .await;
        app.settled(ANN).await;
        mails.clear();
        mailer.refusals.store(2, Ordering::SeqCst);
        app.forgot(ANN).await;
        for sent in [1, 2, 3] {
            app.auth.deliver_mail().await.unwrap();
            assert_eq!(mails.mails().len(), sent);
            // Nothing is sent before the due time.
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
        let emails: Vec<String> = (0..10).map(|i| format!("{i}@example.org")).collect();
        for email in &emails {
            app.settled(email).await;
        }
        app.mailbox.clear();
        for email in &emails {
            app.forgot(email).await;
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
        app.settled(ANN).await;
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
        app.settled(ANN).await;
        app.mailbox.clear();
        app.forgot(ANN).await;
        app.advance(1800);
        assert_eq!(app.auth.deliver_mail().await.unwrap(), 1);
        assert!(app.mailbox.mails().is_empty());
        assert_eq!(app.auth.deliver_mail().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn the_letter_has_text_and_html_parts() {
    let app = app_with(|builder| builder).await;
    app.settled(ANN).await;
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

#[tokio::test]
async fn a_registration_is_followed_by_the_verification_letter() {
    for app in apps().await {
        app.settled(ANN).await;
        let mails = app.mailbox.mails();
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].to().as_str(), ANN);
        let link = format!("{PUBLIC_URL}/verify-email?token=hp_ot_");
        assert!(mails[0].text().contains(&link), "{}", mails[0].text());
        assert!(mails[0].text().contains("within 1 day"));
        // Only the caller is informed that the address is taken.
        let again = json!({"email": ANN, "password": PASSWORD});
        app.post("/users", again).await.expect(409);
        app.administrator().await;
        assert_eq!(app.auth.deliver_mail().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn the_user_gets_a_notice_of_a_password_reset() {
    for app in apps().await {
        app.settled(ANN).await;
        let token = app.reset_token(ANN).await;
        app.mailbox.clear();
        app.reset(&token, "another good passphrase")
            .await
            .expect(204);
        app.reset(&token, "another good passphrase")
            .await
            .expect(400);
        app.deliver().await;
        let mails = app.mailbox.mails();
        assert_eq!(mails.len(), 1);
        assert!(mails[0].subject().contains("was changed"));
        assert!(mails[0].text().contains("from 127.0.0.1"));
        assert!(mails[0].html().contains(ANN));
    }
}

#[tokio::test]
async fn the_user_gets_one_notice_of_a_stolen_refresh_token() {
    for app in apps().await {
        app.settled(ANN).await;
        let first = app.login(ANN).await.refresh;
        let second = app.refresh(&first).await.tokens().refresh;
        app.refresh(&second).await.tokens();
        app.mailbox.clear();
        app.advance(60);
        for code in ["refresh_token_reused", "invalid_refresh_token"] {
            app.refresh(&first).await.problem(401, code);
        }
        app.deliver().await;
        let mails = app.mailbox.mails();
        assert_eq!(mails.len(), 1);
        let text = mails[0].text().replace('\n', " ");
        assert!(text.contains("was used"), "{text}");
    }
}

#[tokio::test]
async fn a_notice_names_the_browser() {
    for app in apps().await {
        app.settled(ANN).await;
        let token = app.reset_token(ANN).await;
        app.mailbox.clear();
        let headers = format!("{JSON}User-Agent: {CHROME}\r\n");
        let body = json!({"token": token, "new_password": "another good passphrase"}).to_string();
        let reply = app.ask("POST /auth/reset-password", &headers, body.as_bytes());
        reply.await.expect(204);
        app.deliver().await;
        let text = app.mailbox.mails()[0].text().replace('\n', " ");
        assert!(text.contains("from Chrome on macOS, 127.0.0.1."), "{text}");
    }
}

#[tokio::test]
async fn notices_can_be_switched_off() {
    let all = LetterKind::ALL.iter().copied();
    let none = all.fold(Notices::default(), Notices::without);
    let app = app_with(|builder| builder.notices(none.clone())).await;
    app.settled(ANN).await;
    let token = app.reset_token(ANN).await;
    app.reset(&token, PASSWORD).await.expect(204);
    let first = app.login(ANN).await.refresh;
    app.refresh(&first).await.tokens();
    app.advance(60);
    app.refresh(&first)
        .await
        .problem(401, "refresh_token_reused");
    assert_eq!(app.auth.deliver_mail().await.unwrap(), 0);
}

#[tokio::test]
async fn letters_are_in_the_language_of_the_registration() {
    for app in apps().await {
        for (index, (accepted, ui, says)) in [
            ("de-CH, fr;q=0.5", "de", "Bitte best\u{e4}tigen Sie"),
            ("it, fr;q=0.5", "fr", "Veuillez confirmer"),
            ("es", "es", "Confirme, por favor"),
            ("zh-Hans-CN,zh;q=0.9", "zh", "\u{8bf7}\u{786e}\u{8ba4}"),
            ("it", "", "Please confirm"),
            ("\u{e4}", "", "Please confirm"),
        ]
        .into_iter()
        .enumerate()
        {
            let email = format!("user{index}@example.org");
            let body = json!({"email": email, "password": PASSWORD}).to_string();
            let headers = format!("{JSON}Accept-Language: {accepted}\r\n");
            app.ask("POST /users", &headers, body.as_bytes())
                .await
                .expect(201);
            app.deliver().await;
            let mail = app.mailbox.last_to(&email).unwrap();
            let text = mail.text().replace('\n', " ");
            assert!(text.contains(says), "{accepted}: {text}");
            let (_, link) = text.split_once(PUBLIC_URL).unwrap();
            let link = link.split(' ').next().unwrap();
            let (_, query) = link.split_once('?').unwrap();
            let named = query.split_once("&ui=").map_or("", |(_, ui)| ui);
            assert_eq!(named, ui, "{link}");
        }
        // The stored language is used.
        app.forgot("USER0@example.org").await;
        app.deliver().await;
        let text = app.letter("user0@example.org", "/reset-password?");
        assert!(text.contains("gilt 30 Minuten"), "{text}");
    }
}

/// The worker as the servers run it: it sends mails by itself, and ends when asked to.
#[tokio::test]
async fn a_running_worker_sends_ordered_mails() {
    for app in apps_with(|builder| builder).await {
        app.register(ANN).await;
        let (stop, stopped) = oneshot::channel::<()>();
        let auth = app.auth.clone();
        let worker = tokio::spawn(async move {
            auth.run(async { drop(stopped.await) }).await;
        });
        app.forgot(ANN).await;
        let arrived = async || !app.letters(ANN, "/reset-password?").is_empty();
        until("the mail is sent", arrived).await;
        drop(stop);
        let ended = tokio::time::timeout(PATIENCE, worker).await;
        ended.expect("the worker ends").unwrap();
    }
}
