//! `GET` and `POST /console/mail`: the emails that are not sent yet.

use super::{
    super::{
        super::{
            Done, MailView,
            answer::Reply,
            frame::{Frame, Tab, joined},
        },
        Parts,
    },
    Admin, AdminSender, Asked, Below,
    forms::RetryForm,
};
use crate::{
    error::{ErrorKind, Result},
    feature::admin::MailQuery,
    http::Form,
    mail::MailStatus,
};

const PAGE: &str = "console/mail";

/// The number of emails on a page.
const SHOWN: u32 = 25;

pub(super) async fn show(
    parts: Parts,
    Below(asked): Below<1>,
    Admin(admin): Admin,
) -> Result<Reply> {
    let (status, kept) = (status(&asked), kept(&asked));
    let query = MailQuery {
        status,
        limit: SHOWN,
        cursor: asked.parameter("cursor").map(str::to_owned),
    };
    let page = match parts.administration.list_mail(&query).await {
        Ok(page) => page,
        Err(error) => return asked.first_page(PAGE, &kept, query.cursor.as_deref(), error),
    };
    let frame = Frame {
        query: &kept,
        ..asked.frame_for(&admin, Some(Tab::Mail))
    };
    let view = MailView {
        status,
        entries: &page.items,
        next: page.next_cursor.as_deref(),
        done: asked.done(),
    };
    parts.pages.mail(&frame, &view).map(Reply::page)
}

pub(super) async fn retry(
    parts: Parts,
    Below(asked): Below<1>,
    AdminSender { admin, author }: AdminSender,
    Form(form): Form<RetryForm>,
) -> Result<Reply> {
    parts.administration.require_recent_step_up(&admin)?;
    let id = form.id.ok_or(ErrorKind::NotFound)?;
    match parts.administration.retry_mail(id, &author).await {
        // A second click finds that the first one has replaced the email.
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let done = format!("done={}", Done::Retried.as_str());
    let query = joined(&kept(&asked), &done);
    Ok(Reply::see_other(asked.frame().away_with(PAGE, &query)))
}

fn status(asked: &Asked) -> Option<MailStatus> {
    asked.parameter("status").and_then(|word| word.parse().ok())
}

/// The query that the page carries over.
fn kept(asked: &Asked) -> String {
    status(asked).map_or_else(String::new, |status| format!("status={}", status.as_str()))
}
