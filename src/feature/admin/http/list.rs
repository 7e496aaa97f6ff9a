//! `GET /admin/users`.

use serde::Serialize;

use super::{Administrator, State};
use crate::{
    error::Result,
    feature::admin::MAX_LIMIT,
    http::{FromMembers, Json, Members, Query},
    user::{EmailPrefix, Role, UserFilter, UserQuery, UserStatus, http::UserView},
};

pub(super) async fn list_users(
    state: State,
    _: Administrator,
    Query(query): Query<ListUsersQuery>,
) -> Result<Json<UserPage>> {
    let page = state.service.list_users(&query.into()).await?;
    Ok(Json(UserPage {
        items: page.items.into_iter().map(UserView::from).collect(),
        next_cursor: page.next_cursor,
    }))
}

/// One page of users.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct UserPage {
    items: Vec<UserView>,
    /// The cursor of the next page; null on the last page.
    #[cfg_attr(feature = "openapi", schema(required))]
    next_cursor: Option<String>,
}

/// Which page of users to list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct ListUsersQuery {
    /// The maximum number of items.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 200, default = 50))]
    limit: Option<u32>,
    /// The `next_cursor` of a page with the same filters.
    cursor: Option<String>,
    /// Only users whose address begins with exactly this text.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    email: Option<EmailPrefix>,
    /// Only users with this role.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    role: Option<Role>,
    /// `active` or `disabled`.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    status: Option<UserStatus>,
}

impl FromMembers for ListUsersQuery {
    fn from_members(members: &mut Members) -> Option<Self> {
        let limit = members.optional_number("limit", 1..=MAX_LIMIT.into());
        let cursor = members.optional_token("cursor");
        let email = members.optional_text("email");
        let role = members.optional_parse(
            "role",
            "invalid_role",
            "The text is not the name of a role.",
        );
        let status = members.optional_word("status", &super::statuses());
        Some(Self {
            limit: limit?.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)),
            cursor: cursor?,
            email: email?.map(|prefix| EmailPrefix::new(&prefix)),
            role: role?,
            status: status?,
        })
    }
}

impl From<ListUsersQuery> for UserQuery {
    fn from(query: ListUsersQuery) -> Self {
        let mut users = Self::new(UserFilter {
            email: query.email,
            role: query.role,
            status: query.status,
        });
        users.cursor = query.cursor;
        users.limit = query.limit.unwrap_or(users.limit);
        users
    }
}
