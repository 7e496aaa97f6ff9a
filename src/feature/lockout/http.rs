//! `POST /auth/unlock`.

use super::Lockouts;
use crate::{
    error::{ErrorKind, Result},
    event::ClientInfo,
    http::{Endpoint, FromMembers, Json, Members, NoContent, WithDevice, task},
    secret::OneTimeToken,
    service::http::Context,
};

type Own = Context<Lockouts>;

pub(crate) fn endpoints(own: &Own) -> Vec<Endpoint> {
    vec![
        Endpoint::post("/auth/unlock", own.clone(), unlock)
            .tag(task::SIGN_IN)
            .summary("Unlock sign-in with a mailed token")
            .description(
                "This clears the failed sign-ins so far. The cookie makes the device known, so that failed attempts by \
                 others do not lock it out.",
            )
            .errors(&[ErrorKind::InvalidToken, ErrorKind::Overloaded]),
    ]
}

async fn unlock(
    own: Own,
    client: ClientInfo,
    Json(body): Json<UnlockRequest>,
) -> Result<WithDevice<NoContent>> {
    let device = own.feature.unlock(&body.token, &client).await?;
    Ok(WithDevice {
        reply: NoContent,
        device,
        cookies: own.cookies,
    })
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct UnlockRequest {
    /// The token from the mailed link.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    token: OneTimeToken,
}

impl FromMembers for UnlockRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        Some(Self {
            token: members.token("token")?.into(),
        })
    }
}
