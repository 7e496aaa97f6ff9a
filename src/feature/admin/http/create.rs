//! `POST /admin/users`.

use super::{Administrator, State};
use crate::{
    error::Result,
    event::ClientInfo,
    feature::admin::{MAX_ROLES, NewAccount},
    http::{Created, FromMembers, Json, Members},
    secret::Password,
    user::{EmailAddress, Roles, http::UserView},
};

pub(super) async fn create_user(
    state: State,
    administrator: Administrator,
    client: ClientInfo,
    Json(body): Json<CreateUserRequest>,
) -> Result<Created<UserView>> {
    if body.roles.is_some() {
        state.require_step_up(&administrator)?;
    }
    let author = administrator.author(client);
    let user = state
        .administration
        .create_user(body.into(), &author)
        .await?;
    Ok(Created {
        location: format!("/admin/users/{}", user.id),
        body: user.into(),
    })
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(super) struct CreateUserRequest {
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "email", max_length = 254))]
    email: EmailAddress,
    /// If omitted, the user receives an email with a link to set a password.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = "password", max_length = 256))]
    password: Option<Password>,
    /// The names of the roles. Default: only `user`.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<String>>, max_items = 32))]
    roles: Option<Roles>,
}

impl FromMembers for CreateUserRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let email = members.parse(
            "email",
            "invalid_email",
            "The text is not an email address.",
        );
        let password = members.optional_text("password");
        let roles = members.optional_list(
            "roles",
            MAX_ROLES,
            "invalid_role",
            "The text is not the name of a role.",
        );
        Some(Self {
            email: email?,
            password: password?.map(Password::from),
            roles: roles?.map(Roles::from_iter),
        })
    }
}

impl From<CreateUserRequest> for NewAccount {
    fn from(body: CreateUserRequest) -> Self {
        let mut account = Self::new(body.email);
        account.password = body.password;
        match body.roles {
            Some(roles) => account.with_roles(roles),
            None => account,
        }
    }
}
