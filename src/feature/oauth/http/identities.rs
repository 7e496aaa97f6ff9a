//! `/users/me/identities`.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Own, RedeemCodeRequest};
use crate::{
    error::{ErrorKind, Result},
    event::ClientInfo,
    http::{Created, Endpoint, Json, NoContent, Path, task, time},
    identity::{Identity, IdentityId},
    service::http::Caller,
};

pub(super) fn endpoints(own: &Own) -> Vec<Endpoint> {
    vec![
        Endpoint::get("/users/me/identities", own.clone(), list)
            .tag(task::PROVIDERS)
            .summary("List your identities in the order in which they were linked"),
        Endpoint::post("/users/me/identities", own.clone(), link)
            .tag(task::PROVIDERS)
            .summary("Link the identity of a flow that began with `intent=link`")
            .description(
                "Requires a sign-in within the last 10 minutes. If the identity is already linked to your account, it \
                 stays linked.",
            )
            .errors(&[
                ErrorKind::IdentityTaken,
                ErrorKind::InvalidToken,
                ErrorKind::ReauthenticationRequired,
            ]),
        Endpoint::delete("/users/me/identities/{id}", own.clone(), unlink)
            .tag(task::PROVIDERS)
            .summary("Unlink one of your identities")
            .description("The last identity of an account without a password cannot be unlinked.")
            .errors(&[ErrorKind::LastCredential]),
    ]
}

async fn list(own: Own, Caller(caller): Caller) -> Result<Json<IdentityList>> {
    let identities = own.feature.identities(&caller).await?;
    Ok(Json(IdentityList {
        items: identities.into_iter().map(IdentityView::from).collect(),
    }))
}

async fn link(
    own: Own,
    Caller(caller): Caller,
    client: ClientInfo,
    Json(body): Json<RedeemCodeRequest>,
) -> Result<Created<IdentityView>> {
    let RedeemCodeRequest {
        code,
        code_verifier,
    } = body;
    let identity = own
        .feature
        .link(&caller, &code, &code_verifier, &client)
        .await?;
    Ok(Created {
        location: format!("/users/me/identities/{}", identity.id),
        body: identity.into(),
    })
}

async fn unlink(
    own: Own,
    Caller(caller): Caller,
    client: ClientInfo,
    Path(id): Path<IdentityId>,
) -> Result<NoContent> {
    own.feature.unlink(&caller, id, &client).await?;
    Ok(NoContent)
}

/// An account's identities.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct IdentityList {
    items: Vec<IdentityView>,
}

/// An identity at a provider.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Identity))]
struct IdentityView {
    #[cfg_attr(feature = "openapi", schema(value_type = uuid::Uuid))]
    id: IdentityId,
    /// The provider's name when the identity was linked.
    provider: String,
    /// The issuer of the identity.
    issuer: String,
    /// The user's permanent identifier at the provider.
    subject: String,
    /// The address that the provider gave when the identity was linked.
    #[cfg_attr(feature = "openapi", schema(required))]
    email: Option<String>,
    #[serde(serialize_with = "time::serialize")]
    created_at: DateTime<Utc>,
}

impl From<Identity> for IdentityView {
    fn from(identity: Identity) -> Self {
        Self {
            id: identity.id,
            provider: identity.provider,
            issuer: identity.issuer,
            subject: identity.subject,
            email: identity.email,
            created_at: identity.created_at,
        }
    }
}
