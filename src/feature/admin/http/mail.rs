//! `GET /admin/mail`, and the endpoint that retries an email.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Administrator, State};
use crate::{
    error::{ErrorKind, Result},
    event::ClientInfo,
    feature::admin::{MAX_LIMIT, MailQuery},
    http::{Accepted, FromMembers, Input, Json, Members, Query, Request, time},
    mail::{IntentId, MailEntry, MailStatus},
    user::UserId,
};

pub(super) async fn list_mail(
    state: State,
    _: Administrator,
    Query(query): Query<ListMailQuery>,
) -> Result<Json<MailPage>> {
    let page = state.administration.list_mail(&query.into()).await?;
    Ok(Json(MailPage {
        items: page.items.into_iter().map(MailView::from).collect(),
        next_cursor: page.next_cursor,
    }))
}

pub(super) async fn retry_mail(
    state: State,
    administrator: Administrator,
    Waiting(id): Waiting,
    client: ClientInfo,
) -> Result<Accepted> {
    state
        .administration
        .retry_mail(id, &administrator.author(client))
        .await?;
    Ok(Accepted)
}

/// The identifier of the email in the path. A malformed identifier is treated like an unknown one.
pub(super) struct Waiting(IntentId);

impl<S: Sync> Input<S> for Waiting {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        request
            .next_param()?
            .parse()
            .map(Self)
            .map_err(|_| ErrorKind::NotFound.into())
    }
}

/// One page of emails.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct MailPage {
    items: Vec<MailView>,
    /// The cursor of the next page; null on the last page.
    #[cfg_attr(feature = "openapi", schema(required))]
    next_cursor: Option<String>,
}

/// An email in the outbox, without its content.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct MailView {
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    id: IntentId,
    /// The kind of email, such as `reset_password`.
    letter: String,
    /// The address of the recipient, or the address in the request; null if the user was deleted.
    #[cfg_attr(feature = "openapi", schema(required))]
    recipient: Option<String>,
    /// The user who receives the email; null if the email was requested with an address.
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<uuid::Uuid>))]
    user_id: Option<UserId>,
    /// `pending`, or `dead` if delivery was abandoned.
    status: &'static str,
    /// The number of delivery attempts.
    attempts: i32,
    /// The reason why the last attempt failed.
    #[cfg_attr(feature = "openapi", schema(required))]
    last_error: Option<String>,
    #[serde(serialize_with = "time::serialize")]
    created_at: DateTime<Utc>,
    /// The time of the next delivery attempt.
    #[serde(serialize_with = "time::serialize")]
    due_at: DateTime<Utc>,
}

impl From<MailEntry> for MailView {
    fn from(mail: MailEntry) -> Self {
        Self {
            id: mail.id,
            letter: mail.letter,
            recipient: mail.recipient.map(|address| address.as_str().to_owned()),
            user_id: mail.user_id,
            status: mail.status.as_str(),
            attempts: mail.attempts,
            last_error: mail.last_error,
            created_at: mail.created_at,
            due_at: mail.due_at,
        }
    }
}

/// Which page of emails to list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct ListMailQuery {
    /// The maximum number of items.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 200, default = 50))]
    limit: Option<u32>,
    /// The `next_cursor` of a page with the same filter.
    cursor: Option<String>,
    /// `dead` or `pending`.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    status: Option<MailStatus>,
}

impl FromMembers for ListMailQuery {
    fn from_members(members: &mut Members) -> Option<Self> {
        let limit = members.optional_number("limit", 1..=MAX_LIMIT.into());
        let cursor = members.optional_token("cursor");
        let statuses = [MailStatus::Dead, MailStatus::Pending];
        let status = members.optional_word("status", &statuses.map(|s| (s.as_str(), s)));
        Some(Self {
            limit: limit?.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)),
            cursor: cursor?,
            status: status?,
        })
    }
}

impl From<ListMailQuery> for MailQuery {
    fn from(query: ListMailQuery) -> Self {
        let mut mails = Self::default();
        mails.status = query.status;
        mails.cursor = query.cursor;
        mails.limit = query.limit.unwrap_or(mails.limit);
        mails
    }
}
