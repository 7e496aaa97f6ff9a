//! `POST /auth/secure-account`.

use serde::Serialize;

use super::Safeguards;
use crate::{
    error::{ErrorKind, Result},
    event::ClientInfo,
    http::{Endpoint, FromMembers, Json, Members},
    secret::OneTimeToken,
    service::http::Context,
};

type Own = Context<Safeguards>;

pub(crate) fn endpoints(own: &Own) -> Vec<Endpoint> {
    vec![
        Endpoint::post("/auth/secure-account", own.clone(), secure_account)
            .tag("Account")
            .summary("Secure an account with the token of a notice")
            .description(
                "Every session ends. If the account still has the address that the notice was sent to, its password \
                 no longer works, and a link for a new one is mailed there. Otherwise, no link is mailed.",
            )
            .errors(&[ErrorKind::InvalidToken, ErrorKind::Overloaded]),
    ]
}

async fn secure_account(
    own: Own,
    client: ClientInfo,
    Json(body): Json<SecureAccountRequest>,
) -> Result<Json<SecuredAccountView>> {
    let secured = own.feature.secure_account(&body.token, &client).await?;
    Ok(Json(SecuredAccountView {
        reset_mailed: secured.is_reset_mailed,
    }))
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct SecureAccountRequest {
    /// The token from the mailed link.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    token: OneTimeToken,
}

impl FromMembers for SecureAccountRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        Some(Self {
            token: members.token("token")?.into(),
        })
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct SecuredAccountView {
    /// Whether a password-reset link is mailed. If not, the account's address has changed, and the user has to contact
    /// the service's operators.
    reset_mailed: bool,
}
