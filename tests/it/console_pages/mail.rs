//! The queue of emails.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use hallpass::{
    event::EventKind,
    mail::{Mail, MailError, Mailbox, Mailer},
};

use super::{ANN, administrator, contains, open, user};
use crate::support::{app::apps, http::PASSWORD, visitor::lead};

#[derive(Debug, Default)]
struct Switch {
    refuses: AtomicBool,
    mails: Mailbox,
}

#[async_trait]
impl Mailer for Switch {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        if self.refuses.load(Ordering::SeqCst) {
            return Err(MailError::permanent("550 5.1.1 no such mailbox"));
        }
        self.mails.send(mail).await
    }
}

#[tokio::test]
async fn dead_mail_is_tried_again() {
    for app in apps().await {
        let mailer = Arc::new(Switch::default());
        let app = app
            .another(|builder| builder.shared_mailer(mailer.clone()))
            .await;
        let mut visitor = administrator(&app).await;
        user(&app, ANN).await;
        app.deliver().await;
        let text = open(&mut visitor, "/console/mail", "Mail").await;
        contains(&text, &["No mail is stuck."]);
        app.forgot(ANN).await;
        let text = open(&mut visitor, "/console/mail?status=pending", "Mail").await;
        contains(&text, &["Link to set a password", ANN, "Next try on"]);
        assert!(!text.contains("Try again"), "it is tried anyway");

        mailer.refuses.store(true, Ordering::SeqCst);
        for _ in 0..8 {
            app.deliver().await;
            app.advance(1800);
        }
        mailer.refuses.store(false, Ordering::SeqCst);
        let text = open(&mut visitor, "/console/mail?status=dead", "Mail").await;
        contains(
            &text,
            &[
                "Given up",
                r#"action="../console/mail?status=dead""#,
                &format!(r#"aria-label="Try again: Link to set a password to {ANN}""#),
            ],
        );
        let (_, id) = text.split_once(r#"name="id" value=""#).expect("an id");
        let id = id.split('"').next().expect("its end").to_owned();
        let place = "/console/mail?status=dead";
        let reply = visitor.submit(place, &[("id", &id)]).await;
        let confirm = "../account/confirm?to=console%2Fmail";
        assert_eq!(lead(&reply), confirm, "the sign-in is old");
        let fields = [("password", PASSWORD)];
        visitor
            .submit(confirm.trim_start_matches(".."), &fields)
            .await;
        for id in ["nonsense", ""] {
            assert_eq!(visitor.submit(place, &[("id", id)]).await.status, 404);
        }
        for id in [&id, &id] {
            let reply = visitor.submit(place, &[("id", id)]).await;
            assert_eq!(lead(&reply), "../console/mail?status=dead&done=retried");
        }
        assert_eq!(app.count_events(EventKind::MailRetried).await, 1);
        let text = open(
            &mut visitor,
            "/console/mail?status=dead&done=retried",
            "Mail",
        )
        .await;
        contains(
            &text,
            &["The message is on its way again.", "No mail is stuck."],
        );
        app.deliver().await;
        let mails = mailer.mails.mails();
        assert!(
            mails
                .iter()
                .any(|mail| mail.text().contains("/reset-password?"))
        );
    }
}
