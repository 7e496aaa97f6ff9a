//! A mailer that keeps emails, for tests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Mail, MailError, Mailer};
use crate::user::EmailAddress;

/// Keeps emails instead of sending them, for tests. Clones share the emails.
///
/// ```
/// use hallpass::mail::Mailbox;
///
/// let mailbox = Mailbox::new(); // Give a clone to the application, let it send something, then:
/// assert!(mailbox.last_to("ann@example.org").is_none());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Mailbox(Arc<Mutex<Vec<Mail>>>);

impl Mailbox {
    /// An empty mailbox.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The emails so far, in the order in which they arrived.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.lock().clone()
    }

    /// The most recently requested email to this address. The order of arrival is ignored, because emails sent at the
    /// same time may arrive in any order.
    #[must_use]
    pub fn last_to(&self, address: &str) -> Option<Mail> {
        let address: EmailAddress = address.parse().ok()?;
        let mails = self.lock();
        mails
            .iter()
            .filter(|mail| *mail.to() == address)
            .max_by_key(|mail| mail.id())
            .cloned()
    }

    /// Deletes the emails.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Mail>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Mailer for Mailbox {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        self.lock().push(mail.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        clock::{Clock as _, SystemClock},
        mail::{Content, IntentId},
    };

    #[tokio::test]
    async fn the_mail_to_an_address_that_was_ordered_last_is_found() {
        let mailbox = Mailbox::new();
        let mailer: Arc<dyn Mailer> = Arc::new(mailbox.clone());
        let now = SystemClock.now();
        let ids = [0, 1, 2].map(|second| IntentId::new(now + Duration::from_secs(second)));
        for (to, subject, ordered) in [
            ("Ann@example.org", "2", 1),
            ("ann@example.org", "1", 0),
            ("bob@example.org", "3", 2),
        ] {
            let content = Content {
                subject: subject.to_owned(),
                text: String::new(),
                html: String::new(),
            };
            let mail = Mail::new(ids[ordered], now, to.parse().unwrap(), content);
            mailer.send(&mail).await.unwrap();
        }
        assert_eq!(mailbox.mails().len(), 3);
        assert_eq!(mailbox.last_to("ANN@example.org").unwrap().subject(), "2");
        assert!(mailbox.last_to("eve@example.org").is_none());
        mailbox.clear();
        assert!(mailbox.mails().is_empty());
    }
}
