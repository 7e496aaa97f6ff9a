//! `PATCH /admin/users/{id}`.

use super::{Administrator, State, Target, statuses};
use crate::{
    error::Result,
    event::ClientInfo,
    feature::admin::MAX_ROLES,
    http::{FromMembers, Json, Members},
    user::{Roles, UserChange, UserStatus, http::UserView},
};

pub(super) async fn update_user(
    state: State,
    administrator: Administrator,
    Target(id): Target,
    client: ClientInfo,
    Json(body): Json<UpdateUserRequest>,
) -> Result<Json<UserView>> {
    if body.roles.is_some() || body.status.is_some() || body.email_verified.is_some() {
        state.require_step_up(&administrator)?;
    }
    let author = administrator.author(client);
    let user = state
        .administration
        .update_user(id, &body.into(), &author)
        .await?;
    Ok(Json(user.into()))
}

/// The changes to a user. Omitted members stay unchanged.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct UpdateUserRequest {
    /// The names of all roles of the user; they replace the current roles.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>, required = false, max_items = 32))]
    roles: Option<Roles>,
    /// `active` or `disabled`.
    #[cfg_attr(feature = "openapi", schema(value_type = String, required = false))]
    status: Option<UserStatus>,
    /// The display name; null removes it.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, max_length = 200))]
    display_name: Option<Option<String>>,
    #[cfg_attr(feature = "openapi", schema(value_type = bool, required = false))]
    email_verified: Option<bool>,
}

impl FromMembers for UpdateUserRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let roles = members.if_there("roles", |members, name| {
            members.list(
                name,
                MAX_ROLES,
                "invalid_role",
                "The text is not the name of a role.",
            )
        });
        let status = members.if_there("status", |members, name| members.word(name, &statuses()));
        let display_name = members.if_there("display_name", Members::optional_text);
        let email_verified = members.if_there("email_verified", Members::boolean);
        Some(Self {
            roles: roles?.map(Roles::from_iter),
            status: status?,
            display_name: display_name?,
            email_verified: email_verified?,
        })
    }
}

impl From<UpdateUserRequest> for UserChange {
    fn from(body: UpdateUserRequest) -> Self {
        Self {
            roles: body.roles,
            status: body.status,
            display_name: body.display_name,
            email_verified: body.email_verified,
            ..Self::default()
        }
    }
}
