//! Listing the outbox and retrying dead emails.

use super::{Administration, list::check_limit};
use crate::{
    error::{ErrorKind, Result},
    event::{Author, EventKind},
    mail::{IntentId, MailEntry, MailStatus, RetryMail},
    user::Page,
};

/// Which page of emails to list. The default is the first 50 emails, whatever their status.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MailQuery {
    /// Only emails with this status.
    pub status: Option<MailStatus>,
    /// The maximum number of emails: 1 to 200, 50 by default.
    pub limit: u32,
    /// The start of the page: the `next_cursor` of a page with the same status.
    pub cursor: Option<String>,
}

impl Default for MailQuery {
    fn default() -> Self {
        Self {
            status: None,
            limit: 50,
            cursor: None,
        }
    }
}

impl MailQuery {
    /// The first page of the dead emails.
    #[must_use]
    pub fn dead() -> Self {
        Self {
            status: Some(MailStatus::Dead),
            ..Self::default()
        }
    }
}

impl Administration {
    /// A page of the emails in the outbox, newest first. Sent emails are no longer listed.
    ///
    /// # Errors
    /// [`ValidationFailed`](ErrorKind::ValidationFailed) for a limit out of range, an invalid
    /// cursor, or a cursor for another status.
    pub async fn list_mail(&self, query: &MailQuery) -> Result<Page<MailEntry>> {
        check_limit(query.limit)?;
        let filter = query.status.map_or("", MailStatus::as_str).as_bytes();
        let cursors = &self.mail_cursors;
        let after = cursors.after::<IntentId>(query.cursor.as_deref(), filter)?;
        let listed = self
            .core
            .store
            .list_mail(query.status, after, query.limit + 1)
            .await?;
        cursors.page(listed, query.limit, filter, |mail| mail.id.as_uuid())
    }

    /// Retries a dead email now, as a new email with a new identifier and the same content and
    /// recipient. The new email is not sent if the dead email has become void since it was queued, because the address
    /// or the credentials have changed, or a newer request named a different address. A pending email is left
    /// unchanged.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) if there is no such email in the outbox.
    pub async fn retry_mail(&self, id: IntentId, author: &Author) -> Result<()> {
        let now = self.core.clock.now();
        let event = author.event(EventKind::MailRetried, now);
        let event = event.with("mail_id", id.to_string());
        let retried = self
            .core
            .store
            .retry_mail(id, IntentId::new(now), now, &event);
        match retried.await? {
            RetryMail::NotFound => return Err(ErrorKind::NotFound.into()),
            RetryMail::Pending => {}
            RetryMail::Retried(retried) => self.core.trail.publish(&retried.noted_on(&event)),
        }
        self.core.deliveries.wake();
        Ok(())
    }
}
