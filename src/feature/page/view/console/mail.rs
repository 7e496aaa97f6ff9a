//! `/console/mail`: the emails that are not sent yet.

use minijinja::{Value, context};

use super::{
    super::super::{Pages, frame::Frame, texts::OwnTexts},
    Done, head, next_page, time,
};
use crate::{
    error::Result,
    http::Html,
    mail::{LetterKind, MailEntry, MailStatus, moment},
    user::EmailAddress,
};

/// A page of emails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MailView<'a> {
    pub(crate) status: Option<MailStatus>,
    pub(crate) entries: &'a [MailEntry],
    /// The cursor of the next page.
    pub(crate) next: Option<&'a str>,
    pub(crate) done: Option<Done>,
}

impl Pages {
    /// `console/mail`. The first form sends `status` in the query, and the others post `id`.
    pub(crate) fn mail(&self, frame: &Frame<'_>, view: &MailView<'_>) -> Result<Html> {
        let texts = self.texts(frame.language);
        let own = &texts.console;
        let rows = view.entries.iter().map(|entry| row(texts, frame, entry));
        let v = context! {
            notice => Done::notice(view.done, own),
            status => view.status.map(MailStatus::as_str),
            rows => rows.collect::<Vec<Value>>(),
            next => next_page(frame, "console/mail", view.next),
        };
        self.layout
            .render("console-mail.html", &head(frame, &own.mail, true), v)
    }
}

fn row(texts: &OwnTexts, frame: &Frame<'_>, entry: &MailEntry) -> Value {
    let own = &texts.console.queue;
    // A newer version may have added a letter.
    let is_known = entry.letter.parse::<LetterKind>().is_ok();
    let recipient = entry.recipient.as_ref().map(EmailAddress::as_str);
    let is_dead = entry.status == MailStatus::Dead;
    let state = match is_dead {
        true => own.dead.clone(),
        false => {
            let at = moment(entry.due_at, &frame.locale());
            own.next_try.replace("{at}", &at)
        }
    };
    let user = entry.user_id;
    context! {
        letter => entry.letter.as_str(),
        is_known,
        recipient,
        url => user.map(|id| frame.away(&format!("console/users/{id}"))),
        requested => time(frame, entry.created_at),
        state,
        attempts => entry.attempts,
        error => entry.last_error.as_deref(),
        id => is_dead.then(|| entry.id.to_string()),
    }
}
