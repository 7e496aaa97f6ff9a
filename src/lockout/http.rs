//! `POST /auth/unlock`.

use super::Lockouts;
use crate::{
    error::{ErrorKind, Result},
    event::ClientInfo,
    http::{Endpoint, FromMembers, Json, Members, NoContent},
    secret::OneTimeToken,
    service::http::Context,
};

type Own = Context<Lockouts>;

pub(crate) fn endpoints(own: &Own) -> Vec<Endpoint> {
    vec![
        Endpoint::post("/auth/unlock", own.clone(), unlock)
            .tag("Sign-in")
            .summary("Unlock sign-in with a mailed token")
            .description("The failed sign-ins so far are forgotten.")
            .errors(&[ErrorKind::InvalidToken]),
    ]
}

async fn unlock(
    own: Own,
    client: ClientInfo,
    Json(body): Json<UnlockRequest>,
) -> Result<NoContent> {
    let store = own.store.as_ref();
    own.feature.unlock(store, &body.token, &client).await?;
    Ok(NoContent)
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct UnlockRequest {
    /// From the mailed link.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    token: OneTimeToken,
}

impl FromMembers for UnlockRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let token = members.token("token")?.into();
        Some(Self { token })
    }
}
