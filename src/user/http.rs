//! The user as shown in replies.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Roles, User, UserId};
use crate::{
    error::Result,
    http::{Input, Request, time},
};

/// The value of the header `Accept-Language`; empty if the request has no such header.
pub(crate) struct AcceptLanguage(pub(crate) String);

impl<S: Sync> Input<S> for AcceptLanguage {
    async fn take(_: &S, request: &mut Request) -> Result<Self> {
        Ok(Self(request.accept_language()))
    }
}

/// A user.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = User))]
pub(crate) struct UserView {
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    id: UserId,
    /// The address, as given at registration.
    email: String,
    /// Whether the address is verified.
    email_verified: bool,
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    roles: Roles,
    /// `active` or `disabled`.
    status: &'static str,
    #[cfg_attr(feature = "openapi", schema(required))]
    display_name: Option<String>,
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    metadata: Map<String, Value>,
    #[serde(serialize_with = "time::serialize")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "time::serialize")]
    updated_at: DateTime<Utc>,
    #[cfg_attr(feature = "openapi", schema(required))]
    #[serde(serialize_with = "time::serialize_option")]
    last_login_at: Option<DateTime<Utc>>,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email.into_given(),
            email_verified: user.email_verified_at.is_some(),
            roles: user.roles,
            status: user.status.as_str(),
            display_name: user.display_name,
            metadata: user.metadata,
            created_at: user.created_at,
            updated_at: user.updated_at,
            last_login_at: user.last_login_at,
        }
    }
}
