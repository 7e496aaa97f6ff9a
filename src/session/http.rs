//! `POST /auth/refresh`, `/auth/logout`, `/auth/logout-all`.

use std::sync::Arc;

use crate::{
    error::{ErrorKind, Result},
    event::ClientInfo,
    http::{Endpoint, FromMembers, Json, Members, NoContent},
    secret::RefreshToken,
    service::UserService,
    token::http::{Bearer, TokenPairView},
};

type Service = Arc<dyn UserService>;

pub(crate) fn endpoints(service: &Service) -> Vec<Endpoint> {
    vec![
        Endpoint::post("/auth/refresh", service.clone(), refresh)
            .tag("Sign-in")
            .summary("Exchange a refresh token for the next pair")
            .description(
                "Each refresh token is exchanged once. Presenting it again within a few seconds gives the same \
                 successor; presenting it later ends the session.",
            )
            .errors(&[ErrorKind::InvalidRefreshToken, ErrorKind::RefreshTokenReused]),
        Endpoint::post("/auth/logout", service.clone(), logout)
            .tag("Sign-in")
            .summary("Log out")
            .description("Ends the session of the refresh token. Repeating it, or a token that is not ours, is no error."),
        Endpoint::post("/auth/logout-all", service.clone(), logout_all)
            .tag("Sign-in")
            .summary("Log out everywhere"),
    ]
}

async fn refresh(
    service: Service,
    client: ClientInfo,
    Json(body): Json<RefreshRequest>,
) -> Result<Json<TokenPairView>> {
    Ok(Json(
        service.refresh(&body.refresh_token, &client).await?.into(),
    ))
}

async fn logout(
    service: Service,
    client: ClientInfo,
    Json(body): Json<RefreshRequest>,
) -> Result<NoContent> {
    service.logout(&body.refresh_token, &client).await?;
    Ok(NoContent)
}

async fn logout_all(
    service: Service,
    client: ClientInfo,
    Bearer(token): Bearer,
) -> Result<NoContent> {
    service.logout_all(&token, &client).await?;
    Ok(NoContent)
}

#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct RefreshRequest {
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    refresh_token: RefreshToken,
}

impl FromMembers for RefreshRequest {
    fn from_members(members: &mut Members) -> Option<Self> {
        let refresh_token = members.token("refresh_token")?.into();
        Some(Self { refresh_token })
    }
}
